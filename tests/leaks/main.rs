//! Leaks: programs with known answers, run as children under every profile that looks for them. What
//! is lost must be found to the byte, and what is not lost must not.

#[path = "../support/mod.rs"]
mod support;

mod answer;
mod beside;
mod contexts;
mod languages;
mod live;
mod shapes;
mod surroundings;
