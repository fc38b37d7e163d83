//! The memory of a run: one archive, one set of options, and what its layers turned out to be.
//!
//! ```text
//!   Archive ──► distinct layers ──► tasks(scope) ··· jobs ··· record(summary)
//!                     │                                            │
//!   Options ──► Selection (soci): which layers get an index        │
//!                     │                                            ▼
//!                     └───────────────► convert() · report() ◄── summaries
//! ```
//!
//! A change of options makes a new selection at once. Summaries stay: only a new span size makes
//! their zTOCs stale, and then [`Analysis::tasks`] names those layers again.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Archive, Converted, Culprit, Error, Failure, Image, LayerId, LayerSummary, LayerTask, Options, Report,
    Scope, TaskCompression,
    failure::soci_failure,
    fargate, findings,
    image::{Digest, Extent, Format, ImageKind, Layer, LayerCompression},
    report,
    soci::{self, Decision, LayerDecision, PlatformDecision, Selection, ZtocBlob},
    ztoc,
};

/// Everything known about one archive. Cloning is cheap: what is large is shared.
#[derive(Clone, Debug)]
pub struct Analysis {
    archive: Arc<Archive>,
    file_name: Arc<str>,
    options: Options,
    /// The distinct layers; a [`LayerId`] is an index into it.
    slots: Arc<[Slot]>,
    /// For each image, the slot of each of its layers.
    placement: Arc<[Vec<LayerId>]>,
    summaries: BTreeMap<LayerId, Arc<LayerSummary>>,
    selection: Result<Arc<Selection>, Failure>,
}

/// A distinct layer: one blob, read one way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    digest: Option<Digest>,
    extent: Option<Extent>,
    compression: TaskCompression,
    diff_id: Option<String>,
    /// Layers of an old SOCI index are not part of the new archive, and nothing to look at.
    is_read: bool,
}

impl Slot {
    fn holds(&self, other: &Self) -> bool {
        let same_blob = match (&self.digest, &other.digest) {
            (Some(a), Some(b)) => a == b,
            _ => self.extent.is_some() && self.extent == other.extent,
        };
        same_blob && self.compression == other.compression
    }
}

impl Analysis {
    /// Begins with an opened archive. `file_name` is shown, never interpreted.
    #[must_use]
    pub fn new(archive: impl Into<Arc<Archive>>, file_name: impl Into<String>, options: Options) -> Self {
        let archive = archive.into();
        let (slots, placement) = distinct_layers(&archive);
        let selection = select(&archive, &options);
        Self {
            archive,
            file_name: file_name.into().into(),
            options,
            slots: slots.into(),
            placement: placement.into(),
            summaries: BTreeMap::new(),
            selection,
        }
    }

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The name of the file.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Changes the options. What was read stays of use, except zTOCs of another span size.
    pub fn set_options(&mut self, options: Options) {
        self.selection = select(&self.archive, &options);
        self.options = options;
    }

