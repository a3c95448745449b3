//! Looking again: other threads may be changing a chunk while it is looked at, so what looks damaged
//! is looked at again, some milliseconds later, before it is called damaged.

use super::look::{Look, look};
use crate::chunk::Header;
use heapwarden_core::os::syscall;

/// Looks until two looks agree in every detail, and the headers with them: then it is damage and
/// not another thread at work.
pub fn look_patiently(slot: usize, end: usize) -> Look {
    let mut last = look(slot, end);
    for _ in 0..20 {
        if last == Look::Intact {
            return last;
        }
        // SAFETY: a carved slot.
        let before = unsafe { Header::read(slot) };
        pause();
        let again = look(slot, end);
        // SAFETY: as above.
        if again == last && unsafe { Header::read(slot) } == before {
            return again;
        }
        last = again;
    }
    // Always on the move: nothing can be said.
    Look::Intact
}

/// Waits for 5 ms, so that a thread in the middle of a change can finish it.
pub fn pause() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    // SAFETY: reads a live local.
    let _ =
        unsafe { syscall::call(libc::SYS_nanosleep, [&raw const time as usize, 0, 0, 0, 0, 0]) };
}
