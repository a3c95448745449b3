//! The call frame information of one module, as `framehop` reads it.
//!
//! `framehop` turns a row of call frame information into a rule of its own, which it keeps to itself
//! and executes. To get at the rule, a step is executed once with made-up registers on a made-up
//! stack: the addresses that it reads and the registers that it returns say what the rule does.
//! What it cannot express (it then falls back to the frame pointer without saying so) is looked at
//! in [`super::odd_frames`].
//! Cost: some hundred nanoseconds, once per code address; the answer is kept in [`super::memo`].

use super::modules::{Found, elf};
use super::odd_frames;
use super::rule::{FRAME_POINTER_GUESS, OUTERMOST, Rule};
use core::slice;
use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{
    ExplicitModuleSectionInfo, FrameAddress, Module, MustNotAllocateDuringUnwind, Unwinder,
};

/// What framehop works with; some 33 KiB.
pub type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;

/// Where a module's call frame information lies.
#[derive(Clone, Copy)]
pub struct Sections {
    /// What to subtract from an address to get the one in the file.
    pub bias: u64,
    /// `.eh_frame_hdr` and what follows it in its segment.
    pub index: &'static [u8],
    /// `.eh_frame` and what follows it in its segment.
    pub entries: &'static [u8],
}

impl Sections {
    /// The address in the file of the start of a section.
    pub fn stated(&self, section: &'static [u8]) -> u64 {
        (section.as_ptr() as u64).wrapping_sub(self.bias)
    }
}

/// One module's call frame information.
pub struct Tables {
    sections: Sections,
    unwinder: UnwinderX86_64<&'static [u8], MustNotAllocateDuringUnwind>,
}

// Far apart, and far from anything that a rule could add to them.
const MADE_UP_SP: u64 = 0x1000_0000_0000;
const MADE_UP_BP: u64 = 0x5000_0000_0000;
const READS_MAX: usize = 4;

/// What a step on the made-up stack read: the answer to the n-th read is n+1.
#[derive(Default)]
struct Reads {
    addresses: [u64; READS_MAX],
    count: usize,
}

impl Reads {
    fn read(&mut self, address: u64) -> Result<u64, ()> {
        *self.addresses.get_mut(self.count).ok_or(())? = address;
        self.count += 1;
        Ok(self.count as u64)
    }

    fn address_of(&self, answer: u64) -> Option<u64> {
        let index = usize::try_from(answer.checked_sub(1)?).ok()?;
        self.addresses[..self.count].get(index).copied()
    }
}

impl Tables {
    /// The tables of a module; `None` if it has none.
    ///
    /// # Safety
    /// The module is open, and it is again whenever the tables are used.
    pub unsafe fn of(found: &Found) -> Option<Tables> {
        // SAFETY: promised by the caller.
        let sections = unsafe { locate(found) }?;
        let span = |section: &'static [u8]| {
            let start = sections.stated(section);
            Some(start..start + section.len() as u64)
        };
        let info = ExplicitModuleSectionInfo {
            base_svma: 0,
            eh_frame_hdr_svma: span(sections.index),
            eh_frame_hdr: Some(sections.index),
            eh_frame_svma: span(sections.entries),
            eh_frame: Some(sections.entries),
            ..ExplicitModuleSectionInfo::default()
        };
        let range = found.range.start as u64..found.range.end as u64;
        let mut unwinder = UnwinderX86_64::new();
        unwinder.add_module(Module::new(String::new(), range, sections.bias, info));
        Some(Tables { sections, unwinder })
    }

    /// The index and the entries.
    pub fn sections(&self) -> [&'static [u8]; 2] {
        [self.sections.index, self.sections.entries]
    }

    /// The rule for the frame whose return-like address is `pc`.
    pub fn rule(&self, pc: usize, cache: &mut Cache) -> Rule {
        let plain = self.framehop_rule(pc, cache);
        // A frame pointer rule may be framehop's fallback.
        match plain {
            Some(rule) if !rule.needs_frame_pointer() => rule,
            _ => odd_frames::rule(&self.sections, pc as u64 - 1, plain)
                .unwrap_or(plain.unwrap_or(FRAME_POINTER_GUESS)),
        }
    }

    fn framehop_rule(&self, pc: usize, cache: &mut Cache) -> Option<Rule> {
        // The instruction itself matters where rules are expressions over it (lazy binding stubs).
        let mut registers = UnwindRegsX86_64::new(pc as u64 - 1, MADE_UP_SP, MADE_UP_BP);
        let mut reads = Reads::default();
        let address = FrameAddress::from_return_address(pc as u64)?;
        let step = self
            .unwinder
            .unwind_frame(address, &mut registers, cache, &mut |address| reads.read(address));
        match step {
            Ok(Some(return_address)) => rule_from(&registers, &reads, return_address),
            Ok(None) if reads.count == 0 => Some(OUTERMOST),
            _ => None,
        }
    }
}

fn rule_from(after: &UnwindRegsX86_64, reads: &Reads, return_address: u64) -> Option<Rule> {
    let cfa = after.sp();
    if reads.address_of(return_address)? != cfa - 8 {
        return None;
    }
    let saved = match after.bp() {
        MADE_UP_BP => 0,
        answer => usize::try_from(cfa.checked_sub(reads.address_of(answer)?)?).ok()?,
    };
    if cfa >= MADE_UP_BP {
        Rule::from_frame_pointer(usize::try_from(cfa - MADE_UP_BP).ok()?, saved)
    } else {
        Rule::from_stack_pointer(usize::try_from(cfa.checked_sub(MADE_UP_SP)?).ok()?, saved)
    }
}

/// # Safety
/// As for [`Tables::of`].
unsafe fn locate(found: &Found) -> Option<Sections> {
    let index_start = found.frame_index;
    // SAFETY: promised by the caller.
    let headers = unsafe { found.headers() };
    let index_end = elf::segment_end(headers, found.bias, index_start)?;
    // SAFETY: the rest of a loaded segment of an open module.
    let index = unsafe { slice::from_raw_parts(index_start as *const u8, index_end - index_start) };
    let entries_start = odd_frames::entries_address(index)?;
    let entries_end = elf::segment_end(headers, found.bias, entries_start)?;
    // SAFETY: as above.
    let entries =
        unsafe { slice::from_raw_parts(entries_start as *const u8, entries_end - entries_start) };
    Some(Sections { bias: found.bias as u64, index, entries })
}

#[cfg(test)]
mod tests;
