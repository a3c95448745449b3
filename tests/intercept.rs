//! libc's functions called with blocks of ours: what runs past a block or touches a freed one is
//! reported at the call, what is right is not, and the result is libc's in any case.

mod support;

use std::fs;
use support::{
    CANARIES, CHECKED, Outcome, PROFILES, Report, Run, Scratch, c_program, self_checking,
};

/// `FUNCTION SITUATION` of a program, and the report it gives: kind, access, place.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str);

const OVERFLOW: &str = "heap-buffer-overflow";
const UNDERFLOW: &str = "heap-buffer-underflow";
const FREED: &str = "heap-use-after-free";

const SIGABRT: i32 = 6;

/// Each case ends the program at the call; with `on_error=continue` the call is made and does what
/// it does without us; without the option nothing is seen of it.
fn reported(source: &str, cases: &[Case<'_>]) {
    let Some(program) = c_program(source) else { return };
    for &(arguments, kind, access, place) in cases {
        let folder = Scratch::new();
        // A name longer than the blocks.
        let inner = folder.path().join("a-folder-with-a-name-longer-than-a-block");
        fs::create_dir(&inner).expect("a folder");
        let run = Run::of(&program).args(arguments.split(' ')).folder(&inner);

        let ended = run.on("debug");
        ended.killed_by(SIGABRT);
        assert_eq!(ended.stdout, "", "the program went on: {ended:?}");
        says(&ended, kind, access, place);
        names_the_function(arguments, &ended);
        stacks_start_in(source, &ended);

        // Only where the damage can be survived.
        if kind == OVERFLOW && !arguments.contains("negative") {
            let run = run.option("symbolize=0");
            let continued = run.clone().option("on_error=continue").on("debug");
            continued.exited(3);
            assert_eq!(continued.stdout, "after the call\n", "{continued:?}");
            says(&continued, kind, access, place);
            // The damage that the write does is not told again. Where what is told is a read that
            // finds no end, the write comes later, and elsewhere.
            if !arguments.contains("unterminated") {
                assert_eq!(Report::all(&continued.stderr).len(), 1, "{continued:?}");
            }

            // What is left is the damage, at the end of the process.
            let unseen = run.option("intercept=0").on("debug");
            assert!(!unseen.stderr.contains(&by(arguments)), "{unseen:?}");
        }
    }
}

fn says(outcome: &Outcome, kind: &str, access: &str, place: &str) {
    let kind = format!("ERROR: Heapwarden: {kind} on address ");
    // Where a case leaves the size open, it ends before the number.
    let access = format!("\n{access} {}", if access.ends_with("size") { "" } else { "at " });
    for sentence in [kind.as_str(), &access, place] {
        assert!(outcome.stderr.contains(sentence), "no {sentence:?}: {outcome:?}");
    }
}

/// ` by memcpy in thread T0`.
fn by(arguments: &str) -> String {
    let function = arguments.split(' ').next().expect("a function");
    // The forms for large files are one function with the others.
    format!(" by {} in thread T0", function.trim_end_matches("64"))
}

/// `WRITE of size 4 at 0x602000000010 by memcpy in thread T0`.
fn names_the_function(arguments: &str, outcome: &Outcome) {
    let is_access = |line: &&str| line.starts_with("READ") || line.starts_with("WRITE");
    let access = outcome.stderr.lines().find(is_access).expect("an access");
    let ending = by(arguments);
    assert!(access.ends_with(&ending), "no {ending:?} in {access:?}");
}

/// The innermost frame of the access is the program's call, and nothing of ours is in any stack.
fn stacks_start_in(source: &str, outcome: &Outcome) {
    let mut lines = outcome.stderr.lines();
    lines.find(|line| line.starts_with("READ") || line.starts_with("WRITE")).expect("an access");
    let first = lines.next().unwrap_or("");
    assert!(first.contains("    #0 ") && first.contains(source), "{first}: {outcome:?}");
    assert!(outcome.stderr.contains(" in main "), "{outcome:?}");
    let ours = lines.find(|line| line.contains(" in heapwarden") || line.contains(" in memcpy"));
    assert_eq!(ours, None, "{outcome:?}");
}

#[test]
fn copying_past_a_block() {
    for function in ["memcpy", "memmove", "mempcpy", "memset"] {
        let case = |situation| format!("{function} {situation}");
        let cases = [
            (case("write"), OVERFLOW, "WRITE of size 25", "located 0 bytes after 24-byte region"),
            (case("into-freed"), FREED, "WRITE of size 4", "located 0 bytes inside of 24-byte"),
        ];
        reported("intercept_memory.c", &borrowed(&cases));
        if function != "memset" {
            let cases = [
                (case("read"), OVERFLOW, "READ of size 25", "located 0 bytes after 24-byte region"),
                (case("from-freed"), FREED, "READ of size 4", "located 0 bytes inside of 24-byte"),
            ];
            reported("intercept_memory.c", &borrowed(&cases));
        }
    }
}

fn borrowed<'a>(cases: &'a [(String, &'a str, &'a str, &'a str)]) -> Vec<Case<'a>> {
    cases.iter().map(|case| (case.0.as_str(), case.1, case.2, case.3)).collect()
}

#[test]
fn copying_to_any_place_around_any_block() {
    reported(
        "intercept_memory.c",
        &[
            ("memcpy middle", OVERFLOW, "WRITE of size 5", "located 0 bytes after 24-byte region"),
            ("memcpy behind", OVERFLOW, "WRITE of size 1", "located 0 bytes after 24-byte region"),
            (
                "memcpy before",
                UNDERFLOW,
                "WRITE of size 1",
                "located 1 bytes before 24-byte region",
            ),
            (
                "memcpy into-middle-of-freed",
                FREED,
                "WRITE of size 4",
                "located 10 bytes inside of 24-byte region",
            ),
            (
                "memcpy negative",
                OVERFLOW,
                "WRITE of size 18446744073709551615",
                "located 0 bytes after 24-byte region",
            ),
            ("memcpy empty", OVERFLOW, "WRITE of size 1", "located 0 bytes after 0-byte region"),
            (
                "memcpy aligned",
                OVERFLOW,
                "WRITE of size 25",
                "located 0 bytes after 24-byte region",
            ),
            ("memcpy shrunk", OVERFLOW, "WRITE of size 21", "located 0 bytes after 20-byte region"),
            ("memcpy big", OVERFLOW, "WRITE of size 102401", "bytes after 102400-byte region"),
            ("memcpy huge", OVERFLOW, "WRITE of size 8388609", "bytes after 8388608-byte region"),
            ("memcpy into-freed-big", FREED, "WRITE of size 4", "bytes inside of 102400-byte"),
            ("memcpy into-freed-huge", FREED, "WRITE of size 4", "bytes inside of 8388608-byte"),
        ],
    );
}

#[test]
fn copying_within_blocks_is_silent() {
    self_checking("intercept_memory.c", &["clean"]);
}

#[test]
fn strings_past_a_block() {
    for function in ["strcpy", "stpcpy", "strncpy", "stpncpy", "strcat", "strncat"] {
        let case = |situation| format!("{function} {situation}");
        let appends = function.ends_with("cat");
        let written = if appends { "WRITE of size 5" } else { "WRITE of size 9" };
        // What it reads first of a freed destination is the end of the string there.
        let access = if appends { "READ of size 1" } else { "WRITE of size 2" };
        let place = "located 0 bytes after 8-byte region";
        let cases = [
            (case("write"), OVERFLOW, written, place),
            (case("read"), OVERFLOW, "READ of size 9", place),
        ];
        reported("intercept_strings.c", &borrowed(&cases));
        let freed =
            [(case("into-freed"), FREED, access, "located 0 bytes inside of 8-byte region")];
        reported("intercept_strings.c", &borrowed(&freed));
    }
}

#[test]
fn strings_without_a_terminator_and_with_padding() {
    reported(
        "intercept_strings.c",
        &[
            ("strcat unterminated", OVERFLOW, "READ of size 9", "0 bytes after 8-byte region"),
            ("strncat unterminated", OVERFLOW, "READ of size 9", "0 bytes after 8-byte region"),
            ("stpncpy padding", OVERFLOW, "WRITE of size 9", "0 bytes after 8-byte region"),
            ("stpncpy from-freed", FREED, "READ of size 1", "0 bytes inside of 8-byte region"),
            ("strncpy padding", OVERFLOW, "WRITE of size 9", "0 bytes after 8-byte region"),
            ("strcpy from-freed", FREED, "READ of size 1", "0 bytes inside of 8-byte region"),
            ("strncpy from-freed", FREED, "READ of size 1", "0 bytes inside of 8-byte region"),
        ],
    );
}

#[test]
fn strings_within_blocks_are_silent() {
    self_checking("intercept_strings.c", &["clean"]);
}

#[test]
fn formatting_past_a_block() {
    for function in ["sprintf", "snprintf", "vsprintf", "vsnprintf"] {
        let case = |situation| format!("{function} {situation}");
        let place = "located 0 bytes after 8-byte region";
        let mut cases = vec![(case("write"), OVERFLOW, "WRITE of size 9", place)];
        if function.contains("snprintf") {
            cases.push((case("cut"), OVERFLOW, "WRITE of size 10", place));
        }
        cases.push((case("behind"), OVERFLOW, "WRITE of size 1", place));
        let inside = "located 0 bytes inside of 8-byte region";
        cases.push((case("into-freed"), FREED, "WRITE of size", inside));
        reported("intercept_formatted.c", &borrowed(&cases));
    }
}

#[test]
fn formatting_within_blocks_is_silent_and_keeps_every_argument() {
    self_checking("intercept_formatted.c", &["clean"]);
}

#[test]
fn more_input_than_a_block_takes() {
    let functions = [
        "read",
        "pread",
        "pread64",
        "recv",
        "recvfrom",
        "fread",
        "fread_unlocked",
        "fgets",
        "fgets_unlocked",
        "readlink",
        "readlinkat",
        "getcwd",
    ];
    for function in functions {
        let place = "located 0 bytes after 24-byte region";
        let inside = "located 0 bytes inside of 24-byte region";
        let cases = [
            (format!("{function} more"), OVERFLOW, "WRITE of size 25", place),
            (format!("{function} into-freed"), FREED, "WRITE of size 24", inside),
        ];
        reported("intercept_input.c", &borrowed(&cases));
    }
}

#[test]
fn a_bound_larger_than_the_block_is_no_error() {
    self_checking("intercept_input.c", &["clean"]);
}

#[test]
fn a_thread_in_read_can_be_cancelled() {
    self_checking("intercept_input.c", &["cancel"]);
}

#[test]
fn the_fortified_forms() {
    let functions = [
        "memcpy",
        "memmove",
        "mempcpy",
        "memset",
        "strcpy",
        "stpcpy",
        "strncpy",
        "stpncpy",
        "sprintf",
        "snprintf",
        "vsprintf",
        "vsnprintf",
        "read",
        "pread",
        "pread64",
        "recv",
        "recvfrom",
        "fread",
        "fread_unlocked",
        "fgets",
        "fgets_unlocked",
        "readlink",
        "readlinkat",
    ];
    let place = "located 0 bytes after 24-byte region";
    let cases = functions.map(|name| (name.to_owned(), OVERFLOW, "WRITE of size 25", place));
    reported("intercept_fortified.c", &borrowed(&cases));
    reported(
        "intercept_fortified.c",
        &[
            ("strcat", OVERFLOW, "WRITE of size 24", place),
            ("strncat", OVERFLOW, "WRITE of size 24", place),
            ("getcwd", OVERFLOW, "WRITE of size", place),
        ],
    );
    self_checking("intercept_fortified.c", &["clean"]);
}

#[test]
fn libc_itself_still_ends_the_program_where_it_would() {
    let Some(program) = c_program("intercept_fortified.c") else { return };
    let both = Run::of(&program).arg("both").option("on_error=continue").on("debug");
    both.killed_by(SIGABRT);
    says(&both, OVERFLOW, "WRITE of size 25", "located 0 bytes after 24-byte region");
    assert!(both.stderr.contains("*** buffer overflow detected ***"), "{both:?}");
    // A field of the block overflows, which only the compiler knows of.
    for heap in ["plain", "debug"] {
        let field = Run::of(&program).arg("field").on(heap);
        field.killed_by(SIGABRT);
        assert!(field.stderr.starts_with("*** buffer overflow detected ***"), "{field:?}");
    }
}

#[test]
fn what_was_told_at_the_call_is_not_told_again() {
    let Some(program) = c_program("intercept_told.c") else { return };
    for way in ["free", "realloc", "exit", "next", "freed"] {
        // Only a record knows a block after it was freed.
        for profile in if way == "next" { &CHECKED[..1] } else { CHECKED } {
            let run = Run::of(&program).arg(way).option("intercept=1").option("on_error=continue");
            let outcome = run.on(profile);
            assert_eq!(outcome.exited(0).stdout, "ok\n", "{outcome:?}");
            assert_eq!(Report::all(&outcome.stderr).len(), 1, "{outcome:?}");
        }
    }
}

/// The next owner of the block's memory has errors of its own.
#[test]
fn what_was_told_of_a_block_says_nothing_of_its_successor() {
    let Some(program) = c_program("intercept_told.c") else { return };
    for profile in CANARIES {
        let mut run = Run::of(&program).arg("again").option("on_error=continue");
        for option in ["intercept=1", "ring_kb=1", "quarantine_mb=0"] {
            run = run.option(option);
        }
        let outcome = run.on(profile);
        assert_eq!(outcome.exited(0).stdout, "ok\n", "{outcome:?}");
        let reports = Report::all(&outcome.stderr);
        let actions: Vec<&str> = reports.iter().map(|report| report.action.as_str()).collect();
        assert_eq!(actions.len(), 2, "{outcome:?}");
        assert!(actions[0].contains(" by memcpy in ") && actions[1].contains(" by free in "));
    }
}

#[test]
fn where_the_calls_lead_to_cannot_be_overwritten() {
    let Some(program) = c_program("intercept_slots.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).option("handle_segv=0").on(profile);
        outcome.killed_by(libc::SIGSEGV);
        assert_eq!(outcome.stdout, "found\n", "{outcome:?}");
    }
}
