//! The segments of the program and its libraries: where their variables are, and their constants.
//!
//! This library's own are left out; where it is a part of the program, only the stacks that a check
//! runs on, which hold nothing but what the check itself put there.
//! Cost: a system call per page of variables.

use super::area::Area;
use super::modules::{self, range};
use super::readable::stretches;
use crate::handler_stack;
use crate::unwind::own_code;
use core::ops::Range;
use heapwarden_core::os::PAGE;
use libc::Elf64_Phdr;

/// Calls `visit` with each stretch of memory that holds variables.
pub fn variables(visit: &mut dyn FnMut(Range<usize>)) {
    let stacks = handler_stack::memory();
    modules::visit(&mut |bias, headers| {
        if is_own(bias, headers) {
            return;
        }
        for header in loaded(headers).filter(|header| header.p_flags & libc::PF_W != 0) {
            let Range { start, end } = range(bias, header);
            stretches(start..end.min(stacks.start.max(start)), visit);
            stretches(start.max(stacks.end.min(end))..end, visit);
        }
    });
}

/// Calls `visit` with the memory of modules that [`variables`] leaves out: this library's variables, and
/// the stacks that a check runs on.
pub fn own(visit: &mut dyn FnMut(Range<usize>)) {
    visit(handler_stack::memory());
    modules::visit(&mut |bias, headers| {
        if is_own(bias, headers) {
            loaded(headers).for_each(|header| {
                let Range { start, end } = range(bias, header);
                visit(start & !(PAGE - 1)..end.next_multiple_of(PAGE));
            });
        }
    });
}

/// Where constants lie that the loader may have written to: those that never change once the program
/// runs, tables of virtual functions among them. `None` when there is no memory.
pub fn constants(memory: &Area) -> Option<&[(usize, usize)]> {
    let mut count = 0;
    each_constant(&mut |_| count += 1);
    let list = memory.alloc_slice::<(usize, usize)>(count)?;
    let mut places = list.iter_mut();
    each_constant(&mut |range| {
        if let Some(place) = places.next() {
            *place = (range.start, range.end);
        }
    });
    list.sort_unstable();
    Some(list)
}

fn each_constant(visit: &mut dyn FnMut(Range<usize>)) {
    modules::visit(&mut |bias, headers| {
        let changing = libc::PF_W | libc::PF_X;
        let read_only = loaded(headers).filter(|header| header.p_flags & changing == 0);
        let relocated = headers.iter().filter(|header| header.p_type == libc::PT_GNU_RELRO);
        read_only.chain(relocated).for_each(|header| visit(range(bias, header)));
    });
}

fn loaded(headers: &[Elf64_Phdr]) -> impl Iterator<Item = &Elf64_Phdr> {
    headers.iter().filter(|header| header.p_type == libc::PT_LOAD)
}

/// Whether it is this library.
fn is_own(bias: usize, headers: &[Elf64_Phdr]) -> bool {
    let own = own_code();
    loaded(headers).any(|header| range(bias, header).contains(&own.start))
}

/// Whether an address lies in one of the ranges, which ascend.
pub fn contains(ranges: &[(usize, usize)], address: usize) -> bool {
    let behind = ranges.partition_point(|(start, _)| *start <= address);
    behind > 0 && address < ranges[behind - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicUsize;

    static VARIABLE: AtomicUsize = AtomicUsize::new(1);
    static ZEROED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn variables_of_the_program_and_of_libc_are_found_and_constants_are_not() {
        let mut found = Vec::new();
        variables(&mut |range| found.push(range));
        let lies_in = |address: usize| found.iter().any(|range| range.contains(&address));
        assert!(lies_in(&raw const VARIABLE as usize));
        assert!(lies_in(&raw const ZEROED as usize));
        // SAFETY: looks up a variable of libc.
        let environ = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()) };
        assert!(!environ.is_null() && lies_in(environ as usize));
        assert!(!lies_in(variables as *const () as usize));
    }

    #[test]
    fn constants_are_told_from_variables_and_code() {
        static TEXT: [u64; 64] = [7; 64];
        let area = Area::new(0).expect("memory");
        let ranges = constants(&area).expect("memory");
        assert!(contains(ranges, &raw const TEXT as usize));
        for address in [variables as *const () as usize, &raw const VARIABLE as usize, 0, 1 << 47] {
            assert!(!contains(ranges, address));
        }
        assert!(!contains(&[], 1));
    }

    #[test]
    fn the_stacks_of_a_check_are_no_variables() {
        let stacks = handler_stack::memory();
        variables(&mut |range| assert!(range.end <= stacks.start || stacks.end <= range.start));
    }
}