    /// What is still to be read, in the order of first appearance. Plain data: send each to a
    /// worker, run a [`LayerJob`](crate::LayerJob), and [`record`](Self::record) what comes back.
    #[must_use]
    pub fn tasks(&self, scope: Scope) -> Vec<LayerTask> {
        let wanted = match scope {
            Scope::All => Vec::new(),
            Scope::ForConversion => self.wanted(),
        };
        let mut tasks = Vec::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let id = layer_id(index);
            let in_scope = match scope {
                Scope::All => slot.is_read,
                Scope::ForConversion => wanted.contains(&id),
            };
            if in_scope && self.fresh_summary(id).is_none() {
                tasks.extend(self.task(id));
            }
        }
        tasks
    }

    fn task(&self, id: LayerId) -> Option<LayerTask> {
        let slot = self.slot(id)?;
        let extent = slot.extent?;
        Some(LayerTask {
            id,
            offset: extent.offset,
            len: extent.len,
            compression: slot.compression,
            span_size: self.options.span_size,
            expected_digest: slot.digest.as_ref().map(Digest::to_string),
            expected_diff_id: slot.diff_id.clone(),
            digests_elsewhere: false,
            hash_stored: true,
        })
    }

    /// Takes note of what a layer turned out to be.
    pub fn record(&mut self, summary: LayerSummary) {
        self.summaries.insert(summary.id, Arc::new(summary));
    }

    /// What a layer turned out to be; `None` until it was read.
    #[must_use]
    pub fn summary(&self, id: LayerId) -> Option<&LayerSummary> {
        self.summaries.get(&id).map(Arc::as_ref)
    }

    /// The summary, unless its zTOC was built with another span size.
    pub(crate) fn fresh_summary(&self, id: LayerId) -> Option<&LayerSummary> {
        let indexable = self.slot(id)?.compression != TaskCompression::HashOnly;
        self.summary(id).filter(|summary| {
            let same_span_size = summary.span_size == Some(self.options.span_size);
            !indexable || same_span_size || summary.span_size.is_none()
        })
    }

    /// Whether nothing is left to read.
    #[must_use]
    pub fn is_complete(&self, scope: Scope) -> bool {
        self.tasks(scope).is_empty()
    }

    /// Number of distinct layers.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.slots.len()
    }

    /// The distinct layer that stands at `layer` (0 = base) of `image`.
    #[must_use]
    pub fn layer_id(&self, image: usize, layer: usize) -> Option<LayerId> {
        self.placement.get(image)?.get(layer).copied()
    }

    /// The first runnable image for `platform` (any spelling `--platform` takes).
    #[must_use]
    pub fn image(&self, platform: &str) -> Option<&Image> {
        let index = self.image_index(platform)?;
        self.archive.images.get(index)
    }

    /// Like [`image`](Self::image), as an index into [`Archive::images`].
    #[must_use]
    pub fn image_index(&self, platform: &str) -> Option<usize> {
        let wanted = crate::image::Platform::parse(platform).ok()?;
        self.archive
            .images
            .iter()
            .position(|image| image.kind == ImageKind::Image && image.platform.matches(&wanted))
    }

    /// Everything known, as the versioned document.
    #[must_use]
    pub fn report(&self) -> Report {
        report::build(self)
    }

    /// The SOCI archive: rewritten documents and the plan to write it by.
    ///
    /// # Errors
    /// [`Error::Failed`] when there is none to be made, with the reason and the way out;
    /// [`Error::Misuse`] while layers it needs were not read ([`Scope::ForConversion`]).
    pub fn convert(&self) -> Result<Converted, Error> {
        let selection = self.selection.as_ref().map_err(Clone::clone)?;
        if let Some(failure) = self.copied_damage() {
            return Err(failure.clone().into());
        }
        if let Some(refusal) = selection.refusal() {
            return Err(soci_failure(refusal).into());
        }
        let layout = self.layout()?;
        let mut ztocs = BTreeMap::new();
        for layer in selection.wanted() {
            let summary = self
                .wanted_slot(&layer.digest, layer.compression)
                .and_then(|id| self.fresh_summary(id))
                .ok_or(Error::Misuse("convert() before every layer it needs was read"))?;
            if let Some(failure) = &summary.error {
                return Err(failure.clone().into());
            }
            let built = summary.ztoc.as_ref().ok_or(Error::Misuse("a summary without zTOC or error"))?;
            let digest =
                built.digest.parse().map_err(|_| Error::Misuse("a summary with a malformed digest"))?;
            ztocs.insert(
                (layer.digest, layer.compression),
                ZtocBlob { digest, size: built.size, disables_xattrs: built.no_xattrs, prefetch: vec![] },
            );
        }
        selection.finish(layout, &ztocs).map_err(|error| soci_failure(&error).into())
    }

    /// Which layer has this zTOC; the plan of an archive names zTOCs by digest.
    #[must_use]
    pub fn ztoc_layer(&self, digest: &Digest) -> Option<LayerId> {
        self.summaries
            .values()
            .find(|summary| summary.ztoc.as_ref().is_some_and(|ztoc| ztoc.digest == digest.as_str()))
            .map(|summary| summary.id)
    }

    /// What rules about task definitions may want to know of an image's layers.
    #[must_use]
    pub fn soci_facts(&self, image: usize) -> fargate::SociFacts {
        report::soci_facts(self, &self.report(), image)
    }

    /// Bytes of an image, stored and unpacked, each layer counted once. A layer whose unpacked size
    /// is not known, because it was not read or cannot be decompressed here, counts with its
    /// stored size, which is less.
    #[must_use]
    pub fn image_sizes(&self, image: usize) -> fargate::ImageSizes {
        let mut sizes = fargate::ImageSizes::default();
        let Some(found) = self.archive.images.get(image) else { return sizes };
        let mut counted = Vec::new();
        for (layer, id) in found.layers.iter().zip(self.placement.get(image).into_iter().flatten()) {
            if counted.contains(id) {
                continue;
            }
            counted.push(*id);
            let unpacked = self.summary(*id).and_then(|summary| summary.uncompressed_size);
            sizes.compressed = sizes.compressed.saturating_add(layer.size);
            sizes.uncompressed = sizes.uncompressed.saturating_add(unpacked.unwrap_or(layer.size));
        }
        sizes
    }

    pub(crate) fn selection(&self) -> Result<&Selection, &Failure> {
        self.selection.as_ref().map(Arc::as_ref)
    }

    /// What is decided for an image, and for its layers, one entry per layer, base first. `None`
    /// when the image is not among those to be converted.
    pub(crate) fn platform_decision(&self, image: &Image) -> Option<&PlatformDecision> {
        let selection = self.selection.as_ref().ok()?;
        let manifest = image.manifest.as_ref()?;
        selection.platforms().iter().find(|platform| platform.manifest == *manifest)
    }

    fn slot(&self, id: LayerId) -> Option<&Slot> {
        self.slots.get(usize::try_from(id.0).ok()?)
    }

    fn layout(&self) -> Result<&crate::image::Layout, Failure> {
        self.archive.layout.as_ref().ok_or_else(|| docker_archive(&self.file_name))
    }

    fn wanted_slot(&self, digest: &Digest, compression: ztoc::Compression) -> Option<LayerId> {
        let compression = task_compression(compression);
        self.slots
            .iter()
            .position(|slot| slot.digest.as_ref() == Some(digest) && slot.compression == compression)
            .map(layer_id)
    }

    fn wanted(&self) -> Vec<LayerId> {
        let Ok(selection) = &self.selection else { return Vec::new() };
        if selection.refusal().is_some() {
            return Vec::new();
        }
        selection
            .wanted()
            .into_iter()
            .filter_map(|layer| self.wanted_slot(&layer.digest, layer.compression))
            .collect()
    }

    /// What already ended the conversion, while layers are still being read.
    pub(crate) fn wanted_damage(&self) -> Option<&Failure> {
        self.wanted().into_iter().find_map(|id| self.fresh_summary(id)?.error.as_ref())
    }

    /// Whether the only thing in the way of a conversion is that no layer gets an index.
    pub(crate) fn has_nothing_to_index(&self) -> bool {
        self.copied_damage().is_none()
            && self.selection().is_ok_and(|selection| {
                matches!(selection.refusal(), Some(soci::Error::NothingToIndex { .. }))
            })
    }

    /// A layer that is known not to be what its manifest says. Indexed or merely copied, it would
    /// be in the archive, so there must be none.
    pub(crate) fn copied_damage(&self) -> Option<&Failure> {
        self.summaries
            .values()
            .find(|summary| summary.digest_matches == Some(false))
            .and_then(|summary| summary.error.as_ref())
    }
}

