//! `hw leaks`: what it calls lost is what the library calls lost.

use crate::block::WELL;
use crate::session::Session;
use crate::support::{Run, Scratch, c_library, c_program, report_file, rust_program};
use std::path::Path;

/// Bytes and blocks: definitely, indirectly, possibly lost. What is reachable at the very end, where
/// the library looks, is not the same: libc allocates on the way there.
type Sums = [(u64, u64); 3];

fn sums(answer: &str) -> Sums {
    let names = ["definitely lost:", "indirectly lost:", "possibly lost:"];
    names.map(|name| {
        let rest = answer.lines().find_map(|line| line.strip_prefix(name)).expect(answer);
        let (bytes, rest) = rest.trim_start().split_once(" bytes in ").expect(answer);
        let blocks = rest.strip_suffix(" blocks").expect(answer);
        (bytes.parse().expect(answer), blocks.parse().expect(answer))
    })
}

/// What the library's own check says at the end of the program.
fn told(program: &Path, args: &[&str]) -> Sums {
    let folder = Scratch::new();
    let run = Run::of(program).looking_for_leaks().args(args).folder(folder.path());
    run.option("report_path=report.json").on("debug").exited(0);
    let leaks = &report_file(&folder.path().join("report.json"))["leaks"];
    ["definite", "indirect", "possible"].map(|kind| {
        let number = |name: &str| leaks[kind][name].as_u64().expect("a number");
        (number("bytes"), number("blocks"))
    })
}

/// Stops the program where it is about to end, and compares.
fn agrees(program: &Path, args: &[&str]) {
    let run = format!("run {}", args.join(" "));
    let way = ["set breakpoint pending on", "break exit", &run];
    let session = Session { program, profile: "debug", way: &way };
    let Some(answers) = session.ask_live(&["hw leaks"]) else { return };
    assert_eq!(sums(&answers[0]), told(program, args), "{args:?}: {}", answers[0]);
}

#[test]
fn every_shape_of_lost_memory_is_called_what_the_library_calls_it() {
    let Some(program) = c_program("leak_shapes.c") else { return };
    for shape in [
        "direct",
        "several",
        "list",
        "tree",
        "ring",
        "double-ring",
        "ring-with-tail",
        "loner",
        "reachable",
        "interior",
        "both",
        "large",
        "huge",
        "aligned",
        "nothing",
    ] {
        agrees(&program, &[shape]);
    }
}

#[test]
fn pointers_into_the_middle_count_as_the_library_counts_them() {
    if let Some(program) = c_program("leak_cxx.cpp") {
        for what in ["array", "lost-array", "second-base", "lost-object"] {
            agrees(&program, &[what]);
        }
    }
    if let Some(program) = rust_program("leak_cycle.rs") {
        for what in ["cycle", "arc", "nothing"] {
            agrees(&program, &[what]);
        }
    }
}

/// Wherever the library is asked for the bytes that are lost, gdb has said the same before.
const BESIDE: &str = "python
agreed = 0
while gdb.selected_inferior().pid and gdb.selected_frame().name() == 'heapwarden_leak_check':
    lines = gdb.execute('hw leaks', to_string=True).splitlines()
    lost = sum(int(line.split(':')[1].split()[0]) for line in lines[:2])
    gdb.execute('finish', to_string=True)
    told = int(gdb.parse_and_eval('$rax'))
    agreed += lost == told
    if lost != told:
        print('DIFFERENT', lost, told, lines)
    gdb.execute('continue', to_string=True)
print(agreed)
";

/// The program keeps the only pointer in one place, and asks; it asks at least `times`.
fn kept_in(args: &[&str], times: u32) {
    let Some(program) = c_program("leak_places.c") else { return };
    let run = format!("run {}", args.join(" "));
    let way = [
        "set breakpoint pending on",
        "handle all nostop noprint pass",
        "handle SIGTRAP SIGINT stop print nopass",
        "break heapwarden_leak_check",
        &run,
    ];
    let session = Session { program: &program, profile: "debug", way: &way };
    let Some(answers) = session.ask_live(&[BESIDE]) else { return };
    // Anything but the count is a complaint.
    let last = answers[0].lines().last().unwrap_or_default();
    let agreed = last.parse::<u32>().is_ok_and(|agreed| agreed >= times);
    assert!(agreed && !answers[0].contains("DIFFERENT"), "{args:?}: {}", answers[0]);
}

#[test]
fn a_pointer_is_found_wherever_the_library_finds_it() {
    for place in ["variable", "local", "register", "vector", "stack", "red-zone", "blocked"] {
        kept_in(&[place], 4);
    }
    for place in ["deaf", "alternate", "coroutine", "heap-coroutine", "key", "late-key"] {
        kept_in(&[place], 7);
    }
    kept_in(&["mapped"], 2);
    kept_in(&["thread-local"], 7);
    kept_in(&["result"], 3);
    let Some(library) = c_library("leak_place.c") else { return };
    let library = library.to_str().expect("a plain path");
    kept_in(&["library-local", library], 4);
    kept_in(&["library", library], 7);
}

#[test]
fn lost_blocks_are_told_by_where_they_were_allocated() {
    let Some(program) = c_program("debugger.c") else { return };
    for profile in ["debug", "harden", "leak", "plain"] {
        let session = Session { program: &program, profile, way: WELL };
        let Some(answers) = session.ask(&["hw leaks"]) else { return };
        assert_eq!(answers.live, answers.core);
        assert_eq!(sums(&answers.live[0])[0], (7 * 48, 7), "{profile}: {}", answers.live[0]);
        let has_stack = answers.live[0]
            .contains("336 bytes in 7 blocks definitely lost, such as 0x")
            && answers.live[0].contains(" in lose ");
        assert_eq!(has_stack, ["debug", "leak"].contains(&profile), "{}", answers.live[0]);
    }
}
