//! The last stack of a thread, kept so that the next one need not be found anew.
//!
//! Frames lie outermost first, so that calls and returns since the last capture change the end of
//! the array; see [`super::frame`] for what it takes that the others are still right.
//! Cost: 42 KiB of address space a thread for the frames of each purpose, touched as they fill.

use super::frame::Frame;
use super::reader::Reader;
use super::rule::Caller;
use super::usual::{Left, Nodes};

/// The last frame that does not hold. A loop of its own, which keeps what it needs in registers: most
/// of a capture's time is spent here.
#[inline(always)]
fn last_changed(frames: &[Frame]) -> Option<usize> {
    frames.iter().rposition(|frame| !frame.holds())
}

/// How many frames are remembered at most.
pub const CAPACITY: usize = 512;
const MIDDLE: usize = CAPACITY / 2;
/// The most frames that one capture finds anew.
pub const FRESH_MAX: usize = 160;

/// The remembered frames `first..end`. All zero is valid and empty.
pub struct LastStack {
    /// The outermost frame that is remembered.
    pub first: usize,
    /// Behind the innermost one.
    pub end: usize,
    /// There is nobody outside the outermost one.
    pub complete: bool,
    /// The frames, outermost first.
    pub frames: [Frame; CAPACITY],
    /// Frames of the capture under way, innermost first.
    pub fresh: [Frame; FRESH_MAX],
}

impl LastStack {
    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.first, self.end) = (MIDDLE, MIDDLE);
        self.complete = false;
    }

    /// Verifies outwards from `top`, `count` frames in all. Returns the outermost frame that is
    /// still the same, and whether that was as far as was asked or remembered.
    #[inline(never)]
    pub fn verify(&self, top: usize, count: usize, reader: &mut Reader) -> (usize, bool) {
        let low = self.first.max((top + 1).saturating_sub(count));
        let mut index = top;
        while let Some(changed) = last_changed(&self.frames[low..index]) {
            index = low + changed;
            if !self.frames[index].holds_elsewhere(reader) {
                return (index + 1, false);
            }
        }
        (low, true)
    }

    /// Brings the frame pointers of the frames from `top` out to `index`, which have just been
    /// verified, up to date: where they are not needed they may have changed. `bp` is that of `top`.
    pub fn refresh(&mut self, index: usize, top: usize, bp: usize, reader: &mut Reader) {
        self.frames[top].registers.bp = bp;
        let mut bp = bp;
        for frame in self.frames[index..top].iter_mut().rev() {
            if frame.bp_slot != 0 {
                bp = reader.word(frame.bp_slot).unwrap_or(bp);
            }
            frame.registers.bp = bp;
        }
    }

    /// Keeps the frames up to `kept` (none of them if it is `first`), and puts `fresh` of the new
    /// ones inside of them.
    #[inline]
    pub fn append(&mut self, mut kept: usize, fresh: usize) {
        if kept == self.first {
            let complete = self.complete;
            self.clear();
            self.complete = complete;
            kept = self.first;
        }
        if kept + fresh > CAPACITY {
            kept = self.make_room_inside(kept);
        }
        let mut needs_bp = match kept > self.first {
            true => self.frames[kept - 1].needs_bp,
            false => !self.complete,
        };
        for index in (0..fresh).rev() {
            let frame = &mut self.frames[kept];
            *frame = self.fresh[index];
            needs_bp = frame.settle(needs_bp);
            // What was taken over may have been reached from elsewhere.
            frame.attach(0, 0);
            kept += 1;
        }
        self.end = kept;
    }

    /// Keeps the frames up to `kept`, and puts inside of them those that were `left` by plain steps on
    /// the thread's own stack, innermost first. Each is known by what `N` says, if the
    /// last that is kept is known with `shown` frames. False if there is no room.
    #[inline(always)]
    pub fn append_left<N: Nodes>(&mut self, kept: usize, shown: usize, left: &[Left]) -> bool {
        let Some([caller, places @ ..]) = self.frames.get_mut(kept - 1..kept + left.len()) else {
            return false;
        };
        let (mut node, mut reach) = match caller.reaches(shown) {
            true => (caller.node, caller.reach()),
            false => (0, 0),
        };
        if let Some(callee) = left.last() {
            caller.reached_by(callee.rule);
        }
        let mut needs_bp = caller.needs_bp;
        for (frame, found) in places.iter_mut().zip(left.iter().rev()) {
            if node != 0 {
                node = N::called_from(node, found.registers.pc);
                reach = if node == 0 { 0 } else { reach + 1 };
            }
            needs_bp = found.rule.passes_need_of_bp(needs_bp);
            *frame = Frame::left(found, needs_bp, node, reach);
        }
        self.end = kept + left.len();
        true
    }

    /// Puts a frame around the outermost one. What is known of the others may have been learnt when
    /// others lay around them.
    pub fn put_outside(&mut self, caller: Caller, reader: &Reader) {
        if self.first == 0 {
            self.move_to((CAPACITY - self.end).div_ceil(2));
        }
        let mut frame = Frame::called_from(caller, reader);
        frame.settle(true);
        self.first -= 1;
        self.frames[self.first] = frame;
    }

    /// Forgets what the frames are known by.
    pub fn detach(&mut self) {
        self.frames[self.first..self.end].iter_mut().for_each(|frame| frame.attach(0, 0));
    }

    fn make_room_inside(&mut self, kept: usize) -> usize {
        // The outer frames beyond what one capture looks at can be forgotten.
        let keep = FRESH_MAX.min(kept - self.first);
        let first = kept - keep;
        self.complete &= first == self.first;
        (self.first, self.end) = (first, kept);
        self.detach();
        // What is further out is unknown now, so it may need the frame pointer.
        let mut needs_bp = true;
        for frame in &mut self.frames[first..kept] {
            needs_bp = frame.settle(needs_bp);
        }
        self.move_to(MIDDLE - keep);
        MIDDLE
    }

    fn move_to(&mut self, first: usize) {
        self.frames.copy_within(self.first..self.end, first);
        self.end = first + (self.end - self.first);
        self.first = first;
    }
}
