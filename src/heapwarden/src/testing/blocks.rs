//! The blocks that belong to open scopes: address, size, scope.
//!
//! Some tables, each with a lock and open addressing, in private memory. Whatever is counted for a
//! scope is counted under the lock of one of them; [`settle`] takes every lock once after the scope was
//! closed, so that nobody counts for it any more when it returns.
//! Invariant: of each address there is one entry at most, and it is gone before the block is freed.
//! Cost: nothing for blocks outside of scopes but a look here when they are freed while a scope is
//! open; some ten nanoseconds for the others.

use super::scope;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use heapwarden_core::{PrivateHeap, RawMutex};

/// A block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Entry {
    /// Its first byte; 0 in a free place.
    pub address: usize,
    /// The size that was asked for.
    pub size: usize,
    /// The scope that it belongs to.
    pub scope: usize,
}

const FREE: Entry = Entry { address: 0, size: 0, scope: 0 };
const TABLES: usize = 16;
/// Places of a table at first.
const PLACES_MIN: usize = 64;

/// Aligned, so that the locks of two tables do not share a cache line.
#[repr(align(128))]
struct Table {
    lock: RawMutex,
    state: UnsafeCell<State>,
}

// SAFETY: the state is reached under the lock only.
unsafe impl Sync for Table {}

/// Places, a power of two of them, at most three quarters taken.
struct State {
    places: *mut Entry,
    capacity: usize,
    count: usize,
}

const EMPTY: State = State { places: null_mut(), capacity: 0, count: 0 };

static ALL: [Table; TABLES] =
    [const { Table { lock: RawMutex::new(), state: UnsafeCell::new(EMPTY) } }; TABLES];

/// A new block; counted for its scope. Where there is no memory to keep it, the scope is told.
pub fn put(entry: Entry) {
    with_table(entry.address, |state| {
        scope::count_allocation(&entry);
        if !state.insert(entry) {
            scope::note_shortage(&entry);
        }
    });
}

/// A block that is about to be freed; counted for its scope.
pub fn take(address: usize) -> Option<Entry> {
    with_table(address, |state| {
        let entry = state.remove(address);
        if let Some(entry) = &entry {
            scope::count_free(entry);
        }
        entry
    })
}

/// Undoes [`take`].
pub fn restore(entry: Entry) {
    with_table(entry.address, |state| {
        scope::uncount_free(&entry);
        if !state.insert(entry) {
            scope::note_shortage(&entry);
        }
    });
}

/// The scope of the block that starts there.
pub fn scope_of(address: usize) -> Option<usize> {
    with_table(address, |state| {
        let place = state.find(address)?;
        Some(state.get(place).scope)
    })
}

/// Waits until nobody counts for a scope that was closed before the call.
pub fn settle() {
    for table in &ALL {
        table.with(|_| ());
    }
}

/// Calls `visit` with the blocks of a scope that was closed, and gives them to another one.
pub fn hand_over(scope: usize, heir: usize, visit: &mut dyn FnMut(&Entry)) {
    for table in &ALL {
        table.with(|state| {
            for place in 0..state.capacity {
                let entry = state.get(place);
                if entry.address != 0 && entry.scope == scope {
                    visit(&entry);
                    state.set(place, Entry { scope: heir, ..entry });
                }
            }
        });
    }
}

/// In a forked child: what another thread of the parent was changing is left where it is.
pub fn repair_after_fork() {
    for table in &ALL {
        if table.lock.is_held() {
            // SAFETY: the holder does not exist here, and nobody else runs.
            unsafe {
                *table.state.get() = EMPTY;
                table.lock.reset();
            }
        }
    }
}

