//! Every row of the call frame information of every module of this process, against the rule that
//! comes out of it.

use super::super::modules;
use super::*;
use gimli::{
    BaseAddresses, CfaRule, CieOrFde, EhFrame, EndianSlice, LittleEndian, RegisterRule,
    UnwindContext, UnwindSection, UnwindTableRow, X86_64,
};

/// What a row says, in the terms of rules; `None` if rules cannot say it.
fn stated(row: &UnwindTableRow<usize>) -> Option<Rule> {
    match row.register(X86_64::RA) {
        None | Some(RegisterRule::Undefined) => return Some(OUTERMOST),
        Some(RegisterRule::Offset(-8)) => {}
        Some(_) => return None,
    }
    let saved = match row.register(X86_64::RBP) {
        None | Some(RegisterRule::Undefined | RegisterRule::SameValue) => 0,
        Some(RegisterRule::Offset(offset)) => usize::try_from(-offset).ok()?,
        Some(_) => return None,
    };
    match *row.cfa() {
        CfaRule::RegisterAndOffset { register: X86_64::RSP, offset } => {
            Rule::from_stack_pointer(usize::try_from(offset).ok()?, saved)
        }
        CfaRule::RegisterAndOffset { register: X86_64::RBP, offset } => {
            Rule::from_frame_pointer(usize::try_from(offset).ok()?, saved)
        }
        _ => None,
    }
}

/// Compares every row of the tables; returns how many rows there were and how many of them
/// rules cannot say.
fn compare(tables: &Tables, cache: &mut Cache) -> (usize, usize) {
    let Sections { bias, index, entries } = tables.sections;
    let bases = BaseAddresses::default()
        .set_eh_frame_hdr(tables.sections.stated(index))
        .set_eh_frame(tables.sections.stated(entries));
    let mut section = EhFrame::from(EndianSlice::new(entries, LittleEndian));
    section.set_address_size(8);
    let mut context = UnwindContext::new();
    let (mut rows, mut odd) = (0, 0);
    let mut all = section.entries(&bases);
    while let Some(entry) = all.next().expect("an entry") {
        let CieOrFde::Fde(entry) = entry else { continue };
        let entry = entry.parse(EhFrame::cie_from_offset).expect("an entry");
        let mut table = entry.rows(&section, &bases, &mut context).expect("rows");
        while let Some(row) = table.next_row().expect("a row") {
            rows += 1;
            let first = row.start_address().max(entry.initial_address());
            let last = row.end_address().min(entry.end_address()) - 1;
            let Some(wanted) = stated(row) else {
                odd += 1;
                continue;
            };
            for address in [first, last] {
                let rule = tables.rule((address + bias + 1) as usize, cache);
                assert_eq!(rule, wanted, "at {address:#x}: {row:?}");
            }
        }
    }
    (rows, odd)
}

#[test]
fn rules_say_what_the_tables_say() {
    modules::enter_all();
    let mut cache = Cache::new_in();
    let mut modules_seen = 0;
    modules::all(&mut |module| {
        let Some(tables) = &module.tables else { return };
        let (rows, odd) = compare(tables, &mut cache);
        println!("{:?}: {rows} rows, {odd} odd", str::from_utf8(module.path()));
        assert!(rows > 0 && odd * 20 <= rows);
        modules_seen += 1;
    });
    // The program, libc, ld.so, libgcc, and perhaps the vdso.
    assert!(modules_seen >= 4);
}
