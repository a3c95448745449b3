//! A program that makes one error, and everything its report must say, as text and as JSON.
//!
//! Each case runs under both profiles that promise it, and so does its clean twin, which must be
//! silent and end well.

use crate::support::{Outcome, Report, Run, Scratch, c_program, report_file};
use serde_json::Value;

/// The profiles that check without guard pages.
pub const PROFILES: [&str; 2] = ["debug", "harden"];

/// What is run and what its report must say.
#[derive(Clone)]
pub struct Case<'a> {
    pub source: &'a str,
    pub args: &'a [&'a str],
    pub options: &'a [&'a str],
    pub kind: &'a str,
    /// Part of the line below the first: what happened.
    pub action: &'a str,
    /// The function or check that found it.
    pub found_by: &'a str,
    /// Where the address lies: `0 bytes after 24-byte region`, or part of the sentence for what is
    /// no block.
    pub place: &'a str,
    pub block: Option<Block<'a>>,
    pub damage: Option<Damage<'a>>,
    /// Other lines of the text.
    pub lines: &'a [&'a str],
    pub stacks: Stacks<'a>,
}

/// The block that a report is about.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    pub size: u64,
    /// The reported address, from the block's start.
    pub offset: i64,
    pub family: &'a str,
    pub state: &'a str,
}

/// The changed bytes.
#[derive(Clone, Copy)]
pub struct Damage<'a> {
    pub offset: i64,
    pub bytes: &'a str,
}

/// The program's functions in the stacks, innermost first; other frames may lie between.
#[derive(Clone, Copy, Default)]
pub struct Stacks<'a> {
    pub access: &'a [&'a str],
    pub allocated: &'a [&'a str],
    pub freed: &'a [&'a str],
}

impl Case<'static> {
    pub const NONE: Case<'static> = Case {
        source: "",
        args: &[],
        options: &[],
        kind: "",
        action: "",
        found_by: "free",
        place: "",
        block: None,
        damage: None,
        lines: &[],
        stacks: Stacks { access: &[], allocated: &[], freed: &[] },
    };
}

