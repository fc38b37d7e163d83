//! The one model every kind of image archive is read into.

use crate::{
    config::ImageConfig, diagnostic::Diagnostic, digest::Digest, platform::Platform, source::Extent,
};
use std::collections::BTreeMap;

/// Everything an archive says about its images, without a byte of its layers.
#[derive(Clone, Debug)]
pub struct Archive {
    /// How the archive is built.
    pub format: Format,
    /// Size of the source file in bytes.
    pub size: u64,
    /// The images, in the order the archive lists them. The same manifest listed again (under
    /// another name, say) adds its name to the first.
    pub images: Vec<Image>,
    /// The OCI layout's documents and blobs; `None` for docker-archives without one.
    pub layout: Option<Layout>,
    /// What is wrong or odd, in the order it was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// How an archive is built.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A tar of an OCI layout, with or without Docker's `manifest.json` beside it.
    OciArchive,
    /// What `docker save` wrote before Docker 25, and what other tools call `docker-archive`.
    DockerArchive,
    /// No archive of images at all: the file is one layer, see [`bare_layer`](crate::bare_layer).
    Layer,
}

/// One image, or one thing that is stored like one.
#[derive(Clone, Debug)]
pub struct Image {
    /// Full names (`registry/repository:tag`) where the archive has them, else bare tags.
    pub names: Vec<String>,
    /// What it runs on: the descriptor's word if it has one, else the config's.
    pub platform: Platform,
    /// The manifest as the archive addresses it; `None` in docker-archives.
    pub manifest: Option<Digest>,
    /// The config, as far as it could be read.
    pub config: ImageConfig,
    /// The config's own bytes; empty when it is missing.
    pub config_text: Vec<u8>,
    /// The layers, base first.
    pub layers: Vec<Layer>,
    /// What it really is.
    pub kind: ImageKind,
    /// How many entries of `index.json` (or its nested indexes) or elements of `manifest.json`
    /// stand for it; at least 1.
    pub listed: u32,
}

/// What an entry of an image index really is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// An image that can run.
    Image,
    /// BuildKit's provenance or SBOM, stored as an image of platform `unknown/unknown`.
    Attestation,
    /// A SOCI index, v1 or v2: its layers are zTOCs.
    SociIndex,
    /// Another OCI artefact.
    Other,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The descriptor's media type; for docker-archives the Docker type its bytes would have.
    pub media_type: String,
    /// Digest of the stored blob; `None` in docker-archives and where it is malformed.
    pub digest: Option<Digest>,
    /// Stored size in bytes: the descriptor's word, or the member's size in docker-archives.
    pub size: u64,
    /// Where the stored bytes lie; `None` when the archive does not hold them.
    pub extent: Option<Extent>,
    /// Digest of the unpacked layer according to the config.
    pub diff_id: Option<Digest>,
    /// How the stored bytes are compressed.
    pub compression: LayerCompression,
    /// The build step that made it, from the config's history.
    pub created_by: Option<String>,
}

/// How a layer's stored bytes are compressed: by media type in OCI archives, by the first bytes
/// in docker-archives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LayerCompression {
    /// gzip.
    Gzip,
    /// A plain tar.
    Uncompressed,
    /// Zstandard.
    Zstd,
    /// Anything else: the media type's suffix, the whole media type when it is no layer type,
    /// or the name of the format the bytes are in.
    Unknown(String),
}

/// An OCI layout: documents by their bytes, blobs by their place.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// `index.json`, byte for byte.
    pub index_json: Vec<u8>,
    /// `oci-layout`, byte for byte; `None` when absent.
    pub oci_layout: Option<Vec<u8>>,
    /// Every file below `blobs/` whose name is a digest, referenced or not.
    pub blobs: BTreeMap<Digest, Extent>,
    /// Every index, manifest and config reachable from `index.json` that is present and has
    /// the digest it is stored under, byte for byte. Those that are not are diagnostics.
    pub documents: BTreeMap<Digest, Vec<u8>>,
}
