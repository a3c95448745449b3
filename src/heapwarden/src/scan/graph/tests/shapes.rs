//! Lists, trees, rings: who leads, what is retained, which cycle is named.

use super::{Heap, Node, record, tally};
use crate::leaks::facts::{Edge, LeakKind};
use crate::scan::graph::cycles::EDGES_MAX;

/// Blocks of 32 bytes from sites 1, 2, ..; each pair is a pointer at the given word.
fn linked(count: usize, pointers: &[(usize, usize, usize)]) -> (Heap, Vec<usize>) {
    let mut heap = Heap::new(count * 8 + 16);
    let blocks: Vec<usize> = (0..count).map(|number| heap.block(32, number as u32 + 1)).collect();
    for (from, word, to) in pointers {
        heap.write(blocks[*from] + word * 8, blocks[*to]);
    }
    (heap, blocks)
}

#[test]
fn nothing_at_all() {
    Heap::new(8).expect([0; 4], |check| assert!(check.records.is_empty()));
}

#[test]
fn a_lost_list_is_led_by_its_head() {
    let (mut heap, blocks) = linked(4, &[(2, 0, 1), (1, 0, 0), (0, 0, 3)]);
    heap.expect([1, 3, 0, 0], |check| {
        let head = record(check, 3);
        assert_eq!(
            (head.kind, head.own, head.retained),
            (LeakKind::Definite, tally(32, 1), tally(96, 3))
        );
        assert_eq!((head.example, head.thread, head.cycle.len()), (blocks[2], 2, 0));
        assert_eq!(check.records[0].site, 3, "most bytes first");
        assert!(check.edges.is_empty());
    });
}

#[test]
fn a_reachable_list_is_no_leak() {
    let (mut heap, blocks) = linked(4, &[(0, 1, 1), (1, 2, 2), (2, 3, 3)]);
    heap.roots.push(blocks[0]);
    heap.expect([0, 0, 0, 4], |check| {
        assert_eq!((check.coverage.root_bytes, check.coverage.block_bytes), (8, 128));
    });
}

#[test]
fn a_tree_is_led_by_its_root() {
    let (mut heap, _) =
        linked(7, &[(6, 0, 5), (6, 1, 4), (5, 0, 0), (5, 1, 1), (4, 0, 2), (4, 1, 3)]);
    heap.expect([1, 6, 0, 0], |check| assert_eq!(record(check, 7).retained, tally(192, 6)));
}

#[test]
fn in_a_diamond_the_end_counts_once() {
    let (mut heap, _) = linked(4, &[(0, 0, 1), (0, 1, 2), (1, 0, 3), (2, 0, 3)]);
    heap.expect([1, 3, 0, 0], |check| assert_eq!(record(check, 1).retained, tally(96, 3)));
}

#[test]
fn a_shared_block_goes_to_the_first_leader() {
    let (mut heap, _) = linked(3, &[(0, 0, 1), (2, 0, 1)]);
    heap.expect([2, 1, 0, 0], |check| {
        assert_eq!(record(check, 1).retained, tally(32, 1));
        assert_eq!(record(check, 3).retained, tally(0, 0));
    });
}

#[test]
fn a_ring_is_one_finding_with_a_closed_walk() {
    let (mut heap, blocks) = linked(3, &[(0, 2, 1), (1, 0, 2), (2, 3, 0)]);
    heap.write(blocks[1], blocks[2] + 8);
    heap.expect([3, 0, 0, 0], |check| {
        let [ring] = check.records else { panic!("one record: {:?}", check.records) };
        assert_eq!((ring.kind, ring.own, ring.site), (LeakKind::Definite, tally(96, 3), 1));
        let edge = |from: usize, offset, to: usize, to_offset| Edge {
            from: blocks[from],
            from_site: from as u32 + 1,
            offset,
            to: blocks[to],
            to_offset,
        };
        let walk = [edge(0, 16, 1, 0), edge(1, 0, 2, 8), edge(2, 24, 0, 0)];
        assert_eq!(check.edges[ring.cycle.clone()], walk);
    });
}

#[test]
fn in_a_doubly_linked_ring_the_walk_is_the_shortest() {
    let both =
        [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 0, 0), (1, 1, 0), (2, 1, 1), (3, 1, 2), (0, 1, 3)];
    let (mut heap, blocks) = linked(4, &both);
    heap.expect([4, 0, 0, 0], |check| {
        let ring = record(check, 1);
        assert_eq!((ring.own, ring.cycle.len()), (tally(128, 4), 2));
        let [there, back] = &check.edges[ring.cycle.clone()] else { panic!("two edges") };
        assert_eq!((there.from, there.to, back.to), (blocks[0], back.from, blocks[0]));
    });
}

