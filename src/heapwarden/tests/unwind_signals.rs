//! Stacks in signal handlers. A process of its own: the signals' dispositions are the process's.

#[path = "unwind/c_code.rs"]
mod c_code;
#[path = "unwind/cross_check.rs"]
mod cross_check;

use c_code::run;
use cross_check::{check, finish};

#[test]
fn handlers_of_every_kind() {
    for flags in [["-O0"], ["-O2"]] {
        if run("unwind_signals.c", &flags, check, 500) {
            assert!(finish() > 4000);
        }
    }
}
