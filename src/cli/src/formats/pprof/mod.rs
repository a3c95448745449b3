//! The file format of pprof: profile.proto, gzipped.
//!
//! The sample types that Go's heap profiles have, so that viewers know what to do with them, and
//! after those the ones that only we have.

mod gzip;
mod protobuf;
mod tables;

use super::View;
use super::cost::Cost;
use crate::report_file::{Frame, same_place};
use protobuf::Message;
use std::collections::HashMap;
use tables::Tables;

/// The values of a sample: name, unit, and the cost it stands for, if it does for one.
const TYPES: [(&str, &str, Option<Cost>); TYPES_COUNT] = [
    ("alloc_objects", "count", Some(Cost::Allocations)),
    ("alloc_space", "bytes", Some(Cost::Allocated)),
    ("inuse_objects", "count", None),
    ("inuse_space", "bytes", Some(Cost::Live)),
    ("peak_space", "bytes", Some(Cost::Peak)),
    ("leak_objects", "count", None),
    ("leak_space", "bytes", Some(Cost::Leaked)),
];
const TYPES_COUNT: usize = 7;

/// The profile, as the bytes of a `.pb.gz` file.
pub fn render(view: &View<'_>) -> Vec<u8> {
    let mut tables = Tables::new(&view.report.modules);
    let types = TYPES.map(|(name, unit, _)| {
        Message::default().number(1, tables.string(name)).number(2, tables.string(unit))
    });
    let samples = samples(view);
    let samples: Vec<_> = samples
        .iter()
        .map(|(stack, values)| {
            // The format's numbers are signed.
            let values = values.map(|value| value.min(i64::MAX as u64));
            Message::default().numbers(1, &tables.stack(stack)).numbers(2, &values)
        })
        .collect();
    let shown = view.costs().first().copied().unwrap_or(Cost::Live);
    let shown =
        TYPES.iter().find(|(_, _, cost)| *cost == Some(shown)).map_or("", |(name, ..)| name);
    let shown = tables.string(shown);
    let processes = view.report.all_processes();
    let comments: Vec<_> = processes
        .iter()
        .map(|process| tables.string(&format!("{}: {}", process.pid, process.argv.join(" "))))
        .collect();
    let profile = Message::default().messages(1, types).messages(2, samples);
    let profile = tables.write(profile).numbers(13, &comments).number(14, shown);
    gzip::compress(&profile.into_bytes())
}

/// Every stack once, with all its values.
fn samples<'a>(view: &View<'a>) -> Vec<(&'a [Frame], [u64; TYPES_COUNT])> {
    let mut samples: Vec<(&'a [Frame], [u64; TYPES_COUNT])> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut add = |stack: &'a [Frame], values: [u64; TYPES_COUNT]| {
        let place = *places.entry(same_place(stack)).or_insert(samples.len());
        match samples.get_mut(place) {
            Some((_, sums)) => {
                sums.iter_mut().zip(values).for_each(|(sum, add)| *sum = sum.saturating_add(add));
            }
            None => samples.push((stack, values)),
        }
    };
    for site in view.report.callsites.iter().flatten() {
        let live = [site.live_blocks, site.live_bytes, site.peak_bytes];
        add(&site.stack, [site.allocations, site.bytes, live[0], live[1], live[2], 0, 0]);
    }
    for record in view.report.leaks.iter().flat_map(|leaks| &leaks.records) {
        if view.kinds.counts_as_lost(&record.kind) {
            add(&record.stack, [0, 0, 0, 0, 0, record.blocks, record.bytes]);
        }
    }
    samples
}
