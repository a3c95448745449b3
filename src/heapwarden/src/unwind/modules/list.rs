//! The list of modules: newest first, only ever longer, read without a lock.

use super::{Found, Module, identity, iterate, loader};
use crate::inside;
use crate::unwind::tables::Tables;
use crate::unwind::{critical, memo};
use core::alloc::Layout;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

static FIRST: AtomicPtr<Module> = AtomicPtr::new(ptr::null_mut());
static CLOSED: AtomicU32 = AtomicU32::new(0);
static ENTERED: AtomicU32 = AtomicU32::new(0);

/// Goes up when rules that were known are no longer true.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Changes when rules that were known are no longer true.
#[inline(always)]
pub fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

/// How many modules have been entered so far.
pub fn entered() -> u32 {
    ENTERED.load(Relaxed)
}

fn modules() -> impl Iterator<Item = &'static Module> {
    // Acquire: pairs with the Release in `add`.
    let mut next = FIRST.load(Acquire);
    core::iter::from_fn(move || {
        // SAFETY: modules are never freed.
        let module = unsafe { next.as_ref() }?;
        next = module.next.load(Relaxed);
        Some(module)
    })
}

/// Calls `visit` for every module in the list, the newest first.
pub fn all(visit: &mut dyn FnMut(&'static Module)) {
    modules().for_each(visit);
}

/// The module in the list that `address` lies in; if it was closed, the one that was last.
pub fn find_known(address: usize) -> Option<&'static Module> {
    let here = modules().filter(|module| module.found.range.contains(&address));
    here.max_by_key(|module| match module.closed.load(Relaxed) {
        0 => u32::MAX,
        number => number,
    })
}

/// The module that `address` lies in, or lay in before it was closed. Asks the loader.
pub fn find(address: usize) -> Option<&'static Module> {
    let _inside = inside::enter();
    crate::unwind::after_fork::check();
    if let Some(found) = locate(address) {
        critical::run(|| enter(&found).map(|entered| entered.module)).flatten()
    } else {
        if find_known(address).is_some_and(|module| !module.is_closed()) {
            revalidate();
        }
        find_known(address)
    }
}

/// Enters every module that is loaded. Takes the loader's lock, so this is not for the malloc path.
pub fn enter_all() {
    let _inside = inside::enter();
    iterate::every(&mut |address| {
        if find_known(address).is_none_or(Module::is_closed)
            && let Some(found) = loader::find(address)
        {
            critical::run(|| enter(&found).is_some());
        }
    });
}

/// A module in the list.
pub struct Entered {
    /// The module.
    pub module: &'static Module,
}

/// Makes sure that the list says what the loader said. Only in the critical section.
pub fn enter(found: &Found) -> Option<Entered> {
    // SAFETY: the loader has just named it, and the caller's stack leads through it.
    let fingerprint = unsafe { identity::fingerprint(found) };
    let mut entered = None;
    for module in modules() {
        if module.found.is_like(found) && module.fingerprint == fingerprint {
            if module.closed.swap(0, Relaxed) != 0 {
                forget_rules(module);
            }
            entered = Some(Entered { module });
        } else if !module.is_closed() && overlap(module, found) {
            close(module);
        }
    }
    entered.or_else(|| add(found, fingerprint))
}

/// What the loader says of `address`. Not in the critical section, since asking may take a lock;
/// where it does, it is only done for addresses in no module that is known.
pub fn locate(address: usize) -> Option<Found> {
    if !loader::is_lock_free()
        && let Some(module) = find_known(address).filter(|module| !module.is_closed())
    {
        return Some(module.found.clone());
    }
    loader::find(address)
}

/// Whether one of the modules that these return addresses are thought to lie in is not there any
/// more. Takes no lock; says no where that would need one.
pub fn any_changed(pcs: impl Iterator<Item = usize>) -> bool {
    let mut last: Option<&Module> = None;
    for address in pcs.map(|pc| pc.wrapping_sub(1)) {
        if last.is_some_and(|module| module.found.range.contains(&address)) {
            continue;
        }
        let open = find_known(address).filter(|module| !module.is_closed());
        if open.is_some_and(|module| loader::is_lock_free() && !is_unchanged(module)) {
            return true;
        }
        last = open;
    }
    false
}

fn is_unchanged(module: &Module) -> bool {
    loader::find(module.found.anchor).is_some_and(|found| {
        // SAFETY: the loader has just named it.
        found.is_like(&module.found)
            && unsafe { identity::fingerprint(&found) } == module.fingerprint
    })
}

/// Notices which modules were closed, and forgets the rules of their code.
pub fn revalidate() {
    let _inside = inside::enter();
    crate::unwind::after_fork::check();
    critical::run(revalidate_all);
}

/// Asks about every module whether it is still open. Only in the critical section; does nothing
/// where asking takes a lock.
pub fn revalidate_all() {
    if !loader::is_lock_free() {
        return;
    }
    for module in modules().filter(|module| !module.is_closed()) {
        if !is_unchanged(module) {
            close(module);
        }
    }
}

fn overlap(module: &Module, found: &Found) -> bool {
    module.found.range.start < found.range.end && found.range.start < module.found.range.end
}

fn close(module: &Module) {
    module.closed.store(CLOSED.fetch_add(1, Relaxed) + 1, Relaxed);
    forget_rules(module);
}

fn forget_rules(module: &Module) {
    if memo::forget(&module.found.range) > 0 {
        GENERATION.fetch_add(1, Relaxed);
    }
}

fn add(found: &Found, fingerprint: u64) -> Option<Entered> {
    // SAFETY: the layout is that of a module, whose size is not 0.
    let place = unsafe { std::alloc::alloc(Layout::new::<Module>()) } as *mut Module;
    if place.is_null() {
        return None;
    }
    // Guesses made before the module was there.
    if memo::forget(&found.range) > 0 {
        GENERATION.fetch_add(1, Relaxed);
    }
    let module = Module {
        next: AtomicPtr::new(FIRST.load(Relaxed)),
        found: found.clone(),
        fingerprint,
        closed: AtomicU32::new(0),
        // SAFETY: the loader has just named it.
        path: unsafe { identity::path(found) },
        // SAFETY: as above.
        build_id: unsafe { identity::build_id(found) },
        // SAFETY: as above; the tables are only used after the loader has named it again.
        tables: unsafe { Tables::of(found) },
    };
    // SAFETY: fresh memory of the right layout, from here on shared and never freed.
    let module = unsafe {
        place.write(module);
        &*place
    };
    ENTERED.fetch_add(1, Relaxed);
    // Release: pairs with the Acquire in `modules`.
    FIRST.store(place, Release);
    Some(Entered { module })
}
