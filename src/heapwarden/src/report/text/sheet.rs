//! The sheet that a report is written on: how to name addresses, where to and how.

use super::Style;
use crate::report::{BlockFacts, Dialect, Event};
use crate::site_id;
use crate::symbolize::Symbolizer;
use crate::text::{Piece, Sink, Writer, number};

/// Colours of the parts of a report.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Error,
    Access,
    Place,
    History,
    Changed,
}

impl Ink {
    const fn sequence(self) -> &'static str {
        match self {
            Ink::Error => "\x1b[1m\x1b[31m",
            Ink::Access => "\x1b[1m\x1b[34m",
            Ink::Place => "\x1b[1m\x1b[32m",
            Ink::History => "\x1b[1m\x1b[35m",
            Ink::Changed => "\x1b[31m",
        }
    }
}

/// The line above a report.
const RULE: &str = "=================================================================";

pub(super) struct Sheet<'a, 'w> {
    pub symbols: &'a mut dyn Symbolizer,
    pub style: &'a Style,
    pub writer: Writer<'w>,
}

impl<'a, 'w> Sheet<'a, 'w> {
    pub fn new(
        symbols: &'a mut dyn Symbolizer,
        out: &'w mut dyn Sink,
        style: &'a Style,
    ) -> Sheet<'a, 'w> {
        Sheet { symbols, style, writer: Writer::new(out) }
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.writer.text(text);
        self
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.writer.raw(bytes);
        self
    }

    pub fn put(&mut self, piece: Piece) -> &mut Self {
        self.writer.put(piece);
        self
    }

    pub fn count(&mut self, count: usize) -> &mut Self {
        self.put(number(count as u64))
    }

    pub fn address(&mut self, address: usize) -> &mut Self {
        self.put(pointer(address))
    }

    pub fn end_line(&mut self) {
        self.writer.end_line();
    }

    pub fn rule(&mut self) {
        self.text(RULE).end_line();
    }

    pub fn start(&mut self, ink: Ink) -> &mut Self {
        if self.style.colour { self.text(ink.sequence()) } else { self }
    }

    pub fn stop(&mut self) -> &mut Self {
        if self.style.colour { self.text("\x1b[0m") } else { self }
    }

    /// `==PID==`, with which the first and the last line start.
    pub fn process(&mut self) -> &mut Self {
        let process = self.style.process;
        self.text("==").put(number(process.into())).text("==")
    }

    /// `24-byte region [0x..,0x..)`.
    pub fn region(&mut self, block: &BlockFacts<'_>) -> &mut Self {
        self.count(block.size).text("-byte region [").address(block.address);
        self.text(",").address(block.address.saturating_add(block.size)).text(")")
    }

    /// `freed by thread T1 here:` and the stack; behind an allocation's line the name of its call
    /// site.
    pub fn event(&mut self, what: &str, event: &Event<'_>) {
        self.start(Ink::History).text(what).text(" by thread T");
        self.put(number(event.thread.into()));
        self.text(if event.frames.is_empty() { ", no stack was kept" } else { " here:" });
        self.stop();
        // Tools that want AddressSanitizer's words may not know what follows them.
        if self.style.dialect == Dialect::Heapwarden
            && what.ends_with("allocated")
            && let Some(id) = site_id::of(event.frames)
        {
            self.text(" (site ").put(site_id::piece(id)).text(")");
        }
        self.end_line();
        self.stack(event.frames, None);
        self.end_line();
    }
}

/// An address as AddressSanitizer writes it: at least twelve digits.
pub(super) fn pointer(address: usize) -> Piece {
    const DIGITS_MIN: u32 = 12;
    let used = (usize::BITS - address.leading_zeros()).div_ceil(4);
    let mut piece = Piece::new();
    piece.append(b"0x");
    for position in (0..used.max(DIGITS_MIN)).rev() {
        let digit = (address >> (position * 4)) & 15;
        piece.push(b"0123456789abcdef".get(digit).copied().unwrap_or(b'?'));
    }
    piece
}
