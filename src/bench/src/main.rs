//! `heapwarden-bench`: run `cargo run --release -p heapwarden-bench -- --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match heapwarden_bench::run_command_line() {
        Ok(status) => status,
        Err(message) => {
            eprintln!("heapwarden-bench: {message}");
            ExitCode::from(2)
        }
    }
}
