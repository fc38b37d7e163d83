//! The table.

use super::{
    Rule,
    Severity::{Error, Info, Warning},
};

const AWS_PULL: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-pull-behavior.html";
const SOCI_INDEX: &str =
    "https://github.com/awslabs/soci-snapshotter/blob/v0.15.0/docs/soci-index-manifest-v2.md";
const SOCI_START: &str = "https://github.com/awslabs/soci-snapshotter/blob/v0.15.0/docs/getting-started.md";
const SNAPSHOTTER: &str =
    "https://github.com/awslabs/soci-snapshotter/blob/v0.15.0/fs/span-manager/span_manager.go";
const SOCI_GLOSSARY: &str = "https://github.com/awslabs/soci-snapshotter/blob/v0.15.0/docs/glossary.md";
const OCI_DESCRIPTOR: &str = "https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md";
const OCI_LAYER: &str = "https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md";
const OCI_LAYOUT: &str = "https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md";
const OCI_CONFIG: &str = "https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md";
const BUILDKIT_ATTESTATION: &str = "https://docs.docker.com/build/metadata/attestations/attestation-storage/";
const BUILDKIT_EXPORT: &str = "https://docs.docker.com/build/exporters/";

/// Every rule, the gravest first; findings keep this order.
pub const RULES: &[Rule] = &[
    LAYER_DIGEST_MISMATCH,
    LAYER_BROKEN,
    LAYER_MISSING,
    LAYER_DIFF_ID_MISMATCH,
    ARCHIVE_ERROR,
    NOT_CONVERTIBLE,
    NO_LAYER_LARGE_ENOUGH,
    PUSH_THIS_ARCHIVE,
    LAYER_UNUSABLE,
    LAYER_ZSTD,
    LAYER_UNSUPPORTED,
    WINDOWS_IMAGE,
    PLATFORM_NOT_INDEXED,
    ATTESTATION_LINK_LOST,
    PREFETCH_NOT_FOUND,
    ARCHIVE_WARNING,
    DOCKER_ARCHIVE,
    ADAPTED,
    LAYERS_MADE,
    LAYERS_UNCOMPRESSED,
    DIGEST_CHANGES,
    ALREADY_INDEXED,
    TAGS_NOT_KEPT,
    IMAGE_SMALL,
    LAYERS_SMALL,
    ARCHIVE_NOTE,
];

pub(super) const LAYER_DIGEST_MISMATCH: Rule = Rule {
    id: "layer-digest-mismatch",
    severity: Error,
    title: "A layer is not the one its manifest names",
    reason: "A digest is the layer's identity: a registry refuses bytes that do not have it, and \
             a zTOC made from other bytes would give a container wrong files.",
    source: OCI_DESCRIPTOR,
    fix: "Export the image again. If it happens again, the store it comes from is damaged.",
};

pub(super) const LAYER_BROKEN: Rule = Rule {
    id: "layer-broken",
    severity: Error,
    title: "A layer cannot be read",
    reason: "Neither SOCI nor a container runtime can unpack it.",
    source: OCI_LAYER,
    fix: "Build or export the image again.",
};

pub(super) const LAYER_MISSING: Rule = Rule {
    id: "layer-missing",
    severity: Error,
    title: "A layer is not in the file",
    reason: "An archive can only be pushed when it holds every blob its manifests name. Tools \
             leave out layers of platforms that were not pulled, and foreign layers.",
    source: OCI_LAYOUT,
    fix: "Export the image with all its layers, for example with `skopeo copy` from its registry.",
};

pub(super) const LAYER_DIFF_ID_MISMATCH: Rule = Rule {
    id: "layer-diff-id-mismatch",
    severity: Error,
    title: "A layer's content is not the one its config names",
    reason: "The runtime compares the unpacked layer with rootfs.diff_ids and refuses the image.",
    source: OCI_CONFIG,
    fix: "Build or export the image again.",
};

pub(super) const ARCHIVE_ERROR: Rule = Rule {
    id: "archive-error",
    severity: Error,
    title: "Something in the archive is broken",
    reason: "It was passed over; what is readable is shown.",
    source: OCI_LAYOUT,
    fix: "Export the image again.",
};

