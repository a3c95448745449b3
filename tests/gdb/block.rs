//! `hw block`: which block an address lies in.

use crate::session::Session;
use crate::support::c_program;

/// Where all blocks of `debugger.c` are as they should be.
pub const WELL: &[&str] = &["break all_is_well", "run"];
/// Where some are damaged.
pub const DAMAGED: &[&str] = &["break all_is_damaged", "run"];

/// What `hw block` says, in the process and in its core file alike.
fn blocks(profile: &str, way: &[&str], addresses: &[&str]) -> Option<Vec<String>> {
    let program = c_program("debugger.c")?;
    let session = Session { program: &program, profile, way };
    let commands: Vec<String> =
        addresses.iter().map(|address| format!("hw block {address}")).collect();
    let answers = session.ask(&commands.iter().map(String::as_str).collect::<Vec<_>>())?;
    assert_eq!(answers.live, answers.core);
    Some(answers.live)
}

#[track_caller]
fn says(answer: &str, parts: &[&str]) {
    for part in parts {
        assert!(answer.contains(part), "{part:?} is not in {answer}");
    }
}

#[test]
fn every_kind_of_block_is_found_from_its_start() {
    let names = ["live", "freed", "aligned", "large", "direct", "array[2]"];
    let Some(found) = blocks("debug", WELL, &names) else { return };
    says(&found[0], &[" 0 bytes inside of 24-byte block", "\n  live, from malloc; slot of 48 "]);
    says(&found[0], &["allocated by thread T0, as its block number 1, at site ", " in make "]);
    says(&found[0], &["debugger.c:", "    #1 0x", " in main "]);
    says(
        &found[1],
        &[" 0 bytes inside of 100-byte block", "\n  freed, and waits in the quarantine"],
    );
    says(&found[1], &["allocated by thread T0", " in make ", "  freed by thread T0", " in drop "]);
    says(
        &found[2],
        &[" 0 bytes inside of 512-byte block", "\n  live, from memalign; slot of 832 "],
    );
    says(
        &found[3],
        &[" 0 bytes inside of 200000-byte block", "\n  live, from malloc; 200704 bytes of pages"],
    );
    says(
        &found[4],
        &[" 0 bytes inside of 41943040-byte block", "\n  live, from malloc; mapping of "],
    );
    says(&found[5], &[" 0 bytes inside of 21-byte block", "\n  live, from malloc;", " in main "]);
    assert!(found.iter().all(|answer| !answer.contains("DAMAGED")), "{found:#?}");
}

#[test]
fn a_block_is_found_from_anywhere_in_its_slot() {
    let addresses = ["live+23", "live+24", "aligned-100", "large+150000", "direct+40000000"];
    let Some(found) = blocks("debug", WELL, &addresses) else { return };
    says(&found[0], &[" 23 bytes inside of 24-byte block"]);
    says(&found[1], &[" 0 bytes after 24-byte block"]);
    says(&found[2], &[" 100 bytes before 512-byte block", "memalign"]);
    says(&found[3], &[" 150000 bytes inside of 200000-byte block"]);
    says(&found[4], &[" 40000000 bytes inside of 41943040-byte block"]);
}

#[test]
fn what_is_in_no_block_is_said_so() {
    let addresses = ["&local_variable", "main", "$sp", "0", "1", "-1", "live+0x300000"];
    let Some(found) = blocks("debug", WELL, &addresses) else { return };
    for answer in &found[..6] {
        says(answer, &[" is in no block: it is not in this heap."]);
    }
    says(&found[6], &[" is in no block: it is in free pages of the heap."]);
}

#[test]
fn a_smashed_header_does_not_hide_its_block() {
    let addresses = ["smashed", "overflowed", "underflowed_large", "written_after_free"];
    let Some(found) = blocks("debug", DAMAGED, &addresses) else { return };
    says(&found[0], &["40-byte block", "  live, from malloc", "\n  DAMAGED: its header at 0x"]);
    says(&found[0], &["allocated by thread T0", " in make "]);
    says(
        &found[1],
        &["24-byte block", "DAMAGED: 1 byte of its tail, ", " (0 bytes after the block)"],
    );
    says(&found[2], &["100000-byte block", "\n  DAMAGED: its header at 0x"]);
    says(&found[3], &["60-byte block", "DAMAGED: 1 byte of the fill of freed memory, "]);
    says(&found[3], &[" (5 bytes inside of the block)", "  freed by thread T0", " in drop "]);
}

/// `harden` keeps no records of small blocks, `leak` no freed blocks, `plain` nothing at all.
#[test]
fn other_profiles_say_what_they_know() {
    let addresses = ["live", "freed", "large", "direct", "smashed"];
    let Some(found) = blocks("harden", DAMAGED, &addresses) else { return };
    says(&found[0], &[" 0 bytes inside of 24-byte block", "\n  live, from malloc; slot of "]);
    says(&found[1], &["\n  freed, and waits in the quarantine; slot of "]);
    says(&found[2], &[" 0 bytes inside of 200000-byte block", "allocated by thread T0"]);
    says(&found[4], &["its header is damaged, and there is no record of it"]);
    let found = blocks("leak", WELL, &addresses).expect("gdb");
    says(&found[0], &[" 0 bytes inside of 24-byte block", "  live, from malloc;", " in make "]);
    says(&found[1], &["\n  freed"]);
    let found = blocks("plain", WELL, &addresses).expect("gdb");
    says(&found[0], &[" 0 bytes inside of 32-byte block", "\n  live; slot of 32 bytes at 0x"]);
    says(&found[1], &["\n  freed; slot of 112 bytes at 0x"]);
    says(&found[2], &[" inside of 200704-byte block", "\n  live; 200704 bytes of pages at 0x"]);
    says(&found[3], &["\n  live; mapping of 41943040 bytes at 0x"]);
}
