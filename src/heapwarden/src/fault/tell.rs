//! The report of a fault.

use super::actions;
use super::context::Fault;
use super::examine::Finding;
use crate::report::{self, AccessKind, Facts, Registers};
use crate::text::{complain, hexadecimal};
use crate::{detect, inside, unwind};

/// The most frames of a fault's stack.
const FRAMES_MAX: usize = 64;

/// Reports. Returns if that is not the end of the process.
#[cold]
#[inline(never)]
pub fn tell(fault: &Fault, finding: &Finding) {
    match finding {
        // By the check in front of a call, which was made all the same.
        Finding::Error { address, .. } if detect::is_told(*address, *address) => {}
        Finding::Error { kind, address, access, block, suspect, hint } => {
            let mut frames = [0usize; FRAMES_MAX];
            let frames = stack(fault, &mut frames);
            let registers = Registers { pc: fault.pc, bp: fault.bp(), sp: fault.sp() };
            let _inside = inside::enter();
            // A fault inside of the report must come through, and must not use the same alternate
            // stack again.
            actions::make_way();
            report::deliver(&Facts {
                access: *access,
                access_stack: frames,
                registers: Some(registers),
                block: *block,
                neighbour: *suspect,
                hint: *hint,
                ..detect::facts(*kind, *address, "fault")
            });
            actions::rearm();
        }
        Finding::Uninitialised { address, access } => uninitialised(fault, *address, *access),
    }
}

/// The stack of the fault, innermost frame first.
fn stack<'a>(fault: &Fault, frames: &'a mut [usize; FRAMES_MAX]) -> &'a [usize] {
    let start = unwind::Registers::interrupted(fault.pc, fault.sp(), fault.bp());
    // SAFETY: the frames of the code that was interrupted last until this handler returns.
    let mut count = unsafe { unwind::capture_from(&start, frames) };
    if count == 0 {
        (frames[0], count) = (start.pc, 1);
    }
    if frames[0] == start.pc {
        // The report wants the instruction itself.
        frames[0] = fault.pc;
    }
    &frames[..count]
}

/// A line, for the process ends as it would without us.
fn uninitialised(fault: &Fault, address: usize, access: AccessKind) {
    let what: &[u8] = match access {
        AccessKind::Write => b"WRITE",
        AccessKind::Read => b"READ",
        AccessKind::Unknown => b"access",
    };
    complain(&[
        b"fault: ",
        what,
        b" at ",
        hexadecimal(address as u64).as_bytes(),
        b" (pc ",
        hexadecimal(fault.pc as u64).as_bytes(),
        b"): the pointer was read from uninitialised memory; fresh blocks are filled with 0xbe",
    ]);
}
