//! The part `callsites`: what each call site allocated.

use super::frames::stack;
use super::object::Open;
use crate::callsite::Stack;
use crate::callsite::counters::{self, Counters};
use crate::mapped::List;
use crate::symbolize::Symbolizer;
use crate::text::Writer;
use crate::{checked, site};
use core::cmp::Reverse;

/// So many are written, those with most live bytes first: names for more take too long for the end
/// of a process, and nobody reads them.
const WRITTEN_MAX: usize = 4096;

/// What is counted, if anything is; without names, so that no lock is held while they are looked up.
pub(super) fn gather() -> List<(u32, Counters)> {
    let mut list = List::new();
    if checked::settings().accounting {
        counters::visit(&mut |site, counters| {
            if counters.allocations > 0 {
                list.push((site, *counters));
            }
        });
    }
    let weight = |one: &(u32, Counters)| Reverse((one.1.live_bytes, one.1.bytes, one.0));
    list.as_mut_slice().sort_unstable_by_key(weight);
    list
}

/// Writes the list.
pub fn callsites(
    sites: &[(u32, Counters)],
    frames: fn(u32) -> Stack<'static>,
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    let mut list = Open::list(writer);
    for (site, counters) in sites.iter().take(WRITTEN_MAX) {
        list.next(writer);
        writer.text("\n    ");
        let mut object = Open::object(writer);
        stack(&mut object, writer, symbols, "stack", frames(*site), None);
        for (name, value) in [
            ("allocations", counters.allocations),
            ("bytes", counters.bytes),
            ("live_blocks", counters.live_blocks),
            ("live_bytes", counters.live_bytes),
            ("peak_bytes", counters.peak_bytes),
            ("short_lived", counters.short_lived),
        ] {
            object.number(writer, name, value);
        }
        object.end(writer);
    }
    list.end(writer);
}

/// Writes the field, if something is counted.
pub(super) fn field(
    sites: &[(u32, Counters)],
    symbols: &mut dyn Symbolizer,
    writer: &mut Writer<'_>,
) {
    if !sites.is_empty() {
        writer.text(",\n  \"callsites\": ");
        callsites(sites, site::frames, symbols, writer);
    }
}
