//! How a layer fares, and why, in one sentence.

use super::LayerStatus;
use crate::{
    Analysis, Culprit, LayerSummary, human,
    image::{Format, Image, Layer, LayerCompression},
    soci::{Decision, SkipReason},
};

/// What a media type's compression is called.
pub(super) fn compression(layer: &Layer) -> &str {
    match &layer.compression {
        LayerCompression::Gzip => "gzip",
        LayerCompression::Uncompressed => "none",
        LayerCompression::Zstd => "zstd",
        LayerCompression::Unknown(name) => name,
    }
}

/// The status of one layer of one image, with its reason.
pub(super) fn status(
    analysis: &Analysis,
    image: &Image,
    layer: &Layer,
    decision: Option<&Decision>,
    scan: Option<&LayerSummary>,
) -> (LayerStatus, Option<String>) {
    let Some(extent) = layer.extent else {
        return (LayerStatus::Missing, Some("Its bytes are not in the file.".to_owned()));
    };
    if extent.len != layer.size {
        let reason = format!(
            "The manifest says {} bytes, the file has {}.",
            human::count(layer.size),
            human::count(extent.len)
        );
        return (LayerStatus::Failed, Some(reason));
    }
    let error = scan.and_then(|scan| scan.error.as_ref());
    let to_be_indexed = matches!(decision, Some(Decision::Index(_)));
    if let Some(error) = error.filter(|error| to_be_indexed || error.culprit == Culprit::File) {
        return (LayerStatus::Failed, Some(error.message.clone()));
    }
    match decision {
        Some(Decision::Index(_)) if scan.is_some_and(|scan| scan.ztoc.is_some()) => {
            (LayerStatus::Indexed, None)
        }
        Some(Decision::Index(_)) => (LayerStatus::Pending, None),
        Some(Decision::Skip(reason)) => skipped(reason),
        None => not_converted(analysis, image, layer),
    }
}

fn skipped(reason: &SkipReason) -> (LayerStatus, Option<String>) {
    match reason {
        SkipReason::TooSmall { min, .. } => (LayerStatus::NotNeeded, Some(too_small(*min))),
        SkipReason::Unsupported { compression } => (LayerStatus::NotIndexed, Some(unsupported(compression))),
        SkipReason::Absent => (LayerStatus::Missing, Some("Its bytes are not in the file.".to_owned())),
        SkipReason::WrongSize { .. } => {
            (LayerStatus::Failed, Some(crate::failure::sentence(&reason.to_string())))
        }
        _ => (LayerStatus::NotIndexed, Some(crate::failure::sentence(&reason.to_string()))),
    }
}

/// Nothing is decided for it: its image is not converted, or no image of this file is. What would
/// become of it is said nevertheless.
fn not_converted(analysis: &Analysis, image: &Image, layer: &Layer) -> (LayerStatus, Option<String>) {
    let min = analysis.options().min_layer_size;
    match &layer.compression {
        LayerCompression::Gzip | LayerCompression::Uncompressed
            if analysis.archive().format == Format::Layer =>
        {
            // Alone, it is what the zTOC is asked for, whatever its size.
            (LayerStatus::Indexable, Some("One layer alone; there is no image to convert.".to_owned()))
        }
        _ if layer.size < min => (LayerStatus::NotNeeded, Some(too_small(min))),
        LayerCompression::Zstd => (LayerStatus::NotIndexed, Some(unsupported("zstd"))),
        LayerCompression::Unknown(name) => (LayerStatus::NotIndexed, Some(unsupported(name))),
        _ if analysis.selection().is_err() => {
            (LayerStatus::Indexable, Some("No image of this file can be converted.".to_owned()))
        }
        _ => (
            LayerStatus::Indexable,
            Some(format!("{} is not among the platforms to convert.", image.platform)),
        ),
    }
}

fn too_small(min: u64) -> String {
    format!("Below the minimum of {}.", human::setting(min))
}

fn unsupported(compression: &str) -> String {
    if compression.is_empty() {
        "Its compression is not named; SOCI needs gzip or a plain tar.".to_owned()
    } else {
        format!("{compression}; SOCI needs gzip or a plain tar.")
    }
}
