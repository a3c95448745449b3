//! Where the text of a report goes: `log_path`, else standard error, else the duplicate of it that
//! was made at the start. Programs close standard error before they end, and errors are found
//! after that, too.

use super::descriptor::{self, Kept};
use super::file_name::FileName;
use super::folder;
use crate::options::Options;
use crate::text::{Descriptor, Sink, complain};
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicBool, AtomicI32,
    Ordering::{Acquire, Relaxed, Release},
};

const STANDARD_ERROR: i32 = 2;

struct Duplicate(UnsafeCell<Option<Kept>>);

// SAFETY: written once by `keep_standard_error` before `KEPT` is set, then only read.
unsafe impl Sync for Duplicate {}

static DUPLICATE: Duplicate = Duplicate(UnsafeCell::new(None));
static KEPT: AtomicBool = AtomicBool::new(false);

/// Makes the duplicate. To be called once, at the start.
pub(super) fn keep_standard_error() {
    if KEPT.load(Acquire) {
        return;
    }
    let duplicate = Kept::duplicate(STANDARD_ERROR);
    // SAFETY: before `KEPT` nobody reads, and the start is one thread's.
    unsafe { *DUPLICATE.0.get() = duplicate };
    // Release: pairs with the Acquire in `standard_error`.
    KEPT.store(true, Release);
}

/// What stands in for standard error; 0 for nothing.
static INSTEAD: AtomicI32 = AtomicI32::new(0);

/// From now on reports that would go to standard error go to this descriptor.
pub fn set_descriptor(number: i32) {
    INSTEAD.store(number, Relaxed);
}

fn standard_error() -> i32 {
    let instead = INSTEAD.load(Relaxed);
    if instead > 0 && descriptor::is_open(instead) {
        return instead;
    }
    if !descriptor::is_open(STANDARD_ERROR) && KEPT.load(Acquire) {
        // SAFETY: written before `KEPT` was set, and not afterwards.
        let duplicate = unsafe { *DUPLICATE.0.get() };
        return duplicate.and_then(|kept| kept.number()).unwrap_or(STANDARD_ERROR);
    }
    STANDARD_ERROR
}

/// An open destination.
pub(super) struct Destination {
    log: Option<Kept>,
    number: i32,
}

impl Destination {
    pub fn open(options: &Options, process: u32) -> Destination {
        let pattern = options.log_path.as_bytes();
        if !pattern.is_empty() {
            let name = folder::absolute(FileName::expand(pattern, process));
            let log = name.as_c_string().and_then(|path| Kept::open(path, libc::O_APPEND));
            if let Some(number) = log.and_then(|log| log.number()) {
                return Destination { log, number };
            }
            complain(&[b"cannot write to log_path ", pattern, b"; the report follows"]);
        }
        Destination { log: None, number: standard_error() }
    }

    pub fn is_terminal(&self) -> bool {
        descriptor::is_terminal(self.number)
    }
}

impl Sink for Destination {
    fn take(&mut self, text: &[u8]) {
        Descriptor::new(self.number).take(text);
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        if let Some(log) = self.log.take() {
            log.close();
        }
    }
}
