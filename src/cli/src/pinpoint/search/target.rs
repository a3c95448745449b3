//! One damage: which blocks it is known by, what is left to try, and who did it.

use super::{Aim, Side};
use crate::report_file::{Error, same_place};

/// Damage that the first run found.
#[derive(Debug)]
pub struct Target {
    /// The process that reported it.
    pub process: u32,
    /// As the first run reported it.
    pub late: Error,
    pub(super) sites: Vec<String>,
    /// Where the blocks were allocated, for reports that do not name the call site.
    places: Vec<String>,
    pub(super) side: Side,
    pub(super) everything: bool,
    /// Runs that found nothing more of it.
    misses: u32,
    /// Who did it.
    pub seen: Option<Seen>,
}

/// An access in the very moment.
#[derive(Clone, Debug)]
pub struct Seen {
    pub round: u32,
    pub process: u32,
    pub aim: Aim,
    pub error: Error,
}

impl Target {
    pub(super) fn of(process: u32, late: &Error) -> Target {
        let mut target = Target {
            process,
            late: late.clone(),
            sites: Vec::new(),
            places: Vec::new(),
            side: Side::End,
            everything: false,
            misses: 0,
            seen: None,
        };
        target.add(late);
        target.everything = target.sites.is_empty();
        target
    }

    /// Whether it is not known who did it, and there is something left to try.
    pub(super) fn is_open(&self) -> bool {
        // Its own call sites, everything, and everything from the other side.
        const MISSES_MAX: u32 = 3;
        self.seen.is_none() && self.misses < MISSES_MAX
    }

    /// Adds the blocks of an error; whether that is news.
    fn add(&mut self, error: &Error) -> bool {
        let before = (self.sites.len(), self.side);
        for site in sites_of(error) {
            if !self.sites.contains(site) {
                self.sites.push(site.clone());
            }
        }
        let stacks = error.neighbour.iter().map(|block| &block.alloc_stack);
        for stack in stacks.chain([&error.alloc_stack]).filter(|stack| !stack.is_empty()) {
            self.places.push(same_place(stack));
        }
        // Before nobody's block: then something else was overrun.
        if error.block.as_ref().and_then(|block| block.offset).is_some_and(|offset| offset < 0) {
            self.side = Side::Start;
        }
        before != (self.sites.len(), self.side)
    }

    /// Whether it is about one of the target's blocks.
    pub fn is_about(&self, error: &Error) -> bool {
        let is_of_site = sites_of(error).any(|site| self.sites.contains(site));
        let is_of_place =
            !error.alloc_stack.is_empty() && self.places.contains(&same_place(&error.alloc_stack));
        is_of_site || is_of_place
    }

    /// Whether the error says something new.
    pub(super) fn learn(&mut self, round: u32, process: u32, aim: &Aim, error: &Error) -> bool {
        if is_access(error) {
            self.seen.get_or_insert(Seen {
                round,
                process,
                aim: aim.clone(),
                error: error.clone(),
            });
            return true;
        }
        // At the start of its pages the block's own underflow would have been seen. It was another's
        // write then, and that one can be anybody's.
        let is_refuted = self.side == Side::Start && !self.is_about(error);
        is_late(error) && self.add(error) && !is_refuted
    }

    /// A run found nothing new of it.
    pub(super) fn widen(&mut self) {
        self.misses += 1;
        // What looked like an underflow of a block can be an overflow of one far before it.
        self.side = if self.everything { Side::Start } else { Side::End };
        self.everything = true;
    }
}

/// Whether it is damage that somebody did whom nobody saw.
pub fn is_late(error: &Error) -> bool {
    error.damage.is_some() || error.kind == "heap-corruption"
}

/// Whether it is an access that was seen.
fn is_access(error: &Error) -> bool {
    !is_late(error) && matches!(error.access.kind.as_str(), "read" | "write")
}

/// Whether it is a write that was seen.
pub(super) fn is_write(error: &Error) -> bool {
    is_access(error) && error.access.kind == "write"
}

/// The call sites of the block and of its neighbour.
fn sites_of(error: &Error) -> impl Iterator<Item = &String> {
    let neighbour = error.neighbour.as_ref().and_then(|block| block.alloc_site.as_ref());
    error.alloc_site.iter().chain(neighbour)
}
