//! The engines.

use super::capture::{Steps, capture, capture_unaided};
use super::learn::learn;
use super::memo;
use super::reader::Reader;
use super::rule::{FRAME_POINTER_GUESS, Rule};
use super::walk::{OWN_MAX, Request};
use crate::inside;
use core::ops::Range;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// A way to capture a stack.
pub trait Engine {
    /// Writes the stack that `request` describes to `out`, innermost frame first, and says how many
    /// frames there are.
    fn capture(&self, request: &Request, out: &mut [usize]) -> usize;
}

/// The engines to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EngineChoice {
    /// [`Framehop`].
    Framehop,
    /// [`FramePointer`].
    FramePointer,
    /// [`Backtrace`].
    Backtrace,
}

static CHOSEN: AtomicU8 = AtomicU8::new(EngineChoice::Framehop as u8);

/// Chooses the engine for all captures to come.
pub fn set_engine(choice: EngineChoice) {
    CHOSEN.store(choice as u8, Relaxed);
}

/// The engine in use.
#[inline(always)]
pub fn chosen() -> EngineChoice {
    match CHOSEN.load(Relaxed) {
        1 => EngineChoice::FramePointer,
        2 => EngineChoice::Backtrace,
        _ => EngineChoice::Framehop,
    }
}

/// Its number.
#[inline(always)]
pub fn chosen_number() -> u32 {
    CHOSEN.load(Relaxed).into()
}

/// Rules from call frame information.
pub struct FramehopSteps;

impl Steps for FramehopSteps {
    const NUMBER: u32 = EngineChoice::Framehop as u32;

    #[inline(always)]
    fn rule(pc: usize) -> Option<Rule> {
        memo::get(pc).or_else(|| learn(pc))
    }

    #[inline(always)]
    fn known_rule(pc: usize) -> Option<Rule> {
        memo::get(pc)
    }

    #[inline(always)]
    fn reader(own: Range<usize>) -> Reader {
        Reader::new(own)
    }
}

/// Every function has a frame pointer.
pub struct FramePointerSteps;

impl Steps for FramePointerSteps {
    const NUMBER: u32 = EngineChoice::FramePointer as u32;

    #[inline(always)]
    fn rule(_: usize) -> Option<Rule> {
        Some(FRAME_POINTER_GUESS)
    }

    #[inline(always)]
    fn known_rule(pc: usize) -> Option<Rule> {
        Self::rule(pc)
    }

    #[inline(always)]
    fn reader(own: Range<usize>) -> Reader {
        Reader::strict(own)
    }
}

/// The default: call frame information, on top of the thread's last stack. Right wherever compilers
/// and assemblers describe their code, which is everywhere but in generated code; there, frame
/// pointers are tried.
pub struct Framehop;

impl Engine for Framehop {
    fn capture(&self, request: &Request, out: &mut [usize]) -> usize {
        capture::<FramehopSteps>(request, out)
    }
}

/// For programs of which every part has frame pointers; within the thread's own stack only.
pub struct FramePointer;

impl Engine for FramePointer {
    fn capture(&self, request: &Request, out: &mut [usize]) -> usize {
        capture::<FramePointerSteps>(request, out)
    }
}

/// [`Framehop`] without the thread's last stack. For comparison.
pub struct Unaided;

impl Engine for Unaided {
    fn capture(&self, request: &Request, out: &mut [usize]) -> usize {
        capture_unaided::<FramehopSteps>(request, out)
    }
}

/// The `backtrace` crate, which is libgcc's unwinder. Some hundred times slower; may take the
/// loader's lock and allocate, so no lock of ours is held. A fallback, and the cross-check in tests.
pub struct Backtrace;

impl Engine for Backtrace {
    fn capture(&self, request: &Request, out: &mut [usize]) -> usize {
        let _inside = inside::enter();
        let depth = request.depth.min(out.len());
        let (mut skipped, mut count) = (0, 0);
        let mut started = false;
        // SAFETY: only the resolving half of the crate needs its lock.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                let pc = frame.ip() as usize;
                // This library's frames and those of the unwinder lie inside of the one to start
                // from, whose stack pointer is known and whose address may differ by one.
                started = started || stack_pointer(frame) > request.start.sp || {
                    pc.wrapping_sub(request.start.pc).wrapping_add(1) <= 1
                };
                if !started {
                    return true;
                }
                if count == 0 && request.is_own(skipped, pc) && skipped < OWN_MAX {
                    skipped += 1;
                } else if count < depth {
                    out[count] = pc;
                    count += 1;
                }
                count < depth
            });
        }
        count
    }
}

fn stack_pointer(frame: &backtrace::Frame) -> usize {
    frame.sp() as usize
}
