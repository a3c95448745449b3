//! What `env` and `options` print: it must work where it is pasted, and the page must be current.

use super::{Place, printed, project_file};
use std::fs;
use std::process::Command;

#[test]
fn the_shell_form_can_be_evaluated() {
    let place = Place::new();
    let exports = printed(&mut place.heapwarden(["env", "-p", "plain", "-o", "fit=first"]));
    let script = format!("{exports}echo $HEAPWARDEN_OPTIONS; exec cat /proc/self/maps");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env("LD_PRELOAD", "libm.so.6").env_remove("HEAPWARDEN_OPTIONS");
    let maps = printed(&mut shell);
    assert!(maps.starts_with("profile=plain:fit=first\n"), "{maps}");
    assert!(maps.contains("/libheapwarden.so") && maps.contains("/libm.so.6"), "{maps}");
}

#[test]
fn the_other_forms_name_the_library_and_the_options() {
    let place = Place::new();
    let library = printed(&mut place.heapwarden(["lib"]));
    let form = |format| {
        let arguments = ["env", "--format", format, "-p", "plain", "-o", "stats=1"];
        printed(&mut place.heapwarden(arguments))
    };
    let expected = format!(
        "[Service]\nEnvironment=\"LD_PRELOAD={}\"\n\
         Environment=\"HEAPWARDEN_OPTIONS=profile=plain:stats=1\"\n",
        library.trim_end()
    );
    assert_eq!(form("systemd"), expected);
    let docker = form("dockerfile");
    assert!(docker.contains("\nCOPY libheapwarden.so /usr/local/lib/libheapwarden.so\n"));
    assert!(docker.contains("\nENV LD_PRELOAD=/usr/local/lib/libheapwarden.so\n"));
    assert!(docker.ends_with("\nENV HEAPWARDEN_OPTIONS=\"profile=plain:stats=1\"\n"));
}

#[test]
fn the_page_on_options_is_the_generated_one() {
    let place = Place::new();
    let generated = printed(&mut place.heapwarden(["options", "--format", "markdown"]));
    let page = fs::read_to_string(project_file("docs/options.md")).expect("the page");
    assert_eq!(page, generated, "make it anew with the command in its third line");
}

#[test]
fn the_list_names_every_option_and_its_default() {
    let place = Place::new();
    let list = printed(&mut place.heapwarden(["options"]));
    for line in ["  fit=best|first|next|worst   default best", "  decay_ms=number   default 1000"] {
        assert!(list.lines().any(|listed| listed == line), "{list}");
    }
    let default = list.lines().filter(|line| line.ends_with(" [default]"));
    assert_eq!(default.count(), 1, "{list}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    assert!(place.heapwarden(["options"]).stdout(writer).status().expect("a start").success());
}
