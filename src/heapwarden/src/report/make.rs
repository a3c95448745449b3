//! Making a report: the text, the record in the report file; and again without names when that is
//! left in the middle.

use super::deduplicate::Slot;
use super::destination::Destination;
use super::facts::Facts;
use super::gathered::Gathered;
use super::json::ReportFile;
use super::own_stack::Outcome;
use super::session::Session;
use super::text::{self, Style};
use super::{Colour, Dialect, memory, process, raw};
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
    for _ in 0..2 {
        if session.run(&mut || make(task, session, &mut stage)) == Outcome::Finished {
            return;
        }
        Session::forget_symbols();
        // SAFETY: the action above was left for good, so this is the only reference.
        unsafe { (*session.state()).symbols_are_broken = true };
    }
    if stage == Stage::Text {
        raw::report(task.facts, task.options, task.fatal);
    }
}

fn make(task: &Task<'_>, session: &Session, stage: &mut Stage) {
    memory::start_clock();
    // SAFETY: the only references.
    let (state, modules, buffer) = unsafe {
        (&mut *session.state(), &mut *session.area.modules(), &mut *session.area.buffer())
    };
    modules.refresh();
    let file = &mut state.report_file;
    if !task.options.symbolize || state.symbols_are_broken {
        return tell(task, modules, file, buffer, stage);
    }
    tell(task, &mut state.symbols.of(modules), file, buffer, stage);
    if memory::is_large() {
        drop(core::mem::take(&mut state.symbols));
        // SAFETY: the symbols were all that is kept there.
        unsafe { memory::empty() };
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
        let style = style(task, &destination, process);
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

fn style(task: &Task<'_>, destination: &Destination, process: u32) -> Style {
    let options = task.options;
    Style {
        detail: options.report,
        dialect: options.dialect,
        colour: match options.colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => destination.is_terminal(),
        },
        process,
        fatal: task.fatal,
        strip_path_prefix: options.strip_path_prefix.as_bytes(),
    }
}
