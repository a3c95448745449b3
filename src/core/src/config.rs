//! What can be chosen before the first block is handed out, and is fixed from then on.

use crate::field;
use crate::layout::Fact;
use crate::pages::fit::Fit;
use core::cell::UnsafeCell;
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// The core's settings.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Which free page run serves a request.
    pub fit: Fit,
    /// Where slots start within a slab: 0, or 8 for layers that put a header before each payload.
    pub slot_offset: u8,
    /// The most arenas; 0 means four per processor.
    pub arenas_max: u32,
    /// How long free pages wait for reuse before they go back to the kernel.
    pub decay_ms: u32,
    /// From this size on a block gets a mapping of its own. The value adapts upwards.
    pub direct_threshold: usize,
    /// Whether every request takes the instrumented slow path (statistics by request, journeys).
    pub instrument: bool,
    /// Whether the plain fast path is closed, because a layer above keeps its own.
    pub layered: bool,
    /// What a layer above wants to be told.
    pub hooks: Hooks,
}

/// Calls to a layer above. `carve` and `retire` are made under an arena's lock, so they may use
/// private memory but must not allocate blocks.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Slots are about to be taken for the first time, or will border such: the first one's
    /// start, the bytes of a slot, how many.
    pub carve: Option<fn(usize, usize, usize)>,
    /// Whether an empty slab may go: the first slot's start, the bytes of a slot, how many were
    /// carved. If not, the slab stays, and its slots are found damaged when they are used again.
    pub may_go: Option<fn(usize, usize, usize) -> bool>,
    /// A slab goes whose extension word was set: the word and the slab's class.
    pub retire: Option<fn(usize, u8)>,
    /// The calling thread ends; it still has its cache.
    pub thread_end: Option<fn()>,
    /// For the statistics: adds what the program freed and the layer still holds.
    pub waiting: Option<fn(&mut crate::Waiting)>,
    /// This is a forked child, and the core was put in order; no other thread runs the allocator.
    pub child: Option<fn()>,
}

impl Hooks {
    /// Nobody is told.
    pub const NONE: Self = Self {
        carve: None,
        may_go: None,
        retire: None,
        thread_end: None,
        waiting: None,
        child: None,
    };
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            fit: Fit::Best,
            slot_offset: 0,
            arenas_max: 0,
            decay_ms: 1000,
            direct_threshold: 1 << 20,
            instrument: false,
            layered: false,
            hooks: Hooks::NONE,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

const OPEN: u32 = 0;
const WRITING: u32 = 1;
const FIXED: u32 = 2;

struct Cell {
    stage: AtomicU32,
    config: UnsafeCell<Config>,
}

// SAFETY: written by the one thread that moved the stage from OPEN to WRITING, and read only
// after the stage is FIXED.
unsafe impl Sync for Cell {}

static CELL: Cell = Cell { stage: AtomicU32::new(OPEN), config: UnsafeCell::new(Config::new()) };

/// Chooses the settings. Only the first call counts, and none after the first block.
pub fn configure(config: &Config) {
    if CELL.stage.compare_exchange(OPEN, WRITING, Relaxed, Relaxed).is_ok() {
        // SAFETY: this thread alone is in the WRITING stage, and nobody reads before FIXED.
        unsafe { *CELL.config.get() = *config };
        // Release: pairs with the Acquire in `config`.
        CELL.stage.store(FIXED, Release);
    }
}

/// The settings in force; fixes the defaults when none were chosen.
#[inline]
pub(crate) fn config() -> &'static Config {
    while CELL.stage.load(Acquire) != FIXED {
        configure(&Config::new());
    }
    // SAFETY: FIXED, so nobody writes any more.
    unsafe { &*CELL.config.get() }
}

/// For debuggers. The config lies in a cell, at the cell's own address.
pub static FACTS: [Fact; 2] =
    [Fact::place("config", CELL.config.get()), field!(Config, slot_offset)];
