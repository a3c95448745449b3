//! One run of the program: its options, its reports, how it ended.

use super::child::{End, Start};
use super::folder::Folder;
use super::input::{Feed, Input};
use super::relay::Relay;
use super::search::Aim;
use super::signals::Signals;
use super::words;
use crate::commands::run::{environment, path_option};
use crate::failure::Failure;
use crate::report_file::{self, Error, Report, Sources};
use crate::settings;
use heapwarden::options::Options;
use heapwarden::report::Colour;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A later run that takes so many times as long as the first one will not do what that did.
const PATIENCE: u32 = 50;
const PATIENCE_MIN: Duration = Duration::from_secs(120);

/// What is run.
pub struct Program<'a> {
    pub path: &'a Path,
    pub command: &'a [OsString],
    pub text: &'a OsStr,
    /// Where its runs leave what they report.
    pub folder: &'a Folder,
    pub signals: &'a Signals,
}

/// How it is run.
struct Manner<'a> {
    round: u32,
    options: OsString,
    feed: Feed,
    silent: Option<&'a File>,
    limit: Option<Duration>,
}

/// A run that is over.
pub struct Done {
    /// Which one it was.
    pub round: u32,
    pub end: End,
    /// The process that was started.
    pub process: u32,
    /// The reports of all its processes, its own first.
    pub documents: Vec<Document>,
    /// The text of all reports.
    pub log: String,
    took: Duration,
}

/// What one process reported.
pub struct Document {
    pub process: u32,
    pub report: Report,
}

impl Done {
    /// The errors of all processes, each with the number of the process.
    pub fn errors(&self) -> Vec<(u32, &Error)> {
        let of = |document: &'_ Document| document.process;
        self.documents
            .iter()
            .flat_map(|document| {
                document.report.errors.iter().map(move |error| (of(document), error))
            })
            .collect()
    }
}

impl Program<'_> {
    /// The run that counts.
    pub fn first(&self, input: &mut Input) -> Result<Done, Failure> {
        let mut options = self.text.to_owned();
        add(&mut options, OsStr::new("profile=debug"));
        let feed = input
            .first(self.folder)
            .map_err(|error| Failure::own(format!("cannot keep the input: {error}")))?;
        let manner = Manner { round: 1, options, feed, silent: None, limit: None };
        let (done, relay) = self.run(manner)?;
        input.note_first(relay);
        done.ok_or_else(|| Failure::own("the first run was ended, though it has no time limit"))
    }

    /// A run to see who does it; else the sentence why there is none.
    pub fn later(
        &self,
        round: u32,
        aim: &Aim,
        first: &Done,
        input: &mut Input,
    ) -> Result<Done, String> {
        let limit = (first.took * PATIENCE).max(PATIENCE_MIN);
        // A user who knows better what the program can live with has the last word on alignment.
        let mut options =
            OsString::from(if aim.sites.is_some() { "guard_alignment=1" } else { "" });
        add(&mut options, self.text);
        for option in ["leaks=off", "dangling=0", "profile=guard", &aim.options()] {
            add(&mut options, OsStr::new(option));
        }
        let nowhere = File::options().write(true).open("/dev/null");
        let nowhere = nowhere.map_err(|error| words::not_again(&format!("/dev/null: {error}")))?;
        let feed = input.again()?;
        let manner = Manner { round, options, feed, silent: Some(&nowhere), limit: Some(limit) };
        let ran = self.run(manner);
        input.put_back();
        let (done, relay) = ran.map_err(|failure| words::not_again(&failure.sentence))?;
        relay.map(Relay::finish);
        done.ok_or_else(|| words::too_long(round, limit))
    }

    /// Nothing is done if it had to be ended.
    fn run(&self, manner: Manner<'_>) -> Result<(Option<Done>, Option<Relay>), Failure> {
        let Manner { round, mut options, feed, silent, limit } = manner;
        let (reports, log) = (self.folder.of_round(round)?, self.folder.log(round));
        add(&mut options, &path_option("report_path", &reports.join("%p"))?);
        add(&mut options, &path_option("log_path", &log)?);
        add(&mut options, self.colour());
        let environment = environment(&options, false)?;
        let start = Start {
            path: self.path,
            command: self.command,
            environment: &environment,
            stdin: feed.stdin.as_ref(),
            silent,
        };
        let began = Instant::now();
        let child = start.spawn(self.signals)?;
        let process = child.number();
        let relay = feed.start();
        let end = child.wait(self.signals, limit);
        let took = began.elapsed();
        let done = end.map(|end| {
            let documents = documents(&reports, process);
            let log = fs::read(&log).map_or_else(|_| String::new(), |bytes| lossy(&bytes));
            Done { round, end, process, documents, log, took }
        });
        Ok((done, relay))
    }

    /// The log is no terminal, but what it says may go to one.
    fn colour(&self) -> &'static OsStr {
        let chosen = Options::read(settings::merged(self.text).as_bytes(), &mut |_| ()).colour;
        let is_wanted = chosen == Colour::Auto && std::io::stderr().is_terminal();
        OsStr::new(if is_wanted { "colour=always" } else { "" })
    }
}

fn add(text: &mut OsString, option: &OsStr) {
    if !text.is_empty() && !option.is_empty() {
        text.push(":");
    }
    text.push(option);
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The reports in a folder, each named by its process: that of the first one, then in the order in
/// which they were written.
fn documents(folder: &Path, first: u32) -> Vec<Document> {
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut files: Vec<(u32, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((number(&path)?, path)))
        .collect();
    files.sort_by_key(|(process, path)| {
        let written = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        (*process != first, written, *process)
    });
    let read = |(process, path): (u32, PathBuf)| {
        let sources = Sources { paths: &[path], with_siblings: false };
        // A process that was killed while it wrote leaves none.
        let report = report_file::load(&sources, &mut |_| ()).ok()?;
        Some(Document { process, report })
    };
    files.into_iter().filter_map(read).collect()
}
