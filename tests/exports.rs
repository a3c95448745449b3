//! What the preload library shows to the outside, and that the library crate shows nothing: the
//! symbols, the thread-local storage and the flags, read with binutils from the built files.

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Scratch, installed};

/// All that is exported.
const EXPORTS: &[&str] = &[
    "_Exit",
    "_ZdaPv",
    "_ZdaPvRKSt9nothrow_t",
    "_ZdaPvSt11align_val_t",
    "_ZdaPvSt11align_val_tRKSt9nothrow_t",
    "_ZdaPvm",
    "_ZdaPvmSt11align_val_t",
    "_ZdlPv",
    "_ZdlPvRKSt9nothrow_t",
    "_ZdlPvSt11align_val_t",
    "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    "_ZdlPvm",
    "_ZdlPvmSt11align_val_t",
    "_Znam",
    "_ZnamRKSt9nothrow_t",
    "_ZnamSt11align_val_t",
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    "_Znwm",
    "_ZnwmRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnwmSt11align_val_tRKSt9nothrow_t",
    "__lsan_disable",
    "__lsan_do_leak_check",
    "__lsan_do_recoverable_leak_check",
    "__lsan_enable",
    "__lsan_ignore_object",
    "__lsan_register_root_region",
    "__lsan_unregister_root_region",
    "__msan_scoped_disable_interceptor_checks",
    "__msan_scoped_enable_interceptor_checks",
    "__sanitizer_acquire_crash_state",
    "__sanitizer_get_module_and_offset_for_pc",
    "__sanitizer_install_malloc_and_free_hooks",
    "__sanitizer_log_write",
    "__sanitizer_print_memory_profile",
    "__sanitizer_print_stack_trace",
    "__sanitizer_purge_allocator",
    "__sanitizer_set_death_callback",
    "__sanitizer_set_report_fd",
    "__sanitizer_symbolize_pc",
    "_exit",
    "aligned_alloc",
    "calloc",
    "cfree",
    "dlclose",
    "free",
    "free_aligned_sized",
    "free_sized",
    "heapwarden_check_heap",
    "heapwarden_leak_check",
    "heapwarden_report",
    "heapwarden_version",
    "mallinfo",
    "mallinfo2",
    "malloc",
    "malloc_info",
    "malloc_stats",
    "malloc_trim",
    "malloc_usable_size",
    "mallopt",
    "memalign",
    "posix_memalign",
    "prctl",
    "pvalloc",
    "realloc",
    "sigaction",
    "signal",
    "valloc",
];

/// A constant that debuggers read; programs that use the crate as their allocator have it too.
const FOR_DEBUGGERS: (&str, &str) = ("D", "heapwarden_layout");

/// libc's functions that are exported with a check in front.
const INTERCEPTED: &[&str] = &[
    "__fgets_chk",
    "__fgets_unlocked_chk",
    "__fread_chk",
    "__fread_unlocked_chk",
    "__getcwd_chk",
    "__memcpy_chk",
    "__memmove_chk",
    "__mempcpy_chk",
    "__memset_chk",
    "__pread64_chk",
    "__pread_chk",
    "__read_chk",
    "__readlink_chk",
    "__readlinkat_chk",
    "__recv_chk",
    "__recvfrom_chk",
    "__snprintf_chk",
    "__sprintf_chk",
    "__stpcpy_chk",
    "__stpncpy_chk",
    "__strcat_chk",
    "__strcpy_chk",
    "__strncat_chk",
    "__strncpy_chk",
    "__vsnprintf_chk",
    "__vsprintf_chk",
    "fgets",
    "fgets_unlocked",
    "fread",
    "fread_unlocked",
    "getcwd",
    "memcpy",
    "memmove",
    "mempcpy",
    "memset",
    "pread",
    "pread64",
    "pwrite",
    "pwrite64",
    "read",
    "readlink",
    "readlinkat",
    "recv",
    "recvfrom",
    "send",
    "sendto",
    "snprintf",
    "sprintf",
    "stpcpy",
    "stpncpy",
    "strcat",
    "strcpy",
    "strncat",
    "strncpy",
    "vsnprintf",
    "vsprintf",
    "write",
];

/// The preload library as the command writes it.
fn library(folder: &Path) -> PathBuf {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heapwarden"));
    command.arg("lib").env("XDG_CACHE_HOME", folder).env_remove("LD_PRELOAD");
    PathBuf::from(printed(&mut command).trim_end())
}

/// What a tool that succeeds prints.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{messages}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

fn tool(name: &str, arguments: &[&OsStr]) -> String {
    printed(Command::new(name).args(arguments).env("LC_ALL", "C"))
}

/// The functions and data that a file defines and shows, each as its `nm` type and its name.
fn defined<'a>(listing: &'a str) -> BTreeSet<(&'a str, &'a str)> {
    let entry = |line: &'a str| {
        let mut words = line.split_whitespace().rev();
        words.next().zip(words.next()).map(|(name, kind)| (kind, name))
    };
    listing.lines().filter_map(entry).collect()
}

#[test]
fn the_library_exports_the_malloc_family_the_interceptors_and_nothing_else() {
    if !installed(&["nm"]) {
        return;
    }
    let folder = Scratch::new();
    let library = library(folder.path());
    let listing = tool("nm", &["-D".as_ref(), "--defined-only".as_ref(), library.as_ref()]);
    let functions = EXPORTS.iter().chain(INTERCEPTED).map(|name| ("T", *name));
    let expected: BTreeSet<_> = functions.chain([FOR_DEBUGGERS]).collect();
    assert_eq!(defined(&listing), expected);
}

