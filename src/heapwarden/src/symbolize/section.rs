//! The contents of debug sections: taken from the mapped file, or inflated once.

use super::elf;
use super::elf::{Header, LITTLE};
use object::elf::{CompressionHeader64, ELFCOMPRESS_ZLIB, SHF_COMPRESSED};
use object::read::elf::{CompressionHeader, FileHeader, SectionHeader};
use object::{LittleEndian, pod};

/// No debug section of a sane file is larger when inflated.
const INFLATED_MAX: u64 = 1 << 30;

/// Inflated sections. What they contain stays where it is as long as this lives.
#[derive(Default)]
pub(super) struct Inflated {
    sections: Vec<Vec<u8>>,
}

impl Inflated {
    /// A section of `file`; empty if there is none or it is damaged.
    ///
    /// # Safety
    /// The answer is not used any more when `self` is dropped.
    pub unsafe fn section(&mut self, file: &'static [u8], name: &str) -> &'static [u8] {
        let Some(bytes) = elf::section(file, name.as_bytes()) else { return &[] };
        if !is_compressed(file, name) {
            return bytes;
        }
        let Some(inflated) = inflate(bytes) else { return &[] };
        let (start, length) = (inflated.as_ptr(), inflated.len());
        self.sections.push(inflated);
        // SAFETY: the vector's memory does not move, is not written any more, and lives as long as
        // `self`, which the caller respects.
        unsafe { core::slice::from_raw_parts(start, length) }
    }
}

fn is_compressed(file: &[u8], name: &str) -> bool {
    let flags = || {
        let header = Header::parse(file).ok()?;
        let sections = header.sections(LITTLE, file).ok()?;
        let (_, section) = sections.section_by_name(LITTLE, name.as_bytes())?;
        Some(section.sh_flags(LITTLE))
    };
    flags().is_some_and(|flags| flags.contains(SHF_COMPRESSED))
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, rest) = pod::from_bytes::<CompressionHeader64<LittleEndian>>(bytes).ok()?;
    let size = header.ch_size(LITTLE);
    if header.ch_type(LITTLE) != ELFCOMPRESS_ZLIB || size > INFLATED_MAX {
        return None;
    }
    miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(rest, size as usize).ok()
}
