//! `heapwarden options`: the profiles and the options, generated from the one table.

use crate::failure::Failure;
use crate::output;
use crate::settings::collect;
use heapwarden::options::{self, Options, Row, TABLE};
use heapwarden::profile::Profile;

#[derive(clap::Args)]
pub struct Arguments {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For the terminal
    Text,
    /// As docs/options.md
    Markdown,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let text = match self.format {
            Format::Text => text(),
            Format::Markdown => markdown(),
        };
        output::print(text.as_bytes())
    }
}

fn text() -> String {
    let mut text = String::from("Profiles (-p PROFILE, or profile=PROFILE):\n");
    for profile in Profile::ALL {
        let notes = if profile == Profile::DEFAULT { " [default]" } else { "" };
        text += &format!("  {:8} {}{notes}\n", profile.name(), profile.purpose());
    }
    text += &format!("\nOptions (-o KEY=VALUE, or {}=KEY=VALUE:...):\n", options::VARIABLE);
    for row in TABLE {
        let limits = limits(row).map(|names| format!(", only in {names}")).unwrap_or_default();
        text += &format!("  {}={}   default {}{limits}\n", row.name, kind(row), default(row));
        for line in wrapped(row.help(), 88) {
            text += &format!("      {line}\n");
        }
    }
    text
}

fn markdown() -> String {
    let mut text = format!(
        "# Profiles and options\n\
         \n\
         <!-- Generated: `cargo run --release -- options --format markdown > docs/options.md` -->\n\
         \n\
         Given as `heapwarden run -p PROFILE -o KEY=VALUE`, or in the environment as\n\
         `{}=KEY=VALUE:KEY=VALUE` (commas and white space separate as well as\n\
         colons). Of two values for one option the later counts; a bad one is named on stderr and\n\
         left out. Sizes are in bytes, or with a `K`, `M` or `G`.\n\
         \n\
         | profile | for |\n\
         |---|---|\n",
        options::VARIABLE
    );
    for profile in Profile::ALL {
        let default = if profile == Profile::DEFAULT { " (default)" } else { "" };
        text += &format!("| `{}`{default} | {} |\n", profile.name(), profile.purpose());
    }
    text += "\n| option | values | default | has an effect in | what it does |\n";
    text += "|---|---|---|---|---|\n";
    for row in TABLE {
        let kind = kind(row).replace('|', "`, `");
        let profiles = limits(row).unwrap_or_else(|| "every profile".into());
        text += &format!(
            "| `{}` | `{kind}` | {} | {profiles} | {} |\n",
            row.name,
            default(row),
            row.help()
        );
    }
    text
}

fn kind(row: &Row) -> String {
    collect(|sink| row.kind.describe(sink))
}

/// The default value; where profiles differ, with those that do.
fn default(row: &Row) -> String {
    let value = |profile| collect(|sink| row.write_value(&Options::for_profile(profile), sink));
    let common = value(Profile::DEFAULT);
    let mut text = common.clone();
    // The profile itself is what the defaults depend on.
    let others = Profile::ALL.into_iter().filter(|_| row.name != "profile");
    for profile in others.filter(|profile| value(*profile) != common) {
        text += &format!(" ({}: {})", profile.name(), value(profile));
    }
    text
}

/// The profiles in which a row has an effect, unless it is all of them.
fn limits(row: &Row) -> Option<String> {
    let names: Vec<_> = row.profiles.iter().map(|profile| profile.name()).collect();
    (names.len() < Profile::ALL.len()).then(|| names.join(", "))
}

/// Lines of at most `width` characters, broken at blanks.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
