//! `heapwarden demo`: makes a real error, in this very program run anew on Heapwarden's heap.

use super::run::Launch;
use crate::failure::Failure;
use crate::settings::Settings;
use crate::{demos, kinds, output};
use heapwarden::report::Kind;
use std::ffi::{OsStr, OsString};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// The kind of error; without it, the demos are listed
    kind: Option<String>,

    /// Make the error here, in this process
    #[arg(long, hide = true)]
    here: bool,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let Some(name) = &self.kind else { return output::print(list().as_bytes()) };
        let kind = kinds::named(name)?;
        let Some(demo) = demos::of(kind) else {
            return Err(Failure::usage(format!(
                "this version does not find errors of kind {name}"
            )));
        };
        if self.here {
            (demo.make)();
            return Ok(());
        }
        let program = std::env::current_exe()
            .map_err(|error| Failure::own(format!("where is this program? {error}")))?;
        let arguments = ["demo", kind.id(), "--here"].map(OsString::from);
        let command: Vec<_> =
            [program.clone().into_os_string()].into_iter().chain(arguments).collect();
        let text = self.settings.text()?;
        eprintln!("heapwarden: {}", demo.what);
        Launch { path: &program, command: &command, text: OsStr::new(&text), is_first: false }
            .perform()
    }
}

fn list() -> String {
    let mut text = String::from("heapwarden demo KIND, where KIND is one of\n");
    for kind in Kind::ALL {
        let what = demos::of(kind).map_or("not found by this version yet", |demo| demo.what);
        text += &format!("  {:26} {what}\n", kind.id());
    }
    text
}
