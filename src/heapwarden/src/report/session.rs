//! What belongs to the owner of the report lock: the state that lasts from one report to the next,
//! and the working area.

use super::area::{self, Area};
use super::json::ReportFile;
use super::lock::{self, Entry, Guard};
use super::own_stack::{self, Outcome};
use super::signals::Blocked;
use super::{memory, process};
use crate::inside;
use crate::options::Options;
use crate::sandbox;
use crate::symbolize::{Symbolizer, Symbols};
use core::cell::UnsafeCell;

/// What lasts from one report to the next.
pub(super) struct State {
    pub symbols: Symbols,
    /// Symbolizing went wrong once; it is not tried again.
    pub symbols_are_broken: bool,
    pub report_file: ReportFile,
}

struct Shared(UnsafeCell<State>);

// SAFETY: only the owner of the report lock reaches it.
unsafe impl Sync for Shared {}

static STATE: Shared = Shared(UnsafeCell::new(State {
    symbols: Symbols::new(),
    symbols_are_broken: false,
    report_file: ReportFile::new(),
}));

/// What is done with names, the report file and a buffer.
pub(super) type Named<'a> = &'a mut dyn FnMut(&mut dyn Symbolizer, &mut ReportFile, &mut [u8]);

/// The right to use the state and the area.
pub(super) struct Session {
    _guard: Guard,
    pub area: Area,
}

impl Session {
    /// With the lock comes the session; none without memory.
    pub fn of(guard: Guard) -> Option<Session> {
        if guard.was_taken_over() {
            // A forked child: the thread that was at work does not exist here, and what it worked on
            // is half done.
            own_stack::forget();
            Session::forget_symbols();
        }
        area::get().map(|area| Session { _guard: guard, area })
    }

    /// The state. This thread owns the report lock: nobody else uses it.
    pub fn state(&self) -> *mut State {
        STATE.0.get()
    }

    /// Starts with new symbols and leaves the old ones where they are: they may be half done.
    pub fn forget_symbols() {
        // SAFETY: the caller owns the report lock, and nobody uses the state at that moment.
        let state = unsafe { &mut *STATE.0.get() };
        core::mem::forget(core::mem::take(&mut state.symbols));
        memory::abandon();
    }

    /// Calls `action` on the stack of the area.
    pub fn run(&self, action: &mut dyn FnMut()) -> Outcome {
        // SAFETY: only the owner of the report lock uses that stack; whoever calls this knows that an
        // action may be left in the middle.
        unsafe { own_stack::run(self.area.stack_top(), action) }
    }

    /// Calls `action` on the stack of the area, with names for addresses, the report file and the
    /// buffer; once more, without names, if it is left in the middle. False if it never finished.
    pub fn run_with_names(&self, options: &Options, action: Named<'_>) -> bool {
        for _ in 0..2 {
            if self.run(&mut || self.name(options, action)) == Outcome::Finished {
                return true;
            }
            Session::forget_symbols();
            // SAFETY: the action above was left for good, so this is the only reference.
            unsafe { (*self.state()).symbols_are_broken = true };
        }
        false
    }

    fn name(&self, options: &Options, action: Named<'_>) {
        memory::start_clock();
        // SAFETY: the only references.
        let (state, modules, buffer) =
            unsafe { (&mut *self.state(), &mut *self.area.modules(), &mut *self.area.buffer()) };
        modules.refresh();
        let file = &mut state.report_file;
        if !options.symbolize || state.symbols_are_broken || sandbox::is_entered() {
            return action(modules, file, buffer);
        }
        action(&mut state.symbols.of(modules), file, buffer);
        if memory::is_large() {
            drop(core::mem::take(&mut state.symbols));
            // SAFETY: the symbols were all that is kept there.
            unsafe { memory::empty() };
        }
    }

    /// Opens the report file if that is wanted and not done.
    pub fn start_file(&self, options: &Options) {
        // SAFETY: the only references.
        let (state, modules, buffer) =
            unsafe { (&mut *self.state(), &mut *self.area.modules(), &mut *self.area.buffer()) };
        modules.refresh();
        state.report_file.start(options, process::process_id(), modules, buffer);
    }
}

/// Runs `action` on the stack of a session, if one can be had.
pub(super) fn with(action: &mut dyn FnMut(&Session)) {
    with_guard(&mut |session| {
        session.run(&mut || action(session));
    });
}

/// Calls `action` with a session, if one can be had.
pub(super) fn with_guard(action: &mut dyn FnMut(&Session)) {
    let _inside = inside::enter();
    let _blocked = Blocked::start();
    if let Entry::Entered(guard) = lock::enter()
        && let Some(session) = Session::of(guard)
    {
        action(&session);
    }
}
