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
use crate::scan::holes;
use crate::scan::nodes::{self, Wanted};
use crate::scan::process;
use crate::scan::registers::Registers;
use crate::scan::roots::Roots;
use crate::scan::segments;
use crate::{handler_stack, inside, scan};
use heapwarden_core::{Held, RawMutex};
use scan::stop::{self, Stopped};

/// Held by the thread that checks, from before it stops the others until they run again.
static CHECKING: RawMutex = RawMutex::new();

/// In a forked child: the thread that was checking does not exist here. To be called by the one that
/// repairs.
pub(super) fn repair_after_fork() {
    // SAFETY: the holder, if there was one, does not exist; the lock protects nothing of its own.
    unsafe { CHECKING.reset() };
    stop::repair_after_fork();
    process::repair_after_fork();
}

/// What to look for, and from where.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// Pointers into freed blocks, too.
    pub dangling: bool,
    /// Call sites whose blocks count as reachable, and with them all that they lead to; in order.
    pub suppressed: &'a [u32],
    /// The only blocks that are of interest, in order; all others count as reachable.
    pub only: Option<&'a [usize]>,
    /// In a signal handler: the frame that it interrupted. The handler's own is not looked at.
    pub interrupted: Option<&'a libc::ucontext_t>,
}

/// Stops the other threads, looks for leaks, lets them go, and calls `visit` with what was found.
/// False, without a call, where that cannot be said: in profiles that keep no stacks, since the blocks
/// that the loader allocated for itself cannot be told from others there; and in a process that works in
/// the memory of the one that made it (`vfork`).
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
    let _inside = inside::enter();
    heapwarden_core::check_fork();
    if !settings().evidence || settings().stack_depth == 0 || process::shares_memory() {
        return false;
    }
    // With signals open: a thread that waits here can be stopped by the one that checks.
    if request.interrupted.is_none() {
        CHECKING.lock();
    } else if !CHECKING.try_lock() {
        return false;
    }
    let started = stop::now();
    let area = Area::new(0);
    let mut found = None;
    let mut coverage = Coverage::default();
    if let Some(area) = &area {
        handler_stack::run(&mut || {
            found = scan(registers, request, area, &mut coverage);
        });
    }
    CHECKING.unlock();
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
        let stopped = stop::others();
        let found = scan_stopped(held, &stopped, registers, request, area, coverage);
        coverage.pause_nanoseconds = stopped.resume();
        found
    })
}

fn scan_stopped<'a>(
    held: &Held,
    stopped: &Stopped,
    registers: &Registers,
    request: &Request<'_>,
    area: &'a Area,
    coverage: &mut Coverage,
) -> Option<Check<'a>> {
    let alternate = request
        .interrupted
        .map_or((0, 0), |context| (context.uc_stack.ss_sp as usize, context.uc_stack.ss_size));
    coverage.threads_stopped = 1;
    let mut roots = Roots::new(area);
    roots.add_segments();
    roots.add_registered();
    stop::add_descriptors(&mut roots);
    stopped.add_calling_thread(registers, alternate, &mut roots);
    stopped.add_to(&mut roots, coverage);
    let wanted =
        Wanted { freed: request.dangling, suppressed: request.suppressed, only: request.only };
    let nodes = nodes::gather(held, area, wanted)?;
    holes::mark(nodes, &mut roots);
    let mut more = || {
        let mut mapped = Roots::new(area);
        coverage.mappings_missed = !mapped.add_mapped(held, stopped);
        mapped.finish().unwrap_or(&[])
    };
    let mut found = analyse(nodes, roots.finish()?, &mut more, request, area)?;
    found.dangling = explain(found.dangling, area)?;
    Some(found)
}

fn analyse<'a>(
    nodes: &'a mut [Node],
    roots: &'a [Root],
    more: &mut dyn FnMut() -> &'a [Root],
    request: &Request<'_>,
    memory: &'a Area,
) -> Option<Check<'a>> {
    let dangling = request.dangling;
    let constants = segments::constants(memory)?;
    let is_vtable = &|address| segments::contains(constants, address);
    // SAFETY: the nodes are the heap's blocks, which stay while it is held, and the roots were found
    // readable; threads that could unmap them stand still.
    unsafe { graph::analyse(graph::Request { nodes, roots, more, memory, dangling, is_vtable }) }
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
