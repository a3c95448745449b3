//! What the figures were taken on: processor, kernel, libc, and the versions of the other allocators.

use std::ffi::{CStr, OsStr};
use std::path::{Path, PathBuf};
use std::process::Command;

const LIBRARY_FOLDERS: [&str; 5] = [
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
];

/// One line per fact, for the head of a report.
pub fn describe() -> Vec<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read_line("/proc/sys/kernel/osrelease");
    vec![
        format!("{}, {cores} cores, {:.0} GiB of memory", processor(), memory_gib()),
        format!("Linux {kernel}, glibc {}{}", glibc_version(), distribution()),
        format!("transparent huge pages: {}", huge_pages()),
    ]
}

/// The version of glibc that this process runs on.
pub fn glibc_version() -> String {
    // SAFETY: returns a static C string.
    let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
    version.to_string_lossy().into_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The word in brackets: whether the kernel backs big mappings with huge pages unasked.
fn huge_pages() -> String {
    let text = read_line("/sys/kernel/mm/transparent_hugepage/enabled");
    let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or_else(|| "unknown".to_owned(), |(word, _)| word.to_owned())
}

fn memory_gib() -> f64 {
    // SAFETY: plain queries.
    let (pages, page_bytes) =
        unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
    pages as f64 * page_bytes as f64 / f64::from(1 << 30)
}

fn distribution() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(String::new, |name| format!(", {}", name.trim_matches('"')))
}

fn read_line(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Looks for a shared library where distributions put them.
pub fn find_library(file: &str) -> Option<PathBuf> {
    LIBRARY_FOLDERS.iter().map(|folder| Path::new(folder).join(file)).find(|path| path.exists())
}

/// Scudo as a library of its own comes with LLVM; the highest version number wins.
pub fn find_scudo() -> Option<PathBuf> {
    let file = format!("libclang_rt.scudo_standalone-{}.so", std::env::consts::ARCH);
    let mut found = Vec::new();
    for llvm in std::fs::read_dir("/usr/lib").ok()?.flatten() {
        let name = llvm.file_name().to_string_lossy().into_owned();
        let Some(version) = name.strip_prefix("llvm-") else { continue };
        let number: u32 = version.parse().unwrap_or(0);
        let path = llvm.path().join("lib/clang").join(version).join("lib/linux").join(&file);
        if path.exists() {
            found.push((number, path));
        }
    }
    found.into_iter().max().map(|(_, path)| path)
}

/// "package version" of the Debian package that owns a file.
pub fn package_of(path: &Path) -> Option<String> {
    let real = path.canonicalize().ok()?;
    let owner = [path, real.as_path()].iter().find_map(|path| owner_of(path.as_os_str()))?;
    let format = "-f=${Package} ${Version}";
    let output = Command::new("dpkg-query").args(["-W", format, &owner]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn owner_of(path: &OsStr) -> Option<String> {
    let output = Command::new("dpkg").arg("-S").arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (package, _) = text.lines().next()?.split_once(": ")?;
    output.status.success().then(|| package.to_owned())
}

/// The first line that a program prints about its version, on stdout or stderr.
pub fn program_version(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}
