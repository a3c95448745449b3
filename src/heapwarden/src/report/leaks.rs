//! A report about leaks on its way: the text, and the part of the report file.

use super::destination::Destination;
use super::gathered::Gathered;
use super::leak_facts::LeakFacts;
use super::session::{self, Session};
use super::{make, process, text};
use crate::symbolize::Symbolizer;

/// Reports what a check found. Not for places where errors are reported from: it is only called
/// where the thread holds no lock of the heap.
pub fn deliver_leaks(facts: &LeakFacts<'_>) {
    let options = crate::start::options();
    // Nothing is asked of the kernel then: a sandbox may allow nothing.
    if !facts.is_worth_telling() && options.report_path.as_bytes().is_empty() {
        return;
    }
    session::with_guard(&mut |session: &Session| {
        let mut text_is_out = false;
        session.run_with_names(&options, &mut |symbols, file, buffer| {
            let process = process::process_id();
            if !text_is_out && facts.is_worth_telling() {
                let mut destination = Destination::open(&options, process);
                let style = make::style(&options, &destination, process);
                let mut gathered = Gathered::new(buffer, &mut destination);
                text::render_leaks(facts, symbols, &mut gathered, &style);
                // From here on it must not be written once more.
                text_is_out = true;
                gathered.hand_over();
            }
            file.start(&options, process, symbols, buffer);
            file.set_leaks(facts, symbols, buffer);
        });
    });
}

/// Calls `action` with names for addresses; again, with fewer, if that went wrong.
pub fn with_names(action: &mut dyn FnMut(&mut dyn Symbolizer)) {
    let options = crate::start::options();
    session::with_guard(&mut |session: &Session| {
        session.run_with_names(&options, &mut |symbols, _, _| action(symbols));
    });
}
