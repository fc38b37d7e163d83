//! SOCI indexes without their image: what to push beside an image that is in the registry already.
//!
//! ```text
//! index.json                    names the indexes, each for its platform
//!   └─ SOCI index               artifactType on its descriptor; version 1: subject inside
//!        ├─ config {}
//!        └─ zTOCs, prefetch artefacts
//! ```
//!
//! An archive of a few megabytes where the image may have gigabytes. The reference has no such
//! output; the documents in it are those it would push.

use crate::archive::{Archive, Content};
use crate::error::{Document, Error, Role};
use crate::plan::ArchivePlan;
use crate::v1::LegacyIndex;
use crate::{Converted, Descriptor, Index, Manifest, media_type, soci_index};
use sociscope_image::Digest;
use std::collections::BTreeMap;

impl Converted {
    /// How to write an archive of the SOCI indexes alone. `index.json` lists them like the image
    /// index does, so that each names the manifest it belongs to: the one of the *converted*
    /// image, which must be in the registry as well, for only it names the index.
    ///
    /// # Errors
    /// The archive would be too large.
    pub fn index_archive(&self) -> Result<ArchivePlan, Error> {
        let documents: BTreeMap<&Digest, &[u8]> =
            self.documents.iter().map(|(digest, bytes)| (digest, bytes.as_slice())).collect();
        let entries = self.soci_indexes.iter().map(|index| {
            let manifest = index.manifest.as_ref();
            Descriptor {
                digest: index.digest.to_string(),
                annotations: manifest
                    .map(|manifest| (soci_index::IMAGE_MANIFEST_DIGEST.to_owned(), manifest.to_string()))
                    .into_iter()
                    .collect(),
                platform: Some(index.platform.clone()),
                artifact_type: media_type::SOCI_INDEX_V2.to_owned(),
                ..Descriptor::default()
            }
        });
        plan(entries.collect(), &documents)
    }
}

/// How to write an archive of indexes of version 1 alone. What they refer to by `subject` is not
/// in it.
///
/// # Errors
/// The archive would be too large.
pub fn legacy_archive(indexes: &[LegacyIndex]) -> Result<ArchivePlan, Error> {
    let prefetch: Vec<(&Digest, Vec<u8>)> = indexes
        .iter()
        .flat_map(|index| &index.prefetch.blobs)
        .map(|blob| (&blob.digest, blob.to_json()))
        .collect();
    let config = Digest::of(soci_index::CONFIG);
    let documents = indexes
        .iter()
        .map(|index| (&index.digest, index.manifest.as_slice()))
        .chain(prefetch.iter().map(|(digest, bytes)| (*digest, bytes.as_slice())))
        .chain([(&config, soci_index::CONFIG)])
        .collect();
    let entries = indexes.iter().map(|index| Descriptor {
        digest: index.digest.to_string(),
        platform: Some(index.platform.clone()),
        artifact_type: media_type::SOCI_INDEX_V1.to_owned(),
        ..Descriptor::default()
    });
    plan(entries.collect(), &documents)
}

/// The archive of these indexes, whose entries have no type and size yet.
fn plan(mut entries: Vec<Descriptor>, documents: &BTreeMap<&Digest, &[u8]>) -> Result<ArchivePlan, Error> {
    let mut archive = Archive::default();
    for entry in &mut entries {
        let digest = entry.require_digest()?;
        let bytes = document(documents, &digest, Role::Index)?;
        let found = Descriptor::of(media_type::OCI_MANIFEST, bytes);
        entry.media_type = found.media_type;
        entry.size = found.size;
        let manifest = Manifest::parse(bytes)
            .map_err(|error| Error::Json { document: Document::Blob(digest.to_string()), error })?;
        archive.add(digest, Content::Document(bytes));
        let config = manifest.config.require_digest()?;
        let bytes = document(documents, &config, Role::Config)?;
        archive.add(config, Content::Document(bytes));
        for layer in manifest.layers() {
            let digest = layer.require_digest()?;
            let content = if layer.media_type == media_type::ZTOC {
                Content::Ztoc(u64::try_from(layer.size).unwrap_or(0))
            } else {
                Content::Document(document(documents, &digest, Role::Layer)?)
            };
            archive.add(digest, content);
        }
    }
    let index = Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX.to_owned(),
        manifests: Some(entries),
        ..Index::default()
    };
    archive.plan(&index.to_json())
}

fn document<'a>(
    documents: &BTreeMap<&Digest, &'a [u8]>,
    digest: &Digest,
    role: Role,
) -> Result<&'a [u8], Error> {
    let missing = || Error::Missing { role, digest: digest.to_string() };
    documents.get(digest).copied().ok_or_else(missing)
}
