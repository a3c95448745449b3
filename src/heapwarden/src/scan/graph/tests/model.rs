//! Random heaps against the definitions, written down as plainly as possible.

use super::{Heap, Node};
use crate::leaks::facts::{LeakKind, Tally};
use std::collections::{BTreeMap, BTreeSet};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }
}

/// A heap of up to `most` blocks with random pointers, a part of them reachable.
fn random_heap(random: &mut Random, most: usize) -> Heap {
    let count = 1 + random.below(most);
    let mut heap = Heap::new(count * 40 + 16);
    let (sites, density) = (1 + random.below(6), random.below(4));
    for _ in 0..count {
        let size = [0, 1, 8, 17, 24, 40, 64, 248][random.below(8)];
        let flags = match random.below(24) {
            0 => Node::FREED,
            1 => Node::IGNORED,
            _ => 0,
        };
        heap.block_with(size, random.below(sites) as u32, flags);
        // Neighbours may be far away.
        heap.used += random.below(8);
    }
    let pointer = |random: &mut Random, heap: &Heap| {
        let node = heap.nodes[random.below(count)];
        let inner = random.below(5) == 0;
        node.start + if inner { random.below(node.size + 2) } else { 0 }
    };
    for number in 0..count {
        for at in heap.nodes[number].words().step_by(8) {
            if random.below(4 + 2 * density) == 0 {
                let word = pointer(random, &heap);
                heap.write(at, word);
            }
        }
    }
    for _ in 0..random.below(4) {
        let word = pointer(random, &heap);
        heap.roots.push(word);
    }
    heap
}

/// The definitions.
struct Reference<'a> {
    heap: &'a Heap,
}

impl Reference<'_> {
    /// The live block that a word points into, and whether the pointer counts as one to its start.
    fn target(&self, word: usize) -> Option<(usize, bool)> {
        let number = self.heap.nodes.iter().position(|node| {
            !node.is_freed()
                && (node.start == word || (node.start..node.start + node.size).contains(&word))
        })?;
        let node = &self.heap.nodes[number];
        // Words of these heaps are zero or pointers, so that no counter or table is ever found.
        Some((number, word == node.start))
    }

    fn pointers(&self, number: usize) -> Vec<(usize, bool)> {
        let words = self.heap.nodes[number].words().step_by(8);
        words.filter_map(|at| self.target(self.heap.words[(at - self.heap.base()) / 8])).collect()
    }

    /// Everything that can be reached from `from`.
    fn closure(
        &self,
        from: Vec<usize>,
        starts_only: bool,
        not: &BTreeSet<usize>,
    ) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut left = from;
        while let Some(number) = left.pop() {
            if !not.contains(&number) && reached.insert(number) {
                let follow = |(target, is_start)| (is_start || !starts_only).then_some(target);
                left.extend(self.pointers(number).into_iter().filter_map(follow));
            }
        }
        reached
    }
}

fn compare(heap: &mut Heap, seed: u64) {
    let reference = Reference { heap };
    let nodes = &heap.nodes;
    let nothing = BTreeSet::new();
    let roots: Vec<_> = heap.roots.iter().filter_map(|word| reference.target(*word)).collect();
    let ignored = (0..nodes.len()).filter(|number| nodes[*number].flags == Node::IGNORED);
    let starts = roots.iter().filter(|(_, is_start)| *is_start).map(|(number, _)| *number);
    let reachable = reference.closure(starts.chain(ignored.clone()).collect(), true, &nothing);
    let all = roots.iter().map(|(number, _)| *number).chain(ignored).collect();
    let known = reference.closure(all, false, &nothing);
    let live = (0..nodes.len()).filter(|number| !nodes[*number].is_freed());
    let lost: Vec<usize> = live.filter(|number| !known.contains(number)).collect();
    let leads: BTreeMap<usize, BTreeSet<usize>> = lost
        .iter()
        .map(|number| (*number, reference.closure(vec![*number], false, &known)))
        .collect();
    let is_definite = |number: &usize| {
        lost.iter().all(|other| !leads[other].contains(number) || leads[number].contains(other))
    };
    let definite: BTreeSet<usize> = lost.iter().copied().filter(is_definite).collect();
    // Blocks that lead to each other are one leader, that of the lowest of them.
    let mut taken = BTreeSet::new();
    let mut expected: Vec<(bool, Tally, Tally)> = Vec::new();
    for leader in &definite {
        if taken.contains(leader) {
            continue;
        }
        let (mut own, mut retained, mut members) = (Tally::default(), Tally::default(), 0);
        for number in leads[leader].iter().filter(|number| taken.insert(**number)) {
            if leads[number].contains(leader) {
                own.add(nodes[*number].size);
                members += 1;
            } else {
                retained.add(nodes[*number].size);
            }
        }
        expected.push((members > 1, own, retained));
    }
    let sum = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut sum = Tally::default();
        numbers.for_each(|number| sum.add(nodes[number].size));
        sum
    };
    let totals = [
        sum(&mut definite.iter().copied()),
        sum(&mut lost.iter().copied().filter(|number| !definite.contains(number))),
        sum(&mut known.difference(&reachable).copied()),
        sum(&mut reachable.iter().copied()),
    ];
    let add = |sums: &mut [u64; 4], own: Tally, retained: Tally| {
        let parts = [own.bytes, own.blocks, retained.bytes, retained.blocks];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    };
    let (mut in_cycles, mut alone) = ([0; 4], [0; 4]);
    for (is_cycle, own, retained) in expected {
        add(if is_cycle { &mut in_cycles } else { &mut alone }, own, retained);
    }
    let words = heap.words.clone();
    let base = heap.base();
    heap.check(true, |check| {
        assert_eq!(check.totals, totals, "seed {seed}");
        let (mut cycles_found, mut alone_found) = ([0; 4], [0; 4]);
        for record in check.records.iter().filter(|record| record.kind == LeakKind::Definite) {
            let sums = if record.cycle.is_empty() { &mut alone_found } else { &mut cycles_found };
            add(sums, record.own, record.retained);
            let walk = &check.edges[record.cycle.clone()];
            for edge in walk {
                let word = words[(edge.from + edge.offset - base) / 8];
                assert_eq!(word, edge.to + edge.to_offset, "seed {seed}: an edge that is there");
            }
            if let ([first, .., last], true) = (walk, walk.len() < 16) {
                assert!(first.from == record.example && last.to == record.example, "seed {seed}");
                assert!(walk.windows(2).all(|two| two[0].to == two[1].from), "seed {seed}: no gap");
            }
        }
        assert_eq!((alone_found, cycles_found), (alone, in_cycles), "seed {seed}");
        let bytes =
            |index: usize| check.records[index].own.bytes + check.records[index].retained.bytes;
        assert!((1..check.records.len()).all(|index| bytes(index - 1) >= bytes(index)));
    });
}

#[test]
fn small_heaps_agree_with_the_definitions() {
    for seed in 1..=3000 {
        let mut random = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        compare(&mut random_heap(&mut random, 24), seed);
    }
}

#[test]
fn larger_heaps_agree_with_the_definitions() {
    for seed in 1..=40 {
        let mut random = Random(u64::wrapping_mul(seed, 0x9E37_79B9_7F4A_7C15));
        compare(&mut random_heap(&mut random, 160), seed);
    }
}
