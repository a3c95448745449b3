//! A cycle: `block A +16 -> block B +0 -> A`, and where its blocks were allocated.

use crate::formats::stack;
use crate::report_file::Edge;

/// Pointers that are shown of a large one.
const EDGES_MAX: usize = 16;

pub fn write(text: &mut String, edges: &[Edge]) {
    if edges.is_empty() {
        return;
    }
    let mut blocks: Vec<&str> = Vec::new();
    *text += "   the cycle: ";
    let mut reached = "";
    for (position, edge) in edges.iter().take(EDGES_MAX).enumerate() {
        if edge.from != reached {
            *text += if position > 0 { ", " } else { "" };
            *text += &name(&mut blocks, &edge.from);
        }
        *text += &format!(" +{} -> {}", edge.from_offset, name(&mut blocks, &edge.to));
        if edge.to_offset > 0 {
            *text += &format!(" ({} into it)", edge.to_offset);
        }
        reached = &edge.to;
    }
    if edges.len() > EDGES_MAX {
        *text += &format!(", and {} more pointers", edges.len() - EDGES_MAX);
    }
    text.push('\n');
    for (position, block) in blocks.iter().enumerate() {
        let edge = edges.iter().find(|edge| edge.from == **block);
        let place = edge.map_or_else(String::new, |edge| stack::headline(&edge.stack));
        *text += &format!("     {} was allocated by {place}\n", letters(position));
    }
}

/// `block A` at the first time, then `A`.
fn name<'a>(blocks: &mut Vec<&'a str>, address: &'a str) -> String {
    match blocks.iter().position(|other| *other == address) {
        Some(position) => letters(position),
        None => {
            blocks.push(address);
            format!("block {}", letters(blocks.len() - 1))
        }
    }
}

/// `A` to `Z`, then `A1`.
fn letters(position: usize) -> String {
    let letter = char::from(b'A' + (position % 26) as u8);
    match position / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}
