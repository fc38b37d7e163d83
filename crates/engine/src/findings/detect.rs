//! When each rule applies.

use super::{Finding, Rule, Severity, rules};
use crate::{
    Analysis, LayerId, Report, human, image,
    image::Format,
    report::{ImageKind, ImageReport, LayerReport, LayerStatus},
    verdict::VerdictKind,
};

/// Below this compressed size lazy loading gains little, says AWS's documentation of Fargate.
const SMALL_IMAGE: u64 = 250 << 20;

/// Every finding, in the order of the rules, then of images and layers.
pub(crate) fn findings(analysis: &Analysis, report: &Report) -> Vec<Finding> {
    let mut found = Found { findings: Vec::new() };
    found.archive(analysis, report);
    for (index, image) in report.images.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if image.kind == ImageKind::Image {
            found.image(report, index, image);
        }
    }
    for diagnostic in &analysis.archive().diagnostics {
        found.diagnostic(diagnostic);
    }
    let rank = |finding: &Finding| super::RULES.iter().position(|rule| rule.id == finding.id);
    found.findings.sort_by_key(rank);
    found.findings
}

struct Found {
    findings: Vec<Finding>,
}

impl Found {
    fn add(&mut self, rule: &Rule, sentence: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding {
            id: rule.id.to_owned(),
            severity: rule.severity,
            sentence: sentence.into(),
            reason: rule.reason.to_owned(),
            source: rule.source.to_owned(),
            fix: (!rule.fix.is_empty()).then(|| rule.fix.to_owned()),
            place: None,
            image: None,
            layer: None,
        });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// The same layer in two images is one finding, about no image in particular.
    fn add_layer(&mut self, rule: &Rule, image: u32, id: LayerId, sentence: String) -> Option<&mut Finding> {
        let known = self.findings.iter_mut().find(|f| f.id == rule.id && f.layer == Some(id));
        if let Some(known) = known {
            known.image = None;
            return None;
        }
        let finding = self.add(rule, sentence);
        finding.image = Some(image);
        finding.layer = Some(id);
        Some(finding)
    }

    fn archive(&mut self, analysis: &Analysis, report: &Report) {
        if analysis.archive().format == Format::DockerArchive && report.conversion.is_some() {
            self.add(&rules::DOCKER_ARCHIVE, format!("{}.", rules::DOCKER_ARCHIVE.title));
        }
        let notes = report.conversion.iter().flat_map(|conversion| &conversion.notes);
        for note in notes.filter(|note| note.id != rules::DOCKER_ARCHIVE.id) {
            self.add(&rules::ADAPTED, note.sentence.clone());
        }
        if report.verdict.kind == VerdictKind::NothingToIndex {
            let min = human::setting(report.options.min_layer_size);
            let selected = || report.images.iter().filter(|image| image.selected);
            let all_small = selected()
                .flat_map(|image| &image.layers)
                .all(|layer| layer.status == LayerStatus::NotNeeded);
            if all_small && selected().any(|image| !image.layers.is_empty()) {
                self.add(
                    &rules::NO_LAYER_LARGE_ENOUGH,
                    format!("No layer is at least {min}, so nothing is indexed."),
                );
            }
        } else if let Some(failure) = &report.verdict.failure
            // Of a layer alone the archive's own note says it.
            && analysis.archive().format != Format::Layer
        {
            let told = report
                .images
                .iter()
                .flat_map(|image| &image.layers)
                .any(|layer| layer.failure() == Some(failure));
            if !told {
                let finding = self.add(&rules::NOT_CONVERTIBLE, failure.message.clone());
                finding.fix.clone_from(&failure.fix);
                finding.place = Some(failure.place.clone());
            }
        }
        if let Some(conversion) = &report.conversion {
            let push = self.add(&rules::PUSH_THIS_ARCHIVE, format!("{}.", rules::PUSH_THIS_ARCHIVE.title));
            if let Some(tag) = &report.options.tag {
                let name = crate::push::shell_word(&format!("FILE:{tag}"));
                push.fix =
                    Some(format!("Push with `oras cp -r --from-oci-layout {name} REGISTRY/REPOSITORY:TAG`."));
            }
            self.add(
                &rules::DIGEST_CHANGES,
                format!("The image gets a new digest: {}.", human::short_digest(&conversion.image_index)),
            );
            let mut names: Vec<&str> = Vec::new();
            for name in report.images.iter().flat_map(|image| &image.names) {
                if !names.contains(&name.as_str()) {
                    names.push(name);
                }
            }
            if !names.is_empty() && report.options.tag.is_none() {
                self.add(
                    &rules::TAGS_NOT_KEPT,
                    format!("The SOCI archive does not carry the name {}.", listed(&names)),
                );
            }
            if report.images.iter().any(|image| image.kind == ImageKind::SociIndex) {
                self.add(&rules::ALREADY_INDEXED, format!("{}.", rules::ALREADY_INDEXED.title));
            }
            let attestations =
                report.images.iter().filter(|image| image.kind == ImageKind::Attestation).count() as u64;
            if attestations > 0 && !report.options.keep_annotations {
                let verb = if attestations == 1 { "loses its" } else { "lose their" };
                self.add(
                    &rules::ATTESTATION_LINK_LOST,
                    format!("{} {verb} link to the image.", human::counted(attestations, "attestation")),
                );
            }
            if !conversion.not_prefetched.is_empty() {
                let paths: Vec<&str> = conversion.not_prefetched.iter().map(String::as_str).collect();
                self.add(&rules::PREFETCH_NOT_FOUND, format!("No indexed layer has {}.", listed(&paths)));
            }
            for (index, image) in report.images.iter().enumerate() {
                let is_chosen = report.chosen().is_none_or(|chosen| chosen.images.contains(&index));
                if image.kind == ImageKind::Image && is_chosen && image.verdict.indexed_layers == 0 {
                    let sentence = format!("{} gets no index.", image.platform.name);
                    let finding = self.add(&rules::PLATFORM_NOT_INDEXED, sentence);
                    finding.image = u32::try_from(index).ok();
                }
            }
        }
    }

