//! Programs from everyday life, unchanged, without Heapwarden and with it: the same output and the
//! same status, in every process they start. The scripts print only what cannot vary between runs.

#[path = "../support/mod.rs"]
mod support;

mod compilers;
mod data;
mod languages;

use support::{Script, same_as_without};

/// A script whose stderr is compared as well.
fn same(tools: &'static [&'static str], text: &'static str) {
    same_as_without(&Script { tools, text, compare_stderr: true });
}

/// A script whose programs write times or process numbers to stderr.
fn same_output(tools: &'static [&'static str], text: &'static str) {
    same_as_without(&Script { tools, text, compare_stderr: false });
}

/// In the order of the search path the tools above are usually scripts and links, so this one runs
/// programs directly, without a shell in between: the command becomes the program.
#[test]
fn status_and_signals_are_the_programs_own() {
    for profile in support::PROFILES {
        let run = |args: &[&str]| support::Run::of("sh").args(args).on(profile);
        run(&["-c", "exit 0"]).exited(0);
        run(&["-c", "exit 113"]).exited(113);
        run(&["-c", "kill -TERM $$"]).killed_by(libc::SIGTERM);
        run(&["-c", "kill -SEGV $$"]).killed_by(libc::SIGSEGV);
        run(&["-c", "kill -KILL $$"]).killed_by(libc::SIGKILL);
    }
}
