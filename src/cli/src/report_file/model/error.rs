//! An error, and the block it is about.

use super::{Frame, Rest};
use serde::{Deserialize, Serialize};

/// One error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Error {
    #[serde(default = "one")]
    pub count: u64,
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    pub thread: Thread,
    pub access: Access,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<Rest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alloc_stack: Vec<Frame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free_stack: Vec<Frame>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbour: Option<Block>,
    /// Of a dangling pointer: where it lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What the call site of the block's allocation is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alloc_site: Option<String>,
    /// With `run --pinpoint`: who did what was found later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinpoint: Option<Pinpointed>,
    #[serde(flatten)]
    pub rest: Rest,
}

/// Whether a later run saw the access, and what the first one had found. If one did, the error is as
/// that run reported it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pinpointed {
    pub seen: bool,
    /// Which run did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u32>,
    /// Its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The call sites whose blocks had guard pages then; absent if all had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guard_site: Option<Vec<String>>,
    /// On which side of their pages those lay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<String>,
    /// The error as the first run reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Box<Error>>,
    /// Why nobody was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(flatten)]
    pub rest: Rest,
}

fn one() -> u64 {
    1
}

impl Error {
    /// Every stack in it.
    pub fn each_stack(&mut self, visit: &mut dyn FnMut(&mut Vec<Frame>)) {
        visit(&mut self.stack);
        visit(&mut self.alloc_stack);
        visit(&mut self.free_stack);
        if let Some(block) = &mut self.neighbour {
            visit(&mut block.alloc_stack);
            visit(&mut block.free_stack);
        }
        if let Some(holder) = &mut self.holder {
            visit(&mut holder.stack);
        }
        if let Some(late) = self.pinpoint.as_mut().and_then(|pinpoint| pinpoint.late.as_mut()) {
            late.each_stack(visit);
        }
    }
}

/// What holds a pointer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Holder {
    /// `global`, `stack`, `thread-local`, `register`, `registered` or `block`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In the variable or the block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Where the block was allocated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    #[serde(flatten)]
    pub rest: Rest,
}

/// A thread.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Thread {
    pub number: u64,
    #[serde(flatten)]
    pub rest: Rest,
}

/// An access to memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub found_by: String,
    #[serde(flatten)]
    pub rest: Rest,
}

/// A block, with its history if it is a neighbour.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Block {
    pub address: String,
    pub size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub family: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Of a neighbour: what the call site of its allocation is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alloc_site: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alloc_stack: Vec<Frame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free_stack: Vec<Frame>,
    #[serde(flatten)]
    pub rest: Rest,
}
