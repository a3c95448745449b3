//! Small blocks: size classes, slabs of equal slots, and the bins of slabs with free slots.

pub mod purge;
pub mod size_class;
pub mod slab;
pub mod small_bin;
