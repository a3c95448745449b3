//! A small crate that is tested on Heapwarden.

use std::cell::RefCell;
use std::ffi::c_char;
use std::rc::Rc;

#[cfg(test)]
#[global_allocator]
static ALLOCATOR: heapwarden::Heapwarden = heapwarden::Heapwarden::new();

/// A node of a graph; its owner may be one that it owns.
#[derive(Default)]
pub struct Node {
    pub next: RefCell<Option<Rc<Node>>>,
    pub text: [u64; 8],
}

/// Two nodes that keep each other.
pub fn make_ring() {
    let first = Rc::new(Node::default());
    let second = Rc::new(Node { next: RefCell::new(Some(first.clone())), ..Node::default() });
    *first.next.borrow_mut() = Some(second);
}

#[cfg(has_c)]
unsafe extern "C" {
    /// Writes one byte more than it may.
    pub fn fill_buffer(buffer: *mut c_char, bytes: usize);
    /// A block of libc's.
    pub fn make_in_c(bytes: usize) -> *mut c_char;
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_test_beside_the_code() {
        assert_eq!(vec![1, 2, 3].iter().sum::<i32>(), 6);
    }
}
