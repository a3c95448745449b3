//! Texts as the library writes them, and what becomes of them.

use super::*;
use crate::report_file::Error;

const FIRST: &str = "=====\n\
    ==7==ERROR: Heapwarden: heap-buffer-overflow on address 0x000000000a10 at pc 0x1\n\
    WRITE of size 1 at 0x000000000a10, found afterwards by free in thread T0\n\
    \n\
    SUMMARY: Heapwarden: heap-buffer-overflow a.c:1 in make\n\
    ==7==ABORTING\n";
const SECOND: &str = "=====\n\
    ==8==ERROR: Heapwarden: heap-buffer-overflow on address 0x000000000b10 at pc 0x1\n\
    WRITE of size 1 at 0x000000000b10 thread T0\n\
    \n\
    SUMMARY: Heapwarden: heap-buffer-overflow a.c:2 in write\n\
    ==8==ABORTING\n";

fn error(address: &str, rest: &str) -> Error {
    let text = format!(
        r#"{{"kind":"heap-buffer-overflow","address":"{address}","access":{{"type":"write"}},
            "block":{{"size":1}},"alloc_site":"00000001"{rest}}}"#
    );
    serde_json::from_str(&text).expect("an error")
}

fn search() -> Search {
    Search::of(&[(7, &error("0x000000000a10", r#","damage":{"offset":1}"#))])
}

fn found() -> Search {
    let mut search = search();
    let aim = search.aim().expect("something to guard");
    search.learn(2, &aim, &[(8, &error("0x000000000b10", ""))], None);
    search
}

#[test]
fn the_access_stands_before_the_one_summary() {
    let text = combined(FIRST, &[SECOND], &found());
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(at("found afterwards") < at("PINPOINT: seen in run 2"));
    assert!(at("PINPOINT") < at("WRITE of size 1 at 0x000000000b10 thread"));
    assert!(at("0b10 thread") < at("SUMMARY: Heapwarden: heap-buffer-overflow a.c:2 in write"));
    assert_eq!(text.matches("SUMMARY").count(), 1);
    assert_eq!(text.matches("ERROR").count(), 1);
    assert!(text.ends_with("==7==ABORTING\n"));
}

#[test]
fn the_kind_is_what_it_turned_out_to_be() {
    let second = SECOND.replace("overflow", "underflow");
    let mut search = search();
    let aim = search.aim().expect("something to guard");
    let mut seen = error("0x000000000b10", "");
    seen.kind = "heap-buffer-underflow".into();
    search.learn(2, &aim, &[(8, &seen)], None);
    let text = combined(FIRST, &[&second], &search);
    assert!(text.starts_with("=====\n==7==ERROR: Heapwarden: heap-buffer-underflow on address"));
    assert!(text.contains("(run 1 took it for heap-buffer-overflow):\n"), "{text}");
}

#[test]
fn one_that_was_not_seen_says_so_before_its_summary() {
    let mut search = search();
    let aim = search.aim().expect("something to guard");
    search.learn(2, &aim, &[], None);
    let text = combined(FIRST, &[], &search);
    let (before, after) = text.split_once("SUMMARY").expect("a summary");
    assert!(before.contains("PINPOINT: not seen. Run 2, guard pages for"), "{text}");
    assert!(before.ends_with("no error. The program does not do the same each time.\n"), "{text}");
    assert!(after.contains("a.c:1 in make"), "{text}");
}

#[test]
fn reports_of_one_line_follow_each_other() {
    let line = |process, address| {
        format!("=={process}==ERROR: Heapwarden: heap-buffer-overflow on address {address}: W\n")
    };
    let first = line(7, "0x000000000a10") + "==7==ABORTING\n";
    let text = combined(&first, &[&line(8, "0x000000000b10")], &found());
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("==7==ERROR") && lines[1].starts_with("PINPOINT: seen"));
    assert!(lines[2].starts_with("==8==ERROR") && lines[3] == "==7==ABORTING", "{text}");
}

#[test]
fn without_anything_to_find_the_text_stays_as_it_is() {
    assert_eq!(combined(FIRST, &[], &Search::of(&[])), FIRST);
}
