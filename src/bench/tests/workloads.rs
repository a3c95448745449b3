//! Goal: a workload's result depends on nothing but its amount of work, so that a difference between
//! allocators means damaged memory. Method: run each twice with a little work, compare the output, and
//! see that more work gives another result.

use std::process::Command;

fn output(name: &str, operations: u64) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_heapwarden-bench"))
        .args(["workload", name, "--operations", &operations.to_string()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn results_are_the_same_in_every_run() {
    let amounts = [
        ("churn", 30_000),
        ("tree", 1),
        ("handoff", 20_000),
        ("larson", 40_000),
        ("buffers", 4),
        ("threads", 40),
        ("pairs", 1_000),
        ("scale", 10_000),
    ];
    for (name, operations) in amounts {
        let first = output(name, operations);
        assert!(first.starts_with(&format!("{name} ")), "{first}");
        assert_eq!(first, output(name, operations));
        assert_ne!(first, output(name, operations * 10), "{name} ignores its amount of work");
    }
}

#[test]
fn strings_runs_where_there_is_a_compiler() {
    if Command::new("g++").arg("--version").output().is_err() {
        eprintln!("skipped: no g++");
        return;
    }
    assert_eq!(output("strings", 1), output("strings", 1));
    assert_ne!(output("strings", 1), output("strings", 2));
}

#[test]
fn an_unknown_workload_is_refused_by_name() {
    let output = Command::new(env!("CARGO_BIN_EXE_heapwarden-bench"))
        .args(["workload", "nonsense"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"));
}
