//! For tests: what a closure allocates, whether it frees it, and how much it takes at a time.
//!
//! ```
//! use heapwarden::testing;
//!
//! #[global_allocator]
//! static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();
//!
//! testing::assert_no_leaks(|| vec![1, 2, 3].len());
//! testing::assert_max_bytes(4096, || "text".repeat(100));
//! testing::no_alloc(|| [1, 2, 3].iter().sum::<i32>());
//! assert_eq!(testing::measure(|| vec![0u8; 100]).live_bytes, 100);
//! testing::check_heap();
//! ```
//!
//! A closure's blocks are those that its thread allocates while it runs, and the threads that are
//! started meanwhile by these (a thread belongs to the innermost closure that it was started in,
//! until that ends). Tests that run at the same time in other threads of the process do not count.
//! Work that is given to a thread which was there before does not count either, unless it takes the
//! [`Scope`] along. Calls nest: what counts for the inner closure counts for the outer one.
//!
//! To resize a block is to free it and to allocate another one, which belongs to the closure that
//! resizes. What was allocated before is nobody's here, also if it is freed in the closure.
//!
//! What the test harness or std allocate in the closure's threads counts: the first `println!` of a
//! captured test allocates a buffer, and of a started thread std keeps some hundred bytes in a map of
//! all threads, now and then beyond the thread's end. Optimised code may leave out an allocation that nobody uses;
//! [`std::hint::black_box`] uses it.
//!
//! All this works where [`Heapwarden`](crate::Heapwarden) is the global allocator, in the profiles
//! `debug` and `leak`. Without it, or in another profile, these functions panic and say so.
//! In the child of a fork nothing is counted for closures of the parent's other threads.

mod blocks;
mod counts;
mod lost;
pub(crate) mod notice;
mod scope;
mod sums;
mod table;

pub(crate) use scope::repair_after_fork;

use crate::mapped::List;
use crate::{checked, inside, leaks};
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use counts::{Limits, Total};

/// What a closure allocated. See the [module](self) for what counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measure {
    /// Blocks that were asked for; to resize one is to ask for another.
    pub allocations: usize,
    /// Their bytes together, as they were asked for.
    pub bytes: usize,
    /// Of these blocks, those that were freed by the end of the closure, by whatever thread.
    pub frees: usize,
    /// Those that were not: the closure's result, what it stored elsewhere, and what it leaked.
    pub live_blocks: usize,
    /// Their bytes.
    pub live_bytes: usize,
    /// The most bytes that were live at a time.
    pub peak_bytes: usize,
}

/// Fails if the closure loses memory: if, after its result was dropped, blocks of it are live that
/// nothing leads to any more, or only others of them, as in a cycle of `Rc`s. The message names the
/// call sites.
///
/// What can still be reached is no leak: from a static, as what a `OnceLock` keeps; from a
/// thread-local; from a value that was there before; from another thread's stack. Nor is what only
/// pointers into the middle of a block lead to. To insist that all was freed, compare
/// [`Measure::live_blocks`]. The other threads are stopped for the time of the check, for about a
/// millisecond and only if there is a block that was not freed. A word anywhere in them that happens
/// to look like a pointer to a lost block hides that one.
#[track_caller]
pub fn assert_no_leaks<R>(action: impl FnOnce() -> R) {
    let scope = begin(Limits::NONE);
    perform(action);
    lost::clear_stack();
    if let Some(lost) = lost::end(scope) {
        let (bytes, blocks) = (lost.tally.bytes, lost.tally.blocks);
        let unit = if blocks == 1 { "block" } else { "blocks" };
        panic!("{bytes} bytes in {blocks} {unit} leaked\n\n{}", text(&lost.text));
    }
}

/// Counts what the closure allocates. Its result is still there when the live blocks are counted, and
/// dropped then.
#[track_caller]
pub fn measure<R>(action: impl FnOnce() -> R) -> Measure {
    let scope = begin(Limits::NONE);
    let result = black_box(action());
    let total = end(scope);
    drop(result);
    Measure {
        allocations: total.allocations,
        bytes: total.bytes,
        frees: total.frees,
        live_blocks: total.live_blocks,
        live_bytes: total.live_bytes,
        peak_bytes: total.peak_bytes,
    }
}

