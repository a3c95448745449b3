//! The writable segments of the program and its libraries: where their variables are.
//!
//! The modules are read from the list that the loader keeps for debuggers (`_r_debug`), since
//! `dl_iterate_phdr` takes a lock that a thread that was stopped may hold. That list only ever has
//! whole entries; one whose memory is gone already is left out, page by page.
//! Cost: a system call per page of variables.

use super::readable::stretches;
use crate::unwind::{is_readable, own_code};
use core::arch::{asm, global_asm};
use core::ffi::c_char;
use core::ops::Range;
use core::{ptr, slice};
use libc::{Elf64_Ehdr, Elf64_Phdr};

/// The loader's word to debuggers (link.h).
#[repr(C)]
struct Debug {
    version: i32,
    first: *const LinkMap,
    breakpoint: usize,
    state: i32,
    loader: usize,
    /// The next namespace; from version 2 on.
    next: *const Debug,
}

#[repr(C)]
struct LinkMap {
    bias: usize,
    name: *const c_char,
    dynamic: usize,
    next: *const LinkMap,
}

/// More modules than any program has: the list may be damaged.
const MODULES_MAX: usize = 100_000;

// A weak reference: a program without the dynamic loader lacks it.
global_asm!(".weak _r_debug");

/// Calls `visit` with each stretch of memory that holds variables of the program and its libraries,
/// but for this one, if it is a library of its own.
pub fn visit(visit: &mut dyn FnMut(Range<usize>)) {
    let mut headers_of_program = Some(program_headers());
    let mut count = 0;
    let mut space = debug();
    // SAFETY: the loader's lists are never unmapped while an entry is in them.
    unsafe {
        while let Some(namespace) = space.as_ref() {
            let mut map = namespace.first;
            while let Some(module) = map.as_ref() {
                // The program comes first, and has no name.
                match headers_of_program.take() {
                    Some(headers) => module_segments(headers, module.bias, visit),
                    None => module_segments(headers_at(module.bias), module.bias, visit),
                }
                map = module.next;
                count += 1;
                if count > MODULES_MAX {
                    return;
                }
            }
            space = if namespace.version >= 2 { namespace.next } else { ptr::null() };
        }
    }
    if let Some(headers) = headers_of_program.take() {
        // Without a loader.
        module_segments(headers, program_bias(headers), visit);
    }
}

fn module_segments(headers: &[Elf64_Phdr], bias: usize, visit: &mut dyn FnMut(Range<usize>)) {
    let loaded = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let range = |header: &Elf64_Phdr| {
        let start = bias.wrapping_add(header.p_vaddr as usize);
        start..start.wrapping_add(header.p_memsz as usize)
    };
    let own = own_code();
    if loaded().any(|header| range(header).contains(&own.start)) {
        return;
    }
    for header in loaded().filter(|header| header.p_flags & libc::PF_W != 0) {
        stretches(range(header), visit);
    }
}

/// The program headers of the module whose file is mapped at `start`; none if it is gone.
fn headers_at<'a>(start: usize) -> &'a [Elf64_Phdr] {
    if start == 0 || !is_readable(start) {
        return &[];
    }
    // SAFETY: the page can be read.
    let file = unsafe { &*(start as *const Elf64_Ehdr) };
    let is_elf = file.e_ident[..4] == [0x7f, b'E', b'L', b'F'];
    let bytes = usize::from(file.e_phnum) * size_of::<Elf64_Phdr>();
    let first = start.wrapping_add(file.e_phoff as usize);
    let whole = is_elf
        && usize::from(file.e_phentsize) == size_of::<Elf64_Phdr>()
        && bytes > 0
        && first.is_multiple_of(8)
        && is_readable(first)
        && is_readable(first + bytes - 8);
    if !whole {
        return &[];
    }
    // SAFETY: both ends can be read, and the table is smaller than a page.
    unsafe { slice::from_raw_parts(first as *const Elf64_Phdr, file.e_phnum.into()) }
}

fn program_headers<'a>() -> &'a [Elf64_Phdr] {
    // SAFETY: reads what the kernel told of the program, whose headers stay mapped.
    unsafe {
        let first = libc::getauxval(libc::AT_PHDR) as *const Elf64_Phdr;
        let count = libc::getauxval(libc::AT_PHNUM) as usize;
        if first.is_null() { &[] } else { slice::from_raw_parts(first, count) }
    }
}

fn program_bias(headers: &[Elf64_Phdr]) -> usize {
    let table = headers.iter().find(|header| header.p_type == libc::PT_PHDR);
    table.map_or(0, |table| (headers.as_ptr() as usize).wrapping_sub(table.p_vaddr as usize))
}

fn debug() -> *const Debug {
    let address: *const Debug;
    // SAFETY: loads an address from the global offset table, which is filled in before code runs.
    unsafe {
        asm!("mov {}, qword ptr [rip + _r_debug@GOTPCREL]", out(reg) address,
             options(pure, readonly, nostack, preserves_flags));
    }
    address
}

/// The addresses that the dynamic loader takes; empty without one.
pub fn loader() -> Range<usize> {
    // SAFETY: reads what the kernel told of the program.
    let base = unsafe { libc::getauxval(libc::AT_BASE) } as usize;
    let headers = headers_at(base);
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let end = loaded.map(|header| (header.p_vaddr + header.p_memsz) as usize).max().unwrap_or(0);
    base..base + end
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicUsize;

    static VARIABLE: AtomicUsize = AtomicUsize::new(1);
    static ZEROED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn variables_of_the_program_and_of_libc_are_found_and_constants_are_not() {
        let mut found = Vec::new();
        visit(&mut |range| found.push(range));
        let lies_in = |address: usize| found.iter().any(|range| range.contains(&address));
        assert!(lies_in(&raw const VARIABLE as usize));
        assert!(lies_in(&raw const ZEROED as usize));
        // SAFETY: looks up a variable of libc.
        let environ = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()) };
        assert!(!environ.is_null() && lies_in(environ as usize));
        assert!(!lies_in(visit as *const () as usize));
    }

    #[test]
    fn the_loader_is_where_its_own_variables_are() {
        assert!(loader().contains(&(debug() as usize)));
    }
}
