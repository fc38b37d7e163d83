//! What a conversion is asked to do.

use sociscope_image::Digest;
use sociscope_ztoc::SpanSize;
use std::collections::BTreeMap;

/// The layer size from which on a layer is indexed unless said otherwise: 10 MiB.
pub const DEFAULT_MIN_LAYER_SIZE: u64 = 10 << 20;

/// How to convert. The default is the reference's, but for the platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertOptions {
    /// Uncompressed bytes between two checkpoints. It is only *recorded* here (in an annotation);
    /// the zTOCs handed to [`finish`](crate::Selection::finish) must have been built with it.
    pub span_size: SpanSize,
    /// Layers whose compressed size is below this many bytes get no zTOC. Equal is not below.
    pub min_layer_size: u64,
    /// Which images of the archive are indexed. The others stay in it, without an index.
    pub platforms: PlatformChoice,
    /// `--optimizations xattr`: mark layers without extended attributes, so that the snapshotter
    /// answers attribute lookups without asking.
    pub disable_xattrs: bool,
    /// Files that a container reads first, as [`prefetch::paths`](crate::prefetch::paths) returns
    /// them. Experimental. Every [`ZtocBlob`](crate::ZtocBlob) must answer for each of them.
    pub prefetch: Vec<String>,
    /// Descriptors keep their own annotations, and attestations the reference to their image.
    /// Other bytes than the reference's, which loses both.
    pub keep_annotations: bool,
    /// A tag for `index.json`, where tools that push look for one; a full name counts as its tag.
    /// The digest of the image does not depend on it. The reference writes none.
    pub tag: Option<String>,
    /// Layers that must not get a zTOC, and why, in a sentence: the snapshotter would refuse it.
    /// The reference builds it all the same.
    pub unusable: BTreeMap<Digest, String>,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self {
            span_size: SpanSize::DEFAULT,
            min_layer_size: DEFAULT_MIN_LAYER_SIZE,
            platforms: PlatformChoice::All,
            disable_xattrs: false,
            prefetch: Vec::new(),
            keep_annotations: false,
            tag: None,
            unusable: BTreeMap::new(),
        }
    }
}

/// Which platforms of an image are indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformChoice {
    /// Every platform of the image, in the order of its list, `unknown` ones (attestations) left
    /// out.
    All,
    /// These, in this order; see [`Platform::parse`](sociscope_image::Platform::parse) for what may be
    /// written. SOCI indexes appear in the image index in this order and with these spellings.
    /// Nothing listed is what the reference does without flags on Linux on amd64: the only
    /// platform there is, or linux/amd64.
    Listed(Vec<String>),
}
