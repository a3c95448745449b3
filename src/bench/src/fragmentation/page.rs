//! docs/fragmentation.md: the prose stands here, the numbers come from the run.

use crate::table::Table;

use super::Scenario;

const INTRODUCTION: &str = "\
# Fragmentation, measured

This page is generated. Memory that a program has freed is not always memory that can be used again. \
Two different things are lost:

- inside blocks (internal fragmentation): a request is rounded up to the slot that serves it;
- between blocks (external fragmentation): free memory lies in pieces that fit no request, or shares \
pages with blocks that are still live, so that it cannot go back to the kernel either.

Three scenarios measure what that costs under glibc and under Heapwarden's plain profile with each \
placement policy (`HEAPWARDEN_OPTIONS=profile=plain:fit=best|first|next|worst`). All figures are \
relative to the process at its start, so they are the heap's own; resident memory (RSS) counts pages \
from `/proc/self/smaps_rollup`. `malloc_trim` is the call by which a program asks for free memory to go \
back.
";

const EXPLANATION: &str = "
## How to read this

The placement policy chooses among free *page runs*: for slabs of small blocks and for blocks bigger \
than the largest size class. A small block goes to a slab of its size class under every policy. So the \
policies may differ little in the first two scenarios and can differ in the third.

- **Messages.** In a heap where blocks lie side by side, the holes left by the messages are too small for \
the requests, and no policy can change that: only moving blocks could. With size classes the holes stay \
usable for messages of the same class and for nothing else, until a whole slab is empty and its pages \
become a run for any purpose. A request that counts as \"in the gaps\" there has found a run among the \
messages' slabs, not the place of a message.
- **Thinning.** A page goes back to the kernel only when nothing on it is live. With four blocks to a \
page and a tenth of them left at random, about 0.9^5 to 0.9^4, six pages in ten, are empty in the end; \
which of them a library can return depends on whether it looks for whole free pages inside partly \
used slabs or returns only whole runs.
- **Shifting mix.** `best` takes the smallest run that fits and keeps big runs whole, `first` takes the \
lowest address and keeps the end of the heap free, `next` goes on where it last stopped and spreads blocks \
over the heap, `worst` cuts up the biggest run. What counts is the peak against the live bytes, and \
what comes back when the long-lived blocks are all that is left.
";

/// Renders the page.
pub fn render(tables: &[(&Scenario, Table)], command: &str, machine: &[String]) -> String {
    let mut page = INTRODUCTION.to_owned();
    page += &format!("\nThe command was\n\n```\n{command}\n```\n\non this machine:\n\n");
    for fact in machine {
        page += &format!("- {fact}\n");
    }
    for (scenario, table) in tables {
        page += &format!("\n## {}\n\n{}\n\n", scenario.title, scenario.what);
        page += &table.to_markdown();
    }
    page + EXPLANATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_scenario_with_its_table() {
        let mut table = Table::new(["allocator", "peak RSS (MiB)"]);
        table.push(vec!["fit=best".into(), "1.5".into()]);
        let tables: Vec<_> = super::super::SCENARIOS.iter().map(|s| (s, table.clone())).collect();
        let page = render(&tables, "the command", &["a machine".to_owned()]);
        assert_eq!(page.matches("| fit=best | 1.5 |").count(), 3);
        assert!(page.contains("\n## Shifting mix\n") && page.contains("- a machine"));
    }
}
