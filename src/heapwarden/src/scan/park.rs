//! Threads are stopped by a signal whose handler waits.
//!
//! The signal is 33, which glibc keeps for itself (setxid) and therefore never lets a program block,
//! wait for or handle: threads that block all others answer too, no `sigwait` takes it away, and
//! debuggers pass it on without a stop. It is sent with a value (`rt_tgsigqueueinfo`), by which the
//! handler knows it; what glibc sends itself is handed to glibc's handler, and glibc ignores ours.
//! Measured before it was built (24 threads, a third of them blocking all signals, 1 GiB live): all
//! stop within 3 to 60 ms on a busy machine; signal 34 reached two thirds of them; a fork, which
//! stops nobody, took 700 ms and made the first writes to the memory afterwards 5 s slower.

use super::restart;
use super::slots::{self, Slot};
use crate::unwind::is_readable;
use core::arch::global_asm;
use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::sync::atomic::{
    AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::syscall;

/// See above.
pub const SIGNAL: u32 = 33;

/// The round in which threads are to stand still; 0 when they may go.
static GATE: AtomicU32 = AtomicU32::new(0);
/// Goes up with every answer.
static ANSWERS: AtomicU32 = AtomicU32::new(0);
/// glibc's handler.
static BEFORE: AtomicUsize = AtomicUsize::new(0);

/// The kernel's sigaction.
#[repr(C)]
#[derive(Default)]
struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

// What a handler returns to; debuggers know it by these very instructions.
global_asm!(
    ".section .text.heapwarden_restorer,\"ax\",@progbits",
    ".hidden heapwarden_restorer",
    ".globl heapwarden_restorer",
    ".type heapwarden_restorer,@function",
    "nop",
    "heapwarden_restorer:",
    "mov rax, 15",
    "syscall",
    ".size heapwarden_restorer, . - heapwarden_restorer",
    ".previous",
);

unsafe extern "C" {
    fn heapwarden_restorer();
}

fn change_action(new: Option<&Action>) -> Option<Action> {
    let mut old = Action::default();
    let new = new.map_or(0, |new| new as *const Action as usize);
    let arguments = [SIGNAL as usize, new, &raw mut old as usize, 8, 0, 0];
    // SAFETY: reads and writes live locals; our handler keeps to what handlers may do.
    unsafe { syscall::call(libc::SYS_rt_sigaction, arguments) }.ok()?;
    Some(old)
}

/// Puts the handler in place. It stays: a signal may come late.
pub fn install() -> bool {
    const SA_RESTORER: u64 = 0x0400_0000;
    let flags = (libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK) as u64;
    let action = Action {
        handler: handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize,
        flags: flags | SA_RESTORER,
        restorer: heapwarden_restorer as unsafe extern "C" fn() as usize,
        mask: u64::MAX,
    };
    let Some(current) = change_action(None) else { return false };
    if current.handler == action.handler {
        return true;
    }
    BEFORE.store(current.handler, Relaxed);
    change_action(Some(&action)).is_some()
}

/// From now on, threads that are asked in this round stop.
pub fn close(round: u32) {
    GATE.store(round, Release);
}

/// All that stand still go on.
pub fn open() {
    // Release: pairs with the Acquire in `handle`: what was done to the heap meanwhile is seen.
    GATE.store(0, Release);
    futex(&GATE, libc::FUTEX_WAKE, i32::MAX as u32, 0);
}

/// Asks a thread to stop; false when there is none with this number.
pub fn ask(process: u32, thread: u32, round: u32, slot: usize) -> bool {
    /// The start of the kernel's siginfo_t for a queued signal.
    #[repr(C)]
    struct Queued {
        signal: i32,
        errno: i32,
        code: i32,
        padding: i32,
        process: i32,
        user: u32,
        value: u64,
        rest: [u64; 12],
    }
    const _: () = assert!(size_of::<Queued>() == 128);
    let queued = Queued {
        signal: SIGNAL as i32,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        process: process as i32,
        user: 0,
        value: u64::from(round) << 32 | slot as u64,
        rest: [0; 12],
    };
    let [process, thread] = [process as usize, thread as usize];
    let arguments = [process, thread, SIGNAL as usize, &raw const queued as usize, 0, 0];
    // SAFETY: the kernel reads the local; the handler is in place.
    unsafe { syscall::call(libc::SYS_rt_tgsigqueueinfo, arguments) }.is_ok()
}

/// How many answers there were so far.
pub fn answers() -> u32 {
    ANSWERS.load(Acquire)
}

/// Waits until there are more, at most for so long.
pub fn wait_for_answers(known: u32, nanoseconds: u32) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: nanoseconds.into() };
    futex(&ANSWERS, libc::FUTEX_WAIT, known, &raw const time as usize);
}

fn futex(word: &AtomicU32, operation: i32, value: u32, time: usize) {
    let operation = (operation | libc::FUTEX_PRIVATE_FLAG) as usize;
    let arguments = [word.as_ptr() as usize, operation, value as usize, time, 0, 0];
    // SAFETY: the word is a static; a time is a live local or none. Early returns do no harm.
    let _ = unsafe { syscall::uncounted(libc::SYS_futex, arguments) };
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: what the kernel passes; the value is there for queued signals.
    unsafe {
        if (*info).si_code != libc::SI_QUEUE {
            return hand_on(signal, info, context);
        }
        let value = (*info).si_value().sival_ptr as u64;
        let round = (value >> 32) as u32;
        if let Some(slot) = slots::get((value & 0xFFFF_FFFF) as usize)
            && slot.answer(round)
        {
            stand_still(slot, round, &mut *context.cast());
        }
    }
}

/// # Safety
/// The arguments are a handler's.
unsafe fn hand_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let before = BEFORE.load(Relaxed);
    if before != libc::SIG_DFL && before != libc::SIG_IGN {
        type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
        // SAFETY: glibc's handler takes three arguments.
        unsafe { transmute::<usize, Handler>(before)(signal, info, context) };
    }
}

fn stand_still(slot: &Slot, round: u32, context: &mut libc::ucontext_t) {
    slot.pointer.store(heapwarden_core::tls::thread_pointer(), Relaxed);
    slot.context.store(&raw const *context as usize, Relaxed);
    slot.stopped();
    ANSWERS.fetch_add(1, Release);
    futex(&ANSWERS, libc::FUTEX_WAKE, 1, 0);
    // Acquire: pairs with the Release in `open`.
    while GATE.load(Acquire) == round {
        futex(&GATE, libc::FUTEX_WAIT, round, 0);
    }
    let call = slot.call();
    slot.leave();
    let general = &mut context.uc_mcontext.gregs;
    if restart::may_be_interrupted_call(general) {
        let code = (general[libc::REG_RIP as usize] as usize).wrapping_sub(restart::CODE_BYTES);
        if is_readable(code) {
            // SAFETY: eight bytes from there can be read, and that is more.
            let bytes = unsafe { *(code as *const [u8; restart::CODE_BYTES]) };
            restart::repeat(general, call.as_ref(), &bytes);
        }
    }
}
