//! The call site of a thread's last stack, for when the next one is the same.

use super::walk::Window;

/// All zero is valid: none.
pub struct LastSite {
    end: u32,
    count: u32,
    site: u32,
}

impl LastSite {
    /// The call site of that part of the last stack, if it is known.
    #[inline(always)]
    pub fn get(&self, window: Window) -> Option<u32> {
        let is_it = self.site != 0
            && self.count as usize == window.count
            && self.end as usize == window.end;
        is_it.then_some(self.site)
    }

    /// Notes it.
    #[inline(always)]
    pub fn set(&mut self, window: Window, site: u32) {
        (self.end, self.count, self.site) = (window.end as u32, window.count as u32, site);
    }

    /// The last stack is another one now.
    #[inline(always)]
    pub fn forget(&mut self) {
        self.site = 0;
    }
}
