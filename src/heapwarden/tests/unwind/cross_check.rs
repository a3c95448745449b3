//! One stack by our engine, by our engine without its memory, and by libgcc: they must agree.
//!
//! Nothing here allocates while all is well, so [`check`] may be called in signal handlers.

use heapwarden::callsite;
use heapwarden::unwind::{Engine, Framehop, Purpose, Registers, Request, Unaided};
use std::cell::{Cell, RefCell};

/// As many frames as are compared.
pub const DEPTH: usize = 128;

/// How many frames a capture is told to leave out.
const SKIPPED: usize = 3;

/// How many frames a call site has that does not have them all.
const CUT: usize = 20;

thread_local! {
    static CHECKS: Cell<u64> = const { Cell::new(0) };
    static MISMATCH: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A stack, innermost frame first.
struct Stack {
    frames: [usize; DEPTH],
    count: usize,
}

impl Stack {
    fn by(engine: &dyn Engine, start: Registers, skip: usize) -> Stack {
        Stack::of_depth(engine, start, skip, DEPTH)
    }

    fn of_depth(engine: &dyn Engine, start: Registers, skip: usize, depth: usize) -> Stack {
        let mut frames = [0; DEPTH];
        let request = Request { start, depth, skip, own: 0..0, purpose: Purpose::Allocation };
        let count = engine.capture(&request, &mut frames);
        Stack { frames, count }
    }

    /// What a free's call site says, which is compared with the frees' last stack alone.
    fn of_site(start: Registers, depth: usize) -> Stack {
        let mut stack = Stack { frames: [0; DEPTH], count: 0 };
        // SAFETY: the caller's frame.
        let site = unsafe { callsite::here_from(&start, Purpose::Free, depth) };
        for (place, pc) in stack.frames.iter_mut().zip(callsite::frames(site).iter()) {
            *place = pc;
            stack.count += 1;
        }
        stack
    }

    /// What libgcc says, from the frame that returns to `from` outwards.
    fn by_libgcc(from: usize) -> Stack {
        let mut stack = Stack { frames: [0; DEPTH], count: 0 };
        // SAFETY: nothing is resolved, so the crate's lock is not needed.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                let pc = frame.ip() as usize;
                // Outside the outermost frame it may name a frame at 0.
                if pc != 0 && (stack.count > 0 || pc == from) {
                    stack.frames[stack.count] = pc;
                    stack.count += 1;
                }
                stack.count < DEPTH - 1
            });
        }
        stack
    }

    fn frames(&self) -> &[usize] {
        &self.frames[..self.count]
    }
}

/// Frames that a signal interrupted are one up in ours.
fn same(ours: &[usize], theirs: &[usize]) -> bool {
    ours.len() == theirs.len()
        && ours
            .iter()
            .zip(theirs)
            .enumerate()
            .all(|(index, (ours, theirs))| ours == theirs || (*ours == theirs + 1 && index > 0))
}

/// Compares the stacks of the caller. C code calls this too, so a mismatch is kept for [`finish`].
#[inline(never)]
pub extern "C" fn check() {
    let start = Registers::here();
    // Of the innermost frames alone: what is remembered then may lie further out.
    let shallow = [1, 2, 3].map(|depth| Stack::of_depth(&Framehop, start, 0, depth));
    let aided = Stack::by(&Framehop, start, 0);
    let unaided = Stack::by(&Unaided, start, 0);
    // As if some of these functions were the library's: the way through them is remembered, whole.
    let outer = Stack::by(&Framehop, start, SKIPPED);
    let again = Stack::by(&Framehop, start, 0);
    let site = Stack::of_site(start, DEPTH);
    let cut_site = Stack::of_site(start, CUT);
    let theirs = Stack::by_libgcc(aided.frames[1]);
    CHECKS.set(CHECKS.get() + 1);
    let agree = same(aided.frames().get(1..).unwrap_or_default(), theirs.frames());
    let inner = unaided.frames().get(SKIPPED..).unwrap_or_default();
    // As many as were asked for are more than were compared, when some are left out.
    let beyond = if unaided.count == DEPTH { &outer.frames[inner.len()..outer.count] } else { &[] };
    let outer_agrees = outer.frames().strip_prefix(inner) == Some(beyond);
    let agree = agree && outer_agrees && again.frames() == unaided.frames();
    let is_prefix = |stack: &Stack| unaided.frames().starts_with(stack.frames());
    let agree = agree && shallow.iter().all(|stack| stack.count > 0 && is_prefix(stack));
    let cut = &unaided.frames()[..unaided.count.min(CUT)];
    let agree = agree && site.frames() == unaided.frames() && cut_site.frames() == cut;
    if !agree || aided.frames() != unaided.frames() {
        keep_mismatch(&[
            ("aided", &aided),
            ("unaided", &unaided),
            ("libgcc", &theirs),
            ("without some", &outer),
            ("once more", &again),
            ("three frames", &shallow[2]),
            ("call site", &site),
            ("call site of some", &cut_site),
        ]);
    }
}

#[cold]
fn keep_mismatch(stacks: &[(&str, &Stack)]) {
    if MISMATCH.with_borrow(Option::is_some) {
        return;
    }
    let mut text = format!("in comparison {}\n", CHECKS.get());
    for (name, stack) in stacks {
        text += &format!("{name}:\n");
        for pc in stack.frames() {
            text += &format!("  {}\n", describe(*pc));
        }
    }
    MISMATCH.set(Some(text));
}

fn describe(pc: usize) -> String {
    let mut text = format!("{pc:#x}");
    // SAFETY: dladdr takes any address and fills the structure if it returns nonzero.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr((pc - 1) as *const libc::c_void, &mut info) != 0 {
            let file = std::ffi::CStr::from_ptr(info.dli_fname).to_string_lossy();
            text += &format!(" {file}+{:#x}", pc - info.dli_fbase as usize);
            if !info.dli_sname.is_null() {
                let name = std::ffi::CStr::from_ptr(info.dli_sname).to_string_lossy();
                text += &format!(" {name}+{:#x}", pc - info.dli_saddr as usize);
            }
        }
    }
    text
}

/// How many stacks this thread has compared since the last time; panics if one was not right.
pub fn finish() -> u64 {
    if let Some(text) = MISMATCH.take() {
        panic!("{text}");
    }
    CHECKS.take()
}
