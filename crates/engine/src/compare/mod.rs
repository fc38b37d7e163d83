//! What two zTOCs, or two images, have in common and what not: as data, and as text for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
