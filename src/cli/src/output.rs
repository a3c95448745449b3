//! Standard output: what a command prints there is its result, so a failure to write is a failure.

use crate::failure::Failure;
use std::io::{ErrorKind, Write};

/// Prints `bytes`; a reader that has gone away (`| head`) is no error.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::own(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}
