//! `sociscope.verification/1`: how the SOCI indexes of a file fit its images, for people's tools.
//!
//! ```text
//!  ImageVerification ─┬─ tool, file, depth, verdict
//!                     ├─ images[] ─┬─ which index, problems of the binding
//!                     │            └─ layers[] ── pair ──┐
//!                     ├─ pairs[] ◄───────────────────────┘  a layer and its zTOC, each pair once
//!                     └─ problems[]   of the file, and of indexes that belong to no image
//! ```
//!
//! The JSON Schema is committed next to this crate's manifest (`verification.schema.json`). Within
//! version 1, fields and outcomes may be added but neither removed nor changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Depth, LayerVerification};
use crate::report::Tool;

/// The document's name and version.
pub const SCHEMA: &str = "sociscope.verification/1";

/// How zTOCs fit layers, and SOCI indexes images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageVerification {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// The file, or the layer.
    pub file: VerifiedFile,
    /// How thoroughly it was looked.
    pub depth: Depth,
    /// The answer.
    pub verdict: VerificationVerdict,
    /// The images of the file, in its order; none when a single layer was verified.
    pub images: Vec<BoundImage>,
    /// Each layer with each zTOC for it, once.
    pub pairs: Vec<LayerVerification>,
    /// What is wrong with the file itself, and SOCI indexes that belong to none of its images.
    pub problems: Vec<Problem>,
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedFile {
    /// Its name, without a directory.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerificationVerdict {
    /// Whether there are zTOCs, all of them fit, and the indexes are bound to their images.
    pub is_good: bool,
    /// In one sentence.
    pub sentence: String,
}

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemSeverity {
    /// The snapshotter finds or accepts no index.
    Error,
    /// It does, but soci writes this otherwise.
    Warning,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable name.
    pub id: String,
    /// How grave it is.
    pub severity: ProblemSeverity,
    /// In one sentence.
    pub sentence: String,
}

impl Problem {
    pub(super) fn error(id: &str, sentence: impl Into<String>) -> Self {
        Self { id: id.to_owned(), severity: ProblemSeverity::Error, sentence: sentence.into() }
    }

    pub(super) fn warning(id: &str, sentence: impl Into<String>) -> Self {
        Self { id: id.to_owned(), severity: ProblemSeverity::Warning, sentence: sentence.into() }
    }
}

/// An image and the SOCI index that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundImage {
    /// What it runs on.
    pub platform: String,
    /// Names and tags the file gives it.
    pub names: Vec<String>,
    /// Digest of its manifest; absent in docker-archives.
    pub manifest: Option<String>,
    /// Digest of its SOCI index; absent when there is none.
    pub index: Option<String>,
    /// Version of the index: 1 or 2.
    pub version: Option<u8>,
    /// Who built the index, by its own word.
    pub build_tool: Option<String>,
    /// What is wrong with the binding.
    pub problems: Vec<Problem>,
    /// Its layers, the base first.
    pub layers: Vec<BoundLayer>,
}

/// A layer and its zTOC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundLayer {
    /// 1 = base.
    pub position: u64,
    /// Digest of the stored bytes.
    pub digest: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Stored size in bytes.
    pub size: u64,
    /// Index into [`ImageVerification::pairs`]; absent when the index has no zTOC for it.
    pub pair: Option<u32>,
}

impl ImageVerification {
    /// The document as indented JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps of strings and numbers cannot fail to be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The JSON Schema of [`ImageVerification`], as committed in `verification.schema.json`.
#[must_use]
pub fn schema() -> String {
    let mut text =
        serde_json::to_string_pretty(&schemars::schema_for!(ImageVerification)).unwrap_or_default();
    text.push('\n');
    text
}
