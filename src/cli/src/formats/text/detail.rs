//! What an error has beyond its sentence and its stacks: damage, holder, mismatch, hint.

use super::number::counted;
use crate::formats::stack::{headline, printable};
use crate::report_file::{Error, Holder, Pinpointed};
use serde_json::{Map, Value};

/// Bytes that are shown of a damage.
const BYTES_MAX: usize = 16;

pub fn write(text: &mut String, error: &Error) {
    if let Some(damage) = &error.damage {
        *text += &format!("   damage: {}\n", damaged(damage));
    }
    if let Some(pinpoint) = &error.pinpoint {
        *text += &format!("   pinpoint: {}\n", pinpointed(pinpoint));
    }
    for (name, value) in &error.rest {
        *text += &format!("   {name}: {}\n", told(value));
    }
    if let Some(hint) = &error.hint {
        *text += &format!("   hint: {}\n", printable(hint));
    }
}

/// `seen in run 2; first found afterwards by free: 1 byte changed; ..`.
fn pinpointed(pinpoint: &Pinpointed) -> String {
    let mut text = match (pinpoint.seen, pinpoint.run, &pinpoint.why) {
        (true, Some(run), _) => format!("seen in run {run}"),
        (true, None, _) => "seen".into(),
        (false, _, Some(why)) => format!("not seen. {}", printable(why)),
        (false, _, None) => "not seen".into(),
    };
    if let Some(late) = &pinpoint.late {
        text += &format!("; first found afterwards by {}", printable(&late.access.found_by));
        if let Some(damage) = &late.damage {
            text += &format!(": {}", damaged(damage));
        }
    }
    text
}

/// `2 bytes changed; from offset 8 on: 41 00`.
fn damaged(damage: &Map<String, Value>) -> String {
    let number = |name| damage.get(name).and_then(Value::as_i64).unwrap_or_default();
    let changed = counted(number("changed").unsigned_abs(), "byte");
    let digits = damage.get("bytes").and_then(Value::as_str).unwrap_or_default().as_bytes();
    let pairs: Vec<_> = digits.chunks(2).map(String::from_utf8_lossy).collect();
    let shown = printable(&pairs.get(..BYTES_MAX).unwrap_or(&pairs).join(" "));
    let more = if pairs.len() > BYTES_MAX { " .." } else { "" };
    format!("{changed} changed; from offset {} on: {shown}{more}", number("offset"))
}

/// `a global variable, table +8`.
pub fn held_by(holder: &Holder) -> String {
    let place = match holder.kind.as_str() {
        "global" => "a global variable",
        "stack" => "a stack",
        "thread-local" => "thread-local memory",
        "register" => "a register",
        "registered" => "a registered range",
        "block" => "a live block",
        other => other,
    };
    let mut text = place.to_owned();
    if let Some(name) = &holder.name {
        text += &format!(", {}", printable(name));
    }
    if let Some(offset) = holder.offset {
        text += &format!(" +{offset}");
    }
    if !holder.stack.is_empty() {
        text += &format!(", allocated by {}", headline(&holder.stack));
    }
    text
}

/// A value that later versions or other kinds have: `allocated malloc, released new`.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{name} {}", told(value));
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        Value::Array(list) => counted(list.len() as u64, "value"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pinpoint: &str) -> String {
        let text = format!(r#"{{"kind":"heap-corruption","pinpoint":{pinpoint}}}"#);
        let mut told = String::new();
        write(&mut told, &serde_json::from_str(&text).expect("an error"));
        told
    }

    #[test]
    fn what_pinpoint_found_out_is_a_line() {
        let late =
            r#"{"access":{"found_by":"free"},"damage":{"changed":2,"offset":8,"bytes":"4100"}}"#;
        let seen = told(&format!(r#"{{"seen":true,"run":2,"late":{late}}}"#));
        let expected = "   pinpoint: seen in run 2; first found afterwards by free: \
                        2 bytes changed; from offset 8 on: 41 00\n";
        assert_eq!(seen, expected);
        let not_seen = told(r#"{"seen":false,"why":"Run 2: no error."}"#);
        assert_eq!(not_seen, "   pinpoint: not seen. Run 2: no error.\n");
    }
}
