//! What happens to each layer, and why.

use sociscope_ztoc::Compression;
use std::fmt;

/// What happens to a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It gets a zTOC.
    Index(Compression),
    /// It stays as it is: whoever runs the image must download it whole.
    Skip(SkipReason),
}

/// Why a layer gets no zTOC.
///
/// `Display` is the sentence for people, [`reference_text`](Self::reference_text) the reference's
/// own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// Smaller than the minimum. Fetching such a layer whole is cheaper than looking into it.
    TooSmall {
        /// Compressed bytes of the layer, by its descriptor.
        size: u64,
        /// The minimum, in bytes.
        min: u64,
    },
    /// The compression has no zTOC.
    Unsupported {
        /// Its name, such as `zstd`; empty for encrypted layers and unknown suffixes.
        compression: String,
    },
    /// The "layer" is a prefetch artefact of a SOCI index.
    Prefetch,
    /// The media type is not that of a layer. The reference refuses the whole image.
    NotALayer,
    /// The media type is that of a layer, but of no known kind. The reference refuses the whole
    /// image.
    UnknownType,
    /// The blob is not in the archive, as with foreign layers that stay at their vendor's. The
    /// reference refuses the whole image.
    Absent,
    /// The descriptor states another size than the blob has. The reference refuses the whole
    /// image.
    WrongSize {
        /// Bytes, by the descriptor.
        stated: i64,
        /// Bytes in the archive.
        found: u64,
    },
    /// A zTOC could be built, but the snapshotter would refuse it when the image is mounted; see
    /// [`ConvertOptions::unusable`](crate::ConvertOptions::unusable). The reference builds it.
    Unusable {
        /// Why, in a sentence.
        reason: String,
    },
}

impl SkipReason {
    /// Whether the reference gives up the whole image because of such a layer.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::TooSmall { .. } | Self::Unsupported { .. } | Self::Prefetch | Self::Unusable { .. } => {
                false
            }
            Self::NotALayer | Self::UnknownType | Self::Absent | Self::WrongSize { .. } => true,
        }
    }

    /// What the reference prints: after `ztoc skipped - layer <digest> (<type>) `, or as its
    /// error. Empty where it says nothing.
    #[must_use]
    pub fn reference_text(&self) -> String {
        match self {
            Self::TooSmall { size, min } => {
                format!("size {size} is less than min-layer-size {min}")
            }
            Self::Unsupported { compression } => format!(
                "is compressed in an unsupported format. expect: [tar, gzip, unknown] but got \
                 \"{compression}\""
            ),
            Self::Prefetch | Self::Unusable { .. } => String::new(),
            Self::NotALayer => "not a layer mediaType".to_owned(),
            Self::UnknownType => "could not determine layer compression".to_owned(),
            Self::Absent => "blob not found".to_owned(),
            Self::WrongSize { .. } => "the size of the temp file doesn't match that of the layer".to_owned(),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { size, min } => write!(
                f,
                "smaller than the minimum: {size} bytes of {min}; fetching it whole is cheaper \
                 than looking into it"
            ),
            Self::Unsupported { compression } if compression.is_empty() => f.write_str(
                "encrypted, or compressed in a way its type does not name: only gzip and plain tar \
                 can be indexed",
            ),
            Self::Unsupported { compression } => {
                write!(f, "compressed with {compression}: only gzip and plain tar can be indexed")
            }
            Self::Prefetch => f.write_str("a prefetch list of a SOCI index, not a layer"),
            Self::NotALayer => f.write_str("its media type is not that of a layer"),
            Self::UnknownType => f.write_str("its media type is of an unknown kind of layer"),
            Self::Absent => f.write_str("its bytes are not in the archive"),
            Self::WrongSize { stated, found } => {
                write!(f, "the manifest says it has {stated} bytes, but there are {found} in the archive")
            }
            Self::Unusable { reason } => write!(f, "the snapshotter would refuse its index: {reason}"),
        }
    }
}
