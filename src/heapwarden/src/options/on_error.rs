//! `on_error`: one action for all kinds, and others for some: `continue+double-free=abort`.

use super::value::Value;
use super::{Kind, Sink};
use crate::report::{self, Action, OnError};

impl Value for OnError {
    const KIND: Kind = Kind::Choice(&Action::NAMES);

    fn read(text: &[u8]) -> Option<OnError> {
        let mut items = text.split(|byte| *byte == b'+');
        let mut chosen = OnError::all(Action::named(items.next()?)?);
        for item in items {
            let position = item.iter().position(|byte| *byte == b'=')?;
            let kind = report::Kind::named(item.get(..position)?)?;
            chosen.set(kind, Action::named(item.get(position + 1..)?)?);
        }
        Some(chosen)
    }

    fn write(self, sink: Sink<'_>) {
        // The action that most errors have stands first; `abort` of two that are equally frequent.
        let all = [Action::Abort, Action::Exit, Action::Continue];
        let errors = || report::Kind::ALL.into_iter().filter(|kind| !kind.is_finding());
        let frequency = |action| errors().filter(|kind| self.of(*kind) == action).count();
        let [abort, exit, goes_on] = all.map(frequency);
        let common = if abort >= exit && abort >= goes_on {
            Action::Abort
        } else if exit >= goes_on {
            Action::Exit
        } else {
            Action::Continue
        };
        sink(common.name().as_bytes());
        let default = OnError::all(common);
        let differs = |kind: &report::Kind| self.of(*kind) != default.of(*kind);
        for kind in report::Kind::ALL.into_iter().filter(differs) {
            sink(b"+");
            sink(kind.id().as_bytes());
            sink(b"=");
            sink(self.of(kind).name().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(chosen: OnError) -> String {
        let mut text = Vec::new();
        chosen.write(&mut |piece| text.extend_from_slice(piece));
        String::from_utf8(text).expect("names")
    }

    #[test]
    fn kinds_may_differ_from_the_rest() {
        let chosen = OnError::read(b"continue+double-free=abort+leak=exit").expect("valid");
        assert_eq!(chosen.of(report::Kind::DoubleFree), Action::Abort);
        assert_eq!(chosen.of(report::Kind::Leak), Action::Exit);
        assert_eq!(chosen.of(report::Kind::InvalidFree), Action::Continue);
        assert_eq!(written(chosen), "continue+double-free=abort+leak=exit");
    }

    #[test]
    fn what_is_no_error_yet_ends_a_program_only_if_it_is_named() {
        let chosen = OnError::read(b"abort+dangling-pointer=exit").expect("valid");
        assert_eq!(chosen.of(report::Kind::DoubleFree), Action::Abort);
        assert_eq!(chosen.of(report::Kind::Leak), Action::Continue);
        assert_eq!(chosen.of(report::Kind::DanglingPointer), Action::Exit);
    }

    #[test]
    fn what_is_not_a_kind_or_an_action_is_refused() {
        for text in ["", "ignore", "abort+", "abort+double-free", "abort+leak=", "abort+x=exit"] {
            assert_eq!(OnError::read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["abort", "exit", "continue", "exit+double-free=continue", "abort+leak=exit"] {
            assert_eq!(written(OnError::read(text.as_bytes()).expect("valid")), text);
        }
    }
}
