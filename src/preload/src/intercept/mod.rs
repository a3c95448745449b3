//! libc's functions that write to memory they are given, or hand it to the kernel, with a check in
//! front of each.
//!
//! Every exported symbol here is one instruction: a jump through the function's [`Slot`]. The
//! constructor points the slot at libc's own function, or with the option `intercept` at the one
//! that checks and then calls libc's. So without the option the cost is that jump, and variadic
//! functions arrive with all registers as they were.
//!
//! Invariants:
//! - This library's own copies must not end in a check, nor in a recursion: the compiler makes
//!   calls of memcpy, memmove and memset from ordinary code. The linker binds what the library
//!   itself calls by one of these names to `__wrap_NAME` (see build.rs), which jumps to libc's
//!   function. `tests/exports.rs` asserts that no other call is left. (GNU ld, unlike LLD, leaves the
//!   few calls in this crate's own object file as they are. They are checked then, which is right,
//!   though not needed: no check makes such a call on memory of the heap.)
//! - libc's functions are looked up once, in the constructor: looking up takes the loader's lock
//!   and may allocate. That is done without the option, too, for the symbols are there in any case;
//!   it takes 20 us for all. Copies and strings that come earlier are served by [`early`].
//! - The way to libc's function holds no lock and has nothing to drop: read and its relatives stay
//!   cancellation points, and every function stays as safe in signal handlers as it was.

#[macro_use]
mod slot;

mod early;
mod formatted;
mod input;
mod memory;
mod output;
mod streams;
mod strings;
mod variadic;

/// Looks libc's functions up and starts the checks if they are asked for.
pub(crate) fn settle() {
    let checked = heapwarden::intercept::enable();
    let families = [
        memory::ALL,
        strings::ALL,
        formatted::ALL,
        variadic::ALL,
        input::ALL,
        output::ALL,
        streams::ALL,
    ];
    if !slot::protect(&families, true) {
        // The checking functions find libc's at each call and, unless enabled, check nothing.
        return;
    }
    for function in families.into_iter().flatten() {
        // SAFETY: made writable just now.
        unsafe { function.settle(checked) };
    }
    slot::protect(&families, false);
}
