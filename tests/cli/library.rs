//! The library on disk: where it goes, who may write there, and many commands at once.

use super::{Place, printed, text};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

#[test]
fn it_is_written_once_under_the_hash_of_its_content() {
    let place = Place::new();
    let path = printed(&mut place.heapwarden(["lib"]));
    let path = Path::new(path.trim_end());
    assert!(path.starts_with(place.path("cache/heapwarden")), "{}", path.display());
    let before = fs::metadata(path).expect("the library").modified().expect("a time");
    assert_eq!(Path::new(printed(&mut place.heapwarden(["lib"])).trim_end()), path);
    assert_eq!(fs::metadata(path).expect("the library").modified().expect("a time"), before);
    assert!(fs::read(path).expect("the library").starts_with(b"\x7fELF"));
}

#[test]
fn without_a_usable_home_it_goes_to_a_folder_for_this_user() {
    let place = Place::new();
    let mut command = place.heapwarden(["lib"]);
    command.env_remove("XDG_CACHE_HOME").env_remove("HOME").env("TMPDIR", &place.folder);
    assert!(printed(&mut command).starts_with(place.path("heapwarden-").to_str().expect("text")));
    // Neither can hold a folder; the second not even for root.
    command.env("XDG_CACHE_HOME", "relative").env("HOME", "/dev/null");
    assert!(printed(&mut command).starts_with(place.path("heapwarden-").to_str().expect("text")));
}

#[test]
fn a_folder_that_others_can_write_is_not_used() {
    let place = Place::new();
    let open = place.path("cache/heapwarden");
    fs::create_dir_all(&open).expect("a folder");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("our own folder");
    let path = printed(place.heapwarden(["lib"]).env("HOME", &place.folder));
    assert!(path.starts_with(place.path(".cache").to_str().expect("text")), "{path}");
}

#[test]
fn many_commands_at_once_all_find_it_complete() {
    let place = Place::new();
    let start = |_| place.run(["cat", "/proc/self/maps"]).stdout(Stdio::piped()).spawn();
    let children: Vec<_> = (0..12).map(start).collect();
    for child in children {
        let output = child.and_then(|child| child.wait_with_output()).expect("heapwarden starts");
        assert!(text(&output.stdout).contains("/libheapwarden.so"), "{output:?}");
    }
    let files = |path: &Path| fs::read_dir(path).expect("a folder").flatten().collect::<Vec<_>>();
    let versions = files(&place.path("cache/heapwarden"));
    assert_eq!(versions.len(), 1);
    assert_eq!(files(&versions[0].path()).len(), 1, "a draft was left behind");
}

#[test]
fn a_folder_whose_name_the_loader_would_split_is_passed_over() {
    let place = Place::new();
    let command = &mut place.heapwarden(["lib"]);
    command.env("XDG_CACHE_HOME", place.path("with blank")).env("HOME", place.path("with:colon"));
    let path = printed(command.env("TMPDIR", &place.folder));
    assert!(path.starts_with(place.path("heapwarden-").to_str().expect("text")), "{path}");
}
