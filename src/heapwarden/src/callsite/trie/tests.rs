use super::*;
use std::collections::HashMap;

fn random(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

/// Paths of which many begin alike; some frames have far more callees than a node's own list holds.
fn paths(seed: u64, count: usize) -> Vec<Vec<usize>> {
    let mut state = seed;
    let mut path = Vec::new();
    let mut next = || {
        path.truncate(random(&mut state) % (path.len() + 1));
        for _ in 0..1 + random(&mut state) % 5 {
            let callees = if random(&mut state).is_multiple_of(3) { 1000 } else { 3 };
            path.push(0x40_0000 + random(&mut state) % callees);
        }
        path.clone()
    };
    (0..count).map(|_| next()).collect()
}

fn enter(trie: &Trie, path: &[usize]) -> u32 {
    trie.enter(path.iter().copied())
}

#[test]
fn a_path_has_one_node_and_a_node_one_path() {
    static TRIE: Trie = Trie::new();
    let mut model = HashMap::new();
    for path in paths(1, 20_000).iter().chain(&paths(1, 500)) {
        for length in 1..=path.len() {
            let node = enter(&TRIE, &path[..length]);
            assert_ne!(node, 0);
            assert_eq!(*model.entry(path[..length].to_vec()).or_insert(node), node);
        }
    }
    for (path, node) in &model {
        assert!(TRIE.frames(*node).eq(path.iter().rev().copied()), "{path:x?}");
    }
    let mut nodes: Vec<u32> = model.values().copied().collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), model.len());
    // One thread wastes none.
    assert_eq!(TRIE.nodes.last() as usize, model.len());
}

#[test]
fn threads_that_enter_the_same_paths_find_the_same_nodes() {
    static TRIE: Trie = Trie::new();
    let all = paths(2, 5_000);
    let nodes: Vec<Vec<u32>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|number| {
                // From different places, so that each is first somewhere.
                let all = &all;
                scope.spawn(move || {
                    let from = number * all.len() / 4;
                    let (inner, outer) = all.split_at(from);
                    let found = outer.iter().chain(inner).map(|path| enter(&TRIE, path));
                    let mut found: Vec<u32> = found.collect();
                    found.rotate_right(from);
                    found
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("the nodes")).collect()
    });
    for found in &nodes {
        assert_eq!(found, &nodes[0]);
    }
    for (path, node) in all.iter().zip(&nodes[0]) {
        assert!(TRIE.frames(*node).eq(path.iter().rev().copied()), "{path:x?}");
    }
}

#[test]
fn numbers_that_nobody_has_lead_nowhere() {
    static TRIE: Trie = Trie::new();
    assert_eq!(TRIE.frames(0).next(), None);
    assert_eq!(TRIE.frames(7).next(), None);
    assert_eq!(TRIE.frames(u32::MAX).next(), None);
}
