//! The same programs under Memcheck and LeakSanitizer, and the page that shows the answers.
//!
//! Ours must be what docs/leaks.md says; theirs may differ between versions. The page's table is
//! written anew by `HEAPWARDEN_WRITE_PAGES=1 cargo test -p heapwarden-cli --test leaks beside`.

use crate::answer::{run, tally};
use crate::support::{Run, c_library, c_program, c_program_with, installed, rust_program};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A row: what it is, the program and its arguments.
const ROWS: &[(&str, &str, &[&str])] = &[
    ("one block of 100 bytes", "leak_shapes.c", &["direct"]),
    ("a list of 5", "leak_shapes.c", &["list"]),
    ("a tree of 7", "leak_shapes.c", &["tree"]),
    ("a ring of 3", "leak_shapes.c", &["ring"]),
    ("a doubly linked ring of 4", "leak_shapes.c", &["double-ring"]),
    ("a ring of 2 and a list of 2 behind it", "leak_shapes.c", &["ring-with-tail"]),
    ("a block that points to itself", "leak_shapes.c", &["loner"]),
    ("a pointer into the middle only", "leak_shapes.c", &["interior"]),
    ("a C++ array known behind its count", "leak_cxx.cpp", &["array"]),
    ("an object known by its second base", "leak_cxx.cpp", &["second-base"]),
    ("two `Rc` that hold each other", "leak_cycle.rs", &["cycle"]),
    ("a pointer from `Arc::into_raw`", "leak_cycle.rs", &["arc"]),
    ("a thread-local variable of an ended thread", "leak_contexts.c", &["ended-thread"]),
    ("the same of a thread that runs", "leak_contexts.c", &["living-thread"]),
    ("a variable of a closed library", "leak_contexts.c", &["library", "LIBRARY"]),
    ("a process that calls `_exit`", "leak_contexts.c", &["_exit"]),
];

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/leaks.md");
const HEAD: &str =
    "| what is lost | Heapwarden | Memcheck | LeakSanitizer |\n| --- | --- | --- | --- |\n";

#[test]
fn beside_memcheck_and_leak_sanitizer() {
    if !installed(&["gcc", "g++", "rustc"]) {
        return;
    }
    let page = fs::read_to_string(PAGE).expect("the page");
    let (before, table) = page.split_once(HEAD).expect("a table");
    let old: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let new: Vec<[String; 4]> = ROWS.iter().map(|row| answers(*row)).collect();
    if std::env::var_os("HEAPWARDEN_WRITE_PAGES").is_some() {
        let rows: String = new.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
        let after: String = table.lines().skip(old.len()).map(|line| format!("{line}\n")).collect();
        return fs::write(PAGE, format!("{before}{HEAD}{rows}{after}")).expect("the page");
    }
    for (old, new) in old.iter().zip(&new) {
        let start = format!("| {} | {} |", new[0], new[1]);
        assert!(old.starts_with(&start), "the page says\n{old}\nand the program\n{start}");
    }
    assert_eq!(old.len(), new.len());
}

fn answers((what, source, args): (&str, &str, &[&str])) -> [String; 4] {
    let library = c_library("leak_library.c").expect("a compiler");
    let library = library.to_str().expect("a plain path");
    let args: Vec<&str> =
        args.iter().map(|arg| if *arg == "LIBRARY" { library } else { arg }).collect();
    let program = match source.ends_with(".rs") {
        true => rust_program(source),
        false => c_program(source),
    };
    let program = program.expect("a compiler");
    let sanitized =
        (!source.ends_with(".rs")).then(|| c_program_with(source, &["-fsanitize=leak"]));
    [
        what.to_owned(),
        ours(&program, &args),
        memcheck(&program, &args),
        sanitized.flatten().map_or("-".to_owned(), |program| leak_sanitizer(program, &args)),
    ]
}

fn ours(program: &Path, args: &[&str]) -> String {
    let (_, file) = run(program, args, "debug");
    let leaks = &file["leaks"];
    let is_cycle = |record: &&Value| record["cycle"] == true;
    let cycles = leaks["records"].as_array().map_or(0, |list| list.iter().filter(is_cycle).count());
    let definite = if cycles > 0 { "definite, a cycle" } else { "definite" };
    let kinds = [("definite", definite), ("indirect", "indirect"), ("possible", "possible")];
    sentence(kinds.map(|(kind, name)| (tally(&leaks[kind]).0, name)))
}

fn memcheck(program: &Path, args: &[&str]) -> String {
    if !installed(&["valgrind"]) {
        return "-".to_owned();
    }
    let outcome = Run::of("valgrind").arg("--leak-check=full").arg(program).args(args).on_libc();
    let bytes = |kind: &str| {
        let lines = outcome.stderr.lines().filter_map(|line| line.split_once(kind));
        lines.map(|(_, rest)| number(rest)).sum()
    };
    let kinds = [("definitely lost:", "definite"), ("indirectly lost:", "indirect")];
    let [definite, indirect] = kinds.map(|(kind, name)| (bytes(kind), name));
    sentence([definite, indirect, (bytes("possibly lost:"), "possible")])
}

fn leak_sanitizer(program: PathBuf, args: &[&str]) -> String {
    let outcome = Run::of(program).args(args).on_libc();
    if outcome.stderr.contains("has encountered a fatal error") {
        return "dies".to_owned();
    }
    let bytes = |kind: &str| {
        let lines = outcome.stderr.lines().filter_map(|line| line.strip_prefix(kind));
        lines.map(number).sum()
    };
    let (direct, indirect) = (bytes("Direct leak of "), bytes("Indirect leak of "));
    sentence([(direct, "direct"), (indirect, "indirect"), (0, "")])
}

/// `24 definite, 96 indirect`.
fn sentence(kinds: [(u64, &str); 3]) -> String {
    let said = kinds.iter().filter(|(bytes, _)| *bytes > 0);
    let said: Vec<String> = said.map(|(bytes, name)| format!("{bytes} {name}")).collect();
    if said.is_empty() { "nothing".to_owned() } else { said.join(", ") }
}

/// The number that a text starts with; commas group its digits.
fn number(text: &str) -> u64 {
    let digits = text.trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == ',');
    digits.filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}
