//! The table itself. To add an option, add its row to `table!` at the end of this file: the field
//! of [`Options`], the parser, the lists, the echo and the method of [`Heapwarden`] follow from it. An
//! option is listed once it works.

use super::value::Value;
use super::{Complaint, Kind, Range, Sink, Words};
use crate::global::Heapwarden;
use crate::guard::pages::Method;
use crate::guard::selection::Align;
use crate::leaks::Level;
use crate::profile::Profile;
use crate::report::{Action, Colour, Detail, Dialect, OnError};
use heapwarden_core::{Config, Fit};

/// One option: what it is called, what it takes and what it does.
pub struct Row {
    /// The name before the `=`.
    pub name: &'static str,
    /// What may stand after the `=`.
    pub kind: Kind,
    /// The profiles in which it has an effect.
    pub profiles: &'static [Profile],
    help: &'static str,
    pub(super) read: fn(&mut Options, &[u8]) -> bool,
    write: fn(&Options, Sink<'_>),
}

impl Row {
    /// What it does, in a sentence or two.
    pub fn help(&self) -> &'static str {
        self.help.trim_ascii()
    }

    /// Writes the value it has in `options`, in the form in which it is given.
    pub fn write_value(&self, options: &Options, sink: Sink<'_>) {
        (self.write)(options, sink);
    }
}

/// The row of an option.
pub fn find(name: &[u8]) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name.as_bytes() == name)
}

impl Options {
    /// The settings of a program that asks for nothing.
    pub const DEFAULT: Options = Options::for_profile(Profile::DEFAULT);

