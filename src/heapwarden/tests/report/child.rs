//! The cases that a child of `report_process.rs` runs, each in the way of a real program. They start
//! before the test harness does, like a program with constructors.

use super::run::CASE;
use heapwarden::report::{
    self, Access, AccessKind, BlockFacts, BlockState, Damage, Event, Expected, Facts, Family, Kind,
    ThreadFacts,
};
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

extern "C" fn start() {
    let Ok(case) = std::env::var(CASE) else { return };
    heapwarden::start::ensure();
    report::begin();
    match case.as_str() {
        "abort" => overflow(),
        "fork" => fork(),
        "fork_during_report" => fork_during_report(),
        "again" => again(),
        "two_kinds" => two_kinds(),
        "signal_handler" => signal_handler(),
        "small_thread" => small_thread(),
        "threads" => threads(),
        "fault_once" => fault(true),
        "fault_always" => fault(false),
        "loader_lock" => loader_lock(),
        "no_memory_for_anything" => no_memory(0),
        "no_memory_for_the_arena" => no_memory(2 << 20),
        "no_memory_for_files" => no_memory(4 << 20),
        "closed_stderr" => closed_stderr(),
        "abort_handler" => abort_handler(),
        "untouched" => untouched(),
        _ => panic!("unknown case {case}"),
    }
    report::finish();
    std::process::exit(0);
}

/// This stack, as the library's own unwinder would give it.
#[inline(never)]
fn here() -> Vec<usize> {
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        // The first frames are those of `backtrace` and of this function.
        frames.push(frame.ip().addr());
        frames.len() < 64
    });
    let own = frames.iter().position(|ip| {
        let mut found = false;
        backtrace::resolve(*ip as *mut _, |symbol| {
            found |= symbol.name().is_some_and(|name| name.to_string().contains("child::here"));
        });
        found
    });
    frames.split_off(own.map_or(0, |own| own + 1))
}

/// Stacks are taken once and kept: taking them needs more stack than reporting does.
#[inline(never)]
fn allocate() -> &'static [usize] {
    black_box(here().leak())
}

#[inline(never)]
fn facts(kind: Kind, stack: &'static [usize], allocated: &'static [usize]) -> Facts<'static> {
    const BLOCK: usize = 0x7000_0000;
    Facts {
        kind,
        address: BLOCK + 24,
        thread: ThreadFacts { number: 0, tid: 1, name: [0; 16] },
        access: Access { kind: AccessKind::Write, size: Some(2) },
        access_stack: stack,
        access_what: "free",
        registers: None,
        block: Some(BlockFacts {
            address: BLOCK,
            size: 24,
            family: Family::Malloc,
            state: BlockState::Live,
            allocated: Some(Event { frames: allocated.into(), thread: 0, tid: 1 }),
            freed: None,
            sequence: 1,
        }),
        damage: Some(Damage {
            offset: 24,
            bytes: b"AB\x9d\x9d",
            expected: Expected::Canary(&[0x9d; 4]),
            changed: 2,
        }),
        neighbour: None,
        pointer: None,
        mismatch: None,
        hint: None,
        count: 1,
    }
}

#[inline(never)]
fn overflow() {
    report::deliver(&facts(Kind::HeapBufferOverflow, here().leak(), allocate()));
    black_box(());
}

fn fork() {
    overflow();
    // SAFETY: one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        overflow();
        report::finish();
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    println!("{child}");
    // SAFETY: our child.
    unsafe { libc::waitpid(child, null_mut(), 0) };
}

/// Children are forked while another thread reports, and report themselves.
fn fork_during_report() {
    prepare();
    std::thread::spawn(|| {
        for number in 1.. {
            // Another stack every time, so that each is reported.
            let stack = [prepared().access_stack, &[number]].concat();
            report::deliver(&Facts { access_stack: stack.leak(), ..prepared() });
        }
    });
    for _ in 0..8 {
        std::thread::sleep(std::time::Duration::from_millis(37));
        // SAFETY: the child reports and ends, as it may after a fork of many threads.
        let child = unsafe { libc::fork() };
        if child == 0 {
            report::deliver(&prepared());
            // SAFETY: ends the child.
            unsafe { libc::_exit(23) };
        }
        let mut status = 0;
        // SAFETY: our child.
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(libc::WEXITSTATUS(status), 23, "status {status:#x}");
        println!("{child}");
    }
}

fn again() {
    let same = facts(Kind::HeapBufferOverflow, here().leak(), allocate());
    for _ in 0..100_000 {
        report::deliver(&same);
    }
    overflow();
}

fn two_kinds() {
    overflow();
    report::deliver(&facts(Kind::DoubleFree, here().leak(), allocate()));
    overflow();
}

static STACKS: std::sync::OnceLock<[&'static [usize]; 2]> = std::sync::OnceLock::new();

fn prepared() -> Facts<'static> {
    let [stack, allocated] = STACKS.get().copied().unwrap_or_default();
    facts(Kind::HeapBufferOverflow, stack, allocated)
}

fn prepare() {
    STACKS.get_or_init(|| [here().leak(), allocate()]);
}

fn handle(signal: i32, handler: extern "C" fn(i32), flags: i32) {
    // SAFETY: all zero is a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as usize;
    action.sa_flags = flags;
    // SAFETY: a valid action.
    unsafe { libc::sigaction(signal, &action, null_mut()) };
}

