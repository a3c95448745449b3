//! Which pointers count, and as what.

use super::{Heap, Node, Root, record, tally};
use crate::leaks::facts::{Holder, LeakKind};

/// A heap with one block, filled with `words`, and a root that points `offset` bytes into it.
fn pointed_at(size: usize, words: &[usize], offset: usize) -> Heap {
    let mut heap = Heap::new(4096);
    let block = heap.block(size, 1);
    for (index, word) in words.iter().enumerate() {
        heap.write(block + index * 8, *word);
    }
    heap.roots.push(block + offset);
    heap
}

fn kind_of(mut heap: Heap) -> LeakKind {
    let mut kind = None;
    heap.check(false, |check| kind = Some(record(check, 1).kind));
    kind.expect("a record")
}

#[test]
fn a_pointer_into_the_middle_makes_a_block_possible() {
    assert_eq!(kind_of(pointed_at(64, &[], 0)), LeakKind::Reachable);
    for offset in [1, 7, 8, 16, 24, 32, 63] {
        assert_eq!(kind_of(pointed_at(64, &[], offset)), LeakKind::Possible, "+{offset}");
    }
}

#[test]
fn one_past_the_end_is_not_in_the_block_but_an_empty_one_has_its_start() {
    assert_eq!(kind_of(pointed_at(64, &[], 64)), LeakKind::Definite);
    assert_eq!(kind_of(pointed_at(0, &[], 0)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(0, &[], 1)), LeakKind::Definite);
}

#[test]
fn what_a_possible_block_leads_to_is_possible_unless_reachable_otherwise() {
    let mut heap = Heap::new(256);
    let blocks: Vec<usize> = (1..=4).map(|site| heap.block(64, site)).collect();
    heap.write(blocks[0], blocks[1]);
    heap.write(blocks[1], blocks[2]);
    heap.write(blocks[0] + 8, blocks[3]);
    heap.roots.extend([blocks[0] + 40, blocks[2]]);
    heap.expect([0, 0, 3, 1], |check| {
        assert_eq!(record(check, 3).kind, LeakKind::Reachable);
        assert_eq!(record(check, 4).kind, LeakKind::Possible);
    });
}

#[test]
fn a_start_found_after_the_middle_wins() {
    let mut heap = pointed_at(64, &[], 24);
    heap.roots.push(heap.roots[0] - 24);
    assert_eq!(kind_of(heap), LeakKind::Reachable);
}

#[test]
fn the_value_of_an_rc_counts_as_its_start() {
    assert_eq!(kind_of(pointed_at(20, &[1, 1], 16)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(64, &[3, 2], 16)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(62, &[0, 3], 16)), LeakKind::Possible);
    assert_eq!(kind_of(pointed_at(64, &[3, usize::MAX], 16)), LeakKind::Possible);
    assert_eq!(kind_of(pointed_at(64, &[3, 2], 24)), LeakKind::Possible);
}

#[test]
fn an_rc_cycle_that_is_reached_by_into_raw_is_reachable() {
    let mut heap = Heap::new(64);
    let (one, other) = (heap.block(32, 1), heap.block(32, 2));
    for block in [one, other] {
        heap.write(block, 1);
        heap.write(block + 8, 1);
    }
    heap.write(one + 16, other);
    heap.write(other + 16, one);
    heap.roots.push(one + 16);
    heap.expect([0, 0, 0, 2], |_| ());
    heap.roots.clear();
    heap.expect([2, 0, 0, 0], |check| {
        let rc = record(check, 1);
        let offsets: Vec<_> =
            check.edges.iter().map(|edge| (edge.offset, edge.to_offset)).collect();
        assert_eq!((rc.own, offsets), (tally(64, 2), vec![(16, 0), (16, 0)]));
    });
}

#[test]
fn the_first_element_of_a_cpp_array_counts_as_its_start() {
    assert_eq!(kind_of(pointed_at(8 + 5 * 24, &[5], 8)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(8 + 5 * 24, &[7], 8)), LeakKind::Possible);
    // Aligned to 16: padding, the count, then elements of a multiple of 16.
    assert_eq!(kind_of(pointed_at(16 + 3 * 32, &[0, 3], 16)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(16 + 3 * 8, &[0, 3], 16)), LeakKind::Possible);
}

#[test]
fn the_text_of_an_old_string_and_a_counted_block_count_as_starts() {
    assert_eq!(kind_of(pointed_at(24 + 11, &[4, 10, 0], 24)), LeakKind::Reachable);
    assert_eq!(kind_of(pointed_at(24 + 11, &[11, 10, 0], 24)), LeakKind::Possible);
    assert_eq!(kind_of(pointed_at(24 + 12, &[4, 10, 0], 24)), LeakKind::Possible);
    assert_eq!(kind_of(pointed_at(8 + 100, &[100], 8)), LeakKind::Reachable);
}

