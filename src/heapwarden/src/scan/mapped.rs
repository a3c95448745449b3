//! Memory that the program mapped by itself. Allocators on top of `mmap` (Python's, a pool's) keep
//! the only pointers to blocks there, so it is read before anything is called lost, as Memcheck
//! reads it. What is left out: the library's own mappings, thread stacks (those in use are roots of
//! their own; those that libc keeps for later, and those for signal handlers, hold old values), files and
//! shared memory.
//!
//! Pages that were never touched are not read, nor made present by a look at them.
//! Cost: /proc/self/maps, and 8 bytes of /proc/self/pagemap per page.

use super::area::Area;
use super::glibc;
use super::pagemap::Pagemap;
use super::readable::stretches;
use super::segments;
use super::stop::Stopped;
use crate::symbolize::maps::{self, Mapping};
use core::ops::Range;
use heapwarden_core::os::PAGE;
use heapwarden_core::{Held, own_ranges};

/// What is never read: ranges, by address.
struct Excluded<'a>(&'a [(usize, usize)]);

/// Calls `visit` with each stretch of such memory. False when it is not known which memory that is.
pub fn visit(
    held: &Held,
    stopped: &Stopped,
    memory: &Area,
    visit: &mut dyn FnMut(Range<usize>),
) -> bool {
    let excluded = |visit: &mut dyn FnMut(Range<usize>)| {
        stopped.alternate_stacks(visit);
        own(held, visit)
    };
    let mut count = 0;
    let is_known = excluded(&mut |_| count += 1);
    let Some(list) = memory.alloc_slice::<(usize, usize)>(count) else { return false };
    let mut places = list.iter_mut();
    excluded(&mut |range| {
        if let Some(place) = places.next() {
            *place = (range.start, range.end);
        }
    });
    list.sort_unstable();
    let (excluded, pagemap) = (Excluded(list), Pagemap::open());
    is_known
        && maps::each(&mut |mapping| {
            if is_the_programs(mapping) {
                let start = stack_end(mapping).unwrap_or(mapping.start);
                excluded.leave(start..mapping.end, &mut |range| {
                    pagemap.used(range, &mut |range| stretches(range, visit));
                });
            }
        })
}

/// Calls `visit` with all that is the library's. False when that is not known.
fn own(held: &Held, visit: &mut dyn FnMut(Range<usize>)) -> bool {
    segments::own(visit);
    own_ranges(held, visit)
}

fn is_the_programs(mapping: &Mapping<'_>) -> bool {
    let unnamed = mapping.path.is_empty() || mapping.path.starts_with(b"[anon");
    mapping.readable
        && mapping.writable
        && mapping.private
        && mapping.inode == 0
        && (unnamed || mapping.path == b"[heap]")
}

/// Where the last thread stack in a mapping ends: libc makes a stack and its guard at once, so a
/// stack starts where its mapping does. The kernel may have joined it with what lies above.
fn stack_end(mapping: &Mapping<'_>) -> Option<usize> {
    let mut end = None;
    glibc::stacks(&mut |pointer| {
        if (mapping.start..mapping.end).contains(&pointer) {
            let top = (pointer + glibc::descriptor_bytes()).next_multiple_of(PAGE);
            end = Some(top.max(end.unwrap_or(0)).min(mapping.end));
        }
    });
    end
}

impl Excluded<'_> {
    /// Calls `visit` with what is left of `range`.
    fn leave(&self, range: Range<usize>, visit: &mut dyn FnMut(Range<usize>)) {
        let mut from = range.start;
        let first = self.0.partition_point(|(_, end)| *end <= range.start);
        for &(start, end) in &self.0[first..] {
            if start >= range.end {
                break;
            }
            if start > from {
                visit(from..start);
            }
            from = from.max(end);
        }
        if from < range.end {
            visit(from..range.end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excluded_is_cut_out() {
        let excluded = Excluded(&[(10, 20), (20, 30), (50, 60), (90, 200)]);
        let left = |range| {
            let mut left = Vec::new();
            excluded.leave(range, &mut |part| left.push((part.start, part.end)));
            left
        };
        assert_eq!(left(0..100), [(0, 10), (30, 50), (60, 90)]);
        assert_eq!(left(15..55), [(30, 50)]);
        assert_eq!(left(30..50), [(30, 50)]);
        assert_eq!(left(95..120), []);
        assert_eq!(left(300..310), [(300, 310)]);
    }
}
