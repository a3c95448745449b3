//! The class of a request, of the sizes that the short ways serve.

use crate::chunk::{HEADER_BYTES, SLOT_MIN};
use heapwarden_core::size_class::TABLE;

/// The largest request that has a class here.
pub const SIZE_MAX: usize = SLOT_MAX - HEADER_BYTES - 1;
/// The largest slot in the table.
const SLOT_MAX: usize = 2048;

/// The class of each slot size, in steps of 16 bytes.
static CLASS: [u8; SLOT_MAX / 16 + 1] = {
    let mut classes = [0; SLOT_MAX / 16 + 1];
    let mut class = 1;
    let mut step = 0;
    while step < classes.len() {
        while (TABLE[class].slot_bytes as usize) < step * 16
            || (TABLE[class].slot_bytes as usize) < SLOT_MIN
        {
            class += 1;
        }
        classes[step] = class as u8;
        step += 1;
    }
    classes
};

/// The class of a block of `size` bytes, at most [`SIZE_MAX`], with its header and at least one byte of
/// tail.
#[inline(always)]
pub fn class_for(size: usize) -> usize {
    CLASS[(size + HEADER_BYTES + 1).div_ceil(16)] as usize
}
