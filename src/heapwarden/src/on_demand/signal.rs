//! Checks that a signal asks for.
//!
//! They take locks of the heap, so none must run while the thread that the signal interrupted holds
//! one. Therefore the handler looks where the thread is: outside of this library it checks at once,
//! also in a process that sleeps for ever. Inside, it makes the request wait: a timer sends the signal
//! again, a moment later, and the next occasional check of a neighbour in `free` takes it up,
//! whichever comes first. No thread is started, so a forked child, a sandbox and a program that counts
//! its threads notice nothing.

use super::{interrupted, reminder};
use crate::leaks::{self, Occasion};
use crate::options::Options;
use crate::text::{complain, number};
use crate::{checked, inside};
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

/// What can be asked for by a signal.
struct Demand {
    /// The signal, 0 for none.
    signal: fn(&Options) -> u8,
    /// The option that names it.
    option: &'static [u8],
    /// A request waits.
    waits: AtomicBool,
    /// Does what was asked for. In a handler, the frame that was interrupted.
    run: fn(Option<&libc::ucontext_t>),
}

static DEMANDS: [Demand; 2] = [
    Demand {
        signal: |options| options.check_signal,
        option: b"check_signal=",
        waits: AtomicBool::new(false),
        run: check_by_signal,
    },
    Demand {
        signal: |options| options.report_signal,
        option: b"report_signal=",
        waits: AtomicBool::new(false),
        run: report_by_signal,
    },
];

/// A thread is checking.
static RUNS: AtomicBool = AtomicBool::new(false);
/// How often the waiting requests were put off.
static TURNS: AtomicU32 = AtomicU32::new(0);

/// Some ten seconds; then only `free` takes the request up.
const TURNS_MAX: u32 = 30_000;

/// Makes the signals that the options name trigger checks; to be called once, when libc is ready.
pub fn install() {
    let options = crate::start::options();
    for demand in DEMANDS.iter().filter(|_| checked::settings().active) {
        let signal = c_int::from((demand.signal)(&options));
        if signal != 0 && !handle_from_now_on(signal) {
            let number = number(signal as u64);
            let problem = b": no handler can be set for that signal";
            complain(&[demand.option, number.as_bytes(), problem]);
        }
    }
}

fn handle_from_now_on(signal: c_int) -> bool {
    // SAFETY: plain data, for which all zero is valid; the functions write to locals and read them.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = own_handler();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigfillset(&raw mut action.sa_mask);
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
            libc::sigdelset(&raw mut action.sa_mask, fault);
        }
        __sigaction(signal, &raw const action, null_mut()) == 0
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
        let options = crate::start::options();
        for demand in DEMANDS.iter().filter(|one| c_int::from((one.signal)(&options)) == signal) {
            demand.waits.store(true, Release);
        }
    }
    if is_wanted() {
        crate::handler_stack::run(&mut || {
            // SAFETY: what the kernel says of the frame that it interrupted.
            let must_wait =
                unsafe { interrupted::is_at_work(context) } || !take_up_at(Some(context));
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
    DEMANDS.iter().any(|demand| demand.waits.load(Relaxed))
}

/// Does what was asked for; false if a thread is at that already. The caller holds no lock of the
/// heap.
#[cold]
pub fn take_up() -> bool {
    take_up_at(None)
}

/// The same, in a handler that interrupted that frame.
fn take_up_at(interrupted: Option<&libc::ucontext_t>) -> bool {
    // Acquire: pairs with the Release below.
    if RUNS.swap(true, Acquire) {
        return false;
    }
    for demand in &DEMANDS {
        // AcqRel: what was done before the request is seen.
        if demand.waits.swap(false, AcqRel) {
            TURNS.store(0, Relaxed);
            let _inside = inside::enter();
            (demand.run)(interrupted);
        }
    }
    RUNS.store(false, Release);
    true
}

fn check_by_signal(_: Option<&libc::ucontext_t>) {
    match checked::check_heap("heap check by signal") {
        0 => complain(&[b"heap check: no damage"]),
        count => {
            let count = number(count as u64);
            complain(&[b"heap check: damaged chunks: ", count.as_bytes()]);
        }
    }
}

fn report_by_signal(interrupted: Option<&libc::ucontext_t>) {
    if leaks::report(Occasion::Asked("the report signal", interrupted)).is_none() {
        complain(&[
            b"no leak report: stacks of allocations are not kept, or a report is under way",
        ]);
    }
}
