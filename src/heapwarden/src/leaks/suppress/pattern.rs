//! LeakSanitizer's patterns: a text that has to occur, with `*` for anything in between, `^` for the
//! start and `$` for the end.
//!
//! Unlike LeakSanitizer's own matcher, which takes the first place where a part occurs and never
//! another, `*b$` matches what ends in `b` also if there is a `b` before.

/// Whether `pattern` matches `text`. An empty text, a name that is not known, matches nothing.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    if text.is_empty() {
        return false;
    }
    let (at_start, pattern) = match pattern.strip_prefix(b"^") {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    // What follows the sign for the end cannot be matched; LeakSanitizer does not look at it either.
    let (at_end, pattern) = match pattern.iter().position(|byte| *byte == b'$') {
        Some(position) => (true, &pattern[..position]),
        None => (false, pattern),
    };
    let mut parts = pattern.split(|byte| *byte == b'*').peekable();
    let mut rest = text;
    let mut is_first = true;
    while let Some(part) = parts.next() {
        let fixed_start = at_start && core::mem::take(&mut is_first);
        let fixed_end = at_end && parts.peek().is_none();
        let found = match (fixed_start, fixed_end) {
            (true, true) => (rest == part).then_some(0),
            (true, false) => rest.starts_with(part).then_some(0),
            (false, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
            (false, false) => find(rest, part),
        };
        let Some(position) = found else { return false };
        rest = &rest[position + part.len()..];
    }
    true
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    if part.is_empty() {
        return Some(0);
    }
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_leak_sanitizer() {
        for (pattern, text, expected) in [
            ("name", "make_name", true),
            ("name", "make_nam", false),
            ("^make", "make_name", true),
            ("^name", "make_name", false),
            ("name$", "make_name", true),
            ("make$", "make_name", false),
            ("^make_name$", "make_name", true),
            ("^make_name$", "make_names", false),
            ("make*name", "make_a_name", true),
            ("^m*e$", "make_name", true),
            ("name*make", "make_name", false),
            ("*", "anything", true),
            ("", "anything", true),
            ("$", "anything", true),
            ("^$", "anything", false),
            ("a*b$", "a_b_b", true),
            ("a*b$", "ab_", false),
            ("ab*b", "ab", false),
            ("*", "", false),
            ("name$ignored", "make_name", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
