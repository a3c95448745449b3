//! `heapwarden explain`: what a kind of error means. The texts are the pages in docs/kinds.

use crate::failure::Failure;
use crate::{kinds, output};
use heapwarden::report::Kind;

#[derive(clap::Args)]
pub struct Arguments {
    /// The kind, as the first line of a report says it; without it, the kinds are listed
    kind: Option<String>,
}

impl Arguments {
    pub fn perform(self) -> Result<(), Failure> {
        match self.kind {
            Some(name) => output::print(page(kinds::named(&name)?).as_bytes()),
            None => output::print(list().as_bytes()),
        }
    }
}

/// One line for each: the first sentence of its page.
fn list() -> String {
    let line = |kind: Kind| format!("{:26} {}\n", kind.id(), sentence(kind));
    Kind::ALL.into_iter().map(line).collect()
}

/// The first sentence of the page of a kind.
pub fn sentence(kind: Kind) -> String {
    let paragraph = page(kind).split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
    paragraph.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

/// The page of a kind.
pub fn page(kind: Kind) -> &'static str {
    macro_rules! page {
        ($name:literal) => {
            include_str!(concat!("../../../../docs/kinds/", $name, ".md"))
        };
    }
    // No `_` arm: a kind needs a page.
    match kind {
        Kind::HeapBufferOverflow => page!("heap-buffer-overflow"),
        Kind::HeapBufferUnderflow => page!("heap-buffer-underflow"),
        Kind::HeapUseAfterFree => page!("heap-use-after-free"),
        Kind::DoubleFree => page!("double-free"),
        Kind::InvalidFree => page!("invalid-free"),
        Kind::AllocDeallocMismatch => page!("alloc-dealloc-mismatch"),
        Kind::NewDeleteTypeMismatch => page!("new-delete-type-mismatch"),
        Kind::LayoutMismatch => page!("layout-mismatch"),
        Kind::HeapCorruption => page!("heap-corruption"),
        Kind::DanglingPointer => page!("dangling-pointer"),
        Kind::Leak => page!("leak"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_page_and_a_line_in_the_list() {
        for kind in Kind::ALL {
            assert!(page(kind).starts_with(&format!("# {}\n\n", kind.id())), "{}", kind.id());
        }
        for line in list().lines() {
            assert!(line.len() > 40 && line.len() < 120, "{line}");
        }
        assert_eq!(list().lines().count(), Kind::ALL.len());
    }
}
