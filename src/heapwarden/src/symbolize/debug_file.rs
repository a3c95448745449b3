//! Where the debug information of a module is: in its own file, in a separate file found by build
//! id or by the name in `.gnu_debuglink`, and the common part that `dwz` moved out of several.

use super::elf::{self, BuildId};
use super::file::Mapped;
use core::ffi::CStr;

/// Where distributions put separate debug files.
const ROOT: &[u8] = b"/usr/lib/debug";

/// The separate debug file of the module at `path`.
pub(super) fn separate(path: &[u8], file: &[u8]) -> Option<Mapped> {
    let id = elf::build_id(file);
    by_build_id(id.as_ref()).or_else(|| {
        let link = elf::section(file, b".gnu_debuglink")?;
        let name = CStr::from_bytes_until_nul(link).ok()?.to_bytes();
        let folder = folder_of(path);
        [&[folder, b"/", name][..], &[folder, b"/.debug/", name], &[ROOT, folder, b"/", name]]
            .into_iter()
            .find_map(|parts| same_build(parts, id.as_ref()))
    })
}

/// The file that the debug file at `path` shares its common part with.
pub(super) fn supplementary(path: &[u8], debug: &[u8]) -> Option<Mapped> {
    let link = elf::section(debug, b".gnu_debugaltlink")?;
    let name = CStr::from_bytes_until_nul(link).ok()?.to_bytes();
    let id = link.get(name.len() + 1..).map(BuildId::of);
    let parts: &[&[u8]] =
        if name.starts_with(b"/") { &[name] } else { &[folder_of(path), b"/", name] };
    same_build(parts, id.as_ref()).or_else(|| by_build_id(id.as_ref()))
}

fn by_build_id(id: Option<&BuildId>) -> Option<Mapped> {
    let (first, rest) = id?.as_bytes().split_first()?;
    let (mut start, mut end) = (Vec::new(), Vec::new());
    push_hex(&mut start, &[*first]);
    push_hex(&mut end, rest);
    same_build(&[ROOT, b"/.build-id/", &start, b"/", &end, b".debug"], id)
}

fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// The file of this name, unless it belongs to another build.
fn same_build(name: &[&[u8]], id: Option<&BuildId>) -> Option<Mapped> {
    let mut path = name.concat();
    path.push(0);
    let mapped = Mapped::open(CStr::from_bytes_until_nul(&path).ok()?)?;
    // SAFETY: used only before the next line.
    let found = elf::build_id(unsafe { mapped.bytes() });
    let differs = match (id, &found) {
        (Some(id), Some(found)) => id.as_bytes() != found.as_bytes(),
        _ => false,
    };
    (!differs).then_some(mapped)
}

fn folder_of(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or(&[])
}
