//! What a module is called and how it is told from another one at the same addresses.

use super::Found;
use super::elf;
use core::ffi::CStr;
use core::slice;
use heapwarden_core::os::syscall;

/// Longer names are cut.
const PATH_MAX: usize = 512;
const BUILD_ID_MAX: usize = 64;

/// A hash of the build id and of the index of the call frame information, as far as it is cheap.
///
/// # Safety
/// The module is open.
pub unsafe fn fingerprint(found: &Found) -> u64 {
    const SAMPLE: usize = 128;
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |bytes: &[u8]| {
        for word in bytes.as_chunks::<8>().0 {
            hash = (hash ^ u64::from_ne_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            hash ^= hash >> 32;
        }
    };
    // SAFETY: the module is open.
    let headers = unsafe { found.headers() };
    // SAFETY: as above.
    add(unsafe { elf::build_id(headers, found.bias) }.unwrap_or_default());
    if let Some(end) = elf::segment_end(headers, found.bias, found.frame_index) {
        let bytes = SAMPLE.min(end - found.frame_index);
        // SAFETY: these bytes lie in a loaded segment of the open module.
        add(unsafe { slice::from_raw_parts(found.frame_index as *const u8, bytes) });
    }
    hash
}

/// A copy of the module's build id, for ever; empty without one or without memory.
///
/// # Safety
/// The module is open.
pub unsafe fn build_id(found: &Found) -> &'static [u8] {
    // SAFETY: the module is open.
    let id = unsafe { elf::build_id(found.headers(), found.bias) };
    keep(id.filter(|id| id.len() <= BUILD_ID_MAX).unwrap_or_default())
}

/// A copy of the module's path, for ever; empty without memory.
///
/// # Safety
/// The module is open.
pub unsafe fn path(found: &Found) -> &'static [u8] {
    if !found.is_program {
        // SAFETY: a C string of the loader, valid while the module is open.
        return keep(unsafe { CStr::from_ptr(found.name) }.to_bytes());
    }
    let mut buffer = [0u8; PATH_MAX];
    let (name, room) = (c"/proc/self/exe".as_ptr() as usize, buffer.as_mut_ptr() as usize);
    // SAFETY: the kernel writes at most `PATH_MAX` bytes into the buffer.
    let written = unsafe { syscall::call(libc::SYS_readlink, [name, room, PATH_MAX, 0, 0, 0]) };
    keep(&buffer[..written.unwrap_or(0)])
}

fn keep(bytes: &[u8]) -> &'static [u8] {
    let bytes = &bytes[..bytes.len().min(PATH_MAX)];
    let mut copy = Vec::new();
    if copy.try_reserve_exact(bytes.len()).is_err() {
        return &[];
    }
    copy.extend_from_slice(bytes);
    copy.leak()
}
