//! A stack to be read: return addresses side by side, or those of a call site.

use super::{CallSite, sites};

/// A stack, innermost frame first.
#[derive(Clone, Copy, Debug)]
pub enum Stack<'a> {
    /// Just taken.
    Frames(&'a [usize]),
    /// Kept.
    Site(CallSite),
}

impl<'a> Stack<'a> {
    /// No frames.
    pub const NONE: Stack<'static> = Stack::Frames(&[]);

    /// The return addresses.
    pub fn iter(self) -> impl Iterator<Item = usize> + Clone + use<'a> {
        let (frames, site): (&[usize], u32) = match self {
            Stack::Frames(frames) => (frames, 0),
            Stack::Site(site) => (&[], site.to_bits()),
        };
        frames.iter().copied().chain(sites::frames(site))
    }

    /// The innermost one.
    pub fn first(self) -> Option<usize> {
        self.iter().next()
    }

    /// Whether no frame is known.
    pub fn is_empty(self) -> bool {
        self.first().is_none()
    }

    /// How many are known.
    pub fn len(self) -> usize {
        self.iter().count()
    }
}

impl<'a> From<&'a [usize]> for Stack<'a> {
    fn from(frames: &'a [usize]) -> Stack<'a> {
        Stack::Frames(frames)
    }
}
