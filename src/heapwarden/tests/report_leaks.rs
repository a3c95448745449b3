//! Reports about leaks, word for word.

mod report;

use heapwarden::leaks::Level;
use heapwarden::leaks::facts::{Check, Coverage, LeakKind, Tally};
use heapwarden::report::text::{self, Style};
use heapwarden::report::{Dialect, Hidden, LeakFacts, SiteChange};
use report::leaks::{COVERAGE, check, dangling, facts, nothing, records, tally};
use report::{Collected, Names, assert_expected, style};

fn rendered(facts: &LeakFacts<'_>, style: &Style) -> String {
    let mut text = Collected::default();
    text::render_leaks(facts, &mut Names, &mut text, style);
    String::from_utf8(text.0).expect("UTF-8")
}

fn own() -> Style {
    style(Dialect::Heapwarden)
}

const CHANGES: [SiteChange; 3] = [
    SiteChange { site: 1, before: tally(100, 9), now: tally(4300, 12) },
    SiteChange { site: 2, before: tally(24, 1), now: tally(0, 0) },
    SiteChange { site: 0, before: tally(0, 0), now: tally(7, 1) },
];

const HIDDEN: [Hidden<'static>; 2] = [
    Hidden { template: b"make_name", tally: tally(28, 1) },
    Hidden { template: b"^lib*.so$", tally: tally(1_000_000, 20) },
];

#[test]
fn a_summary_shows_what_is_lost_and_a_few_frames() {
    let records = records();
    let check = check(&records, &[]);
    assert_expected("leaks_summary.txt", &rendered(&facts(&check), &own()));
}

#[test]
fn the_top_records_are_shown_and_the_others_counted() {
    let records = records();
    let check = check(&records, &[]);
    let text = rendered(&LeakFacts { top: 1, ..facts(&check) }, &own());
    assert!(text.contains("(record 1 of 3)") && !text.contains("(record 2 of 3)"), "{text}");
    assert!(text.contains("\n2 more records; leaks=full shows all"), "{text}");
}

#[test]
fn the_full_report_has_every_record_and_whole_stacks() {
    let records = records();
    let check = check(&records, &[]);
    let facts = LeakFacts { level: Level::Full, top: 1, ..facts(&check) };
    assert_expected("leaks_full.txt", &rendered(&facts, &own()));
}

#[test]
fn tools_that_know_leak_sanitizer_find_its_words() {
    let records = records();
    let check = check(&records, &[]);
    let facts = LeakFacts { hidden: &HIDDEN, ..facts(&check) };
    assert_expected("leaks_asan.txt", &rendered(&facts, &style(Dialect::Asan)));
}

#[test]
fn nothing_is_said_when_there_is_nothing_to_say() {
    let check = nothing();
    for dialect in [Dialect::Heapwarden, Dialect::Asan] {
        for level in [Level::Summary, Level::Full] {
            let text = rendered(&LeakFacts { level, ..facts(&check) }, &style(dialect));
            assert_eq!(text, "");
        }
    }
}

#[test]
fn what_is_only_possibly_lost_is_told_when_all_is_wanted() {
    let records = [report::leaks::record(LeakKind::Possible, 1, tally(9, 1))];
    let totals = [Tally::default(), Tally::default(), tally(9, 1), Tally::default()];
    let check = Check { totals, records: &records, ..nothing() };
    assert_eq!(rendered(&facts(&check), &own()), "");
    let text = rendered(&LeakFacts { level: Level::Full, ..facts(&check) }, &own());
    assert!(text.contains("\n9 bytes in 1 block are possibly lost (record 1 of 1)"), "{text}");
    assert!(!text.contains("SUMMARY"), "{text}");
}

#[test]
fn who_asks_is_answered_and_told_what_changed() {
    let check = nothing();
    let facts = LeakFacts {
        asked: true,
        change: Some(&CHANGES),
        found_by: "the report signal",
        hidden: &HIDDEN,
        ..facts(&check)
    };
    assert_expected("leaks_asked.txt", &rendered(&facts, &own()));
    let text = rendered(&LeakFacts { top: 1, ..facts }, &own());
    assert!(text.contains("in make_name\n    and at 2 other places\n"), "{text}");
}

#[test]
fn the_first_report_knows_of_no_change() {
    let check = nothing();
    let text = rendered(&LeakFacts { asked: true, ..facts(&check) }, &own());
    assert!(text.starts_with("==1234==Heapwarden: no leaks seen by exit check\n"), "{text}");
    assert!(!text.contains("since the last report"), "{text}");
}

#[test]
fn what_was_not_looked_at_is_said() {
    let missed = Coverage { threads_missed: 2, ..COVERAGE };
    let blind = Coverage { no_memory: true, ..Coverage::default() };
    let records = records();
    let found = Check { coverage: missed, ..check(&records, &[]) };
    let text = rendered(&facts(&found), &own());
    assert!(text.contains("\n2 threads could not be stopped: "), "{text}");
    let found = Check { coverage: blind, totals: [Tally::default(); 4], ..nothing() };
    let text = rendered(&facts(&found), &own());
    assert_eq!(text, "==1234==Heapwarden: no memory for a leak check, nothing is known of leaks\n");
}

#[test]
fn pointers_into_freed_blocks_are_told_by_block() {
    let dangling = dangling();
    let check = Check { dangling: &dangling, ..nothing() };
    assert_expected("dangling_pointers.txt", &rendered(&facts(&check), &own()));
    let text = rendered(&LeakFacts { top: 1, ..facts(&check) }, &own());
    assert!(text.contains("\n1 more freed block with pointers to it; leaks=full"), "{text}");
}

#[test]
fn a_record_without_a_stack_says_so() {
    let records = [report::leaks::record(LeakKind::Definite, 0, tally(2, 2))];
    let check = check(&records, &[]);
    let text = rendered(&facts(&check), &own());
    assert!(text.contains("allocated by thread T0, no stack was kept\n\n"), "{text}");
}
