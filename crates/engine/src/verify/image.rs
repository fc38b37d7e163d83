//! Verifying every zTOC of an archive.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Depth, LayerVerification, Outcome, Part, VerifyTask, ZtocPlace,
    binding::{BoundZtoc, Documents},
    document::{
        BoundImage, BoundLayer, ImageVerification, Problem, ProblemSeverity, SCHEMA, VerificationVerdict,
        VerifiedFile,
    },
};
use crate::{
    LayerId, LayerTask, TaskCompression, VERSION, human,
    image::{Archive, Digest, ImageKind, Layer, Severity},
    report::Tool,
    soci::media_type::{self, LayerType},
    ztoc::Compression,
};

/// The memory of verifying one archive: which zTOC belongs to which layer, and what came of it.
///
/// ```text
///   Archive ──► ImageVerifier ──► tasks() ··· VerifyJob, anywhere ··· record() ──► report()
/// ```
#[derive(Clone, Debug)]
pub struct ImageVerifier {
    file: VerifiedFile,
    depth: Depth,
    images: Vec<BoundImage>,
    problems: Vec<Problem>,
    pairs: Vec<Pair>,
}

/// A layer and a zTOC for it.
#[derive(Clone, Debug)]
struct Pair {
    layer: Layer,
    ztoc: BoundZtoc,
    found: Option<LayerVerification>,
}

impl ImageVerifier {
    /// Finds out what belongs together. `file_name` is shown, never interpreted.
    #[must_use]
    pub fn new(archive: impl Into<Arc<Archive>>, file_name: impl Into<String>, depth: Depth) -> Self {
        let archive = archive.into();
        let mut verifier = Self {
            file: VerifiedFile { name: file_name.into(), size: archive.size },
            depth,
            images: Vec::new(),
            problems: Vec::new(),
            pairs: Vec::new(),
        };
        let documents = Documents::of(&archive);
        let mut known: BTreeMap<(String, String), u32> = BTreeMap::new();
        for image in archive.images.iter().filter(|image| image.kind == ImageKind::Image) {
            let binding = documents.as_ref().map(|documents| documents.bind(image)).unwrap_or_default();
            let layers = (1u64..).zip(&image.layers).map(|(position, layer)| {
                let digest = layer.digest.as_ref().map(ToString::to_string);
                let pair = digest.as_ref().and_then(|digest| {
                    let ztoc = binding.ztocs.get(digest)?;
                    Some(*known.entry((digest.clone(), ztoc.digest.clone())).or_insert_with(|| {
                        verifier.pairs.push(Pair { layer: layer.clone(), ztoc: ztoc.clone(), found: None });
                        // Far fewer than the image crate's limits allow layers.
                        u32::try_from(verifier.pairs.len() - 1).unwrap_or(u32::MAX)
                    }))
                });
                let media_type = layer.media_type.clone();
                BoundLayer { position, digest, media_type, size: layer.size, pair }
            });
            let layers = layers.collect();
            verifier.images.push(BoundImage {
                platform: image.platform.to_string(),
                names: image.names.clone(),
                manifest: image.manifest.as_ref().map(ToString::to_string),
                index: binding.index,
                version: binding.version,
                build_tool: binding.build_tool,
                problems: binding.problems,
                layers,
            });
        }
        if let Some(documents) = documents {
            let bound: Vec<_> = verifier.images.iter().map(|image| image.index.clone()).collect();
            verifier.problems = documents.orphans(&archive, &bound);
        }
        // What is wrong with a bound index was said already, with the image it is bound to.
        let said: Vec<String> = verifier
            .images
            .iter()
            .filter_map(|image| Some(image.index.as_ref()?.parse::<Digest>().ok()?.blob_path()))
            .collect();
        let damage = archive.diagnostics.iter().filter(|diagnostic| {
            diagnostic.severity == Severity::Error
                && !said.iter().any(|place| diagnostic.place.starts_with(place.as_str()))
        });
        verifier.problems.extend(damage.map(|diagnostic| {
            Problem::error(diagnostic.code, format!("{}: {}", diagnostic.place, diagnostic.message))
        }));
        for (index, pair) in (0..).zip(&mut verifier.pairs) {
            let missing = match (pair.layer.extent, pair.ztoc.extent) {
                (_, None) => Part::Ztoc,
                (None, _) => Part::Layer,
                _ => continue,
            };
            pair.found = Some(pair.missing(LayerId(index), missing, depth));
        }
        verifier
    }

    /// What is still to be read. Plain data: send each to a worker, run a
    /// [`VerifyJob`](super::VerifyJob), and [`record`](Self::record) what comes back.
    #[must_use]
    pub fn tasks(&self) -> Vec<VerifyTask> {
        let pairs = (0..).map(LayerId).zip(&self.pairs).filter(|(_, pair)| pair.found.is_none());
        pairs.filter_map(|(id, pair)| pair.task(id, self.depth)).collect()
    }

    /// Takes note of what was found.
    pub fn record(&mut self, found: LayerVerification) {
        let index = usize::try_from(found.id.0).unwrap_or(usize::MAX);
        if let Some(pair) = self.pairs.get_mut(index) {
            pair.found = Some(found);
        }
    }