fn layer_id(index: usize) -> LayerId {
    // A file cannot name four thousand million layers: the image crate's limits are far below.
    LayerId(u32::try_from(index).unwrap_or(u32::MAX))
}

fn task_compression(compression: ztoc::Compression) -> TaskCompression {
    match compression {
        ztoc::Compression::Gzip => TaskCompression::Gzip,
        ztoc::Compression::Uncompressed => TaskCompression::Uncompressed,
    }
}

/// Finds the layers that are really different, in the order of first appearance.
fn distinct_layers(archive: &Archive) -> (Vec<Slot>, Vec<Vec<LayerId>>) {
    // How soci would read each layer if it read all of them: it knows media types that are none
    // of the image crate's four kinds.
    let everything = Options { min_layer_size: 0, ..Options::default() };
    let selection = select(archive, &everything).ok();
    let mut slots: Vec<Slot> = Vec::new();
    let mut placement = Vec::with_capacity(archive.images.len());
    for image in &archive.images {
        let decided = selection.as_ref().and_then(|selection| {
            selection.platforms().iter().find(|platform| Some(&platform.manifest) == image.manifest.as_ref())
        });
        let ids = image.layers.iter().enumerate().map(|(position, layer)| {
            let decision = decided.and_then(|platform| platform.layers.get(position));
            let slot = Slot {
                digest: layer.digest.clone(),
                extent: layer.extent,
                compression: reading(layer, decision),
                diff_id: layer.diff_id.as_ref().map(Digest::to_string),
                is_read: image.kind != ImageKind::SociIndex,
            };
            match slots.iter_mut().position(|known| known.holds(&slot)) {
                Some(index) => {
                    slots[index].is_read |= slot.is_read;
                    layer_id(index)
                }
                None => {
                    slots.push(slot);
                    layer_id(slots.len() - 1)
                }
            }
        });
        placement.push(ids.collect());
    }
    (slots, placement)
}

