//! A byte too far, behind and before blocks of every size: always reported when the block is freed,
//! with the right block and the right offset.

mod support;

use support::{Report, Run, c_program};

/// What a child announced before it freed its block.
struct Case {
    size: u64,
    block: u64,
    byte: String,
}

impl Case {
    fn read(line: &str) -> Case {
        let words: Vec<&str> = line.split(' ').collect();
        let block = u64::from_str_radix(words[1], 16).expect("an address");
        Case { size: words[0].parse().expect("a size"), block, byte: words[2].to_owned() }
    }
}

fn every_case_is_reported(profile: &str, side: &str) {
    let Some(program) = c_program("off_by_one.c") else { return };
    let run = Run::of(&program).arg(side).option("on_error=continue").option("symbolize=0");
    // The whole report, which shows the byte; what a line says is asserted in tests/kinds.
    let outcome = run.option("report=full").seconds(300).on(profile);
    outcome.exited(0);
    assert_eq!(outcome.stdout, "ok\n", "{}", outcome.what);
    let (mut count, mut chosen) = (0, [0; 2]);
    for part in outcome.stderr.split("case ").skip(1) {
        let (line, text) = part.split_once('\n').expect("a line");
        let case = Case::read(line);
        let reports = Report::all(text);
        assert_eq!(reports.len(), 1, "{profile}: one report for {part}");
        check(&case, &reports[0], side == "after").unwrap_or_else(|what| panic!("{what}: {part}"));
        count += 1;
        match case.byte.as_str() {
            "00" => chosen[0] += 1,
            "ff" => chosen[1] += 1,
            _ => {}
        }
    }
    assert!(count > 3 * 4096 + 100, "{count} cases");
    assert!(chosen.iter().all(|chosen| *chosen >= count / 3), "{chosen:?} of {count}");
}

fn check(case: &Case, report: &Report, after: bool) -> Result<(), String> {
    let Case { size, block, byte } = case;
    let (kind, place, offset, address) = match after {
        true => {
            let place = format!("0 bytes after {size}-byte region");
            let offset = format!("at offset {size} (0 bytes after the end)");
            ("heap-buffer-overflow", place, offset, block + size)
        }
        false => {
            let place = format!("1 bytes before {size}-byte region");
            let offset = "at offset -1 (before the start)".to_owned();
            ("heap-buffer-underflow", place, offset, block - 1)
        }
    };
    let damage = report.line("Damage: 1 byte changed, ").ok_or("the damage")?;
    let found = report.line(&format!("[{byte}]")).is_some();
    let checks = [
        ("kind", report.kind == kind),
        ("address", report.address == address),
        ("block", report.place() == Some((&place, *block))),
        ("offset", damage.contains(&offset)),
        ("byte", found),
        ("function", report.action.contains("found afterwards by free in thread T0")),
    ];
    match checks.into_iter().find(|(_, right)| !right) {
        Some((what, _)) => Err(format!("the {what} is wrong")),
        None => Ok(()),
    }
}

#[test]
fn behind_the_block_in_debug() {
    every_case_is_reported("debug", "after");
}

#[test]
fn before_the_block_in_debug() {
    every_case_is_reported("debug", "before");
}

#[test]
fn behind_the_block_in_harden() {
    every_case_is_reported("harden", "after");
}

#[test]
fn before_the_block_in_harden() {
    every_case_is_reported("harden", "before");
}
