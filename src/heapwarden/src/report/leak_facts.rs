//! What a report about leaks is made of: a check, and what is known around it.

use crate::callsite::Stack;
use crate::leaks::Level;
use crate::leaks::facts::{Check, LeakKind, Tally};

/// A report about leaks and dangling pointers.
#[derive(Clone, Copy)]
pub struct LeakFacts<'a> {
    /// What was found.
    pub check: &'a Check<'a>,
    /// The return addresses of a call site, innermost first; none if it is unknown.
    pub stack: fn(u32) -> Stack<'static>,
    /// What suppressions hid.
    pub hidden: &'a [Hidden<'a>],
    /// What is different from the last report, if there was one.
    pub change: Option<&'a [SiteChange]>,
    /// The call or check that found it.
    pub found_by: &'static str,
    /// How much is told.
    pub level: Level,
    /// How many call sites a summary shows.
    pub top: usize,
    /// Something is said also when there is nothing to say: somebody asked.
    pub asked: bool,
}

/// What a suppression hid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden<'a> {
    /// Its pattern.
    pub template: &'a [u8],
    /// The blocks.
    pub tally: Tally,
}

/// The live blocks of a call site, then and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteChange {
    /// The call site.
    pub site: u32,
    /// In the last report.
    pub before: Tally,
    /// In this one.
    pub now: Tally,
}

impl LeakFacts<'_> {
    /// How much of one kind there is.
    pub fn total(&self, kind: LeakKind) -> Tally {
        self.check.total(kind)
    }

    /// What leaked.
    pub fn lost(&self) -> Tally {
        self.check.lost()
    }

    /// Whether blocks are told of: what is only possibly lost is not worth it alone, unless all is
    /// wanted.
    pub fn has_blocks_to_tell(&self) -> bool {
        let is_full = self.level == Level::Full;
        let possible = is_full && self.total(LeakKind::Possible).blocks > 0;
        self.asked || possible || self.lost().blocks > 0
    }

    /// Whether there is anything to tell.
    pub fn is_worth_telling(&self) -> bool {
        self.has_blocks_to_tell()
            || !self.check.dangling.is_empty()
            || !self.hidden.is_empty()
            || self.check.coverage.no_memory
    }
}
