//! The rule of a code address that is not known yet.

use super::modules::{self, Entered};
use super::rule::{FRAME_POINTER_GUESS, Rule, SIGNAL_RETURN};
use super::tables::Cache;
use super::{after_fork, critical, memo};
use crate::inside;
use core::alloc::Layout;
use core::cell::UnsafeCell;

/// What framehop works with, in the critical section.
struct Worker {
    cache: Option<Box<Cache>>,
    /// How many modules had been entered when the cache was made.
    modules: u32,
}

struct Shared(UnsafeCell<Worker>);

// SAFETY: only reached in the critical section, or by the repairing thread of a forked child.
unsafe impl Sync for Shared {}

static WORKER: Shared = Shared(UnsafeCell::new(Worker { cache: None, modules: 0 }));

/// framehop tells modules apart by 16 bits in its cache and uses two numbers for each of ours.
const MODULES_PER_CACHE: u32 = 1 << 14;

/// Finds out the rule for the frame whose return-like address is `pc`, and remembers it.
#[cold]
#[inline(never)]
pub fn learn(pc: usize) -> Option<Rule> {
    let address = pc.wrapping_sub(1);
    if pc < super::CODE_MIN || pc >> 47 != 0 {
        return None;
    }
    after_fork::check();
    let _inside = inside::enter();
    // Before the critical section: on old systems this takes the loader's lock.
    let found = modules::locate(address);
    critical::run(|| {
        let rule = match found.as_ref().map(modules::enter) {
            Some(Some(Entered { module })) => {
                // SAFETY: in the critical section.
                let worker = unsafe { &mut *WORKER.0.get() };
                worker.rule(module, pc)?
            }
            Some(None) => return None,
            None => {
                // Generated code, or an address that a stale rule led to.
                modules::revalidate_all();
                FRAME_POINTER_GUESS
            }
        };
        memo::put(pc, rule);
        Some(rule)
    })?
}

impl Worker {
    /// `None` without memory for framehop's cache.
    fn rule(&mut self, module: &'static modules::Module, pc: usize) -> Option<Rule> {
        let rule = match &module.tables {
            Some(tables) => tables.rule(pc, self.cache()?),
            None => FRAME_POINTER_GUESS,
        };
        let may_be_signal_return = rule.needs_frame_pointer();
        if may_be_signal_return && is_signal_return(pc, module.range().end) {
            return Some(SIGNAL_RETURN);
        }
        Some(rule)
    }

    fn cache(&mut self) -> Option<&mut Cache> {
        let modules = modules::entered();
        if modules.wrapping_sub(self.modules) >= MODULES_PER_CACHE {
            self.cache = None;
        }
        if self.cache.is_none() {
            self.cache = Some(boxed(Cache::new_in())?);
            self.modules = modules;
        }
        self.cache.as_deref_mut()
    }
}

/// `Box::new` that does not abort without memory.
fn boxed<T>(value: T) -> Option<Box<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the layout is not empty.
    let place = unsafe { std::alloc::alloc(Layout::new::<T>()) }.cast::<T>();
    if place.is_null() {
        return None;
    }
    // SAFETY: fresh memory with the layout of the value, from the allocator that boxes use.
    unsafe {
        place.write(value);
        Some(Box::from_raw(place))
    }
}

/// Whether the code at `pc` is the return from a signal handler, as every C library writes it:
/// `mov rax, SYS_rt_sigreturn; syscall`.
fn is_signal_return(pc: usize, module_end: usize) -> bool {
    const CODE: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    if pc + CODE.len() > module_end || !super::readable::is_readable(pc + 1) {
        return false;
    }
    // SAFETY: code of an open module; its 9 bytes can be read (those on either side of a page
    // border are both code of the function that is about to run).
    unsafe { (pc as *const [u8; 9]).read_unaligned() == CODE }
}

/// In a forked child: abandons what a thread of the parent was working with.
///
/// # Safety
/// Only the repairing thread runs; `torn` says whether a thread was in the critical section.
pub unsafe fn repair_after_fork(torn: bool) {
    if torn {
        // SAFETY: the caller's promise; the torn value is not read.
        unsafe { WORKER.0.get().write(Worker { cache: None, modules: 0 }) };
    }
}
