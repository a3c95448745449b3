//! `heapwarden report`: what report files say, as text or in the forms of other tools.

use crate::failure::Failure;
use crate::formats::{Cost, Kinds, View, diff, folded, pprof, sarif, speedscope, text};
use crate::output;
use crate::report_file::{self, Report, Sources};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    /// Report files, or folders of them; FILE stands for FILE.PID of other processes as well. All of
    /// them are merged by stack. `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The form to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// What counts in rankings and flame graphs [default: all in text, speedscope and pprof; else live]
    #[arg(long, value_enum)]
    cost: Option<Cost>,

    /// Compare with an older run: text, or folded for a differential flame graph
    #[arg(long, value_name = "OLD")]
    diff: Option<PathBuf>,

    /// Show this many entries of a list in text; 0 for all
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,

    /// Only this kind of error (see `heapwarden explain`) or of leak: definite, indirect, possible
    /// (or `leak` for these three), reachable; may be repeated
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,

    /// Read FILE alone, without FILE.PID
    #[arg(long)]
    alone: bool,

    /// Write to this file and not to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// Stacks and costs in lines, for flame graphs
    Folded,
    /// For speedscope.app
    Speedscope,
    /// profile.proto, gzipped, for pprof and what reads its files
    Pprof,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// One report file of all that was read
    Json,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let kinds = Kinds::named(&self.kinds)?;
        if self.diff.is_some() && !matches!(self.format, Format::Text | Format::Folded) {
            return Err(Failure::usage("--diff prints text or folded; pprof has -diff_base"));
        }
        let is_binary = self.format == Format::Pprof;
        if is_binary && self.output.is_none() && std::io::stdout().is_terminal() {
            return Err(Failure::usage("pprof's form is not text: name a file with --output"));
        }
        let top = if self.top == 0 { usize::MAX } else { self.top };
        let old = self.diff.as_ref().map(|old| self.load(std::slice::from_ref(old))).transpose()?;
        let report = self.load(&self.files)?;
        let view = |report| View { report, kinds: &kinds, cost: self.cost, top };
        let (old, new) = (old.as_ref().map(view), view(&report));
        let bytes = self.rendered(old.as_ref(), &new)?;
        match &self.output {
            Some(path) => write(path, &bytes),
            None => output::print(&bytes),
        }
    }

    fn load(&self, paths: &[PathBuf]) -> Result<Report, Failure> {
        let sources = Sources { paths, with_siblings: !self.alone };
        report_file::load(&sources, &mut complain)
    }

    /// A flame graph of nothing does not explain itself; text has a place for such sentences.
    fn explain_nothing(&self, view: &View<'_>) {
        let is_empty = match self.format {
            Format::Folded => !self.cost.unwrap_or(Cost::Live).is_in(view.report),
            Format::Speedscope | Format::Pprof => view.costs().is_empty(),
            Format::Text | Format::Sarif | Format::Json => false,
        };
        if is_empty {
            view.missing().into_iter().for_each(complain);
        }
    }

    fn rendered(&self, old: Option<&View<'_>>, new: &View<'_>) -> Result<Vec<u8>, Failure> {
        self.explain_nothing(new);
        Ok(match (self.format, old) {
            (Format::Folded, Some(old)) => folded::render_diff(old, new).into(),
            (_, Some(old)) => diff::render(old, new).into(),
            (Format::Text, None) => text::render(new).into(),
            (Format::Folded, None) => folded::render(new).into(),
            (Format::Speedscope, None) => speedscope::render(new).into(),
            (Format::Pprof, None) => pprof::render(new),
            (Format::Sarif, None) => sarif::render(new, &here()).into(),
            (Format::Json, None) => json(new)?,
        })
    }
}

fn complain(sentence: &str) {
    eprintln!("heapwarden: {sentence}");
}

/// The folder that files in SARIF are relative to: that of the sources, if this is run there.
fn here() -> String {
    std::env::current_dir().map_or_else(|_| "/".into(), |path| path.display().to_string())
}

fn json(view: &View<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = serde_json::to_vec_pretty(&view.selected())
        .map_err(|error| Failure::own(format!("cannot write JSON: {error}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::own(format!("cannot write {}: {error}", path.display())))
}
