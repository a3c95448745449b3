//! What glibc tells debuggers of its threads, read from inside.
//!
//! The symbols that libthread_db needs (`_thread_db_...`: where in glibc's structures a field is) are
//! looked up once, when libc is ready; a scan then reads thread descriptors without a system call, also
//! in a sandbox, also those of threads that ended and were not joined. Where one is missing, what it
//! describes is not known.

use crate::unwind::is_readable;
use core::ffi::CStr;
use core::sync::atomic::{
    AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

/// Declares the symbols, each with a word for its address: 0 when it is missing.
macro_rules! symbols {
    ($($name:ident = $symbol:literal),* $(,)?) => {
        $(static $name: AtomicUsize = AtomicUsize::new(0);)*
        const SYMBOLS: &[(&AtomicUsize, &CStr)] = &[$((&$name, $symbol)),*];
    };
}

symbols! {
    SINGLE_THREADED = c"__libc_single_threaded",
    THREAD_COUNT = c"__nptl_nthreads",
    STATIC_TLS = c"_dl_get_tls_static_info",
    DESCRIPTOR_BYTES = c"_thread_db_sizeof_pthread",
    FIELD_LIST = c"_thread_db_pthread_list",
    FIELD_TID = c"_thread_db_pthread_tid",
    LOADER_DATA = c"_rtld_global",
    FIELD_USED = c"_thread_db_rtld_global__dl_stack_used",
    FIELD_USER = c"_thread_db_rtld_global__dl_stack_user",
}

/// Bytes of thread-local storage below the thread pointer, its descriptor included.
static TLS_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Looks the symbols up; to be called once, when libc is ready, and not in a signal handler.
pub fn prepare() {
    for (address, symbol) in SYMBOLS {
        // SAFETY: a string that ends in NUL.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, symbol.as_ptr()) };
        address.store(found as usize, Relaxed);
    }
    let function = STATIC_TLS.load(Relaxed);
    if function != 0 {
        let (mut bytes, mut alignment) = (0usize, 0usize);
        // SAFETY: glibc's function of that name stores two numbers.
        unsafe {
            type Function = unsafe extern "C" fn(*mut usize, *mut usize);
            core::mem::transmute::<usize, Function>(function)(&mut bytes, &mut alignment);
        }
        // Release: pairs with the Acquire in `is_prepared`: all of the symbols are seen.
        TLS_BYTES.store(bytes.max(1), Release);
    }
}

fn is_prepared() -> bool {
    TLS_BYTES.load(Acquire) != 0
}

/// Whether this is the only thread, as far as libc knows. Asks nobody.
pub fn is_single_threaded() -> bool {
    if !is_prepared() {
        return false;
    }
    let flag = SINGLE_THREADED.load(Relaxed);
    // SAFETY: a flag of one byte of libc's.
    thread_count() == 1 || (flag != 0 && unsafe { (flag as *const u8).read_volatile() } != 0)
}

/// How many threads libc has started and not seen end; 0 if unknown.
pub fn thread_count() -> u32 {
    let count = THREAD_COUNT.load(Relaxed);
    // SAFETY: a counter of libc's.
    if count == 0 { 0 } else { unsafe { (count as *const u32).read_volatile() } }
}

/// The thread pointer of the thread with this kernel number. Other threads must stand still.
pub fn find(number: u32) -> Option<usize> {
    let mut found = None;
    threads(&mut |pointer| {
        // SAFETY: libc's list leads to it, and it was found readable.
        if number != 0 && unsafe { thread_number(pointer) } == number {
            found = Some(pointer);
        }
    });
    found
}

/// Bytes of static thread-local storage, that of the thread descriptor included; a page if unknown.
pub fn static_tls_bytes() -> usize {
    match TLS_BYTES.load(Acquire) {
        0 => 4096,
        bytes => bytes,
    }
}

/// Bytes of a thread descriptor, which starts at the thread pointer.
pub fn descriptor_bytes() -> usize {
    let address = DESCRIPTOR_BYTES.load(Relaxed);
    if address == 0 {
        // What glibc 2.31 to 2.41 need, and some more.
        return 2560;
    }
    // SAFETY: a number of 32 bits.
    unsafe { (address as *const u32).read() as usize }
}

/// The offset that a field's description gives (bits, count, offset).
fn offset(description: &AtomicUsize) -> Option<usize> {
    let address = description.load(Relaxed);
    // SAFETY: such a description is three numbers of 32 bits.
    (address != 0).then(|| unsafe { (address as *const [u32; 3]).read()[2] as usize })
}

/// The kernel's number of a thread with this thread pointer; 0 when it has ended or that is unknown.
///
/// # Safety
/// The descriptor can be read.
pub unsafe fn thread_number(pointer: usize) -> u32 {
    // SAFETY: promised by the caller.
    offset(&FIELD_TID)
        .map_or(0, |field| unsafe { ((pointer + field) as *const u32).read_volatile() })
}

/// Calls `visit` with the thread pointer of every thread that libc knows, also of those that ended and
/// were not joined. Other threads must stand still.
pub fn threads(visit: &mut dyn FnMut(usize)) {
    descriptors(&[(&FIELD_USED, 0), (&FIELD_USER, 0)], visit);
}

/// Calls `visit` with the thread pointer of every stack that libc made: those in use, and those that
/// it keeps for threads to come. Other threads must stand still.
pub fn stacks(visit: &mut dyn FnMut(usize)) {
    // The list of kept stacks follows that of stacks that the program provided; no symbol leads to it.
    let list_bytes = 2 * size_of::<usize>();
    descriptors(&[(&FIELD_USED, 0), (&FIELD_USER, list_bytes)], visit);
}

/// Calls `visit` with the thread pointers in lists, each by its symbol and a distance.
fn descriptors(lists: &[(&AtomicUsize, usize)], visit: &mut dyn FnMut(usize)) {
    const THREADS_MAX: usize = 1 << 17;
    let (Some(in_thread), loader) = (offset(&FIELD_LIST), LOADER_DATA.load(Relaxed)) else {
        return;
    };
    for (list, distance) in lists {
        let Some(offset) = offset(list).filter(|_| loader != 0) else { continue };
        let head = loader + offset + distance;
        // SAFETY: a list of libc's whose links were whole when the threads were stopped, but perhaps
        // for one in change; what cannot be read ends it.
        unsafe {
            let mut entry = (head as *const usize).read_volatile();
            for _ in 0..THREADS_MAX {
                let pointer = entry.wrapping_sub(in_thread);
                if entry == head
                    || !entry.is_multiple_of(8)
                    || !is_readable(entry)
                    || !is_readable(pointer)
                {
                    break;
                }
                visit(pointer);
                entry = (entry as *const usize).read_volatile();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapwarden_core::tls::thread_pointer;
    use std::sync::mpsc::channel;

    #[test]
    fn this_thread_and_another_are_in_the_list_by_their_numbers() {
        prepare();
        let (tell, told) = channel();
        let (quit, wait) = channel::<()>();
        let other = std::thread::spawn(move || {
            tell.send(thread_pointer()).expect("somebody listens");
            let _ = wait.recv();
        });
        let theirs = told.recv().expect("the thread says where it is");
        assert!(!is_single_threaded());
        let mut found = Vec::new();
        threads(&mut |pointer| found.push(pointer));
        assert!(found.contains(&thread_pointer()) && found.contains(&theirs));
        // SAFETY: this thread's descriptor.
        let number = unsafe { thread_number(thread_pointer()) };
        // SAFETY: takes nothing.
        assert_eq!(number as i64, unsafe { libc::syscall(libc::SYS_gettid) });
        drop(quit);
        other.join().expect("it ends");
    }
}
