//! SOCI: giving a container image an index, so that it starts before it is downloaded.
//!
//! A container reads a few percent of its image while it starts. A layer, though, is one long
//! gzip stream: to read a file near its end, everything before it must be downloaded and
//! unpacked. A **zTOC** (see [`sociscope_ztoc`]) makes a layer seekable: which file lies where,
//! and points from which unpacking can go on. A **SOCI index** collects the zTOCs of an image.
//! A snapshotter that finds one mounts the image at once and fetches what is read.
//!
//! # What a converted image looks like
//!
//! Version 2 binds index and image together by digest, in both directions, so that whoever pulls
//! the image by digest gets its index, from any registry:
//!
//! ```text
//! index.json
//!   └─ image index                                     push this digest
//!        ├─ image manifest  linux/amd64 ◄──────────────────────────────┐
//!        │    ├─ annotation com.amazon.soci.index-digest ───────────┐  │
//!        │    ├─ config                     as it was               │  │
//!        │    └─ layers                     as they were            │  │
//!        ├─ attestation                     rewritten, see below    │  │
//!        └─ SOCI index      linux/amd64 ◄───────────────────────────┘  │
//!             ├─ (on its descriptor)  …soci.image-manifest-digest ─────┘
//!             ├─ config  {}                 says: SOCI index, version 2
//!             └─ "layers": zTOCs            one per indexed layer, which an
//!                                           annotation names by its digest
//! ```
//!
//! Noting the index in the image manifest changes the manifest, hence its digest, hence the
//! digest of the image: a converted image is a *new* image that shares all its layers with the old
//! one. The reference also writes every other manifest of the list anew. So the bytes of a
//! result hang on how JSON is written, on what is dropped, and on which defaults are filled in;
//! this crate writes what `soci convert --standalone` v0.15.0 writes, byte for byte, down to the
//! padding of the tar.
//!
//! # The way through
//!
//! ```text
//! Layout ─► Root ─────► Selection ─────────► [caller: reads layers, builds zTOCs]
//!           root.rs     select.rs                              │
//!           manifest    which platforms, which layers,         ▼
//!           or list?    why not the others              Selection::finish
//!                                                              │ soci_index.rs, rewrite.rs
//!                                                              ▼
//!                                                          Converted
//!                       ArchivePlan = [Bytes | Source | Ztoc]…   plan.rs, archive.rs, tar.rs
//! ```
//!
//! No layer passes through here. The [plan](ArchivePlan) says where its bytes lie in the input
//! and where they go; so converting a 10 GiB image costs this crate a few kilobytes.
//!
//! # What else comes out
//!
//! - **A folder** instead of a tar: [`ArchivePlan::members`], the same files at their paths.
//! - **The indexes alone**, to be pushed beside an image that is in the registry already:
//!   [`Converted::index_archive`]. A few megabytes, whatever the size of the image.
//! - **Indexes of version 1**, which leave the image as it is and refer to it by `subject`:
//!   [`Selection::legacy_index`] and [`legacy_archive`]. Legacy; [`LegacyIndex`] says why.
//! - **Prefetch lists** inside any of these, which name the spans a container reads first:
//!   [`ConvertOptions::prefetch`] and [`prefetch`]. Experimental in the reference.
//!
//! What the reference refuses is refused here, too, as an [`Error`] that says why in a way that can
//! be acted on. What people have beside that - docker-archives, several tags in one file, lists
//! without platforms, layers compressed anew - is turned into a layout that it would take, before:
//! that is [`prepare`]. One thing goes on where the reference ends, for nothing but the result can
//! tell: some platforms of an image that is converted already (`earlier.rs`).
//!
//! ```
//! use sociscope_image::{Digest, Extent, Layout};
//! use sociscope_soci::{ConvertOptions, Decision, Selection, ZtocBlob};
//! use sociscope_ztoc::Compression;
//!
//! // An image of one layer, as whoever opened the archive hands it over.
//! let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
//! let layer = Digest::of(b"pretend these are 3174 bytes of gzip");
//! let manifest = format!(
//!     r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},
//!         "layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{layer}","size":3174}}]}}"#,
//!     Digest::of(config),
//!     config.len(),
//! );
//! let index = format!(
//!     r#"{{"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{}}}]}}"#,
//!     Digest::of(manifest.as_bytes()),
//!     manifest.len(),
//! );
//! let mut layout = Layout { index_json: index.into_bytes(), ..Layout::default() };
//! layout.blobs.insert(layer.clone(), Extent { offset: 1024, len: 3174 });
//! for document in [&config[..], manifest.as_bytes()] {
//!     let digest = Digest::of(document);
//!     layout.blobs.insert(digest.clone(), Extent { offset: 0, len: document.len() as u64 });
//!     layout.documents.insert(digest, document.to_vec());
//! }
//!
//! // By default, layers below 10 MiB are not worth it.
//! let selection = Selection::new(&layout, &ConvertOptions::default())?;
//! let Decision::Skip(reason) = &selection.platforms()[0].layers[0].decision else { panic!() };
//! assert_eq!(reason.reference_text(), "size 3174 is less than min-layer-size 10485760");
//! assert!(selection.refusal().is_some());
//!
//! // With no minimum, the layer is wanted.
//! let options = ConvertOptions { min_layer_size: 0, ..ConvertOptions::default() };
//! let selection = Selection::new(&layout, &options)?;
//! let wanted = selection.wanted();
//! assert_eq!(wanted[0].extent, Extent { offset: 1024, len: 3174 });
//!
//! // Build its zTOC; only its digest and size are needed here.
//! let ztoc = ZtocBlob { digest: Digest::of(b"the zTOC"), size: 33192, disables_xattrs: true, prefetch: vec![] };
//! let ztocs = [((layer, Compression::Gzip), ztoc)].into();
//! let converted = selection.finish(&layout, &ztocs)?;
//! let total: u64 = converted.plan.parts().iter().map(|part| part.size()).sum();
//! assert_eq!(converted.plan.size(), total);
//! # Ok::<(), sociscope_soci::Error>(())
//! ```
//!
//! # Where to go next
//!
//! - [`prepare`]: from what people have to a layout.
//! - [`select`](Selection): the decisions, in the reference's order.
//! - `rewrite.rs`: what happens to manifests; the surprises are listed at its top.
//! - `json/`: why there is a JSON reader of our own.
//! - [`prefetch`], `v1.rs`, `alone.rs`: what comes beside the converted archive.
//! - [`media_type`], [`soci_index`]: the names, and what they mean.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod alone;
mod archive;
mod descriptor;
mod earlier;
mod error;
mod index;
mod json;
mod manifest;
pub mod media_type;
mod options;
mod plan;
mod platform;
pub mod prefetch;
pub mod prepare;
mod resolve;
mod rewrite;
mod root;
mod select;
mod skip;
pub mod soci_index;
mod store;
mod tar;
mod v1;

pub use alone::legacy_archive;
pub use archive::OCI_LAYOUT;
pub use descriptor::{Data, Descriptor};
pub use error::{Culprit, Document, Error, Role};
pub use index::Index;
pub use json::{JsonError, JsonProblem};
pub use manifest::Manifest;
pub use options::{ConvertOptions, DEFAULT_MIN_LAYER_SIZE, PlatformChoice};
pub use plan::{ArchivePlan, Member, Part};
pub use prefetch::{Prefetch, PrefetchBlob, SpanRange};
pub use rewrite::{Converted, SociIndex};
pub use root::Root;
pub use select::{LayerDecision, PlatformDecision, Selection, WantedLayer, ZtocBlob};
pub use skip::{Decision, SkipReason};
pub use v1::LegacyIndex;
