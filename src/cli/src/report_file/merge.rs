//! Several processes as one report: what has the same stack is added up.
//!
//! Peaks are added as well, though the processes need not have had them at the same time: a sum of
//! peaks is an upper bound. Ratios and lists of a process's own parts cannot be added and go.

use super::identity::same_place;
use super::model::{CallSite, Error, LeakRecord, Leaks, Module, Report, Suppressed};
use super::values::{agreeing, sums};
use std::collections::HashMap;

/// Both reports together. [`alike`] then joins what is the same.
pub fn merged(mut one: Report, other: Report) -> Report {
    if one.processes.is_empty() {
        one.processes = one.all_processes();
    }
    one.processes.extend(other.all_processes());
    one.errors.extend(other.errors);
    one.leaks = joined(one.leaks, other.leaks, both_leaks);
    one.callsites = joined(one.callsites, other.callsites, |mut sites, others| {
        sites.extend(others);
        sites
    });
    one.stats = sums(one.stats, &other.stats);
    one.options = agreeing(one.options, &other.options);
    one.rest = agreeing(one.rest, &other.rest);
    modules(&mut one.modules, other.modules);
    one
}

/// Makes a report one that can hold stacks of another process: adds that process and its modules.
pub fn admit(report: &mut Report, other: &Report) {
    if report.processes.is_empty() {
        report.processes = report.all_processes();
    }
    report.processes.extend(other.all_processes());
    modules(&mut report.modules, other.modules.clone());
}

/// Joins what has the same stack, also within a single file.
pub fn alike(report: &mut Report) {
    join(&mut report.errors, error_key, |error, other| {
        error.count = error.count.saturating_add(other.count);
    });
    if let Some(leaks) = &mut report.leaks {
        join(&mut leaks.records, record_key, add_record);
        let template = |hidden: &Suppressed| hidden.template.clone();
        join(&mut leaks.suppressed, template, |hidden, other| {
            hidden.bytes = hidden.bytes.saturating_add(other.bytes);
            hidden.blocks = hidden.blocks.saturating_add(other.blocks);
        });
    }
    if let Some(sites) = &mut report.callsites {
        join(sites, |site| same_place(&site.stack), add_site);
    }
}

/// As the library does it with `on_error=continue`; a dangling pointer is known by what holds it.
fn error_key(error: &Error) -> String {
    let mut key = format!("{}\n", error.kind);
    let (freed, holder) = match &error.holder {
        Some(holder) => (error.free_stack.as_slice(), holder.stack.as_slice()),
        None => Default::default(),
    };
    if let Some(holder) = &error.holder {
        key += &format!("{} {:?} {:?}\n", holder.kind, holder.name, holder.offset);
    }
    for stack in [&error.stack, &error.alloc_stack, freed, holder] {
        key += &same_place(stack);
        key.push('\n');
    }
    key
}

/// Cycles are the same if they have the same shape, whatever the addresses.
fn record_key(record: &LeakRecord) -> String {
    let mut key = format!("{}\n{}\n", record.kind, same_place(&record.stack));
    for edge in &record.edges {
        key += &format!("{} {}\n{}\n", edge.from_offset, edge.to_offset, same_place(&edge.stack));
    }
    key
}

fn add_record(record: &mut LeakRecord, other: LeakRecord) {
    for (sum, value) in [
        (&mut record.bytes, other.bytes),
        (&mut record.blocks, other.blocks),
        (&mut record.retained_bytes, other.retained_bytes),
        (&mut record.retained_blocks, other.retained_blocks),
    ] {
        *sum = sum.saturating_add(value);
    }
    // A thread or an address of one of them says nothing of all.
    record.rest = agreeing(std::mem::take(&mut record.rest), &other.rest);
}

fn add_site(site: &mut CallSite, other: CallSite) {
    for (sum, value) in [
        (&mut site.allocations, other.allocations),
        (&mut site.bytes, other.bytes),
        (&mut site.live_blocks, other.live_blocks),
        (&mut site.live_bytes, other.live_bytes),
        (&mut site.peak_bytes, other.peak_bytes),
    ] {
        *sum = sum.saturating_add(value);
    }
    site.rest = sums(std::mem::take(&mut site.rest), &other.rest);
}

/// Keeps the first of those with the same key, at its place, and adds the others to it.
fn join<T>(list: &mut Vec<T>, key: impl Fn(&T) -> String, add: impl Fn(&mut T, T)) {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<T> = Vec::new();
    for item in list.drain(..) {
        let place = *places.entry(key(&item)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(first) => add(first, item),
            None => kept.push(item),
        }
    }
    *list = kept;
}

