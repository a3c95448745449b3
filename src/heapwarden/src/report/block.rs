//! What a report says of a block: where it is, whose it is, what happened to it.

/// A block and its history.
#[derive(Clone, Copy, Debug)]
pub struct BlockFacts<'a> {
    /// Its first byte.
    pub address: usize,
    /// The size that was asked for.
    pub size: usize,
    /// The functions it belongs to.
    pub family: Family,
    /// In use or freed.
    pub state: BlockState,
    /// Where it was allocated.
    pub allocated: Option<Event<'a>>,
    /// Where it was freed.
    pub freed: Option<Event<'a>>,
    /// The how-manieth allocation it was; 0 if not known.
    pub sequence: u64,
}

/// Something that happened to a block.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The stack; empty if none was kept.
    pub frames: &'a [usize],
    /// Our number of the thread.
    pub thread: u32,
    /// The kernel's number of it.
    pub tid: u32,
}

/// The functions a block can come from, and must go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// malloc, calloc, realloc.
    Malloc,
    /// aligned_alloc, memalign, posix_memalign and so on.
    Memalign,
    /// operator new.
    New,
    /// operator new[].
    NewArray,
    /// operator new with an alignment.
    AlignedNew,
    /// operator new[] with an alignment.
    AlignedNewArray,
    /// Rust's global allocator.
    Rust,
}

impl Family {
    /// The name in a report file.
    pub const fn id(self) -> &'static str {
        match self {
            Family::Malloc => "malloc",
            Family::Memalign => "memalign",
            Family::New => "new",
            Family::NewArray => "new[]",
            Family::AlignedNew => "aligned new",
            Family::AlignedNewArray => "aligned new[]",
            Family::Rust => "rust",
        }
    }

    /// The function such a block comes from.
    pub const fn allocator(self) -> &'static str {
        match self {
            Family::Malloc => "malloc",
            Family::Memalign => "aligned_alloc",
            Family::New => "operator new",
            Family::NewArray => "operator new []",
            Family::AlignedNew => "operator new (aligned)",
            Family::AlignedNewArray => "operator new [] (aligned)",
            Family::Rust => "Rust's alloc",
        }
    }

    /// The function such a block goes back to.
    pub const fn releaser(self) -> &'static str {
        match self {
            Family::Malloc | Family::Memalign => "free",
            Family::New => "operator delete",
            Family::NewArray => "operator delete []",
            Family::AlignedNew => "operator delete (aligned)",
            Family::AlignedNewArray => "operator delete [] (aligned)",
            Family::Rust => "Rust's dealloc",
        }
    }
}

/// Whether a block is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockState {
    /// In use.
    Live,
    /// Freed, and not yet handed out again.
    Freed,
}
