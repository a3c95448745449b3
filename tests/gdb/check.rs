//! `hw check`: every header, tail and fill is verified, wherever the process was stopped.

use crate::block::{DAMAGED, WELL};
use crate::session::Session;
use crate::support::c_program;

fn check(profile: &str, way: &[&str]) -> Option<String> {
    let program = c_program("debugger.c")?;
    let answers = Session { program: &program, profile, way }.ask(&["hw check"])?;
    assert_eq!(answers.live, answers.core);
    Some(answers.live[0].clone())
}

/// A formula that the script does not know would make all blocks look damaged. Profiles with guard
/// pages have tests of their own: gdb's core files lack such memory.
#[test]
fn an_intact_heap_is_called_intact() {
    for profile in ["debug", "harden", "leak"] {
        let Some(answer) = check(profile, WELL) else { return };
        let count = answer.strip_suffix(" blocks verified, 0 damaged.\n").expect(&answer);
        let count: usize = count.parse().expect("a number");
        assert!(count >= 19, "{answer}");
    }
}

#[test]
fn each_damaged_block_is_listed() {
    let Some(answer) = check("debug", DAMAGED) else { return };
    assert!(answer.ends_with(" blocks verified, 4 damaged.\n"), "{answer}");
    for (block, damage) in [
        ("24-byte block [0x", "1 byte of its tail, from 0x"),
        ("40-byte block [0x", "its header at 0x"),
        ("100000-byte block [0x", "its header at 0x"),
        ("60-byte block [0x", "1 byte of the fill of freed memory, from 0x"),
    ] {
        let mut lines = answer.lines();
        let line = lines.find(|line| line.starts_with(block)).expect(&answer);
        assert!(line.ends_with(", allocated in make"), "{answer}");
        let damaged = format!("  DAMAGED: {damage}");
        assert!(lines.next().is_some_and(|line| line.starts_with(&damaged)), "{answer}");
    }
}

/// The damaged one of 24 bytes is among them.
#[test]
fn what_a_core_file_does_not_have_is_not_called_damaged() {
    let Some(program) = c_program("debugger.c") else { return };
    for profile in ["debug", "harden"] {
        let way = ["break some_are_left_out", "run"];
        let session = Session { program: &program, profile, way: &way };
        let commands = ["hw check", "hw block live", "hw block large", "hw leaks"];
        let Some(answers) = session.ask(&commands) else { return };
        assert!(answers.live[0].ends_with(" blocks verified, 4 damaged.\n"), "{:?}", answers.live);
        let [check, small, large, leaks] = &answers.core[..] else { panic!() };
        assert!(check.contains(" blocks are not in the core file.\n"), "{check}");
        assert!(check.ends_with(" blocks verified, 3 damaged.\n"), "{check}");
        assert!(!check.contains("24-byte block"), "{check}");
        assert!(small.contains("\n  not in the core file"), "{small}");
        assert!(large.contains("200000-byte block") && large.contains("\n  not in the core file"));
        assert!(leaks.starts_with("definitely lost:  "), "{leaks}");
    }
}

#[test]
fn a_heap_without_headers_is_not_verified() {
    let Some(answer) = check("plain", WELL) else { return };
    assert!(answer.ends_with(": there is nothing to verify.\n"), "{answer}");
}

/// Steps through malloc, realloc and free, stops every few instructions, and verifies the heap: no
/// change that is under way may look like damage, nor like an error in the script.
#[test]
fn the_heap_can_be_read_at_any_instruction_of_the_allocator() {
    let Some(program) = c_program("debugger.c") else { return };
    // `harden` takes fewer instructions.
    for (profile, stride) in [("debug", 149), ("harden", 43)] {
        // The second time, so that no stack is walked for the first time; without instructions that
        // fill a block in as many steps as it has bytes.
        let way = [
            "set breakpoint always-inserted on",
            "set environment GLIBC_TUNABLES=glibc.cpu.x86_rep_stosb_threshold=10000000:glibc.cpu.x86_rep_movsb_threshold=10000000",
            "break work",
            "break after_work",
            "run",
            "continue",
        ];
        let session = Session { program: &program, profile, way: &way };
        let Some(answers) = session.ask_live(&[&steps(stride)]) else { return };
        // gdb says where it is; then comes the count, unless the script failed.
        let answer = &answers[0];
        let count = answer.lines().last().and_then(|line| line.parse::<usize>().ok());
        assert!(count.is_some_and(|count| count > 100), "{answer}");
        assert!(!answer.contains("verified"), "{answer}");
    }
}

fn steps(stride: u32) -> String {
    format!(
        "python
count = 0
while 'after_work' != gdb.selected_frame().name():
    gdb.execute('stepi {stride}', to_string=True)
    answer = gdb.execute('hw check', to_string=True)
    count += 1
    if count % 20 == 0:
        gdb.execute('hw leaks', to_string=True)
    if ' 0 damaged' not in answer:
        print(answer)
        gdb.execute('backtrace')
print(count)
"
    )
}
