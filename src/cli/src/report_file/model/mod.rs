//! The schema, as far as this command looks into it; the rest of each object is kept as it is.

mod error;
mod frame;
mod heap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use error::{Block, Error, Holder, Pinpointed};
pub use frame::{Frame, hexadecimal};
pub use heap::{CallSite, Edge, LeakRecord, Leaks, Suppressed, Tally};

/// The version of the schema that is read.
pub const SCHEMA: u64 = 1;

/// The fields that this version does not look at.
type Rest = Map<String, Value>;

/// A report file, or several merged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub schema: u64,
    #[serde(default)]
    pub pid: u64,
    #[serde(default)]
    pub argv: Vec<String>,
    #[serde(default)]
    pub profile: String,
    #[serde(default)]
    pub options: Rest,
    /// Of a merged report: all that went into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    #[serde(default)]
    pub errors: Vec<Error>,
    /// Absent in reports of versions and profiles that do not look for leaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaks: Option<Leaks>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callsites: Option<Vec<CallSite>>,
    #[serde(default)]
    pub stats: Rest,
    #[serde(default)]
    pub modules: Vec<Module>,
    #[serde(flatten)]
    pub rest: Rest,
}

/// One of the processes that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u64,
    #[serde(default)]
    pub argv: Vec<String>,
    #[serde(default)]
    pub profile: String,
    /// Whether its report says something of leaks.
    #[serde(default)]
    pub leaks: bool,
    /// Whether its report has call sites.
    #[serde(default)]
    pub callsites: bool,
}

/// A file of the program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Module {
    pub path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// Absent if it differs between merged processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(flatten)]
    pub rest: Rest,
}

impl Report {
    /// The processes it is about, also if it is about one.
    pub fn all_processes(&self) -> Vec<Process> {
        if !self.processes.is_empty() {
            return self.processes.clone();
        }
        vec![Process {
            pid: self.pid,
            argv: self.argv.clone(),
            profile: self.profile.clone(),
            leaks: self.leaks.is_some(),
            callsites: self.callsites.is_some(),
        }]
    }

    /// Every stack there is.
    pub fn each_stack(&mut self, visit: &mut dyn FnMut(&mut Vec<Frame>)) {
        for error in &mut self.errors {
            error.each_stack(visit);
        }
        let records = self.leaks.iter_mut().flat_map(|leaks| &mut leaks.records);
        for record in records {
            visit(&mut record.stack);
            record.edges.iter_mut().for_each(|edge| visit(&mut edge.stack));
        }
        self.callsites.iter_mut().flatten().for_each(|site| visit(&mut site.stack));
    }
}
