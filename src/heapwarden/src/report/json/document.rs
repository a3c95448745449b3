//! What stands before and behind the list of errors.

use super::callsites;
use super::object::{Open, string};
use super::statistics::{self, Reach};
use crate::options::{Options, TABLE};
use crate::symbolize::Symbolizer;
use crate::text::{Writer, number};

/// The version of the schema. It grows when a reader would misunderstand a file.
const SCHEMA: u64 = 1;

/// Everything up to the first error.
pub(super) fn head(writer: &mut Writer<'_>, process: u32, options: &Options) {
    writer.text("{ \"schema\": ").put(number(SCHEMA));
    writer.text(", \"pid\": ").put(number(process.into()));
    writer.text(",\n  \"argv\": ");
    arguments(writer);
    writer.text(",\n  \"profile\": ");
    string(writer, options.profile.name().as_bytes());
    writer.text(",\n  \"options\": ");
    let mut fields = Open::object(writer);
    for row in TABLE.iter().filter(|row| row.name != "profile") {
        fields.field(writer, row.name);
        writer.text("\"");
        row.write_value(options, &mut |piece| {
            super::object::inside_string(writer, piece);
        });
        writer.text("\"");
    }
    fields.end(writer);
    writer.text(",\n  \"errors\": [");
}

/// Everything behind the last error. `leaks` is an object, or empty if nothing is known of leaks.
pub(super) fn tail(
    writer: &mut Writer<'_>,
    symbols: &mut dyn Symbolizer,
    leaks: &[u8],
    reach: Reach,
) {
    writer.text("]");
    if !leaks.is_empty() {
        writer.text(",\n  \"leaks\": ").raw(leaks);
    }
    if reach == Reach::Everything {
        let sites = callsites::gather();
        callsites::field(sites.as_slice(), symbols, writer);
    }
    writer.text(",\n  \"stats\": ");
    statistics::write(writer, reach);
    writer.text(",\n  \"modules\": ");
    let mut list = Open::list(writer);
    symbols.modules(&mut |module| {
        list.next(writer);
        writer.text("\n    ");
        let mut fields = Open::object(writer);
        fields.text(writer, "path", module.path);
        if !module.build_id.is_empty() {
            fields.hex(writer, "build_id", module.build_id);
        }
        fields.address(writer, "base", module.bias);
        fields.end(writer);
    });
    list.end(writer);
    writer.text(" }\n");
}

/// The command line, as a list of strings.
fn arguments(writer: &mut Writer<'_>) {
    let mut list = Open::list(writer);
    let mut argument = Argument { bytes: [0; 4096], filled: 0 };
    crate::symbolize::read_file(c"/proc/self/cmdline", &mut |portion| {
        for byte in portion {
            if *byte == 0 {
                list.next(writer);
                string(writer, argument.bytes.get(..argument.filled).unwrap_or(&[]));
                argument.filled = 0;
            } else if let Some(cell) = argument.bytes.get_mut(argument.filled) {
                *cell = *byte;
                argument.filled += 1;
            }
        }
    });
    list.end(writer);
}

/// The argument being read; what exceeds it is cut off.
struct Argument {
    bytes: [u8; 4096],
    filled: usize,
}
