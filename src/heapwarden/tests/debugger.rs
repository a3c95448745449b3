//! The script for gdb in a Rust program that has Heapwarden as its allocator: with its symbols, and
//! stripped of them. The program is this one, called again.

use heapwarden::Heapwarden;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

/// Set in the program that gdb looks at.
const LOOKED_AT: &str = "HEAPWARDEN_TEST_LOOKED_AT";

#[test]
fn gdb_finds_the_blocks_of_a_rust_program() {
    if env::var_os(LOOKED_AT).is_some() {
        stop_with_known_blocks();
        return;
    }
    let program = env::current_exe().expect("this program");
    if !is_installed("gdb") {
        return;
    }
    finds_them(&program);
    if is_installed("strip") {
        let stripped = stripped(&program);
        finds_them(&stripped);
        fs::remove_file(stripped).expect("the copy");
    }
}

fn finds_them(program: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/src/gdb/heapwarden.py");
    let commands = [
        "set pagination off",
        "set width 0",
        "set startup-with-shell off",
        "set environment HEAPWARDEN_OPTIONS=profile=debug:leaks=off",
        &format!("set environment {LOOKED_AT}=1"),
        "run --exact gdb_finds_the_blocks_of_a_rust_program --nocapture",
        &format!("source {script}"),
        "hw block $r12+5",
        "hw block $r13",
        "hw check",
        "hw leaks 100",
    ];
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-batch"]).args(commands.iter().flat_map(|command| ["-ex", command]));
    let output = gdb.arg(program).env_remove("DEBUGINFOD_URLS").output().expect("gdb starts");
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in [
        " is 5 bytes inside of 1234-byte block [0x",
        " is 0 bytes inside of 4321-byte block [0x",
        "\n  live, from rust; ",
        "\n  freed, and waits in the quarantine, from rust; ",
        " blocks verified, 0 damaged.\n",
        "\n2345 bytes in 1 blocks definitely lost, such as 0x",
    ] {
        assert!(text.contains(expected), "no {expected:?}: {text}\n{output:?}");
    }
}

/// A block that is live, one that is freed, and one that nothing points to; then a breakpoint.
fn stop_with_known_blocks() {
    let kept = vec![1u8; 1234];
    let freed = address_of_freed();
    // What a thread that has ended left on its stack counts for nothing.
    std::thread::spawn(lose).join().expect("it ends");
    // SAFETY: the instruction stops under a debugger, and reads and writes nothing.
    unsafe { std::arch::asm!("int3", in("r12") kept.as_ptr(), in("r13") freed) };
    drop(black_box(kept));
}

fn address_of_freed() -> usize {
    let block = black_box(vec![2u8; 4321]);
    block.as_ptr().addr()
}

fn lose() {
    black_box(vec![3u8; 2345]).leak();
}

fn is_installed(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {tool} not installed");
    }
    found
}

fn stripped(program: &Path) -> PathBuf {
    let copy = program.with_extension("stripped");
    let status = Command::new("strip").arg("-o").args([&copy, program]).status();
    assert!(status.is_ok_and(|status| status.success()));
    copy
}
