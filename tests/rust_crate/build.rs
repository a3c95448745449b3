//! Compiles the C code, if there is a compiler.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_c)");
    println!("cargo::rerun-if-changed=src/code.c");
    let folder = env::var("OUT_DIR").expect("set by cargo");
    let object = Path::new(&folder).join("code.o");
    let archive = Path::new(&folder).join("libcode.a");
    let mut compile = Command::new("cc");
    compile.args(["-g", "-O1", "-fno-builtin", "-c", "src/code.c", "-o"]).arg(&object);
    let mut pack = Command::new("ar");
    pack.arg("crs").args([&archive, &object]);
    let runs = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    if runs(&mut compile) && runs(&mut pack) {
        println!("cargo::rustc-cfg=has_c");
        println!("cargo::rustc-link-search=native={folder}");
        println!("cargo::rustc-link-lib=static=code");
    }
}
