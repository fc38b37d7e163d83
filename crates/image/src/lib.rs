//! Container image archives, read by random access.
//!
//! A person drops the file that `docker save`, `buildx`, `skopeo` or `podman` wrote. It can be
//! many gigabytes, nearly all of them layers. This crate says which images are in it, what they
//! run, and where each layer's bytes lie, from the few kilobytes that tell:
//!
//! ```text
//!  the file   ┌──┬─────────────────────┬──┬────┬──┬──────────────────────────────────┬──┬───┬──┬────┐
//!  (a tar)    │▒▒│ layer               │▒▒│▓▓▓▓│▒▒│ layer                            │▒▒│▓▓▓│▒▒│▓▓▓▓│
//!             └──┴─────────────────────┴──┴────┴──┴──────────────────────────────────┴──┴───┴──┴────┘
//!              ▒ header: hopped to and read    ▓ index, manifest, config: read
//!
//!  what it     index.json ──► manifest ──┬──► config     what runs, and what the layers unpack to
//!  means       (or manifest.json)        └──► layers     media type, digest, size ─► [offset, len)
//! ```
//!
//! Nothing here reads files. [`Open`] says which bytes it [wants](Want) and takes them from
//! whoever can read; a browser does that with `Blob.slice`, a command with `pread`. Two rings
//! further out, the layers are streamed from their [`Extent`]s, with [`DigestCheck`] watching.
//!
//! What can be shown is shown: one broken manifest, a missing layer, a file that ends early become
//! [`Diagnostic`]s beside the rest. Only when nothing is left is there an [`Error`], which knows
//! what the file is instead, whose fault that is, and the way out.
//!
//! Documents that are hashed are kept [byte for byte](Layout::documents); the parsed forms are for
//! looking at.
//!
//! Where to go next: [`Archive`] is the result. `open.rs` is the course of events, `tar/` the
//! hopping, `oci/` and `docker.rs` the two families of archives, `recognise.rs` everything that is
//! neither, [`folder`] an image as loose files, [`bare_layer`] one layer alone.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod archive;
mod bare;
pub mod config;
mod diagnostic;
mod digest;
mod docker;
mod error;
pub mod folder;
mod json;
mod layers;
mod limits;
mod oci;
mod open;
mod platform;
pub mod recognise;
pub mod source;
mod store;
mod tar;

pub use archive::{Archive, Format, Image, ImageKind, Layer, LayerCompression, Layout};
pub use bare::bare_layer;
pub use config::ImageConfig;
pub use diagnostic::{Diagnostic, Severity};
pub use digest::{Algorithm, Digest, DigestCheck, DigestError, DigestOutcome};
pub use error::{Culprit, Error};
pub use limits::Limits;
pub use open::Open;
pub use platform::{Platform, PlatformError};
pub use recognise::{Packing, is_image_member, tar_members};
pub use source::{Extent, Want};
