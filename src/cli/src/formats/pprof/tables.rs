//! The tables of a profile: strings, functions, mappings and locations, each thing once and known
//! by its number.

use super::protobuf::Message;
use crate::report_file::{Frame, Module, frame_name, hexadecimal};
use std::collections::HashMap;

/// Where a module without a known base is put: apart from the others, so that its locations have
/// addresses of their own.
const BASE_STEP: u64 = 1 << 44;
const PAGE: u64 = 4096;

/// All of them.
pub struct Tables<'a> {
    strings: Numbered<String>,
    functions: Numbered<(u64, u64)>,
    locations: Numbered<Location>,
    mappings: Vec<Mapping<'a>>,
}

/// A place in the code; several functions if some were inlined.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Location {
    mapping: u64,
    address: u64,
    /// Function and line, innermost first.
    lines: Vec<(u64, u64)>,
}

struct Mapping<'a> {
    module: &'a Module,
    start: u64,
    limit: u64,
}

impl<'a> Tables<'a> {
    /// Tables with these modules as mappings.
    pub fn new(modules: &'a [Module]) -> Tables<'a> {
        let mapping = |(position, module): (usize, &'a Module)| {
            let known = module.base.as_deref().and_then(hexadecimal);
            let start = known.unwrap_or((position as u64 + 1).wrapping_mul(BASE_STEP));
            Mapping { module, start, limit: start }
        };
        let mut strings = Numbered::default();
        // String 0 is the empty one.
        strings.number(String::new());
        Tables {
            strings,
            functions: Numbered::default(),
            locations: Numbered::default(),
            mappings: modules.iter().enumerate().map(mapping).collect(),
        }
    }

    /// The number of a string.
    pub fn string(&mut self, text: &str) -> u64 {
        self.strings.number(text.to_owned())
    }

    /// The numbers of a stack's locations, innermost first.
    pub fn stack(&mut self, stack: &[Frame]) -> Vec<u64> {
        let mut numbers = Vec::new();
        // A frame that was inlined is at the same location as the next one.
        for frames in stack.chunk_by(|frame, _| frame.inlined) {
            let lines = frames.iter().map(|frame| self.line(frame)).collect();
            let outer = frames.last().cloned().unwrap_or_default();
            let (mapping, address) = self.place(&outer);
            numbers.push(self.locations.number(Location { mapping, address, lines }) + 1);
        }
        numbers
    }

    fn line(&mut self, frame: &Frame) -> (u64, u64) {
        let name = self.string(&frame_name(frame));
        let file = self.string(frame.file.as_deref().unwrap_or_default());
        (self.functions.number((name, file)) + 1, frame.line.unwrap_or(0))
    }

    /// The mapping's number and the address; without a module the address alone.
    fn place(&mut self, frame: &Frame) -> (u64, u64) {
        let raw = hexadecimal(&frame.address).unwrap_or(0);
        let is_of = |mapping: &Mapping<'_>| Some(&mapping.module.path) == frame.module.as_ref();
        let offset = frame.offset.as_deref().and_then(hexadecimal);
        let (Some(position), Some(offset)) = (self.mappings.iter().position(is_of), offset) else {
            return (0, raw);
        };
        let Some(mapping) = self.mappings.get_mut(position) else { return (0, raw) };
        let address = mapping.start.wrapping_add(offset);
        mapping.limit = mapping.limit.max((address | (PAGE - 1)).wrapping_add(1));
        (position as u64 + 1, address)
    }

    /// Adds the tables to a profile.
    pub fn write(mut self, profile: Message) -> Message {
        let mut mappings = Vec::new();
        for (position, mapping) in std::mem::take(&mut self.mappings).iter().enumerate() {
            let path = self.string(&mapping.module.path);
            let build_id = self.string(&mapping.module.build_id);
            let message = Message::default()
                .number(1, position as u64 + 1)
                .number(2, mapping.start)
                .number(3, mapping.limit)
                .number(5, path)
                .number(6, build_id)
                // There are names already: pprof need not look for the files.
                .truth(7, true)
                .truth(8, true)
                .truth(9, true)
                .truth(10, true);
            mappings.push(message);
        }
        let locations = self.locations.list.iter().enumerate().map(|(position, location)| {
            let line = |(function, line): &(u64, u64)| {
                Message::default().number(1, *function).number(2, *line)
            };
            Message::default()
                .number(1, position as u64 + 1)
                .number(2, location.mapping)
                .number(3, location.address)
                .messages(4, location.lines.iter().map(line))
        });
        let functions = self.functions.list.iter().enumerate().map(|(position, (name, file))| {
            // No system name: pprof would take one that is the same for mangled, and cut it.
            Message::default().number(1, position as u64 + 1).number(2, *name).number(4, *file)
        });
        profile
            .messages(3, mappings)
            .messages(4, locations)
            .messages(5, functions)
            .strings(6, self.strings.list.iter().map(String::as_str))
    }
}

/// Things and their positions.
struct Numbered<T> {
    list: Vec<T>,
    known: HashMap<T, u64>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered { list: Vec::new(), known: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, thing: T) -> u64 {
        let next = self.list.len() as u64;
        *self.known.entry(thing).or_insert_with_key(|thing| {
            self.list.push(thing.clone());
            next
        })
    }
}
