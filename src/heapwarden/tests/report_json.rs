//! JSON records: the fields of the schema, and hostile contents.

mod report;

use heapwarden::callsite::counters::Counters;
use heapwarden::leaks::facts::Check;
use heapwarden::report::{
    Access, AccessKind, Damage, Expected, Facts, Family, Hidden, Kind, LeakFacts, json,
};
use heapwarden::text::Writer;
use report::{BLOCK, Collected, Names, assert_expected, facts, freed, leaks, live};
use serde_json::Value;

fn record(facts: &Facts<'_>) -> String {
    let mut text = Collected::default();
    json::record(facts, &mut Names, &mut Writer::new(&mut text));
    String::from_utf8(text.0).expect("UTF-8")
}

#[test]
fn a_record_has_the_fields_of_the_schema() {
    let facts = Facts {
        block: Some(freed(24)),
        neighbour: Some(live(8, Family::New)),
        access: Access { kind: AccessKind::Write, size: Some(2) },
        damage: Some(Damage {
            offset: -3,
            bytes: &[1, 0xff],
            expected: Expected::Fill(0xdf),
            changed: 2,
        }),
        ..facts(Kind::HeapUseAfterFree, BLOCK - 3)
    };
    let text = record(&facts);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let pretty = serde_json::to_string_pretty(&value).expect("JSON");
    assert_expected("record.json", &(pretty + "\n"));
    for (pointer, expected) in [
        ("/kind", Value::from("heap-use-after-free")),
        ("/address", Value::from("0x60200000000d")),
        ("/access/type", Value::from("write")),
        ("/access/size", Value::from(2)),
        ("/block/offset", Value::from(-3)),
        ("/block/state", Value::from("freed")),
        ("/damage/offset", Value::from(-3)),
        ("/damage/bytes", Value::from("01ff")),
        ("/stack/1/inlined", Value::from(true)),
        ("/stack/2/function", Value::from("handle(Request&)")),
        ("/alloc_stack/0/line", Value::from(30)),
        ("/free_stack/0/offset", Value::from("0x4000")),
        ("/count", Value::from(1)),
    ] {
        assert_eq!(value.pointer(pointer), Some(&expected), "{pointer} in {text}");
    }
    // The count comes first, in its place: it is overwritten later.
    assert!(text.starts_with("{\"count\": 1                   , \"kind\""), "{text}");
}

#[test]
fn names_of_any_bytes_give_valid_json() {
    let mut name = [0; 16];
    name[..12].copy_from_slice(b"\"\\\n\x01\xff\xc3\xa4\x7f\t{}\xf0");
    let mut facts = facts(Kind::InvalidFree, BLOCK);
    facts.thread.name = name;
    let value: Value = serde_json::from_str(&record(&facts)).expect("JSON");
    let found = value.pointer("/thread/name").and_then(Value::as_str);
    assert_eq!(found, Some("\"\\\n\u{1}\u{fffd}ä\u{7f}\t{}\u{fffd}"));
}

#[test]
fn leaks_have_the_fields_of_the_schema() {
    let records = leaks::records();
    let check = leaks::check(&records, &[]);
    let hidden = [Hidden { template: b"make_\"name", tally: leaks::tally(28, 1) }];
    let facts = LeakFacts { hidden: &hidden, ..leaks::facts(&check) };
    let mut text = Collected::default();
    json::leaks(&facts, &mut Names, &mut Writer::new(&mut text));
    let value: Value = serde_json::from_slice(&text.0).expect("JSON");
    for (pointer, expected) in [
        ("/definite/bytes", Value::from(1104)),
        ("/indirect/blocks", Value::from(2)),
        ("/possible/blocks", Value::from(1)),
        ("/reachable/bytes", Value::from(12_288)),
        ("/records/0/kind", Value::from("definite")),
        ("/records/0/bytes", Value::from(1056)),
        ("/records/0/retained_bytes", Value::from(64)),
        ("/records/0/retained_blocks", Value::from(2)),
        ("/records/0/cycle", Value::from(false)),
        ("/records/0/thread", Value::from(3)),
        ("/records/0/stack/0/function", Value::from("make_name")),
        ("/records/1/cycle", Value::from(true)),
        ("/records/1/edges/0/from_offset", Value::from(16)),
        ("/records/1/edges/1/to_offset", Value::from(8)),
        ("/records/1/edges/1/to", Value::from("0x602000000010")),
        ("/records/1/edges/0/stack/0/line", Value::from(30)),
        ("/records/4/kind", Value::from("reachable")),
        ("/suppressed/0/template", Value::from("make_\"name")),
        ("/coverage/threads_stopped", Value::from(3)),
    ] {
        assert_eq!(value.pointer(pointer), Some(&expected), "{pointer} in {value}");
    }
    assert_eq!(value.pointer("/records/2/stack"), None, "nothing is known of it");
}

#[test]
fn a_dangling_pointer_is_an_error_with_a_holder() {
    let found = leaks::dangling();
    let check = Check { dangling: &found, ..leaks::nothing() };
    let facts = leaks::facts(&check);
    let values = found.iter().map(|found| {
        let mut text = Collected::default();
        json::dangling(&facts, found, &mut Names, &mut Writer::new(&mut text));
        assert!(text.0.starts_with(b"{\"count\": 1                   , \"kind\""));
        serde_json::from_slice::<Value>(&text.0).expect("JSON")
    });
    let values: Vec<Value> = values.collect();
    let kinds = values.iter().filter_map(|value| value.pointer("/holder/type")?.as_str());
    let expected = ["global", "stack", "thread-local", "register", "registered", "block", "stack"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    for (index, pointer, expected) in [
        (0, "/kind", Value::from("dangling-pointer")),
        (0, "/address", Value::from("0x602000000014")),
        (0, "/block/offset", Value::from(4)),
        (0, "/block/free_thread", Value::from(2)),
        (0, "/holder/name", Value::from("table")),
        (0, "/holder/offset", Value::from(16)),
        (0, "/free_stack/0/function", Value::from("drop_name")),
        (0, "/alloc_stack/0/function", Value::from("make_name")),
        (1, "/holder/tid", Value::from(45)),
        (5, "/holder/stack/0/function", Value::from("make_name")),
        (5, "/holder/offset", Value::from(8)),
    ] {
        assert_eq!(values[index].pointer(pointer), Some(&expected), "{pointer} of {index}");
    }
    assert_eq!(values[3].pointer("/holder/address"), None, "a register has none");
}

#[test]
fn call_sites_have_the_fields_of_the_schema() {
    let counters = Counters {
        allocations: 9,
        bytes: 900,
        live_blocks: 2,
        live_bytes: 200,
        peak_bytes: 500,
        short_lived: 4,
    };
    let sites = [(1, counters), (0, Counters { allocations: 1, ..Counters::default() })];
    let mut text = Collected::default();
    json::callsites(&sites, leaks::stack, &mut Names, &mut Writer::new(&mut text));
    let value: Value = serde_json::from_slice(&text.0).expect("JSON");
    for (pointer, expected) in [
        ("/0/stack/0/function", Value::from("make_name")),
        ("/0/allocations", Value::from(9)),
        ("/0/bytes", Value::from(900)),
        ("/0/live_blocks", Value::from(2)),
        ("/0/live_bytes", Value::from(200)),
        ("/0/peak_bytes", Value::from(500)),
        ("/0/short_lived", Value::from(4)),
        ("/1/allocations", Value::from(1)),
    ] {
        assert_eq!(value.pointer(pointer), Some(&expected), "{pointer} in {value}");
    }
}
