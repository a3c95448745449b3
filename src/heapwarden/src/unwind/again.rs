//! A stack that the thread was seen with lately: answered with nothing written and no walk prepared.

use super::engine::chosen_number;
use super::registers::Registers;
use super::{capture, modules, thread_state};

/// The call site of the stack of at most `depth` frames from `start` on, if it came up lately.
#[inline(always)]
pub fn known_site(start: &Registers, depth: usize) -> Option<u32> {
    let state = thread_state::at_rest()?;
    if state.generation != capture::generation(modules::generation(), chosen_number()) {
        return None;
    }
    state.recent.site(start, depth)
}
