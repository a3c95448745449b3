//! Checks on demand, of the heap and for leaks: by a call, and by a signal (`check_signal=N`,
//! `report_signal=N`) in a process that runs ([`signal`]).

mod interrupted;
mod reminder;
mod signal;

pub use signal::{install, is_wanted, take_up};

use crate::leaks::check::{Request, check};
use crate::leaks::{self, Occasion};
use crate::{checked, inside};

/// Verifies the whole heap now. Returns how many chunks are damaged; each is reported. Not for
/// signal handlers: it waits for locks that the interrupted thread may hold.
pub fn check_heap() -> usize {
    if !checked::settings().active {
        return 0;
    }
    let _inside = inside::enter();
    checked::check_heap("heapwarden_check_heap")
}

/// Looks for leaks now, while all other threads stand still for a moment. Returns how many bytes
/// nothing leads to any more. Not for signal handlers, as above.
#[inline(never)]
pub fn count_lost_bytes() -> usize {
    let mut lost = 0;
    check(&Request::default(), &mut |found| {
        let [definite, indirect, ..] = found.totals;
        lost = (definite.bytes + indirect.bytes) as usize;
    });
    lost
}

/// Reports leaks, and what changed since the last report. Not for signal handlers, as above.
#[inline(never)]
pub fn report_leaks() {
    leaks::report(Occasion::Asked("heapwarden_report", None));
}
