//! What `heapwarden run` refuses, with the status a shell would give and one sentence that says
//! why.

use super::{Place, refused};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const ELF_64: u8 = 2;
const ELF_32: u8 = 1;
const X86: u16 = 3;
const X86_64: u16 = 62;
const ARM64: u16 = 183;

/// The start of an ELF file, without any program header: nobody gets as far as running it.
fn elf(class: u8, machine: u16) -> Vec<u8> {
    let mut file = vec![0; 64];
    file[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, 1, 1]);
    file[18..20].copy_from_slice(&machine.to_le_bytes());
    file
}

#[test]
fn a_static_executable() {
    let place = Place::new();
    let program = place.executable("static", &elf(ELF_64, X86_64));
    let sentence = refused(&mut place.run([program]), 126);
    assert!(sentence.contains("static is statically linked"), "{sentence}");
}

#[test]
fn an_executable_for_another_machine() {
    let place = Place::new();
    let program = place.executable("old", &elf(ELF_32, X86));
    let sentence = refused(&mut place.run([program]), 126);
    assert!(sentence.contains("old is a 32-bit x86 program"), "{sentence}");
    let program = place.executable("arm", &elf(ELF_64, ARM64));
    let sentence = refused(&mut place.run([program]), 126);
    assert!(sentence.contains("arm is a 64-bit ARM64 program"), "{sentence}");
}

#[test]
fn a_setuid_or_setgid_executable() {
    let place = Place::new();
    let program = place.executable("privileged", &fs::read("/bin/sh").expect("a program"));
    for (mode, word) in [(0o4755, "setuid"), (0o2755, "setgid")] {
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).expect("our own file");
        let sentence = refused(&mut place.run([&program]), 126);
        assert!(sentence.contains(&format!("privileged is {word}")), "{sentence}");
    }
}

#[test]
fn a_script_whose_interpreter_cannot_work() {
    let place = Place::new();
    let interpreter = place.executable("interpreter", &elf(ELF_64, X86_64));
    let line = format!("#! {} -x\n", interpreter.display());
    let script = place.executable("script", line.as_bytes());
    let sentence = refused(&mut place.run([&script]), 126);
    assert!(sentence.contains("script is a script, and its interpreter"), "{sentence}");
    assert!(sentence.contains("interpreter is statically linked"), "{sentence}");
    fs::remove_file(interpreter).expect("our own file");
    let sentence = refused(&mut place.run([&script]), 127);
    assert!(sentence.contains("interpreter does not exist"), "{sentence}");
}

#[test]
fn what_is_not_there() {
    let place = Place::new();
    let sentence = refused(&mut place.run([place.path("missing")]), 127);
    assert!(sentence.contains("missing does not exist"), "{sentence}");
    let sentence = refused(&mut place.run(["no-such-program-anywhere"]), 127);
    assert!(
        sentence.contains("no-such-program-anywhere: no such program on the PATH"),
        "{sentence}"
    );
}

#[test]
fn what_is_not_a_program() {
    let place = Place::new();
    let file = place.path("file");
    fs::write(&file, "text").expect("a file");
    let sentence = refused(&mut place.run([&file]), 126);
    assert!(sentence.contains("file is not executable"), "{sentence}");
    let sentence = refused(&mut place.run([&place.folder]), 126);
    assert!(sentence.contains("is a directory"), "{sentence}");
}

#[test]
fn a_file_that_is_not_executable_does_not_hide_one_further_along_the_path() {
    let place = Place::new();
    for folder in ["first", "second"] {
        fs::create_dir(place.path(folder)).expect("a folder");
    }
    fs::write(place.path("first/tool"), "text").expect("a file");
    let path = |place: &Place| {
        std::env::join_paths([place.path("first"), place.path("second")]).expect("no colons")
    };
    let sentence = refused(place.run(["tool"]).env("PATH", path(&place)), 126);
    assert!(sentence.contains("first/tool is not executable"), "{sentence}");
    place.executable("second/tool", b"#!/bin/sh\nexit 3\n");
    let status = place.run(["tool"]).env("PATH", path(&place)).status().expect("heapwarden starts");
    assert_eq!(status.code(), Some(3));
}

#[test]
fn options_that_do_not_exist() {
    let place = Place::new();
    let sentence = refused(&mut place.heapwarden(["run", "-o", "fitt=best", "true"]), 2);
    assert_eq!(sentence, "heapwarden: unknown option `fitt`, the nearest is `fit`\n");
    let sentence = refused(&mut place.heapwarden(["run", "-o", "stats=perhaps", "true"]), 2);
    assert!(sentence.contains("bad value `perhaps` for option `stats`"), "{sentence}");
}
