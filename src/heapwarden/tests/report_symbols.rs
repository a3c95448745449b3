//! Names for addresses against those of the `backtrace` crate, and for every way in which a C++
//! library can carry its debug information.

use heapwarden::symbolize::{Frame, Modules, Symbolizer, Symbols};
use std::ffi::{CStr, CString, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// What one frame says.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Told {
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

fn modules() -> Box<Modules> {
    let mut modules = Box::new(Modules::new());
    modules.refresh();
    modules
}

fn ours(symbols: &mut dyn Symbolizer, address: usize) -> Vec<Told> {
    let mut told = Vec::new();
    symbols.frames(address - 1, &mut |frame: &Frame<'_>| {
        told.push(Told {
            function: frame.function.map(str::to_owned),
            file: frame.file.map(str::to_owned),
            line: frame.line,
        });
    });
    told
}

fn theirs(address: usize) -> Vec<Told> {
    let mut told = Vec::new();
    backtrace::resolve(address as *mut c_void, |symbol| {
        told.push(Told {
            function: symbol.name().map(|name| format!("{name:#}")),
            file: symbol.filename().map(|path| path.to_string_lossy().into_owned()),
            line: symbol.lineno(),
        });
    });
    told
}

#[inline(never)]
fn captured() -> Vec<usize> {
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        frames.push(frame.ip().addr());
        true
    });
    frames.retain(|ip| *ip != 0);
    frames
}

/// A stack through generic, inlined and library code.
fn stacks() -> Vec<Vec<usize>> {
    let sorted = Mutex::new(Vec::new());
    let mut numbers = [3, 1, 2];
    numbers.sort_by_key(|number| {
        sorted.lock().expect("not poisoned").push(captured());
        *number
    });
    let mut stacks = sorted.into_inner().expect("not poisoned");
    stacks.push(std::thread::spawn(captured).join().expect("the thread ends"));
    stacks.extend(Some(1).map(|_| captured()));
    stacks
}

