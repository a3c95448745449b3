//! Proof that an allocator really serves malloc.

use std::ffi::CStr;
use std::path::Path;
use std::process::Command;

use super::Allocator;
use crate::Result;

/// Starts a child under the allocator and asks where its malloc comes from.
pub fn prove(allocator: &Allocator) -> Result<()> {
    let executable = match &allocator.recompiled {
        Some(executable) => executable.clone(),
        None => std::env::current_exe().map_err(|error| error.to_string())?,
    };
    let command = allocator.command(&[executable.into(), "provider".into()]);
    let mut child = Command::new("env");
    child.args(["-u", "LD_LIBRARY_PATH"]).args(allocator.environment()).args(command);
    let output = child.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("a trivial program under it ended with {}", output.status));
    }
    let answer = String::from_utf8_lossy(&output.stdout);
    let canonical = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    let provider = canonical(Path::new(answer.trim()))?;
    if provider == canonical(&allocator.library)? {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("malloc comes from {}; {}", provider.display(), complaint.trim()))
}

/// The file that serves malloc in this process: what this program's own calls are bound to. A lookup by
/// the bare name would pass over glibc's checker, whose functions have its old version only.
pub fn malloc_provider() -> Option<String> {
    file_of(libc::malloc as *const libc::c_void)
}

/// The file that has a function of this name.
pub fn file_of_symbol(name: &CStr) -> Option<String> {
    // SAFETY: the name is a C string; the default search order is what the program itself uses.
    file_of(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

fn file_of(address: *const libc::c_void) -> Option<String> {
    // SAFETY: Dl_info is plain pointers, for which null is a value.
    let mut found: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: dladdr takes any address and fills the struct only when it returns non-zero.
    if address.is_null() || unsafe { libc::dladdr(address, &mut found) } == 0 {
        return None;
    }
    // SAFETY: dladdr succeeded, so the name is a C string owned by the dynamic linker.
    let file = unsafe { CStr::from_ptr(found.dli_fname) };
    Some(file.to_string_lossy().into_owned())
}
