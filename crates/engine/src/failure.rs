//! What went wrong, as data that can be shown.
//!
//! Inner crates have errors of their own, precise and typed. Here they become one shape, in the
//! order a person asks: whose fault, where, what, expected against found, and the way out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    human,
    image::{self, Culprit as ImageCulprit},
    soci,
};

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Culprit {
    /// The file is broken, or is something else.
    File,
    /// The file is fine; it needs something that SOCI, or this version, cannot do.
    Unsupported,
    /// A stated limit was reached.
    Limit,
    /// A fault of this program.
    Internal,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Whose fault it is.
    pub culprit: Culprit,
    /// Where: an archive member, a layer, an offset.
    pub place: String,
    /// What, in one sentence.
    pub message: String,
    /// What should have been there.
    pub expected: Option<String>,
    /// What was there.
    pub found: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
}

impl Failure {
    /// A failure with neither expectation nor fix.
    #[must_use]
    pub fn new(culprit: Culprit, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { culprit, place: place.into(), message: message.into(), expected: None, found: None, fix: None }
    }

    /// States what should have been there and what was.
    #[must_use]
    pub fn expected_found(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }

    /// States the way out.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl std::fmt::Display for Failure {
    /// The sentence alone; the other parts are for whoever lays them out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why a job, or a conversion, cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was wrong with the input, in the shape it is shown in.
    #[error("{0}")]
    Failed(Failure),
    /// The caller broke the protocol of [`Job`](crate::Job).
    #[error("misuse: {0}")]
    Misuse(&'static str),
}

impl Error {
    /// The failure to show.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Failed(failure) => failure.clone(),
            Self::Misuse(what) => Failure::new(Culprit::Internal, "engine", *what)
                .fix("This is a bug in Sociscope: report it with the steps that led here."),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<image::Error> for Error {
    fn from(error: image::Error) -> Self {
        Self::Failed(image_failure(&error))
    }
}

/// An error of the image crate in the shape it is shown in.
fn image_failure(error: &image::Error) -> Failure {
    let culprit = match error.culprit() {
        ImageCulprit::File => Culprit::File,
        ImageCulprit::Unsupported => Culprit::Unsupported,
        ImageCulprit::Limit => Culprit::Limit,
        ImageCulprit::Caller => Culprit::Internal,
    };
    let mut failure = Failure::new(culprit, error.place(), sentence(&error.to_string())).fix(error.fix());
    failure.expected = error.expected();
    failure.found = error.found();
    failure
}

/// An error of the soci crate in the shape it is shown in.
pub fn soci_failure(error: &soci::Error) -> Failure {
    use soci::Culprit as Soci;
    let culprit = match error.culprit() {
        _ if matches!(error, soci::Error::NoLayout) => Culprit::Unsupported,
        Soci::Input => Culprit::File,
        Soci::Unsupported | Soci::Options => Culprit::Unsupported,
        Soci::Misuse => Culprit::Internal,
    };
    let message = match error {
        soci::Error::NothingToIndex { layers, too_small, min_layer_size } => {
            nothing_to_index(*layers as u64, *too_small as u64, *min_layer_size)
        }
        _ => sentence(&error.to_string()),
    };
    Failure::new(culprit, error.place(), message).fix(error.way_out())
}

/// The one refusal that people meet every day, in the numbers they chose.
pub(crate) fn nothing_to_index(layers: u64, too_small: u64, min_layer_size: u64) -> String {
    let min = human::setting(min_layer_size);
    let count = human::counted(layers, "layer");
    match (layers, too_small) {
        (0, _) => "The image has no layers.".to_owned(),
        (1, 1) => format!("The only layer is below the minimum of {min}."),
        (1, 0) => "The only layer cannot be indexed.".to_owned(),
        (layers, small) if layers == small => format!("All {count} are below the minimum of {min}."),
        (_, 0) => format!("None of the {count} can be indexed."),
        (_, small) => format!(
            "{} of {count} below the minimum of {min}; the others cannot be indexed.",
            human::count(small)
        ),
    }
}

/// A lower-case message as a sentence. One that begins with a name (`index.json`, `sha256:…`) keeps it.
pub(crate) fn sentence(message: &str) -> String {
    let mut text = String::with_capacity(message.len() + 1);
    let first = message.split(' ').next().unwrap_or_default().trim_end_matches([':', ',', ';', '.']);
    if first.contains(['.', ':', '/', '-']) {
        text.push_str(message);
    } else {
        let mut chars = message.chars();
        text.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        text.push_str(chars.as_str());
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
