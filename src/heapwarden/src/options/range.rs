//! A range of sizes as the value of an option: `16-4096`, `4096-`, `-64`, `24`.

use super::value::Value;
use super::{Kind, Sink};

/// Sizes from the least to the greatest, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    least: usize,
    greatest: usize,
}

impl Range {
    /// Every size.
    pub const ALL: Range = Range { least: 0, greatest: usize::MAX };

    /// Whether a size is one of them.
    #[inline(always)]
    pub fn has(&self, size: usize) -> bool {
        size >= self.least && size <= self.greatest
    }
}

impl Value for Range {
    const KIND: Kind = Kind::Range;

    fn read(text: &[u8]) -> Option<Range> {
        let size = <usize as Value>::read;
        let Some(dash) = text.iter().position(|byte| *byte == b'-') else {
            let only = size(text)?;
            return Some(Range { least: only, greatest: only });
        };
        let (least, greatest) = (text.get(..dash)?, text.get(dash + 1..)?);
        let least = if least.is_empty() { Some(0) } else { size(least) }?;
        let greatest = if greatest.is_empty() { Some(usize::MAX) } else { size(greatest) }?;
        (least <= greatest).then_some(Range { least, greatest })
    }

    fn write(self, sink: Sink<'_>) {
        self.least.write(sink);
        sink(b"-");
        if self.greatest < usize::MAX {
            self.greatest.write(sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_may_be_left_out_and_are_included() {
        let read = |text: &str| Range::read(text.as_bytes());
        let range = read("16-4K").expect("a range");
        assert!(range.has(16) && range.has(4096) && !range.has(15) && !range.has(4097));
        assert!(read("-64").is_some_and(|range| range.has(0) && range.has(64) && !range.has(65)));
        assert!(read("64-").is_some_and(|range| !range.has(63) && range.has(usize::MAX)));
        assert!(read("24").is_some_and(|range| range.has(24) && !range.has(23) && !range.has(25)));
        assert_eq!(read("-"), Some(Range::ALL));
        for text in ["", "a-b", "5-4", "1-2-3", "16--32"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["16-4096", "-64", "64-", "24", "-"] {
            let range = Range::read(text.as_bytes()).expect("valid");
            let mut written = Vec::new();
            range.write(&mut |piece| written.extend_from_slice(piece));
            assert_eq!(Range::read(&written), Some(range), "{text}");
        }
    }
}
