//! What is read from ELF files, in memory and on disk: the span of the segments, the build id,
//! sections. Damaged files lead to absent answers.

use object::elf::{FileHeader64, PT_LOAD, PT_NOTE, ProgramHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{LittleEndian, elf};

pub(super) type Header = FileHeader64<LittleEndian>;
pub(super) const LITTLE: LittleEndian = LittleEndian;

/// A build id, mostly a hash of 20 bytes; longer ones are cut off.
#[derive(Clone, Copy)]
pub(super) struct BuildId {
    bytes: [u8; 32],
    length: u8,
}

impl BuildId {
    pub const NONE: BuildId = BuildId { bytes: [0; 32], length: 0 };

    pub fn of(bytes: &[u8]) -> BuildId {
        let mut id = BuildId::NONE;
        id.bytes.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell = *byte);
        id.length = bytes.len().min(id.bytes.len()) as u8;
        id
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// An ELF image that the loader or the kernel mapped.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    /// What is added to the file's addresses.
    pub bias: usize,
    /// The addresses of its segments.
    pub start: usize,
    pub end: usize,
    pub build_id: BuildId,
}

impl Loaded {
    /// Reads what starts at `base`, where the start of a file is mapped.
    pub fn at(base: usize, read: &dyn Fn(usize, &mut [u8]) -> usize) -> Option<Loaded> {
        let mut page = [0u8; 4096];
        let length = read(base, &mut page);
        let bytes = page.get(..length)?;
        let header = Header::parse(bytes).ok()?;
        let segments = header.program_headers(LITTLE, bytes).ok()?;
        let loads = || segments.iter().filter(|segment| segment.p_type(LITTLE) == PT_LOAD);
        let first = loads().find(|segment| segment.p_offset(LITTLE) < 4096)?;
        let bias = base.wrapping_sub((first.p_vaddr(LITTLE) & !4095) as usize);
        let start = loads().map(|segment| segment.p_vaddr(LITTLE)).min()?;
        let end = loads()
            .map(|segment| segment.p_vaddr(LITTLE).saturating_add(segment.p_memsz(LITTLE)))
            .max()?;
        let note = segments.iter().find_map(|segment| loaded_build_id(segment, bias, read));
        Some(Loaded {
            bias,
            start: bias.wrapping_add(start as usize),
            end: bias.wrapping_add(end as usize),
            build_id: note.unwrap_or(BuildId::NONE),
        })
    }
}

fn loaded_build_id(
    segment: &ProgramHeader64<LittleEndian>,
    bias: usize,
    read: &dyn Fn(usize, &mut [u8]) -> usize,
) -> Option<BuildId> {
    if segment.p_type(LITTLE) != PT_NOTE {
        return None;
    }
    let mut notes = [0u8; 1024];
    let wanted = (segment.p_memsz(LITTLE) as usize).min(notes.len());
    let address = bias.wrapping_add(segment.p_vaddr(LITTLE) as usize);
    let length = read(address, notes.get_mut(..wanted)?);
    build_id_in(notes.get(..length)?)
}

/// Searches notes of 4-byte alignment, which is what build ids have.
fn build_id_in(mut notes: &[u8]) -> Option<BuildId> {
    let word =
        |bytes: &[u8], at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    while notes.len() >= 12 {
        let name_length = word(notes, 0)? as usize;
        let length = word(notes, 4)? as usize;
        let kind = word(notes, 8)?;
        let content = 12usize.checked_add(name_length)?.checked_next_multiple_of(4)?;
        let end = content.checked_add(length)?;
        let name = notes.get(12..12usize.checked_add(name_length)?)?;
        if kind == elf::NT_GNU_BUILD_ID.0 && name == b"GNU\0" {
            return Some(BuildId::of(notes.get(content..end)?));
        }
        notes = notes.get(end.checked_next_multiple_of(4)?..)?;
    }
    None
}

/// The build id of a file.
pub(super) fn build_id(file: &[u8]) -> Option<BuildId> {
    let header = Header::parse(file).ok()?;
    header
        .program_headers(LITTLE, file)
        .ok()?
        .iter()
        .find_map(|segment| {
            let notes = segment.data(LITTLE, file).ok()?;
            (segment.p_type(LITTLE) == PT_NOTE).then(|| build_id_in(notes))?
        })
        .or_else(|| build_id_in(section(file, b".note.gnu.build-id")?))
}

/// The bytes of a section as they are in the file, unless it has none there.
pub(super) fn section<'a>(file: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let header = Header::parse(file).ok()?;
    let sections = header.sections(LITTLE, file).ok()?;
    let (_, found) = sections.section_by_name(LITTLE, name)?;
    if found.sh_type(LITTLE) == elf::SHT_NOBITS {
        return None;
    }
    found.data(LITTLE, file).ok()
}
