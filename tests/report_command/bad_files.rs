//! Files that are no reports, or not whole: one sentence with the name, status 2.

use super::support::Scratch;
use super::{report, sample};
use std::fs;
use std::path::Path;

/// The sentence about a file that cannot be read.
fn refused(path: &Path) -> String {
    let outcome = report([path]);
    outcome.exited(2);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    let start = format!("heapwarden: {}", path.display());
    outcome.stderr.strip_prefix(&start).unwrap_or_else(|| panic!("{outcome:?}")).to_owned()
}

#[test]
fn each_is_named_in_a_sentence() {
    let folder = Scratch::new();
    let file = folder.path().join("r.json");
    for (content, sentence) in [
        (&b""[..], " is empty"),
        (b"==1==ERROR: Heapwarden", " is not JSON"),
        (b"\xff\xfe\x00", " is not JSON"),
        (b"{\"schema\": 1, \"argv\": [\"\xff\"]}", " is not JSON"),
        (b"{\"other\": 1}", " is JSON, but no report of Heapwarden"),
        (b"{\"schema\": 2}", " is of schema 2; this version reads schema 1"),
        (b"{\"schema\": 1, \"errors\": {}}", " is no report of schema 1"),
    ] {
        fs::write(&file, content).expect("a file");
        let answer = refused(&file);
        assert!(answer.starts_with(sentence), "{answer}");
    }
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"schema\": 1, \"later\": {open}{close}}}");
    fs::write(&file, deep).expect("a file");
    assert!(refused(&file).starts_with(" is not JSON: recursion limit"), "no stack overflow");
    assert!(refused(&folder.path().join("none")).starts_with(": No such file"));
}

#[test]
fn a_report_that_is_cut_off_anywhere_is_refused() {
    let folder = Scratch::new();
    let file = folder.path().join("cut.json");
    let whole = fs::read(sample("later.json")).expect("the sample");
    let end = whole.iter().rposition(|byte| *byte == b'}').expect("the last bracket");
    // An odd step, so that strings, numbers and names are all cut.
    for length in (1..=end).step_by(211).chain([end]) {
        fs::write(&file, &whole[..length]).expect("a file");
        let answer = refused(&file);
        assert!(answer.starts_with(" is cut off: "), "{length}: {answer}");
    }
}

#[test]
fn a_folder_may_hold_other_files() {
    let folder = Scratch::new();
    fs::copy(sample("later.json"), folder.path().join("5000")).expect("a copy");
    fs::write(folder.path().join("log"), "text").expect("a file");
    fs::create_dir(folder.path().join("below")).expect("a folder");
    let outcome = report([folder.path()]);
    outcome.exited(0);
    assert!(outcome.stdout.starts_with("Heapwarden report of process\n  5000 "), "{outcome:?}");
    let log = folder.path().join("log");
    let start = format!("heapwarden: left out: {} is not JSON: ", log.display());
    assert!(outcome.stderr.starts_with(&start), "{outcome:?}");

    fs::remove_file(folder.path().join("5000")).expect("removed");
    let outcome = report([folder.path()]);
    outcome.exited(2);
    let last = format!("heapwarden: no report of Heapwarden in {}\n", folder.path().display());
    assert!(outcome.stderr.ends_with(&last), "{outcome:?}");
}