    fn image(&mut self, report: &Report, index: u32, image: &ImageReport) {
        for layer in &image.layers {
            self.layer(index, layer);
        }
        if image.platform.os == "windows" {
            self.add(
                &rules::WINDOWS_IMAGE,
                format!("{} does not load lazily on Fargate.", image.platform.name),
            )
            .image = Some(index);
        }
        let bytes = image.verdict.image_bytes;
        if !image.layers.is_empty() && bytes < SMALL_IMAGE {
            self.add(
                &rules::IMAGE_SMALL,
                format!(
                    "{} is {}: little to gain from lazy loading.",
                    subject(report, image),
                    human::size(bytes)
                ),
            )
            .image = Some(index);
        }
        self.made_and_uncompressed(index, image);
        let small: Vec<&LayerReport> =
            image.layers.iter().filter(|layer| layer.status == LayerStatus::NotNeeded).collect();
        if !small.is_empty() && image.verdict.indexed_layers > 0 {
            let bytes = small.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
            let min = human::setting(report.options.min_layer_size);
            let verb = if small.len() == 1 { "is" } else { "are" };
            self.add(
                &rules::LAYERS_SMALL,
                format!(
                    "{} below {min} {verb} pulled whole: {}.",
                    human::counted(small.len() as u64, "layer"),
                    human::size(bytes)
                ),
            )
            .image = Some(index);
        }
    }

