//! How much is said about leaks.

/// How much a report tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing, and nothing is looked for.
    Off,
    /// The largest, with a few frames each.
    Summary,
    /// All, with whole stacks; what is still reachable, too.
    Full,
}
