//! What the kernel put on the stack of a new process: argc, argv, a null, the environment, a null,
//! the auxiliary vector. It can be read before libc has stored any of it.

use core::ffi::c_char;
use heapwarden_core::weak_address;

/// More of anything than this means that what we read is not the initial stack.
const ENTRIES_MAX: usize = 1 << 20;

/// The environment of the process, and whether it may be trusted.
pub(super) struct InitialStack {
    /// Ends with a null pointer.
    pub environment: *const *const c_char,
    /// AT_SECURE: the program has more rights than its caller, who wrote the environment.
    pub secure: bool,
}

/// The initial stack of this process, when the dynamic loader tells where it is.
pub(super) fn find() -> Option<InitialStack> {
    // Null in a static program.
    let location = weak_address!("__libc_stack_end") as *const *const usize;
    if location.is_null() {
        return None;
    }
    // SAFETY: ld.so's variable, set before it loads any library.
    let stack = unsafe { *location };
    if stack.is_null() || !stack.is_aligned() {
        return None;
    }
    // SAFETY: ld.so keeps there the address of argc, and the kernel laid out the rest behind it.
    unsafe { read(stack) }
}

/// # Safety
/// `stack` points to a word, and if that is the argc of an initial stack, the rest follows it.
unsafe fn read(stack: *const usize) -> Option<InitialStack> {
    // SAFETY: promised by the caller.
    let argument_count = unsafe { *stack };
    if argument_count > ENTRIES_MAX {
        return None;
    }
    let arguments = stack.wrapping_add(1);
    // SAFETY: argv has argc entries and a null; any other value shows that this is not argv.
    if unsafe { *arguments.wrapping_add(argument_count) } != 0 {
        return None;
    }
    let environment = arguments.wrapping_add(argument_count + 1);
    // SAFETY: the environment follows argv's null and ends with a null.
    let length =
        (0..ENTRIES_MAX).find(|index| unsafe { *environment.wrapping_add(*index) } == 0)?;
    let auxiliary = environment.wrapping_add(length + 1);
    let mut secure = false;
    for index in 0..ENTRIES_MAX {
        // SAFETY: pairs follow the environment's null until one whose key is AT_NULL.
        let key = unsafe { *auxiliary.wrapping_add(2 * index) };
        if key == libc::AT_NULL as usize {
            break;
        }
        if key == libc::AT_SECURE as usize {
            // SAFETY: the second word of the same pair.
            secure = unsafe { *auxiliary.wrapping_add(2 * index + 1) } != 0;
        }
    }
    Some(InitialStack { environment: environment.cast(), secure })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECURE: usize = libc::AT_SECURE as usize;

    #[test]
    fn a_stack_is_taken_apart() {
        let words = [2, 11, 12, 0, 21, 22, 23, 0, 6, 4096, SECURE, 1, 0, 0];
        // SAFETY: laid out as an initial stack.
        let stack = unsafe { read(words.as_ptr()) }.expect("an initial stack");
        assert!(stack.secure);
        assert_eq!(stack.environment.cast::<usize>(), &words[4]);
    }

    #[test]
    fn no_arguments_and_no_environment_are_fine() {
        let words = [0, 0, 0, SECURE, 0, 0, 0];
        // SAFETY: laid out as an initial stack.
        let stack = unsafe { read(words.as_ptr()) }.expect("an initial stack");
        assert!(!stack.secure);
        assert_eq!(stack.environment.cast::<usize>(), &words[2]);
    }

    #[test]
    fn what_is_not_argv_is_refused() {
        // SAFETY: two words can be read, and the second is not the null that ends argv.
        assert!(unsafe { read([0, 7].as_ptr()) }.is_none());
        // SAFETY: one word can be read; no program has that many arguments.
        assert!(unsafe { read([usize::MAX].as_ptr()) }.is_none());
    }

    #[test]
    fn this_process_has_one() {
        let stack = find().expect("ld.so exports __libc_stack_end");
        assert!(!stack.secure);
    }
}
