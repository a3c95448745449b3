//! What stacks and reports would ask the kernel for when they are first needed, asked at the start:
//! a program may enter a sandbox before its first request, or use up its memory.

use crate::{callsite, checked, unwind};

/// Takes a stack, which maps everything that taking one needs, and makes the modules known that are
/// loaded, the program itself with its path. To be called once libc is ready, with no lock of the
/// program held.
/// Cost: nothing in the profiles without stacks, else some ten microseconds a module.
pub fn stacks() {
    let settings = checked::settings();
    if !(settings.evidence || settings.guards) || settings.stack_depth == 0 {
        return;
    }
    heapwarden_core::keep_spare();
    unwind::modules::enter_all();
    callsite::here(settings.stack_depth);
}