pub(crate) const DOCKER_ARCHIVE: Rule = Rule {
    id: "docker-archive",
    severity: Info,
    title: "The docker-archive becomes an OCI image",
    reason: "It has no manifest that a SOCI index could be attached to, and soci refuses it. A \
             manifest is made here; config and layers are taken over byte for byte. `docker push` \
             would compress the layers anew, and then no zTOC matches.",
    source: BUILDKIT_EXPORT,
    fix: "",
};

pub(super) const ADAPTED: Rule = Rule {
    id: "adapted",
    severity: Info,
    title: "The file was put right for the conversion",
    reason: "soci refuses it as it is. The file itself is not changed.",
    source: SOCI_START,
    fix: "",
};

pub(super) const LAYER_UNUSABLE: Rule = Rule {
    id: "layer-unusable",
    severity: Warning,
    title: "The snapshotter would refuse a layer's zTOC",
    reason: "soci builds the zTOC, but on the node the snapshotter stumbles over it. Such a layer \
             gets no index here and is pulled whole, which always works.",
    source: SNAPSHOTTER,
    fix: "Build the layer without what is named, or keep its zTOC with `--keep-unusable`, as soci does.",
};

pub(super) const LAYERS_MADE: Rule = Rule {
    id: "layers-made",
    severity: Info,
    title: "Layers were compressed here",
    reason: "Their content is the same, which the config's diff_ids prove; their stored bytes, and so \
             the digests of layers and manifests, are new.",
    source: OCI_LAYER,
    fix: "",
};

pub(super) const LAYERS_UNCOMPRESSED: Rule = Rule {
    id: "layers-uncompressed",
    severity: Info,
    title: "Layers are stored without compression",
    reason: "SOCI can index a plain tar. But it is stored, pushed and, where it is not lazy, pulled at \
             its full size.",
    source: SOCI_GLOSSARY,
    fix: "Make the layers gzip here: `--recompress all`, or “Layers as gzip” in the page.",
};

pub(super) const PREFETCH_NOT_FOUND: Rule = Rule {
    id: "prefetch-not-found",
    severity: Warning,
    title: "A file to prefetch is in no indexed layer",
    reason: "Paths are compared with the names in the layers' tar, byte for byte, without a leading \
             slash or `./`; directories and layers without an index never match.",
    source: SOCI_START,
    fix: "Look the path up in the layer's list of files.",
};

pub(super) const NOT_CONVERTIBLE: Rule = Rule {
    id: "not-convertible",
    severity: Error,
    title: "No SOCI archive can be made of this file",
    reason: "soci refuses it for the same reason.",
    source: SOCI_START,
    fix: "",
};

pub(super) const NO_LAYER_LARGE_ENOUGH: Rule = Rule {
    id: "no-layer-large-enough",
    severity: Warning,
    title: "No layer is large enough to be indexed",
    reason: "Layers below the minimum size are pulled whole, because fetching them in pieces \
             would be slower; with no layer left there is nothing to convert.",
    source: SOCI_GLOSSARY,
    fix: "Use the image as it is, or lower the minimum layer size to try it out.",
};

pub(super) const PUSH_THIS_ARCHIVE: Rule = Rule {
    id: "push-this-archive",
    severity: Warning,
    title: "Push this archive, not the local image",
    reason: "`docker push` sends the original manifests, which name no index. The classic Docker \
             store also compresses layers anew, and then no zTOC matches.",
    source: SOCI_INDEX,
    fix: "Push with `oras cp -r --from-oci-layout FILE@DIGEST REGISTRY/REPOSITORY:TAG`.",
};

pub(super) const LAYER_ZSTD: Rule = Rule {
    id: "layer-zstd",
    severity: Warning,
    title: "A zstd layer cannot be indexed",
    reason: "SOCI finds its way into gzip streams and plain tars only; a zstd layer is pulled \
             whole before the task starts.",
    source: AWS_PULL,
    fix: "Make it gzip here (`--recompress needed`, or “Layers as gzip” in the page), or build with \
          `--output type=oci,compression=gzip,force-compression=true,dest=image.tar`.",
};

