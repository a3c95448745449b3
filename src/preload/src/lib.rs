//! The preload library: malloc and its family as exported symbols, in front of libc's.
//!
//! The only crate of the workspace that exports functions. Each symbol is one line on top of
//! [`heapwarden::front`]; `tests/exports.rs` asserts that the list is exactly the intended one.
//! What Rust code in this library allocates comes from a private heap, never from the functions
//! below. It has no thread-local variable that needs a call into ld.so, which may call malloc.
//!
//! The functions are `extern "C-unwind"`, though only `operator new` throws: around an `extern "C"`
//! one the compiler puts a guard against unwinding, which costs a stack frame on the fast path and
//! the tail call into the slow one.

mod allocate;
mod constructor;
mod cxx_delete;
mod cxx_failure;
mod cxx_new;
mod exit;
mod information;
mod intercept;
mod interface;
mod libraries;
mod lsan;
mod panic;
mod resolved;
mod sandbox;
mod signals;

#[global_allocator]
static PRIVATE_MEMORY: heapwarden::report::PrivateMemory = heapwarden::report::PrivateMemory;
