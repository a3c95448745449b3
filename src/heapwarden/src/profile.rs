//! The profiles: named rows of defaults in the options table, one per way of using Heapwarden.

/// What the heap is used for; each profile is a row of defaults in [`crate::options`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The bare core: no checks, the fastest.
    Plain,
    /// A debugging session: every check, full evidence.
    Debug,
    /// Each block against a guard page: the faulting instruction is the bug.
    Guard,
    /// `Harden`, and one in N blocks guarded, with stacks.
    Sample,
    /// Production: canaries and a small quarantine, no stacks.
    Harden,
    /// Leak hunting in big programs: stacks and accounting only.
    Leak,
}

impl Profile {
    /// Every profile, in the order in which they are listed.
    pub const ALL: [Profile; 6] = [
        Profile::Plain,
        Profile::Debug,
        Profile::Guard,
        Profile::Sample,
        Profile::Harden,
        Profile::Leak,
    ];

    /// The profile of a program that asks for none.
    pub const DEFAULT: Profile = Profile::Debug;

    /// The name by which it is chosen.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Plain => "plain",
            Profile::Debug => "debug",
            Profile::Guard => "guard",
            Profile::Sample => "sample",
            Profile::Harden => "harden",
            Profile::Leak => "leak",
        }
    }

    /// One line on what it is for.
    pub const fn purpose(self) -> &'static str {
        match self {
            Profile::Plain => "the bare allocator, no checks: speed and memory",
            Profile::Debug => "a debugging session: every check, with stacks",
            Profile::Guard => "find the instruction: each block against a guard page",
            Profile::Sample => "production, long soaks: harden, plus one in N blocks guarded",
            Profile::Harden => "production: canaries and a small quarantine, no stacks",
            Profile::Leak => "leak hunting in big programs: stacks and accounting",
        }
    }
}
