//! operator new and operator delete: all forms, what happens without memory, and programs that
//! replace some of them.

mod support;

use support::{PROFILES, Run, c_library, c_program, self_checking};

#[test]
fn every_form_allocates_and_frees() {
    self_checking("cxx_forms.cpp", &[]);
}

#[test]
fn without_memory_handlers_are_called_and_exceptions_thrown() {
    self_checking("cxx_failure.cpp", &[]);
}

#[test]
fn a_runtime_out_of_sight_is_found() {
    let Some(library) = c_library("cxx_failure.cpp") else { return };
    let Some(program) = c_program("cxx_hidden.c") else { return };
    for profile in PROFILES {
        Run::of(&program).arg(&library).on(profile).is_ok();
    }
}

#[test]
fn without_a_runtime_it_says_so_and_aborts() {
    let Some(program) = c_program("cxx_absent.c") else { return };
    for profile in PROFILES {
        let outcome = Run::of(&program).on(profile);
        outcome.killed_by(libc::SIGABRT);
        let message = "heapwarden: operator new: out of memory, and no C++ runtime to throw";
        assert!(outcome.stderr.starts_with(message), "{outcome:?}");
    }
}

#[test]
fn replaced_operators_serve_all_forms() {
    self_checking("cxx_replaced.cpp", &[]);
}
