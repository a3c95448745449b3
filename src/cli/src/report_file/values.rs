//! Objects of two reports as one, whatever fields they have.

use serde_json::{Map, Value};

/// Whole numbers are added, field by field; other values stay only if they agree.
pub fn sums(one: Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    combined(one, other, &|value, add| match (value, add) {
        (Value::Object(inner), Value::Object(others)) => Some(sums(inner, others).into()),
        (value, add) => match (value.as_u64(), add.as_u64()) {
            (Some(number), Some(add)) => Some(number.saturating_add(add).into()),
            _ => (value == *add).then_some(value),
        },
    })
}

/// Values stay only if they agree.
pub fn agreeing(one: Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    combined(one, other, &|value, other| (value == *other).then_some(value))
}

fn combined(
    one: Map<String, Value>,
    other: &Map<String, Value>,
    both: &dyn Fn(Value, &Value) -> Option<Value>,
) -> Map<String, Value> {
    let only_other = other.iter().filter(|(name, _)| !one.contains_key(*name));
    let mut all: Map<_, _> =
        only_other.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in one {
        let value = match other.get(&name) {
            Some(add) => both(value, add),
            None => Some(value),
        };
        if let Some(value) = value {
            all.insert(name, value);
        }
    }
    all
}
