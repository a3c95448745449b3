//! The system call instruction, and a count of the calls by kind.
//!
//! Cost of the count: one relaxed increment beside a system call.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Declares the counters, one per kind of system call that the allocator makes.
macro_rules! counters {
    ($($name:ident = $number:ident),* $(,)?) => {
        /// How often each kind of system call was made.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct SystemCalls {
            $(#[doc = concat!("Calls of `", stringify!($name), "`.")] pub $name: u64,)*
            /// All others.
            pub other: u64,
        }

        struct Counters { $($name: AtomicU64,)* other: AtomicU64 }

        static COUNTERS: Counters =
            Counters { $($name: AtomicU64::new(0),)* other: AtomicU64::new(0) };

        fn count(number: i64) {
            let (counter, name) = match number {
                $(libc::$number => (&COUNTERS.$name, stringify!($name)),)*
                _ => (&COUNTERS.other, "other"),
            };
            counter.fetch_add(1, Relaxed);
            crate::journey::note(crate::journey::Step::SystemCall(name));
        }

        /// The calls made so far by this process.
        pub fn system_calls() -> SystemCalls {
            SystemCalls {
                $($name: COUNTERS.$name.load(Relaxed),)*
                other: COUNTERS.other.load(Relaxed),
            }
        }
    };
}

counters! {
    mmap = SYS_mmap,
    munmap = SYS_munmap,
    madvise = SYS_madvise,
    mremap = SYS_mremap,
    mprotect = SYS_mprotect,
    futex = SYS_futex,
}

/// Makes system call `number`; the error is the positive errno value.
///
/// # Safety
/// The caller upholds what the kernel asks of this call's arguments: pointers are valid for what
/// the call reads and writes, and no memory that Rust still uses is unmapped.
pub unsafe fn call(number: i64, arguments: [usize; 6]) -> Result<usize, i32> {
    count(number);
    // SAFETY: the caller's promise.
    unsafe { uncounted(number, arguments) }
}

/// As [`call`], but leaves no trace: for signal handlers that may interrupt the counting itself.
///
/// # Safety
/// As for [`call`].
#[inline(always)]
pub unsafe fn uncounted(number: i64, arguments: [usize; 6]) -> Result<usize, i32> {
    let result: isize;
    // SAFETY: the x86-64 Linux convention; rcx and r11 are clobbered by the instruction. What the
    // call does to memory is the caller's promise.
    unsafe {
        core::arch::asm!(
            "syscall",
            inlateout("rax") number as isize => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    if (-4095..0).contains(&result) { Err(-result as i32) } else { Ok(result as usize) }
}
