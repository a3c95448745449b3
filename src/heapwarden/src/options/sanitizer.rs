//! AddressSanitizer's options, for `dialect=asan`: fuzzers and test runners that know AddressSanitizer
//! say in `ASAN_OPTIONS` how a process that found a bug shall end and where its report goes. What means
//! nothing here is left alone: there are a hundred, and the tool that sets them cannot know.

use super::Options;
use super::number::read_number;
use super::value::Value;
use super::words::Words;
use crate::leaks::Level;
use crate::report::{Action, Colour, OnError};

/// The environment variable.
pub const VARIABLE: &str = "ASAN_OPTIONS";

/// What a text says about the end of the process: the options depend on each other.
#[derive(Default)]
struct End {
    abort: Option<bool>,
    status: Option<u8>,
    halt: Option<bool>,
}

/// Changes `options` as `text` says.
pub fn read(text: &[u8], options: &mut Options) {
    let mut end = End::default();
    let mut rest = text;
    while let Some((name, value, after)) = next(rest) {
        set(name, value, options, &mut end);
        rest = after;
    }
    let action = match end {
        End { halt: Some(false), .. } => Some(Action::Continue),
        End { abort: Some(true), .. } => Some(Action::Abort),
        End { abort: Some(false), .. } | End { status: Some(_), .. } => Some(Action::Exit),
        _ => None,
    };
    if let Some(action) = action {
        options.on_error = OnError::all(action);
        // AddressSanitizer's own status.
        options.exit_code = end.status.unwrap_or(1);
    }
    if let Some(status) = end.status {
        options.leak_exit_code = status;
    }
}

fn set(name: &[u8], value: &[u8], options: &mut Options, end: &mut End) {
    let switch = <bool as Value>::read(value);
    let count = read_number(value).and_then(|number| u32::try_from(number).ok());
    match name {
        b"abort_on_error" => end.abort = switch.or(end.abort),
        b"exitcode" => end.status = <u8 as Value>::read(value).or(end.status),
        b"halt_on_error" => end.halt = switch.or(end.halt),
        b"log_path" => log_path(value, options),
        b"dedup_token_length" => put(&mut options.dedup_token_length, count),
        b"symbolize" => put(&mut options.symbolize, switch),
        b"detect_leaks" | b"leak_check_at_exit" => match switch {
            Some(false) => options.leaks = Level::Off,
            Some(true) if options.leaks == Level::Off => options.leaks = Level::Summary,
            _ => {}
        },
        // 2 means that the program must not take it back, which it cannot here.
        b"handle_segv" | b"handle_sigbus" if value == b"0" => options.handle_segv = false,
        b"malloc_context_size" => put(&mut options.stack_depth, count),
        b"quarantine_size_mb" => put(&mut options.quarantine_mb, count),
        b"alloc_dealloc_mismatch" => put(&mut options.alloc_dealloc_mismatch, switch),
        b"replace_intrin" | b"replace_str" if switch == Some(false) => options.intercept = false,
        b"strip_path_prefix" => put(&mut options.strip_path_prefix, Words::read(value)),
        b"suppressions" => put(&mut options.suppressions, Words::read(value)),
        b"print_suppressions" => put(&mut options.print_suppressions, switch),
        b"verbosity" => put(&mut options.verbosity, count),
        b"color" => put(&mut options.colour, Colour::read(value)),
        _ => {}
    }
}

fn put<T>(option: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *option = value;
    }
}

/// AddressSanitizer adds the process to the name, and has two names for what is open already.
fn log_path(path: &[u8], options: &mut Options) {
    const BYTES_MAX: usize = 1024;
    if matches!(path, b"stdout" | b"stderr" | b"") {
        options.log_path = Words::NONE;
        return;
    }
    let mut pattern = [0u8; BYTES_MAX];
    let mut filled = 0;
    // A percent sign stands for itself there.
    let doubled =
        path.iter().flat_map(|byte| [*byte].into_iter().chain((*byte == b'%').then_some(b'%')));
    for byte in doubled.chain(*b".%p") {
        let Some(cell) = pattern.get_mut(filled) else { return };
        *cell = byte;
        filled += 1;
    }
    put(&mut options.log_path, Words::read(&pattern[..filled]));
}

/// The first `name=value` of a text, and what follows. Values may stand in quotation marks.
fn next(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let separates = |byte: &u8| matches!(byte, b':' | b',') || byte.is_ascii_whitespace();
    let mut rest = text;
    loop {
        let start = rest.iter().position(|byte| !separates(byte))?;
        rest = rest.get(start..)?;
        let length = rest.iter().position(|byte| *byte == b'=' || separates(byte))?;
        let (name, after) = rest.split_at_checked(length)?;
        let (sign, after) = after.split_first()?;
        if *sign != b'=' {
            rest = after;
            continue;
        }
        let quote = after.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let (value, after) = match quote {
            Some(quote) => {
                let inside = after.get(1..)?;
                let length = inside.iter().position(|byte| *byte == quote)?;
                (inside.get(..length)?, inside.get(length + 1..)?)
            }
            None => {
                let length = after.iter().position(separates).unwrap_or(after.len());
                after.split_at_checked(length)?
            }
        };
        return Some((name, value, after));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Kind;

    fn after(text: &str) -> Options {
        let mut options = Options::DEFAULT;
        read(text.as_bytes(), &mut options);
        options
    }

    fn end(text: &str) -> (Action, u8) {
        let options = after(text);
        (options.on_error.of(Kind::DoubleFree), options.exit_code)
    }

    #[test]
    fn a_process_ends_as_the_tool_wants() {
        assert_eq!(after(""), Options::DEFAULT);
        assert_eq!(end("abort_on_error=1:exitcode=77").0, Action::Abort);
        assert_eq!(end("exitcode=77"), (Action::Exit, 77));
        assert_eq!(end("abort_on_error=0"), (Action::Exit, 1));
        assert_eq!(end("halt_on_error=0:abort_on_error=1").0, Action::Continue);
        assert_eq!(end("exitcode=1000:abort_on_error=maybe"), (Action::Abort, 99));
    }

    #[test]
    fn a_log_gets_the_process_into_its_name() {
        assert_eq!(after("log_path=/tmp/HF.log").log_path.as_bytes(), b"/tmp/HF.log.%p");
        assert_eq!(after("log_path='/a:b/100%'").log_path.as_bytes(), b"/a:b/100%%.%p");
        assert_eq!(after("log_path=stderr").log_path, Words::NONE);
        assert_eq!(after(&format!("log_path={}", "x".repeat(2000))).log_path, Words::NONE);
    }

    #[test]
    fn what_a_fuzzer_sets_is_understood_whole() {
        let options = after(
            "abort_on_error=1:detect_leaks=0:malloc_context_size=0:symbolize=0:\
             allocator_may_return_null=1:detect_odr_violation=0:handle_segv=0:handle_sigbus=0:\
             handle_abort=0:handle_sigfpe=0:handle_sigill=0",
        );
        assert_eq!((options.leaks, options.stack_depth), (Level::Off, 0));
        assert!(!options.symbolize && !options.handle_segv);
    }

    #[test]
    fn what_means_nothing_changes_nothing() {
        for text in
            ["=", "x", "x=", ":::", "symbolize", "symbolize=\"0", "detect_leaks=2", "fast=1"]
        {
            assert_eq!(after(text), Options::DEFAULT, "{text}");
        }
        assert_eq!(after("bare color=always").colour, Colour::Always);
    }
}
