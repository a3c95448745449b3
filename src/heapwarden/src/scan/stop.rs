//! Stopping the program.

use super::glibc;
use super::registers::Registers;
use super::roots::Roots;
use super::stacks::Place;
use heapwarden_core::tls;

/// The time, in nanoseconds.
pub fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: stores the time in a local.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Adds the thread-local memory of all threads that libc knows. One that has ended and was not joined
/// keeps its result in its descriptor.
pub fn add_descriptors(roots: &mut Roots<'_>) {
    glibc::threads(&mut |pointer| {
        // SAFETY: libc's list leads to it, and it was found readable.
        roots.add_descriptor(unsafe { glibc::thread_number(pointer) }, pointer);
    });
}

/// Adds what the calling thread holds.
pub fn add_calling_thread(registers: &Registers, alternate: (usize, usize), roots: &mut Roots<'_>) {
    let pointer = tls::thread_pointer();
    // SAFETY: this thread's descriptor.
    let number = unsafe { glibc::thread_number(pointer) };
    let place =
        Place { sp: registers.sp, pointer, alternate, is_first: glibc::is_single_threaded() };
    roots.add_thread(number, &place);
    roots.add_registers(number, registers);
}
