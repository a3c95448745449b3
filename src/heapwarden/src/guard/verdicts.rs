//! Whether the blocks of a call site are chosen, remembered per call site.
//!
//! A stack is chosen when every choice that was made holds for it: one of its frames is in such a
//! module, one in such a function (patterns as in suppressions), and it is one of the call sites that
//! were named. The table forgets: two call sites may share a place in it.
//! Cost: a load; the first time a look at every frame, with symbols if functions are named.

use super::selection::Selection;
use crate::callsite::Stack;
use crate::leaks::suppress::matches as pattern_matches;
use crate::unwind::modules;
use crate::{inside, report, site, site_id};
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const PLACES: usize = 1 << 14;

/// A call site and, in the lowest bit, the verdict on it; 0 is empty.
static TABLE: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];

/// Whether the blocks of a call site are chosen; never those of an unknown one.
pub fn is_chosen(selection: &Selection, site: u32) -> bool {
    if site == 0 {
        return false;
    }
    let place = &TABLE[site as usize % PLACES];
    let known = place.load(Relaxed);
    if known >> 1 == u64::from(site) {
        return known & 1 != 0;
    }
    let chosen = judge(selection, site::frames(site));
    place.store(u64::from(site) << 1 | u64::from(chosen), Relaxed);
    chosen
}

#[cold]
fn judge(selection: &Selection, frames: Stack<'_>) -> bool {
    let _inside = inside::enter();
    let (module, function) = (selection.module.as_bytes(), selection.function.as_bytes());
    is_named(selection.sites.as_bytes(), frames)
        && (module.is_empty() || is_through_module(module, frames))
        && (function.is_empty() || is_through_function(function, frames))
}

/// Whether `names`, call sites with `+` between them, has this one, or names none at all.
fn is_named(names: &[u8], frames: Stack<'_>) -> bool {
    if names.is_empty() {
        return true;
    }
    let Some(id) = site_id::of(frames) else { return false };
    let mut items = names.split(|byte| *byte == b'+');
    items.any(|name| site_id::parse(name) == Some(id))
}

fn is_through_module(pattern: &[u8], frames: Stack<'_>) -> bool {
    let is_it = |frame: usize| {
        modules::find_known(frame.saturating_sub(1))
            .is_some_and(|module| pattern_matches(pattern, module.path()))
    };
    frames.iter().any(is_it)
}

fn is_through_function(pattern: &[u8], frames: Stack<'_>) -> bool {
    let mut found = false;
    report::with_names(&mut |symbols| {
        for frame in frames.iter() {
            symbols.frames(frame.saturating_sub(1), &mut |frame| {
                let name = frame.function.unwrap_or_default();
                found |= pattern_matches(pattern, name.as_bytes());
            });
        }
    });
    found
}
