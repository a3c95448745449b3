//! One run of one program, measured: what it cost and what it printed.
//!
//! The figures are the kernel's (`wait4`), taken by the [shim](crate::shim). Peak memory is that of
//! the largest process among the program and the children it waited for.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::scratch::Scratch;

/// What one run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// CPU time in user mode, microseconds.
    pub user_us: u64,
    /// CPU time in the kernel, microseconds.
    pub system_us: u64,
    /// Time from start to end, microseconds.
    pub wall_us: u64,
    /// Largest resident set, KiB.
    pub peak_kib: u64,
    /// The status as `wait4` gave it.
    pub wait_status: i32,
}

impl Measurement {
    /// User and system time together, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        (self.user_us + self.system_us) as f64 / 1e6
    }

    /// Five numbers on one line, the form in which the shim hands the figures over.
    pub fn to_text(&self) -> String {
        let Measurement { user_us, system_us, wall_us, peak_kib, wait_status } = self;
        format!("{user_us} {system_us} {wall_us} {peak_kib} {wait_status}\n")
    }

    /// Reads [`Measurement::to_text`] back.
    pub fn from_text(text: &str) -> Option<Measurement> {
        let numbers: Vec<u64> =
            text.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let [user_us, system_us, wall_us, peak_kib, status] = numbers[..] else { return None };
        let wait_status = i32::try_from(status).ok()?;
        Some(Measurement { user_us, system_us, wall_us, peak_kib, wait_status })
    }

    /// `None` when the program ended well, else how it ended.
    pub fn failure(&self) -> Option<String> {
        let status = self.wait_status;
        if libc::WIFSIGNALED(status) {
            return Some(match libc::WTERMSIG(status) {
                libc::SIGALRM => "timed out".to_owned(),
                signal => format!("killed by signal {signal}"),
            });
        }
        match libc::WEXITSTATUS(status) {
            0 => None,
            code => Some(format!("exit status {code}")),
        }
    }
}

/// Starts programs under the shim.
#[derive(Clone, Debug)]
pub struct Spawner {
    /// This executable, which is also the shim.
    pub executable: PathBuf,
    /// Seconds after which a program counts as hung.
    pub timeout_seconds: u32,
}

/// A program that runs, with the file where its figures will be.
pub struct Running {
    shim: Child,
    result: PathBuf,
}

/// What a finished program left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its cost.
    pub measurement: Measurement,
    /// What it wrote to stdout; the same under every allocator.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr; workloads print figures there.
    pub stderr: String,
}

impl Spawner {
    /// A spawner that uses the running executable as the shim.
    pub fn of_this_executable(timeout_seconds: u32) -> Result<Spawner> {
        let executable = std::env::current_exe()
            .map_err(|error| format!("cannot find my own executable: {error}"))?;
        Ok(Spawner { executable, timeout_seconds })
    }

    /// Starts a program with the given additions to its environment.
    pub fn start(
        &self,
        scratch: &Scratch,
        command: &[OsString],
        environment: &[OsString],
    ) -> Result<Running> {
        let result = scratch.fresh_path("result");
        let mut shim = Command::new(&self.executable);
        shim.arg("measured").arg("--result").arg(&result);
        shim.arg("--timeout").arg(self.timeout_seconds.to_string());
        for entry in environment {
            shim.arg("--env").arg(entry);
        }
        shim.arg("--").args(command);
        shim.current_dir(scratch.folder());
        shim.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let shim = shim.spawn().map_err(|error| format!("cannot start the shim: {error}"))?;
        Ok(Running { shim, result })
    }

    /// Starts a program and waits for it.
    pub fn run(
        &self,
        scratch: &Scratch,
        command: &[OsString],
        environment: &[OsString],
    ) -> Result<Finished> {
        self.start(scratch, command, environment)?.finish()
    }
}

impl Running {
    /// Waits for the end.
    pub fn finish(mut self) -> Result<Finished> {
        let mut error_pipe = self.shim.stderr.take().ok_or("the shim has no stderr")?;
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = error_pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let output =
            self.shim.wait_with_output().map_err(|error| format!("lost the shim: {error}"))?;
        let stderr = errors.join().map_err(|_| "the reader of stderr died")?;
        let measurement = std::fs::read_to_string(&self.result)
            .ok()
            .and_then(|text| Measurement::from_text(&text))
            .ok_or_else(|| format!("no figures from the shim: {}", stderr.trim()))?;
        let _ = std::fs::remove_file(&self.result);
        Ok(Finished { measurement, stdout: output.stdout, stderr })
    }

    /// Kills the program: it is set to die with its shim.
    pub fn kill(mut self) {
        let _ = self.shim.kill();
        let _ = self.shim.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_survive_the_way_through_the_file() {
        let measurement = Measurement {
            user_us: 1_500_000,
            system_us: 250_000,
            wall_us: 2_000_001,
            peak_kib: 4_096,
            wait_status: 9,
        };
        assert_eq!(Measurement::from_text(&measurement.to_text()), Some(measurement));
        assert_eq!(measurement.cpu_seconds(), 1.75);
        assert_eq!(Measurement::from_text("1 2 3"), None);
        assert_eq!(Measurement::from_text("1 2 3 4 x"), None);
    }

    #[test]
    fn an_end_is_named() {
        let ended = |wait_status| Measurement { wait_status, ..Measurement::default() }.failure();
        assert_eq!(ended(0), None);
        assert_eq!(ended(3 << 8), Some("exit status 3".to_owned()));
        assert_eq!(ended(libc::SIGSEGV), Some("killed by signal 11".to_owned()));
        assert_eq!(ended(libc::SIGALRM), Some("timed out".to_owned()));
    }
}
