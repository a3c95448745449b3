//! What a fuzzer wants printed where reports go: a stack, the call sites that hold the memory, its own
//! text.

use super::destination::Destination;
use super::gathered::Gathered;
use super::session::{self, Session};
use super::{make, process, text};
use crate::fuzz::Holder;
use crate::symbolize::Symbolizer;
use crate::text::Sink;

/// Prints a stack.
pub fn deliver_stack(frames: &[usize]) {
    write(&mut |symbols, out, style| text::render_stack(frames.into(), symbols, out, style));
}

/// Prints the call sites that hold most of `bytes` in `blocks`.
pub fn deliver_holders(holders: &[Holder], bytes: u64, blocks: u64) {
    write(&mut |symbols, out, style| {
        text::render_holders(holders, (bytes, blocks), symbols, out, style);
    });
}

/// Calls `action` with the place where reports go.
#[cfg(feature = "fuzz")]
pub fn with_destination(action: &mut dyn FnMut(&mut dyn Sink)) {
    let options = crate::start::options();
    session::with_guard(&mut |_: &Session| {
        action(&mut Destination::open(&options, process::process_id()));
    });
}

type Render<'a> = &'a mut dyn FnMut(&mut dyn Symbolizer, &mut dyn Sink, &text::Style);

fn write(render: Render<'_>) {
    let options = crate::start::options();
    session::with_guard(&mut |session: &Session| {
        let mut is_out = false;
        session.run_with_names(&options, &mut |symbols, _, buffer| {
            if is_out {
                return;
            }
            let process = process::process_id();
            let mut destination = Destination::open(&options, process);
            let style = make::style(&options, &destination, process);
            let mut gathered = Gathered::new(buffer, &mut destination);
            render(symbols, &mut gathered, &style);
            is_out = true;
            gathered.hand_over();
        });
    });
}
