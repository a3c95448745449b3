//! Making a report: the text, the record in the report file; and again without names when that is
//! left in the middle.

use super::deduplicate::Slot;
use super::destination::Destination;
use super::facts::Facts;
use super::gathered::Gathered;
use super::json::ReportFile;
use super::session::Session;
use super::text::{self, Style};
use super::{Colour, Dialect, process, raw};
use crate::fuzz;
use crate::options::Options;
use crate::symbolize::Symbolizer;

/// One report to be made.
pub(super) struct Task<'a> {
    pub facts: &'a Facts<'a>,
    pub options: &'a Options,
    /// The process ends with it.
    pub fatal: bool,
    /// Its place in the table of what was reported.
    pub slot: Option<Slot>,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Text,
    File,
    Done,
}

/// Makes a report on the session's stack; when that is left, again without names.
pub(super) fn whole(task: &Task<'_>, session: &Session) {
    let mut stage = Stage::Text;
    let finished = session.run_with_names(task.options, &mut |symbols, file, buffer| {
        tell(task, symbols, file, buffer, &mut stage);
    });
    if !finished && stage == Stage::Text {
        raw::report(task.facts, task.options, task.fatal);
    }
}

fn tell(
    task: &Task<'_>,
    symbols: &mut dyn Symbolizer,
    file: &mut ReportFile,
    buffer: &mut [u8],
    stage: &mut Stage,
) {
    let (facts, options, process) = (task.facts, task.options, process::process_id());
    if *stage == Stage::Text {
        let mut destination = Destination::open(options, process);
        let style = Style { fatal: task.fatal, ..style(options, &destination, process) };
        let mut gathered = Gathered::new(buffer, &mut destination);
        text::render(facts, symbols, &mut gathered, &style);
        // From here on it must not be written once more.
        *stage = Stage::File;
        gathered.hand_over();
    }
    if let Some(slot) = &task.slot {
        let prefix = options.strip_path_prefix.as_bytes();
        slot.note(process, &mut |writer| {
            writer.text(Dialect::Heapwarden.kind(facts.kind));
            text::summary_place(facts, symbols, prefix, writer);
        });
    }
    if *stage == Stage::File {
        file.start(options, process, symbols, buffer);
        let position = file.add(facts, symbols, buffer);
        if let (Some(slot), Some(position)) = (&task.slot, position) {
            slot.note_position(position);
        }
        *stage = Stage::Done;
    }
}

/// How a report to `destination` is written that the process goes on after.
pub(super) fn style(options: &Options, destination: &Destination, process: u32) -> Style {
    Style {
        detail: options.report,
        dialect: options.dialect,
        colour: match options.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => destination.is_terminal(),
        },
        process,
        fatal: false,
        strip_path_prefix: options.strip_path_prefix.as_bytes(),
        dedup_token_length: if fuzz::is_fuzzed() || options.dialect == Dialect::Asan {
            options.dedup_token_length
        } else {
            0
        },
    }
}
