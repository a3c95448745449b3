//! JSON records: the fields of the schema, and hostile contents.

mod report;

use heapwarden::report::{Access, AccessKind, Damage, Expected, Facts, Family, Kind, json};
use heapwarden::text::Writer;
use report::{BLOCK, Collected, Names, assert_expected, facts, freed, live};
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
