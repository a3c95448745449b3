//! The front door: the semantics of libc's malloc family on top of the core.
//!
//! What glibc 2.36 does is what these do, errno included: `malloc(0)` is a block, `realloc(p, 0)`
//! frees, impossible requests are NULL with ENOMEM, `free` leaves errno alone. Where newer versions
//! differ, the installed one is followed (`aligned_alloc`).
//!
//! Cost: malloc and free are the core's inlined fast path and one branch; everything else is behind
//! a call. The hot functions are `#[inline]`, since a crate that is both rlib and cdylib is built
//! without link-time optimisation.

mod aligned;
mod basic;
mod behind;
mod caller;
mod cxx;
mod errno;
mod foreign;
mod information;
mod misuse;
mod tuning;

pub use aligned::{aligned_alloc, memalign, posix_memalign, pvalloc, valloc};
pub use basic::{calloc, free, malloc, malloc_cached, realloc, usable_size};
pub use caller::{ReturnAt, jump_with_caller};
pub use cxx::{delete, new, new_for};
pub(crate) use foreign::free as free_foreign;
pub use foreign::libc_is_ready;
pub use information::{mallinfo, mallinfo2, malloc_info, malloc_stats};
pub(crate) use misuse::noticed_late;
pub use tuning::{malloc_trim, mallopt};
