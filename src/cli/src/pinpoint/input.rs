//! The standard input, as often as it is needed.
//!
//! A file is rewound, and left where the first run left it. What comes through a pipe is kept, as far
//! as the first run was given it, and comes through a pipe again. A terminal is read again; nobody but
//! the user can say the same twice.

use super::folder::Folder;
use super::relay::Relay;
use std::fs::File;
use std::io::{Result, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;

/// What the standard input is.
pub enum Input {
    /// Closed, /dev/null or another device that says the same to everybody.
    Same,
    /// A terminal.
    Terminal,
    /// A file, and the places where the first run started and ended.
    File { file: File, start: u64, end: u64 },
    /// A pipe, and where a copy is kept.
    Pipe { copy: Option<PathBuf>, is_whole: bool },
    /// Something that answers, a socket for example.
    Once,
}

/// The input of one run.
#[derive(Default)]
pub struct Feed {
    /// What the program is to read, unless it is what this process has.
    pub stdin: Option<OwnedFd>,
    carried: Option<Carried>,
}

/// What is to be carried to the program, once it runs.
struct Carried {
    source: File,
    pipe: OwnedFd,
    kept: Option<File>,
}

impl Feed {
    fn through_pipe(source: File, kept: Option<File>) -> Result<Feed> {
        let (reader, writer) = std::io::pipe()?;
        let carried = Carried { source, pipe: writer.into(), kept };
        Ok(Feed { stdin: Some(reader.into()), carried: Some(carried) })
    }

    /// To be called when the program has started: no thread may exist before.
    pub fn start(self) -> Option<Relay> {
        drop(self.stdin);
        let Carried { source, pipe, kept } = self.carried?;
        Relay::start(source, pipe, kept).ok()
    }
}

impl Input {
    /// What this process has.
    pub fn of_this_process() -> Input {
        let Ok(file) = std::io::stdin().as_fd().try_clone_to_owned().map(File::from) else {
            return Input::Same;
        };
        let Ok(metadata) = file.metadata() else { return Input::Same };
        let kind = metadata.file_type();
        if kind.is_file() {
            return rewindable(file);
        }
        // SAFETY: isatty takes any number.
        let is_terminal = unsafe { libc::isatty(0) } == 1;
        match () {
            () if is_terminal => Input::Terminal,
            () if kind.is_fifo() => Input::Pipe { copy: None, is_whole: true },
            () if kind.is_socket() => Input::Once,
            () => Input::Same,
        }
    }

    /// Whether the user has to type everything again.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Input::Terminal)
    }

    /// For the first run.
    pub fn first(&mut self, folder: &Folder) -> Result<Feed> {
        let Input::Pipe { copy, .. } = self else { return Ok(Feed::default()) };
        let path = folder.path().join("input");
        let kept = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        let source = std::io::stdin().as_fd().try_clone_to_owned().map(File::from)?;
        *copy = Some(path);
        Feed::through_pipe(source, Some(kept))
    }

    /// To be called when the first run is over.
    pub fn note_first(&mut self, relay: Option<Relay>) {
        match self {
            Input::Pipe { is_whole, .. } => *is_whole = relay.is_some_and(Relay::finish),
            Input::File { file, end, .. } => *end = file.stream_position().unwrap_or(*end),
            _ => {}
        }
    }

    /// For a later run; else the sentence why there cannot be one.
    pub fn again(&mut self) -> std::result::Result<Feed, String> {
        let told = |error: std::io::Error| format!("Its input cannot be given again: {error}.");
        match self {
            Input::Same | Input::Terminal => Ok(Feed::default()),
            Input::File { file, start, .. } => {
                file.seek(SeekFrom::Start(*start)).map_err(told)?;
                Ok(Feed::default())
            }
            Input::Pipe { copy: Some(path), is_whole: true } => {
                let source = File::open(path).map_err(told)?;
                Feed::through_pipe(source, None).map_err(told)
            }
            Input::Pipe { .. } => Err("Its input could not be kept for another run.".into()),
            Input::Once => Err("Its input is a socket, which says nothing twice.".into()),
        }
    }

    /// To be called when a later run is over: who reads on after us finds what it would have found.
    pub fn put_back(&mut self) {
        if let Input::File { file, end, .. } = self {
            // It could be placed before.
            let _ = file.seek(SeekFrom::Start(*end));
        }
    }
}

fn rewindable(mut file: File) -> Input {
    match file.stream_position() {
        Ok(start) => Input::File { file, start, end: start },
        Err(_) => Input::Once,
    }
}
