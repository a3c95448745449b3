//! What the tests of reports share: made-up facts with made-up names, and comparison with expected
//! files. `UPDATE_EXPECTED=1 cargo test` writes them anew; read the difference before keeping it.

// Each test file is a crate of its own and uses a part of this.
#![allow(dead_code)]

pub mod leaks;

use heapwarden::callsite::Stack;
use heapwarden::report::text::{self, Style};
use heapwarden::report::{
    Access, AccessKind, BlockFacts, BlockState, Detail, Dialect, Event, Facts, Family, Kind,
    ThreadFacts,
};
use heapwarden::symbolize::{Frame, Module, Symbolizer, Variable};
use heapwarden::text::Sink;
use std::path::Path;

/// Where the made-up block lies.
pub const BLOCK: usize = 0x6020_0000_0010;

const PROGRAM: &[u8] = b"/opt/app/bin/server";
const LIBRARY: &[u8] = b"/usr/lib/libc.so.6";

/// Names for a few made-up addresses.
pub struct Names;

impl Symbolizer for Names {
    fn frames(&mut self, address: usize, visit: &mut dyn FnMut(&Frame<'_>)) {
        let frame = |function: &'static str, file: &'static str, line| Frame {
            address,
            function: Some(function),
            file: Some(file),
            line: Some(line),
            module: Some(PROGRAM),
            offset: address - 0x5500_0000_0000,
            build_id: &[0xab, 0x01],
            inlined: false,
        };
        match address {
            0x5500_0000_1000 => {
                visit(&Frame { inlined: true, ..frame("copy_name", "/src/app/name.c", 12) });
                visit(&frame("handle(Request&)", "/src/app/server.cc", 40));
            }
            0x5500_0000_2000 => visit(&frame("main", "/src/app/main.c", 7)),
            0x5500_0000_3000 => visit(&frame("make_name", "/src/app/name.c", 30)),
            0x5500_0000_4000 => visit(&frame("drop_name", "/src/app/name.c", 35)),
            0x5500_0000_5000 => {
                visit(&frame("std::sys::backtrace::__rust_begin_short_backtrace", "std.rs", 1));
            }
            0x7f00_0000_1000 => visit(&Frame {
                address,
                function: Some("free"),
                module: Some(LIBRARY),
                offset: 0x1000,
                build_id: &[0xcd, 0x02],
                ..Frame::default()
            }),
            0x7f00_0000_2000 => visit(&Frame {
                address,
                module: Some(LIBRARY),
                offset: 0x2000,
                build_id: &[0xcd, 0x02],
                ..Frame::default()
            }),
            _ => visit(&Frame { address, ..Frame::default() }),
        }
    }

    fn variable(&mut self, _: usize, visit: &mut dyn FnMut(&Variable<'_>)) {
        visit(&Variable { name: Some("table"), offset: 16, size: 40, module: PROGRAM });
    }

    fn modules(&mut self, visit: &mut dyn FnMut(&Module<'_>)) {
        visit(&Module {
            path: PROGRAM,
            build_id: &[0xab, 0x01],
            bias: 0x5500_0000_0000,
            start: 0x5500_0000_0000,
            end: 0x5500_0001_0000,
        });
    }
}

/// Return addresses; what is looked up is one less.
pub const ACCESS: &[usize] =
    &[0x7f00_0000_1001, 0x5500_0000_1001, 0x5500_0000_2001, 0x7f00_0000_2001];
pub const ALLOCATED: &[usize] = &[0x5500_0000_3001, 0x5500_0000_2001];
pub const FREED: &[usize] = &[0x5500_0000_4001, 0x9999];

pub fn live(size: usize, family: Family) -> BlockFacts<'static> {
    BlockFacts {
        address: BLOCK,
        size,
        family,
        state: BlockState::Live,
        allocated: Some(Event { frames: Stack::Frames(ALLOCATED), thread: 0, tid: 42 }),
        freed: None,
        sequence: 7,
    }
}

pub fn freed(size: usize) -> BlockFacts<'static> {
    BlockFacts {
        state: BlockState::Freed,
        freed: Some(Event { frames: Stack::Frames(FREED), thread: 3, tid: 45 }),
        ..live(size, Family::Malloc)
    }
}

pub fn facts(kind: Kind, address: usize) -> Facts<'static> {
    let mut name = [0; 16];
    name[..6].copy_from_slice(b"worker");
    Facts {
        kind,
        address,
        thread: ThreadFacts { number: 3, tid: 45, name },
        access: Access { kind: AccessKind::Unknown, size: None },
        access_stack: ACCESS,
        access_what: "free",
        registers: None,
        block: None,
        damage: None,
        neighbour: None,
        pointer: None,
        mismatch: None,
        hint: None,
        count: 1,
    }
}

/// Collects what is written.
#[derive(Default)]
pub struct Collected(pub Vec<u8>);

impl Sink for Collected {
    fn take(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
}

pub fn style(dialect: Dialect) -> Style {
    Style {
        dedup_token_length: 0,
        detail: Detail::Full,
        dialect,
        colour: false,
        process: 1234,
        fatal: true,
        strip_path_prefix: b"",
    }
}

pub fn rendered(facts: &Facts<'_>, style: &Style) -> String {
    let mut text = Collected::default();
    text::render(facts, &mut Names, &mut text, style);
    String::from_utf8(text.0).expect("UTF-8")
}

/// Compares with tests/report/expected/`name`.
pub fn assert_expected(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/expected").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, found).expect("the expected file");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{name} differs; expected:\n{expected}\nfound:\n{found}");
}
