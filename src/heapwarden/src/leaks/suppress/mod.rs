//! Suppressions: which leaks are known and not to be reported.
//!
//! The patterns come from the file of `suppressions=` and from the program's own
//! `__lsan_default_suppressions`. A block is suppressed if a pattern matches module, function or file
//! of any frame of its allocation; what only such blocks lead to is not reported either, which takes a
//! second check with these call sites as roots.
//!
//! Cost: nothing before the first leak; then names for the stacks of what leaked.

mod lines;
mod pattern;
mod source;
mod verdicts;

pub use pattern::matches;
pub use source::Patterns;
pub use verdicts::Verdicts;
