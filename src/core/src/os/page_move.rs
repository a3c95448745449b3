//! Moving a page to another address of this process: no copy, no page fault, nothing given back.
//!
//! Linux does that (6.8 and later) for the owner of a userfaultfd, for private anonymous memory. The
//! one here is opened at the start and used for nothing else: no fault is ever waited for, and memory is
//! registered with it by write protection, which nobody asks for, so all faults stay what they are,
//! with the descriptor and without.
//!
//! The descriptor means the memory of the process that opened it. So what is asked stands in a page that
//! the kernel clears in a forked child, however it was forked, and the lengths in it are written once:
//! a child asks for nothing, is refused, and is off from then on.
//!
//! The descriptor's number is high, where no program expects one. It may be closed all the same, and
//! taken: any answer but those about the page at hand is the end of it. The request means nothing to
//! other files. Our number is never closed, for it may be somebody else's by then.
//! Cost: a system call of less than a microsecond, and another for each [`REGION`] at first.

use super::{PAGE, limits, mapping, syscall};
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// The unit in which memory is registered: ranges at multiples of this are wholly ours.
pub const REGION: usize = 4 << 20;

const UFFD_USER_MODE_ONLY: usize = 1;
const UFFD_API: u64 = 0xAA;
const UFFD_FEATURE_MOVE: u64 = 1 << 16;
const UFFDIO_API: usize = 0xC018_AA3F;
const UFFDIO_REGISTER: usize = 0xC020_AA00;
const UFFDIO_REGISTER_MODE_WP: u64 = 2;
const UFFDIO_MOVE: usize = 0xC028_AA05;
const UFFDIO_MOVE_MODE_DONTWAKE: u64 = 1;

/// `struct uffdio_move`.
#[repr(C)]
struct Move {
    target: AtomicU64,
    source: AtomicU64,
    /// Written by [`start`] only.
    bytes: AtomicU64,
    mode: AtomicU64,
    moved: AtomicU64,
}

/// `struct uffdio_register`.
#[repr(C)]
struct Register {
    start: AtomicU64,
    /// Written by [`start`] only.
    bytes: AtomicU64,
    mode: AtomicU64,
    calls: AtomicU64,
}

/// What one thread at a time asks with.
#[repr(C, align(128))]
struct Form {
    is_taken: AtomicU32,
    movement: Move,
    register: Register,
}

const FORMS: usize = PAGE / size_of::<Form>();
type Forms = [Form; FORMS];
const _: () = assert!(size_of::<Forms>() == PAGE);

/// In a page that a forked child sees cleared; null as long as pages cannot be moved.
static PLACE: AtomicPtr<Forms> = AtomicPtr::new(core::ptr::null_mut());
static DESCRIPTOR: AtomicUsize = AtomicUsize::new(0);
/// Refusals in a row for which no reason is known.
static REFUSALS: AtomicU32 = AtomicU32::new(0);
const REFUSALS_MAX: u32 = 16;

/// Gets ready; false when the kernel has no such thing or does not let us, or when this process is in
/// a sandbox, whose filter may end it for asking. Called once.
pub fn start() -> bool {
    if limits::is_filtered() {
        return false;
    }
    let Some(descriptor) = open() else { return false };
    let Some(forms) = forms() else {
        close(descriptor);
        return false;
    };
    DESCRIPTOR.store(descriptor, Relaxed);
    // Release: pairs with the Acquire in `is_on`: the lengths and the descriptor are seen.
    PLACE.store(forms, Release);
    true
}

/// Whether pages can be moved as far as is known.
#[inline]
pub fn is_on() -> bool {
    !PLACE.load(Relaxed).is_null()
}

/// From now on pages cannot be moved.
pub fn stop() {
    PLACE.store(core::ptr::null_mut(), Relaxed);
}

/// Moves the page at `source` to `target`, where none may be; afterwards there is none at `source`, and
/// it reads as zero. False when it is where it was.
///
/// # Safety
/// Both addresses are of pages in mappings of [`mapping`] that are wholly ours in their [`REGION`]s, and
/// are the caller's.
pub unsafe fn move_page(source: usize, target: usize) -> bool {
    // Acquire: pairs with the Release in `start`.
    let forms = PLACE.load(Acquire);
    if forms.is_null() {
        return false;
    }
    // SAFETY: the page with the forms is never unmapped, and all of it is atomics.
    let form = unsafe { &(*forms)[source / PAGE % FORMS] };
    // Acquire: pairs with the Release below. Another thread, or the code below this signal handler,
    // is at it: then nothing is moved.
    if form.is_taken.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
        return false;
    }
    let is_moved = form.ask(source, target);
    form.is_taken.store(0, Release);
    is_moved
}

