//! The checked heap: malloc, free and realloc with chunks, quarantine and evidence around the
//! core. What a profile pays for is in [`Settings`]; the code is the same for all.
//!
//! The order of a free: header, family, size, tail; then the state changes, the payload is filled,
//! the free is recorded, and the block enters the quarantine. What leaves the quarantine is
//! verified and goes to the core; what comes back from the core is verified once more before it
//! is handed out.

mod accounting;
mod allocate;
mod census;
mod guarded;
mod guardian;
mod large;
mod leave;
mod look;
mod outgoing;
mod patience;
pub mod quick;
mod release;
mod resize;
mod settings;
mod size;
mod verify;
mod watched;

pub use allocate::allocate;
pub use guarded::{is_guarded, reopen};
pub use guardian::{
    Guardian, countdown, known as known_threads, next_number as next_thread_number,
    number as thread_number, visit_tallies,
};
pub use large::{TAIL_MAX, family_of, find as large_block, window_end as large_tail_end};
pub use leave::repair_after_fork;
pub use patience::pause;
pub use release::{Release, free};
pub use resize::{live, reallocate};
pub use settings::{
    FACTS, FREE_FILL, HOOKS, NEW_FILL, Settings, is_checked, settings, start, watch,
};
pub use size::size_of;
pub use verify::{check_block, check_heap};
