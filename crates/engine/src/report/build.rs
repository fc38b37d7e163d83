//! From an analysis to its report.

use super::{
    ArchiveFormat, Conversion, File, ImageKind, ImageReport, LayerReport, MadeFrom, Note, Platform, Report,
    ReportOptions, SCHEMA, SociIndex, Subject, Tool, status,
};
use crate::{
    Analysis, Converted, Error, Image, LayerId, Part, PlatformChoice, VERSION, fargate, findings,
    image::{self, Digest, Format},
    verdict::{self, Obstacle},
};

/// Everything known, in the shape of the report.
pub(crate) fn build(analysis: &Analysis) -> Report {
    let archive = analysis.archive();
    let converted = analysis.convert();
    let obstacle = obstacle(analysis, &converted);
    let converted = converted.ok();
    let images: Vec<ImageReport> = archive
        .images
        .iter()
        .enumerate()
        .map(|(index, image)| image_report(analysis, index, image, converted.as_ref(), obstacle.as_ref()))
        .collect();
    let verdict = verdict::of_file(&images, obstacle.as_ref());
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        tool: Tool { name: "sociscope".to_owned(), version: VERSION.to_owned() },
        file: File {
            name: analysis.file_name().to_owned(),
            size: archive.size,
            format: match archive.format {
                Format::OciArchive => ArchiveFormat::OciArchive,
                Format::DockerArchive => ArchiveFormat::DockerArchive,
                Format::Layer => ArchiveFormat::Layer,
            },
        },
        options: options(analysis),
        verdict,
        subjects: analysis
            .subjects()
            .iter()
            .map(|subject| Subject { names: subject.names.clone(), images: subject.images.clone() })
            .collect(),
        images,
        findings: Vec::new(),
        conversion: converted.as_ref().map(|converted| conversion(analysis, converted)),
    };
    report.findings = findings::findings(analysis, &report);
    report
}

/// What stands in the way of a SOCI archive, as far as it is known by now.
fn obstacle(analysis: &Analysis, converted: &Result<Converted, Error>) -> Option<Obstacle> {
    let failure = match converted {
        Ok(_) => return None,
        Err(Error::Failed(failure)) => failure,
        // Layers are still to be read. One of those read already may have ended it.
        Err(Error::Misuse(_)) => analysis.wanted_damage()?,
    };
    let min = analysis.options().min_layer_size;
    Some(Obstacle { failure: failure.clone(), nothing_from: analysis.has_nothing_to_index().then_some(min) })
}

fn options(analysis: &Analysis) -> ReportOptions {
    let options = analysis.options();
    ReportOptions {
        span_size: options.span_size,
        min_layer_size: options.min_layer_size,
        platforms: match &options.platforms {
            PlatformChoice::All => None,
            PlatformChoice::Listed(platforms) => Some(platforms.clone()),
        },
        optimize_xattrs: options.optimize_xattrs,
        subject: options.subject,
        keep_annotations: options.keep_annotations,
        tag: options.tag.clone(),
        keep_unusable: options.keep_unusable,
        prefetch: options.prefetch.clone(),
    }
}

