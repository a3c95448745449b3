//! Little of everything: address space, mappings, files, stack, and a sandbox that allows few
//! system calls. The allocator degrades, returns NULL, and recovers; it never takes the program down.

mod support;

use support::{
    GUARDS_ARE_SHORT, Outcome, PROFILES, Run, Scratch, c_program, installed, self_checking,
};

/// `ulimit -v 262144`, in bytes: it holds for the `heapwarden` command as well.
const ADDRESS_SPACE: u64 = 256 << 20;

#[test]
fn null_at_the_address_space_limit_and_memory_again_after_it() {
    for profile in PROFILES {
        let Some(program) = c_program("limit_address_space.c") else { return };
        let outcome = Run::of(program).limit(libc::RLIMIT_AS, ADDRESS_SPACE).on(profile);
        goes_on(profile, &outcome);
    }
}

#[test]
fn python_runs_out_of_memory_and_goes_on() {
    if !installed(&["python3"]) {
        return;
    }
    let text = r#"
import threading
def fill(piece):
    kept = []
    try:
        while True:
            kept.append(piece())
    except MemoryError:
        return len(kept)
words = {str(i): i for i in range(100000)}
results = []
threads = [threading.Thread(target=lambda: results.append(sum(words.values()))) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert results == [4999950000] * 3
for piece in (lambda: bytearray(1 << 20), lambda: [None] * 100000, lambda: bytearray(3 << 20)):
    for _ in range(2):
        assert fill(piece) > 30
del words
again = [str(i) * 10 for i in range(300000)]
print("ok")
"#;
    for profile in PROFILES {
        for python_malloc in ["malloc", "pymalloc"] {
            let outcome = Run::of("python3")
                .args(["-c", text])
                .env("PYTHONMALLOC", python_malloc)
                .limit(libc::RLIMIT_AS, ADDRESS_SPACE)
                .on(profile);
            goes_on(profile, &outcome);
        }
    }
}

#[test]
fn many_threads_fit_into_a_small_address_space() {
    // 32 stacks of 1 MiB leave room for 32 threads' heaps only if those start small.
    for profile in PROFILES {
        let Some(program) = c_program("limit_threads.c") else { return };
        let outcome = Run::of(program).arg("32").limit(libc::RLIMIT_AS, ADDRESS_SPACE).on(profile);
        goes_on(profile, &outcome);
    }
}

#[test]
fn hardly_any_mapping_left() {
    for profile in PROFILES {
        let Some(program) = c_program("limit_mappings.c") else { return };
        let outcome = Run::of(program).on(profile);
        if !outcome.stderr.starts_with("skipped:") {
            goes_on(profile, &outcome);
        }
    }
}

/// The program succeeds; of the library there is at most the one notice, in the profiles that keep
/// tables for the program's blocks.
fn goes_on(profile: &str, outcome: &Outcome) {
    const NOTICE: &str = "heapwarden: memory is short: some blocks get no stacks, and the \
                          quarantine is shorter\n";
    outcome.exited(0);
    assert!(outcome.stdout.ends_with("ok\n"), "{outcome:?}");
    let has_tables = ["debug", "guard", "leak"].contains(&profile);
    let has_guards = ["guard", "sample"].contains(&profile);
    let mut rest = outcome.stderr.clone();
    if has_guards {
        rest = rest.replacen(GUARDS_ARE_SHORT, "", 1);
    }
    let expected = rest.is_empty() || has_tables && rest == NOTICE;
    assert!(expected, "{outcome:?}");
}

#[test]
fn no_file_can_be_opened() {
    self_checking("limit_files.c", &[]);
}

#[test]
fn a_small_stack_limit() {
    let Some(program) = c_program("threads_minimum_stack.c") else { return };
    for profile in PROFILES {
        Run::of(&program).limit(libc::RLIMIT_STACK, 256 << 10).on(profile).is_ok();
        // For the program and its threads alone: smaller than the command itself could start with.
        Run::of("sh").args(["-c", "ulimit -s 64 && exec \"$0\""]).arg(&program).on(profile).is_ok();
    }
}

#[test]
fn a_sandbox_before_the_first_thread() {
    self_checking("limit_seccomp.c", &["early"]);
}

#[test]
fn a_sandbox_after_the_first_thread() {
    self_checking("limit_seccomp.c", &["late"]);
}

#[test]
fn no_locked_memory_and_no_data_segment() {
    let Some(program) = c_program("threads_key_destructors.c") else { return };
    let folder = Scratch::new();
    for profile in PROFILES {
        Run::of(&program)
            .folder(folder.path())
            .limit(libc::RLIMIT_MEMLOCK, 0)
            .limit(libc::RLIMIT_DATA, 512 << 20)
            .on(profile)
            .is_ok();
    }
}
