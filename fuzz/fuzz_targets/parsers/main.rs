//! Everything that reads text which somebody else wrote: options, AddressSanitizer's options,
//! suppressions, report files. The first byte says which.

#![no_main]

#[allow(dead_code)]
#[path = "../../../src/cli/src/failure.rs"]
mod failure;
#[allow(dead_code, unused_imports)]
#[path = "../../../src/cli/src/report_file/mod.rs"]
mod report_file;

use heapwarden::Heapwarden;
use heapwarden::leaks::suppress::{Patterns, matches};
use heapwarden::options::{Options, sanitizer};
use libfuzzer_sys::fuzz_target;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: Heapwarden = Heapwarden::new();

fn written(options: &Options) -> Vec<u8> {
    let mut text = Vec::new();
    options.write(&mut |piece| text.extend_from_slice(piece));
    text
}

/// What is written reads back to the same, without a complaint.
fn options(text: &[u8]) {
    let mut complaints = 0;
    let found = Options::read(text, &mut |complaint| {
        complaints += 1;
        let mut sentence = Vec::new();
        complaint.write(&mut |piece| sentence.extend_from_slice(piece));
        assert!(!sentence.is_empty() && sentence.len() < 1000);
        assert!(sentence.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic()));
    });
    assert!(complaints <= text.len());
    let echo = written(&found);
    let again = Options::read(&echo, &mut |_| panic!("{}", String::from_utf8_lossy(&echo)));
    assert_eq!(again, found);
}

/// What AddressSanitizer is told changes options to values that they can have.
fn sanitizer_options(text: &[u8]) {
    let mut options = Options::DEFAULT;
    sanitizer::read(text, &mut options);
    let mut again = options;
    sanitizer::read(text, &mut again);
    assert_eq!(again, options, "the second time changes something");
}

/// Whether a part of a pattern matches the whole text, by trying everything.
fn matches_whole(part: &[u8], text: &[u8]) -> bool {
    match part {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skip| matches_whole(rest, &text[skip..])),
        [byte, rest @ ..] => text.first() == Some(byte) && matches_whole(rest, &text[1..]),
    }
}

/// The matcher against one that tries everything, on texts that are short enough for it.
fn suppressions(text: &[u8]) {
    let mut patterns = Patterns::new();
    // Mistakes are complained about, on standard error.
    if text.split(|byte| *byte == b'\n').all(|line| line.trim_ascii().starts_with(b"leak:")) {
        patterns.add(text);
    }
    assert!(patterns.all().all(|pattern| !pattern.is_empty()));
    let Some((pattern, name)) = text.split_at_checked(text.len().min(8)) else { return };
    let name = &name[..name.len().min(16)];
    let mut whole = Vec::new();
    let (start, rest) = match pattern.strip_prefix(b"^") {
        Some(rest) => (&b""[..], rest),
        None => (&b"*"[..], pattern),
    };
    whole.extend_from_slice(start);
    match rest.iter().position(|byte| *byte == b'$') {
        Some(position) => whole.extend_from_slice(&rest[..position]),
        None => {
            whole.extend_from_slice(rest);
            whole.push(b'*');
        }
    }
    let expected = !name.is_empty() && matches_whole(&whole, name);
    assert_eq!(matches(pattern, name), expected, "{:?} {:?}", pattern, name);
}

/// A file that is read is written again, and that is read to the same.
fn report(text: &[u8]) {
    // SAFETY: a name, and no flags.
    let number = unsafe { libc::memfd_create(c"report".as_ptr(), 0) };
    assert!(number >= 0);
    // SAFETY: just opened.
    let mut file = unsafe { std::fs::File::from_raw_fd(number) };
    file.write_all(text).expect("memory");
    let paths = [PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))];
    let sources = report_file::Sources { paths: &paths, with_siblings: false };
    if let Ok(report) = report_file::load(&sources, &mut |_| {}) {
        let text = serde_json::to_vec(&report).expect("plain data");
        let again: report_file::Report = serde_json::from_slice(&text).expect("our own text");
        assert_eq!(serde_json::to_vec(&again).expect("plain data"), text);
    }
}

fuzz_target!(|data: &[u8]| {
    match data {
        [b'o', text @ ..] => options(text),
        [b'a', text @ ..] => sanitizer_options(text),
        [b's', text @ ..] => suppressions(text),
        [b'r', text @ ..] => report(text),
        _ => {}
    }
});
