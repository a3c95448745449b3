//! `heapwarden demo` makes each error for real, and the reports on the pages in docs/kinds (and in
//! the README) are what their programs cause.
//!
//! A report differs between machines in its addresses and in libc's frames; what is compared is the
//! rest. To write the pages anew: `HEAPWARDEN_WRITE_PAGES=1 cargo test --test demo`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Run, Scratch, installed};

const KINDS: [&str; 9] = [
    "heap-buffer-overflow",
    "heap-buffer-underflow",
    "heap-use-after-free",
    "double-free",
    "invalid-free",
    "alloc-dealloc-mismatch",
    "new-delete-type-mismatch",
    "layout-mismatch",
    "heap-corruption",
];

fn command(arguments: &[&str]) -> support::Outcome {
    Run::of(env!("CARGO_BIN_EXE_heapwarden")).args(arguments).on_libc()
}

#[test]
fn each_demo_ends_in_a_report_of_its_kind() {
    for kind in KINDS {
        let outcome = command(&["demo", kind]);
        outcome.killed_by(libc::SIGABRT);
        let report = outcome.report();
        assert_eq!(report.kind, kind, "{outcome:?}");
        assert!(report.line("heapwarden::demos::").is_some(), "{outcome:?}");
        assert!(report.line("allocated by thread T0 here:").is_some(), "{outcome:?}");
    }
}

#[test]
fn options_reach_the_demo() {
    let outcome = command(&["demo", "-o", "on_error=exit", "-o", "exit_code=7", "double-free"]);
    outcome.exited(7);
    assert_eq!(outcome.report().kind, "double-free");
}

#[test]
fn the_lists_name_every_kind_and_say_what_is_not_found_yet() {
    for arguments in [["demo"].as_slice(), &["explain"]] {
        let outcome = command(arguments);
        outcome.exited(0);
        for kind in KINDS.iter().chain(&["leak", "dangling-pointer"]) {
            assert!(outcome.stdout.contains(kind), "{kind}: {outcome:?}");
        }
    }
    let outcome = command(&["demo", "leak"]);
    assert!(outcome.exited(2).stderr.contains("does not find errors of kind leak"), "{outcome:?}");
    let outcome = command(&["explain", "buffer-overflow"]);
    let nearest = "the nearest is `heap-buffer-overflow`\n";
    assert!(outcome.exited(2).stderr.ends_with(nearest), "{outcome:?}");
    let outcome = command(&["explain", "double-free"]);
    assert_eq!(outcome.exited(0).stdout, text(&page("double-free")), "{outcome:?}");
}

fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn page(kind: &str) -> PathBuf {
    project(&format!("docs/kinds/{kind}.md"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between a line that starts with one of `fences` and the next fence.
fn block<'a>(page: &'a str, fences: &[&str]) -> &'a str {
    let start = fences.iter().find_map(|fence| Some(page.find(fence)? + fence.len()));
    let rest = &page[start.unwrap_or_else(|| panic!("no {fences:?} in {page}"))..];
    &rest[..rest.find("```").expect("the end of the block")]
}

/// The report that a page's program causes.
fn report_of(kind: &str) -> Option<String> {
    let page = text(&page(kind));
    let is_cxx = page.contains("```cpp\n");
    let (compiler, name) = if is_cxx { ("g++", "example.cpp") } else { ("gcc", "example.c") };
    if !installed(&[compiler]) {
        return None;
    }
    let folder = Scratch::new();
    fs::write(folder.path().join(name), block(&page, &["```cpp\n", "```c\n"])).expect("a file");
    // `-w`: newer compilers see some of these errors themselves.
    let flags = ["-g", "-w", "-O0", "-fsized-deallocation", "-o", "example", name];
    let flags = flags.iter().filter(|flag| is_cxx || **flag != "-fsized-deallocation");
    let compiled = Command::new(compiler).args(flags).current_dir(folder.path()).status();
    assert!(compiled.expect("the compiler starts").success(), "{kind}");
    let prefix = folder.path().canonicalize().expect("the folder");
    let outcome = Run::of("./example")
        .folder(folder.path())
        .option(&format!("strip_path_prefix={}/", prefix.display()))
        .on("debug");
    outcome.killed_by(libc::SIGABRT);
    assert_eq!(outcome.report().kind, kind, "{outcome:?}");
    Some(outcome.stderr)
}

/// A report without what differs between runs and machines.
fn essence(report: &str) -> Vec<String> {
    let is_ours = |line: &&str| !line.starts_with("    #") || line.contains(" example.c");
    let stable = |line: &str| {
        // `==PID==`: no number is too small for a process.
        let number = line.strip_prefix("==").and_then(|rest| rest.split_once("=="));
        let line = number.map_or(line, |(_, rest)| rest);
        // A call site's name follows from the compiler's output.
        let line = line.split_once(" (site ").map_or(line, |(before, _)| before);
        let mut words: Vec<_> = line.split_inclusive(|c: char| " ,[)=:".contains(c)).collect();
        words.retain(|word| {
            let number = word.trim_end_matches(|c: char| " ,[)=:".contains(c));
            !number.starts_with("0x") && number.parse::<u64>().map_or(true, |n| n < 1000)
        });
        words.concat()
    };
    report.lines().filter(is_ours).map(stable).collect()
}

#[test]
fn the_pages_show_what_their_programs_cause() {
    let writes = std::env::var_os("HEAPWARDEN_WRITE_PAGES").is_some();
    for kind in KINDS {
        let Some(report) = report_of(kind) else { continue };
        let path = page(kind);
        let old = text(&path);
        let shown = block(&old, &["```text\n"]);
        if writes {
            let new = old.replacen(&format!("```text\n{shown}"), &format!("```text\n{report}"), 1);
            fs::write(&path, new).expect("the page can be written");
        } else {
            assert_eq!(essence(shown), essence(&report), "the page on {kind} is out of date");
        }
    }
}

#[test]
fn the_readme_shows_the_report_of_a_page() {
    let readme = text(&project("README.md"));
    let report = block(&readme, &["```text\n"]);
    assert!(text(&page("heap-use-after-free")).contains(report), "copy it from the page");
}
