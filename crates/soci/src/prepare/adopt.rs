//! From a docker-archive to an OCI layout.
//!
//! ```text
//! manifest.json [ { Config, RepoTags, Layers } ]       index.json ─► manifest ─┬─► config  the same bytes
//!                                              ───►    names, platform         └─► layers  the same bytes
//! ```
//!
//! Nothing of the image changes: the config keeps its bytes, so the image ID stays, and the layers
//! theirs. Only the manifest is new, for a docker-archive has none. In it each layer has the digest of
//! its stored bytes. That of a plain tar is its diff ID, if the config can be trusted; that of a
//! compressed one is known to nobody before it is read.

use super::Adopted;
use crate::error::Error;
use crate::{Descriptor, Index, Manifest, OCI_LAYOUT, media_type};
use sociscope_image::{Archive, Digest, Extent, Image, Layer, LayerCompression, Layout};
use std::collections::{BTreeMap, BTreeSet};

/// The same archive with an OCI layout; one that has a layout is returned as it is. `digests` are
/// those of layers that have been read, by where they lie; they count more than what the config
/// says.
///
/// Layers get OCI types by what their bytes are. A compression that SOCI cannot index gets the type
/// that says so, and the layer is skipped for that reason.
///
/// # Errors
/// No image of the archive is whole: of the first, what is absent. An image that is not whole beside
/// others that are is left without a manifest; [`layout_for`](super::layout_for) says why.
pub fn as_oci(archive: &Archive, digests: &BTreeMap<Extent, Digest>) -> Result<Adopted, Error> {
    let mut archive = archive.clone();
    let (mut unread, mut seen) = (Vec::new(), BTreeSet::new());
    if archive.layout.is_some() {
        return Ok(Adopted { archive, unread });
    }
    let mut layout = Layout { oci_layout: Some(OCI_LAYOUT.to_vec()), ..Layout::default() };
    let mut entries = Vec::new();
    for image in &mut archive.images {
        if obstacle(image).is_none() {
            entries.push(adopt(image, digests, &mut layout, &mut |extent| {
                if seen.insert(extent) {
                    unread.push(extent);
                }
            }));
        }
    }
    if entries.is_empty() {
        return Err(archive.images.iter().find_map(obstacle).unwrap_or(Error::NoManifests));
    }
    layout.index_json = Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX.to_owned(),
        manifests: Some(entries),
        ..Index::default()
    }
    .to_json();
    archive.layout = Some(layout);
    Ok(Adopted { archive, unread })
}

/// What an image lacks.
pub(super) fn obstacle(image: &Image) -> Option<Error> {
    if image.config_text.is_empty() {
        return Some(Error::ConfigAbsent);
    }
    let absent = image.layers.iter().position(|layer| layer.extent.is_none())?;
    Some(Error::LayerAbsent {
        number: absent.saturating_add(1),
        layers: image.layers.len(),
        diff_id: image.layers.get(absent)?.diff_id.as_ref().map(Digest::to_string),
    })
}

/// Gives an image a manifest; returns its entry in `index.json`. Tells `unread` which layers nobody
/// knows the digest of.
fn adopt(
    image: &mut Image,
    digests: &BTreeMap<Extent, Digest>,
    layout: &mut Layout,
    unread: &mut impl FnMut(Extent),
) -> Descriptor {
    let config = Descriptor::of(media_type::OCI_CONFIG, &image.config_text);
    layout.documents.insert(Digest::of(&image.config_text), image.config_text.clone());
    let mut layers = Vec::new();
    for layer in &mut image.layers {
        let Some(extent) = layer.extent else { continue };
        let digest = digest(layer, extent, digests).unwrap_or_else(|| {
            unread(extent);
            stand_in(extent)
        });
        // A second copy of the same bytes is not needed.
        layout.blobs.entry(digest.clone()).or_insert(extent);
        layer.media_type = layer_type(&layer.compression);
        layers.push(Descriptor {
            media_type: layer.media_type.clone(),
            digest: digest.to_string(),
            size: i64::try_from(extent.len).unwrap_or(i64::MAX),
            ..Descriptor::default()
        });
        layer.digest = Some(digest);
    }
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::OCI_MANIFEST.to_owned(),
        config,
        layers: Some(layers),
        ..Manifest::default()
    }
    .to_json();
    let digest = Digest::of(&manifest);
    let entry = Descriptor {
        annotations: names(image.names.first()),
        platform: (!image.platform.is_empty()).then(|| image.platform.normalised()),
        ..Descriptor::of(media_type::OCI_MANIFEST, &manifest)
    };
    layout.documents.insert(digest.clone(), manifest);
    image.manifest = Some(digest);
    entry
}

/// The digest of a layer's stored bytes, if it is known.
fn digest(layer: &Layer, extent: Extent, digests: &BTreeMap<Extent, Digest>) -> Option<Digest> {
    let by_config = || (layer.compression == LayerCompression::Uncompressed).then(|| layer.diff_id.clone());
    digests.get(&extent).or(layer.digest.as_ref()).cloned().or_else(|| by_config().flatten())
}

/// A digest that no layer has, one for each place.
fn stand_in(extent: Extent) -> Digest {
    Digest::of(format!("the unread layer at {}, of {} bytes", extent.offset, extent.len).as_bytes())
}

/// The OCI type of a layer.
fn layer_type(compression: &LayerCompression) -> String {
    let suffix = match compression {
        LayerCompression::Uncompressed => return media_type::OCI_LAYER.to_owned(),
        LayerCompression::Gzip => "gzip".to_owned(),
        LayerCompression::Zstd => "zstd".to_owned(),
        LayerCompression::Unknown(name) => {
            let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
            if is_word { name.to_ascii_lowercase() } else { "unknown".to_owned() }
        }
    };
    format!("{}+{suffix}", media_type::OCI_LAYER)
}

/// What `docker save` 25 and later write about a name: all of it, and its tag.
fn names(name: Option<&String>) -> BTreeMap<String, String> {
    let Some(name) = name else { return BTreeMap::new() };
    let last = name.rsplit('/').next().unwrap_or_default();
    match last.split_once(':') {
        Some((_, tag)) => [
            (media_type::CONTAINERD_NAME.to_owned(), name.clone()),
            (media_type::REF_NAME.to_owned(), tag.to_owned()),
        ]
        .into(),
        None => [(media_type::REF_NAME.to_owned(), name.clone())].into(),
    }
}
