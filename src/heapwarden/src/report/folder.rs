//! The folder that the process was started in: what relative paths in options are relative to,
//! wherever the program goes later.

use super::file_name::FileName;
use super::process;
use crate::symbolize::read_file;
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Release},
};
use heapwarden_core::os::syscall;

const LENGTH_MAX: usize = 4096;

struct Folder(UnsafeCell<[u8; LENGTH_MAX]>);

// SAFETY: written once, before `LENGTH` is set; then only read.
unsafe impl Sync for Folder {}

static FOLDER: Folder = Folder(UnsafeCell::new([0; LENGTH_MAX]));
/// The length without the NUL; 0 as long as the folder is not known.
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Notes the folder. To be called once, at the start.
pub(super) fn note() {
    if LENGTH.load(Acquire) != 0 {
        return;
    }
    let arguments = [FOLDER.0.get().addr(), LENGTH_MAX, 0, 0, 0, 0];
    // SAFETY: the kernel writes to the static, which nobody reads before `LENGTH` is set.
    let answer = unsafe { syscall::call(libc::SYS_getcwd, arguments) };
    // Release: pairs with the Acquire in `absolute`.
    LENGTH.store(answer.unwrap_or(0).saturating_sub(1), Release);
}

/// Hands over the contents of the file that an option names; false if it cannot be opened.
pub fn read_named(pattern: &[u8], visit: &mut dyn FnMut(&[u8])) -> bool {
    let name = absolute(FileName::expand(pattern, process::process_id()));
    name.as_c_string().is_some_and(|path| read_file(path, visit))
}

/// The name, from the root on if the folder is known.
pub(super) fn absolute(name: FileName) -> FileName {
    let length = LENGTH.load(Acquire);
    if length == 0 || name.is_absolute() {
        return name;
    }
    // SAFETY: written before `LENGTH` was set, and not afterwards.
    let folder = unsafe { &*FOLDER.0.get() };
    name.inside(folder.get(..length).unwrap_or(&[]))
}
