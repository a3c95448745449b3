//! What a call site is called in reports, so that it can be named in the options of the next run:
//! the same for the same code, wherever its modules are loaded.
//!
//! A hash of the innermost frames: for each the module's build id (or else its file's name) and the
//! offset in it. Frames outside of any module, of generated code for example, count as such without
//! an address.
//! Only modules that the unwinder has met count, which is so for every stack that it took: the loader
//! is not asked, for a report may be written while another thread holds its lock.
//! Cost: a walk over the list of modules for each frame; cold.

use crate::callsite::Stack;
use crate::text::Piece;
use crate::unwind::modules::{self, Module};

/// Innermost frames that tell a call site from others. Those of a whole stack would make a new site
/// of every way there, and depend on how deep stacks are kept.
const FRAMES: usize = 8;

/// The name of the call site with these frames; `None` when none of them lies in a module.
pub fn of(frames: Stack<'_>) -> Option<u32> {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    let mut is_known = false;
    for frame in frames.iter().take(FRAMES) {
        match modules::find_known(frame.saturating_sub(1)) {
            Some(module) => {
                is_known = true;
                hash.add(identity(module));
                hash.add(&(frame.wrapping_sub(module.base()) as u64).to_le_bytes());
            }
            None => hash.add(b"?"),
        }
    }
    is_known.then(|| hash.folded())
}

fn identity(module: &Module) -> &'static [u8] {
    if module.build_id().is_empty() {
        module.path().rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    } else {
        module.build_id()
    }
}

/// FNV-1a.
struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    /// 32 bits of it; never 0.
    fn folded(&self) -> u32 {
        ((self.0 >> 32 ^ self.0) as u32).max(1)
    }
}

/// The name as it is written: eight digits.
pub fn piece(id: u32) -> Piece {
    let mut piece = Piece::new();
    for shift in (0..8).rev() {
        let digit = id >> (4 * shift) & 15;
        piece.push(char::from_digit(digit, 16).map_or(b'0', |digit| digit as u8));
    }
    piece
}

/// What [`piece`] wrote.
pub fn parse(text: &[u8]) -> Option<u32> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let is_right = text.len() == 8;
    let number = text.iter().try_fold(0, |number: u32, byte| Some(number << 4 | digit(byte)?))?;
    is_right.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back() {
        for id in [1, 0x00ab_cdef, u32::MAX] {
            assert_eq!(parse(piece(id).as_bytes()), Some(id));
        }
        for text in ["", "1234567", "123456789", "1234567g"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn stacks_that_differ_have_different_names_and_unknown_ones_have_none() {
        modules::enter_all();
        let here = of as *const () as usize + 1;
        let (one, other) = (of(Stack::Frames(&[here])), of(Stack::Frames(&[here + 1])));
        assert!(one.is_some() && one != other);
        assert_eq!(of(Stack::Frames(&[here])), one);
        assert_eq!(of(Stack::Frames(&[16, 32])), None);
        assert_eq!(of(Stack::NONE), None);
    }
}