/// Fails if more than `bytes` bytes of the closure's are live at a time. The message names the call
/// site at which it became too much.
#[track_caller]
pub fn assert_max_bytes<R>(bytes: usize, action: impl FnOnce() -> R) -> R {
    let scope = begin(Limits { live_bytes: bytes, ..Limits::NONE });
    let result = black_box(action());
    let total = end(scope);
    if let Some(site) = total.culprit {
        let (peak, stack) = (total.peak_bytes, lost::stack(site));
        panic!(
            "{peak} bytes at a time, more than {bytes}; too much from here on:\n{}",
            text(&stack)
        );
    }
    result
}

/// Fails if the closure allocates or resizes. The message names the first call site.
#[track_caller]
pub fn no_alloc<R>(action: impl FnOnce() -> R) -> R {
    let scope = begin(Limits { allocations: 0, ..Limits::NONE });
    let result = black_box(action());
    let total = end(scope);
    if let Some(site) = total.culprit {
        let (count, bytes, stack) = (total.allocations, total.bytes, lost::stack(site));
        let unit = if count == 1 { "allocation" } else { "allocations" };
        panic!("{count} {unit} of {bytes} bytes, the first here:\n{}", text(&stack));
    }
    result
}

/// Verifies the whole heap. Damage is reported, which ends the process; with `on_error=continue` it
/// fails.
#[track_caller]
pub fn check_heap() {
    ready();
    let damaged = {
        let _inside = inside::enter();
        checked::check_heap("check_heap")
    };
    assert!(damaged == 0, "{damaged} damaged blocks, see the reports");
}

/// What the calling thread allocates for, to be taken along to another thread: a pool's, for example.
#[derive(Clone, Copy, Debug)]
pub struct Scope(usize);

impl Scope {
    /// That of the innermost closure around this call, if there is one.
    pub fn current() -> Scope {
        Scope(notice::current())
    }

    /// What `action` allocates counts for it, as long as that closure runs.
    pub fn run<R>(self, action: impl FnOnce() -> R) -> R {
        /// Puts the thread back, also after a panic.
        struct Back(usize);
        impl Drop for Back {
            fn drop(&mut self) {
                scope::put_thread(self.0);
            }
        }
        let _back = Back(notice::current());
        scope::put_thread(self.0);
        action()
    }
}

/// Runs the closure in a frame that is gone afterwards.
#[inline(never)]
fn perform<R>(action: impl FnOnce() -> R) {
    drop(black_box(action()));
}

#[track_caller]
fn begin(limits: Limits) -> scope::Scope {
    ready();
    match scope::open(notice::current(), limits) {
        Some(scope) => scope,
        None => panic!("more than a thousand closures are measured at a time"),
    }
}

#[track_caller]
fn end(scope: scope::Scope) -> Total {
    let total = scope.end(&mut |_| ());
    assert!(!total.is_short, "there was no memory to keep account of all blocks");
    total
}

/// Asks once whether this can work; what it allocates for that is not to count.
#[track_caller]
fn ready() {
    static IS_READY: AtomicBool = AtomicBool::new(false);
    if IS_READY.load(Relaxed) {
        return;
    }
    let probe = black_box(Box::new(0u8));
    if !heapwarden_core::is_ours((&raw const *probe).addr()) {
        panic!(
            "heapwarden::testing needs Heapwarden as the global allocator:\n    \
             #[global_allocator]\n    \
             static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();"
        );
    }
    if !leaks::is_possible() {
        let options = crate::start::options();
        let (profile, depth) = (options.profile.name(), options.stack_depth);
        panic!(
            "heapwarden::testing needs stacks, which the profiles debug and leak keep; \
             this is profile={profile}:stack_depth={depth}"
        );
    }
    IS_READY.store(true, Relaxed);
}

/// The text as a string.
fn text(bytes: &List<u8>) -> String {
    String::from_utf8_lossy(bytes.as_slice()).into_owned()
}