impl Form {
    fn ask(&self, source: usize, target: usize) -> bool {
        self.movement.source.store(source as u64, Relaxed);
        self.movement.target.store(target as u64, Relaxed);
        let mut answer = control(UFFDIO_MOVE, (&raw const self.movement) as usize);
        if answer == Err(libc::EINVAL) && self.register(target) {
            answer = control(UFFDIO_MOVE, (&raw const self.movement) as usize);
        }
        match answer {
            Ok(()) => REFUSALS.store(0, Relaxed),
            // Shared with a child, pinned, locked by the kernel; somebody has written to the target.
            Err(libc::EBUSY | libc::EAGAIN | libc::ENOENT | libc::EEXIST | libc::ENOMEM) => {}
            // Mappings that do not go together.
            Err(libc::EINVAL) if REFUSALS.fetch_add(1, Relaxed) < REFUSALS_MAX => {}
            Err(_) => stop(),
        }
        answer.is_ok()
    }

    /// Registers the region of an address. False, and the end, when that cannot be done: in a forked
    /// child the length is 0.
    fn register(&self, address: usize) -> bool {
        self.register.start.store((address & !(REGION - 1)) as u64, Relaxed);
        let is_registered = control(UFFDIO_REGISTER, (&raw const self.register) as usize).is_ok();
        if !is_registered {
            stop();
        }
        is_registered
    }
}

fn control(request: usize, place: usize) -> Result<(), i32> {
    let descriptor = DESCRIPTOR.load(Relaxed);
    // SAFETY: the place is a structure of the request's kind; what the callers of `move_page` own is
    // moved, and registering changes nothing that can be noticed.
    unsafe { syscall::call(libc::SYS_ioctl, [descriptor, request, place, 0, 0, 0]) }.map(|_| ())
}

/// A userfaultfd that can move pages, with a high number.
fn open() -> Option<usize> {
    let wanted = limits::descriptors_max().min(HIGHEST + 1).checked_sub(BELOW_LIMIT)?;
    if wanted < LOWEST {
        return None;
    }
    let flags = libc::O_CLOEXEC as usize | UFFD_USER_MODE_ONLY;
    // SAFETY: the calls make a descriptor and another one of it, and the first goes: it is ours.
    unsafe {
        let low = syscall::call(libc::SYS_userfaultfd, [flags, 0, 0, 0, 0, 0]).ok()?;
        let duplicate = libc::F_DUPFD_CLOEXEC as usize;
        let high = syscall::call(libc::SYS_fcntl, [low, duplicate, wanted, 0, 0, 0]);
        close(low);
        let high = high.ok()?;
        let mut agreed = [UFFD_API, UFFD_FEATURE_MOVE, 0];
        let place = agreed.as_mut_ptr() as usize;
        if syscall::call(libc::SYS_ioctl, [high, UFFDIO_API, place, 0, 0, 0]).is_err() {
            close(high);
            return None;
        }
        Some(high)
    }
}

/// Numbers as high as the limit is usually, and so far below a limit, but not where programs have theirs.
const HIGHEST: usize = 1023;
const BELOW_LIMIT: usize = 16;
const LOWEST: usize = 100;

fn close(descriptor: usize) {
    // SAFETY: opened by `open` and told to nobody.
    let _ = unsafe { syscall::call(libc::SYS_close, [descriptor, 0, 0, 0, 0, 0]) };
}

/// The page with the forms.
fn forms() -> Option<*mut Forms> {
    const MADV_WIPEONFORK: usize = 18;
    let page = mapping::map(PAGE)?;
    // SAFETY: mapped just above; the advice concerns children, and zeroed memory is valid for atomics.
    unsafe {
        let advice = [page, PAGE, MADV_WIPEONFORK, 0, 0, 0];
        if syscall::call(libc::SYS_madvise, advice).is_err() {
            mapping::unmap(page, PAGE);
            return None;
        }
        let forms = page as *mut Forms;
        for form in &*forms {
            form.movement.bytes.store(PAGE as u64, Relaxed);
            form.movement.mode.store(UFFDIO_MOVE_MODE_DONTWAKE, Relaxed);
            form.register.bytes.store(REGION as u64, Relaxed);
            form.register.mode.store(UFFDIO_REGISTER_MODE_WP, Relaxed);
        }
        Some(forms)
    }
}
