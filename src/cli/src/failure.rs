//! Why a command could not do its work: one sentence and an exit status.
//!
//! The statuses are those of `env`, `nice` and `timeout`: they leave 0-124 to the program that is
//! run.

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong, for stderr.
    pub sentence: String,
    /// The exit status.
    pub code: u8,
}

impl Failure {
    /// Heapwarden itself failed.
    pub fn own(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), code: 125 }
    }

    /// The command line makes no sense; the status clap exits with.
    pub fn usage(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), code: 2 }
    }

    /// The program is there but cannot be run.
    pub fn cannot_run(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), code: 126 }
    }

    /// There is no such program.
    pub fn not_found(sentence: impl Into<String>) -> Failure {
        Failure { sentence: sentence.into(), code: 127 }
    }
}
