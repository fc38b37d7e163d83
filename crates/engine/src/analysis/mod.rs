//! The memory of a run: one archive, one set of options, and what its layers turned out to be.
//!
//! ```text
//!   Archive ──► adopted, layers replaced ──► distinct layers ──► tasks(scope) ··· jobs
//!                     │                                                            │
//!   Options ──► Choice: which image, which layers get an index                     ▼
//!                     │                                                     record(summary)
//!                     └───────────────► convert() · report() ◄── summaries ◄───────┘
//! ```
//!
//! A change of options makes a new choice at once. Summaries stay: only a new span size makes their
//! zTOCs stale, and then [`Analysis::tasks`] names those layers again.
//!
//! What the archive does not say may become known later: a docker-archive names no digests, so the
//! layers that are read tell theirs; a layer that turns out to be of no use to the snapshotter is
//! left out; a layer made here takes the place of a stored one. Each time the choice is made anew.

mod remade;
mod slots;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    Archive, Converted, Culprit, Error, Failure, Image, LayerId, LayerSummary, LayerTask, Options, Report,
    Scope, TaskCompression,
    failure::soci_failure,
    fargate,
    image::{Digest, Extent, Format, ImageKind},
    report,
    soci::{
        self, PlatformDecision, Selection, ZtocBlob,
        prefetch::SpanRange,
        prepare::{self, Note, Prepared, Subject},
    },
    ztoc,
};
use slots::{Slot, Slots};

pub use remade::Remakable;

/// Everything known about one archive. Cloning is cheap: what is large is shared.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// As it was opened.
    opened: Arc<Archive>,
    /// As it is converted.
    archive: Arc<Archive>,
    /// Layers whose digest the archive does not name and nobody has read yet.
    unread: Arc<BTreeSet<Extent>>,
    file_name: Arc<str>,
    options: Options,
    slots: Arc<Slots>,
    subjects: Arc<[Subject]>,
    summaries: BTreeMap<LayerId, Arc<LayerSummary>>,
    choice: Result<Arc<Choice>, Failure>,
}

/// What is converted, and how.
#[derive(Clone, Debug)]
struct Choice {
    prepared: Prepared,
    selection: Selection,
}

impl Choice {
    /// What is decided for an image.
    fn platform(&self, image: &Image) -> Option<&PlatformDecision> {
        let manifest = image.manifest.as_ref()?;
        self.selection.platforms().iter().find(|platform| platform.manifest == *manifest)
    }
}

impl Analysis {
    /// Begins with an opened archive. `file_name` is shown, never interpreted.
    #[must_use]
    pub fn new(archive: impl Into<Arc<Archive>>, file_name: impl Into<String>, options: Options) -> Self {
        let opened = archive.into();
        let nothing = Failure::new(Culprit::Internal, "analysis", "Nothing was decided yet.");
        let mut analysis = Self {
            archive: Arc::clone(&opened),
            unread: Arc::default(),
            file_name: file_name.into().into(),
            options,
            slots: Arc::new(Slots::of(&opened)),
            subjects: prepare::subjects(&opened).into(),
            opened,
            summaries: BTreeMap::new(),
            choice: Err(nothing),
        };
        analysis.adapt();
        analysis
    }

    /// The archive as it is converted: a docker-archive has an OCI layout here, and layers made here
    /// stand in the place of those they were made of. Everything else is as it was opened.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The archive as it was opened.
    #[must_use]
    pub fn opened(&self) -> &Archive {
        &self.opened
    }

    /// The name of the file.
    #[must_use]
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// What the file holds that can be converted; [`Options::subject`] chooses among them.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Whether nothing can be converted before one of several images is chosen.
    #[must_use]
    pub fn must_choose(&self) -> bool {
        let chosen =
            prepare::layout_for_platforms(&self.archive, self.options.subject, &self.options.platforms);
        matches!(chosen, Err(soci::Error::SeveralImages { .. }))
    }