fn image_report(
    analysis: &Analysis,
    index: usize,
    image: &Image,
    converted: Option<&Converted>,
    obstacle: Option<&Obstacle>,
) -> ImageReport {
    let decided = analysis.platform_decision(image);
    let layers: Vec<LayerReport> = image
        .layers
        .iter()
        .enumerate()
        .map(|(position, layer)| {
            let id = analysis.layer_id(index, position).unwrap_or(LayerId(u32::MAX));
            let scan = analysis.fresh_summary(id).cloned();
            let decision =
                decided.and_then(|platform| platform.layers.get(position)).map(|layer| &layer.decision);
            let (status, reason) = status::status(analysis, image, layer, decision, scan.as_ref());
            LayerReport {
                id,
                position: u32::try_from(position).unwrap_or(u32::MAX).saturating_add(1),
                created_by: layer.created_by.clone(),
                media_type: layer.media_type.clone(),
                compression: status::compression(layer).to_owned(),
                digest: layer
                    .digest
                    .as_ref()
                    .filter(|_| layer.extent.is_none_or(|extent| !analysis.is_unread(extent)))
                    .map(Digest::to_string),
                diff_id: layer.diff_id.as_ref().map(Digest::to_string),
                size: layer.size,
                made_from: made_from(analysis, index, position, id),
                status,
                reason,
                scan,
            }
        })
        .collect();
    let soci = converted.and_then(|converted| {
        let platform = &analysis.platform_decision(image)?.platform;
        converted.soci_indexes.iter().find(|index| index.platform == *platform)
    });
    let selected = decided.is_some();
    ImageReport {
        names: image.names.clone(),
        kind: match image.kind {
            image::ImageKind::Image => ImageKind::Image,
            image::ImageKind::Attestation => ImageKind::Attestation,
            image::ImageKind::SociIndex => ImageKind::SociIndex,
            image::ImageKind::Other => ImageKind::Other,
        },
        platform: Platform {
            name: image.platform.to_string(),
            os: image.platform.os.clone(),
            architecture: image.platform.architecture.clone(),
            variant: image.platform.variant.clone(),
            os_version: image.platform.os_version.clone(),
        },
        selected,
        manifest: analysis
            .opened()
            .images
            .get(index)
            .and_then(|image| image.manifest.as_ref())
            .map(Digest::to_string),
        new_manifest: soci.and_then(|index| index.manifest.as_ref()).map(Digest::to_string),
        soci_index: soci.map(|index| index.digest.to_string()),
        verdict: verdict::of_image(&layers, selected, obstacle),
        layers,
    }
}

/// The stored layer behind a made one.
fn made_from(analysis: &Analysis, image: usize, position: usize, id: LayerId) -> Option<MadeFrom> {
    let stored_id = analysis.made_from(id)?;
    let stored = analysis.opened().images.get(image)?.layers.get(position)?;
    Some(MadeFrom {
        id: stored_id,
        compression: status::compression(stored).to_owned(),
        digest: stored.digest.as_ref().map(Digest::to_string),
        size: stored.size,
    })
}

fn conversion(analysis: &Analysis, converted: &Converted) -> Conversion {
    let mut not_prefetched: Vec<String> = Vec::new();
    let not_found = converted.soci_indexes.iter().flat_map(|index| &index.prefetch.not_found);
    for path in not_found {
        if !not_prefetched.contains(path) {
            not_prefetched.push(path.clone());
        }
    }
    let (mut copied, mut ztocs, mut ztoc_bytes) = (0_u64, 0_u64, 0_u64);
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(_) => {}
            Part::Source { extent, .. } => copied = copied.saturating_add(extent.len),
            Part::Ztoc { size, .. } => {
                ztocs += 1;
                ztoc_bytes = ztoc_bytes.saturating_add(*size);
            }
        }
    }
    Conversion {
        image_index: converted.image_index.to_string(),
        archive_size: converted.plan.size(),
        copied_bytes: copied,
        new_bytes: converted.plan.size().saturating_sub(copied),
        notes: analysis
            .notes()
            .iter()
            .chain(&converted.notes)
            .map(|note| Note { id: note.id.to_owned(), sentence: note.sentence.clone() })
            .collect(),
        not_prefetched,
        ztocs,
        ztoc_bytes,
        soci_indexes: converted
            .soci_indexes
            .iter()
            .map(|index| SociIndex {
                platform: index.platform.to_string(),
                digest: index.digest.to_string(),
                manifest: index.manifest.as_ref().map(Digest::to_string),
            })
            .collect(),
    }
}

/// What rules about task definitions want to know.
pub(crate) fn soci_facts(analysis: &Analysis, report: &Report, index: usize) -> fargate::SociFacts {
    let Some(image) = report.images.get(index) else { return fargate::SociFacts::default() };
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let images = || report.images.iter().filter(|image| image.kind == ImageKind::Image);
    fargate::SociFacts {
        layers: count(image.verdict.layers),
        indexed: count(image.verdict.indexed_layers),
        unsupported: image
            .layers
            .iter()
            .filter(|layer| layer.status == super::LayerStatus::NotIndexed)
            .map(|layer| format!("layer {} ({})", layer.position, layer.compression))
            .collect(),
        min_layer_size: analysis.options().min_layer_size,
        platforms_not_indexed: images()
            .filter(|image| image.verdict.indexed_layers == 0)
            .map(|image| image.platform.name.clone())
            .collect(),
        converted: report.conversion.as_ref().map(|conversion| conversion.image_index.clone()),
        originals: images().filter_map(|image| image.manifest.clone()).collect(),
        start_reads: None,
    }
}
