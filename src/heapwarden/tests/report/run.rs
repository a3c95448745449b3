//! Starts this test binary as a child that runs one case (see `child.rs`), in a folder of its own.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The variable that makes this binary a child.
pub const CASE: &str = "HEAPWARDEN_TEST_CASE";

/// Nothing takes that long: what does, hangs.
const LIMIT: Duration = Duration::from_secs(100);

pub struct Child {
    case: &'static str,
    options: Vec<String>,
}

#[derive(Debug)]
pub struct Done {
    pub status: ExitStatus,
    pub process: u32,
    pub stdout: String,
    pub stderr: String,
    folder: PathBuf,
}

impl Child {
    pub fn of(case: &'static str) -> Child {
        Child { case, options: vec!["colour=never".into()] }
    }

    pub fn option(mut self, option: &str) -> Child {
        self.options.push(option.into());
        self
    }

    pub fn report(self, name: &str) -> Child {
        self.option(&format!("report_path={name}"))
    }

    pub fn run(self) -> Done {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("heapwarden-report-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        let create = |name: &str| std::fs::File::create(folder.join(name)).expect("a file");
        let mut child = Command::new(std::env::current_exe().expect("a path"))
            .env(CASE, self.case)
            .env("HEAPWARDEN_OPTIONS", self.options.join(":"))
            .env_remove("HEAPWARDEN_FIRST_PROCESS")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(create("stdout"))
            .stderr(create("stderr"))
            .spawn()
            .expect("the child starts");
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a status") {
                break status;
            }
            if start.elapsed() > LIMIT {
                child.kill().expect("the child ends");
                panic!("case {} hangs", self.case);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let mut done = Done {
            status,
            process: child.id(),
            stdout: String::new(),
            stderr: String::new(),
            folder,
        };
        (done.stdout, done.stderr) = (done.file("stdout"), done.file("stderr"));
        done
    }
}

impl Done {
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    pub fn file(&self, name: &str) -> String {
        let bytes = std::fs::read(self.folder.join(name));
        let bytes = bytes.unwrap_or_else(|error| panic!("{name}: {error}; {self:?}"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        let text = self.file(name);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error} in {text}"))
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
