//! Text reports, word for word: every kind in both dialects, and what parsers of ASan look for.

mod report;

use heapwarden::report::text::Style;
use heapwarden::report::{
    Access, AccessKind, BlockFacts, Damage, Detail, Dialect, Expected, Facts, Family, Kind,
    LayoutFacts, Mismatch, Pointer, Registers,
};
use report::{BLOCK, assert_expected, facts, freed, live, rendered, style};

const WRITE: AccessKind = AccessKind::Write;
const CANARY: [u8; 24] = [0x9d; 24];

/// A report of every kind, and variants of some.
fn all() -> Vec<(&'static str, Facts<'static>)> {
    let write = |size| Access { kind: WRITE, size: Some(size) };
    let overflow = Damage {
        offset: 24,
        bytes: b"ABC\0\x9d\x9d\x9d\x9d",
        expected: Expected::Canary(&CANARY),
        changed: 4,
    };
    let underflow = Damage { offset: -8, bytes: &[0x9d, 0x9d, 7, 7, 7, 0x9d, 0x9d, 7], ..overflow };
    let mut dirty = [0xdf; 200];
    dirty[8..12].copy_from_slice(b"late");
    dirty[150] = 0;
    let dirty: &'static [u8] = Box::leak(Box::new(dirty));
    let after_free = Damage { offset: 0, bytes: dirty, expected: Expected::Fill(0xdf), changed: 5 };
    let neighbour = BlockFacts { address: BLOCK - 32, size: 20, ..live(20, Family::New) };
    let layout = |size, alignment| LayoutFacts { size, alignment };
    let pc = 0x5500_0000_2000;
    vec![
        (
            "overflow_found_by_free",
            Facts {
                block: Some(live(24, Family::Malloc)),
                damage: Some(overflow),
                access: write(4),
                ..facts(Kind::HeapBufferOverflow, BLOCK + 24)
            },
        ),
        (
            "overflow_seen_in_memcpy",
            Facts {
                block: Some(live(24, Family::NewArray)),
                access: Access { kind: AccessKind::Read, size: Some(30) },
                access_what: "memcpy",
                ..facts(Kind::HeapBufferOverflow, BLOCK + 24)
            },
        ),
        (
            "overflow_at_a_guard_page",
            Facts {
                block: Some(live(24, Family::Malloc)),
                access: Access { kind: WRITE, size: Some(1) },
                access_stack: &[0x5500_0000_2000, 0x7f00_0000_2001],
                registers: Some(Registers { pc, bp: 0x7ffe_0000_1000, sp: 0x7ffe_0000_0f00 }),
                access_what: "fault",
                ..facts(Kind::HeapBufferOverflow, BLOCK + 27)
            },
        ),
        (
            "underflow_with_a_neighbour",
            Facts {
                block: Some(live(24, Family::Malloc)),
                damage: Some(underflow),
                neighbour: Some(neighbour),
                access: Access { kind: WRITE, size: None },
                ..facts(Kind::HeapBufferUnderflow, BLOCK - 6)
            },
        ),
        (
            "use_after_free_found_by_quarantine",
            Facts {
                block: Some(freed(200)),
                damage: Some(after_free),
                access: Access { kind: WRITE, size: None },
                access_what: "quarantine check",
                ..facts(Kind::HeapUseAfterFree, BLOCK + 8)
            },
        ),
        ("double_free", Facts { block: Some(freed(24)), ..facts(Kind::DoubleFree, BLOCK) }),
        (
            "invalid_free_interior",
            Facts {
                block: Some(live(100, Family::Malloc)),
                pointer: Some(Pointer::Interior),
                ..facts(Kind::InvalidFree, BLOCK + 16)
            },
        ),
        (
            "mismatch_of_families",
            Facts {
                block: Some(live(24, Family::NewArray)),
                mismatch: Some(Mismatch::Families {
                    allocated: Family::NewArray,
                    released: Family::Malloc,
                }),
                hint: Some("alloc_dealloc_mismatch=0 switches this check off"),
                ..facts(Kind::AllocDeallocMismatch, BLOCK)
            },
        ),
        (
            "mismatch_of_sizes",
            Facts {
                block: Some(live(24, Family::New)),
                access_what: "operator delete",
                mismatch: Some(Mismatch::Layouts {
                    allocated: layout(24, 0),
                    released: layout(16, 0),
                }),
                ..facts(Kind::NewDeleteTypeMismatch, BLOCK)
            },
        ),
        (
            "mismatch_of_layouts",
            Facts {
                block: Some(live(24, Family::Rust)),
                access_what: "dealloc",
                mismatch: Some(Mismatch::Layouts {
                    allocated: layout(24, 8),
                    released: layout(24, 16),
                }),
                ..facts(Kind::LayoutMismatch, BLOCK)
            },
        ),
        (
            "corruption_without_a_block",
            Facts {
                access_what: "exit check",
                hint: Some("a header is damaged, and what lies around it is whole"),
                ..facts(Kind::HeapCorruption, BLOCK - 8)
            },
        ),
        (
            "dangling_pointer",
            Facts {
                block: Some(freed(24)),
                access_what: "exit check",
                ..facts(Kind::DanglingPointer, BLOCK + 4)
            },
        ),
    ]
}

