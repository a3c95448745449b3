//! The parser of `key=value:key=value`. Commas and white space separate as well as colons; a later
//! value of the same option wins; a bad one is complained about and left out, the rest still
//! counts.

use super::nearest::nearest;
use super::{Complaint, Kind, Options, TABLE, find};
use crate::profile::Profile;

/// Changes `options` as `text` says. A `profile=` anywhere in it is applied first, since it resets
/// every option to that profile's default.
pub fn parse(text: &[u8], options: &mut Options, complain: &mut dyn FnMut(Complaint<'_>)) {
    for item in items(text) {
        let mut chosen = Options::for_profile(Profile::DEFAULT);
        if let Some((b"profile", value)) = split(item)
            && set(b"profile", value, &mut chosen).is_ok()
        {
            *options = Options::for_profile(chosen.profile);
        }
    }
    for item in items(text) {
        let Some((name, value)) = split(item) else {
            complain(Complaint::NoValue { name: item, nearest: nearest_name(item) });
            continue;
        };
        // A valid profile was applied above; only its complaint is still to come.
        let mut scratch = *options;
        let target = if name == b"profile" { &mut scratch } else { &mut *options };
        if let Err(complaint) = set(name, value, target) {
            complain(complaint);
        }
    }
}

fn set<'a>(name: &'a [u8], value: &'a [u8], options: &mut Options) -> Result<(), Complaint<'a>> {
    let Some(row) = find(name) else {
        return Err(Complaint::Unknown { name, nearest: nearest_name(name) });
    };
    if (row.read)(options, value) {
        return Ok(());
    }
    let closest = match row.kind {
        Kind::Choice(names) => nearest(value, names.iter().copied()),
        _ => None,
    };
    Err(Complaint::BadValue { option: row, value, nearest: closest })
}

fn nearest_name(name: &[u8]) -> &'static str {
    nearest(name, TABLE.iter().map(|row| row.name)).unwrap_or("profile")
}

fn items(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let separates = |byte: &u8| matches!(byte, b':' | b',') || byte.is_ascii_whitespace();
    text.split(separates).filter(|item| !item.is_empty())
}

fn split(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let position = item.iter().position(|byte| *byte == b'=')?;
    Some((item.get(..position)?, item.get(position + 1..)?))
}
