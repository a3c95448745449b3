//! Call sites as evidence keeps them: a number for the stack of the caller, 0 when it is unknown.

use crate::callsite::{self, CallSite, Stack};
use crate::unwind::Purpose;
use crate::{door, inside};

/// The call site of the program's call that is being served, up to `depth` frames. 0 for our own
/// work, and for what libc does on our behalf.
#[inline]
pub fn here(depth: usize) -> u32 {
    here_for(Purpose::Allocation, depth)
}

/// The same, of a free.
#[inline]
pub fn here_freeing(depth: usize) -> u32 {
    here_for(Purpose::Free, depth)
}

#[inline(always)]
fn here_for(purpose: Purpose, depth: usize) -> u32 {
    if depth == 0 || inside::is_inside() {
        return 0;
    }
    let site = match door::frame() {
        // SAFETY: whoever came in by that frame waits for this call.
        Some(frame) => unsafe { callsite::here_from(frame, purpose, depth) },
        None => callsite::here_for(purpose, depth),
    };
    site.to_bits()
}

/// The stack of a call site; no frames when it is unknown.
pub fn frames(site: u32) -> Stack<'static> {
    callsite::frames(CallSite::from_bits(site))
}
