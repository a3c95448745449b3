//! Random bugs: a sequence of allocations with a bug of a known kind somewhere must be reported as that
//! kind, and one without a bug must not be reported. Every sequence runs in a child of its own.

#![no_main]

mod bug;
mod child;
mod sequence;

use child::End;
use libfuzzer_sys::fuzz_target;
use sequence::Input;
use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// What the children run with: a bug ends them at once, and its report is one line.
const OPTIONS: &str = "report=line:symbolize=0:leaks=off";

/// The options are those that the process was started with.
fn start_with_options() {
    if env::var("HEAPWARDEN_OPTIONS").is_ok_and(|options| options.contains(OPTIONS)) {
        return;
    }
    let given = env::var("HEAPWARDEN_OPTIONS").unwrap_or_default();
    let error = Command::new("/proc/self/exe")
        .args(env::args_os().skip(1))
        .env("HEAPWARDEN_OPTIONS", format!("{given}:{OPTIONS}"))
        .exec();
    panic!("cannot start with options: {error}");
}

fuzz_target!(
    init: start_with_options(),
    |input: Input| {
        let outcome = child::run(|| sequence::run(&input));
        let expected = input.expected();
        assert_eq!(outcome.kind.as_deref(), expected, "{input:?}\n{}", outcome.output);
        let end = if expected.is_some() { End::Signal(libc::SIGABRT) } else { End::Status(0) };
        assert_eq!(outcome.end, end, "{input:?}\n{}", outcome.output);
    }
);
