//! What a stack costs: `cargo run --release -p heapwarden --example stack_cost`.
//!
//! Nanoseconds per capture of 30 frames, by our engines, `framehop` alone, libunwind (if it is
//! installed) and the `backtrace` crate; the least of several runs, in the order they are printed.
//! What malloc does is the row that says so: it has its caller's frame at hand, and first looks among
//! the stacks that came up lately.

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{
    ExplicitModuleSectionInfo, FrameAddress, Module, MustNotAllocateDuringUnwind, Unwinder,
};
use heapwarden::callsite;
use heapwarden::unwind::{
    Backtrace, Engine, FramePointer, Framehop, Purpose, Registers, Request, Unaided, modules,
};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::raw::c_void;
use std::ptr;
use std::time::Instant;

const FRAMES: usize = 30;
const RUNS: usize = 15;

/// Runs `capture` under `depth` frames, the innermost `changing` of which differ each time: they
/// are entered anew through one of two call sites.
#[inline(never)]
fn under(depth: usize, changing: usize, rounds: u64, capture: &mut dyn FnMut()) {
    if depth > changing {
        under(depth - 1, changing, rounds, capture);
    } else {
        for round in 0..rounds {
            if round % 2 == 0 {
                black_box(0);
                descend(changing, round, capture);
                black_box(1);
            } else {
                black_box(2);
                descend(changing, round, capture);
                black_box(3);
            }
        }
    }
    black_box(depth);
}

#[inline(never)]
fn descend(depth: usize, round: u64, capture: &mut dyn FnMut()) {
    if depth == 0 {
        capture();
    } else if (round >> depth) & 1 == 0 {
        // Different before and after, so that the compiler makes two calls of them.
        black_box(0);
        descend(depth - 1, round, capture);
        black_box(1);
    } else {
        black_box(2);
        descend(depth - 1, round, capture);
        black_box(3);
    }
    black_box(depth);
}

fn measure(name: &str, changing: usize, rounds: u64, capture: &mut dyn FnMut()) {
    // With part of a name as argument, only those are run: for a profiler.
    if std::env::args().nth(1).is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        under(FRAMES - 4, changing, rounds, capture);
        best = best.min(start.elapsed().as_nanos() as f64 / rounds as f64);
    }
    println!("{name:44} {best:9.1} ns");
}

fn by(engine: &dyn Engine) -> impl FnMut() + '_ {
    move || {
        let mut frames = [0; FRAMES];
        let start = Registers::here();
        let request =
            Request { start, depth: FRAMES, skip: 1, own: 0..0, purpose: Purpose::Allocation };
        black_box(engine.capture(&request, &mut frames));
    }
}

/// framehop with a table of all modules, as its own documentation has it.
struct Alone {
    unwinder: UnwinderX86_64<&'static [u8], MustNotAllocateDuringUnwind>,
    cache: CacheX86_64<MustNotAllocateDuringUnwind>,
}

impl Alone {
    fn new() -> Alone {
        modules::enter_all();
        let mut unwinder = UnwinderX86_64::new();
        modules::all(&mut |module| {
            let (range, base) = (module.range(), module.base() as u64);
            let Some([index, entries]) = module.frame_sections() else { return };
            let stated = |section: &[u8]| {
                let start = section.as_ptr() as u64 - base;
                Some(start..start + section.len() as u64)
            };
            let info = ExplicitModuleSectionInfo {
                eh_frame_hdr_svma: stated(index),
                eh_frame_hdr: Some(index),
                eh_frame_svma: stated(entries),
                eh_frame: Some(entries),
                ..ExplicitModuleSectionInfo::default()
            };
            let range = range.start as u64..range.end as u64;
            unwinder.add_module(Module::new(String::new(), range, base, info));
        });
        Alone { unwinder, cache: CacheX86_64::new_in() }
    }

    #[inline(never)]
    fn capture(&mut self) -> [u64; FRAMES] {
        let start = Registers::here();
        let (sp, bp) = (start.sp as u64, start.bp as u64);
        let mut registers = UnwindRegsX86_64::new(start.pc as u64, sp, bp);
        let mut frames = [0; FRAMES];
        let mut address = FrameAddress::from_instruction_pointer(start.pc as u64);
        for frame in &mut frames {
            let step = self.unwinder.unwind_frame(
                address,
                &mut registers,
                &mut self.cache,
                // SAFETY: all the code here is described, so this reads the live stack.
                &mut |address| Ok(unsafe { (address as *const u64).read_volatile() }),
            );
            let Ok(Some(pc)) = step else { break };
            *frame = pc;
            let Some(next) = FrameAddress::from_return_address(pc) else { break };
            address = next;
        }
        frames
    }
}

