//! The few facts of an ELF file that decide whether LD_PRELOAD reaches the program in it.
//!
//! Pure functions over a way to read bytes; the file is whatever the user named, so nothing in it
//! is trusted.

/// What the first bytes of an executable say.
#[derive(Debug, PartialEq, Eq)]
pub enum Executable {
    /// A 64-bit x86 ELF file, with the path of the loader it asks for; none if it is static.
    Elf {
        /// The PT_INTERP string.
        loader: Option<Vec<u8>>,
    },
    /// An ELF file for another processor or word size.
    Foreign {
        /// 32 or 64.
        bits: u8,
        /// The e_machine number.
        machine: u16,
    },
    /// A script, with the interpreter after its `#!`.
    Script {
        /// The path of the interpreter.
        interpreter: Vec<u8>,
    },
    /// Something else: for the kernel's other handlers, or for the shell.
    Other,
}

const MACHINE_X86_64: u16 = 62;
const PROGRAM_HEADER_INTERPRETER: u64 = 3;
const PATH_MAX: u64 = 4096;

/// Reads from an offset into a buffer; says how many bytes there were.
pub type Read<'a> = &'a dyn Fn(u64, &mut [u8]) -> usize;

/// Judges a file by its content.
pub fn inspect(read: Read<'_>) -> Executable {
    // The kernel looks at as much of the first line.
    let mut head = [0; 256];
    let length = read(0, &mut head).min(head.len());
    match head[..length].strip_prefix(b"#!") {
        Some(line) => Executable::Script { interpreter: interpreter(line) },
        None => elf(read).unwrap_or(Executable::Other),
    }
}

fn interpreter(line: &[u8]) -> Vec<u8> {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or(line);
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    words.find(|word| !word.is_empty()).unwrap_or(b"").to_vec()
}

fn elf(read: Read<'_>) -> Option<Executable> {
    let identification = bytes::<6>(read, 0)?;
    let class = *identification.strip_prefix(b"\x7fELF")?.first()?;
    let big_endian = identification[5] == 2;
    let machine = number::<2>(read, 18)? as u16;
    let machine = if big_endian { machine.swap_bytes() } else { machine };
    if class != 2 || big_endian || machine != MACHINE_X86_64 {
        return Some(Executable::Foreign { bits: if class == 1 { 32 } else { 64 }, machine });
    }
    let table = number::<8>(read, 32)?;
    let (size, count) = (number::<2>(read, 54)?, number::<2>(read, 56)?);
    for index in 0..count {
        let header = table.checked_add(index * size)?;
        if number::<4>(read, header)? == PROGRAM_HEADER_INTERPRETER {
            let start = number::<8>(read, header.checked_add(8)?)?;
            let length = number::<8>(read, header.checked_add(32)?)?.min(PATH_MAX);
            let mut path = vec![0; usize::try_from(length).ok()?];
            if read(start, &mut path) < path.len() {
                return None;
            }
            let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
            path.truncate(end);
            return Some(Executable::Elf { loader: Some(path) });
        }
    }
    Some(Executable::Elf { loader: None })
}

fn bytes<const SIZE: usize>(read: Read<'_>, offset: u64) -> Option<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    (read(offset, &mut bytes) == SIZE).then_some(bytes)
}

/// A little-endian number.
fn number<const SIZE: usize>(read: Read<'_>, offset: u64) -> Option<u64> {
    let bytes = bytes::<SIZE>(read, offset)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The name of a processor, as far as it is a common one.
pub fn machine_name(machine: u16) -> String {
    let name = match machine {
        3 => "x86",
        8 => "MIPS",
        21 => "PowerPC",
        22 => "s390",
        40 => "ARM",
        62 => "x86-64",
        183 => "ARM64",
        243 => "RISC-V",
        other => return format!("machine {other}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(file: &[u8]) -> Executable {
        super::inspect(&|offset, buffer| {
            let rest =
                usize::try_from(offset).ok().and_then(|start| file.get(start..)).unwrap_or(b"");
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            length
        })
    }

    /// An ELF header with one program header of the given type, which points at `loader`.
    fn sample(class: u8, machine: u16, header_type: u32, loader: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 120];
        file[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1]);
        file[18..20].copy_from_slice(&machine.to_le_bytes());
        file[32] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64..68].copy_from_slice(&header_type.to_le_bytes());
        file[72] = 120;
        file[96..104].copy_from_slice(&(loader.len() as u64).to_le_bytes());
        file.extend_from_slice(loader);
        file
    }

    #[test]
    fn the_loader_is_found_and_its_absence_too() {
        let dynamic = sample(2, 62, 3, b"/lib64/ld.so\0");
        assert_eq!(inspect(&dynamic), Executable::Elf { loader: Some(b"/lib64/ld.so".to_vec()) });
        assert_eq!(inspect(&sample(2, 62, 1, b"")), Executable::Elf { loader: None });
    }

    #[test]
    fn other_machines_are_told_apart() {
        assert_eq!(inspect(&sample(1, 3, 3, b"")), Executable::Foreign { bits: 32, machine: 3 });
        // x32: the same machine, 32-bit addresses.
        assert_eq!(inspect(&sample(1, 62, 3, b"")), Executable::Foreign { bits: 32, machine: 62 });
        assert_eq!(
            inspect(&sample(2, 183, 3, b"")),
            Executable::Foreign { bits: 64, machine: 183 }
        );
        let mut big = sample(2, 22 << 8, 3, b"");
        big[5] = 2;
        assert_eq!(inspect(&big), Executable::Foreign { bits: 64, machine: 22 });
    }

    #[test]
    fn scripts_name_their_interpreter() {
        let script = |path: &[u8]| Executable::Script { interpreter: path.to_vec() };
        assert_eq!(inspect(b"#!/bin/sh\necho"), script(b"/bin/sh"));
        assert_eq!(inspect(b"#! \t/usr/bin/env python3\n"), script(b"/usr/bin/env"));
        assert_eq!(inspect(b"#!"), script(b""));
    }

    #[test]
    fn no_truncated_file_is_trusted() {
        let whole = sample(2, 62, 3, b"/lib64/ld.so\0");
        for length in 0..whole.len() {
            assert_eq!(inspect(&whole[..length]), Executable::Other, "{length}");
        }
        let mut wild = whole.clone();
        wild[72..80].fill(0xff);
        assert_eq!(inspect(&wild), Executable::Other);
        wild[32..40].fill(0xff);
        assert_eq!(inspect(&wild), Executable::Other);
    }
}