    /// What is done to convert this file that soci would not have done.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        self.choice.as_ref().map_or(&[], |choice| &choice.prepared.notes)
    }

    /// The options in force.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Changes the options. What was read stays of use, except zTOCs of another span size.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
        self.choose();
    }

    /// Brings the archive into the shape it is converted in.
    fn adapt(&mut self) {
        match self.adapted() {
            Ok((archive, unread)) => {
                self.archive = archive;
                self.unread = Arc::new(unread);
                self.choose();
            }
            Err(error) => {
                self.archive = Arc::clone(&self.opened);
                self.unread = Arc::default();
                self.choice = Err(soci_failure(&error));
            }
        }
    }

    fn adapted(&self) -> Result<(Arc<Archive>, BTreeSet<Extent>), soci::Error> {
        let (mut archive, mut unread) = (Arc::clone(&self.opened), BTreeSet::new());
        if archive.format == Format::DockerArchive {
            let adopted = prepare::as_oci(&archive, &self.digests())?;
            archive = Arc::new(adopted.archive);
            unread.extend(adopted.unread);
        }
        let made = self.slots.replacements();
        if !made.is_empty() {
            archive = Arc::new(prepare::with_layers(&archive, &made)?);
            unread.retain(|extent| !made.contains_key(extent));
        }
        Ok((archive, unread))
    }

    /// What the layers that were read are called.
    fn digests(&self) -> BTreeMap<Extent, Digest> {
        self.summaries
            .values()
            .filter_map(|summary| {
                let extent = self.slots.get(summary.id)?.extent?;
                Some((extent, summary.digest.as_ref()?.parse().ok()?))
            })
            .collect()
    }

    /// Decides anew what is converted, and how.
    fn choose(&mut self) {
        self.choice = select(&self.archive, &self.options, &self.unusable()).map(Arc::new);
    }

    /// Layers that the snapshotter would refuse, by digest, with the reason.
    fn unusable(&self) -> BTreeMap<Digest, String> {
        if self.options.keep_unusable {
            return BTreeMap::new();
        }
        let of_layer = |id: LayerId| {
            let found = self.fresh_summary(id)?.unusable.as_ref()?;
            Some(found.places.first()?.sentence.clone())
        };
        let images = self.archive.images.iter().enumerate();
        images
            .flat_map(|(index, image)| image.layers.iter().zip(self.slots.of_image(index)))
            .filter_map(|(layer, id)| Some((layer.digest.clone()?, of_layer(id)?)))
            .collect()
    }

    /// What is still to be read, in the order of first appearance. Plain data: send each to a
    /// worker, run a [`LayerJob`](crate::LayerJob), and [`record`](Self::record) what comes back.
    ///
    /// What comes back may change what is needed ([`Scope::ForConversion`] only): ask again until
    /// there is nothing left.
    #[must_use]
    pub fn tasks(&self, scope: Scope) -> Vec<LayerTask> {
        let wanted = match scope {
            Scope::All => Vec::new(),
            Scope::ForConversion => self.needed(),
        };
        let in_scope = |id: LayerId, slot: &Slot| match scope {
            Scope::All => slot.is_read,
            Scope::ForConversion => wanted.contains(&id),
        };
        self.slots
            .in_force()
            .filter(|(id, slot)| in_scope(*id, slot) && self.fresh_summary(*id).is_none())
            .filter_map(|(id, slot)| self.task(id, slot))
            .collect()
    }

    fn task(&self, id: LayerId, slot: &Slot) -> Option<LayerTask> {
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
            prefetch: wanted_paths(&self.options),
            hash_stored: true,
        })
    }

    /// Takes note of what a layer turned out to be.
    pub fn record(&mut self, summary: LayerSummary) {
        let id = summary.id;
        let changes_choice =
            summary.unusable.is_some() || self.summary(id).is_some_and(|old| old.unusable.is_some());
        self.summaries.insert(id, Arc::new(summary));
        let tells_digest = self
            .slots
            .get(id)
            .and_then(|slot| slot.extent)
            .is_some_and(|extent| self.unread.contains(&extent));
        if tells_digest {
            self.adapt();
        } else if changes_choice {
            self.choose();
        }
    }

    /// What a layer turned out to be; `None` until it was read.
    #[must_use]
    pub fn summary(&self, id: LayerId) -> Option<&LayerSummary> {
        self.summaries.get(&id).map(Arc::as_ref)
    }

    /// The summary, unless its zTOC was built with another span size.
    pub(crate) fn fresh_summary(&self, id: LayerId) -> Option<&LayerSummary> {
        let indexable = self.slots.get(id)?.compression != TaskCompression::HashOnly;
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

    /// Number of distinct layers, stored and made.
    #[must_use]
    pub fn layer_count(&self) -> usize {
        self.slots.len()
    }

    /// The distinct layer that stands at `layer` (0 = base) of `image`.
    #[must_use]
    pub fn layer_id(&self, image: usize, layer: usize) -> Option<LayerId> {
        self.slots.at(image, layer)
    }

    /// The first runnable image for `platform` (any spelling `--platform` takes), of the chosen
    /// subject if one is chosen.
    #[must_use]
    pub fn image(&self, platform: &str) -> Option<&Image> {
        let index = self.image_index(platform)?;
        self.archive.images.get(index)
    }

    /// Like [`image`](Self::image), as an index into [`Archive::images`].
    #[must_use]
    pub fn image_index(&self, platform: &str) -> Option<usize> {
        let wanted = crate::image::Platform::parse(platform).ok()?;
        let chosen = self.options.subject.and_then(|subject| self.subjects.get(subject));
        self.archive.images.iter().enumerate().position(|(index, image)| {
            image.kind == ImageKind::Image
                && image.platform.matches(&wanted)
                && chosen.is_none_or(|subject| subject.images.contains(&index))
        })
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
        let choice = self.choice.as_ref().map_err(Clone::clone)?;
        if let Some(failure) = self.copied_damage() {
            return Err(failure.clone().into());
        }
        if let Some(refusal) = choice.selection.refusal() {
            return Err(self.refused(refusal).into());
        }
        if self.unread_layers().next().is_some() {
            return Err(Error::Misuse("convert() before every layer it needs was read"));
        }
        let ztocs = self.ztocs(&choice.selection)?;
        choice.selection.finish(&choice.prepared.layout, &ztocs).map_err(|error| soci_failure(&error).into())
    }

    /// Why there is nothing to convert, with the way out that exists here only.
    fn refused(&self, refusal: &soci::Error) -> Failure {
        let failure = soci_failure(refusal);
        let no_layer_will_do = matches!(
            refusal,
            soci::Error::NothingToIndex { too_small: 0, layers: 1.., .. } | soci::Error::NothingUsable { .. }
        );
        if no_layer_will_do && self.remakable().iter().any(|layer| layer.is_needed && layer.made.is_none()) {
            return failure
                .fix("Make the layers gzip here: `--recompress needed`, or “Layers as gzip” in the page.");
        }
        failure
    }

    /// SOCI indexes of version 1, which leave the image as it is: legacy, see
    /// [`LegacyIndex`](soci::LegacyIndex).
    ///
    /// # Errors
    /// As for [`convert`](Self::convert).
    pub fn legacy_index(&self) -> Result<Vec<soci::LegacyIndex>, Error> {
        let choice = self.choice.as_ref().map_err(Clone::clone)?;
        if self.opened.format == Format::DockerArchive || !self.slots.replacements().is_empty() {
            return Err(Failure::new(
                Culprit::Unsupported,
                "SOCI index version 1",
                "It refers to the image's manifest, and this image was given one only here: no registry has it.",
            )
            .fix("Push the converted image instead; its SOCI index is of version 2.")
            .into());
        }
        if let Some(refusal) = choice.selection.legacy_refusal() {
            return Err(soci_failure(&refusal).into());
        }
        if self.unread_layers().next().is_some() {
            return Err(Error::Misuse("legacy_index() before every layer it needs was read"));
        }
        let ztocs = self.ztocs(&choice.selection)?;
        choice
            .selection
            .legacy_index(&choice.prepared.layout, &ztocs)
            .map_err(|error| soci_failure(&error).into())
    }

    /// Layers whose zTOC was not yet searched for all files to prefetch, with what to look for:
    /// the options changed after they were read. [`locate`](crate::layer::locate) has the answer.
    #[must_use]
    pub fn unlocated(&self) -> Vec<(LayerId, Vec<String>)> {
        let paths = wanted_paths(&self.options);
        let missing = |id: LayerId| {
            let summary = self.fresh_summary(id).filter(|summary| summary.ztoc.is_some())?;
            let missing: Vec<String> =
                paths.iter().filter(|path| !summary.prefetch.contains_key(*path)).cloned().collect();
            (!missing.is_empty()).then_some((id, missing))
        };
        self.wanted().into_iter().filter_map(missing).collect()
    }

    /// Takes note of where files to prefetch lie in a layer.
    pub fn record_located(&mut self, id: LayerId, located: BTreeMap<String, Option<(u32, u32)>>) {
        if let Some(summary) = self.summaries.get_mut(&id) {
            Arc::make_mut(summary).prefetch.extend(located);
        }
    }

    /// What the zTOCs of the selection are called.
    fn ztocs(&self, selection: &Selection) -> Result<BTreeMap<(Digest, ztoc::Compression), ZtocBlob>, Error> {
        let mut ztocs = BTreeMap::new();
        for layer in selection.wanted() {
            let summary = self
                .slots
                .find(layer.extent, task_compression(layer.compression))
                .and_then(|id| self.fresh_summary(id))
                .ok_or(Error::Misuse("convert() before every layer it needs was read"))?;
            if let Some(failure) = &summary.error {
                return Err(failure.clone().into());
            }
            let built = summary.ztoc.as_ref().ok_or(Error::Misuse("a summary without zTOC or error"))?;
            let digest =
                built.digest.parse().map_err(|_| Error::Misuse("a summary with a malformed digest"))?;
            let prefetch = choice_prefetch(summary, &selection.options().prefetch)?;
            ztocs.insert(
                (layer.digest, layer.compression),
                ZtocBlob { digest, size: built.size, disables_xattrs: built.no_xattrs, prefetch },
            );
        }
        Ok(ztocs)
    }

    /// Which layer has this zTOC; the plan of an archive names zTOCs by digest.
    #[must_use]
    pub fn ztoc_layer(&self, digest: &Digest) -> Option<LayerId> {
        self.summaries
            .values()
            .find(|summary| summary.ztoc.as_ref().is_some_and(|ztoc| ztoc.digest == digest.as_str()))
            .map(|summary| summary.id)
    }

    /// The layer at this place of the source, if it gets an index.
    #[must_use]
    pub fn indexed_at(&self, extent: Extent) -> Option<LayerId> {
        let selection = self.selection().ok()?;
        let layer = selection.wanted().into_iter().find(|layer| layer.extent == extent)?;
        self.slots.find(layer.extent, task_compression(layer.compression))
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
        for (layer, id) in found.layers.iter().zip(self.slots.of_image(image)) {
            if counted.contains(&id) {
                continue;
            }
            counted.push(id);
            let unpacked = self.summary(id).and_then(|summary| summary.uncompressed_size);
            sizes.compressed = sizes.compressed.saturating_add(layer.size);
            sizes.uncompressed = sizes.uncompressed.saturating_add(unpacked.unwrap_or(layer.size));
        }
        sizes
    }

    pub(crate) fn selection(&self) -> Result<&Selection, &Failure> {
        self.choice.as_ref().map(|choice| &choice.selection)
    }

    /// Whether the digest of the layer at `extent` is not known yet.
    pub(crate) fn is_unread(&self, extent: Extent) -> bool {
        self.unread.contains(&extent)
    }

    /// What is decided for an image, and for its layers, one entry per layer, base first. `None`
    /// when the image is not among those to be converted.
    pub(crate) fn platform_decision(&self, image: &Image) -> Option<&PlatformDecision> {
        self.choice.as_ref().ok()?.platform(image)
    }

    /// Layers of the chosen images that must be read because nothing else tells their digest.
    fn unread_layers(&self) -> impl Iterator<Item = LayerId> {
        let images = self.archive.images.iter().enumerate();
        images
            .filter(|(_, image)| self.platform_decision(image).is_some())
            .flat_map(|(index, image)| image.layers.iter().zip(self.slots.of_image(index)))
            .filter(|(layer, _)| layer.extent.is_some_and(|extent| self.unread.contains(&extent)))
            .map(|(_, id)| id)
    }

    /// Layers that get an index.
    fn wanted(&self) -> Vec<LayerId> {
        let Ok(selection) = self.selection() else { return Vec::new() };
        if selection.refusal().is_some() {
            return Vec::new();
        }
        selection
            .wanted()
            .into_iter()
            .filter_map(|layer| self.slots.find(layer.extent, task_compression(layer.compression)))
            .collect()
    }

    /// Layers that must be read before there is an archive.
    fn needed(&self) -> Vec<LayerId> {
        let mut needed = self.wanted();
        if !needed.is_empty() {
            needed.extend(self.unread_layers());
        }
        needed
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
        self.slots
            .in_force()
            .filter_map(|(id, _)| self.summary(id))
            .find(|summary| summary.digest_matches == Some(false))
            .and_then(|summary| summary.error.as_ref())
    }
}

