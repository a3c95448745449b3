//! The lines of a suppression file: `leak:PATTERN`, with `#` for remarks.

/// A line that is neither empty nor a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `leak:PATTERN`.
    Leak(&'a [u8]),
    /// A line of another sanitizer in the same file, such as `race:PATTERN`.
    Other(&'a [u8]),
    /// Anything else.
    Unknown(&'a [u8]),
}

/// What the sanitizers' files may hold beside leaks.
const OTHERS: [&[u8]; 9] = [
    b"race",
    b"race_top",
    b"thread",
    b"mutex",
    b"signal",
    b"deadlock",
    b"called_from_lib",
    b"interceptor_via_fun",
    b"interceptor_via_lib",
];

/// The lines of a text.
pub fn of(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter_map(read)
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return Some(Line::Unknown(line));
    };
    let (kind, pattern) = (&line[..colon], &line[colon + 1..]);
    Some(match kind {
        b"leak" if !pattern.is_empty() => Line::Leak(pattern),
        _ if OTHERS.contains(&kind) => Line::Other(line),
        _ => Line::Unknown(line),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_leaks_or_other_sanitizers_or_mistakes() {
        let text =
            b"# remark\r\n\n  leak:^main$ \nleak:a:b\nrace:queue\nleak main\nleak:\nleek:x\n";
        let lines: Vec<_> = of(text).collect();
        assert_eq!(
            lines,
            [
                Line::Leak(b"^main$"),
                Line::Leak(b"a:b"),
                Line::Other(b"race:queue"),
                Line::Unknown(b"leak main"),
                Line::Unknown(b"leak:"),
                Line::Unknown(b"leek:x"),
            ]
        );
    }

    #[test]
    fn a_last_line_needs_no_end() {
        assert_eq!(of(b"leak:x").collect::<Vec<_>>(), [Line::Leak(b"x")]);
        assert_eq!(of(b"").count(), 0);
    }
}
