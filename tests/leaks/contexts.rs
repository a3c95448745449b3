//! Memory lost by threads, libraries and processes that are gone.

use crate::answer::{Answer, PROFILES, Record, run, tally};
use crate::support::{Run, Scratch, c_library, c_program, report_file};
use std::fs;

const CONTEXTS: &str = "leak_contexts.c";

#[test]
fn an_ended_thread_loses_its_variables() {
    let Some(program) = c_program(CONTEXTS) else { return };
    let records = &[Record::new("definite", "keep_and_end", (56, 1))];
    let answer = Answer { definite: (56, 1), records, ..Answer::default() };
    answer.is_given_for(&program, &["ended-thread"]);
}

#[test]
fn a_living_thread_keeps_them() {
    let Some(program) = c_program(CONTEXTS) else { return };
    let records = &[Record::new("reachable", "keep_and_stay", (56, 1))];
    Answer { records, ..Answer::default() }.is_given_for(&program, &["living-thread"]);
}

#[test]
fn a_closed_library_loses_its_variables_and_keeps_its_names() {
    let Some(program) = c_program(CONTEXTS) else { return };
    let Some(library) = c_library("leak_library.c") else { return };
    let records = &[Record::new("definite", "library_keeps", (72, 1))];
    let answer = Answer { definite: (72, 1), records, ..Answer::default() };
    answer.is_given_for(&program, &["library", library.to_str().expect("a plain path")]);
}

#[test]
fn a_forked_child_answers_for_itself() {
    let Some(program) = c_program(CONTEXTS) else { return };
    for profile in PROFILES {
        let folder = Scratch::new();
        let run = Run::of(&program).looking_for_leaks().arg("fork").folder(folder.path());
        let outcome = run.option("report_path=report.json").on(profile);
        outcome.exited(0);
        Answer::default().check_totals(&report_file(&folder.path().join("report.json")), &outcome);
        let children = fs::read_dir(folder.path()).expect("the folder").flatten();
        let children = children.filter(|file| file.file_name() != "report.json");
        let files: Vec<_> = children.map(|file| report_file(&file.path())).collect();
        assert_eq!(files.len(), 1, "one child: {outcome:?}");
        assert_eq!(tally(&files[0]["leaks"]["definite"]), (88, 1), "{:#}", files[0]);
    }
}

#[test]
fn a_process_that_leaves_in_a_hurry_is_told_of() {
    let Some(program) = c_program(CONTEXTS) else { return };
    let records = &[Record::new("definite", "lose_104", (104, 1))];
    let answer = Answer { definite: (104, 1), records, ..Answer::default() };
    for how in ["_exit", "quick_exit"] {
        for profile in PROFILES {
            let (outcome, file) = run(&program, &[how], profile);
            outcome.exited(3);
            answer.check(&file, &outcome);
        }
    }
}
