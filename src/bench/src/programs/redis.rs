//! redis-server, kept busy by redis-benchmark over a Unix socket; the server alone is measured.
//!
//! Debian's server links jemalloc; the allocator under test is preloaded in front of it, glibc
//! included. The client runs on glibc in every case. Its rates are noise to us and are dropped: the
//! output that is compared is the list of tests it completed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::jobs::{Driver, Job};
use crate::machine::program_version;
use crate::measure::{Finished, Spawner};
use crate::scratch::Scratch;

const SOCKET: &str = "redis.sock";
const START_LIMIT: Duration = Duration::from_secs(20);
const TESTS: &str = "set,get,incr,lpush,rpush,lpop,sadd,hset,zadd,lrange_100,mset";
const REQUESTS: &str = "50000";

/// Prepares the server's job.
pub fn job(scratch: &Scratch) -> Result<Job> {
    let version = program_version("redis-server", "--version").ok_or("not installed")?;
    program_version("redis-benchmark", "--version").ok_or("redis-benchmark is not installed")?;
    program_version("redis-cli", "--version").ok_or("redis-cli is not installed")?;
    let number = version.split_once("v=").map_or("", |(_, rest)| rest);
    let number = number.split(' ').next().unwrap_or_default().to_owned();
    let command = [
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        SOCKET,
        "--save",
        "",
        "--appendonly",
        "no",
        "--daemonize",
        "no",
        "--loglevel",
        "warning",
    ];
    let what = format!("Redis {number} server under redis-benchmark ({REQUESTS} requests a test)");
    let mut job = Job::new("redis", what, command.map(OsString::from).to_vec());
    job.driver = Driver::Redis;
    job.remove_before = vec![scratch.folder().join(SOCKET)];
    Ok(job)
}

/// Starts the server, drives it, shuts it down, and gives the server's figures.
pub fn run(
    job: &Job,
    spawner: &Spawner,
    scratch: &Scratch,
    environment: &[OsString],
) -> Result<Finished> {
    let server = spawner.start(scratch, &job.command, environment)?;
    let socket = scratch.folder().join(SOCKET);
    let driven = wait_for_answer(&socket).and_then(|()| drive(&socket));
    match driven {
        Ok(tests) => {
            // The server closes the connection instead of answering, so the status says nothing.
            let _ = client("redis-cli", &socket).args(["shutdown", "nosave"]).status();
            let finished = server.finish()?;
            Ok(Finished { stdout: tests.into_bytes(), ..finished })
        }
        Err(problem) => {
            server.kill();
            Err(problem)
        }
    }
}

fn client(program: &str, socket: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-s").arg(PathBuf::from(socket));
    command.env_remove("LD_PRELOAD").stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    command
}

fn wait_for_answer(socket: &Path) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < START_LIMIT {
        let answer = client("redis-cli", socket).arg("ping").output();
        if answer.is_ok_and(|answer| answer.stdout.starts_with(b"PONG")) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err("the server does not answer".to_owned())
}

/// Runs redis-benchmark and returns the names of the tests it completed, one per line.
fn drive(socket: &Path) -> Result<String> {
    let output = client("redis-benchmark", socket)
        .args(["-n", REQUESTS, "-c", "20", "-P", "64", "-r", "100000", "-d", "200"])
        .args(["-t", TESTS, "--csv"])
        .output()
        .map_err(|error| format!("redis-benchmark: {error}"))?;
    if !output.status.success() {
        return Err(format!("redis-benchmark: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.split(',').next());
    Ok(names.collect::<Vec<_>>().join("\n"))
}
