//! SARIF 2.1.0, for code scanning: one result for each error and each leak record.
//!
//! The stacks are in `stacks`, whole; `codeFlows` tells the block's life in three steps (allocated,
//! freed, accessed) for viewers that show nothing else. `partialFingerprints` are made of names
//! only, so that a result stays the same when lines move.

mod place;
mod result;

use super::View;
use heapwarden::report::Kind;
use place::Places;
use serde_json::{Value, json};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The log. Files under `root` are named relative to it.
pub fn render(view: &View<'_>, root: &str) -> String {
    let places = Places::under(root);
    let errors = view.errors().into_iter().map(|error| result::of_error(error, &places));
    let leaks = view.leaks().into_iter().map(|record| result::of_leak(record, &places));
    let results: Vec<_> = errors.chain(leaks).collect();
    let invocations: Vec<_> = view
        .report
        .all_processes()
        .into_iter()
        .map(|process| {
            json!({
                "executionSuccessful": true,
                "processId": process.pid,
                "arguments": process.argv.iter().skip(1).collect::<Vec<_>>(),
                "executableLocation": { "uri": place::uri(process.argv.first().map_or("", |name| name)) },
            })
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "Heapwarden",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Kind::ALL.map(rule),
            } },
            "invocations": invocations,
            "originalUriBaseIds": { place::ROOT: { "uri": places.root_uri() } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// A kind, explained by its page.
fn rule(kind: Kind) -> Value {
    let page = crate::commands::explain::page(kind);
    json!({
        "id": kind.id(),
        "shortDescription": { "text": crate::commands::explain::sentence(kind) },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": "error" },
    })
}
