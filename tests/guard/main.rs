//! Guard pages: every access outside of a block, or after it was freed, is named at the instruction.

#[path = "../support/mod.rs"]
mod support;

mod accesses;
mod calls;
mod limits;
mod moves;
mod sample;
mod selection;