#[test]
fn thread_local_storage_needs_no_call_into_the_loader() {
    if !installed(&["readelf"]) {
        return;
    }
    let folder = Scratch::new();
    let library = library(folder.path());
    let relocations = tool("readelf", &["-rW".as_ref(), library.as_ref()]);
    assert!(relocations.contains("R_X86_64_TPOFF64"), "no thread-local storage at all");
    for sign in ["DTPMOD64", "DTPOFF64", "TLSDESC", "__tls_get_addr"] {
        let found = relocations.lines().find(|line| line.contains(sign));
        assert_eq!(found, None, "general-dynamic thread-local storage");
    }
}

/// The compiler makes calls of memcpy and its relatives from ordinary code. If those of the library
/// itself led to its own checks, a report would check itself, or never end.
#[test]
fn no_call_of_the_library_leads_to_its_interceptors() {
    if !installed(&["objdump", "readelf"]) {
        return;
    }
    let folder = Scratch::new();
    let library = library(folder.path());
    // Through the loader: such a call needs a relocation against the name.
    let relocations = tool("readelf", &["-rW".as_ref(), library.as_ref()]);
    let names = relocations.lines().filter_map(|line| line.split_whitespace().nth(4));
    let names: BTreeSet<_> = names.map(|name| name.split('@').next().unwrap_or(name)).collect();
    assert!(names.contains("dlsym") && names.contains("strlen"), "{names:?}");
    // Directly: such a call names its target.
    let code = tool("objdump", &["-d".as_ref(), "--no-show-raw-insn".as_ref(), library.as_ref()]);
    assert!(code.contains("<__wrap_memcpy>:"), "no way around the interceptors");
    for name in INTERCEPTED {
        assert!(!names.contains(name), "{name} is bound by the loader");
        let target = format!("<{name}>");
        let call = code.lines().find(|line| line.ends_with(&target));
        assert_eq!(call, None, "{name} is called");
    }
}

#[test]
fn the_library_is_never_unloaded() {
    if !installed(&["readelf"]) {
        return;
    }
    let folder = Scratch::new();
    let library = library(folder.path());
    let flags = tool("readelf", &["-dW".as_ref(), library.as_ref()]);
    let flags_1 = flags.lines().find(|line| line.contains("(FLAGS_1)")).expect("flags");
    assert!(flags_1.contains("NODELETE") && flags_1.contains("NOW"), "{flags_1}");
}

/// A program of its own workspace, as a user's would be.
const CONSUMER: &str = r#"
#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

fn main() {
    let words: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
    let total: usize = std::thread::spawn(move || words.iter().map(String::len).sum()).join().unwrap();
    println!("{total}");
}
"#;

#[test]
fn a_program_that_uses_the_library_crate_is_not_interposed() {
    if !installed(&["nm"]) {
        return;
    }
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let folder = Scratch::new();
    let crate_path = project.join("src/heapwarden");
    let manifest = format!(
        "[package]\nname = \"consumer\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nheapwarden = {{ path = {crate_path:?} }}\n"
    );
    fs::create_dir(folder.path().join("src")).expect("a folder");
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(folder.path().join("src/main.rs"), CONSUMER).expect("a program");
    // The same versions, so that nothing has to be asked of a registry.
    fs::copy(project.join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("the versions");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--quiet"]).current_dir(folder.path());
    cargo.env("CARGO_TARGET_DIR", &target).env_remove("CARGO_BUILD_TARGET");
    printed(&mut cargo);

    let program = target.join("debug/consumer");
    assert_eq!(printed(&mut Command::new(&program)), "2890\n");
    let listing = tool("nm", &["--defined-only".as_ref(), program.as_ref()]);
    let defined = defined(&listing);
    assert!(defined.iter().any(|(_, name)| *name == "main"), "nm lists nothing");
    assert!(defined.iter().any(|(_, name)| *name == FOR_DEBUGGERS.1), "gdb finds nothing");
    for name in EXPORTS.iter().chain(INTERCEPTED) {
        assert!(!defined.iter().any(|(_, other)| other == name), "the program defines {name}");
    }
    // Nor what fuzzers look up, nor a way to see threads start.
    for start in ["__sanitizer_", "__lsan_", "__asan_", "pthread_"] {
        let found = defined.iter().find(|(_, name)| name.starts_with(start));
        assert_eq!(found, None, "the program defines {start}...");
    }
}

/// Where intercepted calls lead to is out of reach of stray writes once it is settled.
#[test]
fn the_slots_of_the_interceptors_are_made_read_only() {
    if !installed(&["nm", "readelf"]) {
        return;
    }
    let folder = Scratch::new();
    let library = library(folder.path());
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex");
    let segments = tool("readelf", &["-lW".as_ref(), library.as_ref()]);
    let relro = segments.lines().find(|line| line.contains("GNU_RELRO")).expect("such a part");
    let fields: Vec<&str> = relro.split_whitespace().collect();
    let (start, size) = (number(fields[2]), number(fields[5]));
    assert_eq!((start + size) % 4096, 0, "what follows on the last page stays writable: {relro}");
    let listing = tool("nm", &[library.as_ref()]);
    let slots =
        listing.lines().filter(|line| line.contains("9intercept") && line.contains("4SLOT"));
    let addresses: Vec<u64> =
        slots.map(|line| number(line.split(' ').next().expect("an address"))).collect();
    assert_eq!(addresses.len(), INTERCEPTED.len(), "a slot per function");
    for address in addresses {
        assert!((start..start + size).contains(&address), "{address:#x} is not in {relro}");
    }
}
