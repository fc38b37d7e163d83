//! zTOC: the table of contents that lets a container start before its layer has arrived.
//!
//! A container layer is a tar archive, usually gzipped. To get at one file in it, one would have to
//! inflate everything before. A zTOC removes that: it lists where each file lies in the tar stream, and
//! it holds *checkpoints*, places in the gzip stream where inflating can start. With both, a file system
//! reads any file with a range request for a few megabytes. AWS's SOCI snapshotter does so on Fargate.
//!
//! ```text
//!  layer     ┌──────────────── gzip: what is stored and downloaded ─────────────────────┐
//!            │hdr│ block │  block  │ block │    block     │ block  │  block  │   │trailer│
//!            └───▲───────┴─────────┴───────▲──────────────┴────────▲─────────┴───┴──────┘
//!  zTOC          │ checkpoint 0            │ checkpoint 1          │ checkpoint 2
//!                │ position + 32 KiB       │                       │
//!                ├──────── span 0 ─────────┼─────── span 1 ────────┼──────── span 2 ────────▶
//!                │ sha256:…                │ sha256:…              │ sha256:…
//!  tar       ┌───▼─────────────────────────▼───────────────────────▼────────────────────────┐
//!            │ hdr │ file a │ hdr │      file b      │ hdr │ hdr │ file d         │ 0 0      │
//!            └─────▲────────┴─────▲──────────────────┴─────┴─────▲───────────────────────────┘
//!  zTOC            │ a: offset,   │ b: offset, size, mode, …     │ d: …
//!                  │ size, mode…
//! ```
//!
//! The file is a FlatBuffer with that list, the checkpoints and a digest per span.
//!
//! # What "byte-identical" takes
//!
//! zTOCs are addressed by digest, so one made here must equal the one that `soci` v0.15.0 makes, bit for
//! bit. That pins down four things, each in its own module with the details:
//!
//! * **which checkpoints**: deflate block boundaries, chosen by the span size, with the quirk that all
//!   boundaries before the first byte of output count (`blocks.rs`, `checkpoint.rs`);
//! * **which layers fail**: zlib's rules and Go's rules together (`gzip/`);
//! * **what a tar entry is**: Go's `archive/tar`, habits included (`tar/`);
//! * **the order of bytes in the file**: the reference's sequence of FlatBuffer calls (`flatbuffer/`).
//!
//! # Building
//!
//! [`Builder`] takes the layer's bytes once, in any slices, and holds little (see there for the formula).
//! [`Build`] is the result; [`Ztoc`] reads a finished file.
//!
//! ```
//! use sociscope_ztoc::{BuildOptions, Builder, SpanSize, Ztoc};
//!
//! let layer = include_bytes!("../../../tests/fixtures/ztoc/in/gzip6-spans.gz");
//! let span_size = SpanSize::new(4096)?;
//! let mut builder = Builder::new(BuildOptions { span_size, ..BuildOptions::default() })?;
//! for slice in layer.chunks(1000) {
//!     builder.push(slice)?;
//! }
//! let build = builder.finish()?;
//!
//! let file = build.to_bytes()?;
//! let ztoc = Ztoc::parse(&file)?;
//! assert_eq!(ztoc.build_tool, "AWS SOCI CLI v0.2");
//! assert_eq!(ztoc.entry_count(), 9);
//! assert_eq!(ztoc.span_count(), 3);
//!
//! // Another span size, answered from the block boundaries that were seen on the way.
//! let spans = build.span_starts(SpanSize::DEFAULT).map(|starts| starts.len());
//! assert_eq!(spans, Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate does no I/O, knows no clock and starts no thread; hashing can be handed out
//! ([`DigestMode::Elsewhere`]). Nothing in a layer or a file makes it panic, and no number in them makes
//! it allocate before the bytes are there.
//!
//! Read next: [`Builder`], then `gzip/stream.rs` and `tar/parser.rs`, where the bytes go.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod blocks;
mod build;
mod builder;
mod checkpoint;
mod error;
mod flatbuffer;
mod gzip;
mod limits;
mod offsets;
mod spans;
mod tar;
mod time;
pub mod usable;
mod ztoc;

pub use blocks::{BlockBoundary, BlockIndex, Boundaries, BoundaryKind, SpanStart};
pub use build::Build;
pub use builder::{BuildOptions, Builder, Compression};
pub use checkpoint::{BLOB_HEADER_SIZE, Checkpoint, PACKED_SIZE, WINDOW_SIZE};
pub use error::{Culprit, Error, Fault, PaxProblem, Place, SparseProblem, Within};
pub use flatbuffer::read::{ReadError, ReadProblem};
pub use flatbuffer::write::{EncodedZtoc, ZtocParts};
pub use limits::Limits;
pub use offsets::{CompressedOffset, SpanId, SpanSize, UncompressedOffset};
pub use sociscope_inflate::BlockKind;
pub use spans::{ClosedSpan, DigestMode, Span};
pub use tar::entries::{Entry, EntryKind, Origin, PaxRecords, TarFormat, Toc};
pub use time::Timestamp;
pub use ztoc::{GzipCheckpoints, StoredCheckpoints, Ztoc};

/// The build tool that zTOCs of soci v0.15.0 name.
pub const BUILD_TOOL: &str = "AWS SOCI CLI v0.2";

/// The version of the format.
pub const VERSION: &str = "0.9";
