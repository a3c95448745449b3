//! `prctl`, to hear of a sandbox (see `heapwarden::sandbox`). libc's own is a system call and nothing
//! else, and so is this one: it is not looked up.

use core::ffi::{c_int, c_ulong};
use heapwarden::sandbox;

/// See prctl(2). C declares it with any number of arguments; at most five are looked at, which arrive
/// in registers either way.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn prctl(
    option: c_int,
    second: c_ulong,
    third: c_ulong,
    fourth: c_ulong,
    fifth: c_ulong,
) -> c_int {
    if matches!(option, libc::PR_SET_NO_NEW_PRIVS | libc::PR_SET_SECCOMP) {
        sandbox::prepare();
    }
    // SAFETY: promised by the caller.
    let answer = unsafe { libc::syscall(libc::SYS_prctl, option, second, third, fourth, fifth) };
    if option == libc::PR_SET_SECCOMP && answer == 0 {
        sandbox::enter();
    }
    answer as c_int
}
