//! What a thread remembers between captures, in memory of its own: its stack's bounds, its last
//! stacks, and which call sites those were.
//!
//! The thread block's first reserved word leads there. It is made at the thread's first capture and
//! goes to another thread when this one ends. A signal handler that interrupts a capture finds the
//! state busy and does without.
//! Cost: some 220 KiB of address space per thread, of which 5 to 60 KiB are ever touched.

use super::bounds::Bounds;
use super::last_site::LastSite;
use super::last_stack::LastStack;
use super::recent::Recent;
use super::walk::Purpose;
use super::way_out::WaysOut;
use super::{after_fork, thread_list};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst, compiler_fence};
use heapwarden_core::os::syscall;
use heapwarden_core::tls;

/// The state of one thread. All zero is valid.
pub struct ThreadState {
    pub(super) next: *mut ThreadState,
    /// The thread block of the thread it belongs to; 0 when it has none.
    pub(super) owner: AtomicUsize,
    busy: bool,
    /// The stack pointer of the capture that made it busy.
    busy_sp: usize,
    /// The state of the modules for which the last stacks were captured.
    pub generation: u32,
    /// The thread's own stack.
    pub bounds: Bounds,
    /// The ways through the library.
    pub ways_out: WaysOut,
    memories: [Memory; 2],
    /// The stacks that came up lately.
    pub recent: Recent,
}

/// What is remembered of the captures for one purpose.
pub struct Memory {
    /// The last stack.
    pub last: LastStack,
    /// Its call site.
    pub last_site: LastSite,
}

impl ThreadState {
    /// What is remembered of the captures for `purpose`.
    #[inline(always)]
    pub fn memory(&mut self, purpose: Purpose) -> &mut Memory {
        &mut self.memories[purpose as usize]
    }

    /// That, and the ways out.
    #[inline(always)]
    pub fn parts(&mut self, purpose: Purpose) -> (&mut Memory, &mut WaysOut) {
        (&mut self.memories[purpose as usize], &mut self.ways_out)
    }

    /// That, and the stacks that came up lately.
    #[inline(always)]
    pub fn memory_and_recent(&mut self, purpose: Purpose) -> (&mut Memory, &mut Recent) {
        (&mut self.memories[purpose as usize], &mut self.recent)
    }

    /// Forgets all stacks.
    pub fn forget_stacks(&mut self) {
        for memory in &mut self.memories {
            memory.last.clear();
            memory.last_site.forget();
        }
        self.recent.clear();
    }
}

/// In place of a state: the thread has ended and its state is given back.
pub(super) const ENDED: usize = 1;

/// The calling thread's state, for one capture.
pub struct Borrowed(*mut ThreadState);

impl Borrowed {
    /// The state.
    #[inline(always)]
    pub fn state(&mut self) -> &mut ThreadState {
        // SAFETY: the state belongs to this thread and was not busy when it was borrowed.
        unsafe { &mut *self.0 }
    }
}

impl Drop for Borrowed {
    #[inline(always)]
    fn drop(&mut self) {
        // A signal handler on this thread must not see the state as free before we are done.
        compiler_fence(SeqCst);
        // SAFETY: as in `state`.
        unsafe { (*self.0).busy = false };
    }
}

/// Where the thread keeps the address of its state.
pub(super) fn slot() -> *mut usize {
    // SAFETY: the block is this thread's; the word is reserved for this module.
    unsafe { &raw mut (*tls::block()).reserved[0] }
}

/// The calling thread's state, unless a capture of this thread is under way, the thread has ended
/// or there is no memory. `sp` is the stack pointer of the capture.
#[inline]
pub fn borrow(sp: usize) -> Option<Borrowed> {
    // SAFETY: the slot is this thread's.
    let mut state = unsafe { *slot() } as *mut ThreadState;
    if state as usize <= ENDED {
        if state as usize == ENDED {
            return None;
        }
        state = obtain()?;
    }
    // SAFETY: the state belongs to this thread.
    unsafe {
        if (*state).busy && !is_left_behind(state, sp) {
            return None;
        }
        (*state).busy_sp = sp;
        (*state).busy = true;
    }
    // A signal handler on this thread must see the state as busy before it changes.
    compiler_fence(SeqCst);
    Some(Borrowed(state))
}

/// The thread's state for reading alone, unless a capture of this thread is under way or there is none.
#[inline(always)]
pub fn at_rest<'a>() -> Option<&'a ThreadState> {
    // SAFETY: the slot is this thread's, and so is the state. A capture in a signal handler that comes in
    // meanwhile is over when the reader goes on.
    unsafe {
        let state = *slot() as *const ThreadState;
        (state as usize > ENDED && !(*state).busy).then(|| &*state)
    }
}

/// What is known of the thread's own stack, also while its state is busy.
pub fn known_bounds() -> core::ops::Range<usize> {
    // SAFETY: the slot is this thread's.
    let state = unsafe { *slot() } as *const ThreadState;
    if state as usize <= ENDED {
        return 0..0;
    }
    // SAFETY: the state belongs to this thread; its bounds are only ever widened.
    unsafe { (*state).bounds.known() }
}

/// A signal handler jumped out of a capture: its frame is gone from the stack.
#[cold]
unsafe fn is_left_behind(state: *mut ThreadState, sp: usize) -> bool {
    // SAFETY: the state belongs to this thread.
    unsafe {
        let stack = (*state).bounds.known();
        let gone = sp > (*state).busy_sp
            && stack.contains(&sp)
            && stack.contains(&(*state).busy_sp)
            && !may_be_on_alternate_stack();
        if gone {
            (*state).forget_stacks();
        }
        gone
    }
}

/// An alternate stack may be a part of the thread's own, above the frame that was interrupted.
fn may_be_on_alternate_stack() -> bool {
    let mut current = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: the kernel only writes the structure.
    let answer =
        unsafe { syscall::call(libc::SYS_sigaltstack, [0, &raw mut current as usize, 0, 0, 0, 0]) };
    answer.is_err() || current.ss_flags & libc::SS_ONSTACK != 0
}

#[cold]
fn obtain() -> Option<*mut ThreadState> {
    after_fork::check();
    let state = thread_list::claim()?;
    // SAFETY: the state is claimed for this thread, so nobody else touches it.
    unsafe {
        (*state).busy = false;
        (*state).bounds = Bounds::default();
        (*state).forget_stacks();
        *slot() = state as usize;
    }
    thread_list::watch_for_end(state);
    Some(state)
}
