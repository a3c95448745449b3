//! Stacks, cross-checked frame by frame against the `backtrace` crate.

mod c_code;
mod c_frames;
mod call_sites;
mod cross_check;
mod deep_check;
mod deep_stacks;
mod rust_frames;
mod threads;
