//! The valid name nearest to a mistyped one, by edit distance (insert, delete, replace: one each;
//! a wrong case costs nothing). One row of the distance matrix, on the stack.

/// Only this much of a name is compared.
const LENGTH_MAX: usize = 32;

/// The name nearest to `typed`; the first of several at the same distance.
pub(super) fn nearest(
    typed: &[u8],
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    names.min_by_key(|name| distance(typed, name.as_bytes()))
}

fn distance(left: &[u8], right: &[u8]) -> usize {
    let left = left.get(..LENGTH_MAX).unwrap_or(left);
    let right = right.get(..LENGTH_MAX).unwrap_or(right);
    // row[j] = the distance between what was read of `left` and the first j bytes of `right`.
    let mut row = [0usize; LENGTH_MAX + 1];
    for (index, cell) in row.iter_mut().enumerate() {
        *cell = index;
    }
    for (index, from) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        row[0] = before;
        for (cell, to) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(!from.eq_ignore_ascii_case(to));
            diagonal = *cell;
            *cell = replaced.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
    }
    row[right.len().min(LENGTH_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_the_textbook_ones() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b""), 3);
        assert_eq!(distance(b"STATS", b"stats"), 0);
        assert_eq!(distance(&[b'x'; 1000], b"stats"), LENGTH_MAX);
    }
}
