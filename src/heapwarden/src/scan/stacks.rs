//! The memory of one thread: its stack from the stack pointer on, and what lies at its thread pointer.
//!
//! The thread pointer leads to the thread's descriptor, below which its static thread-local storage
//! lies, and below that, for all threads but the first, the stack. So from the stack pointer to the
//! end of the descriptor all is the thread's own. Where the stack pointer is on no stack that libc
//! made (a coroutine's, an alternate one), the memory above it is read, and the thread's own stack as
//! far down as it was ever used.
//! Cost: a system call per page of stack in use.

use super::glibc;
use super::readable::{downwards, stretches, upwards};
use crate::unwind::{first_stack_end, is_readable};
use core::ops::Range;

/// Functions may keep values this far below the stack pointer.
const RED_ZONE: usize = 128;
/// No stack in use is larger: what is further from the stack pointer is another thread's.
const STACK_MAX: usize = 1 << 30;
/// As far from a known place the memory of an unknown stack is read.
const UNKNOWN_MAX: usize = 16 << 20;

/// What a range of a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Of a stack.
    Stack,
    /// Thread-local variables, or the thread's descriptor.
    ThreadLocal,
}

/// Where a thread stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Its stack pointer; 0 when it is not known.
    pub sp: usize,
    /// Its thread pointer; 0 when it is not known.
    pub pointer: usize,
    /// The first address and the length of its alternate signal stack.
    pub alternate: (usize, usize),
    /// Whether it is the process's first thread.
    pub is_first: bool,
}

type Visit<'a> = &'a mut dyn FnMut(Part, Range<usize>);

/// Calls `visit` with each stretch of memory that is the thread's.
pub fn visit(place: &Place, visit: Visit<'_>) {
    let local = if place.pointer == 0 { 0..0 } else { thread_local(place.pointer) };
    let low = place.sp.saturating_sub(RED_ZONE);
    let own = if place.is_first { first_stack() } else { low..local.start };
    let is_own = own.contains(&place.sp)
        && own.end - low < STACK_MAX
        && upwards(place.sp, own.end) == own.end;
    if is_own {
        stack(low..own.end, visit);
    } else {
        if place.sp != 0 {
            stack(low..unknown_end(place), visit);
        }
        let end = own.end;
        stack(downwards(end, end.saturating_sub(UNKNOWN_MAX))..end, visit);
    }
    if place.pointer != 0 {
        descriptor(place.pointer, visit);
    }
}

/// Calls `visit` with the thread-local memory at a thread pointer.
pub fn descriptor(pointer: usize, visit: Visit<'_>) {
    stretches(thread_local(pointer), &mut |range| visit(Part::ThreadLocal, range));
    stretches(dynamic_blocks(pointer), &mut |range| visit(Part::ThreadLocal, range));
}

fn stack(range: Range<usize>, visit: Visit<'_>) {
    stretches(range, &mut |range| visit(Part::Stack, range));
}

/// The static thread-local storage and the descriptor, which are one block.
fn thread_local(pointer: usize) -> Range<usize> {
    let end = pointer + glibc::descriptor_bytes();
    end.saturating_sub(glibc::static_tls_bytes().max(glibc::descriptor_bytes()))..end
}

/// The table of the thread's blocks of thread-local storage. The loader makes it and the blocks of
/// libraries that were opened later with malloc; the first thread's is older than malloc.
fn dynamic_blocks(pointer: usize) -> Range<usize> {
    const ENTRY: usize = 16;
    const MODULES_MAX: usize = 1 << 16;
    if !is_readable(pointer + 8) {
        return 0..0;
    }
    // SAFETY: the second word of a descriptor is the table's address (the ABI says so), and the
    // entry before that says how many there are.
    unsafe {
        let table = *((pointer + 8) as *const usize);
        if !table.is_multiple_of(8) || table < ENTRY || !is_readable(table - ENTRY) {
            return 0..0;
        }
        let count = *((table - ENTRY) as *const usize);
        table..table + (count.min(MODULES_MAX) + 1) * ENTRY
    }
}

/// The first thread's stack, with the arguments and the environment above it: `putenv` puts pointers
/// there.
fn first_stack() -> Range<usize> {
    let end = first_stack_end();
    if end == 0 { 0..0 } else { 0..upwards(end, end.saturating_add(STACK_MAX)) }
}

/// Where the memory ends that the stack pointer lies in, when that is on no stack of libc's.
fn unknown_end(place: &Place) -> usize {
    let (start, bytes) = place.alternate;
    if place.sp.wrapping_sub(start) < bytes {
        return start + bytes;
    }
    match heapwarden_core::locate(place.sp) {
        Some(found) => found.block + found.size,
        None => upwards(place.sp, place.sp.saturating_add(UNKNOWN_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::tls::thread_pointer;

    std::thread_local! {
        static LOCAL: core::cell::Cell<usize> = const { core::cell::Cell::new(1) };
    }

    fn parts_of_this_thread() -> Vec<(Part, Range<usize>)> {
        let here = 0usize;
        let place = Place {
            sp: &raw const here as usize,
            pointer: thread_pointer(),
            alternate: (0, 0),
            is_first: false,
        };
        let mut found = Vec::new();
        visit(&place, &mut |part, range| found.push((part, range)));
        found
    }

    #[test]
    fn locals_thread_locals_and_the_red_zone_are_found() {
        glibc::prepare();
        let local = 0usize;
        let found = parts_of_this_thread();
        let holds = |part, address: usize| {
            found.iter().any(|(of, range)| *of == part && range.contains(&address))
        };
        assert!(holds(Part::Stack, &raw const local as usize));
        LOCAL.with(|local| assert!(holds(Part::ThreadLocal, local.as_ptr() as usize)));
        assert!(holds(Part::ThreadLocal, thread_pointer()));
        let lowest = found.iter().map(|(_, range)| range.start).min();
        assert!(lowest.is_some_and(|lowest| lowest > 0));
    }

    #[test]
    fn a_stack_in_a_block_ends_with_the_block() {
        let memory = vec![0u8; 4096].into_boxed_slice();
        let sp = memory.as_ptr() as usize + 2048;
        let place =
            Place { sp, pointer: thread_pointer(), alternate: (sp - 2048, 4096), is_first: false };
        let mut found = Vec::new();
        visit(&place, &mut |part, range| found.push((part, range)));
        assert_eq!(found[0], (Part::Stack, sp - RED_ZONE..sp + 2048));
        let here = &raw const place as usize;
        assert!(found.iter().any(|(_, range)| range.contains(&here)));
    }
}
