//! A block from the process's malloc, with a mark in it that is read back when it is freed.
//!
//! Blocks are asked for through `libc::malloc`, that is through the dynamic symbol, so the preloaded
//! library serves them. Pointers pass through `black_box`: the compiler knows malloc and would
//! otherwise remove pairs whose block is never used. Cost of the mark: two stores and two loads.

use std::hint::black_box;
use std::ptr::NonNull;

/// One live block. It has no `Drop`: a block that is not released is leaked, as in C.
#[derive(Debug)]
pub struct Block {
    start: NonNull<u8>,
    size: usize,
}

// SAFETY: the block is owned by exactly one `Block`, and malloc's memory may be freed by any thread.
unsafe impl Send for Block {}

impl Block {
    /// Allocates `size` bytes (at least 8) and writes the mark into the first eight and the last byte.
    #[inline]
    pub fn new(size: usize, mark: u64) -> Block {
        debug_assert!(size >= 8);
        // SAFETY: malloc may be called with any size.
        let start = black_box(unsafe { libc::malloc(size) }).cast::<u8>();
        let mut block = Block { start: NonNull::new(start).unwrap_or_else(|| give_up(size)), size };
        block.write(mark);
        block
    }

    /// Changes the size as realloc does; the mark in the first eight bytes survives.
    pub fn resize(&mut self, size: usize) {
        debug_assert!(size >= 8);
        // SAFETY: `start` is a live block of malloc and is replaced by the result below.
        let start = unsafe { libc::realloc(self.start.as_ptr().cast(), size) };
        self.start = NonNull::new(black_box(start).cast()).unwrap_or_else(|| give_up(size));
        self.size = size;
    }

    /// Writes one byte in every page from offset `from` on, and the last byte.
    pub fn touch(&mut self, from: usize) {
        for offset in (from..self.size).step_by(4096) {
            // SAFETY: the offset is inside the block, which we own.
            unsafe { self.start.as_ptr().add(offset).write(offset as u8 | 1) }
        }
        // SAFETY: the last byte is inside the block.
        unsafe { self.start.as_ptr().add(self.size - 1).write(0x5a) }
    }

    /// Fills the whole block, so that all of it is resident.
    pub fn fill(&mut self, byte: u8) {
        // SAFETY: exactly the block's own bytes.
        unsafe { self.start.as_ptr().write_bytes(byte, self.size) }
    }

    #[inline]
    fn write(&mut self, mark: u64) {
        // SAFETY: the block has at least eight bytes; the store may be unaligned.
        unsafe {
            self.start.as_ptr().add(self.size - 1).write(mark as u8);
            self.start.as_ptr().cast::<u64>().write_unaligned(mark);
        }
    }

    /// Reads the mark.
    #[inline]
    pub fn mark(&self) -> u64 {
        // SAFETY: the block has at least eight bytes; the load may be unaligned.
        unsafe { self.start.as_ptr().cast::<u64>().read_unaligned() }
    }

    /// How many bytes were asked for.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where it lies.
    pub fn address(&self) -> usize {
        self.start.as_ptr() as usize
    }

    /// Frees the block and returns its mark and last byte, mixed.
    #[inline]
    pub fn release(self) -> u64 {
        // SAFETY: the last byte is inside the block.
        let last = unsafe { self.start.as_ptr().add(self.size - 1).read() };
        let mark = self.mark();
        // SAFETY: the block is live, came from malloc and is given up here.
        unsafe { libc::free(self.start.as_ptr().cast()) };
        mark.wrapping_add(u64::from(last))
    }
}

#[cold]
fn give_up(size: usize) -> ! {
    eprintln!("out of memory for a block of {size} bytes");
    std::process::exit(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_comes_back() {
        let mut block = Block::new(100, 0x1234);
        block.resize(100_000);
        assert_eq!(block.mark(), 0x1234);
        block.touch(4096);
        assert_eq!(block.release(), 0x1234 + 0x5a);
    }
}
