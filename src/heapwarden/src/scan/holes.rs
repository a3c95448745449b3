//! Blocks of which a part cannot be read: the program has protected pages of its own block.
//!
//! Such a block is not looked into by the graph; what of it can be read counts as reachable in any
//! case, which may hide a leak and invents none.
//! Cost: a system call of some 60 ns for each whole page of a block.

use super::graph::Node;
use super::readable::{stretches, upwards};
use super::roots::Roots;
use heapwarden_core::os::PAGE;

/// Finds them among the nodes.
pub fn mark(nodes: &mut [Node], roots: &mut Roots<'_>) {
    let large = nodes.iter_mut().filter(|node| node.size >= PAGE && node.flags & Node::FREED == 0);
    for node in large {
        let range = node.start..node.start + node.size;
        // Pages are protected as a whole.
        let whole = range.start.next_multiple_of(PAGE)..range.end & !(PAGE - 1);
        if whole.is_empty() || upwards(whole.start, whole.end) == whole.end {
            continue;
        }
        node.flags |= Node::OPAQUE;
        stretches(range, &mut |part| roots.add_part_of_block(node, part));
    }
}

#[cfg(test)]
mod tests {
    use super::super::area::Area;
    use super::*;
    use heapwarden_core::os::mapping;

    #[test]
    fn a_block_with_a_hole_is_read_around_it() {
        let start = mapping::map(4 * PAGE).expect("memory");
        // SAFETY: a page of a fresh mapping.
        unsafe { mapping::seal(start + PAGE, PAGE) };
        let area = Area::new(0).expect("memory");
        let mut roots = Roots::new(&area);
        let node = |from: usize, size| Node::new(start + from, size, 0, 0, 0);
        let mut nodes = [node(16, 3 * PAGE), node(3 * PAGE + 16, PAGE - 32), node(4 * PAGE, 0)];
        mark(&mut nodes, &mut roots);
        assert_eq!(nodes.map(|node| node.is_opaque()), [true, false, false]);
        let parts: Vec<_> =
            roots.finish().expect("memory").iter().map(|r| (r.start, r.end)).collect();
        let expected = [(start + 16, start + PAGE), (start + 2 * PAGE, start + 3 * PAGE + 16)];
        assert_eq!(parts, expected);
        // SAFETY: mapped above.
        unsafe { mapping::unmap(start, 4 * PAGE) };
    }
}
