//! The command `leak-check`: how long the check at exit takes with a million live blocks of one GiB
//! together, ours and LeakSanitizer's on the same program, in turns.
//!
//! The program prints the clock at the end of `main`; until the kernel says that the process is over,
//! there is the check and the end itself, which glibc's column shows alone. A run counts only if the
//! checker found exactly the thousand blocks that are lost.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use crate::Result;
use crate::clock;
use crate::command_line::TableArguments;
use crate::peers::{self, Allocator};
use crate::scratch::Scratch;
use crate::summary::median;
use crate::table::Table;

const SOURCE: &str = include_str!("million.c");
/// What the program loses, as every checker writes it.
const LOST: &str = "100000";

/// One way of checking the program.
struct Checker {
    name: String,
    program: PathBuf,
    environment: Vec<OsString>,
    checks: bool,
}

/// Measures and prints a table.
pub fn run_command(arguments: &TableArguments) -> Result<ExitCode> {
    let scratch = Scratch::new()?;
    let checkers = checkers(arguments, &scratch)?;
    let mut times = vec![Vec::new(); checkers.len()];
    for _ in 0..arguments.runs {
        for (checker, times) in checkers.iter().zip(&mut times) {
            times.push(once(checker, &scratch)?.as_secs_f64());
        }
    }
    let mut table = Table::new(["checker", "median, s", "least, s", "most, s"]);
    for (checker, times) in checkers.iter().zip(&times) {
        let least = times.iter().copied().reduce(f64::min);
        let most = times.iter().copied().reduce(f64::max);
        let cells = [median(times), least, most].map(|seconds| match seconds {
            Some(seconds) => format!("{seconds:.3}"),
            None => "-".to_owned(),
        });
        table.push(std::iter::once(checker.name.clone()).chain(cells).collect());
    }
    print!("{}", if arguments.markdown { table.to_markdown() } else { table.to_text() });
    Ok(ExitCode::SUCCESS)
}

fn checkers(arguments: &TableArguments, scratch: &Scratch) -> Result<Vec<Checker>> {
    let bare = compile(scratch, "million", &[])?;
    let library = peers::heapwarden_library(&arguments.choice)?;
    let alone = |name: &str, program: &Path, checks| Checker {
        name: name.to_owned(),
        program: program.to_path_buf(),
        environment: Vec::new(),
        checks,
    };
    let mut checkers = vec![alone("glibc, no check", &bare, false)];
    match compile(scratch, "million-lsan", &["-fsanitize=leak"]) {
        Ok(program) => checkers.push(alone("LeakSanitizer", &program, true)),
        Err(note) => eprintln!("note: LeakSanitizer left out: {note}"),
    }
    let both = ["leak".to_owned(), "debug".to_owned()];
    let profiles = &arguments.choice.profiles;
    let profiles = if profiles.is_empty() { &both[..] } else { profiles };
    for allocator in peers::heapwarden(&library, profiles) {
        let environment = Allocator::environment(&allocator);
        checkers.push(Checker { environment, ..alone(&allocator.name, &bare, true) });
    }
    Ok(checkers)
}

fn compile(scratch: &Scratch, name: &str, options: &[&str]) -> Result<PathBuf> {
    let source = scratch.write("million.c", SOURCE)?;
    let program = scratch.folder().join(name);
    let mut compiler = Command::new("gcc");
    compiler.args(["-O1", "-g"]).args(options).arg("-o").args([&program, &source]);
    let output = compiler.output().map_err(|error| format!("no gcc: {error}"))?;
    match output.status.success() {
        true => Ok(program),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// From the end of `main` to the end of the process.
fn once(checker: &Checker, scratch: &Scratch) -> Result<Duration> {
    let said = scratch.fresh_path("said");
    let file = |path: &Path| std::fs::File::create(path).map_err(|error| error.to_string());
    let mut command = Command::new("env");
    command.args(&checker.environment).arg(&checker.program);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(file(&said)?)
        .spawn()
        .map_err(|error| error.to_string())?;
    child.wait().map_err(|error| error.to_string())?;
    let end = clock::now();
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let nanoseconds = text.trim().parse().map_err(|_| format!("{}: {text}", checker.name))?;
    let report = std::fs::read_to_string(&said).map_err(|error| error.to_string())?;
    if checker.checks && !report.replace(',', "").contains(LOST) {
        return Err(format!("{} did not find what is lost: {report}", checker.name));
    }
    Ok(end.saturating_sub(Duration::from_nanos(nanoseconds)))
}
