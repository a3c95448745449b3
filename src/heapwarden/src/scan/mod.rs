//! The scan behind leak checks: the program's memory is read while its threads stand still.

pub mod area;
pub mod graph;
