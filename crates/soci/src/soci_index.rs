//! The SOCI index: a manifest whose "layers" are zTOCs, and after them the prefetch artefacts.
//!
//! Version 1 points at its image by `subject`; registries without the referrers API lose it.
//! Version 2 has no subject. The image manifest names the index in an annotation instead, so
//! that pulling the image by digest finds it, and the image index carries both.

use crate::error::Error;
use crate::prefetch::{self, Prefetch};
use crate::select::{LayerDecision, PlatformDecision};
use crate::skip::Decision;
use crate::{ConvertOptions, Descriptor, Manifest, ZtocBlob, media_type};
use sociscope_image::Digest;
use sociscope_ztoc::{BUILD_TOOL, Compression};
use std::collections::BTreeMap;

/// On a zTOC: which layer it describes.
pub const LAYER_DIGEST: &str = "com.amazon.soci.image-layer-digest";
/// On a zTOC: that layer's media type.
pub const LAYER_MEDIA_TYPE: &str = "com.amazon.soci.image-layer-mediaType";
/// On a zTOC: the span size it was built with, in decimal.
pub const SPAN_SIZE: &str = "com.amazon.soci.span-size";
/// On a zTOC, `true`: no file of the layer has extended attributes.
pub const DISABLE_XATTRS: &str = "com.amazon.soci.disable-xattrs";
/// On a SOCI index: who built it.
pub const BUILD_TOOL_IDENTIFIER: &str = "com.amazon.soci.build-tool-identifier";
/// On an image manifest, and its descriptor: the SOCI index that belongs to it.
pub const INDEX_DIGEST: &str = "com.amazon.soci.index-digest";
/// On the descriptor of a SOCI index: the image manifest it belongs to.
pub const IMAGE_MANIFEST_DIGEST: &str = "com.amazon.soci.image-manifest-digest";

/// The config of every SOCI index. Registries want one; nobody reads it.
pub const CONFIG: &[u8] = b"{}";

/// An index, and what else came of building it.
pub(crate) struct Built {
    pub(crate) manifest: Manifest,
    pub(crate) prefetch: Prefetch,
}

/// The SOCI index of one platform; `None` if no layer of it is indexed. With a subject it is of
/// version 1, without one of version 2.
pub(crate) fn build(
    platform: &PlatformDecision,
    subject: Option<Descriptor>,
    options: &ConvertOptions,
    ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
) -> Result<Option<Built>, Error> {
    let mut layers = platform
        .layers
        .iter()
        .filter_map(|layer| match layer.decision {
            Decision::Index(compression) => Some((layer, compression)),
            Decision::Skip(_) => None,
        })
        .map(|(layer, compression)| {
            let ztoc = ztocs
                .get(&(layer.digest.clone(), compression))
                .ok_or_else(|| Error::ZtocMissing { digest: layer.digest.to_string() })?;
            Ok(entry(layer, ztoc, options))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    if layers.is_empty() {
        return Ok(None);
    }
    let prefetch = prefetch::build(platform, options, ztocs)?;
    layers.extend(prefetch::entries(platform, &prefetch));
    let version = if subject.is_some() { media_type::SOCI_INDEX_V1 } else { media_type::SOCI_INDEX_V2 };
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::OCI_MANIFEST.to_owned(),
        config: Descriptor::of(version, CONFIG),
        layers: Some(layers),
        subject,
        annotations: [(BUILD_TOOL_IDENTIFIER.to_owned(), BUILD_TOOL.to_owned())].into(),
        ..Manifest::default()
    };
    Ok(Some(Built { manifest, prefetch }))
}

/// A layer that occurs twice in an image has two entries.
fn entry(layer: &LayerDecision, ztoc: &ZtocBlob, options: &ConvertOptions) -> Descriptor {
    let mut annotations: BTreeMap<_, _> = [
        (LAYER_DIGEST.to_owned(), layer.digest.to_string()),
        (LAYER_MEDIA_TYPE.to_owned(), layer.media_type.clone()),
        (SPAN_SIZE.to_owned(), options.span_size.get().to_string()),
    ]
    .into();
    if options.disable_xattrs && ztoc.disables_xattrs {
        annotations.insert(DISABLE_XATTRS.to_owned(), "true".to_owned());
    }
    Descriptor {
        media_type: media_type::ZTOC.to_owned(),
        digest: ztoc.digest.to_string(),
        // A zTOC that large could not have been built; the size is written as found either way.
        size: i64::try_from(ztoc.size).unwrap_or(i64::MAX),
        annotations,
        ..Descriptor::default()
    }
}