#[test]
fn every_kind_reads_as_expected() {
    for (name, facts) in all() {
        let text = rendered(&facts, &style(Dialect::Heapwarden));
        assert_expected(&format!("{name}.txt"), &text);
    }
}

#[test]
fn every_kind_reads_as_expected_in_the_dialect_of_asan() {
    let texts: Vec<_> = all()
        .iter()
        .map(|(name, facts)| format!("## {name}\n{}", rendered(facts, &style(Dialect::Asan))))
        .collect();
    assert_expected("asan.txt", &texts.concat());
}

/// With stacks (as `debug` with `report=line` has them) and without (`harden`), in both dialects.
#[test]
fn every_kind_fits_on_a_line() {
    let mut lines = String::new();
    for (_, facts) in all() {
        for dialect in [Dialect::Heapwarden, Dialect::Asan] {
            let style = Style { detail: Detail::Line, ..style(dialect) };
            let with_stacks = rendered(&facts, &style);
            let block =
                facts.block.map(|block| BlockFacts { allocated: None, freed: None, ..block });
            let without = rendered(&Facts { block, ..facts }, &style);
            for line in [&with_stacks, &without] {
                assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
            }
            assert!(without.ends_with("; `heapwarden run -p debug` shows stacks\n"), "{without}");
            lines += if dialect == Dialect::Asan { &with_stacks } else { &without };
        }
    }
    assert_expected("lines.txt", &lines);
}

#[test]
fn what_an_invalid_pointer_leads_to_is_told_apart() {
    let pointers = [
        Pointer::Misaligned,
        Pointer::Stack,
        Pointer::Global,
        Pointer::Code,
        Pointer::Wild,
        Pointer::Foreign,
    ];
    let texts: Vec<_> = pointers
        .into_iter()
        .map(|pointer| {
            let address = 0x5500_0000_2000;
            let facts = Facts { pointer: Some(pointer), ..facts(Kind::InvalidFree, address) };
            rendered(&facts, &style(Dialect::Heapwarden))
        })
        .collect();
    assert_expected("invalid_free_pointers.txt", &texts.concat());
}

#[test]
fn colours_and_a_prefix_change_nothing_else() {
    let (_, facts) = &all()[0];
    let plain = rendered(facts, &style(Dialect::Heapwarden));
    let coloured = rendered(facts, &Style { colour: true, ..style(Dialect::Heapwarden) });
    assert_expected("coloured.txt", &coloured);
    let mut stripped = coloured;
    while let Some(start) = stripped.find('\x1b') {
        let length = stripped[start..].find('m').expect("the end of a sequence") + 1;
        stripped.replace_range(start..start + length, "");
    }
    assert_eq!(stripped, plain);
    let short =
        Style { strip_path_prefix: b"/src/app/", fatal: false, ..style(Dialect::Heapwarden) };
    let expected = plain.replace("/src/app/", "").replace("==1234==ABORTING\n", "");
    assert_eq!(rendered(facts, &short), expected);
}

/// Goal: the tools that read ASan's reports read ours. Method: their patterns, as short as the tools
/// have them, on every report in that dialect.
#[test]
fn parsers_of_asan_find_what_they_look_for() {
    for (name, facts) in all() {
        let text = rendered(&facts, &style(Dialect::Asan));
        let lines: Vec<_> = text.lines().collect();
        let banner = lines.iter().position(|line| line.starts_with("==1234==ERROR: ")).expect(name);
        assert!(lines[banner].starts_with("==1234==ERROR: AddressSanitizer: "), "{name}");
        // CASR: the first stack holds nothing but frames, and an empty line ends it.
        let first = lines.iter().position(|line| line.contains(" #0 ")).expect(name);
        let end = first + lines[first..].iter().position(|line| line.is_empty()).expect(name);
        for (position, line) in lines[first..end].iter().enumerate() {
            let rest = line.strip_prefix(&format!("    #{position} 0x")).expect(line);
            let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
            let place = &rest[digits..];
            let known = place.starts_with(" in ") || place.starts_with("  (");
            assert!(digits >= 12 && known, "{line}");
        }
        let summary = lines.iter().find(|line| line.starts_with("SUMMARY: ")).expect(name);
        assert!(summary.starts_with("SUMMARY: AddressSanitizer: "), "{summary}");
        assert_eq!(lines.last(), Some(&"==1234==ABORTING"), "{name}");
        // honggfuzz and ClusterFuzz: where it happened.
        let has_place =
            lines[banner].contains(" on address 0x") && lines[banner].contains(" at pc 0x");
        let own_sentence = [" on 0x", "was not malloc()-ed: 0x"];
        let has_sentence = own_sentence.iter().any(|words| lines[banner].contains(words));
        assert!(has_place || has_sentence, "{}", lines[banner]);
        if has_place {
            let access = lines[banner + 1];
            let word = ["READ of size ", "WRITE of size ", "ACCESS of size "];
            assert!(word.iter().any(|word| access.starts_with(word)), "{access}");
        }
    }
}
