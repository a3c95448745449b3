//! What to guard next: a pure function of the errors that the runs have reported.
//!
//! Each damage whose write nobody saw is a target. It is known by the call sites of the blocks
//! involved: the damaged one and, for a smashed header, its neighbour. A run guards those of all
//! targets that are still open. Who is seen at a target's block closes it. If a run finds damage once
//! more, the call sites of that are added, and an underflow asks for blocks at the start of their
//! pages. If it finds nothing, everything is guarded, against overflows first: then a write elsewhere is
//! taken for the one that was looked for, since the first run knew of no other.

mod target;
#[cfg(test)]
mod tests;

use crate::report_file::Error;

use target::is_write;
pub use target::{Seen, Target, is_late};

/// Call sites that are named at most: their names have to fit into an option.
const SITES_MAX: usize = 256;

/// On which side of its pages a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At the start: underflows fault.
    Start,
    /// At the very end: overflows fault.
    End,
}

/// What a run guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    /// The call sites; `None` for every block.
    pub sites: Option<Vec<String>>,
    pub side: Side,
}

/// What a later run found that belongs to no target.
#[derive(Debug)]
pub struct Ran {
    pub round: u32,
    pub aim: Aim,
    /// The first error, if there was one.
    pub error: Option<Error>,
    /// The signal that ended it, if one did.
    pub killed_by: Option<i32>,
}

/// The search for who did it.
#[derive(Debug, Default)]
pub struct Search {
    pub targets: Vec<Target>,
    /// The later runs, in order.
    pub runs: Vec<Ran>,
    /// Why there is no further run, as a sentence.
    pub stopped: Option<String>,
}

impl Search {
    /// The targets among the errors of the first run, each with its process.
    pub fn of(errors: &[(u32, &Error)]) -> Search {
        let late = errors.iter().filter(|(_, error)| is_late(error));
        let targets = late.map(|(process, error)| Target::of(*process, error)).collect();
        Search { targets, ..Search::default() }
    }

    /// What the next run is to guard; `None` when there is nothing left to find out.
    pub fn aim(&self) -> Option<Aim> {
        let open = || self.targets.iter().filter(|target| target.is_open());
        let first = open().next().filter(|_| self.stopped.is_none())?;
        let side = first.side;
        let mut sites: Vec<String> = Vec::new();
        for site in open().flat_map(|target| &target.sites) {
            if !sites.contains(site) {
                sites.push(site.clone());
            }
        }
        sites.truncate(SITES_MAX);
        let everything = open().any(|target| target.everything);
        Some(Aim { sites: (!everything).then_some(sites), side })
    }

    /// Ends the search.
    pub fn stop(&mut self, why: String) {
        self.stopped = Some(why);
    }

    /// Takes in what a run with this aim reported, and the signal that ended it.
    pub fn learn(
        &mut self,
        round: u32,
        aim: &Aim,
        errors: &[(u32, &Error)],
        killed_by: Option<i32>,
    ) {
        let mut moved = vec![false; self.targets.len()];
        for (process, error) in errors {
            let Some(position) = self.position_of(aim, error) else { continue };
            let Some(target) = self.targets.get_mut(position) else { continue };
            moved[position] |= target.learn(round, *process, aim, error);
        }
        for (target, moved) in self.targets.iter_mut().zip(moved) {
            // What another target's wish decided says little of this one.
            if target.is_open() && !moved && target.side == aim.side {
                target.widen();
            }
        }
        let error = errors.first().map(|(_, error)| (*error).clone());
        self.runs.push(Ran { round, aim: aim.clone(), error, killed_by });
    }

    /// The open target that an error of a run with this aim is about. Damage at other call sites is
    /// taken for what the first target's write does now that blocks lie elsewhere.
    fn position_of(&self, aim: &Aim, error: &Error) -> Option<usize> {
        let about = |target: &Target| target.is_about(error);
        let known = self.targets.iter().position(|target| target.is_open() && about(target));
        if known.is_some() || self.targets.iter().any(about) {
            return known;
        }
        let may_be = is_late(error) || (aim.sites.is_none() && is_write(error));
        self.targets.iter().position(|target| target.is_open()).filter(|_| may_be)
    }
}
