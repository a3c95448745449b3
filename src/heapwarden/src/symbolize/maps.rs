//! /proc/self/maps, line by line.

use super::file::read_file;
use crate::sandbox;

/// A line of it.
pub(crate) struct Mapping<'a> {
    pub start: usize,
    pub end: usize,
    pub readable: bool,
    pub writable: bool,
    pub private: bool,
    pub executable: bool,
    pub offset: u64,
    pub inode: u64,
    /// The file, or a name such as `[vdso]`; empty for memory without a name.
    pub path: &'a [u8],
}

/// Calls `visit` with every mapping, in order of addresses. False when the file cannot be opened, or
/// to try might end the program.
pub(crate) fn each(visit: &mut dyn FnMut(&Mapping<'_>)) -> bool {
    /// A path of 4096 bytes and the fields before it.
    const LINE_MAX: usize = 4096 + 128;
    let mut line = [0u8; LINE_MAX];
    let mut filled = 0;
    if sandbox::is_entered() {
        return false;
    }
    read_file(c"/proc/self/maps", &mut |portion| {
        for byte in portion {
            if *byte == b'\n' {
                if let Some(mapping) = line.get(..filled).and_then(parse) {
                    visit(&mapping);
                }
                filled = 0;
            } else if let Some(cell) = line.get_mut(filled) {
                *cell = *byte;
                filled += 1;
            }
        }
    })
}

/// `55d0c000-55d0e000 r-xp 00001000 fe:00 1234    /usr/bin/true`
fn parse(line: &[u8]) -> Option<Mapping<'_>> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let mut range = fields.next()?.splitn(2, |byte| *byte == b'-');
    let (start, end) = (hexadecimal(range.next()?)?, hexadecimal(range.next()?)?);
    let access = fields.next()?;
    let offset = hexadecimal(fields.next()?)?;
    let _device = fields.next()?;
    let inode = decimal(fields.next()?)?;
    Some(Mapping {
        start: start as usize,
        end: end as usize,
        readable: access.first() == Some(&b'r'),
        writable: access.get(1) == Some(&b'w'),
        private: access.get(3) == Some(&b'p'),
        executable: access.get(2) == Some(&b'x'),
        offset,
        inode,
        path: fields.next().unwrap_or(&[]).trim_ascii_start(),
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn decimal(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let line = b"55d0c000-55d0e000 r-xp 00001000 fe:00 1234                  /usr/a b/true";
        let mapping = parse(line).expect("a mapping");
        assert_eq!((mapping.start, mapping.end), (0x55d0_c000, 0x55d0_e000));
        assert!(mapping.readable && mapping.executable && mapping.private && !mapping.writable);
        assert_eq!((mapping.offset, mapping.inode), (0x1000, 1234));
        assert_eq!(mapping.path, b"/usr/a b/true");
        let anonymous = parse(b"1000-2000 ---p 00000000 00:00 0 ").expect("a mapping");
        assert!(!anonymous.readable && !anonymous.executable && anonymous.path.is_empty());
        assert!(parse(b"nonsense").is_none());
    }

    #[test]
    fn this_code_is_mapped_from_this_program() {
        let here = this_code_is_mapped_from_this_program as fn() as usize;
        let mut path = Vec::new();
        each(&mut |mapping| {
            if mapping.executable && mapping.start <= here {
                path = mapping.path.to_vec();
            }
        });
        let program = std::env::current_exe().expect("a path");
        assert_eq!(String::from_utf8_lossy(&path), program.to_string_lossy());
    }
}
