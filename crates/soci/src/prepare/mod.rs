//! Before a conversion: from what people have to what the reference would start from.
//!
//! The reference takes one image, in an OCI layout whose every document is as it should be. People
//! have docker-archives, several tags in one file, lists that do not say their platforms, a layer
//! that was compressed anew. Each of those is turned into a [`Layout`] that the conversion takes
//! like any other; none of them needs a conversion of its own.
//!
//! ```text
//! docker-archive ──── as_oci ────┐
//!                                ├─► Archive ── with_layers ─► Archive     layers made elsewhere
//! OCI layout ────────────────────┘                │
//!                                                 ├─ subjects ─► what can be converted
//!                                                 ▼
//!                                            layout_for ─► Prepared ─► Selection ─► …
//! ```
//!
//! What the reference takes stays as it is, byte for byte, and [`Prepared::reference`] says so.
//! Everything else that is done is a [`Note`].

mod adopt;
mod choose;
mod complete;
mod foreign;
mod remade;
mod subject;
mod tree;

pub use adopt::as_oci;
pub use choose::{layout_for, layout_for_platforms};
pub use remade::with_layers;
pub use subject::subjects;

use sociscope_image::{Archive, Digest, Extent, Layout};

/// Something that can be converted: one image under its names, on one or several platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is called; full names where the archive has them. May be empty.
    pub names: Vec<String>,
    /// Its images, one per platform: places in [`Archive::images`], each of kind
    /// [`Image`](sociscope_image::ImageKind::Image), in the archive's order. One that whoever opened
    /// the archive could not make out is not among them.
    pub images: Vec<usize>,
}

/// A docker-archive with the documents of an OCI layout.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The same archive, with a layout, and its images with manifests and digests.
    pub archive: Archive,
    /// Layers whose digest nobody knows before they are read, each once, in the archive's order.
    /// They stand in with a made-up digest: decisions can be made, but nothing must be written
    /// before [`as_oci`] has been told the right ones.
    pub unread: Vec<Extent>,
}

/// A gzip layer that was made here, of one that is in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeLayer {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Where they lie in the source; beyond the end of the file, usually.
    pub extent: Extent,
}

/// A layout from which a conversion can start.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The layout.
    pub layout: Layout,
    /// What was done to it, in the order in which it was done.
    pub notes: Vec<Note>,
    /// Exactly what the reference would start from; there are no notes then.
    pub reference: bool,
}

/// Something that was done which the reference would not have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A stable kebab-case name of the kind of thing, such as `platform-filled`.
    pub id: &'static str,
    /// What was done and why, in one sentence.
    pub sentence: String,
}

impl Note {
    pub(crate) fn new(id: &'static str, sentence: impl Into<String>) -> Self {
        Self { id, sentence: sentence.into() }
    }
}
