//! From the bytes of an instruction and the registers to what it accesses.
//!
//! A general protection fault does not say which address was refused; the operand does. Only what
//! can hold a bad pointer is decoded: one operand in memory, the two of string instructions, the
//! target of an indirect jump. Relative to the instruction or to a segment: not.

use super::operand::{Opcode, Operand, Purpose};
use super::prefixes::{Bytes, prefixes};
use crate::report::AccessKind;

const RSI: usize = 6;
const RDI: usize = 7;

/// The operands of the instruction that `code` starts with; `None` for none, or when it is cut off.
pub fn operands(code: &[u8], registers: &[usize; 16]) -> Option<[Option<Operand>; 2]> {
    let mut bytes = Bytes(code);
    let (prefixes, byte) = prefixes(&mut bytes)?;
    let map = prefixes.map;
    if prefixes.segment {
        return None;
    }
    let integer = match (prefixes.rex & 8 != 0, prefixes.narrow) {
        (true, _) => 8,
        (false, true) => 2,
        (false, false) => 4,
    };
    if map == 0 && matches!(byte, 0xA4..=0xA7 | 0xAA..=0xAF) {
        let size = if byte & 1 == 0 { 1 } else { integer };
        return Some(string_operands(byte, size, registers));
    }
    if !Opcode::has_modrm(map, byte) {
        return None;
    }
    let modrm = bytes.next()?;
    let extension = modrm >> 3 & 7;
    let (repeat, vector) = (prefixes.repeat, prefixes.vector);
    let opcode = Opcode { map, byte, extension, repeat, integer, vector };
    let is_jump = map == 0 && byte == 0xFF && matches!(extension, 2 | 4);
    if modrm >> 6 == 3 {
        let target = registers[register(modrm & 7, prefixes.rex & 1)];
        return is_jump.then_some([Some(Operand::jump(target)), None]);
    }
    let (address, parts) = address(&mut bytes, modrm, prefixes.rex, registers)?;
    let (kind, size) = opcode.access();
    let purpose = if is_jump { Purpose::JumpTarget } else { Purpose::Data };
    Some([Some(Operand { address, parts, kind, size, purpose }), None])
}

impl Operand {
    /// A jump to `target`, the value of a register.
    pub fn jump(target: usize) -> Operand {
        let (kind, purpose) = (AccessKind::Read, Purpose::Jump);
        Operand { address: target, parts: [Some(target), None], kind, size: None, purpose }
    }
}

fn register(low: u8, high: u8) -> usize {
    usize::from(low | (high & 1) << 3)
}

/// The address that a ModRM byte, and what follows it, stand for, and the registers in it.
fn address(
    bytes: &mut Bytes<'_>,
    modrm: u8,
    rex: u8,
    registers: &[usize; 16],
) -> Option<(usize, [Option<usize>; 2])> {
    let (mode, low) = (modrm >> 6, modrm & 7);
    let (mut index, mut scale) = (None, 0);
    let base;
    let mut wide_displacement = false;
    if low == 4 {
        let sib = bytes.next()?;
        scale = sib >> 6;
        let number = register(sib >> 3 & 7, rex >> 1);
        index = (number != 4).then(|| registers[number]);
        wide_displacement = sib & 7 == 5 && mode == 0;
        base = (!wide_displacement).then(|| registers[register(sib & 7, rex)]);
    } else if low == 5 && mode == 0 {
        return None;
    } else {
        base = Some(registers[register(low, rex)]);
    }
    let displacement = bytes.displacement(match mode {
        1 => 1,
        2 => 4,
        _ if wide_displacement => 4,
        _ => 0,
    })?;
    let scaled = index.unwrap_or(0) << scale;
    let address = base.unwrap_or(0).wrapping_add(scaled).wrapping_add(displacement);
    Some((address, [base, index]))
}

