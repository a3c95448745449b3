//! new-delete-type-mismatch and layout-mismatch: the size or the alignment that is given back is not
//! the one that was asked for.

use crate::expect::{Block, Case, Stacks};

const DELETE: Case<'static> = Case {
    source: "kind_delete_size.cpp",
    args: &["base"],
    kind: "new-delete-type-mismatch",
    action: "operator delete() with another size or alignment, in thread T0",
    found_by: "operator delete",
    place: "0 bytes inside of 32-byte region",
    block: Some(Block { size: 32, offset: 0, family: "new", state: "live" }),
    lines: &[
        "  size of the allocated type:   32 bytes;",
        "  size of the deallocated type: 8 bytes.",
    ],
    stacks: Stacks {
        access: &["drop_base", "main"],
        allocated: &["make_derived", "main"],
        freed: &[],
    },
    ..Case::NONE
};

const FREE: Case<'static> = Case {
    source: "kind_layout.c",
    args: &["size"],
    kind: "layout-mismatch",
    action: "free_sized() with another size or alignment, in thread T0",
    found_by: "free_sized",
    place: "0 bytes inside of 40-byte region",
    block: Some(Block { size: 40, offset: 0, family: "malloc", state: "live" }),
    lines: &[
        "  size of the allocated type:   40 bytes;",
        "  size of the deallocated type: 39 bytes.",
    ],
    stacks: Stacks {
        access: &["drop_sized", "main"],
        allocated: &["make_block", "main"],
        freed: &[],
    },
    ..Case::NONE
};

#[test]
fn a_derived_object_is_deleted_as_its_base() {
    DELETE.is_reported();
    DELETE.has_a_clean_twin();
}

#[test]
fn an_array_is_deleted_with_another_size() {
    let case = Case {
        args: &["array"],
        action: "operator delete[]() with another size or alignment, in thread T0",
        found_by: "operator delete[]",
        place: "0 bytes inside of 100-byte region",
        block: Some(Block { size: 100, offset: 0, family: "new[]", state: "live" }),
        lines: &[
            "  size of the allocated type:   100 bytes;",
            "  size of the deallocated type: 99 bytes.",
        ],
        stacks: Stacks { access: &["drop_sized_array", "main"], allocated: &["main"], freed: &[] },
        ..DELETE
    };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn an_object_is_deleted_with_another_alignment() {
    let case = Case {
        args: &["alignment"],
        action: "with another size or alignment, in thread T0",
        found_by: "operator delete(align_val_t)",
        place: "0 bytes inside of 64-byte region",
        block: Some(Block { size: 64, offset: 0, family: "aligned new", state: "live" }),
        lines: &["  alignment of the deallocated type: 1048576 bytes."],
        stacks: Stacks {
            access: &["drop_wider", "main"],
            allocated: &["make_wide", "main"],
            freed: &[],
        },
        ..DELETE
    };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn free_sized_with_another_size() {
    FREE.is_reported();
    FREE.has_a_clean_twin();
    let case = Case {
        args: &["large"],
        place: "0 bytes inside of 100000-byte region",
        block: Some(Block { size: 100_000, ..FREE.block.unwrap() }),
        lines: &[
            "  size of the allocated type:   100000 bytes;",
            "  size of the deallocated type: 100 bytes.",
        ],
        ..FREE
    };
    case.is_reported();
    case.has_a_clean_twin();
}

#[test]
fn free_aligned_sized_with_another_size_or_alignment() {
    let size: &[&str] = &["  size of the allocated type:   128 bytes;"];
    let alignment: &[&str] = &["  alignment of the deallocated type: 1048576 bytes."];
    for (way, lines) in [("aligned-size", size), ("alignment", alignment)] {
        let case = Case {
            args: &[way],
            action: "free_aligned_sized() with another size or alignment, in thread T0",
            found_by: "free_aligned_sized",
            place: "0 bytes inside of 128-byte region",
            block: Some(Block { size: 128, offset: 0, family: "memalign", state: "live" }),
            lines,
            stacks: Stacks {
                access: &["drop_aligned_sized", "main"],
                allocated: &["main"],
                freed: &[],
            },
            ..FREE
        };
        case.is_reported();
        case.has_a_clean_twin();
    }
}
