//! Reports that real processes wrote: several of them, and some without names.

use super::support::{Outcome, Run, Scratch, report_file};
use super::{json, printed, report, sample};
use serde_json::Value;
use std::fs;
use std::path::Path;

const HEAPWARDEN: &str = env!("CARGO_BIN_EXE_heapwarden");

/// Runs a demo that writes its report to `file`.
fn demo(kind: &str, file: &Path, option: &str) {
    let path = format!("report_path={}", file.display());
    let run = Run::of(HEAPWARDEN).args(["demo", kind, "--here"]);
    run.option(&path).option(option).option("on_error=continue").on("debug").exited(0);
}

/// The lines of the stacks that are told.
fn stacks(outcome: &Outcome) -> Vec<&str> {
    let lines = outcome.exited(0).stdout.lines();
    lines.filter(|line| line.trim_start().starts_with('#')).collect()
}

#[test]
fn a_folder_of_processes_is_merged_by_stack() {
    let folder = Scratch::new();
    let script = format!("'{HEAPWARDEN}' demo double-free --here; ").repeat(2);
    let path = format!("report_path={}/%p", folder.path().display());
    let run = Run::of("sh").args(["-c", &script]);
    run.option(&path).option("on_error=continue").on("debug").exited(0);

    let outcome = report([folder.path()]);
    let text = &outcome.exited(0).stdout;
    let files = fs::read_dir(folder.path()).expect("the folder").count();
    assert!(files >= 2, "{outcome:?}");
    assert!(text.starts_with(&format!("Heapwarden report of {files} processes")), "{outcome:?}");
    assert!(text.contains("\n  errors     2 double-free\n"), "{outcome:?}");
    assert!(text.contains("\n   seen 2 times\n") && !text.contains("\n2. "), "{outcome:?}");
}

#[test]
fn names_are_found_later_in_files_of_the_same_build_only() {
    let folder = Scratch::new();
    let (named, bare) = (folder.path().join("named"), folder.path().join("bare"));
    demo("heap-use-after-free", &named, "symbolize=1");
    demo("heap-use-after-free", &bare, "symbolize=0");
    let value = report_file(&bare);
    let frame = &value["errors"][0]["alloc_stack"][0];
    assert!(frame.get("function").is_none() && frame.get("offset").is_some(), "{frame}");

    let (expected, found) = (report([&named]), report([&bare]));
    assert!(stacks(&expected).iter().any(|line| line.contains("demos::access::make_name")));
    assert_eq!(stacks(&expected), stacks(&found));

    // A module that was loaded twice is still one build; with two of one name nobody knows.
    let modules = value["modules"].as_array().expect("modules");
    let with_modules = |modules: Vec<Value>| {
        let mut value = value.clone();
        value["modules"] = modules.into();
        let file = folder.path().join("changed");
        fs::write(&file, value.to_string()).expect("a file");
        report([&file])
    };
    let other_build = |module: &Value| {
        let mut module = module.clone();
        module["build_id"] = "0badc0de".into();
        module
    };
    let others: Vec<_> = modules.iter().map(other_build).collect();
    let twice = with_modules([modules.as_slice(), modules].concat());
    assert_eq!(stacks(&expected), stacks(&twice));
    for modules in [[modules.as_slice(), &others].concat(), others.clone(), Vec::new()] {
        let outcome = with_modules(modules);
        assert!(stacks(&outcome).iter().all(|line| line.contains("+0x")), "{outcome:?}");
    }
}

#[test]
fn merged_json_is_a_report_and_says_the_same() {
    let merged = json("server.json", &["--format", "json"]);
    assert_eq!(merged["schema"], 1);
    assert_eq!(merged["processes"].as_array().map(Vec::len), Some(2));
    assert_eq!(merged["errors"][0]["count"], 5);
    assert_eq!(merged["leaks"]["definite"]["bytes"], 700);
    assert_eq!(merged["errors"][1]["damage"]["bytes"], "4100", "nothing is lost on the way");
    let folder = Scratch::new();
    let file = folder.path().join("merged.json");
    let output = file.to_str().expect("a readable path");
    assert_eq!(printed("server.json", &["--format", "json", "--output", output]), "");
    assert_eq!(report([&file]).exited(0).stdout, printed("server.json", &[]));
}

#[test]
fn one_file_is_read_once_however_often_it_is_named() {
    let (file, sibling) = (sample("server.json"), sample("server.json.4720"));
    let outcome = report([&file, &sibling, &file]);
    assert_eq!(outcome.exited(0).stdout, printed("server.json", &[]));
    let alone = printed("server.json", &["--alone"]);
    assert!(alone.starts_with("Heapwarden report of process\n  4711 "), "{alone}");
    // A sibling is not the first of a family of its own.
    let sibling = printed("server.json.4720", &[]);
    assert!(sibling.starts_with("Heapwarden report of process\n  4720 "), "{sibling}");
}
