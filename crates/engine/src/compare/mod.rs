//! What two zTOCs, or two images, have in common and what not: as data, and as text for people.
//!
//! ```text
//!   ztoc.rs     header, checkpoints, digests and entries of two zTOCs       ZtocDiff
//! ```
//!
//! Lists are bounded: what is the same in a million places is said once, with a count.

mod ztoc;

pub(crate) use ztoc::entries_in_order;
pub use ztoc::{EntryDiff, ZtocDiff, ztocs};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How many items of a list are kept.
pub const SHOWN: usize = 20;

/// One thing that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What is compared: `build tool`, `digest of span 3`, `mode of usr/bin/env`.
    pub what: String,
    /// On the left, or in the given zTOC; absent when there is nothing.
    pub left: Option<String>,
    /// On the right, or according to the layer; absent when there is nothing.
    pub right: Option<String>,
}

impl Difference {
    fn new(what: impl Into<String>, left: impl fmt::Display, right: impl fmt::Display) -> Self {
        Self { what: what.into(), left: Some(left.to_string()), right: Some(right.to_string()) }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{}: {} → {}", self.what, side(&self.left), side(&self.right))
    }
}

/// The first of many, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bounded<T> {
    /// How many there are in all.
    pub count: u64,
    /// The first [`SHOWN`].
    pub first: Vec<T>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Bounded<T> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn push(&mut self, item: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(item());
        }
    }

    fn rest(&self) -> u64 {
        self.count.saturating_sub(self.first.len() as u64)
    }
}
