//! Where a thread is that a signal interrupted.

use crate::{inside, report, unwind};

/// Whether the thread that was interrupted is inside of this library, and may hold a lock of it.
///
/// # Safety
/// The context is that of the frame which the calling handler interrupted.
pub unsafe fn is_at_work(context: &libc::ucontext_t) -> bool {
    const FRAMES_MAX: usize = 64;
    /// A function of libc that we call has its return address not further from the stack pointer.
    const WORDS: usize = 64;
    let register = |number: i32| context.uc_mcontext.gregs[number as usize] as usize;
    let (pc, sp) = (register(libc::REG_RIP), register(libc::REG_RSP));
    let own = unwind::own_code();
    if inside::is_inside() || report::is_reporting() || own.contains(&pc) {
        return true;
    }
    let start = unwind::Registers::interrupted(pc, sp, register(libc::REG_RBP));
    let mut frames = [0usize; FRAMES_MAX];
    // SAFETY: the interrupted frames last until the handler returns.
    let count = unsafe { unwind::capture_from(&start, &mut frames) };
    if frames[..count].iter().any(|frame| own.contains(frame)) {
        return true;
    }
    // Where the stack cannot be followed, an address of ours on it is reason enough to wait.
    // SAFETY: more than this lies above the stack pointer on any stack: its owner's thread block, or
    // the arguments of the program.
    let word = |index: usize| unsafe { (sp as *const usize).add(index).read_volatile() };
    count < 2 && (0..WORDS).any(|index| own.contains(&word(index)))
}
