//! SARIF: every object has what version 2.1.0 of the standard requires of it, and every result its
//! story.

use super::json;
use serde_json::Value;

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("no list {name} in {value:#}"))
}

fn is_text(value: &Value) {
    assert!(value["text"].as_str().is_some_and(|text| !text.is_empty()), "a message: {value}");
}

/// section 3.28: a file with a region that starts at a line from 1 on, functions by name.
fn is_location(location: &Value) {
    if let Some(physical) = location.get("physicalLocation") {
        let artifact = &physical["artifactLocation"];
        let uri = artifact["uri"].as_str().expect("a URI");
        assert!(uri.is_ascii() && !uri.contains([' ', '\\']), "{uri}");
        assert!(uri.starts_with("file:///") || artifact["uriBaseId"] == "%SRCROOT%", "{artifact}");
        if let Some(region) = physical.get("region") {
            assert!(region["startLine"].as_u64().is_some_and(|line| line > 0), "{region}");
        }
    }
    for function in list(location, "logicalLocations") {
        assert!(function["fullyQualifiedName"].is_string(), "{function}");
    }
}

fn is_result(result: &Value, rules: &[Value]) {
    is_text(&result["message"]);
    let index = result["ruleIndex"].as_u64().expect("the index of the rule") as usize;
    assert_eq!(rules[index]["id"], result["ruleId"], "{result:#}");
    let level = result["level"].as_str().expect("a level");
    assert!(["error", "warning", "note"].contains(&level), "{level}");
    assert_eq!(list(result, "locations").len(), 1);
    list(result, "locations").iter().for_each(is_location);
    for stack in list(result, "stacks") {
        is_text(&stack["message"]);
        assert!(!list(stack, "frames").is_empty());
        list(stack, "frames").iter().for_each(|frame| is_location(&frame["location"]));
    }
    for flow in list(result, "codeFlows") {
        for thread in list(flow, "threadFlows") {
            for (position, step) in list(thread, "locations").iter().enumerate() {
                assert_eq!(step["executionOrder"], position + 1);
                is_location(&step["location"]);
                is_text(&step["location"]["message"]);
            }
        }
    }
    let prints = result["partialFingerprints"].as_object().expect("fingerprints");
    assert!(prints.values().all(|print| print.as_str().is_some_and(|print| print.len() == 16)));
}

#[test]
fn the_log_has_the_required_shape() {
    let log = json("server.json", &["--format", "sarif"]);
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let run = &list(&log, "runs")[0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "Heapwarden");
    let rules = list(driver, "rules");
    for rule in rules {
        assert!(rule["id"].is_string());
        is_text(&rule["shortDescription"]);
        is_text(&rule["help"]);
    }
    let root = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().expect("the root");
    assert!(root.starts_with("file:///") && root.ends_with('/'), "{root}");
    for invocation in list(run, "invocations") {
        assert!(invocation["executionSuccessful"].is_boolean());
    }
    // Four errors and four leak records.
    assert_eq!(list(run, "results").len(), 8);
    list(run, "results").iter().for_each(|result| is_result(result, rules));
}

#[test]
fn a_result_tells_the_life_of_its_block() {
    let log = json("server.json", &["--format", "sarif"]);
    let results = list(&log["runs"][0], "results");
    let after_free = &results[0];
    assert_eq!(after_free["ruleId"], "heap-use-after-free");
    assert_eq!(after_free["occurrenceCount"], 5);
    let steps = list(&after_free["codeFlows"][0]["threadFlows"][0], "locations");
    let told: Vec<_> = steps
        .iter()
        .map(|step| {
            let location = &step["location"];
            let line = &location["physicalLocation"]["region"]["startLine"];
            (location["message"]["text"].as_str().expect("a text"), line.as_u64().expect("a line"))
        })
        .collect();
    assert_eq!(told, [("allocated here", 10), ("freed here", 20), ("accessed here", 40)]);
    let overflow = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(
        overflow["artifactLocation"]["uri"], "file:///srv/src/name.cpp",
        "not `operator new[]`"
    );
    let levels: Vec<_> = results.iter().map(|result| result["level"].as_str()).collect();
    let expected =
        ["error", "error", "error", "error", "error", "error", "warning", "note"].map(Some);
    assert_eq!(levels, expected);
}

#[test]
fn fingerprints_survive_a_new_build() {
    let prints = |name| {
        let log = json(name, &["--alone", "--format", "sarif", "--kind", "definite"]);
        let results = list(&log["runs"][0], "results");
        results.iter().map(|result| result["partialFingerprints"].clone()).collect::<Vec<_>>()
    };
    let (old, new) = (prints("server.json"), prints("later.json"));
    assert_eq!(old[0], new[0], "session_new, whose lines and offsets have moved");
    assert_ne!(old[0], old[1]);
}