fn signal_handler() {
    extern "C" fn on_signal(_: i32) {
        report::deliver(&prepared());
    }
    prepare();
    let stack = vec![0u8; libc::SIGSTKSZ].leak();
    let stack =
        libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: libc::SIGSTKSZ };
    // SAFETY: memory that stays.
    unsafe { libc::sigaltstack(&stack, null_mut()) };
    handle(libc::SIGUSR1, on_signal, libc::SA_ONSTACK);
    // SAFETY: a valid signal.
    unsafe { libc::raise(libc::SIGUSR1) };
}

fn small_thread() {
    extern "C" fn run(_: *mut libc::c_void) -> *mut libc::c_void {
        report::deliver(&prepared());
        null_mut()
    }
    prepare();
    // SAFETY: all zero is what pthread_attr_init expects to fill in.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    let mut thread = 0;
    // SAFETY: valid attributes; the thread is joined.
    unsafe {
        libc::pthread_attr_init(&mut attributes);
        libc::pthread_attr_setstacksize(&mut attributes, 16 * 1024);
        assert_eq!(libc::pthread_create(&mut thread, &attributes, run, null_mut()), 0);
        libc::pthread_join(thread, null_mut());
    }
}

fn threads() {
    prepare();
    let barrier = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                barrier.wait();
                report::deliver(&prepared());
            });
        }
    });
}

static PAGE: AtomicUsize = AtomicUsize::new(0);
static REPAIRS: AtomicBool = AtomicBool::new(false);

/// A stack in memory that cannot be read; the handler makes it readable, or does not.
fn fault(repairs: bool) {
    extern "C" fn on_fault(_: i32) {
        if REPAIRS.load(Relaxed) {
            // SAFETY: our page.
            unsafe { libc::mprotect(PAGE.load(Relaxed) as *mut _, 4096, libc::PROT_READ) };
        }
        report::fault_inside();
        report::deliver(&prepared());
    }
    prepare();
    REPAIRS.store(repairs, Relaxed);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping.
    let page = unsafe { libc::mmap(null_mut(), 4096, libc::PROT_NONE, flags, -1, 0) };
    PAGE.store(page.addr(), Relaxed);
    let stack = vec![0u8; 64 * 1024].leak();
    let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: 64 * 1024 };
    // SAFETY: memory that stays.
    unsafe { libc::sigaltstack(&stack, null_mut()) };
    handle(libc::SIGSEGV, on_fault, libc::SA_ONSTACK | libc::SA_NODEFER);
    // SAFETY: mapped; that it cannot be read is the point.
    let frames = unsafe { std::slice::from_raw_parts(page.cast::<usize>(), 3) };
    report::deliver(&facts(Kind::HeapBufferOverflow, here().leak(), frames));
}

/// Another thread holds the loader's lock until the report is there.
fn loader_lock() {
    static HELD: AtomicBool = AtomicBool::new(false);
    static REPORTED: AtomicBool = AtomicBool::new(false);
    extern "C" fn wait(_: *mut libc::dl_phdr_info, _: usize, _: *mut libc::c_void) -> i32 {
        HELD.store(true, SeqCst);
        while !REPORTED.load(SeqCst) {
            std::thread::yield_now();
        }
        1
    }
    prepare();
    // SAFETY: the callback takes any argument.
    let holder = std::thread::spawn(|| unsafe { libc::dl_iterate_phdr(Some(wait), null_mut()) });
    while !HELD.load(SeqCst) {
        std::thread::yield_now();
    }
    report::deliver(&prepared());
    REPORTED.store(true, SeqCst);
    holder.join().expect("the thread ends");
}

/// The address space ends `bytes` above what is used.
fn no_memory(bytes: u64) {
    prepare();
    let pages = std::fs::read_to_string("/proc/self/statm").expect("a file of the kernel");
    let pages: u64 = pages.split(' ').next().expect("a number").parse().expect("a number");
    let limit = libc::rlimit { rlim_cur: pages * 4096 + bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: a valid limit.
    unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) };
    report::deliver(&prepared());
}

fn closed_stderr() {
    prepare();
    // SAFETY: nothing of ours relies on it.
    unsafe { libc::close(2) };
    report::deliver(&prepared());
}

fn abort_handler() {
    extern "C" fn on_abort(_: i32) {
        // SAFETY: a static text.
        unsafe { libc::write(2, c"handler\n".as_ptr().cast(), 8) };
    }
    handle(libc::SIGABRT, on_abort, 0);
    overflow();
}

/// errno, the signal mask and the flag of the library are as before.
fn untouched() {
    let mask = || {
        let mut set = [0u64; 16];
        // SAFETY: a set is 128 bytes.
        unsafe { libc::pthread_sigmask(0, std::ptr::null(), set.as_mut_ptr().cast()) };
        set
    };
    prepare();
    let before = mask();
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = 77 };
    report::deliver(&prepared());
    // SAFETY: as above.
    assert_eq!(unsafe { *libc::__errno_location() }, 77);
    assert_eq!(mask(), before);
    // SAFETY: this thread's block.
    assert_eq!(unsafe { (*heapwarden_core::tls::block()).inside }, 0);
}