#[test]
fn a_second_base_class_counts_as_the_start() {
    let tables = 0x7000_0000..0x7000_1000;
    let kind = |first: usize, second: usize, size: usize| {
        let mut heap = pointed_at(size, &[first, 0, 0, 0, second], 32);
        heap.vtables = tables.clone();
        kind_of(heap)
    };
    assert_eq!(kind(0x7000_0010, 0x7000_0080, 48), LeakKind::Reachable);
    assert_eq!(kind(0x7000_0010, 0x7000_0084, 48), LeakKind::Possible, "not aligned");
    assert_eq!(kind(0x6000_0010, 0x7000_0080, 48), LeakKind::Possible, "no table at the start");
    assert_eq!(kind(0x7000_0010, 0x7000_0080, 36), LeakKind::Possible, "the word is cut");
}

#[test]
fn a_huge_block_is_found_from_every_page_of_it() {
    let mut heap = Heap::new(9 << 17);
    let small = heap.block(24, 1);
    let huge = heap.block(9 << 19, 2);
    let after = heap.block(24, 3);
    for offset in (1..9 << 19).step_by(4096 * 16 - 8).chain([(9 << 19) - 1]) {
        heap.roots = vec![huge + offset];
        heap.expect([2, 0, 1, 0], |check| assert_eq!(record(check, 2).kind, LeakKind::Possible));
    }
    heap.write(huge + (9 << 19) - 8, after);
    heap.write(huge, small);
    heap.roots = vec![huge];
    heap.expect([0, 0, 0, 3], |_| ());
}

#[test]
fn unaligned_ends_of_roots_and_blocks_are_left_out() {
    let mut heap = Heap::new(64);
    let (holder, target) = (heap.block(15, 1), heap.block(16, 2));
    heap.write(holder + 8, target);
    heap.roots.push(holder);
    heap.expect([1, 0, 0, 1], |_| ());
    let start = heap.roots.as_ptr() as usize;
    let cut = Root { start: start + 1, end: start + 8, holder: Holder::Registered };
    heap.check_from(&[cut], false, |check| assert_eq!(check.totals[0].blocks, 2));
}

#[test]
fn pointers_to_freed_blocks_are_told_with_their_holders() {
    let mut heap = Heap::new(256);
    let freed = heap.block_with(48, 5, Node::FREED);
    let (holder, lost) = (heap.block(64, 6), heap.block(64, 7));
    heap.write(holder + 24, freed + 40);
    heap.write(lost, freed);
    heap.write(freed, lost);
    let words = [freed, holder, freed + 1, freed + 48];
    let at = words.as_ptr() as usize;
    let root = |index: usize, count: usize, holder| Root {
        start: at + index * 8,
        end: at + (index + count) * 8,
        holder,
    };
    let roots = [
        root(0, 1, Holder::Register(9)),
        root(2, 2, Holder::Stack(9)),
        root(0, 2, Holder::Global(0)),
    ];
    heap.check_from(&roots, true, |check| {
        let told: Vec<_> =
            check.dangling.iter().map(|found| (found.holder, found.at, found.offset)).collect();
        let in_block = Holder::Block { address: holder, site: 6, offset: 24 };
        let expected = [
            (Holder::Global(at), at, 0),
            (in_block, holder + 24, 40),
            (Holder::Register(9), 0, 0),
            (Holder::Stack(9), at + 16, 1),
        ];
        assert_eq!(told, expected);
        let first = check.dangling[0];
        assert_eq!(
            (first.block, first.size, first.allocated_at, first.threads),
            (freed, 48, 5, (0, 0))
        );
        assert_eq!(
            check.totals[LeakKind::Definite as usize],
            tally(64, 1),
            "freed blocks lead nowhere"
        );
    });
    heap.check_from(&roots, false, |check| assert!(check.dangling.is_empty()));
}

#[test]
fn of_many_alike_dangling_pointers_a_few_are_kept() {
    let mut heap = Heap::new(8192);
    let freed: Vec<usize> =
        (0..200).map(|site| heap.block_with(16, site / 100, Node::FREED)).collect();
    let holder = heap.block(200 * 8, 9);
    freed.iter().enumerate().for_each(|(index, block)| heap.write(holder + index * 8, *block));
    heap.roots.push(holder);
    heap.roots.extend(&freed);
    heap.check(true, |check| {
        assert_eq!((check.dangling.len(), check.coverage.dangling_pointers), (64, 400));
    });
    let holders: Vec<usize> = (0..100).map(|_| heap.block(16, 10)).collect();
    holders.iter().for_each(|holder| heap.write(*holder, freed[0]));
    heap.roots = holders;
    heap.check(true, |check| {
        assert_eq!((check.dangling.len(), check.coverage.dangling_pointers), (4, 100));
    });
}
