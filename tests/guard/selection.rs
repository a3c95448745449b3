//! Which blocks get guard pages.

use crate::support::{Outcome, Run, c_library, c_program};

fn run(options: &[&str]) -> Option<Run> {
    let library = c_library("guard_library.c")?;
    let mut run = Run::of(c_program("guard_selection.c")?).arg("4").arg(library);
    run = run.option("intercept=0").option("leaks=off");
    for option in options {
        run = run.option(option);
    }
    Some(run)
}

/// The lines of blocks that were guarded; all blocks of a line are, or none.
fn guarded(outcome: &Outcome) -> Vec<String> {
    outcome.exited(0);
    let mut lines = Vec::new();
    for line in outcome.stdout.lines().filter(|line| *line != "ok") {
        let (name, digits) = line.rsplit_once(' ').expect("a name and digits");
        let all = |digit| digits.chars().all(|it| it == digit);
        assert!(all('0') || all('1'), "{outcome:?}");
        if all('1') {
            lines.push(name.to_owned());
        }
    }
    lines
}

fn chosen(profile: &str, options: &[&str]) -> Option<Vec<String>> {
    Some(guarded(&run(options)?.on(profile)))
}

const EVERY: [&str; 9] = [
    "one 32",
    "other 32",
    "one 64",
    "other 64",
    "one 4096",
    "other 4096",
    "one 100000",
    "other 100000",
    "library 32",
];

#[test]
fn all_or_none_by_profile() {
    for (profile, expected) in
        [("guard", &EVERY[..]), ("debug", &[]), ("harden", &[]), ("leak", &[])]
    {
        let Some(found) = chosen(profile, &[]) else { return };
        assert_eq!(found, expected, "{profile}");
    }
}

#[test]
fn by_size_place_and_function_in_every_checked_profile() {
    for profile in ["guard", "debug", "harden", "leak"] {
        for (option, expected) in [
            ("guard_size=33-4K", &["one 64", "other 64", "one 4096", "other 4096"][..]),
            ("guard_size=100000", &["one 100000", "other 100000"]),
            ("guard_module=guard_library_c", &["library 32"]),
            ("guard_function=^make_in_library$", &["library 32"]),
            ("guard_function=^make_oth*", &["other 32", "other 64", "other 4096", "other 100000"]),
            ("guard_function=nobody", &[]),
        ] {
            let Some(found) = chosen(profile, &[option]) else { return };
            assert_eq!(found, expected, "{profile} {option}");
        }
        let both = ["guard_size=-64", "guard_function=make_one"];
        let Some(found) = chosen(profile, &both) else { return };
        assert_eq!(found, ["one 32", "one 64"], "{profile}");
    }
}

#[test]
fn by_the_name_of_a_call_site_that_a_report_gave() {
    let Some(first) = run(&[]) else { return };
    let outcome = first.arg("damage").on("debug");
    outcome.killed_by(libc::SIGABRT);
    let report = outcome.report();
    assert!(report.action.contains("found afterwards by free"), "{outcome:?}");
    let line = report.line("allocated by thread T0 here: (site ").expect("a name");
    let (_, name) = line.trim_end_matches(')').rsplit_once(' ').expect("a name");
    let named = format!("guard_site=00000001+{name}");
    for profile in ["debug", "guard", "leak"] {
        let Some(run) = run(&[&named, "guard_alignment=1", "handle_segv=1"]) else { return };
        let outcome = run.arg("damage").on(profile);
        outcome.killed_by(libc::SIGABRT);
        let report = outcome.report();
        assert_eq!(report.kind, "heap-buffer-overflow", "{outcome:?}");
        assert!(report.action.starts_with("WRITE of size 1 at 0x"), "{outcome:?}");
        assert!(!report.action.contains("found afterwards"), "{outcome:?}");
        assert!(report.line("    #0 ").is_some_and(|line| line.contains("in main")), "{outcome:?}");
        assert!(report.line(&format!("(site {name})")).is_some(), "{outcome:?}");
    }
    // Of the others none is guarded.
    assert_eq!(chosen("debug", &[&named]).expect("built before"), [""; 0]);
}

#[test]
fn one_in_so_many_alike_for_the_same_seed() {
    let picks = |seed: &str| {
        let program = c_program("guard_selection.c")?;
        let run = Run::of(program).arg("4000").option("intercept=0").option("guard_every=50");
        let outcome = run.option(seed).on("debug");
        outcome.exited(0);
        let digits = outcome.stdout.lines().filter_map(|line| line.rsplit(' ').next());
        Some(digits.collect::<String>())
    };
    let (Some(one), Some(again), Some(other)) = (picks("seed=7"), picks("seed=7"), picks("seed=8"))
    else {
        return;
    };
    assert!(one == again, "the same seed, the same blocks");
    assert!(one != other, "another seed, other blocks");
    let count = one.matches('1').count();
    assert!((500..=780).contains(&count), "{count} of 32000, 640 expected");
}
