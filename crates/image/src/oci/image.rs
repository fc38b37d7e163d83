//! From a manifest to its config and layers.

use super::{
    descriptor::Descriptor,
    layout::{Blob, Walk, Wanted},
    media_type,
};
use crate::{
    archive::{Image, ImageKind, Layer, LayerCompression},
    config::ImageConfig,
    diagnostic::{Diagnostic, Severity},
    digest::Digest,
    error::Error,
    json::Object,
    layers,
    source::Extent,
};

const CONFIG: Wanted<'static> =
    Wanted { what: "config", absent: Severity::Error, fix: "Save the image again, with all its content." };

const LAYER: Wanted<'static> = Wanted { what: "layer", ..CONFIG };

/// Left out on purpose: their licence lets nobody but their maker hand them out.
const FOREIGN_LAYER: Wanted<'static> = Wanted {
    what: "foreign layer",
    absent: Severity::Warning,
    fix: "Such layers come from the URLs in the manifest: save with a tool that fetches them.",
};

/// Reads the manifest that `descriptor` points at, as far as its parts have arrived.
pub(super) fn read(
    walk: &mut Walk<'_>,
    descriptor: &Descriptor,
    digest: &Digest,
    manifest: &Object<'_>,
    names: Vec<String>,
) -> Result<Image, Error> {
    let place = digest.blob_path();
    let mut problems = Vec::new();
    let config_descriptor =
        manifest.object("config", &mut problems).map(|it| Descriptor::read(&place, &it, &mut problems));
    let artifact_type: String = manifest.get("artifactType", &mut problems);
    let layer_objects = manifest.objects("layers", &mut problems);
    walk.count(&place, layer_objects.len())?;
    let layer_descriptors: Vec<Descriptor> =
        layer_objects.iter().map(|it| Descriptor::read(&place, it, &mut problems)).collect();
    walk.problems(&place, &mut problems);

    let config_type = config_descriptor.as_ref().map_or("", |config| config.media_type.as_str());
    let kind = kind(descriptor, &artifact_type, config_type);
    let (config, config_text) = config(walk, kind, config_descriptor.as_ref(), &place);
    let mut layers: Vec<Layer> =
        layer_descriptors.iter().map(|descriptor| layer(walk, kind, descriptor)).collect();
    if kind == ImageKind::Image {
        if layers.is_empty() {
            walk.notes.push(Diagnostic::new(
                Severity::Warning,
                "no-layers",
                &place,
                "The manifest lists no layer, so the image has no files.",
            ));
        }
        layers::describe(&mut layers, &config, &place, walk.notes);
    }
    Ok(Image {
        names: if kind == ImageKind::Image { names } else { Vec::new() },
        platform: descriptor.platform.clone().unwrap_or_else(|| layers::platform(&config)),
        manifest: Some(digest.clone()),
        config,
        config_text,
        layers,
        kind,
        listed: 1,
    })
}

/// What the manifest really is.
fn kind(descriptor: &Descriptor, artifact_type: &str, config_type: &str) -> ImageKind {
    let types = [descriptor.artifact_type.as_str(), artifact_type, config_type];
    if types.into_iter().any(media_type::is_soci_index) {
        ImageKind::SociIndex
    } else if descriptor.is_attestation() {
        ImageKind::Attestation
    } else if media_type::is_image_config(config_type) {
        ImageKind::Image
    } else {
        ImageKind::Other
    }
}

/// The config's fields and text. That of an artefact is kept as a document and not looked into.
fn config(
    walk: &mut Walk<'_>,
    kind: ImageKind,
    descriptor: Option<&Descriptor>,
    place: &str,
) -> (ImageConfig, Vec<u8>) {
    let nothing = (ImageConfig::default(), Vec::new());
    let Some(descriptor) = descriptor else {
        walk.notes.push(
            Diagnostic::new(Severity::Error, "config-missing", place, "The manifest names no config.")
                .fix("Save the image again."),
        );
        return nothing;
    };
    let Blob::Here { text, digest } = walk.document(descriptor, &CONFIG) else { return nothing };
    if kind != ImageKind::Image {
        return (ImageConfig::default(), text.to_vec());
    }
    let place = digest.blob_path();
    match ImageConfig::read(&text) {
        Ok((config, mut problems)) => {
            walk.problems(&place, &mut problems);
            layers::check_platform(&config, &place, walk.notes);
            (config, text.to_vec())
        }
        Err(problem) => {
            walk.unreadable(&place, &problem);
            (ImageConfig::default(), text.to_vec())
        }
    }
}

fn layer(walk: &mut Walk<'_>, kind: ImageKind, descriptor: &Descriptor) -> Layer {
    let digest = descriptor.digest().map_err(|diagnostic| walk.notes.push(diagnostic)).ok();
    let wanted = if media_type::is_foreign_layer(&descriptor.media_type) { FOREIGN_LAYER } else { LAYER };
    let extent = digest.as_ref().and_then(|digest| walk.locate(digest, &descriptor.place, &wanted));
    if let Some(extent) = extent {
        walk.check_size(descriptor, wanted.what, extent);
    }
    let compression = media_type::compression(&descriptor.media_type);
    if let (ImageKind::Image, Some(extent)) = (kind, extent) {
        check_bytes(walk, descriptor, &compression, extent);
    }
    Layer {
        media_type: descriptor.media_type.clone(),
        size: descriptor.size.or(extent.map(|extent| extent.len)).unwrap_or_default(),
        digest,
        extent,
        diff_id: None,
        compression,
        created_by: None,
    }
}

/// Notes a layer whose first bytes are not what its media type says.
fn check_bytes(walk: &mut Walk<'_>, descriptor: &Descriptor, named: &LayerCompression, extent: Extent) {
    if matches!(named, LayerCompression::Unknown(_)) {
        return;
    }
    let Some(start) = walk.store.peek(extent) else { return };
    let found = layers::compression(&start);
    if found == *named || start.is_empty() {
        return;
    }
    let found = match &found {
        LayerCompression::Gzip => "gzip",
        LayerCompression::Uncompressed => "a plain tar",
        LayerCompression::Zstd => "zstd",
        LayerCompression::Unknown(name) => name,
    };
    let message = format!("The layer's bytes are {found}, but its media type is {}.", descriptor.media_type);
    walk.notes.push(
        Diagnostic::new(Severity::Error, "layer-type-mismatch", &descriptor.place, message)
            .fix("The soci command fails on such a layer: save or build the image again."),
    );
}
