//! The reasons, and what each leads to.

use crate::tar::entries::EntryKind;
use std::fmt;

/// What happens on the node, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Reading the file fails with an input/output error, or gives other bytes. Everything else in the
    /// layer works.
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
    SpanCount {
        /// According to the largest span id.
        named: i64,
        /// According to the checkpoints, or size and span size.
        counted: i64,
        /// Span digests.
        digests: u64,
    },
    /// A span's digest is no SHA-256.
    SpanDigest,
    /// The span size of an uncompressed layer is not above 0; the snapshotter divides by it.
    SpanSize {
        /// The span size as stored.
        found: i64,
    },
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
    /// A file that is stored with fewer bytes than its size says, so that the next header is looked
    /// for beyond where it is.
    SparseFile,
    /// A sparse file that does not disturb what follows, but whose bytes are read as they are stored.
    SparseContent,
    /// A link, directory or device whose header states a size, so that the next header is looked for
    /// beyond where it is.
    SizeWithoutData {
        /// What it is.
        kind: EntryKind,
        /// The stated size in bytes.
        size: i64,
    },
    /// The header of the file is not where the previous entry's size says.
    HeaderMoved,
    /// A user or group id below 0 or above 2³² − 1, which the zTOC cannot hold.
    OwnerOutOfRange,
    /// A time outside the years 0 to 9999, which the zTOC cannot hold.
    YearOutOfRange,
    /// The mode says that a regular file is something else.
    ModeOfAnotherType {
        /// The mode as stored.
        mode: i64,
    },
    /// An extended attribute without a value beside others: the snapshotter's database drops it.
    EmptyXattr {
        /// Its name, escaped.
        name: String,
    },
    /// An extended attribute without a name beside others: the snapshotter's database refuses it.
    NamelessXattr,
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
            | Self::SpanCount { .. }
            | Self::EmptyLayer
            | Self::HardLinkForward { .. }
            | Self::HardLinkElsewhere { .. }
            | Self::SparseFile
            | Self::NamelessXattr
            | Self::SizeWithoutData { .. } => Effect::LayerPulled,
            Self::SpanDigest
            | Self::SparseContent
            | Self::HeaderMoved
            | Self::OwnerOutOfRange
            | Self::YearOutOfRange
            | Self::ModeOfAnotherType { .. }
            | Self::EmptyXattr { .. }
            | Self::BeyondTheEnd => Effect::FileUnreadable,
            Self::SpanSize { .. } | Self::NoTrailer => Effect::SnapshotterPanics,
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
                | Self::SpanSize { .. }
                | Self::EmptyLayer
                | Self::NoTrailer
        )
    }
}

/// One thing that makes a zTOC, or a file in it, unusable. Displays as one sentence that names the
/// place and the reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unusable {
    /// Why.
    pub reason: UnusableReason,
    /// Where: `span 3`, `the layer`, or an entry's name as stored, escaped.
    pub place: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use UnusableReason as Reason;
        let place = &self.place;
        match &self.reason {
            Reason::EmptyFirstBlock => {
                write!(f, "The gzip stream begins with an empty deflate block, so {place} has no bytes.")
            }
            Reason::EmptyFirstMember => {
                write!(f, "The gzip stream begins with an empty member, so {place} has no bytes.")
            }
            Reason::SpanWithoutBytes => write!(f, "The positions of {place} do not come in order."),
            Reason::SpanCount { named, counted, digests } => {
                write!(f, "The zTOC names {named} spans, has {counted}, and {digests} digests for them.")
            }
            Reason::SpanDigest => write!(f, "The digest of {place} is no SHA-256."),
            Reason::SpanSize { found } => {
                write!(f, "The span size of {place} is {found}, which the snapshotter divides by.")
            }
            Reason::EmptyLayer => write!(f, "There are no bytes in {place}."),
            Reason::HardLinkForward { target } => {
                write!(f, "\"{place}\" is a hard link to \"{target}\", which comes later in the layer.")
            }
            Reason::HardLinkElsewhere { target } => {
                write!(f, "\"{place}\" is a hard link to \"{target}\", which is not in this layer.")
            }
            Reason::SparseFile => {
                write!(f, "\"{place}\" is a sparse file, after which the next entry is not found.")
            }
            Reason::SparseContent => {
                write!(f, "\"{place}\" is a sparse file, which is read as it is stored.")
            }
            Reason::SizeWithoutData { kind, size } => write!(
                f,
                "\"{place}\" ({kind}) states {size} bytes of data and has none, so the next entry is not \
                 found."
            ),
            Reason::HeaderMoved => {
                write!(f, "The header of \"{place}\" is not where the size of the entry before it says.")
            }
            Reason::OwnerOutOfRange => {
                write!(f, "The user or group number of \"{place}\" does not fit 32 bits.")
            }
            Reason::YearOutOfRange => {
                write!(f, "The time of \"{place}\" lies outside the years 0 to 9999.")
            }
            Reason::ModeOfAnotherType { mode } => {
                write!(f, "The mode of the regular file \"{place}\", {mode:o}, is that of another type.")
            }
            Reason::EmptyXattr { name } => {
                write!(f, "The extended attribute \"{name}\" of \"{place}\" has no value and gets lost.")
            }
            Reason::NamelessXattr => write!(f, "An extended attribute of \"{place}\" has no name."),
            Reason::NoTrailer => write!(
                f,
                "\"{place}\" ends with the last span, because the tar has no trailer: reading it leads \
                 beyond the layer."
            ),
            Reason::BeyondTheEnd => write!(f, "\"{place}\" reaches beyond the end of the tar."),
        }
    }
}