fn string_operands(byte: u8, size: usize, registers: &[usize; 16]) -> [Option<Operand>; 2] {
    let operand = |number: usize, kind| {
        let address = registers[number];
        let (parts, purpose) = ([Some(address), None], Purpose::Data);
        Operand { address, parts, kind, size: Some(size), purpose }
    };
    let from = operand(RSI, AccessKind::Read);
    match byte & !1 {
        0xA4 => [Some(from), Some(operand(RDI, AccessKind::Write))],
        0xA6 => [Some(from), Some(operand(RDI, AccessKind::Read))],
        0xAA => [None, Some(operand(RDI, AccessKind::Write))],
        0xAC => [Some(from), None],
        _ => [None, Some(operand(RDI, AccessKind::Read))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AccessKind::{Read, Write};

    fn registers() -> [usize; 16] {
        core::array::from_fn(|number| (number + 1) * 0x1000)
    }

    /// Address, direction and size of the first operand.
    fn decoded(code: &[u8]) -> Option<(usize, AccessKind, Option<usize>)> {
        let operand = operands(code, &registers())?.into_iter().flatten().next()?;
        Some((operand.address, operand.kind, operand.size))
    }

    // The bytes are what the GNU assembler makes of the instruction in the comment.
    #[test]
    fn loads_and_stores_are_decoded() {
        let cases: [(&[u8], usize, AccessKind, Option<usize>); 14] = [
            (&[0x8B, 0x00], 0x1000, Read, Some(4)), // mov (%rax),%eax
            (&[0x48, 0x8B, 0x47, 0x08], 0x8008, Read, Some(8)), // mov 8(%rdi),%rax
            (&[0xC6, 0x00, 0x41], 0x1000, Write, Some(1)), // movb $0x41,(%rax)
            (&[0x66, 0x89, 0x43, 0xFE], 0x3FFE, Write, Some(2)), // mov %ax,-2(%rbx)
            (&[0x4A, 0x8D, 0x04, 0xC8], 0x1000 + 0xA000 * 8, Read, Some(8)),
            (&[0x42, 0x88, 0x0C, 0x10], 0x1000 + 0xB000, Write, Some(1)), // mov %cl,(%rax,%r10)
            (&[0x0F, 0xB6, 0x04, 0x24], 0x5000, Read, Some(1)),           // movzbl (%rsp),%eax
            (&[0x83, 0x38, 0x05], 0x1000, Read, Some(4)),                 // cmpl $5,(%rax)
            (&[0x48, 0x83, 0x00, 0x05], 0x1000, Write, Some(8)),          // addq $5,(%rax)
            (&[0xF3, 0x0F, 0x11, 0x00], 0x1000, Write, Some(4)),          // movss %xmm0,(%rax)
            (&[0xC5, 0xFE, 0x7F, 0x07], 0x8000, Write, Some(32)),         // vmovdqu %ymm0,(%rdi)
            (&[0xC4, 0xC1, 0x7E, 0x6F, 0x00], 0x9000, Read, Some(32)),    // vmovdqu (%r8),%ymm0
            (&[0x62, 0xF1, 0xFE, 0x48, 0x7F, 0x07], 0x8000, Write, Some(64)), // vmovdqu64 ..,(%rdi)
            (&[0xFF, 0x50, 0x10], 0x1010, Read, Some(8)),                 // call *16(%rax)
        ];
        for (code, address, kind, size) in cases {
            assert_eq!(decoded(code), Some((address, kind, size)), "{code:02x?}");
        }
    }

    #[test]
    fn string_instructions_have_two_operands() {
        let found = operands(&[0xF3, 0xA4], &registers()).expect("rep movsb");
        let addresses = found.map(|operand| operand.map(|operand| (operand.address, operand.kind)));
        assert_eq!(addresses, [Some((0x7000, Read)), Some((0x8000, Write))]);
    }

    #[test]
    fn a_jump_to_a_register_is_one_and_other_registers_are_nothing() {
        let jump = operands(&[0x41, 0xFF, 0xD3], &registers()).expect("call *%r11");
        assert_eq!(jump[0], Some(Operand::jump(0xC000)));
        assert_eq!(operands(&[0x89, 0xC8], &registers()), None); // mov %ecx,%eax
        assert_eq!(operands(&[0x48, 0x8B, 0x05, 0, 0, 0, 0], &registers()), None); // 0(%rip)
        assert_eq!(operands(&[0x64, 0x8B, 0x00], &registers()), None); // %fs:(%rax)
        assert_eq!(operands(&[0x90], &registers()), None);
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        let code = [0xC4, 0xC1, 0x7E, 0x6F, 0x44, 0xC8, 0x7F]; // vmovdqu 127(%r8,%rcx,8),%ymm0
        assert_eq!(decoded(&code).map(|found| found.0), Some(0x9000 + 0x2000 * 8 + 127));
        for length in 0..code.len() {
            assert_eq!(decoded(&code[..length]), None);
        }
    }
}
