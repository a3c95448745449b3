//! The page that an error is written on: the facts on top of a sheet.

use super::sheet::Sheet;
use crate::report::{BlockFacts, Facts};
use crate::text::number;
use core::ops::{Deref, DerefMut};

pub(super) struct Page<'a, 'w> {
    pub facts: &'a Facts<'a>,
    pub sheet: Sheet<'a, 'w>,
}

impl<'a, 'w> Deref for Page<'a, 'w> {
    type Target = Sheet<'a, 'w>;

    fn deref(&self) -> &Sheet<'a, 'w> {
        &self.sheet
    }
}

impl<'a, 'w> DerefMut for Page<'a, 'w> {
    fn deref_mut(&mut self) -> &mut Sheet<'a, 'w> {
        &mut self.sheet
    }
}

impl Page<'_, '_> {
    /// `T0`, or `T3 (worker)`.
    pub fn thread(&mut self) -> &mut Self {
        let thread = self.facts.thread;
        self.text("T").put(number(thread.number.into()));
        let name = thread.name.split(|byte| *byte == 0).next().unwrap_or(&[]);
        if thread.number != 0 && !name.is_empty() {
            self.text(" (");
            for byte in name {
                self.raw(&[if byte.is_ascii_control() { b'?' } else { *byte }]);
            }
            self.text(")");
        }
        self
    }

    /// Where a neighbour lies, seen from the block that suffered.
    pub fn distance_between(&mut self, neighbour: &BlockFacts<'_>) {
        let Some(block) = self.facts.block else { return };
        let end = neighbour.address.saturating_add(neighbour.size);
        if end <= block.address {
            self.text(", which ends ").count(block.address - end).text(" bytes before it");
        } else if let Some(distance) = neighbour.address.checked_sub(block.address + block.size) {
            self.text(", which starts ").count(distance).text(" bytes after it");
        }
    }
}
