//! One layer without an image around it.
//!
//! A layer tells nothing about the image it is for: no config, no platform, no name. So nothing of
//! that is made up; the archive has one image of one layer, and a note that says so.

use crate::{
    archive::{Archive, Format, Image, ImageKind, Layer, LayerCompression},
    config::ImageConfig,
    diagnostic::{Diagnostic, Severity},
    platform::Platform,
    source::Extent,
};

/// A file of `len` bytes that is one layer, as an archive of one image of one layer.
///
/// The image has no config and no platform ([`Platform::default`], shown as `unknown`); the layer
/// has no digest, because nothing states one, and the media type its compression would have in an
/// OCI manifest.
#[must_use]
pub fn bare_layer(len: u64, compression: LayerCompression) -> Archive {
    let suffix = match &compression {
        LayerCompression::Gzip => "+gzip",
        LayerCompression::Zstd => "+zstd",
        LayerCompression::Uncompressed | LayerCompression::Unknown(_) => "",
    };
    let layer = Layer {
        media_type: format!("application/vnd.oci.image.layer.v1.tar{suffix}"),
        digest: None,
        size: len,
        extent: Some(Extent { offset: 0, len }),
        diff_id: None,
        compression,
        created_by: None,
    };
    let note = Diagnostic::new(
        Severity::Info,
        "bare-layer",
        "the file",
        "There is no image in this file: without index.json and manifest.json it is one layer, or the files of \
         a container (docker export). Its zTOC can be shown and written, but there is nothing to convert.",
    )
    .fix("For the image, save it with `docker save IMAGE -o image.tar`.");
    let image = Image {
        names: Vec::new(),
        platform: Platform::default(),
        manifest: None,
        config: ImageConfig::default(),
        config_text: Vec::new(),
        layers: vec![layer],
        kind: ImageKind::Image,
        listed: 1,
    };
    Archive { format: Format::Layer, size: len, images: vec![image], layout: None, diagnostics: vec![note] }
}
