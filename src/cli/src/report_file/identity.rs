//! When two stacks are the same. Addresses do not say it: they differ from process to process.
//!
//! Within a run two frames are the same if they are the same line of the same function or, where no
//! name is known, the same offset in the same module. Between two builds lines and offsets move, so
//! there only the names count.

use super::model::Frame;
use std::path::Path;

/// What identifies a stack within a run.
pub fn same_place(stack: &[Frame]) -> String {
    let mut text = String::new();
    for frame in stack {
        match (&frame.function, frame.line) {
            (Some(function), Some(line)) => {
                let file = frame.file.as_deref().unwrap_or_default();
                text += &format!("{function}\n{file}:{line}\n");
            }
            _ => {
                let module = frame.module.as_deref().unwrap_or_default();
                let place = frame.offset.as_deref().unwrap_or(&frame.address);
                text += &format!("{module}+{place}\n");
            }
        }
    }
    text
}

/// What identifies a stack across builds.
pub fn rough(stack: &[Frame]) -> String {
    let mut text = String::new();
    for frame in stack {
        text += &frame_name(frame);
        text.push('\n');
    }
    text
}

/// The function, else `module+0xoffset`, else the address.
pub fn frame_name(frame: &Frame) -> String {
    match (&frame.function, &frame.module, &frame.offset) {
        (Some(function), _, _) => function.clone(),
        (None, Some(module), Some(offset)) => {
            let name = Path::new(module).file_name().map(|name| name.to_string_lossy());
            format!("{}+{offset}", name.as_deref().unwrap_or(module))
        }
        _ if frame.address.is_empty() => "?".into(),
        _ => frame.address.clone(),
    }
}
