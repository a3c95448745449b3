//! What this process inherited and Rust's runtime changes before `main`: SIGPIPE is set to be
//! ignored, and closed standard streams are opened on /dev/null. The program that is run must not
//! notice, so the original state is noted before the runtime starts and put back just before exec.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static PIPE_SIGNAL_IGNORED: AtomicBool = AtomicBool::new(false);
/// Bit n: file descriptor n was closed.
static STREAMS_CLOSED: AtomicU8 = AtomicU8::new(0);
const STREAMS: [i32; 3] = [0, 1, 2];

/// Runs before the runtime does.
#[used]
#[unsafe(link_section = ".init_array")]
static NOTE: extern "C" fn() = note;

extern "C" fn note() {
    // SAFETY: sigaction is plain data, for which all zeros is a valid value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: `action` is valid for the call, which only reads the disposition.
    let known = unsafe { libc::sigaction(libc::SIGPIPE, std::ptr::null(), &mut action) } == 0;
    let ignored = known && action.sa_sigaction == libc::SIG_IGN;
    PIPE_SIGNAL_IGNORED.store(ignored, Ordering::Relaxed);
    for stream in STREAMS {
        // SAFETY: F_GETFD takes any number and changes nothing.
        if unsafe { libc::fcntl(stream, libc::F_GETFD) } == -1 {
            STREAMS_CLOSED.fetch_or(1 << stream, Ordering::Relaxed);
        }
    }
}

/// Puts everything back. To be called immediately before exec: afterwards a closed stderr is closed
/// again, and a broken pipe kills.
pub fn restore() {
    if !PIPE_SIGNAL_IGNORED.load(Ordering::Relaxed) {
        // SAFETY: SIG_DFL is a valid disposition for SIGPIPE.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
    for stream in STREAMS {
        if STREAMS_CLOSED.load(Ordering::Relaxed) & (1 << stream) != 0 {
            // SAFETY: the runtime opened it on /dev/null, and nothing here writes to it from now
            // on.
            unsafe { libc::close(stream) };
        }
    }
}
