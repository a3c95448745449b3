//! The page of a freed block goes to the next one, where the kernel can do that; with and without it
//! the program and its children notice nothing.

use crate::support::{Run, c_program};

/// With and without.
const WAYS: [&str; 2] = ["guard_move=1", "guard_move=0"];

fn run(what: &str, way: &str) -> Option<Run> {
    let run = Run::of(c_program("guard_moves.c")?).arg(what).option(way);
    // So little that freed blocks are used again soon.
    Some(run.option("guard_quarantine_mb=1").seconds(120))
}

fn works(what: &str) {
    for way in WAYS {
        for align in ["align=right", "align=auto"] {
            let Some(run) = run(what, way) else { return };
            run.option(align).on("guard").is_ok();
        }
    }
}

/// Whether this kernel moves pages for us.
fn can_move() -> bool {
    // SAFETY: makes a descriptor, asks what it can do, and closes it.
    let can = unsafe {
        let descriptor = libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | 1) as i32;
        let mut agreed = [0xAA_u64, 1 << 16, 0];
        let can = libc::ioctl(descriptor, 0xC018_AA3F, agreed.as_mut_ptr()) == 0;
        libc::close(descriptor);
        can
    };
    if !can {
        eprintln!("skipped: this kernel does not move pages");
    }
    can
}

#[test]
fn freed_blocks_are_inaccessible_and_fresh_ones_clear() {
    works("pairs");
}

#[test]
fn parents_and_children_have_their_own_pages_however_they_were_forked() {
    works("forks");
}

#[test]
fn a_signal_handler_forks_between_any_two_instructions() {
    works("handlers");
}

#[test]
fn descriptors_that_take_the_number_are_left_alone() {
    works("descriptors");
}

#[test]
fn a_program_closes_every_descriptor() {
    works("closed");
}

#[test]
fn threads_hand_pages_to_each_other() {
    works("threads");
}

#[test]
fn a_sandbox_that_kills_for_a_control_call() {
    works("sandbox");
}

#[test]
fn a_sandbox_from_before_that_kills_for_asking() {
    works("inherited");
}

#[test]
fn few_descriptors_are_enough() {
    for limit in [8, 64, 256] {
        let Some(run) = run("pairs", WAYS[0]) else { return };
        run.limit(libc::RLIMIT_NOFILE, limit).on("guard").is_ok();
    }
}

#[test]
fn a_write_to_a_freed_block_that_is_to_be_handed_out_is_found_then() {
    if !can_move() {
        return;
    }
    let Some(late) = run("late", WAYS[0]) else { return };
    let outcome = late.on("guard");
    outcome.killed_by(libc::SIGABRT);
    for words in
        ["heap-use-after-free", "found afterwards by check before reuse", "WRITE of size 4"]
    {
        assert!(outcome.stderr.contains(words), "{words}: {outcome:?}");
    }
    // The same without the write.
    let Some(clean) = run("not-late", WAYS[0]) else { return };
    let outcome = clean.on("guard");
    outcome.is_ok();
    assert!(!outcome.stdout.contains("none stands ready"), "{outcome:?}");
}

#[test]
fn without_moves_no_freed_block_is_ever_accessible() {
    let Some(run) = run("late", WAYS[1]) else { return };
    let outcome = run.on("guard");
    outcome.exited(0);
    assert!(outcome.stdout.contains("none stands ready"), "{outcome:?}");
}
