//! What the program wants done about SIGSEGV and SIGBUS, kept behind our own handler.
//!
//! The kernel's word counts: our view is in force only while the kernel calls our handler. A program
//! that sets its action past `sigaction` and `signal` (by a system call, as Go does) replaces ours,
//! and is then left alone. In the kernel our handler has the program's own flags and mask, so that
//! the program's handler finds the stack and the blocked signals it asked for.
//!
//! A child of `fork` or `vfork` that changes an action changes the kernel's alone: the memory here
//! may be its parent's, and what it sets is mostly on the way to an `exec`.

use super::handle;
use super::kernel::{
    Action, change_blocked, in_kernel, process_id, set_in_kernel, unblock_faults, zeroed,
};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::os::syscall;

/// The program's action for one signal.
struct Slot {
    signal: c_int,
    busy: AtomicBool,
    action: UnsafeCell<MaybeUninit<Action>>,
}

// SAFETY: the action is reached through `with` only.
unsafe impl Sync for Slot {}

impl Slot {
    const fn new(signal: c_int) -> Slot {
        let action = UnsafeCell::new(MaybeUninit::zeroed());
        Slot { signal, busy: AtomicBool::new(false), action }
    }

    /// Runs `change` alone, with every signal blocked. Waiting is bounded: the holder may have been
    /// lost in a fork.
    fn with<R>(&self, change: impl FnOnce(&mut Action) -> R) -> R {
        const TURNS_MAX: u32 = 1000;
        let before = change_blocked(libc::SIG_SETMASK, !0);
        // Acquire: pairs with the Release of the last holder.
        for _ in 0..TURNS_MAX {
            if self.busy.compare_exchange(false, true, Acquire, Relaxed).is_ok() {
                break;
            }
            // SAFETY: takes nothing.
            let _ = unsafe { syscall::call(libc::SYS_sched_yield, [0; 6]) };
        }
        // SAFETY: alone, see above. All zero is a valid action: the default one.
        let result = change(unsafe { (*self.action.get()).assume_init_mut() });
        self.busy.store(false, Release);
        change_blocked(libc::SIG_SETMASK, before);
        result
    }
}

static SLOTS: [Slot; 2] = [Slot::new(libc::SIGSEGV), Slot::new(libc::SIGBUS)];

/// The process that our handler was installed in; 0 for none.
static PROCESS: AtomicU32 = AtomicU32::new(0);

fn slot(signal: c_int) -> Option<&'static Slot> {
    SLOTS.iter().find(|slot| slot.signal == signal)
}

fn own_handler() -> usize {
    handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize
}

/// Our handler with what the program's wants besides.
fn ours(program: &Action) -> Action {
    let default = matches!(program.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN);
    let flags = if default { libc::SA_ONSTACK } else { program.sa_flags & !libc::SA_RESETHAND };
    let mask = if default { zeroed().sa_mask } else { program.sa_mask };
    Action {
        sa_sigaction: own_handler(),
        sa_flags: flags | libc::SA_SIGINFO,
        sa_mask: mask,
        ..zeroed()
    }
}

/// Whether somebody handles both signals.
pub fn is_handled() -> bool {
    let is_default = |slot: &Slot| in_kernel(slot.signal).sa_sigaction == libc::SIG_DFL;
    !SLOTS.iter().any(is_default)
}

/// Puts our handler in front of what is set now; to be called once, when libc is ready. What is
/// ignored stays so: programs that this one executes inherit that.
pub fn install() {
    PROCESS.store(process_id(), Relaxed);
    for slot in &SLOTS {
        let current = in_kernel(slot.signal);
        if current.sa_sigaction != own_handler() {
            slot.with(|action| put(slot.signal, action, current));
        }
    }
}

/// Makes `wanted` the program's action.
fn put(signal: c_int, action: &mut Action, wanted: Action) -> c_int {
    if wanted.sa_sigaction == own_handler() {
        // Somebody gives back what a query past us returned.
        return set_in_kernel(signal, &ours(action));
    }
    let result = match wanted.sa_sigaction {
        libc::SIG_IGN => set_in_kernel(signal, &wanted),
        _ => set_in_kernel(signal, &ours(&wanted)),
    };
    if result == 0 {
        *action = wanted;
    }
    result
}

/// `sigaction` for the two signals of faults, as the program sees it; `None` for all others, which
/// are libc's business.
///
/// # Safety
/// As for sigaction(2).
pub unsafe fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> Option<c_int> {
    let installed = PROCESS.load(Relaxed);
    let slot = slot(signal).filter(|_| installed != 0)?;
    // Read before anything is locked: the pointer may be bad.
    // SAFETY: the caller's promise.
    let wanted = (!new.is_null()).then(|| unsafe { *new });
    let is_child = installed != process_id();
    let (result, previous) = slot.with(|action| {
        let current = in_kernel(signal);
        let previous = if current.sa_sigaction == own_handler() { *action } else { current };
        let result = match wanted {
            None => 0,
            Some(wanted) if is_child && wanted.sa_sigaction != own_handler() => {
                set_in_kernel(signal, &wanted)
            }
            Some(wanted) => put(signal, action, wanted),
        };
        (result, previous)
    });
    if result == 0 && !old.is_null() {
        // SAFETY: the caller's promise.
        unsafe { *old = previous };
    }
    Some(result)
}

/// The same for `signal`.
pub fn signal(signal: c_int, handler: usize) -> Option<usize> {
    let mut new = Action { sa_sigaction: handler, sa_flags: libc::SA_RESTART, ..zeroed() };
    let mut old = zeroed();
    // SAFETY: writes to a local; two locals are handed over.
    let result = unsafe {
        libc::sigaddset(&raw mut new.sa_mask, signal);
        sigaction(signal, &raw const new, &raw mut old)?
    };
    Some(if result == 0 { old.sa_sigaction } else { libc::SIG_ERR })
}

/// Before a report: faults reach our handler on the stack that is in use.
pub fn make_way() {
    for slot in &SLOTS {
        let flags = libc::SA_SIGINFO | libc::SA_NODEFER;
        let action = Action { sa_sigaction: own_handler(), sa_flags: flags, ..zeroed() };
        set_in_kernel(slot.signal, &action);
    }
    unblock_faults();
}

/// After a report that was not the end.
pub fn rearm() {
    for slot in &SLOTS {
        slot.with(|action| put(slot.signal, action, *action));
    }
}

/// The program's action for a signal that is on its way to it.
pub fn program_action(signal: c_int) -> Option<Action> {
    let take = |action: &mut Action| {
        let found = *action;
        if found.sa_flags & libc::SA_RESETHAND != 0 {
            *action = zeroed();
        }
        found
    };
    slot(signal).map(|slot| slot.with(take))
}
