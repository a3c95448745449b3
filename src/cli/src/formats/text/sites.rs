//! The call sites: a ranking for each cost, in lines; below them the stacks, each once.

use super::number::{bytes, grouped};
use super::rest;
use crate::formats::stack;
use crate::formats::{Cost, View};
use crate::report_file::Frame;

pub fn write(text: &mut String, view: &View<'_>) {
    // Leaks have a list of their own, with more detail.
    let wanted = |cost: &Cost| match view.cost {
        Some(chosen) => *cost == chosen,
        None => !matches!(cost, Cost::Leaked | Cost::Allocations),
    };
    if view.report.callsites.is_none() && view.cost != Some(Cost::Leaked) || !view.kinds.is_all() {
        return;
    }
    let mut stacks: Vec<&[Frame]> = Vec::new();
    for cost in view.costs().into_iter().filter(wanted) {
        ranking(text, view, cost, &mut stacks);
    }
    if !stacks.is_empty() {
        *text += "\nStacks of these call sites\n";
    }
    for (position, stack) in stacks.iter().enumerate() {
        *text += &format!("\n  [{}]\n", position + 1);
        stack::write(text, "     ", stack);
    }
}

/// `[3]  12.3 KiB  40.1%  function file:line`.
fn ranking<'a>(text: &mut String, view: &View<'a>, cost: Cost, stacks: &mut Vec<&'a [Frame]>) {
    let all = cost.stacks(view);
    let total = all.iter().fold(0u64, |sum, (_, value)| sum.saturating_add(*value));
    if total == 0 {
        return;
    }
    *text += &format!("\nCall sites by {}\n", cost.title());
    for (stack, value) in all.iter().take(view.top) {
        // The same slice: a call site is in every ranking.
        let known = stacks.iter().position(|other| std::ptr::eq(*other, *stack));
        let number = known.unwrap_or(stacks.len()) + 1;
        if known.is_none() {
            stacks.push(stack);
        }
        let share = *value as f64 * 100.0 / total as f64;
        let value = if cost.is_bytes() { bytes(*value) } else { grouped(*value) };
        let number = format!("[{number}]");
        *text += &format!("  {number:>5} {value:>12} {share:>5.1}%  {}\n", stack::headline(stack));
    }
    rest(text, all.len(), view.top);
}
