//! What a leak report must say of a program, read from its report file.

use crate::support::{Outcome, Run, Scratch, report_file};
use serde_json::Value;
use std::path::Path;

/// The profiles that look for leaks.
pub const PROFILES: [&str; 2] = ["debug", "leak"];

/// Bytes and blocks.
pub type Tally = (u64, u64);

/// Totals by kind; of what is reachable only the records are checked, for libc keeps some, too.
#[derive(Clone, Copy, Default)]
pub struct Answer<'a> {
    pub definite: Tally,
    pub indirect: Tally,
    pub possible: Tally,
    pub records: &'a [Record<'a>],
}

/// The blocks that a function allocated.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub kind: &'a str,
    /// Stands in the stack.
    pub function: &'a str,
    pub own: Tally,
    pub cycle: bool,
}

impl<'a> Record<'a> {
    pub const fn new(kind: &'a str, function: &'a str, own: Tally) -> Record<'a> {
        Record { kind, function, own, cycle: false }
    }

    pub const fn cycle(function: &'a str, own: Tally) -> Record<'a> {
        Record { kind: "definite", function, own, cycle: true }
    }
}

impl Answer<'_> {
    /// Runs the program under every profile; it ends well and the report file gives this answer.
    pub fn is_given_for(&self, program: &Path, args: &[&str]) {
        for profile in PROFILES {
            let (outcome, file) = run(program, args, profile);
            outcome.exited(0);
            assert_eq!(outcome.stdout, "ok\n", "{outcome:?}");
            self.check(&file, &outcome);
        }
    }

    pub fn check(&self, file: &Value, outcome: &Outcome) {
        self.check_totals(file, outcome);
        let leaks = &file["leaks"];
        for record in self.records {
            let found = find(leaks, record).unwrap_or_else(|| {
                panic!("no {} record of {}: {leaks:#}\n{outcome:?}", record.kind, record.function)
            });
            assert_eq!(tally(found), record.own, "{}: {found:#}", record.function);
            assert_eq!(found["cycle"], record.cycle, "{found:#}");
            let edges = found["edges"].as_array().map_or(0, Vec::len);
            assert_eq!(edges > 1, record.cycle, "{found:#}");
        }
        // What is only possibly lost is not worth a line on its own.
        let told = outcome.stderr.contains("lost");
        assert_eq!(told, self.definite.1 > 0, "{outcome:?}");
    }

    /// The totals alone.
    pub fn check_totals(&self, file: &Value, outcome: &Outcome) {
        let leaks = &file["leaks"];
        for (kind, expected) in
            [("definite", self.definite), ("indirect", self.indirect), ("possible", self.possible)]
        {
            assert_eq!(tally(&leaks[kind]), expected, "{kind}: {leaks:#}\n{outcome:?}");
        }
    }
}

/// Runs a program with a report file.
pub fn run(program: &Path, args: &[&str], profile: &str) -> (Outcome, Value) {
    let folder = Scratch::new();
    let run = Run::of(program).looking_for_leaks().args(args).folder(folder.path());
    let outcome = run.option("report_path=report.json").on(profile);
    let file = report_file(&folder.path().join("report.json"));
    (outcome, file)
}

pub fn tally(value: &Value) -> Tally {
    let number = |name: &str| value[name].as_u64().unwrap_or_else(|| panic!("no {name}: {value}"));
    (number("bytes"), number("blocks"))
}

/// The one record of this kind and function.
fn find<'a>(leaks: &'a Value, wanted: &Record<'_>) -> Option<&'a Value> {
    let records = leaks["records"].as_array().expect("a list of records");
    let mut fitting = records.iter().filter(|record| {
        record["kind"] == wanted.kind && names(record).any(|n| n == wanted.function)
    });
    let first = fitting.next();
    assert!(fitting.next().is_none(), "two records of {}: {leaks:#}", wanted.function);
    first
}

/// The functions in a record's stack, without parameters and paths.
fn names(record: &Value) -> impl Iterator<Item = &str> {
    let frames = record["stack"].as_array().map_or(&[][..], Vec::as_slice);
    let names = frames.iter().filter_map(|frame| frame["function"].as_str());
    names.map(|name| {
        let name = name.split('(').next().unwrap_or(name);
        name.rsplit("::").find(|part| !part.starts_with('h') || part.len() != 17).unwrap_or(name)
    })
}