    fn made_and_uncompressed(&mut self, index: u32, image: &ImageReport) {
        let sum = |layers: &[&LayerReport], size: fn(&LayerReport) -> u64| {
            layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(size(layer)))
        };
        let made: Vec<&LayerReport> = image.layers.iter().filter(|layer| layer.made_from.is_some()).collect();
        if !made.is_empty() {
            let before = sum(&made, |layer| layer.made_from.as_ref().map_or(0, |from| from.size));
            let sentence = format!(
                "{} compressed here: {} became {}.",
                human::counted(made.len() as u64, "layer"),
                human::size(before),
                human::size(sum(&made, |layer| layer.size))
            );
            self.add(&rules::LAYERS_MADE, sentence).image = Some(index);
        }
        let plain: Vec<&LayerReport> = image
            .layers
            .iter()
            .filter(|layer| layer.compression == "none" && layer.status == LayerStatus::Indexed)
            .collect();
        if !plain.is_empty() {
            let verb = if plain.len() == 1 { "is" } else { "are" };
            let sentence = format!(
                "{} {verb} stored without compression: {}.",
                human::counted(plain.len() as u64, "layer"),
                human::size(sum(&plain, |layer| layer.size))
            );
            self.add(&rules::LAYERS_UNCOMPRESSED, sentence).image = Some(index);
        }
    }

    fn layer(&mut self, image: u32, layer: &LayerReport) {
        let (position, id) = (layer.position, layer.id);
        let bytes = human::size(layer.size);
        match layer.status {
            // Left out on purpose; a note says so.
            LayerStatus::Missing if crate::soci::media_type::is_foreign_layer(&layer.media_type) => {}
            LayerStatus::Missing => {
                self.add_layer(
                    &rules::LAYER_MISSING,
                    image,
                    id,
                    format!("Layer {position} ({bytes}) is not in the file."),
                );
            }
            LayerStatus::Failed => self.failed_layer(image, layer),
            LayerStatus::NotIndexed if layer.unusable().is_some() => {
                let Some(unusable) = layer.unusable() else { return };
                let reason = unusable.places.first().map_or("", |place| place.sentence.as_str());
                let sentence = format!("Layer {position} gets no index: {}", uncapitalised(reason));
                let fix = unusable.recompressing_helps.then(|| {
                    "Compress it anew here: `--recompress`, or “Layers as gzip” in the page.".to_owned()
                });
                if let Some(finding) = self.add_layer(&rules::LAYER_UNUSABLE, image, id, sentence)
                    && fix.is_some()
                {
                    finding.fix = fix;
                }
            }
            LayerStatus::NotIndexed if layer.compression == "zstd" => {
                self.add_layer(
                    &rules::LAYER_ZSTD,
                    image,
                    id,
                    format!("Layer {position} is zstd: {bytes} pulled before start."),
                );
            }
            LayerStatus::NotIndexed => {
                let what = match layer.compression.as_str() {
                    "" => "compressed in a way its type does not name",
                    name => name,
                };
                self.add_layer(
                    &rules::LAYER_UNSUPPORTED,
                    image,
                    id,
                    format!("Layer {position} is {what}: {bytes} pulled before start."),
                );
            }
            LayerStatus::Pending | LayerStatus::Indexed | LayerStatus::Indexable | LayerStatus::NotNeeded => {
            }
        }
    }

    fn failed_layer(&mut self, image: u32, layer: &LayerReport) {
        let position = layer.position;
        let scan = layer.scan.as_ref();
        let (rule, sentence) = match scan {
            Some(scan) if scan.digest_matches == Some(false) => (
                &rules::LAYER_DIGEST_MISMATCH,
                format!("Layer {position} is not the one its manifest names."),
            ),
            Some(scan) if scan.diff_id_matches == Some(false) => (
                &rules::LAYER_DIFF_ID_MISMATCH,
                format!("Layer {position} does not unpack to what the config names."),
            ),
            _ => {
                let reason = layer.reason.clone().unwrap_or_default();
                (&rules::LAYER_BROKEN, format!("Layer {position} cannot be read: {}", uncapitalised(&reason)))
            }
        };
        let Some(finding) = self.add_layer(rule, image, layer.id, sentence) else { return };
        if let Some(failure) = layer.failure() {
            finding.place = Some(failure.place.clone());
            if failure.fix.is_some() {
                finding.fix.clone_from(&failure.fix);
            }
        }
    }

    fn diagnostic(&mut self, diagnostic: &image::Diagnostic) {
        let rule = match diagnostic.severity {
            image::Severity::Error => &rules::ARCHIVE_ERROR,
            image::Severity::Warning => &rules::ARCHIVE_WARNING,
            image::Severity::Info => &rules::ARCHIVE_NOTE,
        };
        let finding = self.add(rule, diagnostic.message.clone());
        finding.place = Some(diagnostic.place.clone());
        if diagnostic.fix.is_some() {
            finding.fix.clone_from(&diagnostic.fix);
        }
    }
}

/// The image, by its platform where there are several.
fn subject<'a>(report: &Report, image: &'a ImageReport) -> &'a str {
    let images = report.images.iter().filter(|image| image.kind == ImageKind::Image).count();
    if images == 1 { "The image" } else { &image.platform.name }
}

/// A few names, and how many more.
fn listed(names: &[&str]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

fn uncapitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars.clone()).collect()
}

impl Severity {
    /// Whether it stands for something that is broken.
    #[must_use]
    pub fn is_error(self) -> bool {
        self == Self::Error
    }
}
