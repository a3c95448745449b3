//! `check!`: an invariant of our own that is always verified. A failure is our bug, so the
//! process ends with our message rather than with a corrupted heap.

/// Aborts with a message of ours unless the condition holds.
macro_rules! check {
    ($condition:expr, $message:literal) => {
        if !$condition {
            $crate::check::fail(concat!(
                "heapwarden: internal error: ",
                $message,
                " (",
                file!(),
                ":",
                line!(),
                ")\n"
            ))
        }
    };
}

/// Says what is wrong and ends the process.
#[cold]
pub fn fail(message: &str) -> ! {
    crate::os::write_stderr(message.as_bytes());
    // SAFETY: abort takes nothing and does not return.
    unsafe { libc::abort() }
}
