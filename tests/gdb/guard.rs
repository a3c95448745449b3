//! Guarded blocks: only their data pages can be looked at.

use crate::block::WELL;
use crate::session::Session;
use crate::support::c_program;

#[test]
fn guarded_blocks_are_found_and_verified() {
    let Some(program) = c_program("debugger.c") else { return };
    let session = Session { program: &program, profile: "guard", way: WELL };
    let commands = ["hw check", "hw block live+23", "hw block freed", "hw block large", "hw leaks"];
    let Some(answers) = session.ask(&commands) else { return };
    let [check, live, freed, large, leaks] = &answers.live[..] else { panic!() };
    // gdb does not write mappings with guard pages.
    assert!(answers.core[0].contains(" blocks are not in the core file.\n"), "{:?}", answers.core);
    assert!(answers.core[0].ends_with(" 0 damaged.\n"), "{:?}", answers.core);
    assert!(check.ends_with(" blocks verified, 0 damaged.\n"), "{check}");
    assert!(live.contains(" 23 bytes inside of 24-byte block"), "{live}");
    assert!(live.contains("\n  live, from malloc; 12288 bytes of pages at 0x"), "{live}");
    assert!(freed.contains("100-byte block") && freed.contains("\n  freed, from "), "{freed}");
    assert!(
        freed.contains("  freed by thread T0, at site ") && freed.contains(" in drop "),
        "{freed}"
    );
    assert!(large.contains(" 0 bytes inside of 200000-byte block"), "{large}");
    assert!(leaks.starts_with("definitely lost:  336 bytes in 7 blocks\n"), "{leaks}");
}

#[test]
fn damage_within_the_data_pages_is_seen() {
    let Some(program) = c_program("debugger.c") else { return };
    let damage = [
        "set var overflowed[25] = 'X'",
        "set var smashed[-3] = 'X'",
        "set var array[1][-100] = 'X'",
    ];
    let way = [WELL, &damage].concat();
    let session = Session { program: &program, profile: "guard", way: &way };
    let Some(answers) = session.ask_live(&["hw check"]) else { return };
    let check = &answers[0];
    assert!(check.ends_with(" blocks verified, 3 damaged.\n"), "{check}");
    for part in [
        "24-byte block [0x",
        "1 byte of its tail, from 0x",
        "(1 bytes after the block)",
        "40-byte block [0x",
        "  DAMAGED: its header at 0x",
        "21-byte block [0x",
        "1 byte of the gap before it, from 0x",
        "(100 bytes before the block)",
    ] {
        assert!(check.contains(part), "{part}: {check}");
    }
}
