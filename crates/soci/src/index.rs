//! Image indexes: a list of manifests, one per platform, and what belongs to them.

use crate::Descriptor;
use crate::json::{self, Decode, Encode, JsonError, Object, Reader};
use std::collections::BTreeMap;

/// An OCI image index or a Docker manifest list; also the shape of `index.json`.
///
/// Source: OCI image-spec v1.1.1 `image-index.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Copied as found; nothing checks it.
    pub schema_version: i64,
    /// What the document says it is.
    pub media_type: String,
    /// What an artefact is.
    pub artifact_type: String,
    /// In the order that decides which one a platform gets. `None` is `null` or absent.
    pub manifests: Option<Vec<Descriptor>>,
    /// The manifest that this index is about.
    pub subject: Option<Descriptor>,
    /// Free-form remarks.
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    /// Where and why the text is not one. A missing field is no error.
    pub fn parse(text: &[u8]) -> Result<Self, JsonError> {
        json::parse(text)
    }

    /// The text that the reference writes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::to_json(self)
    }

    /// The entries.
    #[must_use]
    pub fn manifests(&self) -> &[Descriptor] {
        self.manifests.as_deref().unwrap_or_default()
    }
}

impl Decode for Index {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| match key {
            "schemaversion" => self.schema_version.decode(reader),
            "mediatype" => self.media_type.decode(reader),
            "artifacttype" => self.artifact_type.decode(reader),
            "manifests" => json::pointer(&mut self.manifests, reader),
            "subject" => json::pointer(&mut self.subject, reader),
            "annotations" => self.annotations.decode(reader),
            _ => reader.skip(),
        })
    }
}

impl Encode for Index {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object
                .field("schemaVersion", &self.schema_version)
                .unless_empty("mediaType", &self.media_type)
                .unless_empty("artifactType", &self.artifact_type)
                .field("manifests", &self.manifests)
                .unless_empty("subject", &self.subject)
                .unless_empty("annotations", &self.annotations);
        });
    }

    fn is_empty(&self) -> bool {
        false
    }
}

/// What a document looks like, whatever it claims to be.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Its own `mediaType`.
    pub(crate) media_type: String,
    /// Keys that are there, whatever their value: even `null` counts.
    pub(crate) has_manifests: bool,
    pub(crate) has_config: bool,
    pub(crate) has_layers: bool,
    /// Only Docker's schema 1 has these.
    pub(crate) has_fs_layers: bool,
}

impl Shape {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        json::parse(text)
    }
}

impl Decode for Shape {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| {
            let seen = match key {
                "mediatype" => return self.media_type.decode(reader),
                "manifests" => &mut self.has_manifests,
                "config" => &mut self.has_config,
                "layers" => &mut self.has_layers,
                "fslayers" => &mut self.has_fs_layers,
                _ => return reader.skip(),
            };
            *seen = true;
            reader.skip()
        })
    }
}

/// `oci-layout`.
#[derive(Debug, Default)]
pub(crate) struct LayoutFile {
    /// Only `1.0.0` exists.
    pub(crate) version: String,
}

impl LayoutFile {
    /// Reads the first value of the file; like the reference's reader, blind to what follows.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        json::parse_first(text)
    }
}

impl Decode for LayoutFile {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| match key {
            "imagelayoutversion" => self.version.decode(reader),
            _ => reader.skip(),
        })
    }
}
