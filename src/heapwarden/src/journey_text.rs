//! A journey as one line of text: what a request was, and each step of its way.

use crate::text::{Descriptor, Sink, Writer, bytes, hexadecimal, number};
use heapwarden_core::journey::{Journey, Step};
use heapwarden_core::size_class;

/// The sink of `journey=N`: prints each line as it happens.
pub(crate) fn print(journey: &Journey<'_>) {
    write(&mut Descriptor::stderr(), journey);
}

fn write(sink: &mut dyn Sink, journey: &Journey<'_>) {
    let mut writer = Writer::new(sink);
    writer.text("heapwarden: journey ").put(number(journey.number)).text(": ");
    writer.text(journey.request).text("(");
    let address = hexadecimal(journey.address as u64);
    if journey.request == "free" {
        writer.put(address).text(")");
    } else {
        writer.put(number(journey.size as u64)).text(") -> ").put(address);
    }
    for (position, step) in journey.steps.iter().enumerate() {
        writer.text(if position == 0 { ": " } else { ", " });
        write_step(&mut writer, step);
    }
    writer.end_line();
}

fn write_step(writer: &mut Writer<'_>, step: &Step) {
    let count = |count: u32| number(count.into());
    let amount = |amount: usize| bytes(amount as u64);
    match *step {
        Step::CacheHit => writer.text("cache hit"),
        Step::CachePush => writer.text("kept in the cache"),
        Step::Quarantined => writer.text("waits in quarantine"),
        Step::Refill { slots } => {
            writer.text("cache empty, refill ").put(count(slots)).text(" slots")
        }
        Step::Flush { slots } => writer.text("cache full, flush ").put(count(slots)).text(" slots"),
        Step::NewSlab { class, pages } => {
            let slot = size_class::TABLE.get(usize::from(class)).map_or(0, |row| row.slot_bytes);
            writer.text("new slab of ").put(count(pages)).text(" pages (").put(count(slot));
            writer.text("-byte slots)")
        }
        Step::SlabFreed { pages } => {
            writer.text("empty slab of ").put(count(pages)).text(" pages given up")
        }
        Step::RunReused { pages } => {
            writer.text("free run of ").put(count(pages)).text(" pages reused")
        }
        Step::Split { pages, rest } => {
            writer.put(count(pages)).text(" pages split from a run of ").put(count(pages + rest))
        }
        Step::Coalesce { pages } => {
            writer.text("coalesced with a free run of ").put(count(pages)).text(" pages")
        }
        Step::Top { pages } => writer.put(count(pages)).text(" pages from the top"),
        Step::NewHeap { bytes } => writer.text("new heap of ").put(amount(bytes)),
        Step::HeapReleased { bytes } => {
            writer.text("heap of ").put(amount(bytes)).text(" given back")
        }
        Step::Direct { bytes } => writer.text("direct mapping of ").put(amount(bytes)),
        Step::DirectReleased { bytes } => {
            writer.text("direct mapping of ").put(amount(bytes)).text(" given back")
        }
        Step::HandedOver => writer.text("handed over to its own arena"),
        Step::InPlace => writer.text("resized in place"),
        Step::Moved => writer.text("moved"),
        Step::SystemCall(name) => writer.text("system call ").text(name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(journey: &Journey<'_>) -> String {
        let mut taken = Vec::new();
        write(&mut taken, journey);
        String::from_utf8(taken).unwrap()
    }

    #[test]
    fn a_refill_shows_each_step() {
        let steps = [
            Step::Refill { slots: 16 },
            Step::NewSlab { class: 7, pages: 4 },
            Step::Split { pages: 4, rest: 1020 },
            Step::SystemCall("mmap"),
        ];
        let journey =
            Journey { number: 12, request: "malloc", size: 100, address: 0x7f00, steps: &steps };
        assert_eq!(
            line(&journey),
            "heapwarden: journey 12: malloc(100) -> 0x7f00: cache empty, refill 16 slots, new slab \
             of 4 pages (112-byte slots), 4 pages split from a run of 1024, system call mmap\n"
        );
    }

    #[test]
    fn a_free_shows_the_address_it_was_given() {
        let steps = [Step::CachePush];
        let journey =
            Journey { number: 3, request: "free", size: 0, address: 0x7f00, steps: &steps };
        assert_eq!(line(&journey), "heapwarden: journey 3: free(0x7f00): kept in the cache\n");
    }
}
