//! Descriptors: how one document of a layout points at a blob.

use crate::{
    diagnostic::{Diagnostic, Severity},
    digest::{Digest, DigestError},
    json::{Object, Problem},
    platform::Platform,
};
use std::collections::BTreeMap;

/// Annotation: the full image name, by containerd and BuildKit.
const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// Annotation: a name or only a tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation of BuildKit's attestations.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A pointer at a blob.
#[derive(Clone, Debug, Default)]
pub(crate) struct Descriptor {
    /// Where it stands, e.g. `index.json: manifests[2]`.
    pub(crate) place: String,
    pub(crate) media_type: String,
    /// The digest as written.
    pub(crate) digest: String,
    /// `None` when absent, negative or no number.
    pub(crate) size: Option<u64>,
    pub(crate) platform: Option<Platform>,
    pub(crate) artifact_type: String,
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Reads a descriptor of `document`.
    pub(crate) fn read(document: &str, object: &Object<'_>, problems: &mut Vec<Problem>) -> Self {
        Self {
            place: format!("{document}: {}", object.path()),
            media_type: object.get("mediaType", problems),
            digest: object.get("digest", problems),
            size: object.get("size", problems),
            platform: object
                .object("platform", problems)
                .map(|platform| Platform::read(&platform, problems))
                .filter(|platform| !platform.is_empty()),
            artifact_type: object.get("artifactType", problems),
            annotations: object.get("annotations", problems),
        }
    }

    /// The digest, if it is one. Anything else never becomes a path.
    pub(crate) fn digest(&self) -> Result<Digest, Diagnostic> {
        self.digest.parse().map_err(|error: DigestError| {
            let (code, fix) = match error {
                DigestError::Algorithm => ("digest-unsupported", "Save the image with sha256 digests."),
                _ => ("digest-malformed", "Save the image again: no tool writes such a digest."),
            };
            let shown: String = self.digest.chars().take(80).collect();
            let message = format!("The digest {shown:?} cannot be used: {error}.");
            Diagnostic::new(Severity::Error, code, &self.place, message).fix(fix)
        })
    }

    /// What the image is called: the full name; a tag only where there is no more.
    pub(crate) fn name(&self) -> Option<&str> {
        [CONTAINERD_NAME, REF_NAME]
            .into_iter()
            .filter_map(|key| self.annotations.get(key))
            .map(String::as_str)
            .find(|name| !name.is_empty())
    }

    /// Whether it is marked as provenance or SBOM of another image.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotations.contains_key(REFERENCE_TYPE)
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }
}
