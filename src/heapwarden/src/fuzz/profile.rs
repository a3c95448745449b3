//! Who holds the memory, for a fuzzer whose target has too much of it.

use crate::callsite::{Stack, counters};
use crate::mapped::List;
use crate::{checked, inside, report, site};
use core::cmp::Reverse;

/// One call site's live blocks.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    pub bytes: u64,
    pub blocks: u64,
    pub frames: Stack<'static>,
}

/// Prints the call sites with most live bytes: as many as it takes for `percent` of all, and no more
/// than `most`. Nothing where no stacks are kept.
pub fn print_memory_profile(percent: usize, most: usize) {
    if !checked::settings().evidence {
        return;
    }
    let mut all = List::new();
    let (mut bytes, mut blocks) = (0, 0);
    {
        let _inside = inside::enter();
        counters::visit(&mut |number, counters| {
            if counters.live_blocks > 0 {
                bytes += counters.live_bytes;
                blocks += counters.live_blocks;
                let frames = site::frames(number);
                all.push(Holder {
                    bytes: counters.live_bytes,
                    blocks: counters.live_blocks,
                    frames,
                });
            }
        });
    }
    all.as_mut_slice().sort_unstable_by_key(|one| Reverse(one.bytes));
    let (mut told, mut count) = (0, 0);
    for one in all.as_slice().iter().take(most) {
        if told * 100 >= bytes * percent as u64 {
            break;
        }
        told += one.bytes;
        count += 1;
    }
    report::deliver_holders(&all.as_slice()[..count], bytes, blocks);
}
