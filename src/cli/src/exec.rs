//! Becoming the program: `execve`, so that exit status, signals and process number are its own.
//!
//! Not `std::process::Command`: its `exec` also resets SIGPIPE and the signal mask, which the
//! program would otherwise inherit.

use crate::failure::Failure;
use crate::inherited;
use std::ffi::{CString, OsStr, OsString};
use std::io::Error;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// What the shell does with a text file that no kernel handler knows.
const SHELL: &str = "/bin/sh";

/// Replaces this process by the program at `path`; returns only if that failed.
pub fn exec(path: &Path, arguments: &[OsString], environment: &[(OsString, OsString)]) -> Failure {
    match call(path, arguments, environment) {
        error if error.raw_os_error() == Some(libc::ENOEXEC) => {
            // As execvp does: a script without a `#!` line is for the shell.
            let program = [SHELL.into(), path.as_os_str().to_owned()].into_iter();
            let shell: Vec<_> = program.chain(arguments.iter().skip(1).cloned()).collect();
            explain(Path::new(SHELL), call(Path::new(SHELL), &shell, environment))
        }
        error => explain(path, error),
    }
}

fn explain(path: &Path, error: Error) -> Failure {
    let sentence = format!("cannot run {}: {error}", path.display());
    match error.raw_os_error() {
        Some(libc::ENOENT) => Failure::not_found(sentence),
        _ => Failure::cannot_run(sentence),
    }
}

fn call(path: &Path, arguments: &[OsString], environment: &[(OsString, OsString)]) -> Error {
    let assignment = |(name, value): &(OsString, OsString)| {
        CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
    };
    let text = |part: &OsStr| CString::new(part.to_owned().into_vec());
    let strings = (|| {
        let path = text(path.as_os_str())?;
        let arguments = arguments.iter().map(|part| text(part)).collect::<Result<Vec<_>, _>>()?;
        let variables = environment.iter().map(assignment).collect::<Result<Vec<_>, _>>()?;
        Ok((path, arguments, variables))
    })();
    let (path, arguments, variables) = match strings {
        Ok(strings) => strings,
        Err(nul) => return std::ffi::NulError::into(nul),
    };
    let pointers = |strings: &[CString]| {
        let ends = std::iter::once(std::ptr::null());
        strings.iter().map(|string| string.as_ptr()).chain(ends).collect::<Vec<_>>()
    };
    inherited::restore();
    // SAFETY: all strings end in NUL, both arrays in a null pointer, and all outlive the call.
    unsafe {
        libc::execve(path.as_ptr(), pointers(&arguments).as_ptr(), pointers(&variables).as_ptr())
    };
    Error::last_os_error()
}
