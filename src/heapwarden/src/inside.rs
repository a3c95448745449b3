//! The thread's "inside" flag: the library is at work on this thread.
//!
//! Cold code that must allocate (tables, symbolizing) runs under a guard from [`enter`]. Requests
//! that arrive while it is raised come from the library itself, or from C code that it called, and
//! take the plain, unchecked path.
//! Cost: an increment and a decrement of a thread-local word.

use core::marker::PhantomData;
use heapwarden_core::tls;

/// Keeps the flag raised until it is dropped. It belongs to the thread that made it.
#[must_use = "the flag is lowered when this is dropped"]
pub struct Inside(PhantomData<*mut ()>);

/// Raises the flag; calls may nest.
#[inline]
pub fn enter() -> Inside {
    // SAFETY: the thread block is this thread's, and lives as long as the thread.
    unsafe { (*tls::block()).inside += 1 };
    Inside(PhantomData)
}

/// Whether the library is at work on this thread.
#[inline]
pub fn is_inside() -> bool {
    // SAFETY: as in `enter`.
    unsafe { (*tls::block()).inside > 0 }
}

/// How many guards there are.
pub(crate) fn depth() -> u32 {
    // SAFETY: as in `enter`.
    unsafe { (*tls::block()).inside }
}

/// Forgets the guards that are left in frames which do not exist any more.
pub(crate) fn restore(depth: u32) {
    // SAFETY: as in `enter`.
    unsafe { (*tls::block()).inside = depth };
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as in `enter`, on the same thread, for the guard is not `Send`.
        unsafe { (*tls::block()).inside -= 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_nest_and_belong_to_their_thread() {
        assert!(!is_inside());
        let outer = enter();
        let inner = enter();
        drop(outer);
        assert!(is_inside());
        let elsewhere = std::thread::spawn(is_inside).join();
        assert!(!elsewhere.expect("the thread ends"));
        drop(inner);
        assert!(!is_inside());
    }
}
