//! Signals while the program runs: it shall notice nothing of the process between it and its caller.
//!
//! They are blocked here and taken one by one. What a process sends to this one is handed on to the
//! program. What the terminal sends goes to the whole group, so the program has it already; this
//! process waits for what the program makes of it. Whoever interrupts does not want another run.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// Those that are taken; all others do to this process what they always do.
const TAKEN: [i32; 7] = [
    libc::SIGCHLD,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// The mask and the disposition that the program is to inherit.
pub struct Signals {
    taken: libc::sigset_t,
    mask: libc::sigset_t,
    child: libc::sigaction,
    /// The last one that asked for the end.
    interrupted: Cell<Option<i32>>,
}

/// How a wait ended.
pub enum Waited {
    /// With this status, as `waitpid` gives it.
    Ended(i32),
    /// The time was over.
    TooLong,
}

impl Signals {
    /// Blocks them, in this thread and in those that it starts.
    pub fn block() -> Signals {
        let mut taken = MaybeUninit::uninit();
        let mut mask = MaybeUninit::uninit();
        let mut child = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: sigemptyset initialises the set before anything is added or it is read; sigaction
        // is plain data, for which all zeros is a valid value, here SIG_DFL, and the calls fill what
        // is read below.
        unsafe {
            libc::sigemptyset(taken.as_mut_ptr());
            for signal in TAKEN {
                libc::sigaddset(taken.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, taken.as_ptr(), mask.as_mut_ptr());
            // With SIG_IGN inherited, a child would leave no status behind.
            let default: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGCHLD, &default, child.as_mut_ptr());
            Signals {
                taken: taken.assume_init(),
                mask: mask.assume_init(),
                child: child.assume_init(),
                interrupted: Cell::new(None),
            }
        }
    }

    /// The signal by which a user asked for the end, whatever the program made of it.
    pub fn interrupted(&self) -> Option<i32> {
        self.interrupted.get()
    }

    /// Puts back what this process inherited.
    pub fn restore(&self) {
        // SAFETY: both were filled by the kernel when the signals were blocked.
        unsafe {
            libc::sigaction(libc::SIGCHLD, &self.child, std::ptr::null_mut());
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.mask, std::ptr::null_mut());
        }
    }

    /// Waits for a child, at most so long.
    pub fn wait(&self, child: libc::pid_t, limit: Option<Duration>) -> Waited {
        let start = Instant::now();
        loop {
            let mut status = 0;
            // SAFETY: `status` lives across the call.
            if unsafe { libc::waitpid(child, &mut status, libc::WNOHANG) } == child {
                return Waited::Ended(status);
            }
            let left = limit.map(|limit| limit.saturating_sub(start.elapsed()));
            if left == Some(Duration::ZERO) {
                return Waited::TooLong;
            }
            // Now and then it looks again in any case: another thread could have taken a SIGCHLD.
            const LOOK: Duration = Duration::from_secs(1);
            self.take_one(child, left.map_or(LOOK, |left| left.min(LOOK)));
        }
    }

    fn take_one(&self, child: libc::pid_t, wait: Duration) {
        let time = libc::timespec {
            tv_sec: wait.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(wait.subsec_nanos()),
        };
        let mut about = MaybeUninit::<libc::siginfo_t>::uninit();
        // SAFETY: the set was initialised, and both structures live across the call.
        let signal = unsafe { libc::sigtimedwait(&self.taken, about.as_mut_ptr(), &time) };
        if signal <= 0 || signal == libc::SIGCHLD {
            return;
        }
        if [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM].contains(&signal) {
            self.interrupted.set(Some(signal));
        }
        // SAFETY: the call filled it, for it returned a signal.
        let is_from_process = unsafe { about.assume_init() }.si_code <= 0;
        if is_from_process {
            // SAFETY: a plain system call; the child has not been waited for, so the number is its.
            unsafe { libc::kill(child, signal) };
        }
    }
}
