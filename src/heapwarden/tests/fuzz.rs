//! What libFuzzer does with the functions that it looks up, in a Rust program with the allocator linked
//! into it, which this test program is.

use heapwarden::Heapwarden;
use heapwarden::fuzz;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

type MallocHook = extern "C" fn(*const c_void, usize);
type FreeHook = extern "C" fn(*const c_void);

unsafe extern "C" {
    fn __sanitizer_install_malloc_and_free_hooks(malloc: MallocHook, free: FreeHook) -> c_int;
    fn __sanitizer_set_death_callback(callback: extern "C" fn());
    fn __sanitizer_symbolize_pc(
        pc: *const c_void,
        format: *const c_char,
        out: *mut c_char,
        bytes: usize,
    );
    fn __msan_scoped_enable_interceptor_checks();
    fn __msan_scoped_disable_interceptor_checks();
    fn __lsan_do_recoverable_leak_check() -> c_int;
}

thread_local! {
    /// Blocks that this thread allocated and freed, and the bytes it asked for.
    static COUNTS: Cell<(usize, usize, usize)> = const { Cell::new((0, 0, 0)) };
}

extern "C" fn allocated(_: *const c_void, size: usize) {
    let (blocks, frees, bytes) = COUNTS.get();
    COUNTS.set((blocks + 1, frees, bytes + size));
    // What a hook allocates calls no hook.
    drop(black_box(vec![1u8; 100]));
}

extern "C" fn freeing(_: *const c_void) {
    let (blocks, frees, bytes) = COUNTS.get();
    COUNTS.set((blocks, frees + 1, bytes));
}

#[test]
fn hooks_count_what_the_program_allocates_and_nothing_else() {
    // SAFETY: functions that stay.
    assert!(unsafe { __sanitizer_install_malloc_and_free_hooks(allocated, freeing) } > 0);
    COUNTS.set((0, 0, 0));
    let first = black_box(Box::new([0u8; 40]));
    let second = black_box(vec![0u8; 500]);
    assert_eq!(COUNTS.get(), (2, 0, 540));
    drop(first);
    drop(second);
    assert_eq!(COUNTS.get(), (2, 2, 540));
    let mut grown: Vec<u8> = black_box(Vec::with_capacity(10));
    grown.reserve_exact(5000);
    let (blocks, frees, bytes) = COUNTS.get();
    assert_eq!((blocks - frees, bytes), (1, 540 + 10 + 5000));
}

/// Where the death callback of a child writes to.
static ANSWER: AtomicI32 = AtomicI32::new(-1);

extern "C" fn dying() {
    // A fuzzer writes the input now, and allocates for that.
    let input = black_box(String::from("input"));
    // SAFETY: the bytes of a string.
    unsafe { libc::write(ANSWER.load(Relaxed), input.as_ptr().cast(), input.len()) };
}

/// Runs an input in a child; what the death callback wrote, and how the child ended.
fn end_of(target: fn()) -> (String, c_int) {
    let mut ends = [0; 2];
    // SAFETY: two descriptors for this process, then a child that uses the heap and ends without
    // handlers; its reports go nowhere.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        let child = libc::fork();
        if child == 0 {
            let nowhere = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
            libc::dup2(nowhere, 2);
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
            ANSWER.store(ends[1], Relaxed);
            __sanitizer_set_death_callback(dying);
            __msan_scoped_enable_interceptor_checks();
            target();
            __msan_scoped_disable_interceptor_checks();
            libc::_exit(0);
        }
        libc::close(ends[1]);
        let mut answer = String::new();
        File::from_raw_fd(ends[0]).read_to_string(&mut answer).expect("the answer");
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        (answer, status)
    }
}

fn writes_too_far() {
    let block = Box::leak(black_box(Box::new([0u8; 24])));
    // SAFETY: none, that is the bug; the byte is one of the canary.
    unsafe { block.as_mut_ptr().add(24).write_volatile(1) };
}

fn writes_after_free() {
    let block = black_box(Box::into_raw(Box::new([0u8; 24])));
    // SAFETY: none for the write, which is the bug; the freed block waits.
    unsafe {
        drop(Box::from_raw(block));
        block.cast::<u8>().add(3).write_volatile(1);
    }
}

#[test]
fn an_input_that_damages_the_heap_is_the_last_one() {
    for target in [writes_too_far, writes_after_free] {
        let (answer, status) = end_of(target);
        assert_eq!(answer, "input");
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGABRT);
    }
    let (answer, status) = end_of(|| drop(black_box(Box::new([0u8; 24]))));
    assert_eq!((answer.as_str(), status), ("", 0));
}

/// Far down the stack, so that no copy of the pointer lies in a frame that is in use again.
#[inline(never)]
fn forget_a_block(depth: usize) {
    let frame = black_box([0u8; 500]);
    match depth {
        0 => std::mem::forget(black_box(vec![7u8; 333])),
        _ => forget_a_block(depth - 1),
    }
    black_box(frame);
}

#[test]
fn leaks_are_told_by_a_return_value() {
    fn leaks() {
        // SAFETY: in a child of its own; the checks take no argument. What is allocated up to the first
        // one may be the parent's.
        unsafe {
            let before = __lsan_do_recoverable_leak_check();
            forget_a_block(20);
            let after = __lsan_do_recoverable_leak_check();
            libc::_exit(20 + 2 * before + after);
        }
    }
    let (answer, status) = end_of(leaks);
    assert_eq!(answer, "");
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 21, "{status}");
}

#[test]
fn addresses_get_names() {
    let mut out = [0 as c_char; 200];
    let pc = addresses_get_names as *const c_void;
    // SAFETY: a format, and room for that many bytes.
    let text = unsafe {
        let after = pc.byte_add(1);
        __sanitizer_symbolize_pc(after, c"%F %s".as_ptr(), out.as_mut_ptr(), out.len());
        CStr::from_ptr(out.as_ptr()).to_str().expect("text")
    };
    assert!(text.starts_with("in ") && text.contains("addresses_get_names"), "{text}");
    assert!(text.ends_with("fuzz.rs"), "{text}");
}

#[test]
fn the_crash_belongs_to_the_first_that_asks() {
    // In a child: this process goes on.
    let (_, status) = end_of(|| {
        let answers = [fuzz::acquire_crash_state(), fuzz::acquire_crash_state()];
        // SAFETY: ends the child.
        unsafe { libc::_exit(if answers == [true, false] { 7 } else { 1 }) };
    });
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7, "{status}");
}
