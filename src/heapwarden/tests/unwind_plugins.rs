//! Stacks through libraries that come and go. A process of its own, so that no other test maps
//! memory where a library was.

#[path = "unwind/c_code.rs"]
mod c_code;
#[path = "unwind/cross_check.rs"]
mod cross_check;

use c_code::{Library, call_test, compile};
use cross_check::{check, finish};
use heapwarden::unwind::{modules, refresh_modules};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Three libraries whose code addresses are the same, but not their rules; with `padding`, neither.
fn variants(padding: usize) -> Option<Vec<PathBuf>> {
    let path = |variant| {
        let variant_flag = format!("-DVARIANT={variant}");
        let padding_flag = format!("-DPADDING={}", 16 + padding * variant);
        compile("unwind_plugin.c", &["-O2", &variant_flag, &padding_flag])
    };
    [1, 2, 3].into_iter().map(path).collect()
}

fn load_and_check(path: &Path) -> usize {
    let library = Library::open(path);
    let address = library.function("test") as usize;
    call_test(&library, check, 5);
    let module = modules::find(address).expect("a module that was in a stack");
    assert!(!module.is_closed());
    assert_eq!(module.path(), path.as_os_str().as_encoded_bytes());
    assert_eq!(module.build_id().len(), 20);
    assert!(module.range().contains(&address) && module.base() <= module.range().start);
    library.close();
    address
}

fn load_in_turn(rounds: usize, paths: &[PathBuf], after_close: impl Fn()) -> HashSet<usize> {
    let mut addresses = HashSet::new();
    for round in 0..rounds {
        addresses.insert(load_and_check(&paths[round % paths.len()]));
        after_close();
        check();
    }
    addresses
}

/// One test at a time: each wants its libraries where its others were.
static ALONE: Mutex<()> = Mutex::new(());

fn remove(paths: Vec<PathBuf>) {
    for path in paths {
        std::fs::remove_file(path).expect("the library's file");
    }
}

/// Goal: no rule of a closed library is used for another one at the same place, if we are told that
/// it was closed, and names of closed ones stay. Method: all code addresses are in both.
#[test]
fn closed_libraries_we_are_told_of() {
    let _alone = ALONE.lock();
    let Some(paths) = variants(0) else { return };
    let told = load_in_turn(300, &paths, refresh_modules);
    assert!(finish() > 3000);
    assert!(told.len() < 300, "no library was loaded where another had been");
    let closed = modules::find(*told.iter().next().expect("an address")).expect("it is remembered");
    assert!(closed.is_closed());
    assert!(paths.iter().any(|path| path.as_os_str().as_encoded_bytes() == closed.path()));

    let mut names = Vec::new();
    modules::all(&mut |module| names.push(module.path()));
    let plugins = names.iter().filter(|name| name.ends_with(b".so"));
    let plugins = plugins.filter(|name| name.windows(13).any(|part| part == b"unwind_plugin"));
    // One entry per library and place, not one per time it was loaded.
    assert!(plugins.count() < 100, "{}", names.len());
    remove(paths);
}

/// Goal: the same if nobody tells us. Method: code addresses differ, as they do in real libraries.
#[test]
fn closed_libraries_we_find_out_about() {
    let _alone = ALONE.lock();
    let Some(paths) = variants(24) else { return };
    load_in_turn(300, &paths, || {});
    assert!(finish() > 3000);
    remove(paths);
}