#[test]
fn the_backtrace_crate_gives_the_same_names() {
    let modules = modules();
    let mut symbols = Symbols::new();
    let mut view = symbols.of(&modules);
    let mut compared = 0;
    for address in stacks().into_iter().flatten() {
        let (ours, theirs) = (ours(&mut view, address), theirs(address));
        if theirs.is_empty() {
            continue;
        }
        assert_eq!(ours, theirs, "{address:#x}");
        compared += ours.len();
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn modules_are_those_of_the_loader() {
    unsafe extern "C" fn note(
        info: *mut libc::dl_phdr_info,
        _: usize,
        list: *mut c_void,
    ) -> libc::c_int {
        // SAFETY: the loader's structure, and the list given below.
        let (info, list) = unsafe { (&*info, &mut *list.cast::<Vec<usize>>()) };
        // SAFETY: the loader's string.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
        if !is_of_another_test(name) {
            list.push(info.dlpi_addr as usize);
        }
        0
    }
    let mut expected: Vec<usize> = Vec::new();
    // SAFETY: the callback takes the list.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut expected).cast()) };
    let modules = modules();
    let ours = modules.all().filter(|module| !is_of_another_test(module.path));
    let mut found: Vec<_> = ours.map(|module| module.bias).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// Other tests load and close libraries at any time.
fn is_of_another_test(path: &[u8]) -> bool {
    path.ends_with(b"/library.so")
}

static SOURCE: &str = r#"
#include <stddef.h>
namespace app {
int table[10];
template <typename T> struct Box {
    __attribute__((noinline)) size_t hold(size_t (*callback)(), T) { return callback() + 1; }
};
inline __attribute__((always_inline)) size_t inlined(size_t (*callback)()) {
    Box<int> box;
    return box.hold(callback, 7) + 1;
}
}
extern "C" size_t enter(size_t (*callback)()) { return app::inlined(callback) + 1; }
extern "C" void *variable() { return &app::table[4]; }
"#;

/// The folder of one library; it goes with the value.
struct Library {
    folder: PathBuf,
    handle: *mut c_void,
}

impl Library {
    /// Builds the library, lets `change` do something to it, and loads it.
    fn new(name: &str, flags: &[&str], change: &[&[&str]]) -> Option<Library> {
        let folder = std::env::temp_dir().join(format!("heapwarden-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("library.cc"), SOURCE).expect("a file");
        let mut compiler = Command::new("g++");
        compiler.args(["-O1", "-shared", "-fPIC", "library.cc", "-o", "library.so"]).args(flags);
        if let Err(error) = compiler.current_dir(&folder).output() {
            eprintln!("skipped: g++: {error}");
            return None;
        }
        for command in change {
            let mut command = (Command::new(command[0]), &command[1..]);
            let status = command.0.args(command.1).current_dir(&folder).status();
            assert!(status.expect("binutils are there with g++").success());
        }
        let path =
            CString::new(folder.join("library.so").to_str().expect("UTF-8")).expect("a path");
        // SAFETY: a library without constructors.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "{name} was built");
        Some(Library { folder, handle })
    }

    fn symbol(&self, name: &str) -> *mut c_void {
        let name = CString::new(name).expect("a name");
        // SAFETY: an open library.
        let symbol = unsafe { libc::dlsym(self.handle, name.as_ptr()) };
        assert!(!symbol.is_null());
        symbol
    }

    /// The addresses inside of the library while it calls back.
    fn stack(&self) -> Vec<usize> {
        static STACK: Mutex<Vec<usize>> = Mutex::new(Vec::new());
        extern "C" fn callback() -> usize {
            *STACK.lock().expect("not poisoned") = captured();
            0
        }
        type Enter = extern "C" fn(extern "C" fn() -> usize) -> usize;
        // SAFETY: this is its type.
        let enter: Enter = unsafe { std::mem::transmute(self.symbol("enter")) };
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().expect("not poisoned");
        enter(callback);
        let stack = STACK.lock().expect("not poisoned");
        let inside: Vec<_> = stack.iter().copied().filter(|ip| self.holds(*ip)).collect();
        assert_eq!(inside.len(), 2, "`hold` and `enter`");
        inside
    }

    fn holds(&self, address: usize) -> bool {
        let path = self.folder.join("library.so");
        let modules = modules();
        let module = modules.find(address);
        module.is_some_and(|module| module.path == path.as_os_str().as_encoded_bytes())
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: nothing of it is used any more.
            unsafe { libc::dlclose(self.handle) };
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const HOLD: &str = "app::Box<int>::hold(unsigned long (*)(), int)";

fn assert_named(library: &Library, with_lines: bool) {
    let modules = modules();
    let mut symbols = Symbols::new();
    let mut view = symbols.of(&modules);
    let told: Vec<_> = library.stack().iter().map(|ip| ours(&mut view, *ip)).collect();
    let brief: Vec<Vec<_>> = told
        .iter()
        .map(|frames| {
            let base = |path: &str| Path::new(path).file_name().map(|name| name.to_owned());
            let name = |frame: &Told| frame.function.clone().unwrap_or_default();
            let file = |frame: &Told| frame.file.as_deref().and_then(base);
            frames.iter().map(|frame| (name(frame), file(frame), frame.line)).collect()
        })
        .collect();
    let at = |line| with_lines.then_some(line);
    let file = || with_lines.then(|| "library.cc".into());
    let frame = |name: &str, line| (name.to_owned(), file(), at(line));
    let mut expected = vec![vec![frame(HOLD, 6)], vec![frame("enter", 13)]];
    if with_lines {
        expected[1].insert(0, frame("app::inlined(unsigned long (*)())", 10));
    }
    assert_eq!(brief, expected);
}

#[test]
fn debug_information_in_the_file_plain_and_compressed() {
    for (name, flag) in [("plain", "-g"), ("compressed", "-gz=zlib"), ("old", "-gdwarf-4")] {
        let Some(library) = Library::new(name, &["-g", flag], &[]) else { return };
        assert_named(&library, true);
    }
}

#[test]
fn debug_information_in_a_separate_file() {
    let change: &[&[&str]] = &[
        &["objcopy", "--only-keep-debug", "library.so", "library.debug"],
        &["strip", "library.so"],
        &["objcopy", "--add-gnu-debuglink=library.debug", "library.so"],
    ];
    let Some(library) = Library::new("separate", &["-g"], change) else { return };
    assert_named(&library, true);
}

#[test]
fn a_separate_file_of_another_build_is_not_used() {
    let change: &[&[&str]] = &[
        &["g++", "-g", "-O0", "-shared", "-fPIC", "library.cc", "-o", "other.so"],
        &["objcopy", "--only-keep-debug", "other.so", "library.debug"],
        &["strip", "--strip-debug", "library.so"],
        &["objcopy", "--add-gnu-debuglink=library.debug", "library.so"],
    ];
    let flags = ["-g", "-Wl,--build-id"];
    let Some(library) = Library::new("another", &flags, change) else { return };
    assert_named(&library, false);
}

#[test]
fn only_symbols_are_left() {
    let change: &[&[&str]] = &[&["strip", "--strip-debug", "library.so"]];
    let Some(library) = Library::new("symbols", &["-g"], change) else { return };
    assert_named(&library, false);
}

#[test]
fn a_file_that_was_replaced_tells_nothing() {
    let Some(library) = Library::new("replaced", &["-g", "-Wl,--build-id"], &[]) else { return };
    let stack = library.stack();
    let build = |source: &str| {
        let mut compiler = Command::new("g++");
        compiler.args(["-g", "-shared", "-fPIC", "-Wl,--build-id", source, "-o", "new.so"]);
        assert!(compiler.current_dir(&library.folder).status().expect("g++").success());
    };
    std::fs::write(library.folder.join("new.cc"), format!("int x;\n{SOURCE}")).expect("a file");
    build("new.cc");
    std::fs::rename(library.folder.join("new.so"), library.folder.join("library.so"))
        .expect("renamed");
    let modules = modules();
    let mut symbols = Symbols::new();
    let told = ours(&mut symbols.of(&modules), stack[0]);
    assert_eq!(told, [Told { function: None, file: None, line: None }]);
}

#[test]
fn a_damaged_file_is_no_danger() {
    let Some(library) = Library::new("damaged", &["-g"], &[]) else { return };
    let stack = library.stack();
    let path = library.folder.join("library.so");
    let original = std::fs::read(&path).expect("a file");
    // A deterministic noise over everything behind the headers and the code. The loader's mapping
    // keeps the old file, since a new one is put in its place.
    let mut state = 1u64;
    for round in 0..40 {
        let mut bytes = original.clone();
        for _ in 0..200 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let position = 0x3000 + (state >> 33) as usize % (bytes.len() - 0x3000);
            bytes[position] = (state >> 20) as u8;
        }
        if round % 4 == 3 {
            bytes.truncate(0x3000 + (state >> 33) as usize % (bytes.len() - 0x3000));
        }
        std::fs::write(library.folder.join("new"), &bytes).expect("a file");
        std::fs::rename(library.folder.join("new"), &path).expect("renamed");
        let modules = modules();
        let mut symbols = Symbols::new();
        let mut view = symbols.of(&modules);
        for address in &stack {
            assert!(!ours(&mut view, *address).is_empty());
        }
    }
}

#[test]
fn a_closed_library_keeps_its_names() {
    let Some(mut library) = Library::new("closed", &["-g"], &[]) else { return };
    let stack = library.stack();
    // The unwinder met it, as it does when a stack leads through it.
    assert!(heapwarden::unwind::modules::find(stack[0] - 1).is_some());
    // SAFETY: nothing of it is used any more.
    assert_eq!(unsafe { libc::dlclose(library.handle) }, 0);
    library.handle = std::ptr::null_mut();
    let modules = modules();
    let mut symbols = Symbols::new();
    let told = ours(&mut symbols.of(&modules), stack[0]);
    assert_eq!(told[0].function.as_deref(), Some(HOLD));
    assert_eq!(told[0].line, Some(6));
}

#[test]
fn global_variables_are_named() {
    let Some(library) = Library::new("variable", &["-g"], &[]) else { return };
    // SAFETY: this is its type.
    let variable: extern "C" fn() -> usize =
        unsafe { std::mem::transmute(library.symbol("variable")) };
    let modules = modules();
    let mut symbols = Symbols::new();
    let mut told = None;
    symbols.of(&modules).variable(variable(), &mut |variable| {
        told = Some((variable.name.map(str::to_owned), variable.offset, variable.size));
    });
    assert_eq!(told, Some((Some("app::table".into()), 16, 40)));
}

#[test]
fn addresses_outside_of_modules_have_no_names() {
    let modules = modules();
    let mut symbols = Symbols::new();
    let local = 0u64;
    for address in [1, (&raw const local).addr() + 1, usize::MAX] {
        let told = ours(&mut symbols.of(&modules), address);
        assert_eq!(told, [Told { function: None, file: None, line: None }], "{address:#x}");
    }
}
