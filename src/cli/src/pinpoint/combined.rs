//! The combined report as JSON: in the place of each damage stands who did it, as the later run reported
//! it, and what the first run said of it is in its `pinpoint`.

use super::run::{Document, Done};
use super::search::{Search, Seen, Target, is_late};
use super::words;
use crate::report_file::{Error, Pinpointed, admit};

/// Puts what the later runs found out into the reports of the first run.
pub fn put(documents: &mut [Document], later: &[Done], search: &Search) {
    let mut targets = search.targets.iter();
    for document in documents {
        let mut others: Vec<&Document> = Vec::new();
        let errors = document.report.errors.iter_mut();
        for error in errors.filter(|error| is_late(error)) {
            // They were made from these errors, in this order.
            let Some(target) = targets.next() else { break };
            *error = combined(target, search);
            let witness = target.seen.as_ref().and_then(|seen| witness(later, seen));
            others.extend(
                witness.filter(|one| !others.iter().any(|other| std::ptr::eq(*one, *other))),
            );
        }
        // The stacks of the accesses are theirs.
        others.into_iter().for_each(|other| admit(&mut document.report, &other.report));
    }
}

/// The process that saw it.
fn witness<'a>(later: &'a [Done], seen: &Seen) -> Option<&'a Document> {
    let done = later.iter().find(|done| done.round == seen.round)?;
    done.documents.iter().find(|document| document.process == seen.process)
}

fn combined(target: &Target, search: &Search) -> Error {
    let Some(seen) = &target.seen else {
        let why = Some(words::not_seen(target, search));
        let pinpoint = Pinpointed { seen: false, why, ..Pinpointed::default() };
        return Error { pinpoint: Some(pinpoint), ..target.late.clone() };
    };
    let pinpoint = Pinpointed {
        seen: true,
        run: Some(seen.round),
        pid: Some(seen.process),
        guard_site: seen.aim.sites.clone(),
        align: Some(seen.aim.side.name().to_owned()),
        late: Some(Box::new(target.late.clone())),
        ..Pinpointed::default()
    };
    Error { count: target.late.count, pinpoint: Some(pinpoint), ..seen.error.clone() }
}