type UnwBacktrace = unsafe extern "C" fn(*mut *mut libc::c_void, libc::c_int) -> libc::c_int;

fn libunwind() -> Option<UnwBacktrace> {
    // SAFETY: loads a well-known library and looks up a function of that type.
    unsafe {
        let library = libc::dlopen(c"libunwind.so.8".as_ptr(), libc::RTLD_NOW);
        let function = libc::dlsym(library, c"unw_backtrace".as_ptr());
        (!library.is_null() && !function.is_null())
            .then(|| std::mem::transmute::<*mut libc::c_void, UnwBacktrace>(function))
    }
}

extern "C" fn nothing(_: *mut c_void) -> *mut c_void {
    ptr::null_mut()
}

extern "C" fn one_call_site(_: *mut c_void) -> *mut c_void {
    black_box(callsite::here(FRAMES));
    ptr::null_mut()
}

/// How many bytes of its stack a thread writes to that runs `body`.
fn stack_used(body: extern "C" fn(*mut c_void) -> *mut c_void) -> usize {
    let mut stack = vec![0xa5u8; 256 * 1024];
    // SAFETY: plain use of the thread functions; the stack outlives the thread.
    unsafe {
        let mut attributes = MaybeUninit::uninit();
        libc::pthread_attr_init(attributes.as_mut_ptr());
        let room = stack.as_mut_ptr().cast();
        libc::pthread_attr_setstack(attributes.as_mut_ptr(), room, stack.len());
        let mut thread = 0;
        libc::pthread_create(&mut thread, attributes.as_ptr(), body, ptr::null_mut());
        libc::pthread_join(thread, ptr::null_mut());
    }
    stack.len() - stack.iter().take_while(|byte| **byte == 0xa5).count()
}

fn one(name: &str) {
    let start = Instant::now();
    black_box(callsite::here(FRAMES));
    println!("{name:44} {:9.1} us", start.elapsed().as_nanos() as f64 / 1e3);
}

fn main() {
    let used = stack_used(one_call_site) - stack_used(nothing);
    println!("{:44} {used:9} bytes", "stack used by the first call site of all");
    let used = stack_used(one_call_site) - stack_used(nothing);
    println!("{:44} {used:9} bytes", "and of another thread");
    one("first call site of this thread");
    one("second call site of this thread");

    for changing in [0, 1, 2, 4, 8, 16] {
        let name = |what: &str| format!("{what}, {changing} changing");
        measure(&name("ours"), changing, 300_000, &mut by(&Framehop));
        measure(&name("ours, as a call site"), changing, 300_000, &mut || {
            black_box(callsite::here(FRAMES));
        });
        measure(&name("ours, as malloc asks for it"), changing, 300_000, &mut || {
            let start = Registers::here();
            // SAFETY: the frame is this closure's own, which waits for the call.
            black_box(unsafe { callsite::here_from(&start, Purpose::Allocation, FRAMES) });
        });
    }
    measure("ours without memory", 1, 100_000, &mut by(&Unaided));
    measure("frame pointers (this code has some)", 1, 100_000, &mut by(&FramePointer));
    let mut alone = Alone::new();
    measure("framehop alone", 1, 100_000, &mut || {
        black_box(alone.capture());
    });
    let stats = alone.cache.stats();
    println!(
        "{:44} {:9.3}",
        "    misses of its cache per capture",
        stats.misses() as f64 / (RUNS as f64 * 1e5)
    );
    match libunwind() {
        Some(function) => measure("libunwind unw_backtrace", 1, 100_000, &mut || {
            let mut frames = [std::ptr::null_mut(); FRAMES];
            // SAFETY: room for that many frames.
            black_box(unsafe { function(frames.as_mut_ptr(), FRAMES as libc::c_int) });
        }),
        None => println!("libunwind.so.8 is not installed"),
    }
    measure("backtrace crate", 1, 3_000, &mut by(&Backtrace));
    println!("{} call sites", callsite::count());
}
