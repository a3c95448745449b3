//! `heapwarden run`: the program gets the library and the options, and notices nothing else.

use super::{Place, output, printed, text};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

#[test]
fn the_library_is_in_the_program_and_in_its_children() {
    let place = Place::new();
    let maps =
        printed(&mut place.run(["sh", "-c", "cat /proc/$$/maps; echo; cat /proc/self/maps"]));
    let (parent, child) = maps.split_once("\n\n").expect("two lists of mappings");
    assert!(parent.contains("/libheapwarden.so"), "{parent}");
    assert!(child.contains("/libheapwarden.so"), "{child}");
}

#[test]
fn exit_status_and_signals_are_those_of_the_program() {
    let place = Place::new();
    assert_eq!(output(&mut place.run(["sh", "-c", "exit 57"])).status.code(), Some(57));
    assert_eq!(output(&mut place.run(["sh", "-c", "kill -9 $$"])).status.signal(), Some(9));
    // SIGPIPE kills as it would without us, although the Rust runtime ignores it.
    let pipe = output(&mut place.run(["sh", "-c", "kill -PIPE $$; echo alive"]));
    assert_eq!(pipe.status.signal(), Some(libc::SIGPIPE));
}

#[test]
fn what_the_caller_ignored_or_closed_stays_so() {
    let place = Place::new();
    let from_shell = |script: &str| {
        let run = place.run(["-"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(run.get_program());
        shell.env("XDG_CACHE_HOME", place.path("cache"));
        output(&mut shell)
    };
    let ignored =
        from_shell("trap '' PIPE; exec \"$1\" run -p plain -- sh -c 'kill -PIPE $$; echo alive'");
    assert_eq!(text(&ignored.stdout), "alive\n", "{ignored:?}");
    let closed = from_shell("exec \"$1\" run -p plain -- sh -c 'ls /proc/$$/fd' <&-");
    assert!(!text(&closed.stdout).lines().any(|line| line == "0"), "{closed:?}");
    assert!(text(&closed.stdout).lines().any(|line| line == "1"), "{closed:?}");
}

#[test]
fn everything_after_the_program_is_its_own() {
    let place = Place::new();
    let echo = ["run", "-p", "plain", "echo", "-p", "guard", "--report", "x", "--", "-o"];
    assert_eq!(printed(&mut place.heapwarden(echo)), "-p guard --report x -- -o\n");
    let name = printed(&mut place.run(["sh", "-c", "tr '\\0' '\\n' </proc/$$/cmdline | head -1"]));
    assert_eq!(name, "sh\n");
}

#[test]
fn options_are_added_to_those_in_the_environment() {
    let place = Place::new();
    let mut run = place.heapwarden(["run", "-p", "plain", "-o", "fit=next", "-o", "arenas=2"]);
    run.args(["sh", "-c", "echo $HEAPWARDEN_OPTIONS"]).env("HEAPWARDEN_OPTIONS", "decay_ms=5");
    assert_eq!(printed(&mut run), "decay_ms=5:profile=plain:fit=next:arenas=2\n");
}

#[test]
fn the_library_is_told_where_the_report_goes_and_which_process_is_the_first() {
    let place = Place::new();
    let mut run = place.heapwarden(["run", "-p", "plain", "--report", "a b.json", "sh", "-c"]);
    run.arg("echo $HEAPWARDEN_OPTIONS; test $HEAPWARDEN_FIRST_PROCESS = $$ && echo first");
    let printed = printed(run.current_dir(&place.folder));
    let path = place.path("a%20b.json");
    assert_eq!(printed, format!("profile=plain:report_path={}\nfirst\n", path.display()));
}

#[test]
fn other_preloaded_libraries_stay() {
    let place = Place::new();
    let mut run = place.run(["sh", "-c", "echo $LD_PRELOAD"]);
    let list = printed(run.env("LD_PRELOAD", "libm.so.6"));
    assert!(list.ends_with("/libheapwarden.so:libm.so.6\n"), "{list}");
    let binary = env!("CARGO_BIN_EXE_heapwarden");
    let nested = place.run([binary, "run", "-p", "plain", "sh", "-c", "echo $LD_PRELOAD"]);
    let list = printed(&mut { nested });
    assert_eq!(list.matches("libheapwarden.so").count(), 1, "{list}");
}

#[test]
fn a_program_without_errors_is_silent_under_every_profile() {
    let place = Place::new();
    for profile in ["plain", "debug", "guard", "sample", "harden", "leak"] {
        let run = output(&mut place.heapwarden(["run", "-p", profile, "true"]));
        assert!(run.status.success(), "{profile}");
        assert_eq!(text(&run.stderr), "", "{profile}");
    }
    assert_eq!(text(&output(&mut place.heapwarden(["run", "true"])).stderr), "");
    assert_eq!(text(&output(&mut place.run(["true"])).stderr), "");
}

#[test]
fn a_script_without_a_first_line_goes_to_the_shell_as_with_execvp() {
    let place = Place::new();
    let script = place.executable("script", b"echo shell $1\n");
    assert_eq!(printed(place.run([script]).arg("argument")), "shell argument\n");
}
