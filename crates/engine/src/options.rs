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
