//! The one notice that memory or mappings run short: from then on some blocks have no stacks and no
//! record, and freed ones wait for a shorter time. The program itself goes on as it would.

use crate::text;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Tells it, the first time that it happens.
#[cold]
pub fn tell() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Relaxed) {
        text::complain(&[
            b"memory is short: some blocks get no stacks, and the quarantine is shorter",
        ]);
    }
}
