//! What the heap says about itself through libc's own functions.

use crate::text::{Descriptor, Stream};
use crate::{malloc_info, statistics_text};
use core::ffi::c_int;
use heapwarden_core::statistics::{self, BinStatistics, Statistics};
use libc::size_t;

/// The state of the heap in glibc's terms.
pub fn mallinfo2() -> libc::mallinfo2 {
    let mut cached_bytes = 0;
    let mut free_slots = 0;
    statistics::bins(&mut |bin: &BinStatistics| {
        cached_bytes += bin.cached * u64::from(bin.slot_bytes);
        free_slots += bin.slots.saturating_sub(bin.live);
    });
    translate(&statistics::gather(), free_slots, cached_bytes)
}

/// The same in 32 bits; larger values wrap, as in glibc.
pub fn mallinfo() -> libc::mallinfo {
    let wide = mallinfo2();
    libc::mallinfo {
        arena: wide.arena as c_int,
        ordblks: wide.ordblks as c_int,
        smblks: wide.smblks as c_int,
        hblks: wide.hblks as c_int,
        hblkhd: wide.hblkhd as c_int,
        usmblks: wide.usmblks as c_int,
        fsmblks: wide.fsmblks as c_int,
        uordblks: wide.uordblks as c_int,
        fordblks: wide.fordblks as c_int,
        keepcost: wide.keepcost as c_int,
    }
}

/// Writes the statistics to standard error.
pub fn malloc_stats() {
    statistics_text::print(&mut Descriptor::stderr());
}

/// Writes the state of the heap as XML; 0, or EINVAL for options other than 0.
///
/// # Safety
/// `stream` is an open stream.
pub unsafe fn malloc_info(options: c_int, stream: *mut libc::FILE) -> c_int {
    if options != 0 {
        return libc::EINVAL;
    }
    // SAFETY: promised by the caller.
    let mut sink = unsafe { Stream::new(stream) };
    malloc_info::print(&mut sink);
    0
}

/// glibc counts blocks with a mapping of their own (hblk*) apart from all others.
fn translate(facts: &Statistics, free_slots: u64, cached_bytes: u64) -> libc::mallinfo2 {
    let arena = facts.mapped_bytes.saturating_sub(facts.direct_bytes);
    let used = facts.live_bytes.saturating_sub(facts.direct_bytes);
    libc::mallinfo2 {
        arena: arena as size_t,
        ordblks: free_slots as size_t,
        smblks: 0,
        hblks: facts.direct_blocks as size_t,
        hblkhd: facts.direct_bytes as size_t,
        usmblks: 0,
        fsmblks: cached_bytes as size_t,
        uordblks: used as size_t,
        fordblks: arena.saturating_sub(used) as size_t,
        keepcost: facts.free_run_bytes as size_t,
    }
}
