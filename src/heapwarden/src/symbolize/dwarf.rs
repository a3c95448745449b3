//! Debug information: from a mapped file to `addr2line`'s context, which reads units as they are
//! asked for.

use super::section::Inflated;
use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, Error, LittleEndian, SectionId};

pub(super) type Reader = EndianSlice<'static, LittleEndian>;

/// Those that functions and lines are found with. The others may be as large, and are left alone.
const WANTED: [SectionId; 11] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugAranges,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugTypes,
];

/// Whether the file has debug information at all.
pub(super) fn is_in(file: &[u8]) -> bool {
    super::elf::section(file, b".debug_info").is_some()
}

/// The context of a file, and of the file it shares its common part with.
///
/// # Safety
/// The context is not used any more when `inflated`, or what `file` and `supplementary` are borrowed
/// from, is dropped.
pub(super) unsafe fn context(
    file: &'static [u8],
    supplementary: Option<&'static [u8]>,
    inflated: &mut Inflated,
) -> Option<Context<Reader>> {
    let mut load = |file: &'static [u8], id: SectionId| -> Result<Reader, Error> {
        let bytes = if WANTED.contains(&id) {
            // SAFETY: promised by the caller.
            unsafe { inflated.section(file, id.name()) }
        } else {
            &[]
        };
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let mut dwarf = Dwarf::load(|id| load(file, id)).ok()?;
    if let Some(supplementary) = supplementary {
        dwarf.load_sup(|id| load(supplementary, id)).ok()?;
    }
    Context::from_dwarf(dwarf).ok()
}
