//! The start: the options are read and the core is configured before the first block is handed out.
//!
//! The first malloc of a process comes from ld.so, before any constructor and before libc is
//! initialised, so this neither allocates nor calls anything that needs an initialised libc.
//! Cost: the hot path pays nothing. Only the slow paths of the front door call [`ensure`], which is
//! one load once the start is done.

mod environment;
mod initial_stack;

use crate::options::{self, Complaint, Options, VARIABLE, sanitizer};
use crate::report::Dialect;
use crate::text::{Descriptor, Writer};
use crate::{checked, chunk, debugger, leaks};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering};

/// Nobody has allocated yet.
const FRESH: u32 = 0;
/// A thread is reading the options; the others wait.
const STARTING: u32 = 1;
/// [`SETTINGS`] is written and will not change.
const STARTED: u32 = 2;

static STATE: AtomicU32 = AtomicU32::new(FRESH);

/// The settings of this process: written once in state `STARTING`, read only in state `STARTED`.
struct Settings(UnsafeCell<Options>);

// SAFETY: the thread that moved `STATE` from FRESH to STARTING is the only writer; readers come
// after an acquire load of STARTED, which that thread stores (release) after its last write.
unsafe impl Sync for Settings {}

static SETTINGS: Settings = Settings(UnsafeCell::new(Options::DEFAULT));

/// Returns when the core is configured; does that if nobody has.
#[inline]
pub fn ensure() {
    ensure_with(&Options::DEFAULT);
}

/// The same with the program's own choice, which the environment may change.
#[inline]
pub fn ensure_with(chosen: &Options) {
    if STATE.load(Ordering::Acquire) != STARTED {
        begin(chosen);
    }
}

/// The settings in effect; the defaults before the start.
pub fn options() -> Options {
    if STATE.load(Ordering::Acquire) != STARTED {
        return Options::DEFAULT;
    }
    // SAFETY: in state STARTED nobody writes (see `Settings`).
    unsafe { *SETTINGS.0.get() }
}

#[cold]
fn begin(chosen: &Options) {
    let race = STATE.compare_exchange(FRESH, STARTING, Ordering::Acquire, Ordering::Acquire);
    match race {
        Ok(_) => {
            let options = read_options(chosen);
            // SAFETY: this thread made the step from FRESH to STARTING: it is the only writer, and
            // nobody reads before the store below.
            unsafe { *SETTINGS.0.get() = options };
            apply(&options);
            STATE.store(STARTED, Ordering::Release);
        }
        Err(_) => wait(),
    }
}

/// Waits for the thread that starts. Bounded: that thread may have been lost in a fork, or may be
/// the one that a signal handler interrupted; going on then means the core's own defaults.
fn wait() {
    const TURNS_MAX: u32 = 10_000;
    for _ in 0..TURNS_MAX {
        if STATE.load(Ordering::Acquire) == STARTED {
            return;
        }
        // SAFETY: takes no argument and has no effect on memory.
        unsafe { libc::sched_yield() };
    }
}

fn read_options(chosen: &Options) -> Options {
    let mut options = *chosen;
    environment::with_variable(VARIABLE, &mut |text| {
        options::parse(text, &mut options, &mut complain);
    });
    if options.dialect == Dialect::Asan {
        environment::with_variable(sanitizer::VARIABLE, &mut |text| {
            sanitizer::read(text, &mut options);
        });
    }
    options
}

fn apply(options: &Options) {
    debugger::keep();
    checked::start(options);
    heapwarden_core::configure(&core_config(options));
    heapwarden_core::set_misuse_handler(crate::front::noticed_late);
    if options.journey > 0 {
        heapwarden_core::journey::start(options.journey, crate::journey_text::print);
    }
    if options.verbosity > 0 {
        let mut sink = Descriptor::stderr();
        let mut writer = Writer::new(&mut sink);
        writer.text("heapwarden: ");
        options.write(&mut |part| {
            writer.raw(part);
        });
        writer.end_line();
    }
}

/// The core's settings: the options', and what the checked heap needs.
fn core_config(options: &Options) -> heapwarden_core::Config {
    let mut config = options.core_config();
    if checked::is_checked(options.profile) {
        config.slot_offset = chunk::HEADER_BYTES as u8;
        config.layered = true;
        config.hooks = heapwarden_core::Hooks { child: Some(repair_after_fork), ..checked::HOOKS };
    }
    config
}

/// The core's hook: this is a forked child.
fn repair_after_fork() {
    checked::repair_after_fork();
    leaks::repair_after_fork();
    #[cfg(feature = "testing")]
    crate::testing::repair_after_fork();
}

fn complain(complaint: Complaint<'_>) {
    let mut sink = Descriptor::stderr();
    let mut writer = Writer::new(&mut sink);
    writer.text("heapwarden: ");
    complaint.write(&mut |part| {
        writer.raw(part);
    });
    writer.text("; ignored");
    writer.end_line();
}
