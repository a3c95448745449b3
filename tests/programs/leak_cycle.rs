//! Reference counts that keep each other alive, and ones that lead nowhere but are known.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Node {
    other: RefCell<Option<Rc<Node>>>,
    _number: u64,
}

/// Two counts of 40 bytes each (strong, weak, flag, pointer, number).
#[inline(never)]
fn make_rc_cycle() {
    let one = Rc::new(Node { other: RefCell::new(None), _number: 1 });
    let two = Rc::new(Node { other: RefCell::new(Some(one.clone())), _number: 2 });
    *one.other.borrow_mut() = Some(two);
}

static KEPT: AtomicPtr<[u64; 4]> = AtomicPtr::new(std::ptr::null_mut());

/// A pointer behind the counts is all that is left.
#[inline(never)]
fn keep_arc() {
    KEPT.store(Arc::into_raw(Arc::new([7; 4])).cast_mut(), Ordering::Relaxed);
    std::hint::black_box(&KEPT);
}

/// Overwrites what the calls before left on the stack.
#[inline(never)]
fn wipe() -> u8 {
    let below = [0u8; 32 << 10];
    std::hint::black_box(&below)[std::hint::black_box(17)]
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("cycle") => make_rc_cycle(),
        Some("arc") => keep_arc(),
        _ => {}
    }
    println!("ok");
    std::process::exit(i32::from(wipe()));
}
