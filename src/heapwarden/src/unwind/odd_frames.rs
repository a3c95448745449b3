//! Frames that `framehop` has no rule for, by reading the call frame information with `gimli`:
//! returns from signal handlers, and functions that realign their stack.
//!
//! GCC realigns through a copy of the CFA: `DW_CFA_def_cfa_expression (DW_OP_breg6 -n; DW_OP_deref)`,
//! with the caller's frame pointer where the frame pointer points to.

use super::rule::{OUTERMOST, Rule, SIGNAL_RETURN};
use super::tables::Sections;
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, RegisterRule,
    UnwindContext, UnwindContextStorage, UnwindSection, UnwindTableRow, X86_64,
};

type Slice = EndianSlice<'static, LittleEndian>;

/// Rows without allocation: x86-64 has 17 registers that rows speak of.
struct SmallRows;

impl UnwindContextStorage<usize> for SmallRows {
    type Rules = [(gimli::Register, RegisterRule<usize>); 32];
    type Stack = [UnwindTableRow<usize, SmallRows>; 4];
}

const DW_OP_BREG6: u8 = 0x76;
const DW_OP_DEREF: u8 = 0x06;

/// The rule for the code at `address`, when `framehop` says `plain`. `None` if nothing better is
/// known.
pub fn rule(sections: &Sections, address: u64, plain: Option<Rule>) -> Option<Rule> {
    let bases = BaseAddresses::default()
        .set_eh_frame_hdr(sections.stated(sections.index))
        .set_eh_frame(sections.stated(sections.entries));
    let index = EhFrameHdr::new(sections.index, LittleEndian).parse(&bases, 8).ok()?;
    let mut entries = EhFrame::new(sections.entries, LittleEndian);
    entries.set_address_size(8);
    let stated = address.wrapping_sub(sections.bias);
    let table = index.table()?;
    let entry = match table.fde_for_address(&entries, &bases, stated, EhFrame::cie_from_offset) {
        Ok(entry) => entry,
        // Assembly that its author did not describe, and the bottom of coroutines.
        Err(gimli::Error::NoUnwindInfoForAddress) => return Some(OUTERMOST),
        Err(_) => return None,
    };
    if entry.is_signal_trampoline() {
        return Some(SIGNAL_RETURN);
    }
    let mut context = UnwindContext::<usize, SmallRows>::new_in();
    let row = entry.unwind_info_for_address(&entries, &bases, &mut context, stated).ok()?;
    match row.cfa() {
        CfaRule::RegisterAndOffset { register: X86_64::RBP | X86_64::RSP, .. } => plain,
        CfaRule::Expression(expression) => {
            let code: gimli::Expression<Slice> = expression.get(&entries).ok()?;
            realigned(code.0.slice(), row, &entries).or(Some(OUTERMOST))
        }
        // A register that is not followed: better to stop than to guess.
        _ => Some(OUTERMOST),
    }
}

fn realigned(
    cfa: &[u8],
    row: &UnwindTableRow<usize, SmallRows>,
    entries: &EhFrame<Slice>,
) -> Option<Rule> {
    let [DW_OP_BREG6, offset @ .., DW_OP_DEREF] = cfa else { return None };
    let RegisterRule::Expression(saved) = row.register(X86_64::RBP)? else { return None };
    let saved: gimli::Expression<Slice> = saved.get(entries).ok()?;
    let below = usize::try_from(-signed(offset)?).ok()?;
    (saved.0.slice() == [DW_OP_BREG6, 0]).then(|| Rule::from_realigned_frame(below))?
}

/// A signed LEB128 number of one or two bytes.
fn signed(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [low] if low & 0x80 == 0 => Some(i64::from((low << 1) as i8 >> 1)),
        [low, high] if low & 0x80 != 0 && high & 0x80 == 0 => {
            Some(i64::from((high << 1) as i8 >> 1) << 7 | i64::from(low & 0x7f))
        }
        _ => None,
    }
}

/// Where `.eh_frame` lies in memory, as its index says.
pub fn entries_address(index: &'static [u8]) -> Option<usize> {
    let bases = BaseAddresses::default().set_eh_frame_hdr(index.as_ptr() as u64);
    let parsed = EhFrameHdr::new(index, LittleEndian).parse(&bases, 8).ok()?;
    usize::try_from(parsed.eh_frame_ptr().direct().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_numbers() {
        assert_eq!(signed(&[0x78]), Some(-8));
        assert_eq!(signed(&[0x50]), Some(-48));
        assert_eq!(signed(&[0x10]), Some(16));
        assert_eq!(signed(&[0xb8, 0x7f]), Some(-72));
        assert_eq!(signed(&[0x80, 0x01]), Some(128));
        assert_eq!(signed(&[]), None);
        assert_eq!(signed(&[0x80]), None);
    }
}
