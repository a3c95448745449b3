//! Names for frames that have none: reports are made without them by `symbolize=0`.
//!
//! A module's file is believed only if it has the build id that the report gives: another build
//! would give wrong names, and a wrong name is worse than none.

use super::model::{Frame, Module, Report, hexadecimal};
use heapwarden::symbolize::{self, Symbols};
use std::collections::HashMap;

/// Names every frame that can be named.
pub fn add(report: &mut Report) {
    let modules = std::mem::take(&mut report.modules);
    let mut names = Names { modules: &modules, symbols: Symbols::new(), known: HashMap::new() };
    report.each_stack(&mut |stack| {
        if stack.iter().any(is_bare) {
            *stack = stack.drain(..).flat_map(|frame| names.of(frame)).collect();
        }
    });
    report.modules = modules;
}

fn is_bare(frame: &Frame) -> bool {
    frame.function.is_none() && frame.file.is_none()
}

struct Names<'a> {
    modules: &'a [Module],
    symbols: Symbols,
    /// Stacks share most of their frames.
    known: HashMap<(String, String), Vec<Frame>>,
}

impl Names<'_> {
    /// The frames that one frame stands for, inlined ones first; itself if nothing is known.
    fn of(&mut self, frame: Frame) -> Vec<Frame> {
        let (Some(module), Some(offset)) = (&frame.module, &frame.offset) else {
            return vec![frame];
        };
        if !is_bare(&frame) {
            return vec![frame];
        }
        let key = (module.clone(), offset.clone());
        if !self.known.contains_key(&key) {
            let found = self.find(module, offset).unwrap_or_default();
            self.known.insert(key.clone(), found);
        }
        match self.known.get(&key) {
            Some(found) if !found.is_empty() => {
                let of_address =
                    |name: &Frame| Frame { address: frame.address.clone(), ..name.clone() };
                found.iter().map(of_address).collect()
            }
            _ => vec![frame],
        }
    }

    fn find(&mut self, path: &str, offset: &str) -> Option<Vec<Frame>> {
        let mut loads = self.modules.iter().filter(|module| module.path == path);
        let module = loads.next()?;
        // Two builds under one name: nobody knows which of them the frame is from.
        if loads.any(|other| other.build_id != module.build_id) {
            return None;
        }
        let build_id = bytes(&module.build_id).filter(|id| !id.is_empty())?;
        let address = usize::try_from(hexadecimal(offset)?).ok()?;
        let path_bytes = path.as_bytes();
        let file =
            symbolize::Module { path: path_bytes, build_id: &build_id, bias: 0, start: 0, end: 0 };
        let mut frames = Vec::new();
        self.symbols.frames_in(&file, address, &mut |found| {
            frames.push(Frame {
                address: String::new(),
                function: found.function.map(str::to_owned),
                file: found.file.map(str::to_owned),
                line: found.line.map(u64::from),
                module: Some(path.to_owned()),
                offset: Some(offset.to_owned()),
                inlined: found.inlined,
            });
        });
        Some(frames)
    }
}

/// The bytes behind digits.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
