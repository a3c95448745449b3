//! Blocks that the program freed and a layer above holds back (its quarantine).
//!
//! The core handed them out and has not got them back, so its counters take them for live; for the
//! statistics they are free. The layer counts them when it is asked: that costs the hot path nothing.

use crate::config::config;
use crate::locate::BlockKind;
use crate::slabs::size_class::{CLASSES, TABLE};

/// How many there are, by kind.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Slots, by class.
    pub slots: [u64; CLASSES],
    /// Page runs.
    pub runs: Amount,
    /// Blocks with a mapping of their own.
    pub direct: Amount,
}

/// Blocks and the bytes granted to them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amount {
    /// How many.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, blocks: u64, bytes: u64) {
        self.blocks += blocks;
        self.bytes += bytes;
    }
}

impl Waiting {
    /// Asks the layer above.
    pub(crate) fn count() -> Waiting {
        let none = Amount::default();
        let mut waiting = Waiting { slots: [0; CLASSES], runs: none, direct: none };
        if let Some(count) = config().hooks.waiting {
            count(&mut waiting);
        }
        waiting
    }

    /// Counts one block of `bytes`.
    pub fn add(&mut self, kind: BlockKind, bytes: usize) {
        match kind {
            BlockKind::Small { class } => {
                if let Some(slots) = self.slots.get_mut(usize::from(class)) {
                    *slots += 1;
                }
            }
            BlockKind::Large => self.runs.add(1, bytes as u64),
            BlockKind::Direct => self.direct.add(1, bytes as u64),
        }
    }

    /// All of them.
    pub(crate) fn total(&self) -> Amount {
        let mut total = self.runs;
        total.add(self.direct.blocks, self.direct.bytes);
        for (slots, class) in self.slots.iter().zip(&TABLE) {
            total.add(*slots, slots * u64::from(class.slot_bytes));
        }
        total
    }
}
