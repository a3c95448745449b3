//! Stacks of C and C++ code.

use crate::c_code::run;
use crate::cross_check::{check, finish};

fn shapes(flags: &[&str]) {
    if run("unwind_shapes.c", flags, check, 300) {
        assert!(finish() > 2000);
    }
}

#[test]
fn shapes_without_optimisation() {
    shapes(&["-O0"]);
    shapes(&["-O0", "-fomit-frame-pointer"]);
}

#[test]
fn shapes_at_o1() {
    shapes(&["-O1", "-fomit-frame-pointer"]);
    shapes(&["-O1", "-fno-omit-frame-pointer"]);
}

#[test]
fn shapes_at_o2() {
    shapes(&["-O2", "-fomit-frame-pointer"]);
    shapes(&["-O2", "-fno-omit-frame-pointer"]);
}

#[test]
fn shapes_at_o3_and_os() {
    shapes(&["-O3", "-fomit-frame-pointer"]);
    shapes(&["-O3", "-fno-omit-frame-pointer", "-mavx2"]);
    shapes(&["-Os"]);
}

#[test]
fn coroutines() {
    for flags in [["-O0"], ["-O2"]] {
        if run("unwind_coroutines.c", &flags, check, 100) {
            assert!(finish() > 2000);
        }
    }
}

#[test]
fn exceptions() {
    for flags in [["-O0"], ["-O2"]] {
        if run("unwind_exceptions.cpp", &flags, check, 200) {
            assert!(finish() > 1000);
        }
    }
}
