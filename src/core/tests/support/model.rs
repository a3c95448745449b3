//! A model run: rounds of threads that drive the core and end while their blocks live, with
//! everything checked whenever they rest.
//!
//! `HEAPWARDEN_MODEL_SEED`, `_ROUNDS`, `_THREADS` and `_OPERATIONS` (per thread and round) choose
//! the run; with one thread it is the same each time.

use super::block::Block;
use super::random::Random;
use super::worker::{Exchange, Worker};
use super::{check, failure};
use heapwarden_core::{Config, configure};
use std::sync::{Barrier, Mutex};
use std::thread;

struct Run {
    seed: u64,
    rounds: usize,
    threads: usize,
    operations: usize,
    slot_offset: usize,
    exchange: Exchange,
    /// Where threads show their blocks when they rest.
    shown: Mutex<Vec<Block>>,
    resting: Barrier,
}

/// What a run did.
pub struct Outcome {
    /// The bytes of all requests but `reallocate`'s.
    pub requested: u64,
    /// The blocks that are still live.
    pub blocks: Vec<Block>,
}

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(format!("HEAPWARDEN_MODEL_{name}")) {
        Ok(value) => value.parse().expect("a number"),
        Err(_) => default,
    }
}

/// Runs the model under `config`. The process ends when the core contradicts it.
pub fn run(config: Config) -> Outcome {
    let (seed, threads) = (setting("SEED", 2), setting("THREADS", 4) as usize);
    failure::explain(format!("the model failed with HEAPWARDEN_MODEL_SEED={seed}, {config:?}\n"));
    configure(&config);
    let run = Run {
        seed,
        rounds: setting("ROUNDS", 3) as usize,
        threads,
        operations: setting("OPERATIONS", 3000) as usize,
        slot_offset: config.slot_offset.into(),
        exchange: Exchange::default(),
        shown: Mutex::default(),
        resting: Barrier::new(threads),
    };
    let mut outcome = Outcome { requested: 0, blocks: Vec::new() };
    for round in 0..run.rounds {
        run.round(round, &mut outcome);
        check::at_rest(&outcome.blocks);
    }
    outcome
}

impl Run {
    /// One round: each thread starts with a part of the blocks that earlier threads left.
    fn round(&self, round: usize, outcome: &mut Outcome) {
        let mut blocks = std::mem::take(&mut outcome.blocks);
        let share = blocks.len().div_ceil(self.threads);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|thread| {
                    let part = blocks.split_off(blocks.len() - share.min(blocks.len()));
                    scope.spawn(move || self.work(round, thread, part))
                })
                .collect();
            for thread in threads {
                let (requested, left) = thread.join().expect("no panic survives");
                outcome.requested += requested;
                outcome.blocks.extend(left);
            }
        });
        outcome.blocks.append(&mut self.exchange.lock().expect("no panic survives"));
    }

    fn work(&self, round: usize, thread: usize, blocks: Vec<Block>) -> (u64, Vec<Block>) {
        let random = Random::derived(self.seed, round, thread);
        let mut worker = Worker::new(random, self.slot_offset, &self.exchange, blocks);
        for half in [self.operations / 2, self.operations - self.operations / 2] {
            for _ in 0..half {
                worker.step();
            }
            self.rest(&worker);
        }
        (worker.requested, worker.shadow.blocks().to_vec())
    }

    /// All threads wait while one of them checks everything, their caches full as they are.
    fn rest(&self, worker: &Worker) {
        self.shown.lock().expect("no panic survives").extend(worker.shadow.blocks());
        if self.resting.wait().is_leader() {
            let mut blocks = std::mem::take(&mut *self.shown.lock().expect("no panic survives"));
            blocks.extend(self.exchange.lock().expect("no panic survives").iter());
            check::at_rest(&blocks);
        }
        self.resting.wait();
    }
}
