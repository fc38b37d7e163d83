//! Drives the format crates over one image archive, without knowing who reads its bytes.
//!
//! Everything long is a [`Job`]: a resumable state machine that says which bytes it wants next and
//! is given exactly those. A browser worker answers from a `File`, the command line from a file
//! handle; both run this same code and neither is known here. There is no I/O in this crate, no
//! thread, no clock and no JavaScript, so there are no timings in anything it says either.
//!
//! ```text
//!  bytes of the archive                                          crates below this one
//!        │
//!        ▼
//!   OpenJob ───────────► Archive  which images, which layers, where their bytes lie      image
//!        │                  │
//!        │            Analysis::new(archive, name, options)
//!        │                  │ tasks(scope): plain data, one per distinct layer
//!        │                  ▼
//!   LayerJob (many at once, in workers or threads) ──► LayerSummary + zTOC               ztoc
//!        │                  │ record(summary)
//!        │                  ▼
//!        │             Analysis ──► report(): what a person is shown, versioned         findings
//!        │                  └─────► convert(): the archive plan                          soci
//!        ▼                                  │
//!   CopyCheck ◄── ranges copied by the shell: digests are checked on the way out
//! ```
//!
//! Where to go next: [`job`] is the protocol, [`layer`] the heavy part, [`analysis`] the memory of
//! a run, [`report`] the contract with everything outside, [`findings`] the table of advice,
//! [`verify`] holds zTOCs against layers, [`compare`] says what two files do not have in common,
//! [`human`] how a number is written, [`sample`] the built-in image.
//!
//! Invariants: a broken layer is an *outcome*, never the end of the run. A zTOC leaves this crate
//! only after it was parsed back and agreed with what was built. The same input and options give
//! the same report, byte for byte: maps are ordered, nothing depends on which job ended first.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod analysis;
pub mod compare;
pub mod contents;
pub mod export;
pub mod failure;
pub mod findings;
pub mod human;
pub mod input;
pub mod job;
pub mod layer;
pub mod open;
pub mod options;
pub mod push;
pub mod remake;
pub mod report;
pub mod sample;
pub mod summary;
pub mod unpack;
pub mod verdict;
pub mod verify;

pub use sociscope_fargate as fargate;
pub use sociscope_image as image;
pub use sociscope_soci as soci;
pub use sociscope_ztoc as ztoc;

pub use analysis::Analysis;
pub use failure::{Culprit, Error, Failure};
pub use findings::Finding;
pub use image::{Archive, Image, Want};
pub use input::{InputKind, StoredAs};
pub use job::{Job, Progress};
pub use layer::{LayerJob, LayerOutcome};
pub use open::OpenJob;
pub use options::{Options, PlatformChoice, Scope};
pub use remake::{RemadeLayer, RemakeJob, RemakeTask};
pub use report::Report;
pub use soci::{ArchivePlan, Converted, Part};
pub use summary::{BlockCounts, LayerId, LayerSummary, LayerTask, TaskCompression, ZtocSummary};
pub use unpack::{OuterFormat, UnpackLimits, Unpacker};
pub use verdict::{Verdict, VerdictKind};

/// Version of this tool, as it appears in reports and in `sociscope --version`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
