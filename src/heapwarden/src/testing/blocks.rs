//! The blocks that belong to open scopes: address, size, scope.
//!
//! Some [tables](super::table), each with a lock. Whatever is counted for a
//! scope is counted under the lock of one of them; [`settle`] takes every lock once after the scope was
//! closed, so that nobody counts for it any more when it returns.
//! Invariant: of each address there is one entry at most, and it is gone before the block is freed.
//! Cost: nothing for blocks outside of scopes but a look here when they are freed while a scope is
//! open; some ten nanoseconds for the others.

use super::scope;
use super::table::{Entry, Table, mix};
use core::cell::UnsafeCell;
use heapwarden_core::RawMutex;

const TABLES: usize = 32;
/// Addresses that agree from this bit on have the same table: those of a heap of the core, which is one
/// arena's. So threads that work side by side mostly have tables of their own.
const HEAP_BITS: u32 = 22;

/// Aligned, so that the locks of two tables do not share a cache line.
#[repr(align(128))]
struct Locked {
    lock: RawMutex,
    table: UnsafeCell<Table>,
}

// SAFETY: the table is reached under the lock only.
unsafe impl Sync for Locked {}

static ALL: [Locked; TABLES] =
    [const { Locked { lock: RawMutex::new(), table: UnsafeCell::new(Table::EMPTY) } }; TABLES];

/// A new block; counted for its scope. Where there is no memory to keep it, the scope is told.
pub fn put(entry: Entry) {
    with_table(entry.address, |table| {
        scope::count_allocation(&entry);
        if !table.insert(entry) {
            scope::note_shortage(&entry);
        }
    });
}

/// A block that is about to be freed; counted for its scope.
pub fn take(address: usize) -> Option<Entry> {
    with_table(address, |table| {
        let entry = table.remove(address);
        if let Some(entry) = &entry {
            scope::count_free(entry);
        }
        entry
    })
}

/// Undoes [`take`].
pub fn restore(entry: Entry) {
    with_table(entry.address, |table| {
        scope::uncount_free(&entry);
        if !table.insert(entry) {
            scope::note_shortage(&entry);
        }
    });
}

/// The scope of the block that starts there.
pub fn scope_of(address: usize) -> Option<usize> {
    with_table(address, |table| table.entry(address).map(|entry| entry.scope))
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
        table.with(|table| {
            table.each(&mut |entry| {
                if entry.scope == scope {
                    visit(entry);
                    entry.scope = heir;
                }
            });
        });
    }
}

/// In a forked child: what another thread of the parent was changing is left where it is.
pub fn repair_after_fork() {
    for table in &ALL {
        if table.lock.is_held() {
            // SAFETY: the holder does not exist here, and nobody else runs.
            unsafe {
                *table.table.get() = Table::EMPTY;
                table.lock.reset();
            }
        }
    }
}

fn with_table<R>(address: usize, action: impl FnOnce(&mut Table) -> R) -> R {
    // A lock may have been another thread's when this process was forked.
    heapwarden_core::check_fork();
    ALL[mix(address >> HEAP_BITS) >> (usize::BITS - TABLES.trailing_zeros())].with(action)
}

impl Locked {
    fn with<R>(&self, action: impl FnOnce(&mut Table) -> R) -> R {
        self.lock.lock();
        // SAFETY: under the lock, and no action comes back here.
        let result = action(unsafe { &mut *self.table.get() });
        self.lock.unlock();
        result
    }
}
