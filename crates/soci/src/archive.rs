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
use crate::tar::Kind;
use sociscope_image::{Digest, Extent};
use std::collections::BTreeMap;

/// `oci-layout` as the reference writes it.
pub const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The blobs of a finished archive.
#[derive(Debug, Default)]
pub(crate) struct Archive(BTreeMap<Digest, Content>);

#[derive(Debug)]
enum Content {
    Document(Vec<u8>),
    Source(Extent),
    Ztoc(u64),
}

impl Archive {
    /// A document that was written.
    pub(crate) fn document(&mut self, digest: Digest, bytes: Vec<u8>) {
        self.0.insert(digest, Content::Document(bytes));
    }

    /// A blob that is taken over from the input.
    pub(crate) fn source(&mut self, digest: Digest, extent: Extent) {
        self.0.insert(digest, Content::Source(extent));
    }

    /// A zTOC, with its size in bytes.
    pub(crate) fn ztoc(&mut self, digest: Digest, size: u64) {
        self.0.insert(digest, Content::Ztoc(size));
    }

    /// The documents that were written.
    pub(crate) fn documents(&self) -> Vec<(Digest, Vec<u8>)> {
        self.0
            .iter()
            .filter_map(|(digest, content)| match content {
                Content::Document(bytes) => Some((digest.clone(), bytes.clone())),
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
            let (size, part) = match content {
                Content::Document(bytes) => (bytes.len() as u64, Part::Bytes(bytes)),
                Content::Source(extent) => (extent.len, Part::Source { extent, digest: digest.clone() }),
                Content::Ztoc(size) => (size, Part::Ztoc { digest: digest.clone(), size }),
            };
            plan.member(&digest.blob_path(), Kind::File { size, mode: 0o444 }, part)?;
        }
        let file = |bytes: &[u8], mode| Kind::File { size: bytes.len() as u64, mode };
        plan.member("index.json", file(index_json, 0o644), Part::Bytes(index_json.to_vec()))?;
        plan.member("oci-layout", file(OCI_LAYOUT, 0o444), Part::Bytes(OCI_LAYOUT.to_vec()))?;
        plan.finish()
    }
}
