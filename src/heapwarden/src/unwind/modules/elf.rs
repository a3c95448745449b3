//! The few facts of a loaded ELF file that are needed, from its program headers.

use crate::unwind::readable::is_readable;
use core::ops::Range;
use core::slice;
use heapwarden_core::os::PAGE;
use libc::{Elf64_Ehdr, Elf64_Phdr};

/// The addresses that the loadable segments take.
pub fn extent(headers: &[Elf64_Phdr], bias: usize) -> Option<Range<usize>> {
    let loaded = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let start = loaded().map(|header| header.p_vaddr as usize).min()?;
    let end = loaded().map(|header| (header.p_vaddr + header.p_memsz) as usize).max()?;
    Some(bias.wrapping_add(start)..bias.wrapping_add(end))
}

/// The address of `.eh_frame_hdr`; 0 without one.
pub fn frame_index(headers: &[Elf64_Phdr], bias: usize) -> usize {
    let header = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME);
    header.map_or(0, |header| bias.wrapping_add(header.p_vaddr as usize))
}

/// An address in the code.
pub fn code(headers: &[Elf64_Phdr], bias: usize) -> Option<usize> {
    let is_code =
        |header: &&Elf64_Phdr| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0;
    headers.iter().find(is_code).map(|header| bias.wrapping_add(header.p_vaddr as usize))
}

/// The program headers of the module of which `segment` is mapped; none if they are not to be found.
///
/// # Safety
/// The module stays open for as long as the slice is used.
pub unsafe fn find_headers<'a>(
    segment: &Range<usize>,
    bias: usize,
    is_program: bool,
) -> &'a [Elf64_Phdr] {
    // SAFETY: promised by the caller.
    unsafe {
        if let Some(headers) = headers_at(segment.start) {
            return headers;
        }
        if is_program {
            let first = libc::getauxval(libc::AT_PHDR) as *const Elf64_Phdr;
            let count = libc::getauxval(libc::AT_PHNUM) as usize;
            return if first.is_null() { &[] } else { slice::from_raw_parts(first, count) };
        }
        if bias != 0 && is_readable(bias) { headers_at(bias).unwrap_or(&[]) } else { &[] }
    }
}

/// # Safety
/// `start` is the start of a page that can be read, of a module that stays open.
unsafe fn headers_at<'a>(start: usize) -> Option<&'a [Elf64_Phdr]> {
    // SAFETY: promised by the caller.
    let file = unsafe { &*(start as *const Elf64_Ehdr) };
    let is_elf = file.e_ident[..4] == [0x7f, b'E', b'L', b'F'];
    if !is_elf || usize::from(file.e_phentsize) != size_of::<Elf64_Phdr>() {
        return None;
    }
    let first = start.checked_add(usize::try_from(file.e_phoff).ok()?)?;
    let bytes = usize::from(file.e_phnum) * size_of::<Elf64_Phdr>();
    let on_first_page = first + bytes <= start + PAGE;
    if bytes == 0 || !first.is_multiple_of(8) || !(on_first_page || is_readable(first + bytes - 8))
    {
        return None;
    }
    // SAFETY: both ends of these few bytes can be read, and the file's header says what they are.
    Some(unsafe { slice::from_raw_parts(first as *const Elf64_Phdr, file.e_phnum.into()) })
}

/// The end of the loaded segment that `address` lies in.
pub fn segment_end(headers: &[Elf64_Phdr], bias: usize, address: usize) -> Option<usize> {
    headers.iter().filter(|header| header.p_type == libc::PT_LOAD).find_map(|header| {
        let start = bias.wrapping_add(header.p_vaddr as usize);
        let end = start.wrapping_add(header.p_filesz as usize);
        (start..end).contains(&address).then_some(end)
    })
}

/// The descriptor of the GNU build id note.
///
/// # Safety
/// The headers are those of an open module, and it stays open for as long as the slice is used.
pub unsafe fn build_id<'a>(headers: &[Elf64_Phdr], bias: usize) -> Option<&'a [u8]> {
    const BUILD_ID: u32 = 3;
    for header in headers.iter().filter(|header| header.p_type == libc::PT_NOTE) {
        let start = bias.wrapping_add(header.p_vaddr as usize);
        let bytes = header.p_filesz as usize;
        segment_end(headers, bias, start)?;
        // SAFETY: notes lie in a loaded segment.
        let mut notes = unsafe { slice::from_raw_parts(start as *const u8, bytes) };
        while let Some((sizes, rest)) = notes.split_at_checked(12) {
            let word = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|byte| sizes[at + byte]));
            let name_bytes = (word(0) as usize).next_multiple_of(4);
            let (name, rest) = rest.split_at_checked(name_bytes)?;
            let (value, _) = rest.split_at_checked(word(4) as usize)?;
            if word(8) == BUILD_ID && name == b"GNU\0" {
                return Some(value);
            }
            notes = rest.split_at_checked((word(4) as usize).next_multiple_of(4))?.1;
        }
    }
    None
}
