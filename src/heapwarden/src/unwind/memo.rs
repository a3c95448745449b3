//! The rules already known, for all threads: one word per code address.
//!
//! An entry holds 47 bits of code address and 31 bits of rule in 64 bits, because the address is
//! permuted (multiplied by an odd number modulo 2^47) and 14 bits of the result are the entry's
//! place in the table. So a lookup is one multiplication and, mostly, one load; entries are never
//! torn, need no lock and survive a fork.
//! Cost: 512 KiB of zero pages, touched as they fill. A full bucket forgets one of its entries.

use super::rule::Rule;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const ADDRESS_BITS: u32 = 47;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;
const BUCKET_BITS: u32 = 14;
const WAYS: usize = 4;
const TAG_BITS: u32 = ADDRESS_BITS - BUCKET_BITS;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const RULE_BITS: u32 = 31;
const RULE_MASK: u64 = (1 << RULE_BITS) - 1;

const _: () = assert!(TAG_BITS + RULE_BITS == 64);

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
const INVERSE: u64 = inverse(FACTOR);

/// A power of Newton's method: each round doubles the number of right bits.
const fn inverse(factor: u64) -> u64 {
    let mut guess = factor;
    let mut round = 0;
    while round < 6 {
        guess = guess.wrapping_mul(2u64.wrapping_sub(factor.wrapping_mul(guess)));
        round += 1;
    }
    guess
}

#[repr(align(64))]
struct Table([[AtomicU64; WAYS]; 1 << BUCKET_BITS]);

static TABLE: Table = Table([const { [const { AtomicU64::new(0) }; WAYS] }; 1 << BUCKET_BITS]);

fn permute(pc: usize) -> u64 {
    (pc as u64).wrapping_mul(FACTOR) & ADDRESS_MASK
}

/// The rule for the frame whose return-like address is `pc`.
#[inline(always)]
pub fn get(pc: usize) -> Option<Rule> {
    let permuted = permute(pc);
    let tag = permuted & TAG_MASK;
    for entry in &TABLE.0[(permuted >> TAG_BITS) as usize] {
        let entry = entry.load(Relaxed);
        if entry >> RULE_BITS == tag {
            // An empty entry has rule 0, so a tag of 0 is not mistaken for one that is known.
            return Rule::from_bits((entry & RULE_MASK) as u32);
        }
    }
    None
}

/// Remembers a rule. Addresses outside the lower half are not remembered.
pub fn put(pc: usize, rule: Rule) {
    if pc as u64 & !ADDRESS_MASK != 0 {
        return;
    }
    let permuted = permute(pc);
    let bucket = &TABLE.0[(permuted >> TAG_BITS) as usize];
    let entry = (permuted & TAG_MASK) << RULE_BITS | u64::from(rule.to_bits());
    let free = bucket.iter().position(|place| place.load(Relaxed) == 0);
    // The tag's own low bits choose whom a full bucket forgets.
    let place = free.unwrap_or(permuted as usize % WAYS);
    bucket[place].store(entry, Relaxed);
}

/// Forgets what is known of a range of code; says how much that was.
pub fn forget(range: &Range<usize>) -> usize {
    let mut forgotten = 0;
    for (index, bucket) in TABLE.0.iter().enumerate() {
        for place in bucket {
            let entry = place.load(Relaxed);
            if entry == 0 {
                continue;
            }
            let permuted = (index as u64) << TAG_BITS | entry >> RULE_BITS;
            let pc = permuted.wrapping_mul(INVERSE) & ADDRESS_MASK;
            if range.contains(&(pc as usize).wrapping_sub(1)) {
                place.store(0, Relaxed);
                forgotten += 1;
            }
        }
    }
    forgotten
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_got_and_what_is_forgotten_is_not() {
        let base = 0x1234_5678_9000;
        let rule = |index| Rule::from_stack_pointer(8 + 8 * index, 0).expect("a small rule");
        for index in 0..100 {
            put(base + 5 * index, rule(index));
        }
        // Fewer addresses than buckets: at most a handful of entries could be pushed out.
        let known = (0..100).filter(|index| get(base + 5 * index) == Some(rule(*index))).count();
        assert!(known >= 98, "{known}");
        assert_eq!(get(base + 1), None);
        let forgotten = forget(&(base + 99..base + 199));
        assert!((18..=20).contains(&forgotten), "{forgotten}");
        assert_eq!(get(base + 100), None);
        assert_eq!(get(base + 200), Some(rule(40)));
    }

    #[test]
    fn kernel_addresses_are_not_confused_with_ours() {
        let low = 0x1111_2222_3333;
        put(low | 1 << 63, Rule::from_stack_pointer(16, 0).expect("a small rule"));
        assert_eq!(get(low), None);
    }
}
