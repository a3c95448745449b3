//! Binary trees of growing depth: build a whole tree, walk it, tear it down; one long-lived tree stays.

use std::hint::black_box;

use crate::Result;

const DEEPEST: u32 = 18;

struct Node {
    left: *mut Node,
    right: *mut Node,
    value: u64,
}

pub fn run(operations: u64) -> Result<u64> {
    let long_lived = build(DEEPEST - 2, 1);
    let mut checksum = 0_u64;
    for round in 0..operations {
        for depth in (4..=DEEPEST).step_by(2) {
            // Small trees more often, so that every depth makes about as many nodes.
            for repetition in 0..(1_u64 << (DEEPEST - depth)).min(256) {
                let tree = build(depth, round + repetition);
                checksum = checksum.wrapping_mul(31).wrapping_add(tear_down(tree));
            }
        }
    }
    Ok(checksum ^ tear_down(long_lived))
}

fn build(depth: u32, value: u64) -> *mut Node {
    // SAFETY: malloc may be called with any size.
    let node = black_box(unsafe { libc::malloc(size_of::<Node>()) }).cast::<Node>();
    assert!(!node.is_null(), "out of memory");
    let (left, right) = match depth {
        0 => (std::ptr::null_mut(), std::ptr::null_mut()),
        _ => (build(depth - 1, value * 2), build(depth - 1, value * 2 + 1)),
    };
    // SAFETY: malloc gave memory of the size and alignment of a node.
    unsafe { node.write(Node { left, right, value }) };
    node
}

fn tear_down(node: *mut Node) -> u64 {
    if node.is_null() {
        return 0;
    }
    // SAFETY: the node was made by `build`, and every node is reached once.
    let Node { left, right, value } = unsafe { node.read() };
    let sum = value.wrapping_add(tear_down(left)).wrapping_add(tear_down(right));
    // SAFETY: live until here, and nobody reaches it again.
    unsafe { libc::free(node.cast()) };
    sum
}
