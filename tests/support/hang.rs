//! What is left of a session of processes: is it over, where does it hang, kill it.

use super::tools::find;
use std::fmt::Write;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// More processes than this are only counted: their stacks would bury the first ones.
const DESCRIBED: usize = 6;

/// Waits until the session has no process left; `false` when one remains after `patience`.
pub fn has_ended(session: u32, patience: Duration) -> bool {
    let start = Instant::now();
    while !members(session).is_empty() {
        if start.elapsed() > patience {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

/// The stacks of all threads of the session's processes, by gdb, and what the kernel says of them.
pub fn describe(session: u32) -> String {
    let mut text = String::new();
    let members = members(session);
    for &process in members.iter().take(DESCRIBED) {
        let name = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let name = String::from_utf8_lossy(&name).replace('\0', " ");
        let _ = writeln!(text, "=== process {process}: {name}");
        for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
            let read = |file| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            let (call, place) = (read("syscall"), read("wchan"));
            let _ = writeln!(text, "thread {:?}: {place}, {}", task.file_name(), call.trim());
        }
        text.push_str(&stacks(process));
    }
    let _ = writeln!(text, "=== {} processes in all", members.len());
    text
}

/// Kills the whole session; again, because a process may have forked while the list was read.
pub fn kill(session: u32) {
    for _ in 0..100 {
        let members = members(session);
        if members.is_empty() {
            return;
        }
        for process in members {
            // SAFETY: a plain system call; the process belongs to the session this test made.
            unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) };
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The living processes of a session. Zombies are over, whoever is to collect them.
fn members(session: u32) -> Vec<u32> {
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // "PID (name) STATE PARENT GROUP SESSION ..."; the name may hold spaces and brackets.
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        if fields[0] != "Z" && fields[0] != "X" && fields[3].parse() == Ok(session) {
            members.push(process);
        }
    }
    members
}

fn stacks(process: u32) -> String {
    if find("gdb").is_none() || find("timeout").is_none() {
        return "no stacks: gdb and timeout are not both installed\n".to_string();
    }
    let output = Command::new("timeout")
        .args(["-s", "KILL", "30", "gdb", "-nx", "-batch", "-p", &process.to_string()])
        .args(["-iex", "set debuginfod enabled off", "-ex", "thread apply all bt 24"])
        .env_remove("LD_PRELOAD")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => format!("no stacks: {error}\n"),
    }
}
