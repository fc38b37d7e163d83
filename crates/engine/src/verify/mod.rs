//! Is this the zTOC of that layer, and would it work?
//!
//! A zTOC may come from anywhere: from another tool, from a registry, from last year. Nothing in it
//! is believed. The layer is read once, its zTOC is built anew and compared field by field, and
//! spans are unpacked from their checkpoints by a decoder that shares no code with the builder:
//!
//! ```text
//!                    ┌─► LayerJob ─► zTOC built anew ─► compare::ztocs ◄─── the given zTOC
//!   layer's bytes ───┤                                        │                   │
//!                    └─► spans from the given checkpoints,    ▼                   ▼
//!                        miniz_oxide, sampled or all ───►  Outcome  ◄─── usable::check
//! ```
//!
//! Where to go next: [`VerifyJob`] is the work on one layer, [`ImageVerifier`] finds what belongs
//! together in an archive, [`ImageVerification`] is the document that comes out.

pub(crate) mod binding;
mod document;
mod image;
mod job;
mod judge;
mod member;
mod outcome;
mod unpack;
mod unusable;

pub use document::{
    BoundImage, BoundLayer, ImageVerification, Problem, ProblemSeverity, SCHEMA, VerificationVerdict,
    VerifiedFile, schema,
};
pub use image::ImageVerifier;
pub use job::VerifyJob;
pub use outcome::{Depth, LayerVerification, Outcome, Part, VerifyTask, ZtocPlace};
pub(crate) use unpack::{BadSpan, Spans};
pub use unusable::{Effect, Unusability, UnusablePlace};
