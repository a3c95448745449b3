//! Both ends of a process.

use super::destination::{self, Destination};
use super::session::{self, Session};
use super::{deduplicate, file_name, folder, process};
use crate::options::Options;
use crate::text::{Sink, Writer};

/// Notes what a report at the end may need: the folder, standard error, who is the first process.
/// The first process opens its report file. To be called once libc is ready and before the program
/// runs; later it does no harm.
pub fn begin() {
    let options = crate::start::options();
    let report_path = options.report_path.as_bytes();
    destination::keep_standard_error();
    folder::note();
    file_name::note_first_process(report_path);
    if file_name::is_first(process::process_id()) && !report_path.is_empty() {
        session::with(&mut |session| session.start_file(&options));
    }
}

/// Completes the report file, and tells how often errors were seen that were reported once. To be
/// called when the process ends, after the last check.
pub fn finish() {
    let options = crate::start::options();
    if !deduplicate::is_empty() || !options.report_path.as_bytes().is_empty() {
        session::with(&mut |session| complete(session, &options));
    }
}

fn complete(session: &Session, options: &Options) {
    session.start_file(options);
    // SAFETY: the only references.
    let (state, modules, buffer) = unsafe {
        (&mut *session.state(), &mut *session.area.modules(), &mut *session.area.buffer())
    };
    let file = &mut state.report_file;
    let mut sink = Late { destination: None, options };
    let mut patch = |position, count| file.set_count(position, count);
    deduplicate::tell(process::process_id(), &mut Writer::new(&mut sink), &mut patch);
    file.finish(modules, buffer);
}

/// The destination of text, opened with the first line.
struct Late<'a> {
    destination: Option<Destination>,
    options: &'a Options,
}

impl Sink for Late<'_> {
    fn take(&mut self, text: &[u8]) {
        let open = || Destination::open(self.options, process::process_id());
        self.destination.get_or_insert_with(open).take(text);
    }
}
