//! Media types, and how a layer's says it is compressed.

use crate::archive::LayerCompression;

/// OCI image index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Its Docker twin.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// OCI image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Its Docker twin.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// OCI image config.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Its Docker twin.
pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// The bare layer types, in the order in which a suffix may follow.
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const OCI_FOREIGN_LAYER: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
/// Docker's layer types; compression follows a dot.
pub(crate) const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
const DOCKER_FOREIGN_LAYER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar";

pub(crate) fn is_index(media_type: &str) -> bool {
    matches!(media_type, INDEX | DOCKER_LIST)
}

pub(crate) fn is_manifest(media_type: &str) -> bool {
    matches!(media_type, MANIFEST | DOCKER_MANIFEST)
}

/// Whether a manifest with such a config is an image. Early tools left the type out.
pub(crate) fn is_image_config(media_type: &str) -> bool {
    matches!(media_type, CONFIG | DOCKER_CONFIG | "")
}

/// SOCI index manifests: v1 by config type, v2 by config and artifact type.
pub(crate) fn is_soci_index(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.amazon.soci.index.v1+json" | "application/vnd.amazon.soci.index.v2+json"
    )
}

/// Layers that a registry may not serve, so that archives may lack them.
pub(crate) fn is_foreign_layer(media_type: &str) -> bool {
    media_type.starts_with(OCI_FOREIGN_LAYER) || media_type.starts_with(DOCKER_FOREIGN_LAYER)
}

/// How the bytes of a layer of this type are compressed: `+gzip` and `+zstd` in OCI types, `.gzip`
/// and `.zstd` in Docker's. Any other suffix, `+encrypted` among them, is unknown by that suffix;
/// what is no layer type at all is unknown by its whole name.
pub(crate) fn compression(media_type: &str) -> LayerCompression {
    let suffix =
        [(OCI_LAYER, '+'), (OCI_FOREIGN_LAYER, '+'), (DOCKER_LAYER, '.'), (DOCKER_FOREIGN_LAYER, '.')]
            .into_iter()
            .find_map(|(base, separator)| match media_type.strip_prefix(base)? {
                "" => Some(""),
                rest => rest.strip_prefix(separator),
            });
    match suffix {
        Some("") => LayerCompression::Uncompressed,
        Some("gzip") => LayerCompression::Gzip,
        Some("zstd") => LayerCompression::Zstd,
        Some(other) => LayerCompression::Unknown(other.to_owned()),
        None => LayerCompression::Unknown(media_type.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_types_say_their_compression() {
        let unknown = |text: &str| LayerCompression::Unknown(text.to_owned());
        for (media_type, expected) in [
            ("application/vnd.oci.image.layer.v1.tar", LayerCompression::Uncompressed),
            ("application/vnd.oci.image.layer.v1.tar+gzip", LayerCompression::Gzip),
            ("application/vnd.oci.image.layer.v1.tar+zstd", LayerCompression::Zstd),
            ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", unknown("gzip+encrypted")),
            ("application/vnd.oci.image.layer.v1.tar+bzip2", unknown("bzip2")),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", LayerCompression::Gzip),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", LayerCompression::Gzip),
            ("application/vnd.docker.image.rootfs.diff.tar.zstd", LayerCompression::Zstd),
            ("application/vnd.docker.image.rootfs.diff.tar", LayerCompression::Uncompressed),
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", LayerCompression::Gzip),
            (
                "application/vnd.oci.image.layer.v1.tarball",
                unknown("application/vnd.oci.image.layer.v1.tarball"),
            ),
            ("application/octet-stream", unknown("application/octet-stream")),
            ("", unknown("")),
        ] {
            assert_eq!(compression(media_type), expected, "{media_type}");
        }
    }
}
