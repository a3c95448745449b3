//! Real programs, where they are installed. Each does the same work in every run and prints a result
//! that does not depend on addresses or time: hash seeds are fixed, files start empty.

pub mod redis;

use std::process::Command;

use crate::Result;
use crate::jobs::Job;
use crate::machine::program_version;
use crate::scratch::Scratch;

/// The programs in the order of the report.
pub const NAMES: [&str; 5] = ["python3", "perl", "sqlite3", "lua5.4", "redis"];

/// Prepares one of them, or says why not.
pub fn job(name: &str, scratch: &Scratch) -> Result<Job> {
    match name {
        "python3" => python(scratch),
        "perl" => perl(scratch),
        "sqlite3" => sqlite(scratch),
        "lua5.4" => lua(scratch),
        _ => redis::job(scratch),
    }
}

fn python(scratch: &Scratch) -> Result<Job> {
    // `python3` may be a shell script that looks for the interpreter; measure the interpreter.
    let question = "import sys; print(sys.executable); print(sys.version.split()[0])";
    let output = Command::new("python3").args(["-c", question]).output();
    let output = output.map_err(|_| "not installed")?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = answer.lines();
    let (Some(program), Some(version)) = (lines.next(), lines.next()) else {
        return Err("does not run".to_owned());
    };
    let script = scratch.write("work.py", include_str!("work.py"))?;
    let what = format!("Python {version}, PYTHONMALLOC=malloc: objects, dicts, strings");
    let command = vec![program.into(), "-S".into(), "-s".into(), script.into()];
    let mut job = Job::new("python3", what, command);
    job.environment = vec!["PYTHONMALLOC=malloc".into(), "PYTHONHASHSEED=0".into()];
    Ok(job)
}

fn perl(scratch: &Scratch) -> Result<Job> {
    let output = Command::new("perl").args(["-e", "printf '%vd', $^V"]).output();
    let output = output.map_err(|_| "not installed")?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    let script = scratch.write("work.pl", include_str!("work.pl"))?;
    let what = format!("Perl {version}: hashes, arrays, split and join");
    let mut job = Job::new("perl", what, vec!["perl".into(), script.into()]);
    job.environment = vec!["PERL_HASH_SEED=0".into(), "PERL_PERTURB_KEYS=0".into()];
    Ok(job)
}

fn sqlite(scratch: &Scratch) -> Result<Job> {
    let version = program_version("sqlite3", "--version").ok_or("not installed")?;
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    scratch.write("work.sql", include_str!("work.sql"))?;
    let database = scratch.folder().join("work.db");
    let what = format!("SQLite {version}: inserts, indices, joins, a file and a memory database");
    let command = ["sqlite3", "-batch", "work.db", ".read work.sql"].map(Into::into).to_vec();
    let mut job = Job::new("sqlite3", what, command);
    job.remove_before = vec![database];
    Ok(job)
}

fn lua(scratch: &Scratch) -> Result<Job> {
    let version = program_version("lua5.4", "-v").ok_or("not installed")?;
    let version = version.split("  ").next().unwrap_or_default().to_owned();
    let script = scratch.write("work.lua", include_str!("work.lua"))?;
    let what = format!("{version}: tables, closures, strings");
    Ok(Job::new("lua5.4", what, vec!["lua5.4".into(), script.into()]))
}
