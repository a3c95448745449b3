//! A report for people: what to do about it first, then errors, leaks, call sites, statistics.

mod cycle;
mod detail;
mod errors;
mod leaks;
mod number;
mod sites;
mod statistics;
mod summary;

use super::View;
use super::stack::printable;

pub use errors::{error_sentence, event};
pub use leaks::leak_sentence;
pub use number::{bytes, change, grouped};

/// All of it.
pub fn render(view: &View<'_>) -> String {
    let mut text = String::new();
    summary::write(&mut text, view);
    errors::write(&mut text, view);
    leaks::write(&mut text, view);
    sites::write(&mut text, view);
    statistics::write(&mut text, view);
    harmless(&text)
}

/// Text without what would control a terminal, whichever field of a file it came from.
pub fn harmless(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// The sentence below a list that is cut off.
fn rest(text: &mut String, all: usize, shown: usize) {
    if all > shown {
        *text += &format!("  and {} more (--top 0 shows all)\n", grouped((all - shown) as u64));
    }
}