fn joined<T>(one: Option<T>, other: Option<T>, both: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

fn both_leaks(mut one: Leaks, other: Leaks) -> Leaks {
    for (tally, add) in [
        (&mut one.definite, other.definite),
        (&mut one.indirect, other.indirect),
        (&mut one.possible, other.possible),
        (&mut one.reachable, other.reachable),
    ] {
        tally.add(add);
    }
    one.records.extend(other.records);
    one.suppressed.extend(other.suppressed);
    let (coverage, more) = (&mut one.coverage, other.coverage);
    coverage.threads_missed = coverage.threads_missed.saturating_add(more.threads_missed);
    coverage.no_memory |= more.no_memory;
    coverage.rest = sums(std::mem::take(&mut coverage.rest), &more.rest);
    one.rest = sums(one.rest, &other.rest);
    one
}

/// Each file once. Where processes have it at different addresses, it has none.
fn modules(list: &mut Vec<Module>, others: Vec<Module>) {
    for other in others {
        let is_same = |module: &&mut Module| {
            (&module.path, &module.build_id) == (&other.path, &other.build_id)
        };
        match list.iter_mut().find(is_same) {
            Some(module) if module.base != other.base => module.base = None,
            Some(_) => {}
            None => list.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        serde_json::from_str(text).expect("a report")
    }

    #[test]
    fn what_has_the_same_stack_is_added_up() {
        let one = report(
            r#"{"schema":1,"pid":1,"argv":["a"],"errors":[{"count":2,"kind":"double-free"}],
               "callsites":[{"stack":[{"address":"0x10","function":"f","line":3}],"bytes":8,
                             "short_lived":1}],
               "stats":{"mallocs":3,"system_calls":{"mmap":1},"internal_fragmentation":0.5},
               "modules":[{"path":"/a","build_id":"01","base":"0x1000"}]}"#,
        );
        let two = report(
            r#"{"schema":1,"pid":2,"argv":["b"],"errors":[{"count":1,"kind":"double-free"}],
               "callsites":[{"stack":[{"address":"0x20","function":"f","line":3}],"bytes":4,
                             "short_lived":2},
                            {"stack":[{"address":"0x20","function":"f","line":4}],"bytes":1}],
               "stats":{"mallocs":4,"system_calls":{"mmap":2},"internal_fragmentation":0.25},
               "modules":[{"path":"/a","build_id":"01","base":"0x2000"}, {"path":"/b"}]}"#,
        );
        let mut both = merged(one, two);
        alike(&mut both);
        assert_eq!(both.errors.iter().map(|error| error.count).collect::<Vec<_>>(), [3]);
        let sites = both.callsites.as_deref().unwrap_or_default();
        assert_eq!(sites.iter().map(|site| site.bytes).collect::<Vec<_>>(), [12, 1]);
        assert_eq!(sites[0].rest["short_lived"], 3);
        assert_eq!(both.stats["mallocs"], 7);
        assert_eq!(both.stats["system_calls"]["mmap"], 3);
        assert!(!both.stats.contains_key("internal_fragmentation"), "ratios cannot be added");
        assert_eq!(both.modules.len(), 2);
        assert_eq!(both.modules[0].base, None);
        let pids: Vec<_> = both.all_processes().iter().map(|process| process.pid).collect();
        assert_eq!(pids, [1, 2]);
    }

    #[test]
    fn cycles_of_the_same_shape_are_one_finding() {
        let cycle = |from: &str, offset: u64| {
            let text = format!(
                r#"{{"schema":1,"leaks":{{"records":[{{"kind":"definite","bytes":16,"blocks":1,
                    "retained_bytes":8,"retained_blocks":1,"cycle":true,"example":"{from}",
                    "edges":[{{"from":"{from}","from_offset":{offset},"to":"{from}"}}]}}]}}}}"#
            );
            report(&text)
        };
        let mut all = merged(merged(cycle("0x10", 8), cycle("0x20", 8)), cycle("0x10", 0));
        alike(&mut all);
        let records = all.leaks.expect("leaks").records;
        assert_eq!(records.iter().map(|record| record.bytes).collect::<Vec<_>>(), [32, 16]);
        assert_eq!((records[0].retained_bytes, records[0].retained_blocks), (16, 2));
        assert!(!records[0].rest.contains_key("example"), "of one of them only");
    }

    #[test]
    fn no_count_overflows() {
        let text = r#"{"schema":1,"leaks":{"definite":{"bytes":18446744073709551615,"blocks":1}},
                       "stats":{"mallocs":18446744073709551615}}"#;
        let both = merged(report(text), report(text));
        assert_eq!(both.leaks.map(|leaks| leaks.definite.bytes), Some(u64::MAX));
        assert_eq!(both.stats["mallocs"], u64::MAX);
    }
}
