//! Values that are made of what freed and fresh blocks are filled with.

use crate::checked::{FREE_FILL, NEW_FILL, settings};

/// Fields and elements lie at most so far from the pointer to their object.
const NEAR_FILL: usize = 1 << 20;

/// Which of our bytes a value is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// That of freed blocks.
    Freed,
    /// That of fresh ones.
    Fresh,
}

impl Fill {
    /// The fill byte that `value` is eight times, or nearly.
    pub fn of(value: usize) -> Option<Fill> {
        let is_near = |byte| {
            let whole = usize::from_ne_bytes([byte; 8]);
            value.wrapping_sub(whole).wrapping_add(NEAR_FILL) <= 2 * NEAR_FILL
        };
        Fill::first(is_near)
    }

    /// The fill byte that `value` is four times, as an int is: widened with or without its sign.
    pub fn of_narrow(value: usize) -> Option<Fill> {
        Fill::first(|byte| {
            let narrow = u32::from_ne_bytes([byte; 4]);
            value == narrow as usize || value == narrow as i32 as usize
        })
    }

    fn first(holds: impl Fn(u8) -> bool) -> Option<Fill> {
        let settings = settings();
        if settings.free_fill == FREE_FILL && holds(FREE_FILL) {
            return Some(Fill::Freed);
        }
        (settings.new_fill == Some(NEW_FILL) && holds(NEW_FILL)).then_some(Fill::Fresh)
    }
}
