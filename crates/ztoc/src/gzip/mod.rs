//! The gzip container (RFC 1952): one or more members, back to back.
//!
//! ```text
//!  ┌──────────────────────────── member ────────────────────────────┐┌──── member ───
//!  │ 1f 8b 08 FLG  MTIME XFL OS │ optional │ deflate blocks │CRC│LEN││ 1f 8b 08 FLG …
//!  └────────────────────────────┴──────────┴────────────────┴───┴───┘└───────────────
//!     header, 10 bytes            see header   RFC 1951      trailer, 4 + 4 bytes
//! ```
//!
//! * [`header`]: the header as a state machine that takes any slices and keeps no text.
//! * [`checksum`]: the CRC-32 of what was inflated.
//! * [`stream`]: members in turn, reporting every deflate block boundary.

mod checksum;
pub(crate) mod header;
pub(crate) mod stream;