/// Where the files to prefetch lie in a layer, in the order in which they were named.
fn choice_prefetch(summary: &LayerSummary, paths: &[String]) -> Result<Vec<Option<SpanRange>>, Error> {
    let located = |path| summary.prefetch.get(path).map(|spans| spans.map(SpanRange::from));
    paths
        .iter()
        .map(|path| {
            located(path).ok_or(Error::Misuse("convert() before every file to prefetch was looked up"))
        })
        .collect()
}

fn task_compression(compression: ztoc::Compression) -> TaskCompression {
    match compression {
        ztoc::Compression::Gzip => TaskCompression::Gzip,
        ztoc::Compression::Uncompressed => TaskCompression::Uncompressed,
    }
}

/// The paths to prefetch as soci cleans them, each once.
fn wanted_paths(options: &Options) -> Vec<String> {
    let mut paths = Vec::new();
    for path in options.prefetch.iter().filter_map(|path| soci::prefetch::path(path)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

fn select(
    archive: &Archive,
    options: &Options,
    unusable: &BTreeMap<Digest, String>,
) -> Result<Choice, Failure> {
    let span_size = ztoc::SpanSize::new(options.span_size).map_err(|error| {
        Failure::new(Culprit::Unsupported, "span size", error.to_string()).fix("Choose a smaller span size.")
    })?;
    if archive.format == Format::Layer {
        return Err(bare_layer());
    }
    let prepared = prepare::layout_for_platforms(archive, options.subject, &options.platforms)
        .map_err(|error| soci_failure(&error))?;
    let options = soci::ConvertOptions {
        span_size,
        min_layer_size: options.min_layer_size,
        platforms: options.platforms.clone(),
        disable_xattrs: options.optimize_xattrs,
        keep_annotations: options.keep_annotations,
        tag: options.tag.clone(),
        unusable: unusable.clone(),
        prefetch: wanted_paths(options),
    };
    let selection = Selection::new(&prepared.layout, &options).map_err(|error| soci_failure(&error))?;
    Ok(Choice { prepared, selection })
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
