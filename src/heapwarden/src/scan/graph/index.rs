//! From an address to the block around it, for blocks sorted by address.
//!
//! The address range of the heap is cut into regions of equal size, and each region into about as
//! many granules as blocks start in it. A granule knows how many blocks start before it and how many
//! before its end; the block is one of these. So an answer costs one compare for what is no heap
//! address at all, and two cache misses (granule, block) otherwise; granules with more than a few
//! blocks are searched by halves. Memory: at most 20 bytes per block, plus 8 per region.

use super::Node;
use crate::scan::area::Area;

/// Regions of less would not be worth a table.
const REGION_SHIFT_MIN: u32 = 16;
/// So many regions are always allowed; with more blocks there are more.
const REGIONS_MIN: usize = 1 << 16;
/// Blocks that are looked at one by one.
const FEW: u32 = 8;

/// A region's granules: their table and the logarithm of their number. All zeros, a region that no
/// block touches, is a single granule behind no block.
#[derive(Clone, Copy, Default)]
struct Region {
    table: u32,
    bits: u32,
}

/// The index.
pub struct Index<'a> {
    base: usize,
    span: usize,
    region_shift: u32,
    regions: &'a [Region],
    /// For each region: the blocks that start before it, then before the end of each granule.
    /// Blocks are counted from the first of all.
    counts: &'a [u32],
}

impl<'a> Index<'a> {
    /// The index of `nodes`, which are sorted and do not overlap. `None` when there is no memory.
    pub fn new(nodes: &[Node], memory: &'a Area) -> Option<Index<'a>> {
        let base = nodes.first().map_or(0, |node| node.start);
        // Four billion blocks do not fit in memory; asked for all the same.
        let count = u32::try_from(nodes.len()).ok().filter(|count| *count < u32::MAX / 8)?;
        let span = nodes.last().map_or(0, |node| node.end_of_starts() - base);
        let regions_max = REGIONS_MIN.max(2 * nodes.len());
        let mut region_shift = REGION_SHIFT_MIN;
        while span >> region_shift >= regions_max {
            region_shift += 1;
        }
        let regions = memory.alloc_slice::<Region>((span >> region_shift) + 1)?;
        let counts = memory.alloc_zeroed::<u32>(5 * nodes.len() + 2)?;
        // The first pair is that of regions without blocks.
        let mut used = 2;
        let mut next = 0;
        while next < count {
            let number = (nodes[next as usize].start - base) >> region_shift;
            let starts_here = |node: &Node| (node.start - base) >> region_shift == number;
            let here = nodes[next as usize..].iter().take_while(|node| starts_here(node)).count();
            let bits = here.next_power_of_two().trailing_zeros().min(region_shift - 4);
            regions[number] = Region { table: used as u32, bits };
            let table = &mut counts[used..used + (1 << bits) + 1];
            used += table.len();
            fill(table, next, &nodes[next as usize..][..here], |start| {
                ((start - base) & ((1 << region_shift) - 1)) >> (region_shift - bits)
            });
            next += here as u32;
            // The last of them may reach on, over regions in which nothing starts.
            let last = (nodes[next as usize - 1].end_of_starts() - 1 - base) >> region_shift;
            if last > number {
                counts[used..used + 2].fill(next);
                regions[number + 1..=last].fill(Region { table: used as u32, bits: 0 });
                used += 2;
            }
        }
        Some(Index { base, span, region_shift, regions, counts })
    }

    /// Whether a word can be an address of the heap at all.
    #[inline(always)]
    pub fn is_near(&self, word: usize) -> bool {
        word.wrapping_sub(self.base) < self.span
    }

    /// The place of a granule's numbers, for a word that [`is_near`](Self::is_near).
    #[inline(always)]
    pub fn slot(&self, word: usize) -> u32 {
        let distance = word.wrapping_sub(self.base);
        let region = self.regions[distance >> self.region_shift];
        let within = distance & ((1 << self.region_shift) - 1);
        region.table + (within >> (self.region_shift - region.bits)) as u32
    }

    /// Asks for a granule's numbers before they are needed.
    #[inline(always)]
    pub fn prefetch(&self, slot: u32) {
        prefetch(self.counts.as_ptr().wrapping_add(slot as usize).cast());
    }

    /// Asks for the block that a granule's search begins with.
    #[inline(always)]
    pub fn prefetch_node(&self, nodes: &[Node], slot: u32) {
        let count = self.counts[slot as usize + 1] as usize;
        prefetch(nodes.as_ptr().wrapping_add(count.wrapping_sub(1)).cast());
    }

    /// The block around `word`, whose granule is at `slot`.
    #[inline(always)]
    pub fn find_from(&self, nodes: &[Node], slot: u32, word: usize) -> Option<u32> {
        let mut low = self.counts[slot as usize];
        let mut high = self.counts[slot as usize + 1];
        while high - low > FEW {
            let middle = low.midpoint(high);
            if nodes[middle as usize].start <= word {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        while high > low && nodes[high as usize - 1].start > word {
            high -= 1;
        }
        let number = high.checked_sub(1)?;
        (word < nodes[number as usize].end_of_starts()).then_some(number)
    }

    /// The number of the block around `word`.
    pub fn find(&self, nodes: &[Node], word: usize) -> Option<u32> {
        if !self.is_near(word) {
            return None;
        }
        self.find_from(nodes, self.slot(word), word)
    }
}

/// Fills a region's table: `nodes`, of which `before` come before it, start in its granules.
fn fill(table: &mut [u32], before: u32, nodes: &[Node], granule_of: impl Fn(usize) -> usize) {
    let mut filled = 0;
    let mut count = before;
    for node in nodes {
        let granule = granule_of(node.start);
        // Up to the granule itself: it starts after `count` blocks.
        while filled <= granule {
            table[filled] = count;
            filled += 1;
        }
        count += 1;
    }
    table[filled..].fill(count);
}

/// Asks the processor for a cache line; any address will do.
#[inline(always)]
pub fn prefetch(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; it never faults.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
