//! Which of a scope's blocks are lost, and how a test says so.
//!
//! Dead values of the closure must not keep alive what it lost: its frames are cleared before the
//! program's memory is read, and nothing here keeps an address of a block in a frame of its own.

use super::scope::Scope;
use crate::leaks::check::Request;
use crate::leaks::facts::{Check, Tally};
use crate::leaks::{self, Level, ignore};
use crate::mapped::List;
use crate::report::{self, LeakFacts};
use crate::{site, text};
use core::hint::black_box;

/// What was lost, and where it was allocated.
pub struct Lost {
    /// How much.
    pub tally: Tally,
    /// Records with stacks.
    pub text: List<u8>,
}

/// Ends a scope; what it lost, if anything.
#[inline(never)]
pub fn end(scope: Scope) -> Option<Lost> {
    let live = live_blocks(scope);
    if live.as_slice().is_empty() {
        return None;
    }
    clear_stack();
    let lost = lost_of(&live);
    if lost.is_some() {
        // The end of the process is not to tell it once more.
        for block in live.as_slice() {
            ignore::ignore(*block);
        }
    }
    lost
}

#[inline(never)]
fn live_blocks(scope: Scope) -> List<usize> {
    let mut live = List::new();
    let total = scope.end(&mut |entry| {
        live.push(entry.address);
    });
    if total.is_short {
        text::complain(&[b"no memory to keep all blocks of a test: not all of them are looked at"]);
    }
    live.as_mut_slice().sort_unstable();
    live
}

/// Overwrites what calls left below the caller's frame, before the next call's frame is there.
#[inline(never)]
pub fn clear_stack() {
    black_box([0usize; 1024]);
}

#[inline(never)]
fn lost_of(live: &List<usize>) -> Option<Lost> {
    let mut lost = None;
    let request = Request { only: Some(live.as_slice()), ..Request::default() };
    leaks::ask(&request, &mut |found| {
        let tally = found.lost();
        if tally.blocks > 0 {
            lost = Some(Lost { tally, text: describe(found) });
        }
    });
    lost
}

fn describe(found: &Check<'_>) -> List<u8> {
    let facts = LeakFacts {
        check: found,
        stack: site::frames,
        hidden: &[],
        change: None,
        found_by: "assert_no_leaks",
        level: Level::Summary,
        top: crate::start::options().top as usize,
        asked: true,
    };
    report::written(&mut |symbols, out, style| {
        report::text::render_leak_records(&facts, symbols, out, style);
    })
}

/// The stack of a call site.
pub fn stack(number: u32) -> List<u8> {
    report::written(&mut |symbols, out, style| {
        report::text::render_stack(site::frames(number), symbols, out, style);
    })
}
