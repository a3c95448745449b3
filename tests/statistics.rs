//! What `stats=1` and `journey=N` print, in a real process.

mod support;

use std::fs;
use support::{PROFILES, Run, Scratch, c_program};

/// The number before `word` in a text like `operations  12,345 allocations, 12 frees`.
fn number_before(text: &str, word: &str) -> u64 {
    let end = text.find(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    let digits = text[..end].trim_end().rsplit(' ').next().unwrap().replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("no number before `{word}` in {text}"))
}

/// The column `live` in the table of bins, where a bin that was never used has no row.
fn live_slots(text: &str, slot_bytes: &str) -> u64 {
    let mut rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|cells| cells.first() == Some(&slot_bytes));
    row.map_or(0, |cells| cells[3].replace(',', "").parse().expect("a number"))
}

/// How many blocks had guard pages, which are in no bin; in some profiles chance chooses them.
fn guarded_blocks(text: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with("guarded "));
    line.map_or(0, |line| number_before(line, " blocks"))
}

#[test]
fn statistics_come_last_even_when_standard_error_was_closed() {
    let Some(program) = c_program("statistics_late.cpp") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).option("stats=1").on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stdout, "destroyed\n", "{outcome:?}");
        let text = &outcome.stderr;
        assert!(text.starts_with("heapwarden: statistics of process "), "{outcome:?}");
        assert_eq!(text.matches("heapwarden: statistics").count(), 1, "{outcome:?}");
        assert!((1500..1700).contains(&number_before(text, " allocations")), "{outcome:?}");
        assert!((500..700).contains(&number_before(text, " frees")), "{outcome:?}");
        assert!((1000..1200).contains(&number_before(text, " blocks, at most")), "{outcome:?}");
        let calls = text.lines().find(|line| line.starts_with("system calls")).expect("a line");
        assert!(calls.contains("mmap ") && !calls.contains("mmap 0,"), "{outcome:?}");
        let guarded = guarded_blocks(text);
        let [small, large] = ["1,024", "3,072"].map(|slot_bytes| live_slots(text, slot_bytes));
        assert!(small + guarded >= 500, "{outcome:?}");
        assert!(large + guarded >= 500, "before the last destructor: {outcome:?}");
        assert!(small + large + guarded >= 1000, "{outcome:?}");
        match *profile {
            "guard" => assert!(guarded >= 1500 && small + large == 0, "{outcome:?}"),
            // One in 5,000: with more than 30 of 1,501 it would be another number.
            "sample" => assert!(guarded <= 30, "{outcome:?}"),
            _ => assert_eq!(guarded, 0, "{outcome:?}"),
        }
    }
}

#[test]
fn statistics_are_not_written_into_a_file_of_the_program() {
    let Some(program) = c_program("statistics_late.cpp") else { return };
    for profile in PROFILES {
        let folder = Scratch::new();
        let run = Run::of(&program).arg("close").option("stats=1").folder(folder.path());
        let outcome = run.on(profile);
        outcome.exited(0);
        assert!(outcome.stderr.starts_with("heapwarden: statistics of process "), "{outcome:?}");
        assert_eq!(fs::read(folder.path().join("victim")).expect("the file"), b"");
    }
}

#[test]
fn without_the_option_nothing_is_printed() {
    let Some(program) = c_program("statistics_late.cpp") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).on(profile);
        outcome.exited(0);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
    }
}

#[test]
fn the_first_requests_are_shown_step_by_step() {
    let Some(program) = c_program("statistics_late.cpp") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).option("journey=40").on(profile);
        outcome.exited(0);
        let lines: Vec<_> = outcome.stderr.lines().collect();
        assert_eq!(lines.len(), 40, "{outcome:?}");
        for (index, line) in lines.iter().enumerate() {
            let start = format!("heapwarden: journey {}: ", index + 1);
            assert!(line.starts_with(&start), "{line}");
        }
        let shown =
            |parts: &[&str]| lines.iter().any(|line| parts.iter().all(|p| line.contains(p)));
        if *profile == "guard" {
            // The first block's line is full of what its stack took before it came to a heap.
            let guarded = ["malloc(1000) -> 0x", "3 pages from the top", "system call m"];
            assert!(shown(&guarded), "{outcome:?}");
        } else {
            assert!(shown(&["malloc(", "new heap of 4 MiB", "mmap"]), "{outcome:?}");
            assert!(shown(&["malloc(1000) -> 0x", ": cache hit"]), "{outcome:?}");
            let refill = ["new slab of", "(1024-byte slots)", "cache empty, refill"];
            assert!(shown(&refill), "{outcome:?}");
        }
        let freed = if *profile == "plain" { "kept in the cache" } else { "waits in quarantine" };
        assert!(shown(&["free(0x", "): ", freed]), "{outcome:?}");
    }
}
