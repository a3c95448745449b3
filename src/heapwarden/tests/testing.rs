//! `heapwarden::testing`, in a program whose tests run side by side, as everybody's do.

use heapwarden::testing::{
    Measure, Scope, assert_max_bytes, assert_no_leaks, check_heap, measure, no_alloc,
};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;

#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

/// The message with which `action` fails.
fn message(action: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(action)).expect_err("it fails");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => (*other.downcast::<&str>().expect("a text")).to_string(),
    }
}

struct Node {
    next: RefCell<Option<Rc<Node>>>,
    _rest: [u64; 20],
}

#[inline(never)]
fn make_a_ring() {
    let node = |next| Rc::new(Node { next: RefCell::new(next), _rest: [7; 20] });
    let first = node(None);
    let second = node(Some(first.clone()));
    *first.next.borrow_mut() = Some(second);
}

#[inline(never)]
fn lose_a_block() {
    std::mem::forget(black_box(vec![1u8; 1000]));
}

#[test]
fn a_lost_block_fails_with_its_call_site() {
    let text = message(|| assert_no_leaks(lose_a_block));
    assert!(text.starts_with("1000 bytes in 1 block leaked\n"), "{text}");
    assert!(text.contains("lose_a_block") && text.contains("testing.rs:"), "{text}");
    // It was told; nobody else is to stumble over it.
    assert_no_leaks(|| ());
}

#[test]
fn a_ring_of_rcs_fails_as_a_cycle() {
    let text = message(|| assert_no_leaks(make_a_ring));
    assert!(text.contains("in 2 blocks leaked") && text.contains("in a cycle"), "{text}");
    assert!(text.contains("make_a_ring"), "{text}");
}

#[test]
fn what_only_the_result_kept_is_no_leak_and_what_it_led_to_is() {
    assert_no_leaks(|| vec![vec![1u8; 100]; 10]);
    let text = message(|| assert_no_leaks(|| black_box(Box::leak(Box::new([7u64; 30])))));
    assert!(text.contains("240 bytes in 1 block"), "{text}");
}

#[test]
fn what_can_be_reached_is_no_leak() {
    static ONCE: OnceLock<Vec<String>> = OnceLock::new();
    static MAP: OnceLock<HashMap<usize, Box<usize>>> = OnceLock::new();
    static LIST: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());
    thread_local!(static LOCAL: RefCell<Vec<Rc<u8>>> = const { RefCell::new(Vec::new()) });
    let mut before = Vec::new();
    assert_no_leaks(|| {
        ONCE.get_or_init(|| vec!["one".repeat(10), "two".repeat(20)]);
        MAP.get_or_init(|| (0..100).map(|number| (number, Box::new(number))).collect());
        LIST.lock().unwrap().push(vec![0u8; 50].into());
        LOCAL.with_borrow_mut(|list| list.push(Rc::new(7)));
        before.push(Box::new(1u64));
    });
    assert_eq!(before.len(), 1);
}

#[test]
fn what_another_thread_holds_is_no_leak() {
    let (sender, receiver) = mpsc::channel::<Box<u64>>();
    let (quit, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let held = receiver.recv().expect("a block");
        tell.send(()).expect("somebody listens");
        let _ = wait.recv();
        *held
    });
    assert_no_leaks(|| {
        sender.send(Box::new(9)).expect("somebody listens");
        told.recv().expect("it has it");
    });
    drop(quit);
    assert_eq!(holder.join().expect("it ends"), 9);
}

#[test]
fn the_counts_are_exact() {
    let found = measure(|| {
        drop(black_box(vec![0u8; 1000]));
        let kept = black_box(vec![0u8; 300]);
        drop(black_box(vec![0u8; 100]));
        kept
    });
    assert_eq!(
        (found.allocations, found.bytes, found.frees, found.live_blocks),
        (3, 1400, 2, 1),
        "{found:?}"
    );
    assert_eq!((found.live_bytes, found.peak_bytes), (300, 1000), "{found:?}");
    assert_eq!(measure(|| ()), Measure::default());
}

#[test]
fn to_resize_is_to_free_and_to_allocate() {
    let mut outside = black_box(vec![1u8; 10]);
    let found = measure(|| {
        outside.reserve_exact(990);
        outside.reserve_exact(1990);
    });
    assert_eq!((found.allocations, found.bytes), (2, 3000), "{found:?}");
    assert_eq!((found.frees, found.live_bytes, found.peak_bytes), (1, 2000, 2000), "{found:?}");
    // A block from outside that is freed inside is nobody's.
    assert_eq!(measure(|| drop(black_box(vec![7u8; 10]))).frees, 1);
    let before = black_box(vec![1u8; 10]);
    assert_eq!(measure(|| drop(before)), Measure::default());
}

