//! The registry round trip: convert an image, push it with the tools that people use into a
//! registry that runs here, and look at what a puller finds.
//!
//! ```text
//! fixture ─► sociscope convert ─► archive ─► oras | crane | skopeo ─► registry on 127.0.0.1
//!                                    │                                    │ HTTP, by hand
//!                                    └────────── the same bytes? ◄────────┘
//!                                       tag ─► image index ─► manifest ─► annotation
//!                                                   ─► SOCI index ─► zTOCs ─► layers
//! ```
//!
//! `cargo xtask registry` builds the tools (`tools/go.mod` pins them) and runs everything. The tests
//! are `#[ignore]`d, because a plain `cargo test` must not need them; once asked for, a tool that is
//! missing is a failure.
//!
//! Start reading at [`lazy`], which is the point of it all.
#![forbid(unsafe_code)]

pub mod converted;
pub mod http;
pub mod lazy;
pub mod registry;
pub mod repository;
pub mod scratch;
pub mod tool;

pub use converted::Converted;
pub use lazy::{Lazy, Lost};
pub use registry::Registry;
pub use repository::Repository;
pub use scratch::Scratch;
