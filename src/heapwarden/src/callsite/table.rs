//! Finds a stack's number by its hash: a `dashmap`, made with room for 64 K stacks.
//!
//! Its shards are only ever tried, never waited for: a waiting thread would be parked by code that
//! allocates and uses thread-local variables, and after a fork a shard may be held by a thread that
//! does not exist. A writer keeps signals blocked, so that no handler finds its own thread's lock
//! taken. If a thread was in it at a fork, the child abandons the table and makes another from the
//! stored stacks.

use super::store;
use crate::inside;
use crate::unwind::{block_signals, check_fork, hash_of, restore_signals};
use core::hash::{BuildHasherDefault, Hasher};
use core::ptr;
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Release},
};
use dashmap::{DashMap, SharedValue};

const SHARDS: usize = 16;
const CAPACITY: usize = 64 * 1024;
/// How often a shard is tried, and from when on the processor is offered to others in between.
const ATTEMPTS: u32 = 2000;
const SPINS: u32 = 100;
/// How many stacks may share a hash.
const SAME_HASH_MAX: u64 = 4;

/// The keys are hashes already.
#[derive(Default)]
struct Unchanged(u64);

impl Hasher for Unchanged {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Table = DashMap<u64, u32, BuildHasherDefault<Unchanged>>;

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

/// The number of a stack, which is stored if it is new; 0 if that is not possible.
pub fn intern(hash: u64, frames: &[usize]) -> u32 {
    check_fork();
    let Some(table) = table() else { return 0 };
    for key in (0..SAME_HASH_MAX).map(|attempt| hash.wrapping_add(attempt << 32)) {
        match look_up(table, key) {
            Answer::Known(place) if store::get(place) == frames => return place,
            Answer::Known(_) => {}
            Answer::Unknown => match insert(table, key, frames) {
                Some(place) if store::get(place) == frames => return place,
                Some(_) => {}
                None => return 0,
            },
            Answer::Busy => return 0,
        }
    }
    0
}

enum Answer {
    Known(u32),
    Unknown,
    Busy,
}

fn attempt<T>(mut action: impl FnMut() -> Option<T>) -> Option<T> {
    for attempt in 0..ATTEMPTS {
        if let Some(result) = action() {
            return Some(result);
        }
        if attempt < SPINS {
            core::hint::spin_loop();
        } else {
            // SAFETY: takes nothing and touches no memory.
            unsafe { libc::sched_yield() };
        }
    }
    None
}

fn look_up(table: &Table, key: u64) -> Answer {
    let shard = &table.shards()[table.determine_shard(key as usize)];
    let Some(entries) = attempt(|| shard.try_read()) else { return Answer::Busy };
    match entries.get(key, |(known, _)| *known == key) {
        Some((_, place)) => Answer::Known(*place.get()),
        None => Answer::Unknown,
    }
}

/// Stores and enters the stack, unless another thread has just entered one with that key; returns
/// the number that the key has now.
#[cold]
fn insert(table: &Table, key: u64, frames: &[usize]) -> Option<u32> {
    let mask = block_signals();
    let guard = inside::enter();
    let place = insert_alone(table, key, frames);
    drop(guard);
    restore_signals(mask);
    place
}

fn insert_alone(table: &Table, key: u64, frames: &[usize]) -> Option<u32> {
    let shard = &table.shards()[table.determine_shard(key as usize)];
    let mut entries = attempt(|| shard.try_write())?;
    if let Some((_, place)) = entries.get(key, |(known, _)| *known == key) {
        return Some(*place.get());
    }
    entries.try_reserve(1, |(known, _)| *known).ok()?;
    let place = store::add(frames)?;
    entries.insert(key, (key, SharedValue::new(place)), |(known, _)| *known);
    Some(place)
}

fn table() -> Option<&'static Table> {
    // Acquire: pairs with the Release in `create`.
    let table = TABLE.load(Acquire);
    if table.is_null() {
        return create();
    }
    // SAFETY: tables are never freed.
    Some(unsafe { &*table })
}

#[cold]
fn create() -> Option<&'static Table> {
    let mask = block_signals();
    let guard = inside::enter();
    let table = create_alone();
    drop(guard);
    restore_signals(mask);
    table
}

fn create_alone() -> Option<&'static Table> {
    // The shards alone are small: that request is served even without memory. Their room, which is
    // not, may be refused.
    let fresh: Table =
        DashMap::with_capacity_and_hasher_and_shard_amount(0, Default::default(), SHARDS);
    for shard in fresh.shards() {
        shard.try_write()?.try_reserve(CAPACITY / SHARDS, |(known, _)| *known).ok()?;
    }
    store::visit(&mut |place, frames| {
        let hash = hash_of(frames);
        let shard = &fresh.shards()[fresh.determine_shard(hash as usize)];
        if let Some(mut entries) = shard.try_write()
            && entries.try_reserve(1, |(known, _)| *known).is_ok()
        {
            entries.insert(hash, (hash, SharedValue::new(place)), |(known, _)| *known);
        }
    });
    let fresh = Box::into_raw(Box::new(fresh));
    match TABLE.compare_exchange(ptr::null_mut(), fresh, Release, Acquire) {
        // SAFETY: tables are never freed.
        Ok(_) => Some(unsafe { &*fresh }),
        Err(other) => {
            // SAFETY: made above and not shared; the other one is never freed.
            unsafe {
                drop(Box::from_raw(fresh));
                Some(&*other)
            }
        }
    }
}

/// In a forked child: lets the table go if a thread of the parent was in it.
pub fn repair_after_fork() {
    let table = TABLE.load(Acquire);
    // SAFETY: tables are never freed.
    let Some(known) = (unsafe { table.as_ref() }) else { return };
    if known.shards().iter().any(|shard| shard.try_write().is_none()) {
        TABLE.store(ptr::null_mut(), Release);
    }
}
