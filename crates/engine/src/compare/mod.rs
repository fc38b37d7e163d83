//! What two zTOCs, or two images, have in common and what not: as data, and as text for people.
//!
//! ```text
//!   ztoc.rs     header, checkpoints, digests and entries of two zTOCs       ZtocDiff
//!   image.rs    manifests, configs, layers and SOCI indexes of two images   ImageDiff
//! ```
//!
//! Lists are bounded: what is the same in a million places is said once, with a count.

mod image;
mod ztoc;

pub use image::{ImageDiff, LayerChange, LayerDiff, LayerSide, PlatformDiff, images};
pub(crate) use ztoc::entries_in_order;
pub use ztoc::{EntryDiff, ZtocDiff, ztocs};

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::image::Digest;

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
    /// Digests are shown by their first digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |word: &str| match word.parse::<Digest>() {
            Ok(digest) => digest.short().to_owned(),
            Err(_) => word.to_owned(),
        };
        let side = |side: &Option<String>| match side {
            Some(text) => text.split(", ").map(shown).collect::<Vec<_>>().join(", "),
            None => "nothing".to_owned(),
        };
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

/// The document's name and version.
pub const SCHEMA: &str = "sociscope.diff/1";

/// The comparison of two files, as `sociscope diff --json` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Name of the left file.
    pub left: String,
    /// Name of the right file.
    pub right: String,
    /// Whether nothing differs.
    pub same: bool,
    /// When both are zTOCs.
    pub ztocs: Option<ZtocDiff>,
    /// When both are images.
    pub images: Option<ImageDiff>,
}

impl Diff {
    /// Of two zTOCs.
    #[must_use]
    pub fn of_ztocs(left: impl Into<String>, right: impl Into<String>, diff: ZtocDiff) -> Self {
        let (same, ztocs) = (diff.is_same(), Some(diff));
        Self { schema: SCHEMA.to_owned(), left: left.into(), right: right.into(), same, ztocs, images: None }
    }

    /// Of two images.
    #[must_use]
    pub fn of_images(left: impl Into<String>, right: impl Into<String>, diff: ImageDiff) -> Self {
        let (same, images) = (diff.is_same(), Some(diff));
        Self { schema: SCHEMA.to_owned(), left: left.into(), right: right.into(), same, ztocs: None, images }
    }

    /// The document as indented JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps of strings and numbers cannot fail to be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl fmt::Display for Diff {
    /// Some lines, the last one ended as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ztocs.iter().try_for_each(|diff| diff.fmt(f))?;
        self.images.iter().try_for_each(|diff| diff.fmt(f))
    }
}

/// Raw bytes as a text of bearable length.
fn short_text(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let shown = bytes.get(..MOST).unwrap_or(bytes);
    let mut text = shown.utf8_chunks().fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        text
    });
    if bytes.len() > MOST {
        text.push('…');
    }
    text
}
