//! The report files, from the folder of the runs to where the user wants them: the first process's to
//! FILE, those of others to FILE.PID, or each by its number where the name has `%p`.

use super::run::Done;
use crate::failure::Failure;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Writes them all.
pub fn documents(done: &mut Done, file: &Path) -> Result<(), Failure> {
    for document in &mut done.documents {
        let path = name(file, document.process, done.process);
        let options = &mut document.report.options;
        options.remove("log_path");
        options.insert("report_path".into(), file.to_string_lossy().into());
        write(&path, &document.report)
            .map_err(|error| Failure::own(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}

fn write(path: &Path, report: &crate::report_file::Report) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(report)?;
    bytes.push(b'\n');
    // For their owner alone, as the library writes them.
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&bytes)
}

fn name(pattern: &Path, process: u32, first: u32) -> PathBuf {
    let bytes = pattern.as_os_str().as_bytes();
    let number = process.to_string();
    if bytes.windows(2).any(|pair| pair == b"%p") {
        let parts: Vec<&[u8]> = parts(bytes);
        return OsString::from_vec(parts.join(number.as_bytes())).into();
    }
    let mut name = pattern.as_os_str().to_owned();
    if process != first {
        name.push(format!(".{number}"));
    }
    name.into()
}

/// What stands between the `%p`s.
fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(position) = bytes.windows(2).position(|pair| pair == b"%p") {
        let (part, rest) = bytes.split_at(position);
        parts.push(part);
        bytes = rest.get(2..).unwrap_or(&[]);
    }
    parts.push(bytes);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_has_the_name_that_the_library_would_give_it() {
        let named = |pattern: &str, process| name(Path::new(pattern), process, 7);
        assert_eq!(named("/a/r.json", 7), Path::new("/a/r.json"));
        assert_eq!(named("/a/r.json", 8), Path::new("/a/r.json.8"));
        assert_eq!(named("/a/%p/r%p", 7), Path::new("/a/7/r7"));
        assert_eq!(named("/a/100%", 7), Path::new("/a/100%"));
    }
}
