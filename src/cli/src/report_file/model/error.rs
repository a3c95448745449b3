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
    #[serde(flatten)]
    pub rest: Rest,
}

fn one() -> u64 {
    1
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alloc_stack: Vec<Frame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub free_stack: Vec<Frame>,
    #[serde(flatten)]
    pub rest: Rest,
}
