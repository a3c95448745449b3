//! A text as the value of an option: a path or a part of one.
//!
//! Options are copied, and read before there is a heap, so the bytes are kept in a static pool and
//! an option holds a reference. The same text is kept once, however often it is read.

use super::value::Value;
use super::{Kind, Sink};
use core::cell::UnsafeCell;
use heapwarden_core::RawMutex;

/// All texts together; a few paths.
const POOL_BYTES: usize = 16 * 1024;

struct Pool {
    lock: RawMutex,
    state: UnsafeCell<State>,
}

struct State {
    bytes: [u8; POOL_BYTES],
    filled: usize,
}

// SAFETY: the state is changed under the lock; what is filled does not change any more.
unsafe impl Sync for Pool {}

static POOL: Pool = Pool {
    lock: RawMutex::new(),
    state: UnsafeCell::new(State { bytes: [0; POOL_BYTES], filled: 0 }),
};

/// A text without the characters that separate options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(&'static [u8]);

impl Words {
    /// The empty text.
    pub const NONE: Words = Words(b"");

    /// A text of the program's.
    pub const fn of(text: &'static str) -> Words {
        Words(text.as_bytes())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &'static [u8] {
        self.0
    }
}

impl Value for Words {
    const KIND: Kind = Kind::Text;

    fn read(text: &[u8]) -> Option<Words> {
        if text.is_empty() {
            return Some(Words::NONE);
        }
        POOL.lock.lock();
        // SAFETY: under the lock; what was handed out before is only read here.
        let kept = unsafe { keep(POOL.state.get(), text) };
        POOL.lock.unlock();
        kept.map(Words)
    }

    fn write(self, sink: Sink<'_>) {
        sink(self.0);
    }
}

/// # Safety
/// The caller holds the lock of the pool that `state` belongs to.
unsafe fn keep(state: *mut State, text: &[u8]) -> Option<&'static [u8]> {
    // SAFETY: the caller is alone, but for readers of the filled part; so no reference to the whole.
    let (bytes, filled) = unsafe { ((&raw mut (*state).bytes).cast::<u8>(), (*state).filled) };
    // SAFETY: the filled part is initialised and does not change.
    let known: &'static [u8] = unsafe { core::slice::from_raw_parts(bytes, filled) };
    if let Some(position) = known.windows(text.len()).position(|window| window == text) {
        return known.get(position..position + text.len());
    }
    let end = filled.checked_add(text.len()).filter(|end| *end <= POOL_BYTES)?;
    // SAFETY: inside the pool, behind what others may read.
    unsafe {
        core::ptr::copy_nonoverlapping(text.as_ptr(), bytes.wrapping_add(filled), text.len())
    };
    // SAFETY: the caller is alone.
    unsafe { (*state).filled = end };
    // SAFETY: just written, and from now on it does not change.
    Some(unsafe { core::slice::from_raw_parts(bytes.wrapping_add(filled), text.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_survives_its_source() {
        let read = |text: String| Words::read(text.as_bytes()).expect("there is room");
        let first = read(String::from("/some/where/report.%p.json"));
        let second = read(String::from("/some/where/report.%p.json"));
        assert_eq!(first.as_bytes(), b"/some/where/report.%p.json");
        assert_eq!(first.as_bytes().as_ptr(), second.as_bytes().as_ptr());
        assert_eq!(Words::read(b""), Some(Words::NONE));
        assert_eq!(Words::read(&[b'x'; POOL_BYTES + 1]), None);
    }
}
