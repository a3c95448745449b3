//! Scopes: what a closure allocates, on its thread and on those that it starts.
//!
//! A scope has one of a fixed number of places, and a number that is never used again. Threads and
//! blocks keep the number: that of a scope that has ended leads nowhere. What is counted for a scope
//! is counted for those around it, too.

use super::blocks;
use super::counts::{Counts, Limits, Total};
use super::sums::Who;
use super::table::Entry;
use crate::door::door;
use core::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};

/// The thread is in no scope. 0 says that nobody has looked yet.
pub const NONE: usize = 1;
/// Scopes that can be open at a time.
const SCOPES: usize = 1024;

/// A place for a scope. Tests side by side have neighbouring ones, and must not wait for each other's cache
/// lines.
#[repr(align(128))]
struct Place {
    taken: AtomicBool,
    /// The number of the scope that has it; 0 while it is closed.
    number: AtomicUsize,
    /// The thread that opened it.
    owner: AtomicUsize,
    /// The number of the scope around it, or [`NONE`].
    parent: AtomicUsize,
    counts: Counts,
}

static ALL: [Place; SCOPES] = [const {
    Place {
        taken: AtomicBool::new(false),
        number: AtomicUsize::new(0),
        owner: AtomicUsize::new(0),
        parent: AtomicUsize::new(NONE),
        counts: Counts::new(),
    }
}; SCOPES];
/// How many are open.
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// The next number, in scopes.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// An open scope of the calling thread; it ends when it is dropped, if not before.
pub struct Scope {
    number: usize,
    parent: usize,
    is_open: bool,
}

/// Whether there is any scope.
#[inline(always)]
pub fn is_any_open() -> bool {
    OPEN.load(Relaxed) > 0
}

/// The calling thread's word.
#[inline(always)]
pub fn of_thread() -> usize {
    // SAFETY: this thread's word.
    unsafe { (*door()).scope }
}

/// Puts the calling thread into a scope, or into none.
pub fn put_thread(number: usize) {
    // SAFETY: this thread's word.
    unsafe { (*door()).scope = number };
}

fn place_of(number: usize) -> Option<&'static Place> {
    ALL.get(number % SCOPES).filter(|place| number > NONE && place.number.load(SeqCst) == number)
}

/// Whether a scope has not ended.
pub fn is_open(number: usize) -> bool {
    place_of(number).is_some()
}

/// Opens a scope around what the calling thread does from now on. `None` when there are too many.
pub fn open(parent: usize, limits: Limits) -> Option<Scope> {
    // Acquire: pairs with the Release in `Scope::end`: the place is left as it was.
    let is_taken =
        |place: &&Place| place.taken.compare_exchange(false, true, Acquire, Relaxed).is_ok();
    let place = ALL.iter().find(is_taken)?;
    let index = ALL.iter().position(|other| core::ptr::eq(other, place))?;
    let number = NEXT.fetch_add(1, Relaxed) * SCOPES + index;
    place.parent.store(parent, Relaxed);
    place.owner.store(this_thread(), Relaxed);
    place.counts.start(limits);
    OPEN.fetch_add(1, SeqCst);
    place.number.store(number, SeqCst);
    put_thread(number);
    Some(Scope { number, parent, is_open: true })
}

impl Scope {
    /// Ends the scope: what was counted for it, and a visit to each of its blocks that is still live.
    pub fn end(mut self, visit: &mut dyn FnMut(&Entry)) -> Total {
        self.close(visit)
    }

    fn close(&mut self, visit: &mut dyn FnMut(&Entry)) -> Total {
        self.is_open = false;
        put_thread(self.parent);
        let Some(place) = place_of(self.number) else { return Total::default() };
        place.number.store(0, SeqCst);
        blocks::settle();
        let total = place.counts.total();
        if total.live_blocks > 0 {
            blocks::hand_over(self.number, self.parent, visit);
        }
        OPEN.fetch_sub(1, SeqCst);
        // Release: pairs with the Acquire in `open`.
        place.taken.store(false, Release);
        total
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if self.is_open {
            self.close(&mut |_| ());
        }
    }
}

/// Calls `count` for a scope and for those around it. The caller holds the lock of one of the tables
/// of blocks.
fn each(number: usize, count: impl Fn(&Counts, Who)) {
    let mut at = number;
    while let Some(place) = place_of(at) {
        at = place.parent.load(Relaxed);
        let is_owner = place.owner.load(Relaxed) == this_thread();
        count(&place.counts, if is_owner { Who::Owner } else { Who::Other });
    }
}

/// An address that tells threads apart.
fn this_thread() -> usize {
    door() as usize
}

/// A block was allocated.
pub fn count_allocation(entry: &Entry) {
    each(entry.scope, |counts, who| counts.allocate(entry, who));
}

/// It was freed.
pub fn count_free(entry: &Entry) {
    each(entry.scope, |counts, who| counts.free(entry.size, who));
}

/// It was not.
pub fn uncount_free(entry: &Entry) {
    each(entry.scope, |counts, who| counts.unfree(entry.size, who));
}

/// There is no memory to keep it.
pub fn note_shortage(entry: &Entry) {
    each(entry.scope, |counts, _| counts.note_shortage());
}

/// In a forked child, where only one thread is: its scopes go on, those of others do not matter.
pub fn repair_after_fork() {
    blocks::repair_after_fork();
}
