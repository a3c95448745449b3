//! Which requests get guard pages: by size, by chance, by where they are made.
//!
//! What is said about the place is asked once per call site and remembered.
//! Cost: some compares; with a choice by place, a stack for every request of the right size.

use super::layout::Side;
use super::{sample, verdicts};
use crate::chunk::ALIGNMENT;
use crate::options::{Options, Range, Words};
use crate::profile::Profile;
use core::cell::UnsafeCell;

/// On which side of their pages blocks lie, as an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// At the end.
    Right,
    /// At the start.
    Left,
    /// The one or the other, by call site.
    Auto,
}

/// What is chosen.
#[derive(Clone, Copy)]
pub struct Selection {
    /// Whether any block is guarded.
    active: bool,
    /// Sizes.
    sizes: Range,
    /// Parts of the path of a module in the stack; empty for any.
    pub module: Words,
    /// Parts of the name of a function in the stack; empty for any.
    pub function: Words,
    /// Call sites, by what reports call them; empty for any.
    pub sites: Words,
    align: Align,
    /// The alignment of blocks for which none is asked.
    alignment: usize,
}

struct Cell(UnsafeCell<Selection>);

// SAFETY: written by `start`, which the starting thread runs once while all others wait for it.
unsafe impl Sync for Cell {}

static SELECTION: Cell = Cell(UnsafeCell::new(Selection {
    active: false,
    sizes: Range::ALL,
    module: Words::NONE,
    function: Words::NONE,
    sites: Words::NONE,
    align: Align::Right,
    alignment: ALIGNMENT,
}));

/// What is chosen.
#[inline(always)]
pub fn selection() -> &'static Selection {
    // SAFETY: nobody writes after the start (see `Cell`).
    unsafe { &*SELECTION.0.get() }
}

/// Reads the choice; returns whether any block is guarded.
pub fn start(options: &Options) -> bool {
    let chosen = Selection {
        active: false,
        sizes: options.guard_size,
        module: options.guard_module,
        function: options.guard_function,
        sites: options.guard_site,
        align: options.align,
        alignment: (options.guard_alignment as usize).clamp(1, ALIGNMENT).next_power_of_two(),
    };
    let is_choice = chosen.is_by_place() || chosen.sizes != Range::ALL;
    let active = is_choice || options.guard_every > 0;
    // SAFETY: the start runs this once, before anybody reads.
    unsafe { *SELECTION.0.get() = Selection { active, ..chosen } };
    sample::start(sample::mean(options.guard_every, active), options.seed);
    active && options.profile != Profile::Plain
}

impl Selection {
    /// Whether the place of a request matters.
    #[inline(always)]
    pub fn is_by_place(&self) -> bool {
        let texts = [self.module, self.function, self.sites];
        texts.iter().any(|text| !text.as_bytes().is_empty())
    }

    /// Whether neither size nor place of a request matters.
    pub fn is_only_by_chance(&self) -> bool {
        self.active && self.sizes == Range::ALL && !self.is_by_place()
    }

    /// Whether a request of `size` may be guarded: its place still has a say if that matters.
    #[inline(always)]
    pub fn wants(&self, size: usize) -> bool {
        self.active && self.sizes.has(size) && (self.is_by_place() || sample::is_due())
    }

    /// Whether a request from a call site that [`Selection::wants`] let pass is guarded.
    pub fn wants_from(&self, site: u32) -> bool {
        !self.is_by_place() || verdicts::is_chosen(self, site) && sample::is_due()
    }

    /// At a multiple of what a block lies for which `asked` is asked, which is 16 if nothing is.
    pub fn alignment(&self, asked: usize) -> usize {
        if asked > ALIGNMENT { asked } else { self.alignment }
    }

    /// On which side blocks from a call site lie.
    pub fn side(&self, site: u32) -> Side {
        match self.align {
            Align::Right => Side::Right,
            Align::Left => Side::Left,
            Align::Auto if site & 1 == 0 => Side::Right,
            Align::Auto => Side::Left,
        }
    }
}
