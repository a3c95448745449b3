//! `--kind`: which errors and leaks are shown.

use crate::failure::Failure;
use crate::kinds;
use heapwarden::leaks::facts::LeakKind;
use heapwarden::report::Kind;

/// What `leak` stands for. Memory that the program can still reach is not lost.
const LOST: [LeakKind; 3] = [LeakKind::Definite, LeakKind::Indirect, LeakKind::Possible];

/// The kinds that were asked for; none means all.
#[derive(Default)]
pub struct Kinds {
    errors: Vec<Kind>,
    leaks: Vec<LeakKind>,
}

impl Kinds {
    /// By their names: those of errors, those of leaks, and `leak` for all that is lost.
    pub fn named(names: &[String]) -> Result<Kinds, Failure> {
        let mut kinds = Kinds::default();
        for name in names {
            match LeakKind::ALL.into_iter().find(|kind| kind.id() == name) {
                Some(kind) => kinds.leaks.push(kind),
                None if kinds::named(name)? == Kind::Leak => kinds.leaks.extend(LOST),
                None => kinds.errors.push(kinds::named(name)?),
            }
        }
        Ok(kinds)
    }

    /// Whether nothing was chosen.
    pub fn is_all(&self) -> bool {
        self.errors.is_empty() && self.leaks.is_empty()
    }

    /// Whether any kind of error is shown.
    pub fn has_errors(&self) -> bool {
        self.is_all() || !self.errors.is_empty()
    }

    /// Whether any kind of leak is shown.
    pub fn has_leaks(&self) -> bool {
        self.is_all() || !self.leaks.is_empty()
    }

    /// Whether errors of this kind are shown.
    pub fn takes_error(&self, kind: &str) -> bool {
        self.is_all() || self.errors.iter().any(|taken| taken.id() == kind)
    }

    /// Whether leaks of this kind are shown.
    pub fn takes_leak(&self, kind: &str) -> bool {
        self.is_all() || self.leaks.iter().any(|taken| taken.id() == kind)
    }

    /// Whether a leak of this kind counts as lost memory. What the program can reach counts only if
    /// it was asked for.
    pub fn counts_as_lost(&self, kind: &str) -> bool {
        match self.leaks.as_slice() {
            [] => LOST.iter().any(|lost| lost.id() == kind),
            chosen => chosen.iter().any(|taken| taken.id() == kind),
        }
    }
}

/// The place of a kind of leak in the order of a report.
pub fn rank(kind: &str) -> usize {
    LeakKind::ALL.iter().position(|known| known.id() == kind).unwrap_or(LeakKind::ALL.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Kinds {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Kinds::named(&names).expect("known kinds")
    }

    #[test]
    fn what_is_chosen_excludes_the_rest() {
        let all = named(&[]);
        assert!(all.takes_error("double-free") && all.takes_leak("reachable"));
        assert!(all.counts_as_lost("possible") && !all.counts_as_lost("reachable"));
        let errors = named(&["double-free"]);
        assert!(errors.takes_error("double-free") && !errors.takes_error("invalid-free"));
        assert!(!errors.takes_leak("definite"));
        let reachable = named(&["reachable"]);
        assert!(reachable.counts_as_lost("reachable") && !reachable.counts_as_lost("definite"));
        let lost = named(&["leak"]);
        assert!(lost.takes_leak("indirect") && !lost.takes_leak("reachable"));
        assert!(lost.has_leaks() && !lost.has_errors() && !lost.takes_error("double-free"));
        assert!(Kinds::named(&["double".into()]).is_err());
    }
}
