//! The documents and blobs a conversion works on: those of the archive, and the ones it writes.
//!
//! The reference unpacks the archive into a directory and adds its own blobs to it. So a blob it
//! wrote a moment ago is found like one that was there from the start; here, too.

use crate::error::{Document, Error, Role};
use crate::index::{LayoutFile, Shape};
use crate::json::JsonError;
use crate::{Descriptor, Index, Manifest, media_type};
use sociscope_image::{Digest, Extent, Layout};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// How many documents are followed from `index.json`. An image has one per platform, twice that
/// with attestations; but a small set of lists that list each other can have a billion paths.
pub(crate) const MAX_DOCUMENTS: usize = 100_000;

/// The documents and blobs of one conversion.
#[derive(Clone, Debug)]
pub(crate) struct Store<'a> {
    layout: &'a Layout,
    written: BTreeMap<Digest, Vec<u8>>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(layout: &'a Layout) -> Self {
        Self { layout, written: BTreeMap::new() }
    }

    /// Adds a document; returns its digest.
    pub(crate) fn write(&mut self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.written.insert(digest.clone(), bytes);
        digest
    }

    /// A document that was written here.
    pub(crate) fn written(&self, digest: &Digest) -> Option<&[u8]> {
        self.written.get(digest).map(Vec::as_slice)
    }

    /// Where a blob of the archive lies.
    pub(crate) fn extent(&self, digest: &Digest) -> Option<Extent> {
        self.layout.blobs.get(digest).copied()
    }

    /// A document that is not written here, but known by its bytes: of a prepared layout, not
    /// every document has a place in the source.
    pub(crate) fn document(&self, digest: &Digest) -> Option<&[u8]> {
        self.layout.documents.get(digest).map(Vec::as_slice)
    }

    /// Whether the blob is there at all, whatever its bytes.
    pub(crate) fn contains(&self, digest: &Digest) -> bool {
        self.written.contains_key(digest)
            || self.layout.blobs.contains_key(digest)
            || self.layout.documents.contains_key(digest)
    }

    /// The bytes of a document. Bytes inlined in the descriptor are used if they are the right
    /// ones; they need not be in the archive then.
    pub(crate) fn read<'d>(&'d self, descriptor: &'d Descriptor, role: Role) -> Result<Cow<'d, [u8]>, Error> {
        let inline = &descriptor.data.0;
        if i64::try_from(inline.len()) == Ok(descriptor.size)
            && Digest::of(inline).as_str() == descriptor.digest
        {
            return Ok(Cow::Borrowed(inline));
        }
        let digest = descriptor.require_digest()?;
        let bytes = self.written.get(&digest).or_else(|| self.layout.documents.get(&digest));
        match bytes {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None if self.contains(&digest) => {
                Err(Error::Unusable { role, digest: descriptor.digest.clone() })
            }
            None => Err(Error::Missing { role, digest: descriptor.digest.clone() }),
        }
    }

    /// The manifest that `descriptor` refers to; checks that it is none of the other kinds.
    pub(crate) fn manifest(&self, descriptor: &Descriptor) -> Result<Manifest, Error> {
        let bytes = self.read(descriptor, Role::Manifest)?;
        let shape = Shape::parse(&bytes).map_err(unreadable(descriptor))?;
        let found = if shape.has_fs_layers {
            "a manifest of Docker's first schema"
        } else if shape.has_manifests || media_type::is_index(&shape.media_type) {
            "an image index"
        } else {
            return Manifest::parse(&bytes).map_err(unreadable(descriptor));
        };
        Err(Error::OtherShape { digest: descriptor.digest.clone(), listed_as: "an image manifest", found })
    }

    /// The index that `descriptor` refers to; checks that it is none of the other kinds.
    pub(crate) fn index(&self, descriptor: &Descriptor) -> Result<Index, Error> {
        let bytes = self.read(descriptor, Role::Index)?;
        let shape = Shape::parse(&bytes).map_err(unreadable(descriptor))?;
        let found = if shape.has_fs_layers {
            "a manifest of Docker's first schema"
        } else if shape.has_config || shape.has_layers || media_type::is_manifest(&shape.media_type) {
            "an image manifest"
        } else {
            return Index::parse(&bytes).map_err(unreadable(descriptor));
        };
        Err(Error::OtherShape { digest: descriptor.digest.clone(), listed_as: "an image index", found })
    }

    /// The checks that the reference makes before it looks at anything: `oci-layout` if there is
    /// one, then size, digest and syntax of every manifest and index reachable from `index.json`.
    /// What is not there is not missed yet.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(bytes) = &self.layout.oci_layout {
            let file = LayoutFile::parse(bytes)
                .map_err(|error| Error::Json { document: Document::OciLayout, error })?;
            if file.version != "1.0.0" {
                return Err(Error::LayoutVersion { found: file.version });
            }
        }
        let index = Index::parse(&self.layout.index_json)
            .map_err(|error| Error::Json { document: Document::IndexJson, error })?;
        let mut seen = BTreeSet::new();
        let mut pending = index.manifests.unwrap_or_default();
        while let Some(descriptor) = pending.pop() {
            let is_manifest = media_type::is_manifest(&descriptor.media_type);
            if !is_manifest && !media_type::is_index(&descriptor.media_type)
                || !seen.insert((descriptor.digest.clone(), descriptor.size, is_manifest))
            {
                continue;
            }
            if seen.len() > MAX_DOCUMENTS {
                return Err(Error::TooManyDocuments { limit: MAX_DOCUMENTS });
            }
            let digest = descriptor.require_digest()?;
            let role = if is_manifest { Role::Manifest } else { Role::Index };
            let Some(extent) = self.extent(&digest) else { continue };
            if i64::try_from(extent.len) != Ok(descriptor.size) {
                return Err(Error::Size {
                    role,
                    digest: descriptor.digest,
                    stated: descriptor.size,
                    found: extent.len,
                });
            }
            let Some(bytes) = self.layout.documents.get(&digest) else {
                return Err(Error::Unusable { role, digest: descriptor.digest });
            };
            if is_manifest {
                let manifest = Manifest::parse(bytes).map_err(unreadable(&descriptor))?;
                pending.extend(manifest.layers.unwrap_or_default());
                pending.push(manifest.config);
            } else {
                let index = Index::parse(bytes).map_err(unreadable(&descriptor))?;
                pending.extend(index.manifests.unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Turns a parse error into one that names the document.
pub(crate) fn unreadable(descriptor: &Descriptor) -> impl Fn(JsonError) -> Error {
    let document = Document::Blob(descriptor.digest.clone());
    move |error| Error::Json { document: document.clone(), error }
}
