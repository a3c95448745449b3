//! Stopping all other threads, for a bounded time and without their help.
//!
//! Threads are listed and asked ([`park`]) until a list shows none that was not asked: those that
//! stand still start no more. A thread that does not answer is waited for as long as it can run; one
//! that sleeps with even our signal blocked, or in a call that no signal ends, is given up after a
//! while: its stack is read all the same, and the coverage says that it was missed.
//! Cost: per thread a signal, some reads of /proc, and a turn on a processor.

use super::glibc;
use super::park;
use super::registers::{self, Registers};
use super::roots::Roots;
use super::slots::{self, Slot};
use super::stacks::Place;
use super::tasks::Tasks;
use crate::leaks::facts::Coverage;
use crate::sandbox;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use heapwarden_core::os::syscall;
use heapwarden_core::tls;

/// How long a thread that could run is waited for: it may be one of many on a busy machine.
const PATIENCE: u64 = 5_000_000_000;
/// How long one is waited for that does not look as if it would answer.
const HOPE: u64 = 100_000_000;
/// How often the unanswered are looked at.
const LOOK: u32 = 10_000_000;
/// More lists are not made: a program that starts threads from outside faster than that.
const LISTS_MAX: usize = 50;

static ROUND: AtomicU32 = AtomicU32::new(0);

/// The other threads stand still, as far as possible, until [`Stopped::resume`].
#[must_use = "the others stand still until they are told to go on"]
pub struct Stopped {
    round: u32,
    own: u32,
    process: u32,
    tasks: Option<Tasks>,
    /// Threads without a slot.
    unknown: u32,
    started: u64,
}

/// The time, in nanoseconds.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: stores the time in a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// In a forked child: the threads that were asked do not exist here.
pub fn repair_after_fork() {
    park::open();
    slots::forget_all();
}

fn ask_kernel(call: i64) -> u32 {
    // SAFETY: for calls that take nothing.
    unsafe { syscall::call(call, [0; 6]) }.unwrap_or(0) as u32
}

/// Stops the others. Only one thread at a time may do so, with its signals blocked and the heap held.
pub fn others() -> Stopped {
    let mut stopped =
        Stopped { round: 0, own: 0, process: 0, tasks: None, unknown: 0, started: now() };
    if glibc::is_single_threaded() {
        // Not a system call more than needed: this may be a sandbox.
        return stopped;
    }
    stopped.round = ROUND.fetch_add(1, Relaxed).wrapping_add(1).max(1);
    (stopped.own, stopped.process) = (ask_kernel(libc::SYS_gettid), ask_kernel(libc::SYS_getpid));
    match Tasks::open().filter(|_| park::install()) {
        Some(tasks) => {
            park::close(stopped.round);
            stopped.stop_all(&tasks);
            stopped.tasks = Some(tasks);
        }
        None => stopped.unknown = glibc::thread_count().saturating_sub(1).max(1),
    }
    stopped
}

impl Stopped {
    fn stop_all(&mut self, tasks: &Tasks) {
        for _ in 0..LISTS_MAX {
            if self.ask_new(tasks) == 0 {
                return;
            }
            self.wait(tasks);
        }
    }

