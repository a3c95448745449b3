//! What is left of the heap: leaks, and what each call site allocated.

use super::{Frame, Rest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a leak check found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Leaks {
    pub definite: Tally,
    pub indirect: Tally,
    pub possible: Tally,
    pub reachable: Tally,
    pub records: Vec<LeakRecord>,
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
    /// Whether there is none.
    pub fn is_nothing(&self) -> bool {
        *self == Tally::default()
    }

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
    /// `true`, or the edges of the cycle that the blocks form.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub cycle: Value,
    /// What only they lead to.
    #[serde(skip_serializing_if = "Tally::is_nothing")]
    pub retained: Tally,
    pub stack: Vec<Frame>,
    #[serde(flatten)]
    pub rest: Rest,
}

impl LeakRecord {
    /// Whether its blocks hold each other.
    pub fn is_cycle(&self) -> bool {
        match &self.cycle {
            Value::Bool(is_cycle) => *is_cycle,
            Value::Array(edges) => !edges.is_empty(),
            _ => false,
        }
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
