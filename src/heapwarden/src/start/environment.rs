//! One variable of the environment, read before libc is there: from the initial stack, else from
//! libc's `environ`, else from /proc. Under AT_SECURE there is no environment for us.

use super::initial_stack;
use core::ffi::{CStr, c_char};
use heapwarden_core::os::syscall;

/// No environment has more variables than this.
const VARIABLES_MAX: usize = 1 << 20;

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// Calls `found` with the value of `name`, if the variable is set and may be trusted.
pub(super) fn with_variable(name: &str, found: &mut dyn FnMut(&[u8])) {
    if let Some(stack) = initial_stack::find() {
        if !stack.secure {
            // SAFETY: the kernel's list, ended by a null.
            unsafe { search(stack.environment, name, found) };
        }
        return;
    }
    // SAFETY: takes no pointer; ld.so stored the vector before it ran any library's code.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return;
    }
    // SAFETY: a pointer-sized variable of libc. A program that changes its environment while its
    // first allocation runs on another thread breaks the rules of getenv as well.
    let list = unsafe { environ };
    if list.is_null() {
        search_proc(name, found);
    } else {
        // SAFETY: libc's list, ended by a null.
        unsafe { search(list, name, found) };
    }
}

/// # Safety
/// `list` points to pointers to C strings, ended by a null pointer.
unsafe fn search(list: *const *const c_char, name: &str, found: &mut dyn FnMut(&[u8])) {
    for index in 0..VARIABLES_MAX {
        // SAFETY: not beyond the null, at which the loop ends.
        let entry = unsafe { *list.wrapping_add(index) };
        if entry.is_null() {
            return;
        }
        // SAFETY: promised by the caller.
        if let Some(value) = value_of(unsafe { CStr::from_ptr(entry) }.to_bytes(), name) {
            return found(value);
        }
    }
}

/// Reads /proc/self/environ in portions, one variable at a time.
fn search_proc(name: &str, found: &mut dyn FnMut(&[u8])) {
    const PATH: &CStr = c"/proc/self/environ";
    let Ok(file) = read_only(PATH) else { return };
    let mut search = Search { name, entry: [0; 1024], filled: 0, done: false };
    let mut portion = [0u8; 512];
    while !search.done {
        let into = [file, portion.as_mut_ptr().addr(), portion.len(), 0, 0, 0];
        // SAFETY: the kernel writes to `portion` only, at most its length.
        let got = unsafe { syscall::call(libc::SYS_read, into) };
        match got.ok().and_then(|length| portion.get(..length)) {
            None | Some([]) => break,
            Some(bytes) => bytes.iter().for_each(|byte| search.take(*byte, found)),
        }
    }
    // SAFETY: opened above.
    let _ = unsafe { syscall::call(libc::SYS_close, [file, 0, 0, 0, 0, 0]) };
}

fn read_only(path: &CStr) -> Result<usize, i32> {
    let directory = libc::AT_FDCWD as usize;
    let flags = libc::O_RDONLY as usize | libc::O_CLOEXEC as usize;
    // SAFETY: the kernel reads a path that ends with a NUL.
    unsafe { syscall::call(libc::SYS_openat, [directory, path.as_ptr().addr(), flags, 0, 0, 0]) }
}

/// The entry being read. What exceeds it is cut off: only entries that are not ours are that long.
struct Search<'a> {
    name: &'a str,
    entry: [u8; 1024],
    filled: usize,
    done: bool,
}

impl Search<'_> {
    fn take(&mut self, byte: u8, found: &mut dyn FnMut(&[u8])) {
        if byte != 0 {
            if let Some(cell) = self.entry.get_mut(self.filled) {
                *cell = byte;
                self.filled += 1;
            }
            return;
        }
        let entry = self.entry.get(..self.filled).unwrap_or(&[]);
        if let Some(value) = value_of(entry, self.name)
            && !self.done
        {
            self.done = true;
            found(value);
        }
        self.filled = 0;
    }
}

/// The value in `NAME=value`, if that is the name.
fn value_of<'a>(entry: &'a [u8], name: &str) -> Option<&'a [u8]> {
    entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_must_match() {
        assert_eq!(value_of(b"ABC=1=2", "ABC"), Some(&b"1=2"[..]));
        assert_eq!(value_of(b"ABC=", "ABC"), Some(&b""[..]));
        assert_eq!(value_of(b"ABCD=1", "ABC"), None);
        assert_eq!(value_of(b"AB=1", "ABC"), None);
    }

    #[test]
    fn a_list_is_searched_to_its_null() {
        let list = [c"A=1".as_ptr(), c"BB=2".as_ptr(), core::ptr::null(), c"C=3".as_ptr()];
        let mut values = Vec::new();
        for name in ["BB", "C", "A"] {
            // SAFETY: C strings, ended by a null.
            unsafe { search(list.as_ptr(), name, &mut |value| values.push(value.to_vec())) };
        }
        assert_eq!(values, [b"2", b"1"]);
    }

    #[test]
    fn all_three_sources_agree() {
        let fits = |(name, value): &(String, String)| name.len() + value.len() < 1000;
        let (name, expected) = std::env::vars().find(fits).expect("a variable of usual length");
        let mut values = Vec::new();
        with_variable(&name, &mut |value| values.push(value.to_vec()));
        // SAFETY: libc's list; no test of this crate changes the environment.
        unsafe { search(environ, &name, &mut |value| values.push(value.to_vec())) };
        search_proc(&name, &mut |value| values.push(value.to_vec()));
        assert_eq!(values, [expected.as_bytes(), expected.as_bytes(), expected.as_bytes()]);
    }
}
