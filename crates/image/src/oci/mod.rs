//! An OCI layout in a tar.
//!
//! ```text
//! oci-layout                         {"imageLayoutVersion":"1.0.0"}
//! index.json ─► manifests[ ] ─┬─► blobs/sha256/…  image manifest ─┬─► config   blobs/sha256/…
//!               (descriptors) │                                   └─► layers[ ] blobs/sha256/…
//!                             └─► blobs/sha256/…  image index ─► manifests[ ] ─► …
//! ```
//!
//! Everything but `index.json` is a blob, named by its own digest and pointed at by a descriptor:
//! media type, digest, size, and sometimes a platform and annotations.
//!
//! - [`media_type`]: the names of things, and what they say about compression.
//! - [`descriptor`]: the pointers.
//! - [`layout`]: from `index.json` down to the manifests.
//! - [`image`]: from a manifest to its config and layers.
//!
//! Source: OCI image-spec v1.1 `image-layout.md`, `image-index.md`, `manifest.md`,
//! `descriptor.md`; the Docker media types are read alike.

mod descriptor;
mod image;
mod layout;
pub(crate) mod media_type;

pub(crate) use layout::{INDEX_JSON, read};
