//! What is guarded after which errors.

use super::*;

fn error(text: &str) -> Error {
    serde_json::from_str(text).expect("an error")
}

fn late(kind: &str, sites: &[&str]) -> Error {
    let mut fields = String::new();
    let offset = if kind == "heap-buffer-underflow" { -1 } else { 24 };
    if let Some(site) = sites.first() {
        fields += &format!(r#","block":{{"size":24,"offset":{offset}}},"alloc_site":"{site}""#);
    }
    if let Some(site) = sites.get(1) {
        fields += &format!(r#","neighbour":{{"size":24,"alloc_site":"{site}"}}"#);
    }
    error(&format!(
        r#"{{"kind":"{kind}","access":{{"type":"write","found_by":"free"}},
            "damage":{{"offset":24}}{fields}}}"#
    ))
}

fn access(site: &str) -> Error {
    error(&format!(
        r#"{{"kind":"heap-buffer-overflow","access":{{"type":"write","size":1}},
            "block":{{"size":24}},"alloc_site":"{site}"}}"#
    ))
}

fn sites(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn after(search: &mut Search, round: u32, errors: &[Error]) -> Option<Aim> {
    let aim = search.aim().expect("something to guard");
    let errors: Vec<_> = errors.iter().map(|error| (1, error)).collect();
    search.learn(round, &aim, &errors, None);
    search.aim()
}

#[test]
fn only_damage_that_was_found_later_is_a_target() {
    let freed_twice = error(r#"{"kind":"double-free","access":{"type":"unknown"}}"#);
    let seen = access("00000001");
    assert!(Search::of(&[(1, &freed_twice), (1, &seen)]).aim().is_none());
    assert!(Search::of(&[]).aim().is_none());
    let one = late("heap-use-after-free", &["00000001"]);
    let aim = Search::of(&[(1, &freed_twice), (1, &one)]).aim();
    assert_eq!(aim, Some(Aim { sites: sites(&["00000001"]), side: Side::End }));
}

#[test]
fn who_is_seen_at_the_block_closes_the_search() {
    let found = late("heap-buffer-overflow", &["00000001", "00000002"]);
    let mut search = Search::of(&[(7, &found)]);
    assert_eq!(search.aim().map(|aim| aim.sites), Some(sites(&["00000001", "00000002"])));
    assert_eq!(after(&mut search, 2, &[access("00000002")]), None);
    let seen = search.targets[0].seen.as_ref().expect("seen");
    assert_eq!((seen.round, seen.process), (2, 1));
}

#[test]
fn an_underflow_lies_at_the_start_of_its_pages() {
    let found = late("heap-buffer-underflow", &["00000001"]);
    assert_eq!(Search::of(&[(1, &found)]).aim().map(|aim| aim.side), Some(Side::Start));
    // Nobody's block: then somebody else's was overrun, and nobody knows whose.
    let found = late("heap-buffer-underflow", &[]);
    assert_eq!(Search::of(&[(1, &found)]).aim(), Some(Aim { sites: None, side: Side::End }));
    // Known to be one only from the second run.
    let found = late("heap-use-after-free", &["00000001"]);
    let mut search = Search::of(&[(1, &found)]);
    let next = after(&mut search, 2, &[late("heap-buffer-underflow", &["00000001"])]);
    assert_eq!(next, Some(Aim { sites: sites(&["00000001"]), side: Side::Start }));
}

#[test]
fn an_underflow_that_goes_elsewhere_was_an_overflow_of_anybody() {
    let found = late("heap-buffer-underflow", &["00000001"]);
    let mut search = Search::of(&[(1, &found)]);
    let next = after(&mut search, 2, &[late("heap-buffer-underflow", &["00000002"])]);
    assert_eq!(next, Some(Aim { sites: None, side: Side::End }));
    assert_eq!(after(&mut search, 3, &[access("00000003")]), None);
    assert!(search.targets[0].seen.is_some());
}

#[test]
fn damage_elsewhere_adds_its_call_sites() {
    let mut search = Search::of(&[(1, &late("heap-buffer-overflow", &["00000001"]))]);
    let next = after(&mut search, 2, &[late("heap-buffer-overflow", &["00000003"])]);
    assert_eq!(next.map(|aim| aim.sites), Some(sites(&["00000001", "00000003"])));
}

#[test]
fn without_anything_new_everything_is_guarded_from_both_sides_and_that_was_all() {
    let mut search = Search::of(&[(1, &late("heap-buffer-overflow", &["00000001"]))]);
    let freed_twice = error(r#"{"kind":"double-free"}"#);
    assert_eq!(after(&mut search, 2, &[]), Some(Aim { sites: None, side: Side::End }));
    let next = after(&mut search, 3, &[freed_twice]);
    assert_eq!(next, Some(Aim { sites: None, side: Side::Start }));
    assert_eq!(after(&mut search, 4, &[late("heap-buffer-overflow", &["00000001"])]), None);
    assert_eq!(search.runs.len(), 3);
    assert_eq!(search.runs[1].error.as_ref().map(|error| &*error.kind), Some("double-free"));
}

#[test]
fn of_several_targets_each_has_its_own() {
    let (one, other) =
        (late("heap-buffer-overflow", &["00000001"]), late("heap-buffer-underflow", &["00000002"]));
    let mut search = Search::of(&[(1, &one), (1, &other)]);
    assert_eq!(search.aim().and_then(|aim| aim.sites), sites(&["00000001", "00000002"]));
    let next = after(&mut search, 2, &[access("00000001"), access("00000009")]);
    assert!(search.targets[0].seen.is_some() && search.targets[1].seen.is_none());
    assert_eq!(next.map(|aim| aim.side), Some(Side::Start));
    assert_eq!(after(&mut search, 3, &[access("00000002")]), None);
}

#[test]
fn whoever_is_seen_when_nobody_is_suspected_is_taken() {
    let mut search = Search::of(&[(1, &late("heap-corruption", &[]))]);
    assert_eq!(after(&mut search, 2, &[access("00000005")]), None);
    assert!(search.targets[0].seen.is_some());
}

#[test]
fn a_write_elsewhere_counts_only_when_everything_is_guarded_and_a_read_never() {
    let found = late("heap-buffer-underflow", &["00000001"]);
    let mut search = Search::of(&[(1, &found)]);
    let next = after(&mut search, 2, &[access("00000005")]);
    assert_eq!(next, Some(Aim { sites: None, side: Side::End }), "it was an overflow, perhaps");
    let mut read = access("00000005");
    read.access.kind = "read".into();
    assert!(after(&mut search, 3, &[read]).is_some());
    assert_eq!(after(&mut search, 4, &[access("00000005")]), None);
    assert!(search.targets[0].seen.is_some());
}

#[test]
fn a_search_that_was_stopped_is_over() {
    let mut search = Search::of(&[(1, &late("heap-corruption", &[]))]);
    search.stop("No.".into());
    assert_eq!(search.aim(), None);
}
