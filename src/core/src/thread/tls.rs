//! The thread's block: 64 bytes of initial-exec thread-local storage.
//!
//! `thread_local!` in a cdylib compiles to a call of `__tls_get_addr`, which may allocate; this
//! block is declared in `.tbss` and reached through the GOT's thread-pointer offset: two
//! instructions, no call, safe in signal handlers. It is zero in a new thread, and the loader
//! zeroes the main thread's once more after it already called malloc (see `thread`).

use crate::thread::cache::Cache;

core::arch::global_asm!(
    ".section .tbss.heapwarden_thread,\"awT\",@nobits",
    ".hidden heapwarden_thread_block",
    ".globl heapwarden_thread_block",
    ".type heapwarden_thread_block,@object",
    ".size heapwarden_thread_block,64",
    ".p2align 6",
    "heapwarden_thread_block:",
    ".zero 64",
    ".previous",
);

/// Where the thread is in its life.
pub const STAGE_NEW: u16 = 0;
/// It has a cache.
pub const STAGE_ATTACHED: u16 = 1;
/// Its cache was given back; what it still does goes to the arenas directly.
pub const STAGE_ENDED: u16 = 2;

/// What every thread has at hand.
#[repr(C)]
pub struct ThreadBlock {
    /// The cache for the inlined fast path; null before the first request, after the last, and
    /// whenever every request is to take the slow path.
    pub(crate) fast: *mut Cache,
    /// The cache the thread owns, null if it has none.
    pub(crate) cache: *mut Cache,
    /// One of the stages above.
    pub(crate) stage: u16,
    /// How deep the thread is in the private heap: more than once in a signal handler.
    pub(crate) private_depth: u16,
    /// Depth of the library's own work on this thread, for the layers above.
    pub inside: u32,
    /// The journey being recorded, null if none.
    pub(crate) journey: *mut crate::journey::Record,
    /// Words for the layers above.
    pub reserved: [usize; 4],
}

/// Which of the words above [`quick`] reads.
const QUICK_WORD: usize = 2;

const _: () = assert!(size_of::<ThreadBlock>() == 64);

/// This thread's block.
#[inline(always)]
pub fn block() -> *mut ThreadBlock {
    let address: *mut ThreadBlock;
    // SAFETY: reads the thread pointer and a GOT entry; no memory of Rust is touched.
    unsafe {
        core::arch::asm!(
            "mov {0}, qword ptr fs:[0]",
            "add {0}, qword ptr [rip + heapwarden_thread_block@GOTTPOFF]",
            out(reg) address,
            options(pure, readonly, nostack),
        );
    }
    address
}

/// The fast path's cache, by one load relative to the thread pointer.
#[inline(always)]
pub(crate) fn fast() -> *mut Cache {
    let cache: *mut Cache;
    // SAFETY: reads the first word of this thread's block.
    unsafe {
        core::arch::asm!(
            "mov {0}, qword ptr [rip + heapwarden_thread_block@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0}]",
            out(reg) cache,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    cache
}

/// The layer above's word number 2, by one load as in [`fast`]: for the short way of a layer that
/// keeps all it needs behind one pointer. Null before it is set and after the thread's end.
#[inline(always)]
pub fn quick() -> usize {
    let word: usize;
    // SAFETY: reads a word of this thread's block.
    unsafe {
        core::arch::asm!(
            "mov {0}, qword ptr [rip + heapwarden_thread_block@GOTTPOFF]",
            "mov {0}, qword ptr fs:[{0} + {1}]",
            out(reg) word,
            const core::mem::offset_of!(ThreadBlock, reserved) + QUICK_WORD * size_of::<usize>(),
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    word
}

/// Sets what [`quick`] reads on this thread.
pub fn set_quick(word: usize) {
    // SAFETY: the thread block is this thread's.
    unsafe { (*block()).reserved[QUICK_WORD] = word };
}

/// The thread pointer: unique among living threads.
pub fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: the first word of the thread control block is its own address.
    unsafe {
        core::arch::asm!(
            "mov {0}, qword ptr fs:[0]",
            out(reg) pointer,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    pointer
}
