//! The forms that viewers read: exact lines, speedscope's tables, and pprof's own decoder.

use super::support::{Scratch, installed};
use super::{json, printed, sample};
use std::process::Command;

#[test]
fn folded_stacks_of_every_cost() {
    for (cost, lines) in [
        ("live", "serve;session_new 660\ntable_init 4096\n"),
        ("leaked", "name_copy 64\nring_make 40\nserve;session_new 660\n"),
        (
            "allocated",
            "plugin.so+0x10;parse;core::array::<[u8: 4]>::grow 700\nserve;session_new 22000\n\
             table_init 4096\n",
        ),
        (
            "peak",
            "plugin.so+0x10;parse;core::array::<[u8: 4]>::grow 300\nserve;session_new 1100\n\
             table_init 4096\n",
        ),
        (
            "allocations",
            "plugin.so+0x10;parse;core::array::<[u8: 4]>::grow 7\nserve;session_new 110\n\
             table_init 1\n",
        ),
    ] {
        assert_eq!(
            printed("server.json", &["--format", "folded", "--cost", cost]),
            lines,
            "{cost}"
        );
    }
    let reachable = ["--format", "folded", "--cost", "leaked", "--kind", "reachable"];
    assert_eq!(printed("server.json", &reachable), "table_init 4096\n");
}

#[test]
fn folded_differences_have_two_columns() {
    let old = sample("server.json");
    let arguments = ["--format", "folded", "--diff", old.to_str().expect("a readable path")];
    assert_eq!(
        printed("later.json", &arguments),
        "cache_put 0 500\nserve;session_new 660 700\ntable_init 4096 0\n"
    );
}

#[test]
fn speedscope_profiles_are_whole() {
    let file = json("server.json", &["--format", "speedscope"]);
    assert_eq!(file["$schema"], "https://www.speedscope.app/file-format-schema.json");
    let frames = file["shared"]["frames"].as_array().expect("frames");
    let names: Vec<_> =
        frames.iter().map(|frame| frame["name"].as_str().expect("a name")).collect();
    assert!(names.contains(&"core::array::<[u8; 4]>::grow"), "{names:?}");
    let profiles = file["profiles"].as_array().expect("profiles");
    let expected = [
        ("live bytes", "bytes", 4756),
        ("leaked bytes", "bytes", 764),
        ("peak bytes", "bytes", 5496),
        ("allocated bytes", "bytes", 26796),
        ("allocations", "none", 118),
    ];
    assert_eq!(profiles.len(), expected.len());
    for (profile, (name, unit, total)) in profiles.iter().zip(expected) {
        assert_eq!(profile["type"], "sampled");
        assert_eq!((&profile["name"], &profile["unit"]), (&name.into(), &unit.into()));
        assert_eq!((&profile["startValue"], &profile["endValue"]), (&0.into(), &total.into()));
        let weights = profile["weights"].as_array().expect("weights");
        assert_eq!(weights.iter().filter_map(|weight| weight.as_u64()).sum::<u64>(), total);
        let samples = profile["samples"].as_array().expect("samples");
        assert_eq!(samples.len(), weights.len());
        for sample in samples.iter().flat_map(|sample| sample.as_array().expect("a stack")) {
            assert!(sample.as_u64().is_some_and(|index| index < frames.len() as u64), "{profile}");
        }
    }
    // Outermost first.
    let first = profiles[0]["samples"][1].as_array().expect("a stack");
    let told: Vec<_> =
        first.iter().map(|index| names[index.as_u64().expect("an index") as usize]).collect();
    assert_eq!(told, ["serve", "session_new"]);
}

/// What `go tool pprof` says of the profile of a sample.
fn pprof(name: &str, report: &[&str], arguments: &[&str]) -> Option<String> {
    if !installed(&["go"]) {
        return None;
    }
    let folder = Scratch::new();
    let profile = folder.path().join("heap.pb.gz");
    let output = profile.to_str().expect("a readable path");
    printed(name, &[&["--format", "pprof", "--output", output], report].concat());
    let mut command = Command::new("go");
    command.args(["tool", "pprof"]).args(arguments).arg(&profile).env("HOME", folder.path());
    let output = command.env("PPROF_TMPDIR", folder.path()).output().expect("go starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    Some(text)
}

#[test]
fn pprof_reads_every_value_and_name() {
    let Some(raw) = pprof("server.json", &[], &["-raw"]) else { return };
    let joined = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<_> = raw.lines().map(joined).collect();
    for expected in [
        "Comment: 4720: /srv/bin/server --child",
        "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes[dflt] \
         peak_space/bytes leak_objects/count leak_space/bytes",
        "110 22000 10 660 1100 10 660: 1 2",
        "1 4096 1 4096 4096 0 0: 3",
        "7 700 0 0 300 0 0: 4 5",
        "0 0 0 0 0 1 40: 6",
        "1: 0x100000001310 M=1 session_new /srv/src/session.c:10",
        // An inlined call is at the address of its caller.
        "4: 0x100000001900 M=1 core::array::<[u8; 4]>::grow /rust/array.rs:1",
        "parse /srv/src/parse.rs:30",
        "5: 0x7f1234000010 M=2 plugin.so+0x10 :0",
        "1: 0x100000000000/0x100000002000/0x0 /srv/bin/server 0102030405 [FN][FL][LN][IN]",
    ] {
        // Versions differ in what follows on the line of a location.
        let is_there = lines.iter().any(|line| line.starts_with(&joined(expected)));
        assert!(is_there, "{expected}\nis not in\n{raw}");
    }
}

#[test]
fn pprof_shows_the_cost_that_was_asked_for() {
    let Some(top) = pprof("server.json", &["--cost", "leaked"], &["-top"]) else { return };
    assert!(top.contains("Type: leak_space\n"), "{top}");
    assert!(top.contains("accounting for 764B, 100% of 764B total"), "{top}");
    let serve = top.lines().find(|line| line.ends_with(" serve")).expect("the caller");
    let words: Vec<_> = serve.split_whitespace().collect();
    assert_eq!(words, ["0", "0%", "100%", "660B", "86.39%", "serve"]);
}

#[test]
fn pprof_keeps_the_addresses_of_a_single_process() {
    let Some(raw) = pprof("server.json", &["--alone"], &["-raw"]) else { return };
    assert!(raw.contains(": 0x401310 M=1 session_new "), "{raw}");
    assert!(raw.contains("1: 0x400000/0x402000/0x0 /srv/bin/server 0102030405"), "{raw}");
}
