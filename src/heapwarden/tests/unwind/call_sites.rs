//! Call sites: the same number for the same stack, another one for every other.

use heapwarden::callsite::{self, CallSite};
use heapwarden::unwind::{self, DEPTH_MAX};
use std::collections::HashMap;
use std::hint::black_box;

#[inline(never)]
fn left(depth: u32, sites: &mut dyn FnMut(&[usize], CallSite)) {
    both(depth, sites);
    black_box(depth);
}

#[inline(never)]
fn right(depth: u32, sites: &mut dyn FnMut(&[usize], CallSite)) {
    both(depth, sites);
    black_box(depth);
}

#[inline(never)]
fn both(depth: u32, sites: &mut dyn FnMut(&[usize], CallSite)) {
    if depth == 0 {
        here(sites);
    } else {
        left(depth - 1, sites);
        right(depth - 1, sites);
    }
    black_box(depth);
}

/// All frames of `both(10)` down to `here`, but not its caller, who may be a loop that was unrolled.
const FRAMES: usize = 22;

#[inline(never)]
fn here(sites: &mut dyn FnMut(&[usize], CallSite)) {
    let mut frames = [0; FRAMES];
    let count = unwind::capture(&mut frames);
    let site = callsite::here(FRAMES);
    // The two calls differ in the innermost frame, which is this function.
    sites(&frames[1..count], site);
}

#[test]
fn as_many_call_sites_as_stacks() {
    let mut known: HashMap<Vec<usize>, CallSite> = HashMap::new();
    for round in 0..3 {
        both(10, &mut |outer, site| {
            assert_ne!(site, CallSite::UNKNOWN);
            let frames: Vec<usize> = callsite::frames(site).iter().collect();
            assert_eq!(&frames[1..], outer);
            assert_eq!(CallSite::from_bits(site.to_bits()), site);
            let earlier = known.insert(outer.to_vec(), site);
            assert!(round == 0 || earlier == Some(site));
            assert!(round > 0 || earlier.is_none());
        });
    }
    assert_eq!(known.len(), 1024);
    assert!(callsite::count() >= 1024);
}

#[test]
fn depth_is_kept() {
    for depth in [1, 2, 5] {
        assert_eq!(callsite::frames(callsite::here(depth)).len(), depth);
    }
    let whole = callsite::frames(callsite::here(1000));
    assert!(whole.len() > 5 && whole.len() <= DEPTH_MAX);
    assert_eq!(callsite::here(0), CallSite::UNKNOWN);
}

#[test]
fn nonsense_has_no_frames() {
    assert!(callsite::frames(CallSite::UNKNOWN).is_empty());
    assert!(callsite::frames(CallSite::from_bits(u32::MAX)).is_empty());
}

#[test]
fn threads_agree() {
    fn sites() -> Vec<CallSite> {
        let mut sites = Vec::new();
        both(7, &mut |_, site| sites.push(site));
        sites
    }
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(sites)).collect();
    let mut all = threads.into_iter().map(|thread| thread.join().expect("the sites"));
    let first = all.next().expect("a thread");
    assert!(all.all(|other| other == first));
}
