//! What fuzzers ask of a sanitizer, done by this heap: libFuzzer looks up some functions by name
//! ([`exported`]) and with them finds overflows, uses after free and leaks on stable Rust and in C
//! programs that nobody recompiled. See docs/fuzzing.md.
//!
//! - Its hooks are called with every block ([`hooks`]): for `-malloc_limit_mb`, `-trace_malloc`, and
//!   to see whether an input left blocks behind.
//! - Its death callback is called once before a report ends the process ([`death`]); it writes the
//!   input to a file.
//! - What an input touched is verified when it is through ([`iteration`], `fuzz_verify=1`), so that
//!   damage is blamed on the input that did it.
//!
//! Invariants: nothing here allocates; no lock is held while a function of the fuzzer runs; what that
//! allocates does not call it again.
//! Cost: nothing for other programs but the branch that the watched paths share. Under a fuzzer some
//! 10 ns for each call of malloc and free, and one look at each block that the input touched.

mod death;
mod describe;
#[cfg(feature = "fuzz")]
pub mod exported;
pub(crate) mod hooks;
mod iteration;
mod profile;

pub use death::{acquire_crash_state, is_fuzzed, set_death_callback};
pub(crate) use death::{last_call, wants_signal};
pub use describe::{module_and_offset, print_stack, symbolize};
pub use hooks::install;
pub use iteration::{Iteration, begin, end, iteration};
pub(crate) use profile::Holder;
pub use profile::print_memory_profile;
