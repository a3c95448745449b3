//! Carries the program's input from one descriptor to another while it runs, and keeps a copy.
//!
//! It never reads ahead of a program that does not read by more than a pipe holds, and it ends as
//! soon as nobody reads any more.

use std::fs::File;
use std::io::{ErrorKind, Read, Result, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread::JoinHandle;

/// A thread that carries.
pub struct Relay {
    thread: JoinHandle<bool>,
    stop: OwnedFd,
}

impl Relay {
    /// Starts it. What is read from `source` goes to `kept` and then to the pipe.
    pub fn start(source: File, pipe: OwnedFd, kept: Option<File>) -> Result<Relay> {
        let (told, stop) = std::io::pipe()?;
        set_nonblocking(&pipe);
        let mut carrier =
            Carrier { source, pipe: File::from(pipe), told: told.into(), kept, is_whole: true };
        let thread = std::thread::Builder::new().name("input".into()).spawn(move || {
            // An error on either side is an end of the input, as for the program.
            let _ = carrier.carry();
            carrier.is_whole
        })?;
        Ok(Relay { thread, stop: stop.into() })
    }

    /// Ends it; whether all that it read was kept.
    pub fn finish(self) -> bool {
        drop(self.stop);
        self.thread.join().unwrap_or(false)
    }
}

fn set_nonblocking(pipe: &OwnedFd) {
    // SAFETY: plain system calls on an open descriptor. The flag belongs to this end alone.
    unsafe {
        let flags = libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK);
    }
}

struct Carrier {
    source: File,
    pipe: File,
    told: OwnedFd,
    kept: Option<File>,
    is_whole: bool,
}

/// What a wait was ended by.
#[derive(PartialEq, Eq)]
enum Ready {
    Side,
    Over,
}

impl Carrier {
    fn carry(&mut self) -> Result<()> {
        let mut buffer = [0; 16 * 1024];
        while self.wait_for_input()? == Ready::Side {
            let count = match self.source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if is_temporary(error.kind()) => continue,
                Err(error) => return Err(error),
            };
            let piece = buffer.get(..count).unwrap_or(&[]);
            if let Some(kept) = &mut self.kept {
                self.is_whole &= kept.write_all(piece).is_ok();
            }
            if !self.hand_on(piece)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when there is nobody to hand it on to.
    fn hand_on(&mut self, mut piece: &[u8]) -> Result<bool> {
        while !piece.is_empty() {
            if wait(&self.pipe, libc::POLLOUT, &self.told)? == Ready::Over {
                return Ok(false);
            }
            match self.pipe.write(piece) {
                Ok(count) => piece = piece.get(count..).unwrap_or(&[]),
                Err(error) if is_temporary(error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn wait_for_input(&self) -> Result<Ready> {
        let mut asked = [
            question(&self.source, libc::POLLIN),
            question(&self.told, 0),
            // Asks for nothing, and hears that the reading end is gone.
            question(&self.pipe, 0),
        ];
        poll(&mut asked)?;
        let is_over = asked.iter().skip(1).any(|answer| answer.revents != 0);
        Ok(if is_over { Ready::Over } else { Ready::Side })
    }
}

fn is_temporary(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

fn question(side: &impl AsFd, events: libc::c_short) -> libc::pollfd {
    libc::pollfd { fd: side.as_fd().as_raw_fd(), events, revents: 0 }
}

fn wait(side: &File, events: libc::c_short, told: &OwnedFd) -> Result<Ready> {
    let mut asked = [question(side, events), question(told, 0)];
    poll(&mut asked)?;
    let is_over = asked[1].revents != 0 || asked[0].revents & (libc::POLLERR | libc::POLLNVAL) != 0;
    Ok(if is_over { Ready::Over } else { Ready::Side })
}

fn poll(asked: &mut [libc::pollfd]) -> Result<()> {
    loop {
        // SAFETY: the slice is valid for the call, which writes only `revents`.
        let count = unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, -1) };
        match std::io::Error::last_os_error() {
            _ if count >= 0 => return Ok(()),
            error if error.kind() == ErrorKind::Interrupted => {}
            error => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> (File, OwnedFd) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        (File::from(OwnedFd::from(reader)), writer.into())
    }

    #[test]
    fn all_is_carried_and_kept() {
        let (source, writer) = pipe();
        let (mut reader, to) = pipe();
        let (mut copy, kept) = pipe();
        let relay = Relay::start(source, to, Some(File::from(kept))).expect("a thread");
        File::from(writer).write_all(b"first\nsecond\n").expect("room in a pipe");
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("text");
        assert_eq!(text, "first\nsecond\n");
        assert!(relay.finish());
        text.clear();
        copy.read_to_string(&mut text).expect("text");
        assert_eq!(text, "first\nsecond\n");
    }

    #[test]
    fn it_ends_though_nothing_comes_and_though_nobody_reads() {
        let (source, _writer) = pipe();
        let (_reader, to) = pipe();
        assert!(Relay::start(source, to, None).expect("a thread").finish());
        let (source, writer) = pipe();
        let (reader, to) = pipe();
        let relay = Relay::start(source, to, None).expect("a thread");
        drop(reader);
        assert!(relay.finish());
        drop(writer);
    }
}
