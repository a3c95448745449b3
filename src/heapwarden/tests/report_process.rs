//! Reports of real processes: this binary starts itself, the child makes errors up and reports them
//! with its own real stacks. Its allocator is the one of the preload library.

#[path = "report/child.rs"]
mod child;
#[path = "report/run.rs"]
mod run;

use run::Child;
use serde_json::Value;

#[global_allocator]
static MEMORY: heapwarden::report::PrivateMemory = heapwarden::report::PrivateMemory;

/// The parts of a text report that every whole one has, in order.
fn assert_whole(report: &str, kind: &str) {
    let lines = [
        "====".to_owned(),
        format!("ERROR: Heapwarden: {kind} on address 0x"),
        " thread T0".to_owned(),
        "    #0 0x".to_owned(),
        " is located 0 bytes after 24-byte region [0x".to_owned(),
        "Damage: 2 bytes changed".to_owned(),
        "allocated by thread T0 here:".to_owned(),
        format!("SUMMARY: Heapwarden: {kind} "),
    ];
    let mut rest = report;
    for line in lines {
        let position = rest.find(&line);
        rest = &rest[position.unwrap_or_else(|| panic!("no `{line}` in {report}"))..];
    }
}

/// Whether `name` is that of a function in the child's module. A release build has line tables only,
/// which name inlined functions without their modules.
fn is(name: &str, function: &str) -> bool {
    name == function || name.ends_with(&format!("child::{function}"))
}

#[test]
fn a_report_names_functions_files_and_lines_and_then_the_process_aborts() {
    let done = Child::of("abort").run();
    assert_eq!(done.signal(), Some(libc::SIGABRT), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
    let has = |start: &str, function: &str| {
        let mut lines = done.stderr.lines().filter(|line| line.starts_with(start));
        lines.any(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "in").skip(1);
            line.contains("tests/report/child.rs:") && words.next().is_some_and(|w| is(w, function))
        })
    };
    assert!(has("    #", "overflow") && has("    #", "allocate"), "{done:?}");
    assert!(has("SUMMARY: ", "allocate"), "{done:?}");
    assert!(done.stderr.ends_with("==ABORTING\n"), "{done:?}");
}

#[test]
fn without_symbols_module_and_offset_remain() {
    let done = Child::of("abort").option("symbolize=0").run();
    assert_whole(&done.stderr, "heap-buffer-overflow");
    assert!(!done.stderr.contains("child.rs"), "{done:?}");
    let program = std::env::current_exe().expect("a path");
    let frame = format!("  ({}+0x", program.display());
    assert!(done.stderr.contains(&frame), "{done:?}");
}

