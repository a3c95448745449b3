//! The part `stats`. In a report only what can be read without a lock of the allocator: the
//! thread that reports may have been interrupted in the middle of it. At the end of the process all
//! of it.

use super::object::Open;
use crate::checked;
use crate::guard::shortage;
use crate::text::{Writer, number};
use heapwarden_core::os::{mapping, syscall};
use heapwarden_core::statistics::{self, Statistics};

/// How much may be asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// What is known without a lock.
    WithoutLocks,
    /// Everything.
    Everything,
}

pub(super) fn write(writer: &mut Writer<'_>, reach: Reach) {
    let mut object = Open::object(writer);
    match reach {
        Reach::WithoutLocks => {
            object.number(writer, "mapped_bytes", mapping::traffic().mapped);
            system_calls(&mut object, writer);
            guards(&mut object, writer);
        }
        Reach::Everything => {
            let totals = statistics::gather();
            requests(&mut object, writer, &totals);
            system_calls(&mut object, writer);
            guards(&mut object, writer);
            fragmentation(&mut object, writer, &totals);
            arenas(&mut object, writer);
        }
    }
    object.end(writer);
}

fn requests(object: &mut Open, writer: &mut Writer<'_>, totals: &Statistics) {
    for (name, value) in [
        ("mallocs", totals.allocations),
        ("frees", totals.frees),
        ("live_blocks", totals.live_blocks),
        ("live_bytes", totals.live_bytes),
        ("quarantined_blocks", totals.waiting_blocks),
        ("quarantined_bytes", totals.waiting_bytes),
        ("peak_bytes", totals.peak_bytes),
        ("mapped_bytes", totals.mapped_bytes),
        ("mapped_peak_bytes", totals.mapped_peak_bytes),
        ("metadata_bytes", totals.metadata_bytes),
    ] {
        object.number(writer, name, value);
    }
}

fn system_calls(object: &mut Open, writer: &mut Writer<'_>) {
    let calls = syscall::system_calls();
    object.field(writer, "system_calls");
    let mut fields = Open::object(writer);
    for (name, count) in [
        ("mmap", calls.mmap),
        ("munmap", calls.munmap),
        ("madvise", calls.madvise),
        ("mremap", calls.mremap),
        ("mprotect", calls.mprotect),
        ("futex", calls.futex),
        ("other", calls.other),
    ] {
        fields.number(writer, name, count);
    }
    fields.end(writer);
}

/// Blocks with guard pages, and those that could not have them.
fn guards(object: &mut Open, writer: &mut Writer<'_>) {
    if checked::settings().guards {
        let counts = shortage::counts();
        object.field(writer, "guard");
        let mut fields = Open::object(writer);
        fields.number(writer, "guarded", counts.guarded);
        fields.number(writer, "refused", counts.refused);
        fields.end(writer);
    }
}

fn fragmentation(object: &mut Open, writer: &mut Writer<'_>, totals: &Statistics) {
    let lost = totals.granted_bytes.saturating_sub(totals.requested_bytes);
    object.field(writer, "internal_fragmentation");
    fraction(writer, lost, totals.granted_bytes);
    let scattered = totals.free_run_bytes.saturating_sub(totals.largest_free_run);
    object.field(writer, "external_fragmentation");
    fraction(writer, scattered, totals.free_run_bytes);
}

/// `part` of `whole`, between 0 and 1, with four digits.
fn fraction(writer: &mut Writer<'_>, part: u64, whole: u64) {
    const SCALE: u128 = 10_000;
    let scaled = (u128::from(part) * SCALE).checked_div(whole.into()).unwrap_or(0).min(SCALE);
    writer.put(number((scaled / SCALE) as u64)).text(".");
    for unit in [1000, 100, 10, 1] {
        writer.put(number((scaled / unit % 10) as u64));
    }
}

fn arenas(object: &mut Open, writer: &mut Writer<'_>) {
    object.field(writer, "arenas");
    let mut list = Open::list(writer);
    statistics::arenas(&mut |arena| {
        list.next(writer);
        let mut fields = Open::object(writer);
        fields.number(writer, "index", arena.index.into());
        fields.number(writer, "heaps", arena.heaps.into());
        fields.number(writer, "threads", arena.threads.into());
        fields.number(writer, "mapped_bytes", arena.mapped_bytes);
        fields.number(writer, "live_bytes", arena.live_bytes);
        fields.number(writer, "contended", arena.contended);
        fields.end(writer);
    });
    list.end(writer);
}
