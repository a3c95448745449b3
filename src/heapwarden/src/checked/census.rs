//! How many freed blocks wait, counted when the statistics are asked for.
//! Cost: a look at every place of every ring, and at every entry of the queues.

use super::{guardian, large, leave};
use crate::guard::{ready, slots};
use heapwarden_core::{BlockKind, Waiting};

/// The core's hook: adds every block in quarantine.
pub fn waiting(waiting: &mut Waiting) {
    guardian::visit_waiting(&mut |class, count| {
        if let Some(slots) = waiting.slots.get_mut(class) {
            *slots += count;
        }
    });
    leave::DEEP.visit(&mut |slot| {
        waiting.add(BlockKind::Small { class: heapwarden_core::class_at(slot) }, 0);
    });
    let mut add = |block| {
        if let Some(found) = heapwarden_core::locate(block) {
            waiting.add(found.kind, found.size);
        }
    };
    large::waiting::DEEP.visit(&mut add);
    slots::visit(&mut add);
    ready::visit(&mut add);
}
