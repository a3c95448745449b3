//! Whether a fault is the effect of a heap bug, and of which.

use super::context::{Fault, Refusal};
use super::fill::Fill;
use super::instruction;
use super::operand::{Operand, Purpose};
use crate::checked::{large_block, reopen, settings};
use crate::detect::block_at;
use crate::report::{Access, AccessKind, BlockFacts, BlockState, Kind};
use heapwarden_core::os::PAGE;

/// What was found out.
#[derive(Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of them, in one frame, and nothing can be boxed"
)]
pub enum Finding {
    /// An error to report.
    Error {
        /// Its kind.
        kind: Kind,
        /// What was accessed.
        address: usize,
        /// How.
        access: Access,
        /// The block that is concerned, if it is known.
        block: Option<BlockFacts<'static>>,
        /// A freed block that a register still points into.
        suspect: Option<BlockFacts<'static>>,
        /// What a reader should know besides.
        hint: Option<&'static str>,
    },
    /// The pointer was read from memory that nobody initialised: worth a line, but no kind of error
    /// of this heap.
    Uninitialised {
        /// What was accessed.
        address: usize,
        /// How.
        access: AccessKind,
    },
}

const READ_FROM_FREED: &str = "the pointer that was used was read from freed memory, which is \
     filled with 0xdf";
const INDEX_FROM_FREED: &str = "a value in the address was read from freed memory, which is \
     filled with 0xdf";
const JUMP_FROM_FREED: &str = "the address to go on at was read from freed memory, which is filled \
     with 0xdf";
const NEAREST: &str = "the block is the nearest one; the access may have been meant for another";

/// An access at most so far outside of a large block is taken for one past its end.
const NEAR_BLOCK_PAGES: usize = 16;

/// Looks at a fault; `None` when it has nothing to do with the heap, as far as can be seen.
///
/// # Safety
/// The registers are those of the instruction that faulted in this process.
pub unsafe fn examine(fault: &Fault) -> Option<Finding> {
    if fault.refusal == Refusal::Other || !settings().active {
        return None;
    }
    // SAFETY: the caller's promise.
    let operands = unsafe { operands(fault) };
    if let Refusal::Page { address, write, .. } = fault.refusal {
        let kind = if write { AccessKind::Write } else { AccessKind::Read };
        let size = operands.into_iter().flatten().find_map(|operand| operand.size_at(address));
        let found = near_block(address, Access { kind, size });
        if found.is_some() {
            return found;
        }
    }
    operands.into_iter().flatten().find_map(|operand| filled(&operand, fault))
}

/// Whether the instruction can be tried again after its report: the page that it could not access is
/// a guarded block's, and was made accessible.
pub fn goes_on(fault: &Fault) -> bool {
    matches!(fault.refusal, Refusal::Page { address, .. } if reopen(address))
}

/// What the instruction accesses; a jump, if that is what went wrong.
unsafe fn operands(fault: &Fault) -> [Option<Operand>; 2] {
    const INSTRUCTION_MAX: usize = 15;
    let cannot_fetch = matches!(fault.refusal, Refusal::Page { fetch: true, .. });
    if cannot_fetch || Fill::of(fault.pc).is_some() {
        return [Some(Operand::jump(fault.pc)), None];
    }
    let to_page_end = PAGE - fault.pc % PAGE;
    let decoded = |length| {
        // SAFETY: the processor fetched the instruction from there. The next page is looked at
        // only if it goes on there.
        let code = unsafe { core::slice::from_raw_parts(fault.pc as *const u8, length) };
        instruction::operands(code, &fault.registers)
    };
    decoded(to_page_end.min(INSTRUCTION_MAX))
        .or_else(|| (to_page_end < INSTRUCTION_MAX).then(|| decoded(INSTRUCTION_MAX)).flatten())
        .unwrap_or([None; 2])
}

impl Operand {
    /// Its size, if `address` is in it.
    fn size_at(&self, address: usize) -> Option<usize> {
        self.size.filter(|size| address.wrapping_sub(self.address) < *size)
    }
}

