//! Which module an address belongs to, asked of the dynamic loader.
//!
//! `_dl_find_object` (glibc 2.35) is made for unwinders: it takes no lock and may be called from
//! signal handlers. Where it is missing, `dl_iterate_phdr` has to do. That takes the loader's lock,
//! so it is called with no lock of ours held; a thread that holds the loader's lock and waits for
//! one of the program's, while we are called with that one held, could still block us: a risk that
//! exists on old systems only.

use super::{elf, iterate};
use core::ffi::{c_char, c_int, c_void};
use core::ops::Range;
use core::{mem, ptr, slice};
use libc::Elf64_Phdr;

/// What the loader says of a module. Its memory must not be looked at once it is closed.
#[derive(Clone, Debug)]
pub struct Found {
    /// The addresses it takes.
    pub range: Range<usize>,
    /// An address in it that the loader knows to be its; there may be gaps in the range.
    pub(super) anchor: usize,
    pub(super) headers: *const Elf64_Phdr,
    pub(super) header_count: usize,
    /// What to subtract from an address to get the one in the file.
    pub bias: usize,
    /// The index of its call frame information (`.eh_frame_hdr`); 0 without one.
    pub frame_index: usize,
    /// The loader's descriptor, where it tells; 0 otherwise.
    pub(super) descriptor: usize,
    pub(super) name: *const c_char,
    /// It is the program itself.
    pub is_program: bool,
}

impl Found {
    /// The program headers.
    ///
    /// # Safety
    /// The module stays open for as long as they are used.
    pub unsafe fn headers<'a>(&self) -> &'a [Elf64_Phdr] {
        if self.header_count == 0 {
            return &[];
        }
        // SAFETY: the loader or the file's header said that they are there.
        unsafe { slice::from_raw_parts(self.headers, self.header_count) }
    }

    /// Whether both are the same module, at the same place; or another one that the loader cannot
    /// tell from it (see `identity`).
    pub fn is_like(&self, other: &Found) -> bool {
        self.range == other.range
            && self.bias == other.bias
            && self.frame_index == other.frame_index
            && self.descriptor == other.descriptor
            && self.name == other.name
    }
}

// SAFETY: the pointers are only compared, or read where the module is known to be open.
unsafe impl Send for Found {}
// SAFETY: as above.
unsafe impl Sync for Found {}

#[repr(C)]
struct DlFindObject {
    flags: u64,
    map_start: usize,
    map_end: usize,
    link_map: *const LinkMap,
    eh_frame: usize,
    reserved: [u64; 7],
}

/// The public start of the loader's descriptor (link.h).
#[repr(C)]
struct LinkMap {
    bias: usize,
    name: *const c_char,
}

type FindObject = unsafe extern "C" fn(*const c_void, *mut DlFindObject) -> c_int;

/// The loader's function; there is none before glibc 2.35.
fn find_object() -> Option<FindObject> {
    let address = heapwarden_core::weak_address!("_dl_find_object");
    // SAFETY: an option of a function pointer is null or the function, which has this type.
    unsafe { mem::transmute::<usize, Option<FindObject>>(address) }
}

/// Whether asking takes no lock.
pub fn is_lock_free() -> bool {
    find_object().is_some()
}

/// The module that `address` lies in.
pub fn find(address: usize) -> Option<Found> {
    match find_object() {
        Some(function) => ask(function, address),
        None => iterate::search(address),
    }
}

fn ask(function: FindObject, address: usize) -> Option<Found> {
    let mut answer = DlFindObject {
        flags: 0,
        map_start: 0,
        map_end: 0,
        link_map: ptr::null(),
        eh_frame: 0,
        reserved: [0; 7],
    };
    // SAFETY: takes any address; fills the structure if it answers 0.
    if unsafe { function(address as *const c_void, &raw mut answer) } != 0 {
        return None;
    }
    // SAFETY: the descriptor of a module that is open, for the caller has a frame in it.
    let (bias, name) = unsafe { ((*answer.link_map).bias, (*answer.link_map).name) };
    // SAFETY: a C string of the loader. The program's own is empty.
    let is_program = name.is_null() || unsafe { *name } == 0;
    // For some modules the answer is about one segment.
    let segment = answer.map_start..answer.map_end;
    // SAFETY: the module is open, as above.
    let headers = unsafe { elf::find_headers(&segment, bias, is_program) };
    Some(Found {
        range: elf::extent(headers, bias).unwrap_or(segment),
        anchor: answer.map_start,
        headers: headers.as_ptr(),
        header_count: headers.len(),
        bias,
        frame_index: answer.eh_frame,
        descriptor: answer.link_map as usize,
        name,
        is_program,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use iterate::search;

    /// Goal: the way for old systems gives the same answers.
    #[test]
    fn both_ways_agree() {
        let own = both_ways_agree as *const () as usize;
        for address in [own, libc::getpid as *const () as usize, libc::malloc as *const () as usize]
        {
            let found = search(address).expect("code lies in a module");
            if let Some(function) = find_object() {
                let asked = ask(function, address).expect("code lies in a module");
                assert_eq!(found.range, asked.range);
                assert_eq!((found.bias, found.frame_index), (asked.bias, asked.frame_index));
                assert_eq!((found.name, found.is_program), (asked.name, asked.is_program));
            }
            assert!(found.range.contains(&address));
            assert_eq!(found.is_program, address == own);
        }
        let nothing = 0u64;
        for address in [0, &raw const nothing as usize, usize::MAX] {
            assert!(search(address).is_none() && find(address).is_none());
        }
    }
}
