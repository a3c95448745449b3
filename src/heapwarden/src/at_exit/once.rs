//! What is done once in each process.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Whether it was done. A forked child inherits the answer of its parent, which does not count there.
pub(super) struct Once {
    /// How many forks lay behind the process that did it, and one; 0 for none.
    done_in: AtomicU32,
}

impl Once {
    pub const fn new() -> Once {
        Once { done_in: AtomicU32::new(0) }
    }

    /// True the first time that it is asked in a process.
    pub fn is_first(&self) -> bool {
        heapwarden_core::check_fork();
        let process = heapwarden_core::generation().wrapping_add(1);
        self.done_in.swap(process, Relaxed) != process
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_first_also_in_a_child() {
        static ONCE: Once = Once::new();
        // Forks are noticed once there is a heap.
        assert!(!heapwarden_core::allocate(16).is_null());
        assert!(ONCE.is_first());
        assert!(!ONCE.is_first());
        // SAFETY: the child asks and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let answers = [ONCE.is_first(), ONCE.is_first()];
            // SAFETY: ends the child.
            unsafe { libc::_exit(if answers == [true, false] { 7 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: our child.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(libc::WEXITSTATUS(status), 7);
    }
}
