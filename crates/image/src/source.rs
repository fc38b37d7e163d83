//! Asking for bytes without reading them: what a state machine wants, and where things lie.

use serde::{Deserialize, Serialize};

/// What a state machine needs before it can go on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// The bytes `[offset, offset + len)` of the source. `len` is at least 1 and the range
    /// never reaches past the length the machine was told.
    Read {
        /// First byte, counted from the start of the source.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
    /// Nothing more: call `finish`.
    Done,
}

/// A run of bytes of the source file.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Extent {
    /// First byte, counted from the start of the source.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

impl Extent {
    /// The first byte after the run; saturates, so that a lying header cannot wrap around.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.len)
    }
}
