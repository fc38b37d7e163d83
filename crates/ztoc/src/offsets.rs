//! Positions, as types of their own.
//!
//! A layer has two rulers: the bytes as stored (compressed) and the bytes of the tar inside. Mixing
//! them up is the classic mistake of this format, so they are different types. Both are `u64`, never
//! `usize`: a browser's wasm is 32-bit, layers are not.

use crate::{Error, Fault};
use std::fmt;
use std::ops::Add;

/// A byte position in the layer as stored, counted from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompressedOffset(pub u64);

/// A byte position in the tar stream that comes out of the layer, counted from its first byte over
/// all gzip members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UncompressedOffset(pub u64);

/// The number of a span, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub u32);

impl fmt::Display for CompressedOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UncompressedOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Add<u64> for CompressedOffset {
    type Output = Self;

    /// Saturates: a position past 16 EiB is no position.
    fn add(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }
}

impl Add<u64> for UncompressedOffset {
    type Output = Self;

    /// Saturates: a position past 16 EiB is no position.
    fn add(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }
}

/// The least number of uncompressed bytes between two checkpoints, 0 ..= `i64::MAX`.
///
/// A gzip layer gets a checkpoint at the first deflate block boundary that lies *more* than this
/// many bytes after the previous one, so spans are a little longer than it says, and 0 means one
/// span per non-empty block. An uncompressed layer is cut at its exact multiples, and 0 is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanSize(i64);

impl SpanSize {
    /// 4 MiB, the default of `soci`.
    pub const DEFAULT: Self = Self(4 << 20);

    /// A span size in bytes.
    ///
    /// # Errors
    /// [`Fault::SpanSizeTooLarge`] above `i64::MAX`: the format stores it as a signed number.
    pub fn new(bytes: u64) -> Result<Self, Error> {
        i64::try_from(bytes).map(Self).map_err(|_| Fault::SpanSizeTooLarge { found: bytes }.into())
    }

    /// The size in bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// The size as the format stores it.
    pub(crate) const fn to_i64(self) -> i64 {
        self.0
    }
}

impl Default for SpanSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for SpanSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