#[test]
fn the_culprit_of_a_cycle_is_the_rarest_site() {
    let (mut heap, blocks) = linked(4, &[(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 0, 0)]);
    for (node, site) in heap.nodes.iter_mut().zip([7, 0, 9, 7]) {
        node.site = site;
    }
    heap.expect([4, 0, 0, 0], |check| {
        assert_eq!((record(check, 9).example, record(check, 9).own.blocks), (blocks[2], 4));
        assert_eq!((check.edges[0].from, check.edges[3].to), (blocks[2], blocks[2]));
    });
}

#[test]
fn two_rings_share_a_tail() {
    let rings = [(0, 0, 1), (1, 0, 0), (3, 0, 4), (4, 0, 3), (1, 1, 2), (3, 1, 2), (2, 0, 5)];
    let (mut heap, _) = linked(6, &rings);
    heap.expect([4, 2, 0, 0], |check| {
        assert_eq!((record(check, 1).own, record(check, 1).retained), (tally(64, 2), tally(64, 2)));
        assert_eq!((record(check, 4).own, record(check, 4).retained), (tally(64, 2), tally(0, 0)));
        assert_eq!(check.edges.len(), 4);
    });
}

#[test]
fn a_ring_that_something_leads_to_is_indirect() {
    let (mut heap, _) = linked(3, &[(0, 0, 1), (1, 0, 0), (2, 0, 1)]);
    heap.expect([1, 2, 0, 0], |check| {
        assert_eq!(
            (record(check, 3).kind, record(check, 3).retained.blocks),
            (LeakKind::Definite, 2)
        );
        assert!(check.edges.is_empty());
    });
}

#[test]
fn a_block_that_points_to_itself_is_no_cycle() {
    let (mut heap, _) = linked(1, &[(0, 0, 0), (0, 2, 0)]);
    heap.expect([1, 0, 0, 0], |check| assert!(record(check, 1).cycle.is_empty()));
}

#[test]
fn equal_cycles_are_one_record() {
    let (mut heap, blocks) =
        linked(6, &[(0, 0, 1), (1, 0, 0), (2, 0, 3), (3, 0, 2), (4, 0, 5), (5, 0, 4)]);
    for (node, site) in heap.nodes.iter_mut().zip([1, 2, 2, 1, 1, 3]) {
        node.site = site;
    }
    heap.expect([6, 0, 0, 0], |check| {
        let own: Vec<u64> = check.records.iter().map(|record| record.own.blocks).collect();
        assert_eq!((own, check.edges.len()), (vec![4, 2], 4));
        assert_eq!(check.records[0].example, blocks[0]);
    });
}

#[test]
fn a_long_walk_is_cut_before_its_last_edge() {
    let ring: Vec<_> = (0..40).map(|number| (number, 0, (number + 1) % 40)).collect();
    let (mut heap, blocks) = linked(40, &ring);
    heap.expect([40, 0, 0, 0], |check| {
        assert_eq!(check.edges.len(), EDGES_MAX);
        let last = check.edges[EDGES_MAX - 1];
        assert_eq!((last.from, last.to), (blocks[39], blocks[0]));
        assert_eq!(check.edges[EDGES_MAX - 2].to, blocks[EDGES_MAX - 1]);
    });
}

#[test]
fn ignored_blocks_are_roots_and_freed_ones_lead_nowhere() {
    let (mut heap, _) = linked(4, &[(0, 0, 1), (2, 0, 3)]);
    heap.nodes[0].flags = Node::IGNORED;
    heap.nodes[2].flags = Node::FREED;
    heap.expect([1, 0, 0, 2], |check| assert_eq!(record(check, 4).kind, LeakKind::Definite));
}

#[test]
fn a_second_analysis_starts_anew() {
    let (mut heap, blocks) = linked(2, &[(0, 0, 1)]);
    heap.roots.push(blocks[0]);
    heap.expect([0, 0, 0, 2], |_| ());
    heap.roots.clear();
    heap.expect([1, 1, 0, 0], |_| ());
}

#[test]
fn a_chain_of_any_length_needs_no_recursion() {
    let count = 300_000;
    let chain: Vec<_> = (1..count).map(|number| (number, 0, number - 1)).collect();
    let (mut heap, blocks) = linked(count, &chain);
    heap.expect([1, count as u64 - 1, 0, 0], |_| ());
    heap.write(blocks[0], blocks[count - 1]);
    heap.expect([count as u64, 0, 0, 0], |check| assert_eq!(check.edges.len(), EDGES_MAX));
    heap.roots.push(blocks[5]);
    heap.expect([0, 0, 0, count as u64], |_| ());
}
