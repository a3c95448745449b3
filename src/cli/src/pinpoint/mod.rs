//! `heapwarden run --pinpoint`: who did the damage that is found only later?
//!
//! The first run is an ordinary one under `debug`. If it finds damage whose write nobody saw, the
//! program is run again under `guard`, with guard pages for the blocks of the call sites involved
//! ([`search`] decides which), so that the write faults. What all runs say together is one report, as
//! text ([`text`]) and as JSON ([`combined`]).
//!
//! Invariants: the first run is the real one: it has the terminal, the output and the exit status; of
//! later ones only their reports are looked at. Their standard input is that of the first ([`input`]),
//! what they print goes nowhere. A report is never lost because a later run failed.
//! Cost: the program runs up to `--rounds` times.

mod child;
mod combined;
mod folder;
mod input;
mod install;
mod relay;
mod run;
mod search;
mod signals;
mod text;
mod words;

use crate::failure::Failure;
use crate::settings;
use folder::Folder;
use heapwarden::options::Options;
use heapwarden::profile::Profile;
use input::Input;
use run::{Done, Program};
use search::Search;
use signals::Signals;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A program to find the culprits in.
pub struct Pinpoint<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it is called with, its name first.
    pub command: &'a [OsString],
    /// The options from the command line.
    pub text: &'a OsStr,
    /// Where the report goes as JSON.
    pub report: Option<&'a Path>,
    /// The most runs, the first one included.
    pub rounds: u32,
}

impl Pinpoint<'_> {
    /// Runs it as often as needed, and ends as the first run did; returns only if it could not be run.
    pub fn perform(&self) -> Result<(), Failure> {
        check(self.text)?;
        let folder = Folder::new()?;
        let signals = Signals::block();
        let Pinpoint { path, command, text, .. } = *self;
        let program = Program { path, command, text, folder: &folder, signals: &signals };
        let mut input = Input::of_this_process();
        let mut first = program.first(&mut input)?;
        let mut search = Search::of(&first.errors());
        let later = self.again(&program, &mut input, &first, &mut search);
        combined::put(&mut first.documents, &later, &search);
        let installed = match self.report {
            Some(file) => install::documents(&mut first, file),
            None => Ok(()),
        };
        let text = text::combined(&first.log, &logs(&later), &search);
        // Nobody is left to tell if stderr is gone.
        let _ = std::io::stderr().write_all(text.as_bytes());
        if let Err(failure) = installed {
            eprintln!("heapwarden: {}", failure.sentence);
        }
        drop(folder);
        first.end.repeat(signals)
    }

    /// The later runs.
    fn again(
        &self,
        program: &Program<'_>,
        input: &mut Input,
        first: &Done,
        search: &mut Search,
    ) -> Vec<Done> {
        let mut later = Vec::new();
        let stop = |search: &mut Search, done: &Done| {
            if let Some(signal) = done.end.users_signal().or(program.signals.interrupted()) {
                search.stop(words::ended_by(signal));
            }
        };
        stop(search, first);
        for round in 2..=self.rounds {
            let Some(aim) = search.aim() else { break };
            eprintln!("heapwarden: {}", words::announcement(round, &aim, input.is_terminal()));
            match program.later(round, &aim, first, input) {
                Ok(done) => {
                    search.learn(round, &aim, &done.errors(), done.end.signal());
                    stop(search, &done);
                    later.push(done);
                }
                Err(why) => search.stop(why),
            }
        }
        later
    }
}

fn logs(later: &[Done]) -> Vec<&str> {
    later.iter().map(|done| done.log.as_str()).collect()
}

/// What cannot be asked for together with it.
fn check(text: &OsStr) -> Result<(), Failure> {
    let read = |text: &OsStr| Options::read(text.as_bytes(), &mut |_| ());
    if read(text).profile != Profile::Debug {
        return Err(Failure::usage("--pinpoint chooses the profiles: `debug`, then `guard`"));
    }
    let options = read(&settings::merged(text));
    let elsewhere = [
        ("log_path", options.log_path, "its report goes to standard error"),
        ("report_path", options.report_path, "give it --report FILE"),
    ];
    match elsewhere.into_iter().find(|(_, path, _)| !path.as_bytes().is_empty()) {
        Some((name, _, why)) => {
            Err(Failure::usage(format!("--pinpoint does not take `{name}`: {why}")))
        }
        None => Ok(()),
    }
}
