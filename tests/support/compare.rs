//! A shell script run without Heapwarden and with it: nothing may differ.
//!
//! That both runs agree means nothing if the second one was not on our heap. So the loader writes
//! down which libraries it starts in each process of the tree (`LD_DEBUG`), and every single program
//! image must have started ours.

use super::PROFILES;
use super::process::{Outcome, Run};
use super::scratch::Scratch;
use super::tools::installed;
use std::fs;
use std::path::Path;

/// A script for `sh -eu`, run in an empty folder.
pub struct Script {
    /// What it needs; when one is missing, the test is skipped.
    pub tools: &'static [&'static str],
    pub text: &'static str,
    /// `false` when the program writes times or process ids there.
    pub compare_stderr: bool,
}

/// Runs the script on libc's heap, where it must succeed and print something, and then under every
/// profile, where it must print the same and end with the same status.
pub fn same_as_without(script: &Script) {
    if !installed(script.tools) {
        return;
    }
    let scratch = Scratch::new();
    let reference = command(script, &scratch).on_libc();
    reference.exited(0);
    assert_ne!(reference.stdout, "", "the script shows nothing to compare: {reference:?}");

    for profile in PROFILES {
        let traces = Scratch::new();
        let outcome = command(script, &scratch)
            .env("LD_DEBUG", "libs")
            .env("LD_DEBUG_OUTPUT", traces.path().join("loader"))
            .on(profile);
        assert_eq!(outcome.status, reference.status, "{outcome:?}");
        same_text("stdout", &reference.stdout, &outcome.stdout, &outcome);
        if script.compare_stderr {
            same_text("stderr", &reference.stderr, &outcome.stderr, &outcome);
        }
        all_on_heapwarden(traces.path());
    }
}

fn same_text(name: &str, without: &str, with: &str, outcome: &Outcome) {
    if without != with {
        let differ = without.lines().zip(with.lines()).find(|(one, other)| one != other);
        let (one, other) = differ.unwrap_or(("(ends)", "(ends later, or earlier)"));
        panic!("{name} differs\nwithout: {one}\nwith:    {other}\n{outcome:?}");
    }
}

/// The script in an empty folder, which has the same name in every run: messages may hold it.
fn command(script: &Script, scratch: &Scratch) -> Run {
    let folder = scratch.path().join("here");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).expect("a folder for the script");
    Run::of("sh").args(["-eu", "-c", script.text]).folder(&folder).seconds(180)
}

/// Every image in the loader's traces, but for the `heapwarden` command itself, started our library.
fn all_on_heapwarden(traces: &Path) {
    let mut images = 0;
    for trace in fs::read_dir(traces).expect("the loader's traces").flatten() {
        let text = String::from_utf8_lossy(&fs::read(trace.path()).unwrap()).into_owned();
        // One process may execute several images; each ends its start with this line.
        let mut libraries = Vec::new();
        for line in text.lines() {
            if let Some((_, library)) = line.split_once("calling init: ") {
                libraries.push(library);
            } else if let Some((_, image)) = line.split_once("transferring control: ") {
                let ours = libraries.iter().any(|library| library.contains("heapwarden"));
                let command = Path::new(image) == Path::new(env!("CARGO_BIN_EXE_heapwarden"));
                assert!(ours || command, "{image} ran without Heapwarden: {libraries:?}");
                images += u32::from(ours);
                libraries.clear();
            }
        }
    }
    assert!(images > 0, "no program image ran on Heapwarden");
}
