//! The frames of all call sites: chunks of words that only grow, at most 1 GiB of them.
//!
//! A call site's number is the place of its first word, counted over all chunks. That word, written
//! last, holds the number of frames and the number of the stack stored before, so that all of them
//! can be visited. Between it and the frames lie the call site's shared counters. Words are claimed by a compare-and-swap: nothing here can be left half done by a
//! thread that dies in a fork but words that nobody finds.

use super::counters::{self, Sums};
use core::slice;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use heapwarden_core::layout::Fact;
use heapwarden_core::os::mapping;

const CHUNK_WORDS: usize = 32 * 1024;
const CHUNK_BYTES: usize = CHUNK_WORDS * size_of::<usize>();
const CHUNKS: usize = 4096;
/// Where the frames start, counted from the first word.
const FRAMES: usize = 1 + counters::WORDS;
/// In the first word of a stack: the number of frames; above that the stack stored before.
const LENGTH_BITS: u32 = 32;
const LENGTH_MASK: usize = (1 << LENGTH_BITS) - 1;

static MAPPED: [AtomicPtr<usize>; CHUNKS] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; CHUNKS];
/// The next free word. Word 0 is never used.
static NEXT: AtomicU32 = AtomicU32::new(1);
/// The stack stored last.
static LAST: AtomicU32 = AtomicU32::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many stacks are stored.
pub fn count() -> usize {
    COUNT.load(Relaxed)
}

/// Stores a stack. `None` if there is no room.
pub fn add(frames: &[usize]) -> Option<u32> {
    let place = claim((FRAMES + frames.len()) as u32)?;
    let chunk = chunk(place as usize / CHUNK_WORDS)?;
    // SAFETY: the words were claimed for this call and lie in one chunk, which is mapped.
    let (first, words) = unsafe {
        let first = chunk.add(place as usize % CHUNK_WORDS);
        (AtomicUsize::from_ptr(first), slice::from_raw_parts_mut(first.add(FRAMES), frames.len()))
    };
    words.copy_from_slice(frames);
    let mut last = LAST.load(Relaxed);
    loop {
        // Release: pairs with the Acquire in `get`.
        first.store((last as usize) << LENGTH_BITS | frames.len(), Release);
        match LAST.compare_exchange(last, place, Release, Relaxed) {
            Ok(_) => break,
            Err(current) => last = current,
        }
    }
    COUNT.fetch_add(1, Relaxed);
    Some(place)
}

/// The frames of the stack that [`add`] stored there; none for any other number that is not taken.
pub fn get(place: u32) -> &'static [usize] {
    first_word(place).map_or(&[], |first| {
        // Acquire: pairs with the Release in `add`.
        let length = first.load(Acquire) & LENGTH_MASK;
        let room = (CHUNK_WORDS - place as usize % CHUNK_WORDS).saturating_sub(FRAMES);
        let length = length.min(room);
        if length == 0 {
            return &[];
        }
        // SAFETY: within a chunk, which is never unmapped; what `add` stored does not change.
        unsafe { slice::from_raw_parts(first.as_ptr().add(FRAMES), length) }
    })
}

/// The shared counters of the stack that [`add`] stored there.
pub fn sums(place: u32) -> Option<&'static Sums> {
    let first = first_word(place)?;
    let fits = place as usize % CHUNK_WORDS + FRAMES <= CHUNK_WORDS;
    // SAFETY: these words lie in a chunk, which is never unmapped, and belong to the stack; they are
    // only used as atomics, for which zeroed memory is valid.
    fits.then(|| unsafe { &*first.as_ptr().add(1).cast::<Sums>() })
}

/// Calls `visit` with number and frames of every stack.
pub fn visit(visit: &mut dyn FnMut(u32, &'static [usize])) {
    // Acquire: pairs with the Release in `add`.
    let mut place = LAST.load(Acquire);
    while let Some(first) = first_word(place) {
        visit(place, get(place));
        place = (first.load(Acquire) >> LENGTH_BITS) as u32;
    }
}

fn claim(words: u32) -> Option<u32> {
    const CHUNK: u32 = CHUNK_WORDS as u32;
    let mut next = NEXT.load(Relaxed);
    loop {
        let fits = next % CHUNK + words <= CHUNK;
        let place = if fits { next } else { next.next_multiple_of(CHUNK) };
        if place as usize + words as usize > CHUNKS * CHUNK_WORDS {
            return None;
        }
        // Before the words are claimed, which cannot be undone.
        chunk(place as usize / CHUNK_WORDS)?;
        match NEXT.compare_exchange_weak(next, place + words, Release, Relaxed) {
            Ok(_) => return Some(place),
            Err(current) => next = current,
        }
    }
}

fn first_word(place: u32) -> Option<&'static AtomicUsize> {
    let chunk = MAPPED.get(place as usize / CHUNK_WORDS)?.load(Acquire);
    if chunk.is_null() || place == 0 {
        return None;
    }
    // SAFETY: within the chunk, which is never unmapped; first words are only used as atomics.
    Some(unsafe { AtomicUsize::from_ptr(chunk.add(place as usize % CHUNK_WORDS)) })
}

fn chunk(index: usize) -> Option<*mut usize> {
    let slot = &MAPPED[index];
    // Acquire: pairs with the Release below.
    let known = slot.load(Acquire);
    if !known.is_null() {
        return Some(known);
    }
    let Some(fresh) = mapping::map(CHUNK_BYTES) else {
        crate::shortage::tell();
        return None;
    };
    match slot.compare_exchange(core::ptr::null_mut(), fresh as *mut usize, Release, Acquire) {
        Ok(_) => Some(fresh as *mut usize),
        Err(other) => {
            // SAFETY: mapped above and not shared.
            unsafe { mapping::unmap(fresh, CHUNK_BYTES) };
            Some(other)
        }
    }
}

/// For debuggers.
pub static FACTS: [Fact; 5] = [
    Fact::place("stacks", &raw const MAPPED),
    Fact::number("stacks.chunks", CHUNKS),
    Fact::number("stacks.chunk_words", CHUNK_WORDS),
    Fact::number("stacks.frames", FRAMES),
    Fact::number("stacks.length_mask", LENGTH_MASK),
];
