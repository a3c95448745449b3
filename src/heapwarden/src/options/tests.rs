//! The table, the parser and the echo against each other.

use super::*;
use crate::profile::Profile;
use heapwarden_core::Fit;

fn read(text: &str) -> (Options, Vec<String>) {
    let mut complaints = Vec::new();
    let options = Options::read(text.as_bytes(), &mut |complaint| {
        complaints.push(collect(|sink| complaint.write(sink)));
    });
    (options, complaints)
}

fn collect(write: impl FnOnce(Sink<'_>)) -> String {
    let mut text = Vec::new();
    write(&mut |piece| text.extend_from_slice(piece));
    String::from_utf8(text).unwrap()
}

fn accepted(text: &str) -> Options {
    let (options, complaints) = read(text);
    assert_eq!(complaints, [""; 0], "{text}");
    options
}

fn complaint(text: &str) -> String {
    let (options, complaints) = read(text);
    assert_eq!(options, Options::DEFAULT, "{text} changed something");
    assert_eq!(complaints.len(), 1, "{text}: {complaints:?}");
    complaints.into_iter().next().unwrap()
}

#[test]
fn options_are_separated_by_colons_commas_and_white_space() {
    let options = accepted(" stats=1:fit=first,,journey=7\tdecay_ms=250 \n: ");
    assert!(options.stats);
    assert_eq!(options.fit, Fit::First);
    assert_eq!((options.journey, options.decay_ms), (7, 250));
    assert_eq!(accepted(""), Options::DEFAULT);
}

#[test]
fn the_profile_counts_wherever_it_stands_and_the_last_value_wins() {
    let options = accepted("stats=0:stats=1:profile=guard:journey=3:profile=plain");
    assert_eq!(options.profile, Profile::Plain);
    assert!(options.stats);
    assert_eq!(options.journey, 3);
}

#[test]
fn a_bad_profile_does_not_undo_a_good_one() {
    let (options, complaints) = read("profile=harden:profile=hardened");
    assert_eq!(options.profile, Profile::Harden);
    assert_eq!(complaints.len(), 1);
}

#[test]
fn sizes_take_suffixes() {
    assert_eq!(accepted("direct_threshold=65536").direct_threshold, 65536);
    assert_eq!(accepted("direct_threshold=64k").direct_threshold, 64 << 10);
    assert_eq!(accepted("direct_threshold=3M").direct_threshold, 3 << 20);
    assert_eq!(accepted("direct_threshold=1G").direct_threshold, 1 << 30);
}

#[test]
fn complaints_name_the_bad_one_and_the_nearest() {
    assert_eq!(complaint("fitt=best"), "unknown option `fitt`, the nearest is `fit`");
    assert_eq!(complaint("=5"), "unknown option ``, the nearest is `fit`");
    assert_eq!(complaint("Stat"), "`Stat` has no value, options are given as `stats=VALUE`");
    assert_eq!(
        complaint("fit=bets"),
        "bad value `bets` for option `fit`, it wants one of best|first|next|worst, \
         the nearest is `best`"
    );
    assert_eq!(complaint("stats=2"), "bad value `2` for option `stats`, it wants 0 or 1");
    assert_eq!(
        complaint("decay_ms=4294967296"),
        "bad value `4294967296` for option `decay_ms`, it wants a whole number up to 4294967295"
    );
    for size in ["", "K", "-1", "1KK", "0x10", "99999999999G", "1.5M"] {
        assert!(complaint(&format!("direct_threshold={size}")).contains("64K"), "{size}");
    }
}

#[test]
fn what_is_not_text_is_shown_bounded_and_printable() {
    let mut shown = Vec::new();
    Options::read(&[0xff; 5000], &mut |complaint| {
        complaint.write(&mut |piece| shown.extend_from_slice(piece));
    });
    assert!(shown.len() < 200);
    assert!(shown.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' '));
}

#[test]
fn one_bad_option_leaves_the_others() {
    let (options, complaints) = read("nonsense=1:stats=1:fit=no:journey=4");
    assert!(options.stats);
    assert_eq!(options.journey, 4);
    assert_eq!(complaints.len(), 2);
}

#[test]
fn the_echo_reads_back_to_the_same_settings() {
    for profile in Profile::ALL {
        let mut options = Options::for_profile(profile);
        assert_eq!(accepted(&collect(|sink| options.write(sink))), options);
        options.fit = Fit::Worst;
        options.journey = u64::MAX;
        options.decay_ms = u32::MAX;
        options.direct_threshold = 12345;
        options.stats = true;
        assert_eq!(accepted(&collect(|sink| options.write(sink))), options);
    }
    assert!(collect(|sink| Options::DEFAULT.write(sink)).starts_with("profile=debug:fit=best:"));
}

#[test]
fn every_name_in_the_table_is_one_of_a_kind_and_explained() {
    for (position, row) in TABLE.iter().enumerate() {
        assert!(std::ptr::eq(find(row.name.as_bytes()).unwrap(), &TABLE[position]));
        assert!(row.help().ends_with('.'), "{}", row.name);
        assert!(!row.profiles.is_empty());
    }
}

#[test]
fn profile_names_agree_with_what_the_parser_reads() {
    for profile in Profile::ALL {
        assert_eq!(accepted(&format!("profile={}", profile.name())).profile, profile);
    }
}

#[test]
fn the_core_is_instrumented_only_when_someone_looks() {
    assert!(!accepted("fit=next").core_config().instrument);
    assert!(accepted("stats=1").core_config().instrument);
    assert!(accepted("journey=1").core_config().instrument);
    assert_eq!(accepted("arenas=3").core_config().arenas_max, 3);
}
