//! Whole conversions, of layouts made by hand and one made by the reference.

mod artefacts;
mod choosing;
mod layouts;
mod preparing;
mod remaking;
mod rewriting;
mod worked_example;
