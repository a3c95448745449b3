//! A panic in this library: one line on stderr, then abort.
//!
//! std's own handler must not run inside malloc: it allocates, takes locks that the program may
//! hold, and reads thread-local variables through `__tls_get_addr`, which may call malloc. So the
//! linker binds the symbol that `core` calls for a panic to [`on_panic`] (see build.rs), and
//! with that everything of std that has thread-local variables falls out of the library.
//! `tests/exports.rs` asserts that.

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use heapwarden::text::{Descriptor, Writer};

// A name that build.rs can know. Hidden, so it is not exported.
core::arch::global_asm!(
    ".globl heapwarden_panic",
    ".hidden heapwarden_panic",
    ".type heapwarden_panic, @function",
    "heapwarden_panic:",
    "jmp {handler}",
    ".size heapwarden_panic, . - heapwarden_panic",
    handler = sym on_panic,
);

// The same for `alloc`'s way out when the private heap has no memory.
core::arch::global_asm!(
    ".globl heapwarden_no_memory",
    ".hidden heapwarden_no_memory",
    ".type heapwarden_no_memory, @function",
    "heapwarden_no_memory:",
    "jmp {handler}",
    ".size heapwarden_no_memory, . - heapwarden_no_memory",
    handler = sym on_no_memory,
);

extern "C" fn on_no_memory(_size: usize, _alignment: usize) -> ! {
    heapwarden::report::panic_inside();
    heapwarden::text::complain(&[b"internal error: no memory for the library's own tables"]);
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}

extern "C" fn on_panic(information: &PanicInfo<'_>) -> ! {
    // Within a report this does not return: the report goes on without what panicked.
    heapwarden::report::panic_inside();
    static PANICKING: AtomicBool = AtomicBool::new(false);
    if !PANICKING.swap(true, Relaxed) {
        let mut sink = Descriptor::stderr();
        let mut writer = Writer::new(&mut sink);
        writer.text("heapwarden: internal error: ");
        // Formatting a message allocates nothing; the writer takes all of it.
        let _ = write!(Line(&mut writer), "{information}");
        writer.end_line();
        writer.flush();
    }
    // SAFETY: ends the process.
    unsafe { libc::abort() }
}

/// `core::fmt` onto our writer.
struct Line<'a, 'b>(&'a mut Writer<'b>);

impl Write for Line<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.text(text);
        Ok(())
    }
}
