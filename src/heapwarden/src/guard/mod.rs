//! Guard pages: a block that lies against pages nobody may touch, so that an access outside of it,
//! or after it was freed, faults at the very instruction.
//!
//! A guarded block is a run of pages (or a mapping) of the core's with a record out of line, like any
//! large block: lookups, walks, scans and `realloc` know it already. Here is what is special about
//! it: where its bytes lie among its pages ([`layout`]), how pages are made inaccessible ([`pages`]),
//! which requests get one ([`selection`], [`sample`]), and the freed ones, which stay inaccessible for
//! as long as there is room ([`slots`]), but for a few that stand ready ([`ready`]).
//! [`crate::checked`] puts it together.
//!
//! Invariants: a freed slot is inaccessible as a whole; to hand it out again, or to stand ready for that,
//! exactly its data pages are opened. What cannot be had (pages, mappings, memory) is done without: the block gets canaries.
//! Cost: two or three system calls and a page fault for a malloc/free pair, 4 KiB for a live block.

pub mod layout;
pub mod pages;
pub mod ready;
pub mod sample;
pub mod selection;
pub mod shortage;
pub mod slots;
mod verdicts;

use crate::options::Options;

/// Sets everything up; called once, by the start, before the first block. Returns whether any block
/// is to be guarded.
pub fn start(options: &Options) -> bool {
    let active = selection::start(options);
    if active {
        pages::start(options);
        slots::start(options);
    }
    active
}
