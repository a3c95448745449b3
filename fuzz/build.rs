//! Compiles the C half of the examples, with what libFuzzer wants to see of it.

fn main() {
    println!("cargo::rerun-if-changed=fuzz_targets/planted.c");
    println!("cargo::rerun-if-changed=fuzz_targets/coverage.c");
    cc::Build::new()
        .file("fuzz_targets/planted.c")
        .flag("-g")
        .flag_if_supported("-fsanitize-coverage=trace-pc,trace-cmp")
        .compile("planted");
    cc::Build::new().file("fuzz_targets/coverage.c").compile("coverage");
    // libFuzzer's own function of this name does nothing.
    println!("cargo::rustc-link-arg-bins=-Wl,--wrap=__sanitizer_cov_trace_pc");
}
