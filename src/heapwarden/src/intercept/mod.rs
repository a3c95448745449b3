//! What libc's functions may read and write in our heap: the checks behind the interceptors.
//!
//! An interceptor says which bytes its call is about to touch; what starts in a block of ours must
//! end in it, and the block must be live. The answer is a report before the call, or for functions
//! that write as much as happens to arrive, right after it. The call itself is made in any case.
//!
//! A false report is worse than a missed bug: memory whose header fails its check, slots that were
//! never handed out and accesses of no bytes are passed over in silence. Nothing here allocates,
//! locks, touches errno or calls into libc but for `strnlen`.
//! Cost: two loads and a compare for an address outside the heap; inside, the way to the slot's
//! header and its check.

mod block;
mod exact;
mod room;
mod strings;
mod tell;

pub use exact::{copy, write};
pub use room::{Room, room, supply, terminated_length};
pub use strings::{append, append_bounded, copy_string, copy_string_bounded};

use crate::{checked, inside, start};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Whether the options ask for interceptors and the heap has headers to check against. Called once,
/// by the preload library's constructor; before that nothing is checked.
pub fn enable() -> bool {
    let enabled = start::options().intercept && checked::settings().active;
    ENABLED.store(enabled, Relaxed);
    enabled
}

/// Whether an access by this thread is the program's, and to be checked.
fn applies() -> bool {
    ENABLED.load(Relaxed) && !inside::is_inside()
}
