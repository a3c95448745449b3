//! The heap check on demand: by a call, and by a signal (`check_signal=N`) in a process that runs.
//!
//! The check takes locks of the heap, so it must not run while the thread that the signal
//! interrupted holds one. Therefore the handler looks where the thread is: outside of this library
//! it checks at once, also in a process that sleeps for ever. Inside, it makes the request wait: a
//! timer sends the signal again, a moment later, and the next occasional check of a neighbour in
//! `free` takes it up, whichever comes first. No thread is started, so a forked child, a sandbox and
//! a program that counts its threads notice nothing.

mod reminder;

use crate::leaks::check::{Request, check};
use crate::text::{complain, number};
use crate::{checked, inside, report, unwind};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

unsafe extern "C" {
    /// libc's own, whatever `sigaction` is bound to.
    fn __sigaction(signal: c_int, new: *const libc::sigaction, old: *mut libc::sigaction) -> c_int;
}

/// Verifies the whole heap now. Returns how many chunks are damaged; each is reported. Not for
/// signal handlers: it waits for locks that the interrupted thread may hold.
pub fn check_heap() -> usize {
    if !checked::settings().active {
        return 0;
    }
    let _inside = inside::enter();
    checked::check_heap("heapwarden_check_heap")
}

/// Looks for leaks now, while all other threads stand still for a moment. Returns how many bytes
/// nothing leads to any more. Not for signal handlers, as above.
#[inline(never)]
pub fn count_lost_bytes() -> usize {
    let mut lost = 0;
    check(&Request::default(), &mut |found| {
        let [definite, indirect, ..] = found.totals;
        lost = (definite.bytes + indirect.bytes) as usize;
    });
    lost
}

/// A request waits.
static WAITS: AtomicBool = AtomicBool::new(false);
/// A thread is checking.
static RUNS: AtomicBool = AtomicBool::new(false);
/// How often the waiting request was put off.
static TURNS: AtomicU32 = AtomicU32::new(0);

/// Some ten seconds; then only `free` takes the request up.
const TURNS_MAX: u32 = 30_000;

/// Makes the signal that the options name trigger a check; to be called once, when libc is ready.
pub fn install() {
    let signal = c_int::from(crate::start::options().check_signal);
    if signal == 0 || !checked::settings().active {
        return;
    }
    // SAFETY: plain data, for which all zero is valid; the functions write to locals and read them.
    let installed = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = own_handler();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigfillset(&raw mut action.sa_mask);
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            libc::sigdelset(&raw mut action.sa_mask, fault);
        }
        __sigaction(signal, &raw const action, null_mut()) == 0
    };
    if !installed {
        let number = number(signal as u64);
        complain(&[
            b"check_signal=",
            number.as_bytes(),
            b": no handler can be set for that signal",
        ]);
    }
}

fn own_handler() -> usize {
    handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the thread's own errno, which the program that is interrupted may be about to read;
    // x86-64's context is a ucontext_t, and the union holds a value for what a timer sent.
    let (errno, is_reminder, context) = unsafe {
        let reminder =
            (*info).si_code == libc::SI_TIMER && (*info).si_value().sival_ptr == reminder::mark();
        (*libc::__errno_location(), reminder, &*context.cast::<libc::ucontext_t>())
    };
    if is_reminder {
        reminder::forget();
    } else {
        WAITS.store(true, Release);
    }
    if WAITS.load(Relaxed) {
        crate::handler_stack::run(&mut || {
            // SAFETY: what the kernel says of the frame that it interrupted.
            let must_wait = unsafe { is_at_work(context) } || !take_up();
            if must_wait && TURNS.fetch_add(1, Relaxed) < TURNS_MAX {
                reminder::set(signal);
            }
        });
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Whether a request waits.
#[inline]
pub fn is_wanted() -> bool {
    WAITS.load(Relaxed)
}

/// Runs the check that was asked for; false if a check runs already. The caller holds no lock of the
/// heap.
#[cold]
pub fn take_up() -> bool {
    // Acquire: pairs with the Release below.
    if RUNS.swap(true, Acquire) {
        return false;
    }
    // AcqRel: what was done before the request is seen.
    if WAITS.swap(false, AcqRel) {
        TURNS.store(0, Relaxed);
        let _inside = inside::enter();
        match checked::check_heap("heap check by signal") {
            0 => complain(&[b"heap check: no damage"]),
            count => {
                let count = number(count as u64);
                complain(&[b"heap check: damaged chunks: ", count.as_bytes()]);
            }
        }
    }
    RUNS.store(false, Release);
    true
}

/// Whether the thread that was interrupted is inside of this library, and may hold a lock of it.
unsafe fn is_at_work(context: &libc::ucontext_t) -> bool {
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
