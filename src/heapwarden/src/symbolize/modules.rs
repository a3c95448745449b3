//! The modules of this process, from /proc/self/maps, without ld.so and without an allocation;
//! and those that were closed, from the unwinder's list.
//!
//! A module is a file whose start is mapped and is ELF, with a mapping of the same file inside its
//! span from which code can be run; so files that are only read (by us, for instance) do not count.

use super::elf::{BuildId, Loaded};
use super::{Frame, Symbolizer, Variable, maps, process_memory};
use crate::unwind::modules;

const MODULES_MAX: usize = 1024;
const PATH_BYTES_MAX: usize = 128 * 1024;

/// A module.
#[derive(Clone, Copy, Debug)]
pub struct Module<'a> {
    /// The file it was loaded from.
    pub path: &'a [u8],
    /// What identifies its build; empty if it has none.
    pub build_id: &'a [u8],
    /// What was added to the addresses of the file.
    pub bias: usize,
    /// The first address.
    pub start: usize,
    /// The first address behind it.
    pub end: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    loaded: Loaded,
    path_start: usize,
    path_length: usize,
}

const NO_ENTRY: Entry = Entry {
    loaded: Loaded { bias: 0, start: 0, end: 0, build_id: BuildId::NONE },
    path_start: 0,
    path_length: 0,
};

/// The table of modules. All zero is an empty one. Large: not for a small stack.
pub struct Modules {
    count: usize,
    entries: [Entry; MODULES_MAX],
    path_bytes: usize,
    paths: [u8; PATH_BYTES_MAX],
}

impl Modules {
    /// An empty table.
    pub const fn new() -> Modules {
        Modules {
            count: 0,
            entries: [NO_ENTRY; MODULES_MAX],
            path_bytes: 0,
            paths: [0; PATH_BYTES_MAX],
        }
    }

    /// Reads what is mapped now. What does not fit is left out.
    pub fn refresh(&mut self) {
        (self.count, self.path_bytes) = (0, 0);
        self.add_mapped();
        self.add_closed();
    }

    fn add_mapped(&mut self) {
        let mut candidate: Option<(Loaded, u64)> = None;
        maps::each(&mut |mapping| {
            let is_device = mapping.path.starts_with(b"/dev/");
            if mapping.offset == 0 && mapping.readable && !mapping.path.is_empty() && !is_device {
                let loaded = Loaded::at(mapping.start, &process_memory::read);
                candidate = loaded.map(|loaded| (loaded, mapping.inode));
            }
            if let Some((loaded, inode)) = candidate
                && mapping.executable
                && mapping.inode == inode
                && mapping.start < loaded.end
            {
                self.add(&loaded, mapping.path);
                candidate = None;
            }
        });
    }

    /// Adds what the unwinder met and is not mapped any more, unless something else is there now: old
    /// stacks lead through it. Without /proc this is all there is.
    fn add_closed(&mut self) {
        modules::all(&mut |module| {
            let range = module.range();
            if !self.all().any(|other| other.start < range.end && range.start < other.end) {
                let loaded = Loaded {
                    bias: module.base(),
                    start: range.start,
                    end: range.end,
                    build_id: BuildId::of(module.build_id()),
                };
                self.add(&loaded, module.path());
            }
        });
    }

    fn add(&mut self, loaded: &Loaded, path: &[u8]) {
        const DELETED: &[u8] = b" (deleted)";
        let path = path.strip_suffix(DELETED).unwrap_or(path);
        let place = self.paths.get_mut(self.path_bytes..self.path_bytes + path.len());
        let (Some(place), Some(entry)) = (place, self.entries.get_mut(self.count)) else { return };
        place.copy_from_slice(path);
        *entry = Entry { loaded: *loaded, path_start: self.path_bytes, path_length: path.len() };
        self.path_bytes += path.len();
        self.count += 1;
    }

    fn module<'a>(&'a self, entry: &'a Entry) -> Module<'a> {
        let path = self.paths.get(entry.path_start..entry.path_start + entry.path_length);
        Module {
            path: path.unwrap_or(&[]),
            build_id: entry.loaded.build_id.as_bytes(),
            bias: entry.loaded.bias,
            start: entry.loaded.start,
            end: entry.loaded.end,
        }
    }

    /// Every module, in order of addresses.
    pub fn all(&self) -> impl Iterator<Item = Module<'_>> {
        self.entries.iter().take(self.count).map(|entry| self.module(entry))
    }

    /// The module that `address` lies in.
    pub fn find(&self, address: usize) -> Option<Module<'_>> {
        self.all().find(|module| (module.start..module.end).contains(&address))
    }
}

impl Default for Modules {
    fn default() -> Modules {
        Modules::new()
    }
}

/// The cheap answers: module and offset.
impl Symbolizer for Modules {
    fn frames(&mut self, address: usize, visit: &mut dyn FnMut(&Frame<'_>)) {
        visit(&raw_frame(self.find(address).as_ref(), address));
    }

    fn variable(&mut self, address: usize, visit: &mut dyn FnMut(&Variable<'_>)) {
        if let Some(module) = self.find(address) {
            visit(&Variable { name: None, offset: 0, size: 0, module: module.path });
        }
    }

    fn modules(&mut self, visit: &mut dyn FnMut(&Module<'_>)) {
        self.all().for_each(|module| visit(&module));
    }
}

/// What is known of an address without a look into its module's file.
pub(super) fn raw_frame<'a>(module: Option<&Module<'a>>, address: usize) -> Frame<'a> {
    let Some(module) = module else { return Frame { address, ..Frame::default() } };
    Frame {
        address,
        module: Some(module.path),
        offset: address.wrapping_sub(module.bias),
        build_id: module.build_id,
        ..Frame::default()
    }
}
