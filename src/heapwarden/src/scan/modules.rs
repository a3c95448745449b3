//! The program and its libraries, as the loader lists them for debuggers (`_r_debug`).
//!
//! `dl_iterate_phdr` takes a lock that a thread that was stopped may hold; reading this list takes none.
//! It only ever has whole entries; one whose memory is gone already has no headers.
//! Cost: a few system calls per module.

use crate::unwind::is_readable;
use core::ffi::c_char;
use core::ops::Range;
use core::{ptr, slice};
use heapwarden_core::weak_address;
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

/// Calls `visit` with the place of each module and its program headers.
pub fn visit(visit: &mut dyn FnMut(usize, &[Elf64_Phdr])) {
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
                    Some(headers) => visit(module.bias, headers),
                    None => visit(module.bias, headers_at(module.bias)),
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
        visit(program_bias(headers), headers);
    }
}

/// The addresses of a segment.
pub fn range(bias: usize, header: &Elf64_Phdr) -> Range<usize> {
    let start = bias.wrapping_add(header.p_vaddr as usize);
    start..start.wrapping_add(header.p_memsz as usize)
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
    // Null where a program has no dynamic loader.
    weak_address!("_r_debug") as *const Debug
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

    #[test]
    fn the_program_comes_first_and_libc_is_among_the_rest() {
        let own = visit as *const () as usize;
        let libc = libc::getpid as *const () as usize;
        let mut holders = Vec::new();
        let mut number = 0;
        visit(&mut |bias, headers| {
            for address in [own, libc] {
                let holds = |header: &&Elf64_Phdr| {
                    header.p_type == libc::PT_LOAD && range(bias, header).contains(&address)
                };
                if headers.iter().find(holds).is_some() {
                    holders.push((address, number));
                }
            }
            number += 1;
        });
        assert!(holders.contains(&(own, 0)));
        assert!(holders.iter().any(|(address, number)| *address == libc && *number > 0));
    }

    #[test]
    fn the_loader_is_where_its_own_variables_are() {
        assert!(loader().contains(&(debug() as usize)));
    }
}
