//! What changed since the last report: `+3 blocks, +4.1 KiB at file:line in function`.

use crate::leaks::Level;
use crate::leaks::facts::Tally;
use crate::report::text::blame;
use crate::report::text::sheet::Sheet;
use crate::report::{LeakFacts, SiteChange};
use crate::text::{bytes, decimal};

pub(super) fn write(sheet: &mut Sheet<'_, '_>, facts: &LeakFacts<'_>) {
    let Some(sites) = facts.change else { return };
    let total = |of: fn(&SiteChange) -> Tally| {
        sites.iter().map(of).fold(Tally::default(), |sum, next| Tally {
            bytes: sum.bytes + next.bytes,
            blocks: sum.blocks + next.blocks,
        })
    };
    sheet.text("Live since the last report: ");
    difference(sheet, total(|site| site.before), total(|site| site.now));
    sheet.end_line();
    let shown = if facts.level == Level::Full { sites.len() } else { sites.len().min(facts.top) };
    for site in &sites[..shown] {
        sheet.text("    ");
        difference(sheet, site.before, site.now);
        let stack = (facts.stack)(site.site);
        if stack.is_empty() {
            sheet.text(" at an unknown place");
        } else {
            sheet.text(" at");
            let Sheet { symbols, writer, style } = sheet;
            blame::place(stack, None, *symbols, style.strip_path_prefix, writer);
        }
        sheet.end_line();
    }
    if shown < sites.len() {
        sheet.text("    and at ").count(sites.len() - shown).text(" other places").end_line();
    }
    sheet.end_line();
}

/// `+3 blocks, +4.1 KiB`.
fn difference(sheet: &mut Sheet<'_, '_>, before: Tally, now: Tally) {
    let blocks = now.blocks.abs_diff(before.blocks);
    sheet.text(sign(before.blocks, now.blocks)).put(decimal(blocks));
    sheet.text(if blocks == 1 { " block, " } else { " blocks, " });
    sheet.text(sign(before.bytes, now.bytes)).put(bytes(now.bytes.abs_diff(before.bytes)));
}

fn sign(before: u64, now: u64) -> &'static str {
    if now < before { "-" } else { "+" }
}