    /// The slots in use.
    fn slots(&self) -> impl Iterator<Item = &'static Slot> {
        let round = self.round;
        slots::all().map(|(_, slot)| slot).filter(move |slot| round != 0 && slot.is_of(round))
    }

    /// Asks the threads that were not asked yet; returns how many.
    fn ask_new(&mut self, tasks: &Tasks) -> usize {
        let (mut asked, mut from) = (0, 0);
        tasks.each(&mut |thread| {
            let is_known = |slot: &Slot| slot.thread.load(Relaxed) == thread;
            if thread == self.own || self.slots().any(is_known) {
                return;
            }
            let call = tasks.system_call(thread);
            let Some((number, slot)) = slots::take(from, self.round, thread, call) else {
                self.unknown += 1;
                return;
            };
            from = number;
            if park::ask(self.process, thread, self.round, number) {
                asked += 1;
            } else {
                slot.give_up(has_ended(tasks, thread));
            }
        });
        asked
    }

    /// Waits until every thread that was asked stands still, or is given up.
    fn wait(&self, tasks: &Tasks) {
        let start = now();
        loop {
            let answers = park::answers();
            if !self.slots().any(Slot::is_awaited) {
                return;
            }
            park::wait_for_answers(answers, LOOK);
            if park::answers() != answers {
                continue;
            }
            let waited = now() - start;
            for slot in self.slots().filter(|slot| slot.is_awaited()) {
                let thread = slot.thread.load(Relaxed);
                let ended = has_ended(tasks, thread);
                let hopeless = waited > HOPE && !can_answer(tasks, thread);
                if ended || hopeless || waited > PATIENCE {
                    slot.give_up(ended);
                }
            }
        }
    }

    /// Adds what all threads hold but the calling one, and counts them.
    pub fn add_to(&self, roots: &mut Roots<'_>, coverage: &mut Coverage) {
        for slot in self.slots() {
            let thread = slot.thread.load(Relaxed);
            if slot.is_stopped() {
                coverage.threads_stopped += 1;
                // SAFETY: the handler stored its context, which stays until it is let go.
                let context = unsafe { &*(slot.context.load(Relaxed) as *const libc::ucontext_t) };
                self.add_stopped(thread, slot.pointer.load(Relaxed), context, roots);
            } else if slot.is_missed() {
                coverage.threads_missed += 1;
                self.add_missed(thread, roots);
            }
        }
        coverage.threads_missed += self.unknown;
    }

    /// Calls `visit` with the alternate signal stacks of the threads that are stopped, and of the calling
    /// one. What lies there is in use only where a stack pointer is in it, which is looked at with the
    /// thread; else it is what was left by the last handler, the one that stopped the thread included.
    pub fn alternate_stacks(&self, visit: &mut dyn FnMut(Range<usize>)) {
        let mut tell = |stack: &libc::stack_t| {
            let start = stack.ss_sp as usize;
            // One in a block of the heap is no memory of the program's own.
            if !heapwarden_core::is_ours(start) {
                visit(start..start.saturating_add(stack.ss_size));
            }
        };
        for slot in self.slots().filter(|slot| slot.is_stopped()) {
            // SAFETY: as in `add_to`.
            let context = unsafe { &*(slot.context.load(Relaxed) as *const libc::ucontext_t) };
            tell(&context.uc_stack);
        }
        if sandbox::is_entered() {
            return;
        }
        let mut own = libc::stack_t { ss_sp: core::ptr::null_mut(), ss_flags: 0, ss_size: 0 };
        // SAFETY: the kernel writes to the local.
        let known =
            unsafe { syscall::call(libc::SYS_sigaltstack, [0, &raw mut own as usize, 0, 0, 0, 0]) };
        if known.is_ok() && own.ss_flags & libc::SS_DISABLE == 0 {
            tell(&own);
        }
    }

    /// Adds what the calling thread holds.
    pub fn add_calling_thread(
        &self,
        registers: &Registers,
        alternate: (usize, usize),
        roots: &mut Roots<'_>,
    ) {
        let pointer = tls::thread_pointer();
        // SAFETY: this thread's descriptor.
        let number = unsafe { glibc::thread_number(pointer) };
        // One that is alone has not asked which it is: it is the first, or its stack is found elsewhere.
        let is_first = self.own == self.process;
        let place = Place { sp: registers.sp, pointer, alternate, is_first };
        roots.add_thread(number, &place);
        roots.add_registers(number, registers);
    }

    fn add_stopped(
        &self,
        thread: u32,
        pointer: usize,
        context: &libc::ucontext_t,
        roots: &mut Roots<'_>,
    ) {
        let registers = Registers::interrupted(context);
        let alternate = (context.uc_stack.ss_sp as usize, context.uc_stack.ss_size);
        let is_first = thread == self.process;
        let place = Place { sp: registers.sp, pointer, alternate, is_first };
        roots.add_thread(thread, &place);
        roots.add_registers(thread, &registers);
        roots.add_saved_registers(thread, registers::extended(context));
    }

    /// Its stack pointer, if it sleeps in a call; its whole stack otherwise.
    fn add_missed(&self, thread: u32, roots: &mut Roots<'_>) {
        let call = self.tasks.as_ref().and_then(|tasks| tasks.system_call(thread));
        let pointer = glibc::find(thread).unwrap_or(0);
        let is_first = thread == self.process;
        let place =
            Place { sp: call.map_or(0, |call| call.sp), pointer, alternate: (0, 0), is_first };
        roots.add_thread(thread, &place);
        if let Some(call) = call {
            roots.add_words(thread, &call.arguments);
        }
    }

    /// Lets all go on, and says how long they stood still.
    pub fn resume(self) -> u64 {
        if self.round == 0 {
            return 0;
        }
        park::open();
        let pause = now() - self.started;
        self.slots().for_each(Slot::forget);
        pause
    }
}

fn has_ended(tasks: &Tasks, thread: u32) -> bool {
    matches!(tasks.state(thread), None | Some(b'Z' | b'X' | b'x'))
}

/// Whether the signal can reach a thread: it runs, or sleeps in a call that a signal ends.
fn can_answer(tasks: &Tasks, thread: u32) -> bool {
    match tasks.state(thread) {
        Some(b'R') => true,
        Some(b'S') => !tasks.blocks(thread, park::SIGNAL),
        _ => false,
    }
}

/// Adds the thread-local memory of all threads that libc knows. One that has ended and was not joined
/// keeps its result in its descriptor.
pub fn add_descriptors(roots: &mut Roots<'_>) {
    glibc::threads(&mut |pointer| {
        // SAFETY: libc's list leads to it, and it was found readable.
        roots.add_descriptor(unsafe { glibc::thread_number(pointer) }, pointer);
    });
}