pub(super) const LAYER_UNSUPPORTED: Rule = Rule {
    id: "layer-unsupported",
    severity: Warning,
    title: "A layer has a compression SOCI cannot index",
    reason: "SOCI finds its way into gzip streams and plain tars only; the layer is pulled whole \
             before the task starts.",
    source: SOCI_GLOSSARY,
    fix: "Build the image with gzip layers.",
};

pub(super) const WINDOWS_IMAGE: Rule = Rule {
    id: "windows-image",
    severity: Warning,
    title: "Windows images do not load lazily",
    reason: "Lazy loading on Fargate is for Linux tasks; on Windows the image is pulled whole, \
             index or not.",
    source: AWS_PULL,
    fix: "",
};

pub(super) const PLATFORM_NOT_INDEXED: Rule = Rule {
    id: "platform-not-indexed",
    severity: Warning,
    title: "A platform of the image gets no index",
    reason: "Tasks on that platform pull the whole image before they start.",
    source: SOCI_START,
    fix: "Choose all platforms, or the one the task definition runs on.",
};

pub(super) const ATTESTATION_LINK_LOST: Rule = Rule {
    id: "attestation-link-lost",
    severity: Warning,
    title: "Attestations lose the link to their image",
    reason: "As in soci itself, descriptors in the image index get the annotations of their \
             manifests, so `vnd.docker.reference.digest` and `.type` go. The attestations are \
             still in the archive, but tools no longer find which image they are about.",
    source: BUILDKIT_ATTESTATION,
    fix: "Keep the links with `--keep-annotations`; the digest of the image index then differs from soci's.",
};

pub(super) const ARCHIVE_WARNING: Rule = Rule {
    id: "archive-warning",
    severity: Warning,
    title: "Something in the archive is unusual",
    reason: "It does not stop the conversion.",
    source: OCI_LAYOUT,
    fix: "",
};

pub(super) const DIGEST_CHANGES: Rule = Rule {
    id: "digest-changes",
    severity: Info,
    title: "The image gets a new digest",
    reason: "A SOCI v2 index is named by an annotation in the image manifest, so the manifest is \
             another one; layers keep their digests. A service pinned to the old digest never \
             loads lazily.",
    source: SOCI_INDEX,
    fix: "Deploy the new tag, or the new digest.",
};

pub(super) const ALREADY_INDEXED: Rule = Rule {
    id: "already-indexed",
    severity: Info,
    title: "The file already holds a SOCI index",
    reason: "Indexes of converted platforms are made anew and take the place of the old ones.",
    source: SOCI_INDEX,
    fix: "",
};

pub(super) const TAGS_NOT_KEPT: Rule = Rule {
    id: "tags-not-kept",
    severity: Info,
    title: "The SOCI archive carries no tag",
    reason: "As in soci itself, the archive's index.json has one entry without a name.",
    source: OCI_LAYOUT,
    fix: "Give the tag when pushing, or write one into index.json with `--tag`.",
};

pub(super) const IMAGE_SMALL: Rule = Rule {
    id: "image-small",
    severity: Info,
    title: "The image is small: little to gain",
    reason: "AWS suggests lazy loading for images of more than 250 MiB compressed; smaller ones \
             are pulled about as quickly as they are mounted.",
    source: AWS_PULL,
    fix: "",
};

pub(super) const LAYERS_SMALL: Rule = Rule {
    id: "layers-small",
    severity: Info,
    title: "Layers below the minimum size are pulled whole",
    reason: "For small layers one download is faster than fetching pieces on demand.",
    source: SOCI_GLOSSARY,
    fix: "",
};

pub(super) const ARCHIVE_NOTE: Rule = Rule {
    id: "archive-note",
    severity: Info,
    title: "About the archive",
    reason: "Found while reading the archive's own documents.",
    source: OCI_LAYOUT,
    fix: "",
};
