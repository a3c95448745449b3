//! One error or leak record as a result.

use super::place::Places;
use crate::formats::stack::{self, blamed};
use crate::formats::text::{error_sentence, event, leak_sentence};
use crate::report_file::{Error, Frame, LeakRecord, rough};
use heapwarden::leaks::facts::LeakKind;
use heapwarden::report::Kind;
use serde_json::{Value, json};

/// An error.
pub fn of_error(error: &Error, places: &Places) -> Value {
    let finder = error.access.found_by.as_str();
    let by = if error.damage.is_some() && !finder.is_empty() { ", by " } else { "" };
    let last = format!("{} here{by}{}", event(error), if by.is_empty() { "" } else { finder });
    let holder = error.holder.as_ref().map_or(&[][..], |holder| &holder.stack);
    // In the order of time.
    let stacks: [(&str, &[Frame]); 4] = [
        ("the block with the pointer was allocated here", holder),
        ("allocated here", &error.alloc_stack),
        ("freed here", &error.free_stack),
        (&last, &error.stack),
    ];
    let mut result = result(&error.kind, "error", &error_sentence(error), &stacks, places);
    set_location(&mut result, stack::of_error(error), places);
    result["occurrenceCount"] = error.count.max(1).into();
    let print = [&error.kind, &rough(&error.stack), &rough(&error.alloc_stack)];
    set_fingerprint(&mut result, &print.map(String::as_str));
    result
}

/// A leak record.
pub fn of_leak(record: &LeakRecord, places: &Places) -> Value {
    let level = match record.kind.as_str() {
        kind if kind == LeakKind::Definite.id() => "error",
        kind if kind == LeakKind::Reachable.id() => "note",
        _ => "warning",
    };
    let stacks: [(&str, &[Frame]); 1] = [("allocated here", &record.stack)];
    let mut result = result(Kind::Leak.id(), level, &leak_sentence(record), &stacks, places);
    set_location(&mut result, &record.stack, places);
    result["properties"] =
        json!({ "leakKind": record.kind, "bytes": record.bytes, "blocks": record.blocks });
    set_fingerprint(&mut result, &[Kind::Leak.id(), &record.kind, &rough(&record.stack)]);
    result
}

fn result(
    kind: &str,
    level: &str,
    message: &str,
    stacks: &[(&str, &[Frame])],
    places: &Places,
) -> Value {
    let known = stacks.iter().filter(|(_, frames)| !frames.is_empty());
    let (mut whole, mut steps) = (Vec::new(), Vec::new());
    for (what, frames) in known {
        whole.push(places.stack(what, frames));
        if let Some(frame) = blamed(frames) {
            let mut location = places.location(frame);
            location["message"] = json!({ "text": what });
            let order = steps.len() + 1;
            steps.push(json!({ "location": location, "executionOrder": order }));
        }
    }
    let mut result =
        json!({ "ruleId": kind, "level": level, "message": { "text": message }, "stacks": whole });
    if let Some(index) = Kind::ALL.iter().position(|known| known.id() == kind) {
        result["ruleIndex"] = index.into();
    }
    if !steps.is_empty() {
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    result
}

fn set_location(result: &mut Value, stack: &[Frame], places: &Places) {
    let location = blamed(stack).map(|frame| places.location(frame));
    result["locations"] = location.into_iter().collect();
}

fn set_fingerprint(result: &mut Value, parts: &[&str]) {
    let sum = fnv1a(parts.join("\n").as_bytes());
    result["partialFingerprints"] = json!({ "heapwardenStacks/v1": format!("{sum:016x}") });
}

/// FNV-1a: results keep their identity for years, so the function must never change.
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_the_published_function() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn fingerprints_do_not_move_with_lines() {
        let frame =
            |line| Frame { function: Some("f".into()), line: Some(line), ..Frame::default() };
        let record = |line| LeakRecord { stack: vec![frame(line)], ..LeakRecord::default() };
        let places = Places::under("/");
        let print = |line| of_leak(&record(line), &places)["partialFingerprints"].clone();
        assert_eq!(print(1), print(2));
    }
}
