//! What is left of the heap: leaks, and what each call site allocated.

use super::{Frame, Rest};
use serde::{Deserialize, Serialize};

/// What a leak check found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Leaks {
    pub definite: Tally,
    pub indirect: Tally,
    pub possible: Tally,
    pub reachable: Tally,
    pub records: Vec<LeakRecord>,
    /// What suppressions hid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressed: Vec<Suppressed>,
    pub coverage: Coverage,
    #[serde(flatten)]
    pub rest: Rest,
}

/// What one suppression hid.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Suppressed {
    pub template: String,
    pub bytes: u64,
    pub blocks: u64,
}

/// What the check looked at.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Threads that could not be stopped.
    pub threads_missed: u64,
    /// There was no memory for a check: nothing is known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_memory: bool,
    #[serde(flatten)]
    pub rest: Rest,
}

/// So many blocks of so many bytes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    pub bytes: u64,
    pub blocks: u64,
}

impl Tally {
    /// Adds others.
    pub fn add(&mut self, other: Tally) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.blocks = self.blocks.saturating_add(other.blocks);
    }
}

/// The blocks of one kind from one stack.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LeakRecord {
    pub kind: String,
    pub bytes: u64,
    pub blocks: u64,
    /// Of what only they lead to.
    pub retained_bytes: u64,
    pub retained_blocks: u64,
    /// Whether the blocks form a cycle.
    pub cycle: bool,
    pub stack: Vec<Frame>,
    /// The pointers of the cycle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    #[serde(flatten)]
    pub rest: Rest,
}

/// A pointer in a block of a cycle to the next block of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Edge {
    /// The block that holds it, and where in that.
    pub from: String,
    pub from_offset: u64,
    /// The block that it leads to, and where in that it points.
    pub to: String,
    pub to_offset: u64,
    /// Where the first one was allocated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    #[serde(flatten)]
    pub rest: Rest,
}

impl LeakRecord {
    /// The blocks themselves.
    pub fn own(&self) -> Tally {
        Tally { bytes: self.bytes, blocks: self.blocks }
    }

    /// What only they lead to.
    pub fn retained(&self) -> Tally {
        Tally { bytes: self.retained_bytes, blocks: self.retained_blocks }
    }
}

/// What was allocated by one stack.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallSite {
    pub stack: Vec<Frame>,
    pub allocations: u64,
    pub bytes: u64,
    pub live_blocks: u64,
    pub live_bytes: u64,
    pub peak_bytes: u64,
    #[serde(flatten)]
    pub rest: Rest,
}
