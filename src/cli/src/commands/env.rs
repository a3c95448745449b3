//! `heapwarden env`: the settings to paste where `heapwarden run` cannot stand in front.

use crate::failure::Failure;
use crate::settings::Settings;
use crate::{library, output};
use heapwarden::options;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// Where they will be pasted
    #[arg(long, value_enum, default_value_t = Format::Shell)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// `eval "$(heapwarden env)"`, or a line in a script
    Shell,
    /// A drop-in for a unit
    Systemd,
    /// Lines of a Dockerfile
    Dockerfile,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        let options = self.settings.text()?;
        let path = library::installed()?;
        let path = path.to_str().ok_or_else(|| {
            Failure::own(format!("{} is not UTF-8, so it cannot be pasted", path.display()))
        })?;
        let text = match self.format {
            Format::Shell => shell(path, &options),
            Format::Systemd => systemd(path, &options),
            Format::Dockerfile => dockerfile(path, &options),
        };
        output::print(text.as_bytes())
    }
}

fn shell(path: &str, options: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let kept = r#""${LD_PRELOAD:+:$LD_PRELOAD}""#;
    let mut text = format!("export LD_PRELOAD={}{kept}\n", quoted(path));
    if !options.is_empty() {
        text += &format!("export {}={}\n", options::VARIABLE, quoted(options));
    }
    text
}

fn systemd(path: &str, options: &str) -> String {
    // In unit files % starts a specifier, and a backslash an escape.
    let quoted = |text: &str| {
        text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%").replace('\n', r"\n")
    };
    let mut text = String::from("[Service]\n");
    text += &format!("Environment=\"LD_PRELOAD={}\"\n", quoted(path));
    if !options.is_empty() {
        text += &format!("Environment=\"{}={}\"\n", options::VARIABLE, quoted(options));
    }
    text
}

fn dockerfile(path: &str, options: &str) -> String {
    // In ENV a $ is a variable.
    let quoted = |text: &str| {
        text.replace('\\', r"\\").replace('"', "\\\"").replace('$', "\\$").replace('\n', " ")
    };
    let name = library::FILE_NAME;
    let installed = format!("/usr/local/lib/{name}");
    let mut text = format!(
        "# Beside this Dockerfile: cp \"$(heapwarden lib)\" {name}   (now {path})\n\
         COPY {name} {installed}\n\
         ENV LD_PRELOAD={installed}\n"
    );
    if !options.is_empty() {
        text += &format!("ENV {}=\"{}\"\n", options::VARIABLE, quoted(options));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_quotes_what_is_special_in_it() {
        assert_eq!(
            shell("/it's/l.so", "a=1"),
            "export LD_PRELOAD='/it'\\''s/l.so'\"${LD_PRELOAD:+:$LD_PRELOAD}\"\n\
             export HEAPWARDEN_OPTIONS='a=1'\n"
        );
        assert_eq!(
            systemd("/50%/\"x\".so", ""),
            "[Service]\nEnvironment=\"LD_PRELOAD=/50%%/\\\"x\\\".so\"\n"
        );
        assert!(dockerfile("/l.so", "a=$b").ends_with("ENV HEAPWARDEN_OPTIONS=\"a=\\$b\"\n"));
    }
}
