//! What making a layer gzip will cost, before it is done.

use crate::{StoredAs, human};

/// What a [`RemakeJob`](super::RemakeJob) will probably give and take. An estimate, and shown as
/// one: contents differ by a factor of two, machines by more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemakeEstimate {
    /// Bytes of the gzip layer.
    pub size: u64,
    /// Seconds of one processor core, at least 1. Of a native program; WebAssembly takes longer, how
    /// much was not measured.
    pub seconds: u64,
}

/// What was measured at one level: how much of 1,000 bytes is left, and how many million bytes of
/// content are done in a second.
///
/// The means of two tars of 60 MB, one of text (Python and Perl sources, C headers: 241 ‰ by
/// `zstd -3`) and one of shared libraries (370 ‰), each made gzip by a release build on one core of a
/// 2-core cloud machine (Debian 12, Rust 1.95, processor time), digests and checksums included.
#[derive(Clone, Copy)]
struct Measured {
    per_mille: u64,
    mb_per_second: u64,
}

const fn measured(per_mille: u64, mb_per_second: u64) -> Measured {
    Measured { per_mille, mb_per_second }
}

/// Levels 1 to 9: text 321 ‰ at 183 MB/s to 244 ‰ at 11, libraries 467 ‰ at 140 MB/s to 389 ‰ at 9.
const LEVELS: [Measured; 9] = [
    measured(394, 160),
    measured(345, 101),
    measured(328, 57),
    measured(325, 56),
    measured(322, 42),
    measured(318, 23),
    measured(317, 16),
    measured(317, 12),
    measured(316, 10),
];
/// What `zstd -3` left of 1,000 bytes of the same, and `gzip -6`.
const ZSTD_PER_MILLE: u64 = 305;
const GZIP_PER_MILLE: u64 = 318;

/// Estimates for a layer of `stored` bytes that is `from`, and `uncompressed` bytes unpacked if that
/// is known, compressed at `level` (1..=9).
#[must_use]
pub fn estimate(stored: u64, uncompressed: Option<u64>, from: StoredAs, level: u8) -> RemakeEstimate {
    let Measured { per_mille, mb_per_second } = LEVELS[usize::from(level.clamp(1, 9)) - 1];
    let scaled = |bytes: u64, by: u64, of: u64| {
        u64::try_from(u128::from(bytes) * u128::from(by) / u128::from(of)).unwrap_or(u64::MAX)
    };
    // How well this very content compresses is best told by what another encoder made of it.
    let stored_per_mille = match from {
        StoredAs::Uncompressed => 1000,
        StoredAs::Gzip => GZIP_PER_MILLE,
        StoredAs::Zstd => ZSTD_PER_MILLE,
    };
    let content = match from {
        StoredAs::Uncompressed => stored,
        _ => uncompressed.unwrap_or_else(|| scaled(stored, 1000, stored_per_mille)),
    };
    RemakeEstimate {
        size: scaled(stored, per_mille, stored_per_mille).min(content),
        seconds: (content / (mb_per_second * 1_000_000)).saturating_add(1),
    }
}

impl std::fmt::Display for RemakeEstimate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "about {}, in about {}", human::size(self.size), human::duration(self.seconds as f64))
    }
}
