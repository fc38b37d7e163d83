//! Media types: what a descriptor claims its blob is.
//!
//! The reference never looks at a blob to learn what it is, so everything is decided here, by
//! the rules of containerd v2.2 (`core/images/mediatypes.go`):
//!
//! | layer type | with `+suffix` | compression |
//! |---|---|---|
//! | OCI `…layer.v1.tar`, `…layer.nondistributable.v1.tar` | the **last suffix in sorted order** decides: `gzip`, `zstd` | that |
//! | OCI `…layer.v1.tar`, exactly | – | none |
//! | OCI `…layer.nondistributable.v1.tar`, or another suffix | | nameless: not indexable |
//! | OCI `…layer.` and anything else | | unknown type |
//! | Docker `…diff.tar`, `…foreign.diff.tar` | none | read as plain tar |
//! | Docker `…diff.tar.gzip`, `…foreign.diff.tar.gzip` | none | gzip |
//! | Docker `…diff.tar.zstd` | none | zstd |
//! | any of Docker's | some | nameless: not indexable |
//!
//! Sorting is why `tar+gzip+encrypted` counts as gzip: `encrypted` sorts first.

/// An OCI image manifest. Rewritten manifests, and SOCI indexes, are of this type.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index: a list of manifests.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The config of an OCI image.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// A Docker image manifest, version 2, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The config of a Docker image.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The type of a SOCI index, version 2: config media type of its manifest, and artifact type of
/// its descriptor.
pub const SOCI_INDEX_V2: &str = "application/vnd.amazon.soci.index.v2+json";
/// The type of a SOCI index, version 1, in the same places.
pub const SOCI_INDEX_V1: &str = "application/vnd.amazon.soci.index.v1+json";
/// A zTOC inside a SOCI index.
pub const ZTOC: &str = "application/octet-stream";
/// A prefetch artefact inside a SOCI index.
pub const PREFETCH: &str = "application/vnd.amazon.soci.prefetch.v1+json";

/// Annotation of a descriptor in `index.json`: the tag of the image, or its name.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation of a descriptor in `index.json`: the full name of the image, by containerd.
pub(crate) const CONTAINERD_NAME: &str = "io.containerd.image.name";

const OCI_LAYER_PREFIX: &str = "application/vnd.oci.image.layer.";
/// A layer in an OCI image; a suffix says how it is compressed.
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const OCI_LAYER_NONDISTRIBUTABLE: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
const DOCKER_LAYER_FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar";
const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const DOCKER_LAYER_FOREIGN_GZIP: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const DOCKER_LAYER_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";

/// Whether this is an image manifest. Exact: parameters and letter case count.
#[must_use]
pub fn is_manifest(media_type: &str) -> bool {
    matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST)
}

/// Whether this is a list of manifests.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_INDEX | DOCKER_LIST)
}

/// Whether this is an image config, from which a platform may be read.
#[must_use]
pub fn is_config(media_type: &str) -> bool {
    matches!(media_type, OCI_CONFIG | DOCKER_CONFIG)
}

/// Whether this is a layer at all. An image with anything else among its layers is refused.
#[must_use]
pub fn is_layer(media_type: &str) -> bool {
    media_type.starts_with(OCI_LAYER_PREFIX)
        || matches!(
            base(media_type),
            DOCKER_LAYER
                | DOCKER_LAYER_GZIP
                | DOCKER_LAYER_FOREIGN
                | DOCKER_LAYER_FOREIGN_GZIP
                | DOCKER_LAYER_ZSTD
        )
}

/// Whether it may be left out of an archive, because it is distributed by somebody else: Docker's
/// foreign layers, OCI's nondistributable ones.
#[must_use]
pub fn is_foreign_layer(media_type: &str) -> bool {
    matches!(base(media_type), DOCKER_LAYER_FOREIGN | DOCKER_LAYER_FOREIGN_GZIP)
        || base(media_type).starts_with(OCI_LAYER_NONDISTRIBUTABLE)
}

/// How a layer is compressed, as far as its type says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerType {
    /// Can be indexed.
    Indexable(sociscope_ztoc::Compression),
    /// A layer whose compression has no zTOC; the name the reference gives it, which is empty
    /// for encrypted layers and unknown suffixes.
    Unsupported(&'static str),
    /// A layer of a type that containerd does not know.
    Unknown,
}

