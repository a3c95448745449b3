//! Who is to blame for the lost blocks.
//!
//! A component that no lost block outside points to leads what can be reached from it: its blocks are
//! definite leaks, the others indirect ones. Where several lead to a block, it goes to the first of
//! them (by the address of its first block), so that every lost block counts exactly once.

use super::Node;
use super::components::Components;
use super::cycles::Cycles;
use super::index::prefetch;
use super::lost::Lost;
use super::records::{Key, Records};
use crate::leaks::facts::{Edge, LeakKind, Tally};
use crate::scan::area::Area;

/// Enters all lost blocks into `records` and returns the edges of their cycles. `None` without memory.
///
/// # Safety
/// All blocks that are not freed can be read.
pub unsafe fn attribute<'a>(
    nodes: &[Node],
    lost: &Lost<'a>,
    records: &mut Records<'a>,
    memory: &'a Area,
) -> Option<&'a [Edge]> {
    let count = lost.blocks.len();
    let components = Components::new(lost.targets, memory)?;
    let mut cycles = Cycles::new(nodes, lost, &components, memory)?;
    let taken = memory.alloc_zeroed::<u8>(count)?;
    let stack = memory.alloc_zeroed::<u32>(count)?;
    let members = memory.alloc_zeroed::<u32>(count)?;
    let node_of = |block: u32| &nodes[lost.blocks[block as usize] as usize];
    for leader in 0..count {
        if taken[leader] != 0 || !components.is_source(leader as u32) {
            continue;
        }
        let (mut own, mut retained) = (Tally::default(), Tally::default());
        let mut member_count = 0;
        let mut depth = 1;
        stack[0] = leader as u32;
        taken[leader] = 1;
        while depth > 0 {
            depth -= 1;
            let block = stack[depth];
            if components.of(block) == components.of(leader as u32) {
                own.add(node_of(block).size);
                members[member_count] = block;
                member_count += 1;
            } else {
                retained.add(node_of(block).size);
                records.add_block(LeakKind::Indirect, node_of(block))?;
            }
            for target in lost.targets[block as usize] {
                if taken[*target as usize] == 0 {
                    taken[*target as usize] = 1;
                    stack[depth] = *target;
                    prefetch(core::ptr::from_ref(node_of(*target)).cast());
                    prefetch(core::ptr::from_ref(&lost.targets[*target as usize]).cast());
                    depth += 1;
                }
            }
        }
        if member_count == 1 {
            let node = node_of(leader as u32);
            let key = Key::of_site(LeakKind::Definite, node.site);
            records.add(key, LeakKind::Definite, node, own, retained)?;
        } else {
            let cycle = cycles.examine(&mut members[..member_count]);
            let culprit = node_of(cycle.culprit);
            let key = Key::of_cycle(cycle.hash);
            let (record, is_new) = records.add(key, LeakKind::Definite, culprit, own, retained)?;
            if is_new {
                // SAFETY: the caller's promise.
                record.cycle = unsafe { cycles.walk(cycle.culprit) }?;
            }
        }
    }
    Some(cycles.finish())
}
