//! A report about leaks on its way: the text, and the part of the report file.

use super::destination::Destination;
use super::gathered::Gathered;
use super::leak_facts::LeakFacts;
use super::session::{self, Session};
use super::{make, process, text};
use crate::symbolize::Symbolizer;
#[cfg(feature = "testing")]
use {
    super::text::Style,
    super::{Detail, Dialect},
    crate::mapped::List,
    crate::text::Sink,
};

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

/// What `action` writes, given names for addresses, a place for it and a style; in a test's message.
#[cfg(feature = "testing")]
pub(crate) fn written(
    action: &mut dyn FnMut(&mut dyn Symbolizer, &mut dyn Sink, &Style),
) -> List<u8> {
    let prefix = crate::start::options().strip_path_prefix.as_bytes();
    let style = Style {
        detail: Detail::Full,
        dialect: Dialect::Heapwarden,
        colour: false,
        process: process::process_id(),
        fatal: false,
        strip_path_prefix: prefix,
        dedup_token_length: 0,
    };
    let mut text = List::new();
    with_names(&mut |symbols| {
        text.clear();
        action(symbols, &mut text, &style);
    });
    text
}
