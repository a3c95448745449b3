//! The types an option can have, and how a value of each is read and written.
//!
//! Invariant: what `write` writes, `read` reads back to the same value.

use super::number::{read_number, write_number};
use super::{Kind, Sink};
use crate::guard::pages::Method;
use crate::guard::selection::Align;
use crate::leaks::Level;
use crate::profile::Profile;
use crate::report::{Colour, Detail, Dialect};
use heapwarden_core::Fit;

/// A type an option can have.
pub(super) trait Value: Copy {
    const KIND: Kind;
    fn read(text: &[u8]) -> Option<Self>;
    fn write(self, sink: Sink<'_>);
}

impl Value for bool {
    const KIND: Kind = Kind::Switch;

    fn read(text: &[u8]) -> Option<bool> {
        match text {
            b"1" | b"yes" | b"on" | b"true" => Some(true),
            b"0" | b"no" | b"off" | b"false" => Some(false),
            _ => None,
        }
    }

    fn write(self, sink: Sink<'_>) {
        sink(if self { b"1" } else { b"0" });
    }
}

impl Value for u8 {
    const KIND: Kind = Kind::Number { max: u8::MAX as u64 };

    fn read(text: &[u8]) -> Option<u8> {
        read_number(text).and_then(|number| u8::try_from(number).ok())
    }

    fn write(self, sink: Sink<'_>) {
        write_number(u64::from(self), sink);
    }
}

impl Value for u32 {
    const KIND: Kind = Kind::Number { max: u32::MAX as u64 };

    fn read(text: &[u8]) -> Option<u32> {
        read_number(text).and_then(|number| u32::try_from(number).ok())
    }

    fn write(self, sink: Sink<'_>) {
        write_number(u64::from(self), sink);
    }
}

impl Value for u64 {
    const KIND: Kind = Kind::Number { max: u64::MAX };

    fn read(text: &[u8]) -> Option<u64> {
        read_number(text)
    }

    fn write(self, sink: Sink<'_>) {
        write_number(self, sink);
    }
}

/// The suffixes of sizes, the greatest first.
const SUFFIXES: [(u8, u32); 3] = [(b'G', 30), (b'M', 20), (b'K', 10)];

/// A `usize` is a number of bytes; counts are `u32` or `u64`.
impl Value for usize {
    const KIND: Kind = Kind::Size;

    fn read(text: &[u8]) -> Option<usize> {
        let (&last, digits) = text.split_last()?;
        let suffix = SUFFIXES.iter().find(|(letter, _)| *letter == last.to_ascii_uppercase());
        let (digits, shift) = suffix.map_or((text, 0), |(_, shift)| (digits, *shift));
        let bytes = read_number(digits)?.checked_mul(1 << shift)?;
        usize::try_from(bytes).ok()
    }

    fn write(self, sink: Sink<'_>) {
        let divides = |shift: u32| self != 0 && self.trailing_zeros() >= shift;
        match SUFFIXES.iter().find(|(_, shift)| divides(*shift)) {
            None => write_number(self as u64, sink),
            Some((letter, shift)) => {
                write_number((self >> shift) as u64, sink);
                sink(&[*letter]);
            }
        }
    }
}

/// Makes a `Value` of an enum whose values have names.
macro_rules! choice {
    ($type:ty { $($name:literal => $value:path),+ $(,)? }) => {
        impl Value for $type {
            const KIND: Kind = Kind::Choice(&[$($name),+]);

            fn read(text: &[u8]) -> Option<$type> {
                $(if text == $name.as_bytes() {
                    return Some($value);
                })+
                None
            }

            fn write(self, sink: Sink<'_>) {
                // No `_` arm: an enum that gains a value must gain a name here.
                sink(match self { $($value => $name.as_bytes()),+ });
            }
        }
    };
}

choice!(Fit {
    "best" => Fit::Best,
    "first" => Fit::First,
    "next" => Fit::Next,
    "worst" => Fit::Worst,
});

choice!(Dialect {
    "heapwarden" => Dialect::Heapwarden,
    "asan" => Dialect::Asan,
});

choice!(Detail {
    "full" => Detail::Full,
    "line" => Detail::Line,
});

choice!(Level {
    "off" => Level::Off,
    "summary" => Level::Summary,
    "full" => Level::Full,
});

choice!(Colour {
    "auto" => Colour::Auto,
    "always" => Colour::Always,
    "never" => Colour::Never,
});

choice!(Align {
    "right" => Align::Right,
    "left" => Align::Left,
    "auto" => Align::Auto,
});

choice!(Method {
    "auto" => Method::Auto,
    "mprotect" => Method::Protection,
});

choice!(Profile {
    "plain" => Profile::Plain,
    "debug" => Profile::Debug,
    "guard" => Profile::Guard,
    "sample" => Profile::Sample,
    "harden" => Profile::Harden,
    "leak" => Profile::Leak,
});