/// A finding if the operand's address was made from our fill.
fn filled(operand: &Operand, fault: &Fault) -> Option<Finding> {
    let parts = operand.parts.into_iter().flatten();
    let whole = Fill::of(operand.address);
    let part = || parts.into_iter().find_map(|part| Fill::of(part).or(Fill::of_narrow(part)));
    let hint = match whole {
        Some(_) if operand.purpose == Purpose::Jump => JUMP_FROM_FREED,
        Some(_) => READ_FROM_FREED,
        None => INDEX_FROM_FREED,
    };
    let (address, kind) = match fault.refusal {
        Refusal::Page { address, write: true, .. } => (address, AccessKind::Write),
        Refusal::Page { address, .. } => (address, AccessKind::Read),
        _ => (operand.address, operand.kind),
    };
    let Some(found) = whole.or_else(part) else { return jump_target(operand, fault.refusal) };
    match found {
        Fill::Freed => Some(Finding::Error {
            kind: Kind::HeapUseAfterFree,
            address,
            access: Access { kind, size: operand.size },
            block: None,
            suspect: freed_block_at_hand(&fault.registers),
            hint: Some(hint),
        }),
        Fill::Fresh => Some(Finding::Uninitialised { address, access: kind }),
    }
}

/// The processor refused a jump to what it read at the operand: from a block of ours, that is a read
/// which is known exactly.
fn jump_target(operand: &Operand, refusal: Refusal) -> Option<Finding> {
    if operand.purpose != Purpose::JumpTarget || refusal != Refusal::General {
        return None;
    }
    let address = operand.address;
    let block = block_at(address)?;
    // SAFETY: the processor has just read it.
    let target = unsafe { (address as *const usize).read_unaligned() };
    match Fill::of(target)? {
        Fill::Freed => Some(Finding::Error {
            kind: Kind::HeapUseAfterFree,
            address,
            access: Access { kind: AccessKind::Read, size: operand.size },
            block: Some(block),
            suspect: None,
            hint: Some(JUMP_FROM_FREED),
        }),
        Fill::Fresh => Some(Finding::Uninitialised { address: target, access: AccessKind::Read }),
    }
}

/// A freed block that a register points into: the bad pointer was probably read from there.
fn freed_block_at_hand(registers: &[usize; 16]) -> Option<BlockFacts<'static>> {
    let freed = |value: &usize| block_at(*value).filter(|block| block.state == BlockState::Freed);
    registers.iter().find_map(freed)
}

/// A finding if the address lies in a block that cannot be accessed any more, or just outside of a
/// large one.
fn near_block(address: usize, access: Access) -> Option<Finding> {
    let error =
        |kind, block, hint| Finding::Error { kind, address, access, block, suspect: None, hint };
    if let Some(block) = block_at(address) {
        let end = block.address.saturating_add(block.size);
        let kind = match block.state {
            BlockState::Freed => Kind::HeapUseAfterFree,
            BlockState::Live if address >= end => Kind::HeapBufferOverflow,
            BlockState::Live if address < block.address => Kind::HeapBufferUnderflow,
            // Inside of a live block: the program itself forbade the access.
            BlockState::Live => return None,
        };
        return Some(error(kind, Some(block), None));
    }
    if heapwarden_core::locate(address).is_some() {
        return None;
    }
    let beside = |offset: isize| {
        let there = address.checked_add_signed(offset)?;
        large_block(there).and_then(|_| block_at(there))
    };
    for page in 1..=NEAR_BLOCK_PAGES as isize {
        let offset = page * PAGE as isize;
        let (kind, block) = match (beside(-offset), beside(offset)) {
            (Some(block), _) => (Kind::HeapBufferOverflow, block),
            (None, Some(block)) => (Kind::HeapBufferUnderflow, block),
            (None, None) => continue,
        };
        let kind = match block.state {
            BlockState::Freed => Kind::HeapUseAfterFree,
            BlockState::Live => kind,
        };
        return Some(error(kind, Some(block), Some(NEAREST)));
    }
    None
}
