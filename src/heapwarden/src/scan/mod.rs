//! The scan behind leak checks: the program's memory is read while its threads stand still.
//!
//! [`stop`] stops the other threads; [`nodes`] are the blocks, [`roots`] the memory that the program
//! can reach in any case: its variables ([`segments`]), the threads' stacks and thread-local memory
//! ([`stacks`]) and [`registers`]; [`graph`] finds out what leads where.

pub mod area;
mod glibc;
pub mod graph;
pub(crate) mod holes;
mod modules;
pub(crate) mod nodes;
mod park;
pub(crate) mod process;
mod readable;
pub(crate) mod registers;
mod restart;
pub mod roots;
pub(crate) mod segments;
mod slots;
mod stacks;
pub(crate) mod stop;
mod tasks;

use heapwarden_core::os::syscall;

/// Looks up what a scan needs to know of libc; once, when libc is ready.
pub fn prepare() {
    glibc::prepare();
}

/// Whether the calling thread is one of this process that libc knows.
pub fn is_known_thread() -> bool {
    number_in_libc() == gettid()
}

/// Whether the calling thread uses the thread block of another one: in the child of `vfork`.
pub fn is_foreign_thread() -> bool {
    let number = number_in_libc();
    number != 0 && number != gettid()
}

/// The calling thread's number as libc has it; 0 if that is not known.
fn number_in_libc() -> u32 {
    // SAFETY: this thread's descriptor.
    unsafe { glibc::thread_number(heapwarden_core::tls::thread_pointer()) }
}

fn gettid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { syscall::call(libc::SYS_gettid, [0; 6]) }.unwrap_or(0) as u32
}
