//! operator new and operator delete: all forms, what happens without memory, and programs that
//! replace some of them.

mod support;

use support::{
    CERTAIN, GUARDS_ARE_SHORT, PROFILES, Run, c_library, c_program, self_checking,
    self_checking_under,
};

/// Under `sample`: near the limit a block that chance chose may have to do without guard pages, which
/// is told.
fn is_ok_by_chance(run: Run) {
    let mut outcome = run.on("sample");
    if outcome.stderr == GUARDS_ARE_SHORT {
        outcome.stderr.clear();
    }
    outcome.is_ok();
}

#[test]
fn every_form_allocates_and_frees() {
    self_checking("cxx_forms.cpp", &[]);
}

#[test]
fn without_memory_handlers_are_called_and_exceptions_thrown() {
    self_checking_under(CERTAIN, "cxx_failure.cpp", &[]);
    let Some(program) = c_program("cxx_failure.cpp") else { return };
    is_ok_by_chance(Run::of(&program));
}

#[test]
fn a_runtime_out_of_sight_is_found() {
    let Some(library) = c_library("cxx_failure.cpp") else { return };
    let Some(program) = c_program("cxx_hidden.c") else { return };
    let run = Run::of(&program).arg(&library);
    for profile in CERTAIN {
        run.on(profile).is_ok();
    }
    is_ok_by_chance(run);
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
