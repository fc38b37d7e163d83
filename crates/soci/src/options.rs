//! What a conversion is asked to do.

use crate::Error;
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

/// Characters of a tag, at most.
const MAX_TAG: usize = 128;

impl ConvertOptions {
    /// The tag of [`tag`](Self::tag), which may be a full name.
    ///
    /// # Errors
    /// It is none. Source: OCI distribution-spec v1.1, "Pulling manifests".
    pub(crate) fn tag(&self) -> Result<Option<&str>, Error> {
        let Some(text) = self.tag.as_deref() else { return Ok(None) };
        // In `localhost:5000/app` the colon belongs to the host.
        let last = text.rsplit('/').next().unwrap_or_default();
        let tag = last.split_once(':').map_or(text, |(_, tag)| tag);
        if last.contains('@') {
            return Err(Error::TagSyntax { text: text.to_owned() });
        }
        let mut characters = tag.chars();
        let first = characters.next().is_some_and(|first| first.is_ascii_alphanumeric() || first == '_');
        let rest = characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if first && rest && tag.len() <= MAX_TAG {
            Ok(Some(tag))
        } else {
            Err(Error::TagSyntax { text: text.to_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_tag_or_the_end_of_a_name() {
        let long = "a".repeat(129);
        for (text, expected) in [
            ("latest", Some("latest")),
            ("1.0-rc_2", Some("1.0-rc_2")),
            ("_", Some("_")),
            ("app:1", Some("1")),
            ("localhost:5000/team/app:v1", Some("v1")),
            (&long[..128], Some(&long[..128])),
            (&long, None),
            ("", None),
            ("app:", None),
            (".hidden", None),
            ("-v", None),
            ("a b", None),
            ("\u{e9}", None),
            ("localhost:5000/app", None),
            ("app@sha256:44136fa3", None),
            ("app:1@sha256:44136fa3", None),
        ] {
            let options = ConvertOptions { tag: Some(text.to_owned()), ..ConvertOptions::default() };
            assert_eq!(options.tag().ok().flatten(), expected, "{text}");
        }
        assert_eq!(ConvertOptions::default().tag(), Ok(None));
    }
}
