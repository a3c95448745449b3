//! Places in SARIF: a file with its line, and a function. Files are URIs.

use crate::formats::stack;
use crate::report_file::{Frame, frame_name};
use serde_json::{Value, json};
use std::path::Path;

/// The name that stands for the folder which files are relative to.
pub const ROOT: &str = "%SRCROOT%";

/// How files are named.
pub struct Places {
    /// With a slash at the end.
    root: String,
}

impl Places {
    /// Files under `root` are relative to it.
    pub fn under(root: &str) -> Places {
        Places { root: format!("{}/", root.trim_end_matches('/')) }
    }

    /// The root itself.
    pub fn root_uri(&self) -> String {
        uri(&self.root)
    }

    /// A frame as a location.
    pub fn location(&self, frame: &Frame) -> Value {
        let mut location = json!({
            "logicalLocations": [{ "fullyQualifiedName": frame_name(frame), "kind": "function" }],
        });
        if let Some(physical) = self.physical(frame) {
            location["physicalLocation"] = physical;
        }
        location
    }

    /// The source file, else the module.
    fn physical(&self, frame: &Frame) -> Option<Value> {
        let path = frame.file.as_ref().or(frame.module.as_ref())?;
        let mut physical = json!({ "artifactLocation": self.artifact(path) });
        // Lines start at 1; 0 would not be valid.
        if let Some(line) = frame.line.filter(|line| frame.file.is_some() && *line > 0) {
            physical["region"] = json!({ "startLine": line });
        }
        Some(physical)
    }

    fn artifact(&self, path: &str) -> Value {
        let relative = path.strip_prefix(&self.root);
        match relative.or((!path.starts_with('/')).then_some(path)) {
            Some(relative) => json!({ "uri": uri(relative), "uriBaseId": ROOT }),
            None => json!({ "uri": uri(path) }),
        }
    }

    /// A stack as SARIF has it, with what it is the stack of.
    pub fn stack(&self, message: &str, frames: &[Frame]) -> Value {
        let frame = |frame: &Frame| {
            let mut entry = json!({ "location": self.location(frame) });
            if let Some(module) = &frame.module {
                let name = Path::new(module).file_name().map(|name| name.to_string_lossy());
                entry["module"] = name.as_deref().unwrap_or(module).into();
            }
            entry
        };
        let frames: Vec<_> = stack::shown(frames).iter().map(frame).collect();
        json!({ "message": { "text": message }, "frames": frames })
    }
}

/// A path as a URI: absolute ones with their scheme.
pub fn uri(path: &str) -> String {
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(byte.into());
        } else {
            uri += &format!("%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_relative_to_the_root_if_they_are_in_it() {
        let places = Places::under("/home/a b");
        assert_eq!(places.root_uri(), "file:///home/a%20b/");
        let artifact = places.artifact("/home/a b/src/x+y.c");
        assert_eq!(artifact, json!({ "uri": "src/x%2By.c", "uriBaseId": ROOT }));
        assert_eq!(places.artifact("x.c"), json!({ "uri": "x.c", "uriBaseId": ROOT }));
        assert_eq!(places.artifact("/usr/x.c"), json!({ "uri": "file:///usr/x.c" }));
    }

    #[test]
    fn a_line_that_is_not_known_is_left_out() {
        let frame = Frame { file: Some("/a.c".into()), line: Some(0), ..Frame::default() };
        let physical = Places::under("/").physical(&frame).expect("a file");
        assert!(physical.get("region").is_none(), "{physical}");
    }
}
