//! Jobs: the command lines that are run under every allocator.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::measure::{Finished, Spawner};
use crate::peers::Allocator;
use crate::programs::redis;
use crate::scratch::Scratch;
use crate::{Result, programs, workloads};

/// How a job is brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// It ends by itself.
    Alone,
    /// A server, kept busy by redis-benchmark and then shut down.
    Redis,
}

/// One job.
#[derive(Clone, Debug)]
pub struct Job {
    /// A row of the tables.
    pub name: String,
    /// What it does, for the report.
    pub what: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// KEY=VALUE additions to the environment.
    pub environment: Vec<OsString>,
    /// Files that a run leaves behind and the next must not find.
    pub remove_before: Vec<PathBuf>,
    /// How it ends.
    pub driver: Driver,
    /// Whether it counts in the geometric means; `scale` does not, it has a table of its own.
    pub counts: bool,
    /// Whether the slowest checkers run it too.
    pub short: bool,
    /// Whether it is one of the own workloads, which can be compiled anew.
    pub own: bool,
}

/// The jobs that checkers of 20 to 50 times glibc's time run.
const SHORT: [&str; 6] = ["tree", "strings", "python3", "perl", "sqlite3", "lua5.4"];

impl Job {
    /// A job that ends by itself and counts.
    pub fn new(name: &str, what: String, command: Vec<OsString>) -> Job {
        Job {
            name: name.to_owned(),
            what,
            command,
            environment: Vec::new(),
            remove_before: Vec::new(),
            driver: Driver::Alone,
            counts: true,
            short: SHORT.contains(&name),
            own: false,
        }
    }

    /// Runs the job once under one allocator.
    pub fn run(&self, spawner: &Spawner, scratch: &Scratch, under: &Allocator) -> Result<Finished> {
        for path in &self.remove_before {
            let _ = std::fs::remove_file(path);
        }
        let mut environment = under.environment();
        environment.extend(self.environment.iter().cloned());
        match self.driver {
            Driver::Alone => {
                let command = under.command(&self.command_under(under)?);
                spawner.run(scratch, &command, &environment)
            }
            Driver::Redis => {
                let job = Job { command: under.command(&self.command), ..self.clone() };
                redis::run(&job, spawner, scratch, &environment)
            }
        }
    }
}

impl Job {
    /// Whether it can be run under an allocator.
    pub fn runs_under(&self, under: &Allocator) -> bool {
        (self.short || !under.short_only) && (self.own || under.recompiled.is_none())
    }

    /// The command line, of the recompiled program if the allocator is one that has to be compiled in.
    fn command_under(&self, under: &Allocator) -> Result<Vec<OsString>> {
        let mut command = self.command.clone();
        if let (Some(executable), Some(program)) = (&under.recompiled, command.first_mut()) {
            *program = match self.name.as_str() {
                "strings" => workloads::build_strings(executable, &["-fsanitize=address"])?.into(),
                _ => executable.into(),
            };
        }
        Ok(command)
    }
}

/// All jobs that can run here, own workloads first; the notes say what was left out and why.
/// With `only`, those whose name is in the list.
pub fn all(
    spawner: &Spawner,
    scratch: &Scratch,
    only: &[String],
) -> Result<(Vec<Job>, Vec<String>)> {
    let wanted = |name: &str| only.is_empty() || only.iter().any(|entry| entry == name);
    let known = workloads::ALL.iter().map(|workload| workload.name).chain(programs::NAMES);
    let known: Vec<&str> = known.collect();
    if let Some(unknown) = only.iter().find(|entry| !known.contains(&entry.as_str())) {
        return Err(format!("no job named {unknown}; there are {}", known.join(", ")));
    }
    let mut jobs = Vec::new();
    let mut notes = Vec::new();
    for workload in workloads::ALL.iter().filter(|workload| wanted(workload.name)) {
        match of_workload(workload, spawner) {
            Ok(job) => jobs.push(job),
            Err(note) => notes.push(format!("{} left out: {note}", workload.name)),
        }
    }
    for name in programs::NAMES.into_iter().filter(|name| wanted(name)) {
        match programs::job(name, scratch) {
            Ok(job) => jobs.push(job),
            Err(note) => notes.push(format!("{name} left out: {note}")),
        }
    }
    Ok((jobs, notes))
}

fn of_workload(workload: &workloads::Workload, spawner: &Spawner) -> Result<Job> {
    let command: Vec<OsString> = match workload.name {
        // The C++ program itself, so that nothing of this executable is measured with it.
        "strings" => {
            let program = workloads::build_strings(&spawner.executable, &[])?;
            vec![program.into(), workload.operations.to_string().into()]
        }
        name => vec![spawner.executable.clone().into(), "workload".into(), name.into()],
    };
    let counts = workload.name != "scale";
    Ok(Job { counts, own: true, ..Job::new(workload.name, workload.what.to_owned(), command) })
}