fn reading(layer: &Layer, decision: Option<&LayerDecision>) -> TaskCompression {
    match decision.map(|layer| &layer.decision) {
        Some(Decision::Index(compression)) => task_compression(*compression),
        Some(Decision::Skip(
            soci::SkipReason::Unsupported { .. }
            | soci::SkipReason::Prefetch
            | soci::SkipReason::NotALayer
            | soci::SkipReason::UnknownType,
        )) => TaskCompression::HashOnly,
        _ => match layer.compression {
            LayerCompression::Gzip => TaskCompression::Gzip,
            LayerCompression::Uncompressed => TaskCompression::Uncompressed,
            LayerCompression::Zstd | LayerCompression::Unknown(_) => TaskCompression::HashOnly,
        },
    }
}

fn select(archive: &Archive, options: &Options) -> Result<Arc<Selection>, Failure> {
    let Some(layout) = &archive.layout else {
        return Err(match archive.format {
            Format::Layer => bare_layer(),
            Format::OciArchive | Format::DockerArchive => docker_archive("the archive"),
        });
    };
    let span_size = ztoc::SpanSize::new(options.span_size).map_err(|error| {
        Failure::new(Culprit::Unsupported, "span size", error.to_string()).fix("Choose a smaller span size.")
    })?;
    let options = soci::ConvertOptions {
        span_size,
        min_layer_size: options.min_layer_size,
        platforms: options.platforms.clone(),
        disable_xattrs: options.optimize_xattrs,
        ..soci::ConvertOptions::default()
    };
    Selection::new(layout, &options).map(Arc::new).map_err(|error| soci_failure(&error))
}

/// Whether an archive is one of those that cannot be converted yet.
pub(crate) fn is_docker_archive(archive: &Archive) -> bool {
    archive.format == Format::DockerArchive || archive.layout.is_none()
}

fn bare_layer() -> Failure {
    Failure::new(
        Culprit::Unsupported,
        "the file",
        "This is one layer, not an image: there is no manifest a SOCI index could belong to.",
    )
    .fix(
        "Save the image it belongs to with `docker save IMAGE -o image.tar` and convert that. \
         The zTOC alone is written by `sociscope ztoc LAYER --out FILE`.",
    )
}

fn docker_archive(place: &str) -> Failure {
    let rule = findings::DOCKER_ARCHIVE;
    Failure::new(Culprit::Unsupported, place, format!("{}.", rule.title)).fix(rule.fix)
}
