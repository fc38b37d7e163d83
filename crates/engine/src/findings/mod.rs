//! What is worth knowing about an image, as a table.
//!
//! Every piece of advice is a [`Rule`]: id, severity, title, reason, source and fix. The page, the
//! command line and the documentation print from [`RULES`]; tests walk it. A [`Finding`] is a rule
//! that applies, with a sentence that names the layer and the bytes. When each applies is in
//! `detect`.

mod detect;
mod rules;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::LayerId;

pub(crate) use detect::findings;
pub use rules::RULES;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It stops the conversion, or the image from running.
    Error,
    /// It costs something, or something is lost.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "note",
        }
    }
}

/// A piece of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in reports; never changes.
    pub id: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What it says, without the particulars of an image.
    pub title: &'static str,
    /// Why it matters.
    pub reason: &'static str,
    /// Where that is written down.
    pub source: &'static str,
    /// What to do; empty when there is nothing to do.
    pub fix: &'static str,
}

/// A rule that applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's id.
    pub id: String,
    /// How grave it is.
    pub severity: Severity,
    /// What was found, with its particulars.
    pub sentence: String,
    /// Why it matters.
    pub reason: String,
    /// Where that is written down, a URL.
    pub source: String,
    /// What to do.
    pub fix: Option<String>,
    /// Where: an archive member or a place in it.
    pub place: Option<String>,
    /// The image concerned: index into [`Report::images`](crate::Report::images).
    pub image: Option<u32>,
    /// The layer concerned.
    pub layer: Option<LayerId>,
}
