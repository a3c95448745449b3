//! What a leak scan costs: `cargo run --release -p heapwarden --example scan_cost [shape..]`.
//!
//! Milliseconds of processor time to analyse 1 M blocks of about 1 KiB (1 GiB together), for several
//! shapes of heap: the least of a few runs. `blocks` is a table that leads to blocks of other data,
//! `graph` has four random pointers in each block, `dense` consists of pointers, `list` is one chain
//! in random order; with `lost-` before the name nothing leads to them.

use heapwarden::leaks::facts::Holder;
use heapwarden::scan::area::Area;
use heapwarden::scan::graph::{Node, Request, Root, analyse};

const BLOCKS: usize = 1 << 20;
const PITCH: usize = 1024;
const RUNS: usize = 4;

struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize
    }
}

/// Fills the blocks; returns the roots' words.
fn fill(shape: &str, heap: &mut [usize]) -> Vec<usize> {
    let base = heap.as_ptr() as usize;
    let address = |block: usize| base + block % BLOCKS * PITCH;
    let mut random = Random(88_172_645_463_325_252);
    let words = PITCH / 8;
    for (number, word) in heap.iter_mut().enumerate() {
        // Counters, text and numbers, none of which is an address.
        *word = match number % 4 {
            0 => number,
            1 => 0x6c62_6174_2065_6854,
            2 => 0,
            _ => random.next() | 1 << 63,
        };
    }
    match shape {
        "graph" => {
            for block in 0..BLOCKS {
                (0..4).for_each(|word| heap[block * words + word * 16] = address(random.next()));
            }
            (0..64).map(|_| address(random.next())).collect()
        }
        "dense" => {
            heap.iter_mut().for_each(|word| *word = address(random.next()));
            vec![base]
        }
        "list" => {
            // An odd step visits every block of a power of two.
            let step = 617_421;
            for block in 0..BLOCKS {
                heap[block * words] = address(block + step);
            }
            vec![base]
        }
        "blocks" => (0..BLOCKS).map(address).collect(),
        _ => panic!("no such shape"),
    }
}

/// The processor time of this process, which other load disturbs less.
fn cpu_seconds() -> f64 {
    // SAFETY: zeros are a time; the call writes one.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
        time
    };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn main() {
    let mut shapes: Vec<String> = std::env::args().skip(1).collect();
    if shapes.is_empty() {
        shapes = ["blocks", "graph", "dense", "list"].map(String::from).to_vec();
        shapes.extend(["lost-blocks", "lost-graph", "lost-list"].map(String::from));
    }
    let mut heap = vec![0usize; BLOCKS * PITCH / 8];
    for shape in shapes {
        let is_lost = shape.starts_with("lost-");
        let table = fill(shape.trim_start_matches("lost-"), &mut heap);
        let start = table.as_ptr() as usize;
        let root = Root { start, end: start + table.len() * 8, holder: Holder::Global(start) };
        let roots = if is_lost { &[][..] } else { &[root][..] };
        let base = heap.as_ptr() as usize;
        let mut nodes: Vec<Node> = (0..BLOCKS)
            .map(|block| Node::new(base + block * PITCH, PITCH - 24, block as u32 % 1000, 0, 0))
            .collect();
        let mut best = f64::MAX;
        let mut totals = Default::default();
        for _ in 0..RUNS {
            let before = cpu_seconds();
            let memory = Area::new(1 << 20).expect("memory");
            let nodes = &mut nodes[..];
            let (more, memory, is_vtable) = (&mut || &[][..], &memory, &|_| false);
            let request = Request { nodes, roots, more, memory, dangling: false, is_vtable };
            // SAFETY: the nodes are parts of `heap`, the root is `table`.
            let check = unsafe { analyse(request) }.expect("memory");
            totals = check.totals.map(|tally| tally.blocks);
            best = best.min((cpu_seconds() - before) * 1e3);
        }
        println!("{shape:12} {best:8.1} ms  (definite, indirect, possible, reachable: {totals:?})");
    }
}
