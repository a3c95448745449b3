//! What a checked profile pays for. Written once, before the first block; read on every path.

use super::{guardian, leave};
use crate::chunk::{secret, tail};
use crate::guard::selection::selection;
use crate::options::Options;
use crate::profile::Profile;
use crate::{evidence, guard};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use heapwarden_core::layout::Fact;
use heapwarden_core::{Hooks, field};

/// The checked heap's settings.
#[derive(Debug)]
pub struct Settings {
    /// Whether the checked heap is in force.
    pub active: bool,
    /// Whether the short way is open: the settings are those that it is made for.
    quick: AtomicBool,
    /// Whether every request is watched: for the statistics, as a journey, by a fuzzer.
    watched: AtomicBool,
    /// Whether some blocks are guarded, and have stacks.
    pub guards: bool,
    /// The least bytes of tail canary.
    pub tail_min: usize,
    /// How many bytes of the tail are verified at free.
    pub tail_window: usize,
    /// Whether freed blocks are filled, wait, and are verified before they are used again. Without
    /// it they go back to the core at once, and what stands in free memory says nothing.
    pub quarantine: bool,
    /// What freed payloads are filled with, if they are.
    pub free_fill: u8,
    /// Whether the fill is verified when a slot leaves the quarantine as well as before its reuse:
    /// the damage is then seen earlier, at the price of one more visit to memory gone cold.
    pub verify_leaving: bool,
    /// What fresh payloads are filled with; `None` leaves them.
    pub new_fill: Option<u8>,
    /// Whether realloc may lengthen a run of pages where it is. Elsewhere the block moves whenever
    /// it grows, so that the program's old pointers to it lead to freed memory.
    pub grow_in_place: bool,
    /// Whether records with call sites are kept.
    pub evidence: bool,
    /// Whether the call site of a free is kept too.
    pub free_sites: bool,
    /// Whether blocks are counted per call site.
    pub accounting: bool,
    /// Frames per stack.
    pub stack_depth: usize,
    /// Bytes of each ring.
    pub ring_bytes: usize,
    /// Bytes of the shared FIFO; 0 means that there is none.
    pub fifo_bytes: usize,
    /// A random live chunk is verified every so many frees; 0 means never.
    pub check_every: u32,
}

/// What `debug` fills freed payloads with. Repeated eight times it is no address, so a pointer read
/// from freed memory faults; `harden` zeroes.
pub const FREE_FILL: u8 = 0xDF;
/// What `debug` fills fresh payloads with; no address either.
pub const NEW_FILL: u8 = 0xBE;

/// The least bytes of tail canary in `debug`.
pub const TAIL_MIN: usize = 8;

/// What the one copy of the settings starts with.
#[expect(clippy::declare_interior_mutable_const)]
const INACTIVE: Settings = Settings {
    active: false,
    quick: AtomicBool::new(false),
    watched: AtomicBool::new(false),
    guards: false,
    tail_min: 1,
    tail_window: usize::MAX,
    quarantine: true,
    free_fill: 0,
    verify_leaving: false,
    new_fill: None,
    grow_in_place: false,
    evidence: false,
    free_sites: false,
    accounting: false,
    stack_depth: 0,
    ring_bytes: 0,
    fifo_bytes: 0,
    check_every: 0,
};

impl Settings {
    /// Whether they are what [`quick`](super::quick) is made for: `harden`, with nobody watching, and at
    /// most chance to say which blocks are guarded; or `leak` or `debug`, with none guarded.
    fn suit_quick(&self) -> bool {
        if self.evidence { self.suit_recorded() } else { self.suit_unrecorded() }
    }

    fn suit_recorded(&self) -> bool {
        let plain = self.active && !self.guards && !self.is_watched();
        plain && if self.quarantine { self.suit_waiting() } else { self.suit_gone() }
    }

    fn suit_waiting(&self) -> bool {
        let fills = self.free_fill == FREE_FILL && self.new_fill == Some(NEW_FILL);
        let checks = self.tail_min == TAIL_MIN && self.tail_window == usize::MAX;
        fills && checks && self.free_sites
    }