    /// The document. Pairs that were not read yet are not in it, and the verdict says so.
    #[must_use]
    pub fn report(&self) -> ImageVerification {
        let mut images = self.images.clone();
        // Pairs that were not read yet are left out, and those behind them move up.
        let mut next = 0;
        let numbers: Vec<Option<u32>> = self
            .pairs
            .iter()
            .map(|pair| {
                let number = pair.found.is_some().then_some(next);
                next += u32::from(pair.found.is_some());
                number
            })
            .collect();
        for image in &mut images {
            let differs = image.layers.iter().filter_map(|layer| self.span_size_differs(layer));
            image.problems.extend(differs);
            for layer in &mut image.layers {
                let index = layer.pair.and_then(|pair| usize::try_from(pair).ok());
                layer.pair = index.and_then(|index| numbers.get(index).copied().flatten());
            }
        }
        ImageVerification {
            schema: SCHEMA.to_owned(),
            tool: Tool { name: "sociscope".to_owned(), version: VERSION.to_owned() },
            file: self.file.clone(),
            depth: self.depth,
            verdict: self.verdict(&images),
            pairs: self.pairs.iter().filter_map(|pair| pair.found.clone()).collect(),
            images,
            problems: self.problems.clone(),
        }
    }

    fn span_size_differs(&self, layer: &BoundLayer) -> Option<Problem> {
        let pair = self.pairs.get(usize::try_from(layer.pair?).ok()?)?;
        let (annotated, found) = (pair.ztoc.span_size?, pair.found.as_ref()?.span_size?);
        (annotated != found).then(|| {
            Problem::warning(
                "span-size-differs",
                format!(
                    "zTOC {} was built with span size {}, the SOCI index says {}.",
                    human::short_digest(&pair.ztoc.digest),
                    human::setting(found),
                    human::setting(annotated)
                ),
            )
        })
    }

    fn verdict(&self, images: &[BoundImage]) -> VerificationVerdict {
        let bad = |sentence: String| VerificationVerdict { is_good: false, sentence };
        let problems = images.iter().flat_map(|image| &image.problems).chain(&self.problems);
        let first_error = problems.clone().find(|problem| problem.severity == ProblemSeverity::Error);
        if images.iter().all(|image| image.index.is_none()) {
            return bad("No image in this file has a SOCI index.".to_owned());
        }
        let total = self.pairs.len() as u64;
        let left = self.tasks().len() as u64;
        if left > 0 {
            return bad(format!("{} still to be read.", human::counted(left, "zTOC")));
        }
        let wrong = self.pairs.iter().filter_map(|pair| pair.found.as_ref());
        let wrong = wrong.filter(|found| !found.outcome.is_good()).count() as u64;
        match (wrong, first_error) {
            (0, None) if total == 0 => bad("The SOCI indexes list no zTOC for these images.".to_owned()),
            (0, None) => {
                let mut sentence = match total {
                    1 => "The zTOC fits its layer, and the snapshotter can use it.".to_owned(),
                    _ => format!(
                        "All {} fit their layers, and the snapshotter can use them.",
                        human::counted(total, "zTOC")
                    ),
                };
                let bare = images.iter().filter(|image| image.index.is_none()).count() as u64;
                if bare > 0 {
                    let images = human::counted(images.len() as u64, "image");
                    let verb = if bare == 1 { "has" } else { "have" };
                    sentence.push_str(&format!(" {} of {images} {verb} no SOCI index.", human::count(bare)));
                }
                VerificationVerdict { is_good: true, sentence }
            }
            (0, Some(error)) => bad(error.sentence.clone()),
            (wrong, _) if total == 1 && wrong == 1 => {
                let found = self.pairs.first().and_then(|pair| pair.found.as_ref());
                bad(found.map(|found| found.sentence.clone()).unwrap_or_default())
            }
            (wrong, _) => {
                bad(format!("{} of {} cannot be used.", human::count(wrong), human::counted(total, "zTOC")))
            }
        }
    }
}

impl Pair {
    fn task(&self, id: LayerId, depth: Depth) -> Option<VerifyTask> {
        let (layer, ztoc) = (self.layer.extent?, self.ztoc.extent?);
        let compression = match media_type::layer_type(&self.layer.media_type) {
            LayerType::Indexable(Compression::Gzip) => TaskCompression::Gzip,
            LayerType::Indexable(Compression::Uncompressed) => TaskCompression::Uncompressed,
            LayerType::Unsupported(_) | LayerType::Unknown => TaskCompression::HashOnly,
        };
        Some(VerifyTask {
            layer: LayerTask {
                id,
                offset: layer.offset,
                len: layer.len,
                compression,
                span_size: self.ztoc.span_size.unwrap_or(crate::ztoc::SpanSize::DEFAULT.get()),
                expected_digest: self.layer.digest.as_ref().map(ToString::to_string),
                expected_diff_id: self.layer.diff_id.as_ref().map(ToString::to_string),
                digests_elsewhere: false,
                prefetch: Vec::new(),
                hash_stored: true,
            },
            ztoc: ZtocPlace {
                offset: ztoc.offset,
                len: ztoc.len,
                expected_digest: Some(self.ztoc.digest.clone()),
            },
            depth,
        })
    }

    fn missing(&self, id: LayerId, part: Part, depth: Depth) -> LayerVerification {
        let layer = self.layer.digest.as_ref().map(ToString::to_string);
        let mut found = LayerVerification::begin(id, layer, self.layer.size, depth);
        found.ztoc = Some(self.ztoc.digest.clone());
        found.ztoc_size = self.ztoc.extent.map_or(0, |extent| extent.len);
        found.settle(Outcome::Missing { part });
        found
    }
}

impl ImageVerification {
    /// The document about a single layer, or a zTOC alone.
    #[must_use]
    pub fn of_pair(file_name: impl Into<String>, found: LayerVerification) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool { name: "sociscope".to_owned(), version: VERSION.to_owned() },
            file: VerifiedFile { name: file_name.into(), size: found.layer_size.max(found.ztoc_size) },
            depth: found.depth,
            verdict: VerificationVerdict {
                is_good: found.outcome.is_good(),
                sentence: found.sentence.clone(),
            },
            images: Vec::new(),
            pairs: vec![found],
            problems: Vec::new(),
        }
    }
}
