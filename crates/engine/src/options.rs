//! What a person can choose.

pub use crate::soci::PlatformChoice;

/// Choices that change the result. The defaults are those of `soci convert`, except that every
/// platform of the archive is converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of uncompressed data per span (`--span-size`). Changing it means reading the layers
    /// again. 0 = a checkpoint at every block; not possible for uncompressed layers.
    pub span_size: u64,
    /// Smallest layer to index, in stored bytes (`--min-layer-size`). Changing it is instant.
    pub min_layer_size: u64,
    /// Which platforms get an index (`--platform`, `--all-platforms`). Changing it is instant.
    pub platforms: PlatformChoice,
    /// Mark layers without extended attributes, so that the snapshotter need not ask
    /// (`--optimizations xattr`). Changing it is instant.
    pub optimize_xattrs: bool,
    /// Which image of a file that holds several is converted: an index into
    /// `Analysis::subjects` (`--image`). `None` is all of it where
    /// that is one image. Changing it is instant.
    pub subject: Option<usize>,
    /// Keep the annotations of the image index's descriptors, and the links of attestations to
    /// their images, which soci loses (`--keep-annotations`). Changing it is instant.
    pub keep_annotations: bool,
    /// The tag push tools find the image by, written as `org.opencontainers.image.ref.name` into
    /// `index.json` and nowhere else, so that no digest that is pushed changes (`--tag`). Changing
    /// it is instant.
    pub tag: Option<String>,
    /// Index layers even where the snapshotter will refuse the zTOC, as soci does
    /// (`--keep-unusable`). Changing it is instant.
    pub keep_unusable: bool,
    /// Paths of files to be fetched before the container starts: a prefetch artefact is made for
    /// each layer that holds one (`--prefetch-file`, experimental).
    pub prefetch: Vec<String>,
}

impl Options {
    /// soci's own span size, 4 MiB.
    pub const DEFAULT_SPAN_SIZE: u64 = 4 << 20;
    /// soci's own minimum layer size, 10 MiB.
    pub const DEFAULT_MIN_LAYER_SIZE: u64 = 10 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            span_size: Self::DEFAULT_SPAN_SIZE,
            min_layer_size: Self::DEFAULT_MIN_LAYER_SIZE,
            platforms: PlatformChoice::All,
            optimize_xattrs: false,
            subject: None,
            keep_annotations: false,
            tag: None,
            keep_unusable: false,
            prefetch: Vec::new(),
        }
    }
}

/// Which layers to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every layer that is in the file: those SOCI can index are indexed, whatever their size or
    /// platform, the others are checked against their digest. Later changes of the minimum layer
    /// size or the platforms then need no reading.
    All,
    /// Only what the archive to be written needs under the present options. Layers that are
    /// merely copied are checked while they are copied; see [`crate::export`].
    ForConversion,
}
