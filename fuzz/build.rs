//! Compiles the C half of the examples, with what libFuzzer wants to see of it.

fn main() {
    const SOURCE: &str = "fuzz_targets/planted.c";
    println!("cargo::rerun-if-changed={SOURCE}");
    let mut build = cc::Build::new();
    build.file(SOURCE).flag("-g").flag("-fno-omit-frame-pointer");
    // gcc tells libFuzzer of comparisons, clang of the way through the code as well.
    build.flag_if_supported("-fsanitize-coverage=trace-cmp");
    build.flag_if_supported("-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp");
    build.compile("planted");
}