impl Case<'_> {
    /// Runs the program under every profile: one report, death by SIGABRT.
    pub fn is_reported(&self) {
        for profile in PROFILES {
            self.is_reported_under(profile);
        }
    }

    pub fn is_reported_under(&self, profile: &str) {
        let Some(program) = c_program(self.source) else { return };
        let folder = Scratch::new();
        // What a case is about must find the damage, and not a random check before it by chance.
        let run = Run::of(&program).args(self.args).folder(folder.path());
        let mut run = run.option("check_every=0");
        for option in self.options {
            run = run.option(option);
        }
        let outcome = run.option("report_path=report.json").on(profile);
        outcome.killed_by(libc::SIGABRT);
        // What is found at exit ends a program that has done everything else.
        let said = if self.found_by == "exit check" { "ok\n" } else { "" };
        assert_eq!(outcome.stdout, said, "nothing happens after the error: {outcome:?}");
        self.check_text(&outcome, profile);
        let file = report_file(&folder.path().join("report.json"));
        assert_eq!(file["schema"], 1, "{file}");
        assert_eq!(file["profile"], profile, "{file}");
        assert_eq!(file["errors"].as_array().map(Vec::len), Some(1), "{file}");
        self.check_record(&file["errors"][0], profile, &outcome);
    }

    /// Runs the program with another last argument, `clean`: no report.
    pub fn has_a_clean_twin(&self) {
        let arguments: Vec<&str> = self.args.iter().copied().chain(["clean"]).collect();
        is_silent(self.source, &arguments, self.options);
    }

    fn check_text(&self, outcome: &Outcome, profile: &str) {
        let report = outcome.report();
        assert_eq!(report.kind, self.kind, "{outcome:?}");
        assert_eq!(report.is_line, profile != "debug", "{outcome:?}");
        if report.is_line {
            assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
            let advice = "; `heapwarden run -p debug` shows stacks\n";
            assert!(outcome.stderr.ends_with(advice), "{outcome:?}");
        }
        // On a line the address is not repeated.
        let action =
            if report.is_line { self.action.trim_end_matches(" at 0x") } else { self.action };
        assert!(report.action.contains(action), "no `{action}`: {outcome:?}");
        match self.block {
            Some(block) => {
                let (words, start) = report.place().unwrap_or_else(|| panic!("{outcome:?}"));
                assert_eq!(words, self.place, "{outcome:?}");
                let region = format!("[0x{start:x},0x{:x})", start + block.size);
                let place = report.place_line().expect("as above").replace("0x0000", "0x");
                assert!(place.contains(&region), "no {region}: {outcome:?}");
                assert_eq!(report.address, start.wrapping_add_signed(block.offset), "{outcome:?}");
            }
            None if report.is_line => {}
            None => {
                assert!(report.line(self.place).is_some(), "no `{}`: {outcome:?}", self.place)
            }
        }
        if report.is_line {
            return;
        }
        // Without a block nothing says where to start counting: only the file shows the bytes.
        if let (Some(_), Some(damage)) = (self.block, self.damage) {
            check_damage(&report, damage, outcome);
        }
        for line in self.lines {
            assert!(report.line(line).is_some(), "no `{line}`: {outcome:?}");
        }
    }

    fn check_record(&self, record: &Value, profile: &str, outcome: &Outcome) {
        let report = outcome.report();
        assert_eq!(record["kind"], self.kind, "{record}");
        assert_eq!(record["count"], 1, "{record}");
        let address = record["address"].as_str().expect("an address");
        assert_eq!(address, format!("0x{:x}", report.address), "{record}");
        assert_eq!(record["access"]["found_by"], self.found_by, "{record}");
        if let Some(block) = self.block {
            assert_eq!(record["block"]["size"], block.size, "{record}");
            assert_eq!(record["block"]["offset"], block.offset, "{record}");
            assert_eq!(record["block"]["family"], block.family, "{record}");
            assert_eq!(record["block"]["state"], block.state, "{record}");
        }
        if let Some(damage) = self.damage {
            assert_eq!(record["access"]["type"], "write", "{record}");
            assert_eq!(record["damage"]["offset"], damage.offset, "{record}");
            assert_eq!(record["damage"]["bytes"], damage.bytes, "{record}");
            assert_eq!(record["damage"]["changed"], damage.bytes.len() / 2, "{record}");
        }
        self.check_stacks(record, profile);
    }

    /// The names of the program's functions, in their order, are in the stacks.
    fn check_stacks(&self, record: &Value, profile: &str) {
        if profile != "debug" {
            assert!(record.get("alloc_stack").is_none(), "a stack in {profile}: {record}");
            return;
        }
        for (name, expected) in [
            ("stack", self.stacks.access),
            ("alloc_stack", self.stacks.allocated),
            ("free_stack", self.stacks.freed),
        ] {
            let frames = record[name].as_array().map_or(&[][..], Vec::as_slice);
            let mut names = frames.iter().filter_map(|frame| frame["function"].as_str());
            for function in expected {
                let is_it = |name: &str| name.split('(').next() == Some(function);
                assert!(names.any(is_it), "no {function} in {name}: {record:#}");
            }
        }
    }
}

fn check_damage(report: &Report, damage: Damage<'_>, outcome: &Outcome) {
    let count = damage.bytes.len() / 2;
    let line = report.line("Damage: ").unwrap_or_else(|| panic!("no damage: {outcome:?}"));
    let bytes = if count == 1 { "1 byte changed, " } else { "bytes changed, the first " };
    let offset = format!("at offset {} ", damage.offset);
    assert!(line.starts_with(&format!("Damage: {count} ")) || count == 1, "{outcome:?}");
    assert!(line.contains(bytes), "{outcome:?}");
    assert!(line.replace(';', " ").contains(&offset), "no `{offset}`: {outcome:?}");
    // The dump, row by row: the changed bytes stand in brackets.
    let rows = report.lines.iter().filter(|line| line.starts_with("  0x") && line.contains('|'));
    let dump: String = rows
        .flat_map(|row| row.split(['[', ']']).skip(1).step_by(2))
        .flat_map(str::chars)
        .filter(|c| *c != ' ')
        .collect();
    assert_eq!(dump, damage.bytes, "{outcome:?}");
}

/// Under every profile: no report, status 0.
pub fn is_silent(source: &str, args: &[&str], options: &[&str]) {
    let Some(program) = c_program(source) else { return };
    for profile in PROFILES {
        let folder = Scratch::new();
        let mut run = Run::of(&program).args(args).folder(folder.path());
        for option in options {
            run = run.option(option);
        }
        run.option("report_path=report.json").on(profile).is_ok();
        let file = folder.path().join("report.json");
        if file.exists() {
            let file = report_file(&file);
            assert_eq!(file["errors"].as_array().map(Vec::len), Some(0), "{file}");
        }
    }
}