    fn suit_gone(&self) -> bool {
        let checks = self.tail_min == 1 && self.tail_window == tail::WINDOW;
        checks && self.new_fill.is_none() && self.accounting
    }

    fn suit_unrecorded(&self) -> bool {
        let checks = self.active && self.tail_min == 1 && self.tail_window == tail::WINDOW;
        let waits = self.quarantine && self.fifo_bytes == 0 && !self.verify_leaving;
        let fills = self.free_fill == 0 && self.new_fill.is_none();
        let plain = !self.guards || selection().is_only_by_chance();
        checks && waits && fills && plain && !self.is_watched()
    }
}

struct Cell(UnsafeCell<Settings>);

// SAFETY: written by `start`, which the starting thread runs once while all others wait for it. What
// changes afterwards is atomic.
unsafe impl Sync for Cell {}

static SETTINGS: Cell = Cell(UnsafeCell::new(INACTIVE));

/// The settings in force.
#[inline(always)]
pub fn settings() -> &'static Settings {
    // SAFETY: nobody writes after the start (see `Cell`).
    unsafe { &*SETTINGS.0.get() }
}

impl Settings {
    /// Whether the short way is open.
    #[inline(always)]
    pub fn is_quick(&self) -> bool {
        self.quick.load(Relaxed)
    }

    /// Whether every request is watched.
    #[inline(always)]
    pub fn is_watched(&self) -> bool {
        self.watched.load(Relaxed)
    }
}

/// From now on every request is watched, but for those of other threads for which the short way without
/// records is open already.
pub fn watch() {
    settings().watched.store(true, Relaxed);
    settings().quick.store(false, Relaxed);
    super::quick::close();
    guardian::close_records();
}

/// The hooks into the core that the checked heap needs.
pub const HOOKS: Hooks = Hooks {
    carve: Some(super::verify::carve),
    may_go: Some(super::verify::may_go),
    retire: Some(evidence::retire),
    thread_end: Some(guardian::end_thread),
    waiting: Some(super::census::waiting),
    child: Some(leave::repair_after_fork),
};

/// Whether a profile's blocks are checked.
pub const fn is_checked(profile: Profile) -> bool {
    !matches!(profile, Profile::Plain)
}

/// Sets the checked heap up for `options`; called once, by the start, before the first block.
pub fn start(options: &Options) {
    if !is_checked(options.profile) {
        return;
    }
    secret::draw();
    let debug = matches!(options.profile, Profile::Debug | Profile::Guard);
    let leak = matches!(options.profile, Profile::Leak);
    let settings = Settings {
        active: true,
        quick: AtomicBool::new(false),
        watched: AtomicBool::new(options.stats || options.journey > 0),
        guards: guard::start(options),
        tail_min: if debug { TAIL_MIN } else { 1 },
        tail_window: if debug { usize::MAX } else { tail::WINDOW },
        quarantine: !leak,
        free_fill: if debug { FREE_FILL } else { 0 },
        verify_leaving: debug,
        new_fill: debug.then_some(NEW_FILL),
        grow_in_place: !debug,
        evidence: debug || leak,
        free_sites: debug,
        accounting: options.accounting && (debug || leak),
        stack_depth: options.stack_depth as usize,
        ring_bytes: options.ring_kb as usize * 1024,
        fifo_bytes: options.quarantine_mb as usize * 1024 * 1024,
        check_every: options.check_every,
    };
    settings.quick.store(settings.suit_quick(), Relaxed);
    // SAFETY: the start runs this once, before anybody reads.
    unsafe { *SETTINGS.0.get() = settings };
}

/// For debuggers. The settings lie in a cell, at the cell's own address.
pub static FACTS: [Fact; 7] = [
    Fact::place("settings", SETTINGS.0.get()),
    field!(Settings, active),
    field!(Settings, quarantine),
    field!(Settings, free_fill),
    field!(Settings, evidence),
    Fact::number("large.tail_max", super::TAIL_MAX),
    Fact::number("guard.front_max", super::guarded::FRONT_MAX),
];
