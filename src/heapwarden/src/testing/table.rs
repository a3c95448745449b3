//! A table of blocks by address: open addressing, in private memory. No lock; see [`blocks`](super::blocks).

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::null_mut;
use heapwarden_core::PrivateHeap;

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
/// Places of a table at first.
const PLACES_MIN: usize = 64;

/// Places, a power of two of them, at most three quarters taken.
pub struct Table {
    places: *mut Entry,
    capacity: usize,
    count: usize,
}

/// Spreads numbers; the higher bits of the result are the better ones.
pub fn mix(number: usize) -> usize {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Table {
    /// Without an entry.
    pub const EMPTY: Table = Table { places: null_mut(), capacity: 0, count: 0 };

    /// The block that starts there.
    pub fn entry(&self, address: usize) -> Option<Entry> {
        self.find(address).map(|place| self.get(place))
    }

    /// Calls `change` with each block, whose address stays.
    pub fn each(&mut self, change: &mut dyn FnMut(&mut Entry)) {
        for place in 0..self.capacity {
            let mut entry = self.get(place);
            if entry.address != 0 {
                change(&mut entry);
                self.set(place, entry);
            }
        }
    }

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
        (mix(address >> 4) >> 16) & (self.capacity - 1)
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

    /// Puts a block in; false without memory.
    pub fn insert(&mut self, entry: Entry) -> bool {
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

    /// Takes the block that starts there out.
    pub fn remove(&mut self, address: usize) -> Option<Entry> {
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
        let old = core::mem::replace(self, Table { places, capacity, count: 0 });
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
        let mut table = Table::EMPTY;
        let mut random = 12345u64;
        let mut model = std::collections::BTreeMap::new();
        for step in 0..20_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let address = 16 * (1 + random as usize % 700);
            if random >> 40 & 1 == 0 || step > 15_000 {
                assert_eq!(table.remove(address), model.remove(&address));
            } else {
                let entry = Entry { address, size: step, scope: 2 };
                assert!(table.insert(entry));
                model.insert(address, entry);
            }
            assert_eq!(table.count, model.len());
        }
        for address in (1..=700).map(|number| number * 16) {
            let found = table.find(address).map(|place| table.get(place));
            assert_eq!(found, model.get(&address).copied());
        }
    }
}
