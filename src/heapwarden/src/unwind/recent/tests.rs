use super::super::rule::Rule;
use super::super::usual::Left;
use super::kept::WORDS;
use super::*;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const START: Registers = Registers::returning(0x1000, 0x2000, 0);

fn empty() -> Box<Recent> {
    // SAFETY: all zero is valid.
    unsafe { Box::new_zeroed().assume_init() }
}

/// A stack of two frames, the outer one of which was found in `slot`.
fn frames(slot: &AtomicUsize) -> [Frame; 2] {
    let registers = Registers::returning(slot.load(Relaxed), slot.as_ptr() as usize + 8, 0);
    let rule = Rule::from_stack_pointer(16, 0).expect("a small rule");
    let outer = Left { registers, rule, callee: Some(rule) };
    [Frame::left(&outer, false, 0, 0), Frame::start(START)]
}

#[test]
fn a_stack_that_came_up_twice_is_known_until_a_word_of_it_changes() {
    let mut recent = empty();
    let slot = AtomicUsize::new(0x1234);
    let frames = || frames(&slot);
    recent.note(&START, 32, &frames(), 7);
    assert_eq!(recent.site(&START, 32), None);
    recent.note(&START, 32, &frames(), 7);
    assert_eq!(recent.site(&START, 32), Some(7));
    assert_eq!(recent.site(&START, 16), None, "another depth");
    for other in [(0x1001, 0x2000, 0), (0x1000, 0x2008, 0), (0x1000, 0x2000, 8)] {
        let other = Registers::returning(other.0, other.1, other.2);
        assert_eq!(recent.site(&other, 32), None, "another start");
    }
    slot.store(0x1235, Relaxed);
    assert_eq!(recent.site(&START, 32), None, "another caller");
    slot.store(0x1234, Relaxed);
    assert_eq!(recent.site(&START, 32), Some(7));
    recent.clear();
    assert_eq!(recent.site(&START, 32), None);
}

#[test]
fn callers_by_turns_are_all_known_and_so_are_the_next_ones() {
    let mut recent = empty();
    let slot = AtomicUsize::new(0);
    for first in [0x1000, 0x2000] {
        let mut known = 0;
        for turn in 0..10 * WAYS {
            let caller = first + turn % WAYS;
            slot.store(caller, Relaxed);
            match recent.site(&START, 32) {
                Some(site) => {
                    assert_eq!(site as usize, caller);
                    known += 1;
                }
                None => recent.note(&START, 32, &frames(&slot), caller as u32),
            }
        }
        assert_eq!(known, 8 * WAYS, "from {first:#x} on");
    }
}

#[test]
fn a_call_site_whose_words_moved_takes_its_own_place_again() {
    let mut recent = empty();
    let slots = [0x1000, 0x2000, 0x1000].map(AtomicUsize::new);
    for (slot, site) in [(&slots[0], 1), (&slots[1], 2)] {
        recent.note(&START, 32, &frames(slot), site);
        recent.note(&START, 32, &frames(slot), site);
    }
    // The first caller's word lies elsewhere now, and where it lay is another one.
    slots[0].store(0x3000, Relaxed);
    recent.note(&START, 32, &frames(&slots[2]), 1);
    assert_eq!(recent.site(&START, 32), Some(1));
    slots[2].store(0x3000, Relaxed);
    assert_eq!(recent.site(&START, 32), Some(2), "the second caller kept its place");
}

#[test]
fn a_start_with_another_call_site_each_time_is_not_kept() {
    let mut recent = empty();
    for site in 1..100 {
        let slot = AtomicUsize::new(0x1000 + site as usize);
        recent.note(&START, 32, &frames(&slot), site);
        assert_eq!(recent.site(&START, 32), None);
    }
}

#[test]
fn a_stack_that_cannot_be_verified_is_not_kept() {
    let mut recent = empty();
    let slot = AtomicUsize::new(0x1234);
    let [outer, innermost] = frames(&slot);
    let unread = Frame::start(outer.registers);
    for _ in 0..4 {
        recent.note(&START, 32, &[unread, innermost], 7);
        assert_eq!(recent.site(&START, 32), None);
    }
    let deep = [[outer; 2 * WORDS].as_slice(), &[innermost]].concat();
    for _ in 0..4 {
        recent.note(&START, 32, &deep, 8);
        assert_eq!(recent.site(&START, 32), None);
    }
}
