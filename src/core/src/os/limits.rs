//! How much the machine gives a process: mappings, memory, address space, descriptors; and whether it
//! may ask for more.
//! Cost: a file read each; asked once.

use super::syscall;
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// What Linux allows if nobody has changed it.
const MAPPINGS_USUAL: usize = 65_530;

/// The most mappings that a process may have.
pub fn mappings_max() -> usize {
    number_in(c"/proc/sys/vm/max_map_count").unwrap_or(MAPPINGS_USUAL)
}

/// The memory of the machine, or of the control group that this process is in; `None` when neither
/// is known.
pub fn memory_bytes() -> Option<usize> {
    let group = number_in(c"/sys/fs/cgroup/memory.max");
    let mut machine = MaybeUninit::<libc::sysinfo>::zeroed();
    let place = machine.as_mut_ptr() as usize;
    // SAFETY: writes one structure to a live local.
    let answer = unsafe { syscall::call(libc::SYS_sysinfo, [place, 0, 0, 0, 0, 0]) };
    // SAFETY: all zero is valid, and so is what the kernel writes.
    let machine = unsafe { machine.assume_init() };
    let total = (machine.totalram as usize).saturating_mul(machine.mem_unit.max(1) as usize);
    let total = (answer.is_ok() && total > 0).then_some(total);
    match (group, total) {
        (Some(group), Some(total)) => Some(group.min(total)),
        (group, total) => group.or(total),
    }
}

/// The address space that the process may have; `None` when it is not limited.
pub fn address_space_bytes() -> Option<usize> {
    let mut limit = [0u64; 2];
    let (resource, place) = (libc::RLIMIT_AS as usize, limit.as_mut_ptr() as usize);
    // SAFETY: writes the two numbers of a limit to a live local.
    let answer = unsafe { syscall::call(libc::SYS_prlimit64, [0, resource, 0, place, 0, 0]) };
    (answer.is_ok() && limit[0] != libc::RLIM_INFINITY).then_some(limit[0] as usize)
}

/// How many descriptors the process may have; 0 when that is not known.
pub fn descriptors_max() -> usize {
    let mut limit = [0u64; 2];
    let (resource, place) = (libc::RLIMIT_NOFILE as usize, limit.as_mut_ptr() as usize);
    // SAFETY: writes the two numbers of a limit to a live local.
    let answer = unsafe { syscall::call(libc::SYS_prlimit64, [0, resource, 0, place, 0, 0]) };
    if answer.is_ok() { usize::try_from(limit[0]).unwrap_or(usize::MAX) } else { 0 }
}

/// Whether the system calls of this process are filtered, or that cannot be found out. Files are asked,
/// for a filter may end the process for any other question.
pub fn is_filtered() -> bool {
    const LINE: &[u8] = b"\nSeccomp:\t0\n";
    let mut text = [0u8; 2048];
    let found = text_of(c"/proc/self/status", &mut text);
    !found.is_some_and(|text| text.windows(LINE.len()).any(|line| line == LINE))
}

/// The number that a file starts with; `None` for any other text.
fn number_in(file: &CStr) -> Option<usize> {
    let mut text = [0u8; 24];
    let digits = text_of(file, &mut text)?.split(|byte| !byte.is_ascii_digit()).next()?;
    digits.iter().try_fold(None, |number: Option<usize>, digit| {
        let digit = usize::from(digit - b'0');
        Some(Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?))
    })?
}

/// What a file starts with, as much as there is room for.
fn text_of<'a>(file: &CStr, room: &'a mut [u8]) -> Option<&'a [u8]> {
    let flags = (libc::O_RDONLY | libc::O_CLOEXEC) as usize;
    let directory = libc::AT_FDCWD as isize as usize;
    let path = file.as_ptr() as usize;
    // SAFETY: a C string that the kernel only reads; the descriptor is ours until it is closed; at
    // most as many bytes are written as there are.
    let count = unsafe {
        let opened = syscall::call(libc::SYS_openat, [directory, path, flags, 0, 0, 0]).ok()?;
        let place = room.as_mut_ptr() as usize;
        let read = syscall::call(libc::SYS_read, [opened, place, room.len(), 0, 0, 0]);
        let _ = syscall::call(libc::SYS_close, [opened, 0, 0, 0, 0, 0]);
        read.ok()?
    };
    room.get(..count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_has_limits() {
        assert!(mappings_max() >= 1000);
        assert!(memory_bytes().is_some_and(|bytes| bytes > 1 << 20));
        assert_eq!(number_in(c"/proc/sys/kernel/ostype"), None);
        assert_eq!(number_in(c"/nowhere"), None);
        assert!(descriptors_max() >= 3);
    }
}
