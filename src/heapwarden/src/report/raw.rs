//! The last resort: what can be said without a stack, a lock or a byte of memory of our own.

use super::facts::Facts;
use super::process;
use super::text::{self, Style};
use crate::options::Options;
use crate::symbolize::{Frame, Module, Symbolizer, Variable};
use crate::text::{Descriptor, complain, hexadecimal};

/// Knows no names.
struct Bare;

impl Symbolizer for Bare {
    fn frames(&mut self, address: usize, visit: &mut dyn FnMut(&Frame<'_>)) {
        visit(&Frame { address, ..Frame::default() });
    }

    fn variable(&mut self, _: usize, _: &mut dyn FnMut(&Variable<'_>)) {}

    fn modules(&mut self, _: &mut dyn FnMut(&Module<'_>)) {}
}

/// The whole report on standard error, without names. Needs about 3 KiB of stack.
pub(super) fn report(facts: &Facts<'_>, options: &Options, fatal: bool) {
    let style = Style {
        dedup_token_length: 0,
        detail: options.report,
        dialect: options.dialect,
        colour: false,
        process: process::process_id(),
        fatal,
        strip_path_prefix: b"",
    };
    text::render(facts, &mut Bare, &mut Descriptor::stderr(), &style);
}

/// One line about an error inside of a report.
pub(super) fn line(facts: &Facts<'_>) {
    complain(&[
        facts.kind.id().as_bytes(),
        b" on address ",
        hexadecimal(facts.address as u64).as_bytes(),
        b" while a report was being written; it goes on without names",
    ]);
}
