//! The first lines: whose report it is, and what a person should look at.

use super::number::{bytes, counted, grouped};
use crate::formats::stack::{headline, printable};
use crate::formats::{Cost, View};
use crate::report_file::{CallSite, Process, Tally};
use heapwarden::leaks::facts::LeakKind;

/// Processes that are listed.
const PROCESSES_MAX: usize = 8;

pub fn write(text: &mut String, view: &View<'_>) {
    processes(text, view);
    *text += "\n";
    if view.kinds.has_errors() {
        errors(text, view);
    }
    if view.kinds.has_leaks() {
        leaks(text, view);
    }
    if view.kinds.is_all() {
        sites(text, view);
        for sentence in view.missing() {
            *text += &format!("  note       {sentence}\n");
        }
        partly(text, view);
    }
}

/// A process that was killed has no leak check, and the sums do not show it.
fn partly(text: &mut String, view: &View<'_>) {
    let processes = view.report.all_processes();
    let with = |has: fn(&Process) -> bool| processes.iter().filter(|process| has(process)).count();
    let parts = [("leaks", with(|has| has.leaks)), ("call sites", with(|has| has.callsites))];
    for (what, count) in parts {
        if count > 0 && count < processes.len() {
            *text += &format!("  note       {what}: of {count} of {} processes\n", processes.len());
        }
    }
}

fn processes(text: &mut String, view: &View<'_>) {
    let processes = view.report.all_processes();
    let which = match processes.len() {
        1 => "process".to_owned(),
        count => format!("{count} processes, merged by stack"),
    };
    *text += &format!("Heapwarden report of {which}\n");
    for process in processes.iter().take(PROCESSES_MAX) {
        *text += &format!("  {} [{}] {}\n", process.pid, process.profile, command(process));
    }
    if processes.len() > PROCESSES_MAX {
        *text += &format!("  and {} more\n", processes.len() - PROCESSES_MAX);
    }
}

/// The command line, as far as it fits.
fn command(process: &Process) -> String {
    const LETTERS_MAX: usize = 100;
    let line = printable(&process.argv.join(" "));
    match line.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}..", line.get(..end).unwrap_or(&line)),
        None => line,
    }
}

fn errors(text: &mut String, view: &View<'_>) {
    let errors = view.errors();
    if errors.is_empty() {
        *text += "  errors     none\n";
    }
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for error in errors {
        match kinds.iter_mut().find(|(kind, _)| *kind == error.kind) {
            Some((_, count)) => *count = count.saturating_add(error.count),
            None => kinds.push((&error.kind, error.count)),
        }
    }
    for (position, (kind, count)) in kinds.iter().enumerate() {
        let label = if position == 0 { "errors" } else { "" };
        *text += &format!("  {label:9}  {} {kind}\n", grouped(*count));
    }
}

fn leaks(text: &mut String, view: &View<'_>) {
    let Some(leaks) = &view.report.leaks else { return };
    let totals = [leaks.definite, leaks.indirect, leaks.possible, leaks.reachable];
    let kinds: Vec<_> = LeakKind::ALL.into_iter().zip(totals).collect();
    let shown = |kind: &LeakKind| view.kinds.takes_leak(kind.id());
    let mut label = "leaks";
    for (kind, tally) in kinds.iter().filter(|(kind, _)| shown(kind)) {
        if *tally != Tally::default() {
            *text += &format!("  {label:9}  {}: {}\n", kind.id(), told(*tally));
            label = "";
        }
    }
    if label == "leaks" {
        *text += "  leaks      none\n";
    }
    most(text, view, "most lost", Cost::Leaked);
    if leaks.coverage.no_memory {
        *text += "  note       no memory was left for the leak check: it found nothing out\n";
    }
    if leaks.coverage.threads_missed > 0 {
        let threads = counted(leaks.coverage.threads_missed, "thread");
        *text += &format!("  note       {threads} could not be stopped for the leak check\n");
    }
}

/// `12 bytes in 3 blocks`.
pub fn told(tally: Tally) -> String {
    format!("{} in {}", bytes(tally.bytes), counted(tally.blocks, "block"))
}

fn sites(text: &mut String, view: &View<'_>) {
    let Some(sites) = &view.report.callsites else { return };
    let sum = |value: fn(&CallSite) -> u64| {
        sites.iter().fold(0u64, |sum, site| sum.saturating_add(value(site)))
    };
    let live = Tally { bytes: sum(|site| site.live_bytes), blocks: sum(|site| site.live_blocks) };
    *text += &format!("  live       {}\n", told(live));
    let (allocated, count) = (sum(|site| site.bytes), sum(|site| site.allocations));
    let from = counted(sites.len() as u64, "call site");
    *text += &format!(
        "  allocated  {} by {} from {from}\n",
        bytes(allocated),
        counted(count, "allocation")
    );
    most(text, view, "most live", Cost::Live);
}

/// The stack that costs most: where to look first.
fn most(text: &mut String, view: &View<'_>, label: &str, cost: Cost) {
    if let Some((stack, value)) = cost.stacks(view).first() {
        *text += &format!("  {label:9}  {} from {}\n", bytes(*value), headline(stack));
    }
}