/// The compression that a layer's type states.
#[must_use]
pub fn layer_type(media_type: &str) -> LayerType {
    use sociscope_ztoc::Compression::{Gzip, Uncompressed};
    let suffixed = media_type.contains('+');
    match base(media_type) {
        DOCKER_LAYER | DOCKER_LAYER_FOREIGN if !suffixed => LayerType::Indexable(Uncompressed),
        DOCKER_LAYER_GZIP | DOCKER_LAYER_FOREIGN_GZIP if !suffixed => LayerType::Indexable(Gzip),
        DOCKER_LAYER_ZSTD if !suffixed => LayerType::Unsupported("zstd"),
        DOCKER_LAYER
        | DOCKER_LAYER_FOREIGN
        | DOCKER_LAYER_GZIP
        | DOCKER_LAYER_FOREIGN_GZIP
        | DOCKER_LAYER_ZSTD => LayerType::Unsupported(""),
        OCI_LAYER | OCI_LAYER_NONDISTRIBUTABLE => match deciding_suffix(media_type) {
            Some("gzip") => LayerType::Indexable(Gzip),
            Some("zstd") => LayerType::Unsupported("zstd"),
            None if media_type == OCI_LAYER => LayerType::Indexable(Uncompressed),
            _ => LayerType::Unsupported(""),
        },
        _ => LayerType::Unknown,
    }
}

/// The type of a gzip layer of the same family: Docker stays Docker, and what must not be handed on
/// must not be either way.
pub(crate) fn as_gzip(media_type: &str) -> String {
    match base(media_type) {
        DOCKER_LAYER | DOCKER_LAYER_GZIP | DOCKER_LAYER_ZSTD => DOCKER_LAYER_GZIP.to_owned(),
        DOCKER_LAYER_FOREIGN | DOCKER_LAYER_FOREIGN_GZIP => DOCKER_LAYER_FOREIGN_GZIP.to_owned(),
        OCI_LAYER_NONDISTRIBUTABLE => format!("{OCI_LAYER_NONDISTRIBUTABLE}+gzip"),
        _ => format!("{OCI_LAYER}+gzip"),
    }
}

/// The type without its suffixes.
fn base(media_type: &str) -> &str {
    media_type.split('+').next().unwrap_or_default()
}

/// The suffix that sorts last. containerd splits into at most 50; what follows the 49th plus
/// sign stays one suffix.
fn deciding_suffix(media_type: &str) -> Option<&str> {
    media_type.split_once('+')?.1.splitn(50, '+').max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sociscope_ztoc::Compression::{Gzip, Uncompressed};

    #[test]
    fn layer_types_are_read_as_containerd_reads_them() {
        let oci = "application/vnd.oci.image.layer";
        let docker = "application/vnd.docker.image.rootfs";
        let indexable = |compression| LayerType::Indexable(compression);
        let cases = [
            (format!("{oci}.v1.tar"), indexable(Uncompressed)),
            (format!("{oci}.v1.tar+gzip"), indexable(Gzip)),
            (format!("{oci}.v1.tar+zstd"), LayerType::Unsupported("zstd")),
            (format!("{oci}.v1.tar+gzip+encrypted"), indexable(Gzip)),
            (format!("{oci}.v1.tar+zstd+encrypted"), LayerType::Unsupported("zstd")),
            (format!("{oci}.v1.tar+gzip+zstd"), LayerType::Unsupported("zstd")),
            (format!("{oci}.v1.tar+encrypted"), LayerType::Unsupported("")),
            (format!("{oci}.v1.tar+"), LayerType::Unsupported("")),
            (format!("{oci}.v1.tar+foo"), LayerType::Unsupported("")),
            (format!("{oci}.nondistributable.v1.tar"), LayerType::Unsupported("")),
            (format!("{oci}.nondistributable.v1.tar+gzip"), indexable(Gzip)),
            (format!("{oci}.v2.tar"), LayerType::Unknown),
            (format!("{docker}.diff.tar"), indexable(Uncompressed)),
            (format!("{docker}.foreign.diff.tar"), indexable(Uncompressed)),
            (format!("{docker}.diff.tar.gzip"), indexable(Gzip)),
            (format!("{docker}.foreign.diff.tar.gzip"), indexable(Gzip)),
            (format!("{docker}.diff.tar.zstd"), LayerType::Unsupported("zstd")),
            (format!("{docker}.diff.tar.gzip+encrypted"), LayerType::Unsupported("")),
        ];
        for (media_type, expected) in cases {
            assert!(is_layer(&media_type), "{media_type}");
            assert_eq!(layer_type(&media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn other_types_are_no_layers() {
        for media_type in ["", "application/octet-stream", "application/vnd.in-toto+json", PREFETCH] {
            assert!(!is_layer(media_type), "{media_type}");
        }
    }
}
