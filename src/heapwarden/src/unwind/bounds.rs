//! The bounds of the thread's own stack, found without libc's help: `pthread_getattr_np` allocates,
//! takes locks and reads /proc.
//!
//! The upper end is known. The first thread's stack ends where the loader found argc; any other
//! thread's stack has the thread control block on top of it, to which the thread pointer points. The
//! lower end is as far down as the stack has been used: every page between the stack pointer and
//! the upper end was asked about once ([`is_readable`]), without a gap. Stack pages that this
//! thread has used stay mapped for as long as it runs, so an answer stays good.
//!
//! Coroutines and alternate signal stacks lie elsewhere: a guard page or gap separates them.
//! Cost: a compare per capture; a system call per page when the stack grows past what was used.

use super::readable::is_readable;
use core::arch::asm;
use core::ops::Range;
use heapwarden_core::os::PAGE;
use heapwarden_core::weak_address;

/// The first thread's stack is not deeper than this below its end when it is first looked at.
const FIRST_DEPTH_MAX: usize = 128 << 20;
/// More than this is not asked about at once (4,096 questions take about 0.3 ms).
const ASKED_MAX: usize = 16 << 20;

/// What is known; all zero is nothing.
#[derive(Default)]
pub struct Bounds {
    low: usize,
    high: usize,
    /// Just above a page that could not be read: nothing below it is this stack.
    floor: usize,
    /// No upper end was found from this far below it: look again when nearer.
    hopeless: usize,
}

impl Bounds {
    /// The thread's own stack, made to include `sp` if that is on it.
    #[inline]
    pub fn around(&mut self, sp: usize) -> Range<usize> {
        if sp < self.low || self.high == 0 {
            self.grow(sp);
        }
        self.low..self.high
    }

    /// What is known without asking.
    pub fn known(&self) -> Range<usize> {
        self.low..self.high
    }

    #[cold]
    fn grow(&mut self, sp: usize) {
        let page = sp & !(PAGE - 1);
        if self.high != 0 {
            self.go_down(page);
            return;
        }
        let Some(high) = upper_end(sp) else { return };
        let distance = high - page;
        if distance > ASKED_MAX || (self.hopeless != 0 && distance >= self.hopeless) {
            return;
        }
        if (page..high).step_by(PAGE).all(is_readable) {
            (self.low, self.high) = (page, high);
        } else {
            self.hopeless = distance;
        }
    }

    fn go_down(&mut self, page: usize) {
        if page < self.floor || self.low - page > ASKED_MAX {
            return;
        }
        while self.low > page {
            let next = self.low - PAGE;
            if !is_readable(next) {
                self.floor = self.low;
                return;
            }
            self.low = next;
        }
    }
}

fn upper_end(sp: usize) -> Option<usize> {
    let first = first_stack_end();
    if first > sp && first - sp <= FIRST_DEPTH_MAX {
        return Some(first);
    }
    let pointer = thread_pointer();
    (pointer > sp).then_some(pointer)
}

fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: the first word of the thread control block is its own address.
    unsafe {
        asm!("mov {}, qword ptr fs:[0]", out(reg) pointer,
             options(pure, readonly, nostack, preserves_flags));
    }
    pointer
}

/// Where the loader found argc; 0 if it does not say.
pub(crate) fn first_stack_end() -> usize {
    // Null where a program has no dynamic loader.
    let location = weak_address!("__libc_stack_end") as *const usize;
    if location.is_null() {
        return 0;
    }
    // SAFETY: the loader's variable, written before any library's code runs.
    unsafe { *location }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn check_own_stack() {
        let here = 0u8;
        let sp = &raw const here as usize;
        let mut bounds = Bounds::default();
        let first = bounds.around(sp);
        assert!(first.contains(&sp));
        let deep = descend(&mut bounds, 200);
        assert_eq!(bounds.known().end, first.end);
        assert!(deep < first.start && bounds.known().contains(&deep));
        // Memory of the heap and of nobody is not on it.
        let elsewhere = Box::new(0u64);
        let around = bounds.around(&raw const *elsewhere as usize);
        assert!(!around.contains(&(&raw const *elsewhere as usize)));
        assert!(!bounds.around(16).contains(&16));
    }

    #[inline(never)]
    fn descend(bounds: &mut Bounds, depth: usize) -> usize {
        let room = core::hint::black_box([depth; 64]);
        let sp = &raw const room as usize;
        if depth == 0 {
            assert!(bounds.around(sp).contains(&sp));
            return sp;
        }
        core::hint::black_box(descend(bounds, depth - 1))
    }

    #[test]
    fn a_threads_stack_is_found_and_grows() {
        thread::spawn(check_own_stack).join().expect("the checks pass");
    }

    #[test]
    fn the_first_threads_stack_end_is_known() {
        assert!(is_readable(first_stack_end()));
    }
}
