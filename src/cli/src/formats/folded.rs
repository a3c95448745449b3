//! Folded stacks, the input of flame graphs: `outermost;..;innermost COST`, a line for each stack.

use super::View;
use super::cost::Cost;
use crate::report_file::{Frame, frame_name};
use std::collections::BTreeMap;

/// The stacks with the cost that was asked for, live bytes if none was.
pub fn render(view: &View<'_>) -> String {
    let stacks = folded(view, view.cost.unwrap_or(Cost::Live));
    stacks.into_iter().map(|(stack, cost)| format!("{stack} {cost}\n")).collect()
}

/// Two runs: the line ends with the old and the new cost, which makes a differential flame graph.
pub fn render_diff(old: &View<'_>, new: &View<'_>) -> String {
    let cost = new.cost.unwrap_or(Cost::Live);
    let mut both: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (stack, cost) in folded(old, cost) {
        both.entry(stack).or_default().0 = cost;
    }
    for (stack, cost) in folded(new, cost) {
        both.entry(stack).or_default().1 = cost;
    }
    both.into_iter().map(|(stack, (old, new))| format!("{stack} {old} {new}\n")).collect()
}

/// Stacks that differ only in lines are one.
fn folded(view: &View<'_>, cost: Cost) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for (stack, cost) in cost.stacks(view) {
        let sum = sums.entry(line(stack)).or_default();
        *sum = sum.saturating_add(cost);
    }
    sums
}

fn line(stack: &[Frame]) -> String {
    if stack.is_empty() {
        return "(no stack was kept)".into();
    }
    // A semicolon separates frames, and Rust's types have some: `[u8; 4]`.
    let name = |frame: &Frame| frame_name(frame).replace(';', ":").replace('\n', " ");
    stack.iter().rev().map(name).collect::<Vec<_>>().join(";")
}