#[test]
fn the_exit_status_can_be_chosen() {
    let done = Child::of("abort").option("on_error=exit:exit_code=42").run();
    assert_eq!(done.status.code(), Some(42), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
}

#[test]
fn the_report_file_is_complete_when_the_process_is_aborted() {
    let done = Child::of("abort").report("report.json").run();
    let report = done.json("report.json");
    let get =
        |pointer: &str| report.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {report}"));
    assert_eq!(get("/schema"), 1);
    assert_eq!(get("/pid"), done.process);
    assert_eq!(get("/profile"), "debug");
    assert_eq!(get("/argv/0"), &Value::from(std::env::current_exe().expect("path").to_str()));
    assert_eq!(get("/options/on_error"), "abort");
    assert_eq!(get("/errors/0/kind"), "heap-buffer-overflow");
    assert_eq!(get("/errors/0/damage/bytes"), "41429d9d");
    let functions = get("/errors/0/alloc_stack").as_array().expect("a list").iter();
    let names: Vec<_> = functions.filter_map(|frame| frame["function"].as_str()).collect();
    assert!(names.iter().any(|name| is(name, "allocate")), "{names:?}");
    let modules = get("/modules").as_array().expect("a list");
    assert!(
        modules
            .iter()
            .any(|module| module["path"].as_str().is_some_and(|path| path.contains("libc.so")))
    );
    assert!(get("/stats/system_calls/mmap").as_u64() > Some(0));
}

#[test]
fn every_process_of_a_tree_has_a_report_file() {
    let done = Child::of("fork").option("on_error=continue").report("report.json").run();
    assert!(done.status.success(), "{done:?}");
    let first = done.json("report.json");
    let process = done.stdout.trim();
    let second = done.json(&format!("report.json.{process}"));
    assert_eq!(first["pid"], done.process);
    assert_eq!(second["pid"].to_string(), process);
    assert_eq!(first["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["errors"].as_array().map(Vec::len), Some(1));
    let by_name = Child::of("fork").option("on_error=continue").report("r.%25.%p").run();
    assert_eq!(by_name.json(&format!("r.%.{}", by_name.process))["pid"], by_name.process);
}

#[test]
fn the_same_error_from_the_same_place_is_reported_once_and_counted() {
    let done = Child::of("again").option("on_error=continue").report("report.json").run();
    assert!(done.status.success(), "{done:?}");
    let banners = done.stderr.matches("ERROR: Heapwarden: ").count();
    assert_eq!(banners, 2, "one from each of two places: {done:?}");
    let told = done.stderr.lines().filter(|line| line.contains("Heapwarden: seen "));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1, "{done:?}");
    assert!(told[0].contains("seen 100,000 times in all: heap-buffer-overflow "), "{told:?}");
    let report = done.json("report.json");
    assert_eq!(report["errors"][0]["count"], 100_000);
    assert_eq!(report["errors"][1]["count"], 1);
    assert!(report["stats"]["mallocs"].is_u64(), "{report}");
}

#[test]
fn kinds_can_end_the_process_while_others_do_not() {
    let options = "on_error=continue+double-free=exit:exit_code=7";
    let done = Child::of("two_kinds").option(options).report("report.json").run();
    assert_eq!(done.status.code(), Some(7), "{done:?}");
    assert_eq!(done.stderr.matches("==ABORTING").count(), 1, "{done:?}");
    let kinds = done.json("report.json");
    assert_eq!(kinds["errors"][1]["kind"], "double-free");
}

#[test]
fn small_stacks_are_enough() {
    for case in ["signal_handler", "small_thread"] {
        let done = Child::of(case).run();
        assert_eq!(done.signal(), Some(libc::SIGABRT), "{case}: {done:?}");
        assert_whole(&done.stderr, "heap-buffer-overflow");
        assert!(done.stderr.contains("tests/report/child.rs:"), "{case}: {done:?}");
    }
}

#[test]
fn threads_that_fail_at_once_give_whole_reports() {
    for round in 0..5 {
        let done = Child::of("threads").run();
        assert_eq!(done.signal(), Some(libc::SIGABRT), "{round}: {done:?}");
        let reports: Vec<_> = done.stderr.split("==ABORTING\n").collect();
        assert_eq!(reports.len(), 4 + 1, "{round}: {done:?}");
        for report in &reports[..4] {
            assert_whole(report, "heap-buffer-overflow");
            assert_eq!(report.matches("ERROR: ").count(), 1, "{report}");
        }
    }
}

#[test]
fn children_forked_during_a_report_report_too() {
    let done = Child::of("fork_during_report").option("on_error=continue:log_path=log.%p").run();
    assert!(done.status.success(), "{done:?}");
    let children: Vec<_> = done.stdout.lines().collect();
    assert_eq!(children.len(), 8);
    for child in children {
        assert_whole(&done.file(&format!("log.{child}")), "heap-buffer-overflow");
    }
}

#[test]
fn a_fault_inside_of_a_report_costs_the_names_only() {
    let done = Child::of("fault_once").report("report.json").run();
    assert_eq!(done.signal(), Some(libc::SIGABRT), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
    assert_eq!(done.stderr.matches("ERROR: ").count(), 1, "{done:?}");
    assert!(!done.stderr.contains("child.rs"), "{done:?}");
    assert_eq!(done.json("report.json")["errors"][0]["kind"], "heap-buffer-overflow");
}

#[test]
fn a_report_that_cannot_be_made_ends_the_process_all_the_same() {
    let done = Child::of("fault_always").run();
    assert_eq!(done.signal(), Some(libc::SIGABRT), "{done:?}");
    assert!(done.stderr.contains("while a report was being written"), "{done:?}");
}

#[test]
fn a_thread_that_holds_the_loaders_lock_and_waits_for_the_report_does_not_stop_it() {
    let done = Child::of("loader_lock").option("on_error=continue").run();
    assert!(done.status.success(), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
    assert!(done.stderr.contains("tests/report/child.rs:"), "{done:?}");
}

#[test]
fn without_memory_modules_and_offsets_are_told() {
    let program = std::env::current_exe().expect("a path");
    let frame = format!("({}+0x", program.display());
    for case in ["no_memory_for_files", "no_memory_for_the_arena", "no_memory_for_anything"] {
        let done = Child::of(case).run();
        assert_eq!(done.signal(), Some(libc::SIGABRT), "{done:?}");
        assert_whole(&done.stderr, "heap-buffer-overflow");
        assert_eq!(done.stderr.matches("ERROR: ").count(), 1, "{done:?}");
        assert!(!done.stderr.contains("child.rs"), "{done:?}");
        // With nothing at all the table of modules cannot be read either.
        let expected = case != "no_memory_for_anything";
        assert_eq!(done.stderr.contains(&frame), expected, "{done:?}");
    }
}

#[test]
fn reports_go_to_the_log_or_to_the_first_standard_error() {
    let done = Child::of("abort").option("log_path=log.%p").run();
    assert_eq!(done.stderr, "", "{done:?}");
    assert_whole(&done.file(&format!("log.{}", done.process)), "heap-buffer-overflow");
    let done = Child::of("closed_stderr").run();
    assert_whole(&done.stderr, "heap-buffer-overflow");
    let done = Child::of("abort").option("log_path=missing/log").run();
    assert!(done.stderr.contains("cannot write to log_path missing/log"), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
}

#[test]
fn the_programs_handler_of_sigabrt_runs_and_cannot_prevent_the_end() {
    let done = Child::of("abort_handler").run();
    assert_eq!(done.signal(), Some(libc::SIGABRT), "{done:?}");
    assert!(done.stderr.ends_with("==ABORTING\nhandler\n"), "{done:?}");
}

#[test]
fn a_report_that_goes_on_leaves_no_trace_in_the_thread() {
    let done = Child::of("untouched").option("on_error=continue").run();
    assert!(done.status.success(), "{done:?}");
    assert_whole(&done.stderr, "heap-buffer-overflow");
}
