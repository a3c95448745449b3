//! One file: read, judged, understood. Whatever is wrong with it is one sentence with its name.

use super::model::{Report, SCHEMA};
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::{Category, Error};
use std::io::Read;
use std::path::Path;

/// What is looked at before the rest is believed.
#[derive(Deserialize)]
struct Version {
    schema: Option<Value>,
}

/// The report in a file; else the sentence.
pub fn report(path: &Path) -> Result<Report, String> {
    let is_input = path == Path::new("-");
    let name = if is_input { "standard input".into() } else { path.display().to_string() };
    let mut bytes = Vec::new();
    let result = if is_input {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    result.map_err(|error| format!("{name}: {error}"))?;
    parse(&bytes).map_err(|what| format!("{name} {what}"))
}

fn parse(bytes: &[u8]) -> Result<Report, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty: the process has not written its report".into());
    }
    // Two passes: the first one checks the syntax of all of it, and what kind of file it is.
    let version: Version = serde_json::from_slice(bytes).map_err(|error| complaint(&error))?;
    match version.schema {
        None => return Err("is JSON, but no report of Heapwarden: it has no `schema`".into()),
        Some(schema) if schema.as_u64() != Some(SCHEMA) => {
            return Err(format!("is of schema {schema}; this version reads schema {SCHEMA}"));
        }
        Some(_) => {}
    }
    serde_json::from_slice(bytes).map_err(|error| complaint(&error))
}

fn complaint(error: &Error) -> String {
    match error.classify() {
        Category::Eof => {
            format!("is cut off: it ends in the middle of line {}", error.line())
        }
        Category::Syntax => format!("is not JSON: {error}"),
        Category::Data | Category::Io => format!("is no report of schema {SCHEMA}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_bad_file_has_its_sentence() {
        for (text, start) in [
            (" \n", "is empty"),
            ("{\"schema\": 1, \"errors\": [", "is cut off"),
            ("{\"schema\": 1, \"pid\": \"a", "is cut off"),
            ("==4711==ERROR", "is not JSON: "),
            ("{\"schema\": 1} {", "is not JSON: "),
            ("{}", "is JSON, but no report of Heapwarden"),
            ("[1]", "is no report of schema 1"),
            ("{\"schema\": 2, \"errors\": 5}", "is of schema 2; this version reads schema 1"),
            ("{\"schema\": \"x\"}", "is of schema \"x\""),
            ("{\"schema\": 1, \"errors\": 5}", "is no report of schema 1: "),
            ("{\"schema\": 1, \"callsites\": [{\"bytes\": -1}]}", "is no report of schema 1: "),
        ] {
            let sentence = parse(text.as_bytes()).expect_err(text);
            assert!(sentence.starts_with(start), "{text}: {sentence}");
            assert_eq!(sentence.lines().count(), 1);
        }
    }

    #[test]
    fn every_part_that_is_missing_is_just_missing() {
        let report = parse(b"{\"schema\": 1}").expect("a report");
        assert!(report.errors.is_empty() && report.leaks.is_none() && report.callsites.is_none());
    }

    #[test]
    fn what_is_not_known_is_written_again() {
        let text = r#"{"schema":1,"later":[1],"callsites":[{"stack":[],"short_lived":3}]}"#;
        let report = parse(text.as_bytes()).expect("a report");
        let again = serde_json::to_value(&report).expect("it can be written");
        assert_eq!(again["later"][0], 1);
        assert_eq!(again["callsites"][0]["short_lived"], 3);
    }
}
