//! The one mapping that reports work in: a guard page, the stack, the table of modules, and a
//! buffer. Made by the first report, kept for the next; touched pages only cost memory.

use crate::symbolize::Modules;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use heapwarden_core::os::{PAGE, mapping, page_round, syscall};

/// Demangling recurses; a megabyte is what it may use, and 60 KiB what reports were seen to use.
const STACK_BYTES: usize = 1 << 20;
/// A report with three deep stacks has about 20 KiB.
const BUFFER_BYTES: usize = 256 << 10;
const MODULES_BYTES: usize = page_round(size_of::<Modules>());
const AREA_BYTES: usize = PAGE + STACK_BYTES + MODULES_BYTES + BUFFER_BYTES;

static AREA: AtomicUsize = AtomicUsize::new(0);

/// The parts of the mapping. Only the owner of the report lock uses them.
#[derive(Clone, Copy)]
pub(super) struct Area {
    start: usize,
}

/// The mapping; none when there is no memory. The caller owns the report lock.
pub(super) fn get() -> Option<Area> {
    let known = AREA.load(Relaxed);
    if known != 0 {
        return Some(Area { start: known });
    }
    let start = mapping::map(AREA_BYTES)?;
    // Without the guard page, which a kernel may refuse, an overflow would run into other mappings.
    // SAFETY: the first page of a mapping that nobody knows yet.
    let _ = unsafe { syscall::call(libc::SYS_mprotect, [start, PAGE, 0, 0, 0, 0]) };
    AREA.store(start, Relaxed);
    Some(Area { start })
}

impl Area {
    /// The end of the stack.
    pub fn stack_top(self) -> usize {
        self.start + PAGE + STACK_BYTES
    }

    /// The table of modules.
    pub fn modules(self) -> *mut Modules {
        // All zero, as the mapping is at first, is an empty table.
        self.stack_top() as *mut Modules
    }

    /// The buffer.
    pub fn buffer(self) -> *mut [u8] {
        let start = (self.stack_top() + MODULES_BYTES) as *mut u8;
        core::ptr::slice_from_raw_parts_mut(start, BUFFER_BYTES)
    }
}
