//! What the finished archive holds.
//!
//! ```text
//! blobs/                     a directory for each algorithm in use
//! blobs/sha256/
//! blobs/sha256/302c98ed…     each blob once, sorted by name
//! blobs/sha256/32106cce…
//!   ⋮
//! index.json                 names the image index, nothing else
//! oci-layout
//! ```

use crate::error::Error;
use crate::plan::{ArchivePlan, Part, PlanBuilder};
use sociscope_image::{Digest, Extent};
use std::collections::BTreeMap;

/// `oci-layout` as the reference writes it.
pub const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The blobs of a finished archive.
#[derive(Debug, Default)]
pub(crate) struct Archive<'a>(BTreeMap<Digest, Content<'a>>);

/// Where the bytes of a blob come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// A document that was written.
    Document(&'a [u8]),
    /// The input.
    Source(Extent),
    /// A zTOC, of so many bytes.
    Ztoc(u64),
}

impl Content<'_> {
    /// Bytes of the blob.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Document(bytes) => bytes.len() as u64,
            Self::Source(extent) => extent.len,
            Self::Ztoc(size) => *size,
        }
    }

    fn into_part(self, digest: &Digest) -> Part {
        match self {
            Self::Document(bytes) => Part::Bytes(bytes.to_vec()),
            Self::Source(extent) => Part::Source { extent, digest: digest.clone() },
            Self::Ztoc(size) => Part::Ztoc { digest: digest.clone(), size },
        }
    }
}

impl<'a> Archive<'a> {
    /// Adds a blob.
    pub(crate) fn add(&mut self, digest: Digest, content: Content<'a>) {
        self.0.insert(digest, content);
    }

    /// The documents that were written.
    pub(crate) fn documents(&self) -> Vec<(Digest, Vec<u8>)> {
        self.0
            .iter()
            .filter_map(|(digest, content)| match content {
                Content::Document(bytes) => Some((digest.clone(), bytes.to_vec())),
                Content::Source(_) | Content::Ztoc(_) => None,
            })
            .collect()
    }

    /// How to write the archive.
    pub(crate) fn plan(self, index_json: &[u8]) -> Result<ArchivePlan, Error> {
        let mut plan = PlanBuilder::default();
        plan.directory("blobs/")?;
        let mut algorithm = None;
        // Digests sort like the names of their files: first by algorithm, then by hex.
        for (digest, content) in self.0 {
            if algorithm != Some(digest.algorithm()) {
                algorithm = Some(digest.algorithm());
                plan.directory(&format!("blobs/{}/", digest.algorithm().name()))?;
            }
            plan.member(&digest.blob_path(), 0o444, content.into_part(&digest))?;
        }
        plan.member("index.json", 0o644, Part::Bytes(index_json.to_vec()))?;
        plan.member("oci-layout", 0o444, Part::Bytes(OCI_LAYOUT.to_vec()))?;
        plan.finish()
    }
}
