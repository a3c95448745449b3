//! The kinds of errors by name, for the commands that take one.

use crate::failure::Failure;
use heapwarden::report::Kind;

/// The kind of this name; else a failure that names the nearest.
pub fn named(name: &str) -> Result<Kind, Failure> {
    Kind::named(name.as_bytes()).ok_or_else(|| {
        let near = |kind: &Kind| similarity(name, kind.id());
        let nearest = Kind::ALL.into_iter().max_by_key(near).map_or("", Kind::id);
        Failure::usage(format!("there is no kind `{name}`; the nearest is `{nearest}`"))
    })
}

/// How many pairs of neighbouring letters two words have in common, less what one has alone.
fn similarity(left: &str, right: &str) -> i64 {
    let pairs = |word: &str| {
        let padded = format!("-{}-", word.to_ascii_lowercase());
        let mut pairs: Vec<_> = padded.as_bytes().windows(2).map(<[u8]>::to_vec).collect();
        pairs.sort();
        pairs
    };
    let (left, mut right) = (pairs(left), pairs(right));
    let all = left.len() + right.len();
    let mut common = 0;
    for pair in &left {
        if let Some(position) = right.iter().position(|other| other == pair) {
            right.swap_remove(position);
            common += 1;
        }
    }
    4 * common - all as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_told_the_nearest() {
        for (typed, nearest) in [
            ("use-after-free", "heap-use-after-free"),
            ("doublefree", "double-free"),
            ("overflow", "heap-buffer-overflow"),
            ("UNDERFLOW", "heap-buffer-underflow"),
            ("leaks", "leak"),
            ("mismatch", "layout-mismatch"),
        ] {
            let failure = named(typed).expect_err("no such kind");
            assert!(failure.sentence.ends_with(&format!("`{nearest}`")), "{}", failure.sentence);
            assert_eq!(failure.code, 2);
        }
        assert_eq!(named("leak").ok(), Some(Kind::Leak));
    }
}
