//! Embeds the preload library in the `heapwarden` command, so that one binary is the whole tool.
//!
//! Cargo builds `heapwarden-preload` as rlib *and* cdylib before it compiles a binary that depends
//! on it, and tells rustc where the rlib is: `--extern heapwarden_preload=DIR/NAME.rlib`. A proc
//! macro runs inside that rustc, so it can read the same argument; the shared object lies beside it
//! as `NAME.so` (with a hash in NAME when the crate came from a registry or git, without one for a
//! path). Expanding to `include_bytes!` makes the shared object a tracked input: it changes, the
//! command is rebuilt.
//!
//! Where rustc gets only metadata (`cargo check`, clippy, rustdoc, editors) there is no rlib, and
//! perhaps no shared object at all: the macro then yields an empty slice, and the command says so
//! when it is run.

use proc_macro::TokenStream;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The bytes of the preload library as a `&'static [u8]`; empty where rustc links nothing.
#[proc_macro]
pub fn preload_library(_input: TokenStream) -> TokenStream {
    let expansion = match shared_object(std::env::args_os()) {
        None => "{ const NONE: &[u8] = &[]; NONE }".to_string(),
        Some(path) if path.is_file() => {
            format!("{{ const LIBRARY: &[u8] = include_bytes!({path:?}); LIBRARY }}")
        }
        Some(path) => format!("compile_error!({:?})", format!("no preload library at {path:?}")),
    };
    expansion.parse().expect("the expansion is a plain expression")
}

/// Where the shared object of the preload crate is, judging by rustc's arguments.
fn shared_object(arguments: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let rlib = arguments.filter_map(|argument| {
        // Options such as `priv:` may stand before the name.
        let (name, path) = argument.to_str()?.split_once('=')?;
        let is_preload = name.rsplit(':').next() == Some("heapwarden_preload");
        (is_preload && path.ends_with(".rlib")).then(|| Path::new(path).with_extension("so"))
    });
    rlib.last().map(|path| std::path::absolute(&path).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arguments: &[&str]) -> Option<PathBuf> {
        shared_object(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_shared_object_lies_beside_the_rlib() {
        let with_hash =
            found(&["--extern", "heapwarden_preload=/t/deps/libheapwarden_preload-1f.rlib"]);
        assert_eq!(with_hash, Some(PathBuf::from("/t/deps/libheapwarden_preload-1f.so")));
        let with_option =
            found(&["--extern", "priv:heapwarden_preload=/t/libheapwarden_preload.rlib"]);
        assert_eq!(with_option, Some(PathBuf::from("/t/libheapwarden_preload.so")));
    }

    #[test]
    fn metadata_alone_means_nothing_to_embed() {
        assert_eq!(found(&["--extern", "heapwarden_preload=/t/libheapwarden_preload.rmeta"]), None);
        assert_eq!(found(&["--extern", "heapwarden=/t/libheapwarden.rlib"]), None);
    }
}
