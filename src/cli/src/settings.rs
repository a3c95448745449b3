//! The settings given on the command line: `-p PROFILE` and `-o KEY=VALUE`, checked against the
//! options table, so that a mistyped one is an error here and not a line lost in a log.

use crate::failure::Failure;
use clap::builder::PossibleValuesParser;
use heapwarden::options::{self, Options, Sink};
use heapwarden::profile::Profile;
use std::ffi::{OsStr, OsString};

/// The arguments that choose how the heap behaves.
#[derive(clap::Args)]
pub struct Settings {
    /// What the heap is used for
    #[arg(short, long, value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::name)))]
    profile: Option<String>,

    /// An option from the table (see `heapwarden options`); may be repeated
    #[arg(short, long = "option", value_name = "KEY=VALUE")]
    options: Vec<String>,
}

impl Settings {
    /// What the command line says, in the form of HEAPWARDEN_OPTIONS.
    pub fn text(&self) -> Result<String, Failure> {
        let profile = self.profile.iter().map(|name| format!("profile={name}"));
        let items: Vec<_> = profile.chain(self.options.iter().cloned()).collect();
        for item in &items {
            check(item)?;
        }
        Ok(items.join(":"))
    }
}

/// The environment's options, then `text`: of two values for one option the later one counts.
pub fn merged(text: &OsStr) -> OsString {
    let mut merged = std::env::var_os(options::VARIABLE).unwrap_or_default();
    if !merged.is_empty() && !text.is_empty() {
        merged.push(":");
    }
    merged.push(text);
    merged
}

/// Collects what one of the options' writers says.
pub fn collect(write: impl FnOnce(Sink<'_>)) -> String {
    let mut text = Vec::new();
    write(&mut |piece| text.extend_from_slice(piece));
    String::from_utf8_lossy(&text).into_owned()
}

fn check(item: &str) -> Result<(), Failure> {
    let mut first = None;
    Options::read(item.as_bytes(), &mut |complaint| {
        first.get_or_insert_with(|| collect(|sink| complaint.write(sink)));
    });
    first.map_or(Ok(()), |sentence| Err(Failure::usage(sentence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_option_is_a_usage_error_that_names_the_nearest() {
        let failure = check("profile=plane").unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.sentence.ends_with("the nearest is `plain`"), "{}", failure.sentence);
        assert!(check("stats=1:fit=first").is_ok());
    }
}
