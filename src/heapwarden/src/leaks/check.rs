//! A leak check, from the stop of the program to its going on.
//!
//! While the program stands still nothing is allocated but from the check's own mappings, and nothing
//! waits for anybody: the work is done on a stack of the library with signals blocked, so that no
//! handler of the program runs in between. What was found is told afterwards, when all runs again.
//! Cost: the memory that the program can reach is read once or twice; some 40 bytes per block.

use super::facts::{Check, Coverage, Dangling};
use crate::checked::settings;
use crate::scan::area::Area;
use crate::scan::graph::{self, Node, Root};
use crate::scan::nodes::{self, Wanted};
use crate::scan::registers::Registers;
use crate::scan::roots::Roots;
use crate::{handler_stack, inside, scan};
use heapwarden_core::Held;
use scan::stop;

/// What to look for, and from where.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// Pointers into freed blocks, too.
    pub dangling: bool,
    /// In a signal handler: the frame that it interrupted. The handler's own is not looked at.
    pub interrupted: Option<&'a libc::ucontext_t>,
}

/// Stops the other threads, looks for leaks, lets them go, and calls `visit` with what was found.
/// False, without a call, where there is nothing to check: without the checked heap, or in a process
/// that shares its memory with the one that made it (`vfork`).
///
/// The caller must not be inside of the allocator; see [`crate::on_demand`] for signal handlers.
#[inline(never)]
pub fn check(request: &Request<'_>, visit: &mut dyn FnMut(&Check<'_>)) -> bool {
    // The first thing: what this function keeps itself lies below.
    let registers = request.interrupted.map_or_else(Registers::here, Registers::interrupted);
    check_from(&registers, request, visit)
}

#[inline(never)]
fn check_from(
    registers: &Registers,
    request: &Request<'_>,
    visit: &mut dyn FnMut(&Check<'_>),
) -> bool {
    if !settings().active {
        return false;
    }
    let _inside = inside::enter();
    let started = stop::now();
    let area = Area::new(0);
    let mut found = None;
    let mut coverage = Coverage::default();
    if let Some(area) = &area {
        handler_stack::run(&mut || {
            found = scan(registers, request, area, &mut coverage);
        });
    }
    let mut found = found.unwrap_or(Check {
        totals: Default::default(),
        records: &[],
        edges: &[],
        dangling: &[],
        coverage: Coverage { no_memory: true, ..Coverage::default() },
    });
    coverage.no_memory = found.coverage.no_memory;
    coverage.root_bytes = found.coverage.root_bytes;
    coverage.block_bytes = found.coverage.block_bytes;
    coverage.elapsed_nanoseconds = stop::now() - started;
    found.coverage = coverage;
    visit(&found);
    true
}

/// The part for which the program stands still. `None` when there is no memory.
fn scan<'a>(
    registers: &Registers,
    request: &Request<'_>,
    area: &'a Area,
    coverage: &mut Coverage,
) -> Option<Check<'a>> {
    heapwarden_core::hold(|held| {
        let mut roots = Roots::new(area);
        let nodes = gather(held, registers, request, area, coverage, &mut roots);
        let roots = roots.finish()?;
        let mut found = analyse(nodes?, roots, request, area)?;
        found.dangling = explain(found.dangling, area)?;
        Some(found)
    })
}

fn gather<'a>(
    held: &Held,
    registers: &Registers,
    request: &Request<'_>,
    area: &'a Area,
    coverage: &mut Coverage,
    roots: &mut Roots<'a>,
) -> Option<&'a mut [Node]> {
    let alternate = request
        .interrupted
        .map_or((0, 0), |context| (context.uc_stack.ss_sp as usize, context.uc_stack.ss_size));
    roots.add_segments();
    roots.add_registered();
    stop::add_calling_thread(registers, alternate, roots);
    stop::add_descriptors(roots);
    coverage.threads_stopped = 1;
    nodes::gather(held, area, Wanted { freed: request.dangling })
}

fn analyse<'a>(
    nodes: &'a mut [Node],
    roots: &'a [Root],
    request: &Request<'_>,
    memory: &'a Area,
) -> Option<Check<'a>> {
    let dangling = request.dangling;
    let is_vtable = &|_| false;
    // SAFETY: the nodes are the heap's blocks, which stay while it is held, and the roots were found
    // readable; threads that could unmap them stand still.
    unsafe { graph::analyse(graph::Request { nodes, roots, memory, dangling, is_vtable }) }
}

/// Adds what only the records of the freed blocks know.
fn explain<'a>(found: &[Dangling], memory: &'a Area) -> Option<&'a [Dangling]> {
    let Some(first) = found.first() else { return Some(&[]) };
    let explained = memory.alloc_slice_of(found.len(), *first)?;
    for (place, dangling) in explained.iter_mut().zip(found) {
        *place = *dangling;
        if let Some((freed_at, freed_by)) = nodes::freed_by(dangling.block) {
            place.freed_at = freed_at;
            place.threads.1 = freed_by;
        }
    }
    Some(explained)
}
