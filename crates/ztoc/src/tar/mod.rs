//! Tar, read exactly as Go's `archive/tar` reads it.
//!
//! ```text
//!  ┌───────── block 512 ────────┐┌─────────┐┌─────────┐┌──── block ────┐┌───────┐┌───────┐┌───────┐
//!  │ header: name mode uid size ││ data …  ││ … pad 0 ││ header 'x'    ││ PAX   ││ header││ data …│
//!  └────────────────────────────┘└─────────┘└─────────┘└───────────────┘└───────┘└───────┘└───────┘
//!   └──────────────── entry ────────────────────────┘   └───────────────── entry ─────────────────
//!                                                                  … ┌───────┐┌───────┐
//!                                                                    │ zeros ││ zeros │ the end
//!                                                                    └───────┘└───────┘
//! ```
//!
//! A zTOC's table of contents is what the reference got from Go's reader, down to its habits: which
//! numbers it takes, which header wins, which archives it refuses. Other readers differ on more than
//! half of a collection of odd archives, so this one is written rule by rule:
//!
//! * [`header`]: the 512-byte block, its four formats (V7, ustar, star, GNU).
//! * [`numbers`]: octal, base-256 and decimal numbers.
//! * [`pax`]: extended headers, `length key=value`.
//! * [`sparse`]: GNU sparse files in PAX headers (0.0, 0.1, 1.0).
//! * [`member`]: a header and its extensions put together.
//! * [`parser`]: all of it as a push parser that skips file data by arithmetic.
//! * [`entries`]: where the results are kept.

pub(crate) mod entries;
pub(crate) mod header;
pub(crate) mod member;
pub(crate) mod numbers;
pub(crate) mod parser;
pub(crate) mod pax;
pub(crate) mod sparse;

/// Tar counts in blocks of this many bytes.
pub(crate) const BLOCK_SIZE: usize = 512;

/// Bytes from `size` up to the next whole block.
pub(crate) fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK_SIZE as u64
}

/// The bytes before the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}
