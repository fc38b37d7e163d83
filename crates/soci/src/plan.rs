//! The plan of an archive: literal bytes, and ranges to be copied.
//!
//! ```text
//! Bytes   │ header blobs/ │ header blobs/sha256/ │ header … manifest … padding │ header … │
//! Source  ├─ [offset, len) of the input: a config or a layer ────────────────────────────┤
//! Bytes   │ padding │ header … │
//! Ztoc    ├─ a zTOC, by digest ──────────────────────────────────────────────────────────┤
//! Bytes   │ padding │ header index.json … │ header oci-layout … │ two zero blocks │
//! ```
//!
//! A page makes a Blob of slices of it, a command copies range by range; neither ever holds a
//! layer. The size is known before the first byte is written.

use crate::error::Error;
use crate::tar::{self, Kind};
use sociscope_image::{Digest, Extent};
use std::ops::Range;

/// A run of bytes of the finished archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes. Never empty, and never next to another of its kind.
    Bytes(Vec<u8>),
    /// A blob that is taken over from the input: a config, a layer, or whatever else a manifest
    /// lists.
    Source {
        /// Where it lies.
        extent: Extent,
        /// What it must hash to. Whoever copies it, or has read it before, checks that.
        digest: Digest,
    },
    /// A zTOC.
    Ztoc {
        /// Which one.
        digest: Digest,
        /// Its bytes.
        size: u64,
    },
}

impl Part {
    /// Bytes of this part.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Source { extent, .. } => extent.len,
            Self::Ztoc { size, .. } => *size,
        }
    }
}

/// A file of the finished archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path: `index.json`, `oci-layout`, or `blobs/` and a digest. Made here, never taken
    /// from the input; so it cannot lead anywhere else.
    pub path: String,
    /// Its mode in the tar.
    pub mode: u32,
    /// Its bytes.
    pub content: Part,
}

/// The finished archive, as the parts it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePlan {
    parts: Vec<Part>,
    files: Vec<File>,
    size: u64,
}

/// A file, and the parts that hold its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: String,
    mode: u32,
    /// Which part.
    part: usize,
    /// Where in it, if it is of literal bytes, which hold more than this.
    within: Range<usize>,
}

impl ArchivePlan {
    /// The parts, in the order in which they are written.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Bytes of the whole archive.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The files of the archive, in its order: what to write where a folder is wanted instead.
    ///
    /// An OCI layout as a folder is these files at these paths, and nothing else. The reference's
    /// `--format oci-dir` has the same bytes in each file that can be reached from `index.json`, but
    /// leaves more behind, because it copies the whole input: the original manifests, other
    /// blobs nobody refers to, stray files, an `oci-layout` as it was found, and an empty folder
    /// `ingest`. Its files have mode 0644 where the archive's blobs have 0444.
    pub fn members(&self) -> impl Iterator<Item = Member> {
        self.files.iter().filter_map(|file| {
            let content = match self.parts.get(file.part)? {
                Part::Bytes(bytes) => Part::Bytes(bytes.get(file.within.clone())?.to_vec()),
                other => other.clone(),
            };
            Some(Member { path: file.path.clone(), mode: file.mode, content })
        })
    }

    /// The blobs that are copied from the input, each once, in the order of their digests.
    pub fn sources(&self) -> impl Iterator<Item = (&Digest, Extent)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Source { extent, digest } => Some((digest, *extent)),
            Part::Bytes(_) | Part::Ztoc { .. } => None,
        })
    }
}

/// A plan being made.
#[derive(Debug, Default)]
pub(crate) struct PlanBuilder {
    parts: Vec<Part>,
    files: Vec<File>,
    /// Bytes that are not a part yet, because more may follow.
    literal: Vec<u8>,
    size: u64,
}

impl PlanBuilder {
    /// A directory; its name ends in a slash.
    pub(crate) fn directory(&mut self, name: &str) -> Result<(), Error> {
        self.push(Part::Bytes(tar::header(name, Kind::Directory)))
    }

    /// A file with its header and padding.
    pub(crate) fn member(&mut self, name: &str, mode: u32, content: Part) -> Result<(), Error> {
        let padding = vec![0; tar::padding(content.size())];
        let kind = Kind::File { size: content.size(), mode };
        self.push(Part::Bytes(tar::header(name, kind)))?;
        let literal = self.literal.len();
        let (part, within) = match &content {
            // The literal bytes are not a part yet.
            Part::Bytes(bytes) => (self.parts.len(), literal..literal.saturating_add(bytes.len())),
            _ => (self.parts.len().saturating_add(1), 0..0),
        };
        self.files.push(File { path: name.to_owned(), mode, part, within });
        self.push(content)?;
        self.push(Part::Bytes(padding))
    }

    fn push(&mut self, part: Part) -> Result<(), Error> {
        self.size = self.size.checked_add(part.size()).ok_or(Error::TooLarge)?;
        match part {
            Part::Bytes(mut bytes) => self.literal.append(&mut bytes),
            other => {
                self.flush();
                self.parts.push(other);
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Bytes(std::mem::take(&mut self.literal)));
        }
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Result<ArchivePlan, Error> {
        self.push(Part::Bytes(tar::END.to_vec()))?;
        self.flush();
        Ok(ArchivePlan { parts: self.parts, files: self.files, size: self.size })
    }
}
