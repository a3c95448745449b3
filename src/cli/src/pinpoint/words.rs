//! What is said about the runs.

use super::search::{Aim, Ran, Search, Seen, Side, Target, is_late};
use crate::formats::stack::headline;
use crate::formats::text::error_sentence;
use crate::report_file::Error;
use std::time::Duration;

impl Side {
    /// As the value of `align`.
    pub fn name(self) -> &'static str {
        match self {
            Side::Start => "left",
            Side::End => "right",
        }
    }
}

/// Call sites that are listed by name; of more the number is told.
const SITES_SHOWN: usize = 4;

impl Aim {
    /// As options of the library.
    pub fn options(&self) -> String {
        let align = format!("align={}", self.side.name());
        match &self.sites {
            Some(sites) => format!("{align}:guard_site={}", sites.join("+")),
            None => align,
        }
    }

    /// `the blocks of call site 1a2b3c4d`.
    pub fn told(&self) -> String {
        let blocks = match self.sites.as_deref() {
            None => "all blocks".to_owned(),
            Some([site]) => format!("the blocks of call site {site}"),
            Some(sites) if sites.len() <= SITES_SHOWN => {
                format!("the blocks of call sites {}", sites.join(", "))
            }
            Some(sites) => format!("the blocks of {} call sites", sites.len()),
        };
        match self.side {
            Side::Start => format!("{blocks}, at the start of their pages"),
            Side::End => blocks,
        }
    }
}

/// Before a later run.
pub fn announcement(round: u32, aim: &Aim, is_terminal: bool) -> String {
    let mut text = format!("run {round}, to see who does it: guard pages for {}", aim.told());
    if is_terminal {
        text += "; it reads the terminal, so give it the same input again";
    }
    text
}

/// Why there is no later run.
pub fn not_again(why: &str) -> String {
    format!("It could not be run again: {why}.")
}

/// Of a run that somebody ended.
pub fn ended_by(signal: i32) -> String {
    format!("It is not run again, for signal {signal} was to end this run.")
}

/// Of a later run that was ended.
pub fn too_long(round: u32, limit: Duration) -> String {
    format!(
        "Run {round} was ended after {} s, much later than the first run: the program does not do \
         the same each time.",
        limit.as_secs()
    )
}

/// Above the access.
pub fn seen(seen: &Seen, late: &Error) -> String {
    let (Seen { round, aim, error, .. }, kind) = (seen, &late.kind);
    let mistaken =
        if error.kind == *kind { String::new() } else { format!(" (run 1 took it for {kind})") };
    format!("PINPOINT: seen in run {round}, with guard pages for {}{mistaken}:", aim.told())
}

/// Why nobody was seen.
pub fn not_seen(target: &Target, search: &Search) -> String {
    let mut sentences: Vec<String> = search.runs.iter().map(|ran| outcome(ran, target)).collect();
    let is_unlike = search.runs.iter().any(|ran| !is_same(ran, target));
    match &search.stopped {
        Some(why) => sentences.push(why.clone()),
        None if search.runs.is_empty() => {
            sentences.push("The program was run only once (--rounds).".into());
        }
        None if is_unlike => sentences.push("The program does not do the same each time.".into()),
        None => {}
    }
    sentences.join(" ")
}

fn outcome(ran: &Ran, target: &Target) -> String {
    let start = format!("Run {}, guard pages for {}:", ran.round, ran.aim.told());
    match &ran.error {
        None => match ran.killed_by {
            Some(signal) => format!("{start} no error, but signal {signal} ended it."),
            None => format!("{start} no error."),
        },
        Some(_) if is_same(ran, target) => format!("{start} found afterwards once more."),
        Some(error) => format!("{start} another error, {}.", in_short(error)),
    }
}

fn is_same(ran: &Ran, target: &Target) -> bool {
    ran.error.as_ref().is_some_and(|error| target.is_about(error) && is_late(error))
}

fn in_short(error: &Error) -> String {
    let place = if error.stack.is_empty() { &error.alloc_stack } else { &error.stack };
    format!("{} by {}", error_sentence(error), headline(place))
}
