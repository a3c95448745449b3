//! The small process that starts a measured program and reads the kernel's books about it.
//!
//! Why it exists: at `execve` the kernel folds the peak of the address space that is left behind into
//! the process's `ru_maxrss`. A child of a runner of 300 MiB is therefore reported with a peak of
//! 300 MiB even when it is `/bin/true`; `vfork` and `posix_spawn` are worse, because there the address
//! space left behind is the runner's own, with its historic peak. So the runner executes this shim
//! first (a fresh address space), and the shim uses a plain `fork`: the child of a process that has
//! done nothing yet owns a few hundred KiB, less than any dynamically linked program needs to start.
//! `tests/measure.rs` proves it from a runner made large on purpose.
//!
//! The preloaded library is set for the measured program only, never for the shim. Cost: one extra
//! exec per run, outside the measured times.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::Result;
use crate::measure::Measurement;

/// Arguments of the hidden command `measured`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// File that receives the figures.
    #[arg(long)]
    result: PathBuf,
    /// Seconds after which the program is killed by SIGALRM.
    #[arg(long, default_value_t = 600)]
    timeout: u32,
    /// KEY=VALUE: a variable of the measured program's environment.
    #[arg(long = "env")]
    environment: Vec<OsString>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs the command, waits for it and writes the [`Measurement`] to the result file.
pub fn run_command(arguments: &Arguments) -> Result<ExitCode> {
    let measurement = measure(arguments).map_err(|error| format!("cannot run: {error}"))?;
    std::fs::write(&arguments.result, measurement.to_text())
        .map_err(|error| format!("cannot write {}: {error}", arguments.result.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn measure(arguments: &Arguments) -> io::Result<Measurement> {
    let command = terminated(&arguments.command)?;
    let mut environment = inherited_environment();
    environment.extend(arguments.environment.iter().cloned());
    let environment = terminated(&environment)?;
    let argument_pointers = pointers(&command);
    let environment_pointers = pointers(&environment);

    let start = Instant::now();
    // SAFETY: the shim has one thread, so the child may use everything; it only calls functions
    // that are safe after fork and leaves by exec or _exit.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(io::Error::last_os_error());
    }
    if child == 0 {
        // SAFETY: both lists end with a null pointer and their strings are alive (`pointers`).
        unsafe { become_program(&argument_pointers, &environment_pointers, arguments.timeout) }
    }
    let mut status = 0;
    // SAFETY: rusage is plain integers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to locals of the right type; the child is ours.
    while unsafe { libc::wait4(child, &mut status, 0, &mut usage) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(Measurement {
        user_us: microseconds(usage.ru_utime),
        system_us: microseconds(usage.ru_stime),
        wall_us: start.elapsed().as_micros() as u64,
        peak_kib: usage.ru_maxrss as u64,
        wait_status: status,
    })
}

/// What a program needs to find its way; nothing else, so that runs do not differ by accident.
fn inherited_environment() -> Vec<OsString> {
    let mut kept = vec![OsString::from("LANG=C.UTF-8")];
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            let mut entry = OsString::from(format!("{name}="));
            entry.push(value);
            kept.push(entry);
        }
    }
    kept
}

/// # Safety
/// Both lists end with a null pointer and point to live C strings. Only called in a forked child.
unsafe fn become_program(
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
    timeout: u32,
) -> ! {
    // SAFETY: plain system calls; the caller vouches for the lists. Rust ignores SIGPIPE, and an
    // ignored signal stays ignored across exec, so it is set back. The alarm survives exec.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::alarm(timeout);
        libc::execvpe(arguments[0], arguments.as_ptr(), environment.as_ptr());
        libc::_exit(127)
    }
}

fn terminated(words: &[OsString]) -> io::Result<Vec<CString>> {
    words.iter().map(|word| CString::new(word.as_bytes()).map_err(io::Error::other)).collect()
}

fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect()
}

fn microseconds(time: libc::timeval) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
}
