//! What is known beyond the document: the analysed image and what became of its layers.

use crate::{form::Form, storage::ImageSizes};
use serde::{Deserialize, Serialize};
use sociscope_image::config::ImageConfig;

/// Everything a rule may look at besides the document. All of it is optional: without an image
/// (`--check FILE`) the rules that need one are silent.
#[derive(Copy, Clone, Debug, Default)]
pub struct Context<'a> {
    /// Config of the image that the first container runs.
    pub image: Option<&'a ImageConfig>,
    /// Its layers' sizes.
    pub sizes: Option<ImageSizes>,
    /// The form the document was built from.
    pub form: Option<&'a Form>,
    /// What the conversion to SOCI did.
    pub soci: Option<&'a SociFacts>,
}

/// What the SOCI analysis of the image found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SociFacts {
    /// Layers of the platform in the definition.
    pub layers: u32,
    /// Those with a zTOC.
    pub indexed: u32,
    /// Labels of layers whose compression SOCI cannot index, such as `layer 6 (zstd)`.
    pub unsupported: Vec<String>,
    /// The threshold the layers were selected with, in bytes.
    pub min_layer_size: u64,
    /// Platforms of the image that were left without an index, such as `linux/arm64`.
    pub platforms_not_indexed: Vec<String>,
    /// Digest of the converted image index, the one to deploy.
    pub converted: Option<String>,
    /// Digests of the image before the conversion, none of which loads lazily.
    pub originals: Vec<String>,
    /// What is read between start and ready, if it was measured or modelled.
    pub start_reads: Option<StartReads>,
}

/// The bytes read at start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartReads {
    /// Bytes in all layers.
    pub total: u64,
    /// Bytes in the layer that most of them are in.
    pub largest: u64,
    /// Label of that layer.
    pub layer: String,
}
