//! The outer tar: what it holds and where, without reading it.
//!
//! ```text
//!  0        512             512 + size, padded to 512
//!  ┌────────┬───────────────┬────────┬────────┬────────┬────────────┬────────┬──── … ┬──────┬──────┐
//!  │ header │ data          │ header │ header │ header │ data       │ header │       │ zero │ zero │
//!  └────────┴───────────────┴────────┴────────┴────────┴────────────┴────────┴──── … ┴──────┴──────┘
//!      │ size tells where the next header is ▲   │ PAX ('x') or GNU ('L', 'K') headers change the
//!      └─────────────────────────────────────┘   └ name, link target or size of the next member
//! ```
//!
//! A header is one block of 512 bytes. It names its member and says how long the data behind it
//! are, so the next header is found by a hop: a layer of 6 GiB costs one block.
//!
//! - [`header`]: one block.
//! - [`pax`]: the records of an `x` header.
//! - [`lister`]: the hopping, and how far to read ahead.
//! - [`tree`]: names to places, as if the archive had been extracted.
//!
//! Source: POSIX.1-2017 `pax` (ustar and pax interchange formats), GNU tar manual "Basic Tar
//! Format", and Go's `archive/tar`, which is what reads these files elsewhere.

pub(crate) mod header;
pub(crate) mod lister;
pub(crate) mod pax;
pub(crate) mod tree;
