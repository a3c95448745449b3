//! What has to happen once libc is there and before the program runs.

/// Run by ld.so after libc's own constructor, since this library needs libc.
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = construct;

extern "C" fn construct() {
    heapwarden::start::ensure();
    heapwarden_core::prepare_thread();
    heapwarden::front::libc_is_ready();
    heapwarden::report::begin();
    heapwarden::at_exit::install();
    crate::resolved::settle();
    crate::libraries::settle();
    crate::signals::settle();
    crate::intercept::settle();
    heapwarden::prepare::stacks();
}
