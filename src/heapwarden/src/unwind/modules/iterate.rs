//! Modules by `dl_iterate_phdr`, which takes the loader's lock: for systems without
//! `_dl_find_object`, and for callers that may wait.

use super::elf;
use super::loader::Found;
use core::ffi::{c_int, c_void};
use core::{mem, slice};

struct Search {
    address: usize,
    found: Option<Found>,
    first: bool,
}

/// Goes through all modules. Takes the loader's lock.
pub fn search(address: usize) -> Option<Found> {
    let mut search = Search { address, found: None, first: true };
    // SAFETY: the callback gets the structure it expects, for the time of the call.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _bytes: usize,
    data: *mut c_void,
) -> c_int {
    // SAFETY: `search` passes its own structure, and the loader a module's.
    let (info, search) = unsafe { (&*info, &mut *data.cast::<Search>()) };
    let bias = info.dlpi_addr as usize;
    // SAFETY: the loader's copy of the program headers, valid during the call.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let is_program = mem::take(&mut search.first);
    let Some(range) = elf::extent(headers, bias) else { return 0 };
    if !range.contains(&search.address) {
        return 0;
    }
    search.found = Some(Found {
        anchor: range.start,
        range,
        headers: info.dlpi_phdr,
        header_count: headers.len(),
        bias,
        frame_index: elf::frame_index(headers, bias),
        descriptor: 0,
        name: info.dlpi_name,
        is_program,
    });
    1
}

/// Calls `visit` with an address in every module that is loaded. Takes the loader's lock.
pub fn every(visit: &mut dyn FnMut(usize)) {
    struct Visitor<'a>(&'a mut dyn FnMut(usize));
    unsafe extern "C" fn each(
        info: *mut libc::dl_phdr_info,
        _bytes: usize,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: as in `visit` above.
        let (info, visitor) = unsafe { (&*info, &mut *data.cast::<Visitor<'_>>()) };
        // SAFETY: as in `visit` above.
        let headers =
            unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
        if let Some(address) = elf::code(headers, info.dlpi_addr as usize) {
            (visitor.0)(address);
        }
        0
    }
    let mut visitor = Visitor(visit);
    // SAFETY: the callback gets the structure it expects, for the time of the call.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut visitor).cast()) };
}
