//! Misuse that shows only when a cached block comes home: by then the call that was wrong has
//! returned, so it goes to a handler instead of to a caller. No lock is held then.

use crate::arena::Misuse;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};

/// What is called with the kind and the block's address.
pub type Handler = fn(Misuse, usize);

static HANDLER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// Chooses the handler; without one the process ends with a message.
pub fn set_misuse_handler(handler: Handler) {
    // Release: pairs with the Acquire in `found`.
    HANDLER.store(handler as *mut (), Release);
}

/// Calls the handler.
#[cold]
pub fn found(misuse: Misuse, address: usize) {
    let handler = HANDLER.load(Acquire);
    if handler.is_null() {
        crate::check::fail("heapwarden: a block was freed twice, or freed by a wrong address\n");
    }
    // SAFETY: only `set_misuse_handler` stores here, and it stores a `Handler`.
    let handler: Handler = unsafe { core::mem::transmute(handler) };
    handler(misuse, address);
}