#[test]
fn inner_closures_count_for_outer_ones() {
    let mut inner = Measure::default();
    let outer = measure(|| {
        let first = black_box(Box::new([0u8; 64]));
        inner = measure(|| drop(black_box(vec![0u8; 500])));
        let kept = Cell::new(None);
        measure(|| kept.set(Some(black_box(vec![0u8; 200]))));
        (first, kept)
    });
    assert_eq!((inner.allocations, inner.peak_bytes, inner.live_bytes), (1, 500, 0));
    assert_eq!((outer.allocations, outer.live_bytes), (3, 264), "{outer:?}");
    assert_eq!(outer.peak_bytes, 564);
    let text = message(|| assert_no_leaks(|| measure(lose_a_block)));
    assert!(text.contains("1000 bytes in 1 block"), "{text}");
}

#[test]
fn too_much_at_a_time_fails_where_it_became_too_much() {
    assert_eq!(assert_max_bytes(1000, || black_box(vec![0u8; 1000]).len()), 1000);
    #[inline(never)]
    fn one_too_many(all: &mut Vec<Vec<u8>>) {
        all.push(black_box(vec![0u8; 300]));
    }
    let text = message(|| {
        assert_max_bytes(1000, || {
            let mut all = Vec::with_capacity(2);
            all.push(black_box(vec![0u8; 700]));
            one_too_many(&mut all);
        });
    });
    assert!(text.starts_with("1048 bytes at a time, more than 1000"), "{text}");
    assert!(text.contains("one_too_many"), "{text}");
}

#[test]
fn an_allocation_or_a_resize_fails_no_alloc() {
    assert_eq!(no_alloc(|| black_box([1, 2, 3]).iter().sum::<i32>()), 6);
    #[inline(never)]
    fn allocates() -> Box<u32> {
        black_box(Box::new(7))
    }
    let text = message(|| drop(no_alloc(allocates)));
    assert!(text.starts_with("1 allocation of 4 bytes, the first here:\n"), "{text}");
    assert!(text.contains("allocates"), "{text}");
    let mut list = black_box(vec![1u8; 8]);
    let text = message(|| no_alloc(|| list.push(1)));
    assert!(text.starts_with("1 allocation of 16 bytes"), "{text}");
    no_alloc(|| list.push(2));
}

#[test]
fn threads_belong_to_the_closure_that_starts_them() {
    let found = measure(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    thread::spawn(|| drop(black_box(vec![0u8; 10_000]))).join().expect("it ends");
                });
            }
        });
    });
    assert!(found.bytes >= 40_000 && found.peak_bytes >= 10_000, "{found:?}");
    assert!(found.live_bytes < 10_000, "{found:?}");
    let text = message(|| assert_no_leaks(|| thread::spawn(lose_a_block).join().expect("it ends")));
    assert!(text.contains("lose_a_block"), "{text}");
}

#[test]
fn threads_that_were_there_before_do_not_unless_they_take_the_scope() {
    let (sender, receiver) = mpsc::sync_channel::<Option<Scope>>(0);
    let (tell, told) = mpsc::sync_channel::<()>(0);
    let pool = thread::spawn(move || {
        while let Ok(scope) = receiver.recv() {
            let work = || drop(black_box(vec![0u8; 5000]));
            match scope {
                Some(scope) => scope.run(work),
                None => work(),
            }
            tell.send(()).expect("somebody listens");
        }
    });
    let round = |scope: fn() -> Option<Scope>| {
        measure(|| {
            sender.send(scope()).expect("somebody listens");
            told.recv().expect("an answer");
        })
    };
    round(|| None);
    assert!(round(|| None).bytes < 5000);
    let found = round(|| Some(Scope::current()));
    assert!((5000..6000).contains(&found.bytes), "{found:?}");
    drop(sender);
    pool.join().expect("it ends");
}

#[test]
fn a_thread_outlives_its_closure() {
    let (sender, receiver) = mpsc::channel::<()>();
    let mut handle = None;
    let found = measure(|| {
        handle = Some(thread::spawn(move || {
            let _ = receiver.recv();
            black_box(vec![0u8; 70_000]).len()
        }));
    });
    assert!(found.bytes < 70_000);
    let later = measure(|| {
        drop(sender);
        handle.take().expect("there").join().expect("it ends")
    });
    assert!(later.bytes < 70_000, "{later:?}");
}

#[test]
fn a_panic_ends_the_closure() {
    let text = message(|| {
        measure(|| panic!("no {}", 7));
    });
    assert_eq!(text, "no 7");
    assert_eq!(measure(|| ()), Measure::default());
    assert_eq!(format!("{:?}", Scope::current()), "Scope(1)", "none");
}

#[test]
fn a_forked_child_goes_on() {
    let found = measure(|| {
        let before = black_box(vec![0u8; 100]);
        // SAFETY: the child allocates, frees and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let found = measure(|| drop(black_box(vec![0u8; 10])));
            drop(before);
            // SAFETY: ends the child.
            unsafe { libc::_exit(if found.bytes == 10 { 7 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: our child.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(libc::WEXITSTATUS(status), 7);
    });
    assert_eq!((found.bytes, found.live_bytes), (100, 0), "{found:?}");
}

#[test]
fn the_heap_is_whole() {
    check_heap();
}