fn hash(address: usize) -> usize {
    (address >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn with_table<R>(address: usize, action: impl FnOnce(&mut State) -> R) -> R {
    // A lock may have been another thread's when this process was forked.
    heapwarden_core::check_fork();
    ALL[hash(address) >> (usize::BITS - TABLES.trailing_zeros())].with(action)
}

impl Table {
    fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        self.lock.lock();
        // SAFETY: under the lock, and no action comes back here.
        let result = action(unsafe { &mut *self.state.get() });
        self.lock.unlock();
        result
    }
}

impl State {
    fn get(&self, place: usize) -> Entry {
        debug_assert!(place < self.capacity);
        // SAFETY: one of the places, which are initialised.
        unsafe { *self.places.add(place) }
    }

    fn set(&mut self, place: usize, entry: Entry) {
        debug_assert!(place < self.capacity);
        // SAFETY: as above.
        unsafe { *self.places.add(place) = entry };
    }

    /// Where the search for an address starts.
    fn home(&self, address: usize) -> usize {
        (hash(address) >> 16) & (self.capacity - 1)
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.capacity - 1)
    }

    fn find(&self, address: usize) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        let mut place = self.home(address);
        loop {
            match self.get(place).address {
                0 => return None,
                found if found == address => return Some(place),
                _ => place = self.next(place),
            }
        }
    }

    /// False without memory.
    fn insert(&mut self, entry: Entry) -> bool {
        if let Some(place) = self.find(entry.address) {
            // Left by a scope that ended while a thread outside of it freed the block.
            self.set(place, entry);
            return true;
        }
        if (self.count + 1) * 4 > self.capacity * 3
            && !self.resize((self.capacity * 2).max(PLACES_MIN))
        {
            return false;
        }
        let mut place = self.home(entry.address);
        while self.get(place).address != 0 {
            place = self.next(place);
        }
        self.set(place, entry);
        self.count += 1;
        true
    }

    fn remove(&mut self, address: usize) -> Option<Entry> {
        let mut hole = self.find(address)?;
        let entry = self.get(hole);
        // Those behind it move up, as far as their search still finds them.
        let mut place = self.next(hole);
        while self.get(place).address != 0 {
            let moved = self.get(place);
            let distance =
                |to: usize| to.wrapping_sub(self.home(moved.address)) & (self.capacity - 1);
            if distance(hole) < distance(place) {
                self.set(hole, moved);
                hole = place;
            }
            place = self.next(place);
        }
        self.set(hole, FREE);
        self.count -= 1;
        if self.count == 0 && self.capacity > 16 * PLACES_MIN {
            self.resize(PLACES_MIN);
        }
        Some(entry)
    }

    fn resize(&mut self, capacity: usize) -> bool {
        let layout = |capacity| Layout::array::<Entry>(capacity);
        let Ok(fresh) = layout(capacity) else { return false };
        // SAFETY: the layout is not empty; zeroed entries are free places.
        let places: *mut Entry = unsafe { PrivateHeap.alloc_zeroed(fresh) }.cast();
        if places.is_null() {
            return false;
        }
        let old = core::mem::replace(self, State { places, capacity, count: 0 });
        for place in 0..old.capacity {
            let entry = old.get(place);
            if entry.address != 0 {
                self.insert(entry);
            }
        }
        if let Ok(layout) = layout(old.capacity)
            && !old.places.is_null()
        {
            // SAFETY: allocated here with this layout, and replaced.
            unsafe { PrivateHeap.dealloc(old.places.cast(), layout) };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_what_it_holds_whatever_came_and_went() {
        let mut state = EMPTY;
        let mut random = 12345u64;
        let mut model = std::collections::BTreeMap::new();
        for step in 0..20_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let address = 16 * (1 + random as usize % 700);
            if random >> 40 & 1 == 0 || step > 15_000 {
                assert_eq!(state.remove(address), model.remove(&address));
            } else {
                let entry = Entry { address, size: step, scope: 2 };
                assert!(state.insert(entry));
                model.insert(address, entry);
            }
            assert_eq!(state.count, model.len());
        }
        for address in (1..=700).map(|number| number * 16) {
            let found = state.find(address).map(|place| state.get(place));
            assert_eq!(found, model.get(&address).copied());
        }
    }
}