    /// The settings that `text` asks for, on top of the defaults of the profile it names.
    pub fn read(text: &[u8], complain: &mut dyn FnMut(Complaint<'_>)) -> Options {
        let mut options = Options::DEFAULT;
        super::parse(text, &mut options, complain);
        options
    }

    /// Writes every setting in effect as one line that can be given again.
    pub fn write(&self, sink: Sink<'_>) {
        for (position, row) in TABLE.iter().enumerate() {
            if position > 0 {
                sink(b":");
            }
            sink(row.name.as_bytes());
            sink(b"=");
            row.write_value(self, sink);
        }
    }

    /// The part of the settings that the allocator core acts on.
    pub const fn core_config(&self) -> Config {
        let mut config = Config::new();
        config.fit = self.fit;
        config.arenas_max = self.arenas;
        config.decay_ms = self.decay_ms;
        config.direct_threshold = self.direct_threshold;
        config.instrument = self.stats || self.journey > 0;
        config
    }
}

/// `/// help` `name: type = default, Profile = other default, ...;` per option.
macro_rules! table {
    ($(
        $(#[doc = $help:literal])+
        $name:ident: $type:ty = $default:expr $(, $profile:ident = $other:expr)*;
    )+) => {
        /// The settings in effect: one field per row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Options {
            /// The row of defaults that the other fields started from.
            pub profile: Profile,
            $($(#[doc = $help])+ pub $name: $type,)+
        }

        impl Options {
            /// The defaults of a profile.
            #[allow(clippy::match_single_binding)]
            pub const fn for_profile(profile: Profile) -> Options {
                Options {
                    profile,
                    $($name: match profile { $(Profile::$profile => $other,)* _ => $default },)+
                }
            }
        }

        /// The options, as the program chooses them for itself. What `HEAPWARDEN_OPTIONS` says counts
        /// more; if that names a profile, nothing that is chosen here counts.
        impl Heapwarden {
            $(
                $(#[doc = $help])+
                pub const fn $name(mut self, value: $type) -> Heapwarden {
                    self.options.$name = value;
                    self
                }
            )+
        }

        /// Every option there is.
        pub static TABLE: &[Row] = &[
            Row {
                name: "profile",
                kind: <Profile as Value>::KIND,
                profiles: &Profile::ALL,
                help: PROFILE_HELP,
                read: |options, text| match <Profile as Value>::read(text) {
                    Some(profile) => { options.profile = profile; true }
                    None => false,
                },
                write: |options, sink| options.profile.write(sink),
            },
            $(Row {
                name: stringify!($name),
                kind: <$type as Value>::KIND,
                profiles: &Profile::ALL,
                help: concat!($($help),+),
                read: |options, text| match <$type as Value>::read(text) {
                    Some(value) => { options.$name = value; true }
                    None => false,
                },
                write: |options, sink| options.$name.write(sink),
            },)+
        ];
    };
}

const CORE: Config = Config::new();

const PROFILE_HELP: &str = "The row of defaults to start from. It counts wherever it stands in \
     the text; the other options then change that row.";

table! {
    /// Which free run of pages serves a request: the smallest that fits, the first by address, the
    /// next after the last one used, or the largest.
    fit: Fit = Fit::Best;

    /// Frames that are kept of each stack, where stacks are kept.
    stack_depth: u32 = 32;

    /// Count allocations, live and peak bytes for each call site.
    accounting: bool = false, Leak = true;

    /// How many KiB of freed blocks of each size wait in each thread before they are used again.
    ring_kb: u32 = 16;

    /// How many MiB of freed blocks wait behind those, for all threads together.
    quarantine_mb: u32 = 0, Debug = 2, Guard = 2;

    /// A random live block is verified every so many frees; 0 means never.
    check_every: u32 = 0, Debug = 64, Guard = 64;

    /// Check what memcpy, strcpy, sprintf, read and their relatives read and write in the heap,
    /// before they do.
    intercept: bool = false, Debug = true, Guard = true;

    /// One in so many blocks gets guard pages, chosen at random: 1 means all, 0 none. With one of the
    /// other `guard_` options that choose: one in so many of those, and all of them with 0.
    guard_every: u32 = 0, Guard = 1, Sample = 5000;

    /// Only blocks of these sizes get guard pages, as in `16-4K`, `64-` or `24`.
    guard_size: Range = Range::ALL;

    /// Only blocks get guard pages that are allocated through a module (program or library) of which
    /// the path matches this pattern, as in a line of suppressions.
    guard_module: Words = Words::NONE;

    /// The same for functions.
    guard_function: Words = Words::NONE;

    /// Only blocks from these call sites get guard pages: the names that reports give them, with `+`
    /// between them.
    guard_site: Words = Words::NONE;

    /// Where blocks lie among their guard pages: at the end, so that overflows fault, at the start,
    /// so that underflows do, or the one or the other by call site.
    align: Align = Align::Right;

    /// The least alignment of guarded blocks for which none is asked. With 16, as everywhere, the few
    /// bytes that are left over behind a block are canary, and only writes there are noticed, later;
    /// with 1 every block ends where its guard page begins, but not every program can live with that.
    guard_alignment: u32 = 16;

    /// What chance depends on, where blocks are chosen at random; 0 makes every run different.
    seed: u64 = 0;

    /// How many MiB of address space freed blocks keep whose pages are guarded.
    guard_quarantine_mb: u32 = 256, Sample = 64;

    /// How many MiB of memory live guarded blocks may have; 0 stands for half of what the machine,
    /// or the control group, has.
    guard_mb: u32 = 0;

    /// How pages are made inaccessible: as well as the kernel can, or by `mprotect`, of which it
    /// allows some tens of thousands.
    guard_pages: Method = Method::Auto;

    /// Hand the page of a freed block on to the next one with guard pages, where the kernel can do that:
    /// it takes half the time of giving it back and asking for another.
    guard_move: bool = false, Guard = true;

    /// Report blocks that go back to another family of functions than they came from, as `delete` of
    /// what `malloc` made.
    alloc_dealloc_mismatch: bool = true;

    /// Print the statistics of the heap on stderr when the program ends.
    stats: bool = false;

    /// Print on stderr the way that each of the first N requests went through the allocator.
    journey: u64 = 0;

    /// For how many milliseconds free pages wait for reuse before they go back to the kernel.
    decay_ms: u32 = CORE.decay_ms;

    /// The most arenas that threads are spread over; 0 stands for four per processor.
    arenas: u32 = CORE.arenas_max;

    /// From which size on a block gets a mapping of its own; it adapts upwards as such blocks are
    /// freed and wanted again.
    direct_threshold: usize = CORE.direct_threshold;

    /// Look at SIGSEGV and SIGBUS first: those that a heap bug led to are reported, all others reach
    /// the program's handler, or its end, as they would without Heapwarden.
    handle_segv: bool = false, Debug = true, Guard = true, Sample = true;

    /// The number of a signal that makes the process verify its whole heap at once; 0 means none.
    /// 12, for example, is SIGUSR2.
    check_signal: u8 = 0;

    /// Report leaked blocks when the program ends: the largest of them with a few frames each
    /// (`summary`), all of them with whole stacks (`full`), or nothing (`off`).
    leaks: Level = Level::Off, Debug = Level::Summary, Guard = Level::Summary, Leak = Level::Summary;

    /// How many call sites a summary of leaks shows.
    top: u32 = 10;

    /// The exit status of a program that leaks; 0 leaves the status it has.
    leak_exit_code: u8 = 0;

    /// With `leaks`, report the pointers into freed blocks that the program can still reach.
    dangling: bool = false;

    /// The file that says which leaks not to report, in LeakSanitizer's lines `leak:PATTERN`, with
    /// `%` as in `log_path`.
    suppressions: Words = Words::NONE;

    /// Print what the suppressions hid.
    print_suppressions: bool = true;

    /// The number of a signal that makes the process report its leaks at once, and what changed since
    /// its last report; 0 means none. 10, for example, is SIGUSR1.
    report_signal: u8 = 0;

    /// What to do after a report. A kind may differ from the rest:
    /// `continue+double-free=abort`. With `continue` an error is reported once per place. What is not
    /// an error yet, `leak` and `dangling-pointer`, ends the program only if it is named.
    on_error: OnError = OnError::all(Action::Abort);

    /// The exit status with `on_error=exit`.
    exit_code: u8 = 99;

    /// The file that reports are appended to, instead of stderr. `%p` stands for the process,
    /// `%3a` for a colon and so on.
    log_path: Words = Words::NONE;

    /// The file for the report as JSON, with `%` as in `log_path`. Without `%p`, processes other
    /// than the first write to this name with `.PID` behind it.
    report_path: Words = Words::NONE;

    /// How much a report on stderr or in `log_path` says: all that is known, or one line. The file of
    /// `report_path` holds all in any case.
    report: Detail = Detail::Full, Harden = Detail::Line;

    /// Whose words a report uses. Tools that look for AddressSanitizer want `asan`.
    dialect: Dialect = Dialect::Heapwarden;

    /// Under a fuzzer, verify each block that an input touched when that input is through.
    fuzz_verify: bool = true;

    /// How many functions of its stack make up the `DEDUP_TOKEN` of a report, by which libFuzzer tells
    /// bugs apart; 0 means none. It is written under a fuzzer and with `dialect=asan`.
    dedup_token_length: u32 = 3;

    /// Name functions, files and lines in reports; 0 leaves module and offset.
    symbolize: bool = true;

    /// Whether reports on stderr are coloured; `auto` means on a terminal.
    colour: Colour = Colour::Auto;

    /// What to leave out at the start of file names in reports.
    strip_path_prefix: Words = Words::NONE;

    /// With 1, print the settings in effect on stderr when the program starts.
    verbosity: u32 = 0;
}
