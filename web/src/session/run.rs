//! One analysis of one file, alive: what the pool is doing, and what the engine knows by now.

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Uint8Array;
use sociscope_engine::{
    Analysis, Archive, ArchivePlan, Culprit, LayerId, LayerSummary, LayerTask, Options, Report, Scope,
    TaskCompression,
    image::Digest,
    push,
    report::{LayerReport, LayerStatus},
    soci::{self, prepare},
};
use sociscope_fargate::{Form, ImageSizes};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use yew::Callback;

use super::{
    failures,
    opening::Held,
    pace::{Pace, seconds_left},
    pool::{Heard, Pool, Said, workers_here},
    saving::{self, Order, Verified, ZtocStore},
    schedule::{LayerWork, Part, jobs},
};
use crate::{
    model::{self, Artifact, LayerProgress, Offer, Phase, Shared, Source, Totals, Work},
    worker::{layer::now, message::LayerCount},
};

/// An analysis, running or finished.
pub struct LiveRun {
    source: Source,
    held: Held,
    analysis: Shared<Analysis>,
    report: Shared<Report>,
    options: Options,
    shown_image: usize,
    form: Shared<Form>,
    /// The reader has changed the form: it is theirs, and not made anew from another image.
    form_is_edited: bool,
    /// The reader has stated the tag, and be it none.
    tag_is_chosen: bool,
    /// `None` once every job is done, or none ever began.
    pool: Option<Pool>,
    layers: Vec<Layer>,
    ztocs: ZtocStore,
    clock: Clock,
    cancelled: bool,
}

/// A layer that is read.
struct Layer {
    shown: LayerProgress,
    /// By part of the work; a layer has advanced as far as its slowest part.
    read: BTreeMap<Part, u64>,
    pace: Pace,
    /// What the other part of a divided layer came to.
    half: Option<(Part, Box<LayerSummary>)>,
}

impl Layer {
    fn waiting(task: &LayerTask) -> Self {
        let shown = LayerProgress {
            id: task.id,
            work: match task.compression {
                TaskCompression::HashOnly => Work::HashOnly,
                TaskCompression::Gzip | TaskCompression::Uncompressed => Work::Index,
            },
            phase: Phase::Waiting,
            read: 0,
            total: task.len,
            produced: 0,
            spans: 0,
            rate: 0.0,
        };
        Self { shown, read: BTreeMap::new(), pace: Pace::default(), half: None }
    }
}

/// Times and rates of the whole.
struct Clock {
    opened_in: f64,
    began: f64,
    /// Seconds from begin to end, once over.
    took: Option<f64>,
    read: Pace,
    produced: Pace,
    workers: usize,
    most_memory: u64,
}

impl LiveRun {
    /// Begins to read the layers of an opened archive.
    pub fn begin(
        held: Held,
        source: Source,
        archive: Archive,
        options: Options,
        opened_in: f64,
        on: Callback<(usize, Said)>,
    ) -> Self {
        let mut options = options;
        // Of several images one is shown, so that one is converted; the others are a choice away.
        let several = prepare::layout_for(&archive, options.subject);
        if matches!(several, Err(soci::Error::SeveralImages { .. })) {
            options.subject = Some(0);
        }
        let analysis = Analysis::new(archive, source.name.as_str(), options.clone());
        let report = analysis.report();
        let mut run = Self {
            shown_image: shown(&analysis).unwrap_or_else(|| first_runnable(&report)),
            source,
            held,
            analysis: Shared::new(analysis),
            report: Shared::new(report),
            options,
            form: Shared::new(Form::default()),
            form_is_edited: false,
            tag_is_chosen: false,
            pool: None,
            layers: Vec::new(),
            ztocs: ZtocStore::new(),
            clock: Clock::new(opened_in),
            cancelled: false,
        };
        run.renew_tag();
        run.renew_form();
        run.read_layers(on);
        run
    }

    /// Reads the layers of which too little is known: at first all.
    fn read_layers(&mut self, on: Callback<(usize, Said)>) {
        let tasks = self.analysis.tasks(Scope::All);
        self.layers.retain(|layer| tasks.iter().all(|task| task.id != layer.shown.id));
        self.layers.extend(tasks.iter().map(Layer::waiting));
        self.layers.sort_by_key(|layer| layer.shown.id);
        let workers = workers_here();
        let pool = Pool::start(self.held.file.clone(), jobs(tasks, workers), workers, on);
        self.clock = Clock::new(self.clock.opened_in);
        self.clock.workers = pool.busy();
        self.pool = Some(pool);
        self.mark_running();
        self.end_if_done();
    }

    /// Whether layers are still being read.
    pub fn is_running(&self) -> bool {
        self.pool.is_some()
    }

    /// Takes in what a worker said. True when a layer has ended, which is worth showing at once.
    pub fn heard(&mut self, seat: usize, said: Said) -> bool {
        let Some(pool) = &mut self.pool else { return false };
        match pool.heard(seat, said) {
            Heard::Nothing => false,
            Heard::Progress(job, count) => {
                self.advance(&job, count);
                false
            }
            Heard::Done(job, summary, ztoc) => {
                self.part_done(&job, summary, ztoc);
                self.mark_running();
                self.end_if_done();
                true
            }
        }
    }

    /// Ends the workers. What was read is kept.
    pub fn cancel(&mut self) {
        if self.pool.take().is_none() {
            return;
        }
        self.cancelled = true;
        self.clock.stop();
        for layer in &mut self.layers {
            if matches!(layer.shown.phase, Phase::Waiting | Phase::Running) {
                layer.shown.phase = Phase::Cancelled;
            }
        }
    }

    /// Changes what needs no reading: minimum layer size, platforms.
    pub fn set_options(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
        Rc::make_mut(&mut self.analysis.0).set_options(self.options.clone());
        self.renew_report();
    }

    /// Changes the span size, for which every layer is read again.
    pub fn set_span_size(&mut self, span_size: u64, on: Callback<(usize, Said)>) {
        self.pool = None;
        // Those of another span size are of no further use.
        self.cancelled = false;
        self.ztocs.clear();
        self.set_options(|options| options.span_size = span_size);
        self.read_layers(on);
    }

    /// Shows another image of the archive. Of several, the one that is shown is converted.
    pub fn show_image(&mut self, image: usize) {
        if image >= self.report.images.len() {
            return;
        }
        self.shown_image = image;
        let holds = |subject: &prepare::Subject| subject.images.contains(&image);
        let subject = self.analysis.subjects().iter().position(holds);
        if self.options.subject.is_some() && subject.is_some() && subject != self.options.subject {
            self.set_options(|options| options.subject = subject);
        }
        self.renew_tag();
        self.renew_form();
    }

    /// Converts another image of the file.
    pub fn set_subject(&mut self, subject: usize) {
        self.set_options(|options| options.subject = Some(subject));
        if let Some(image) = shown(&self.analysis) {
            self.shown_image = image;
        }
        self.renew_tag();
        self.renew_form();
    }

    /// Gives the archive another tag; none when `tag` is empty.
    pub fn set_tag(&mut self, tag: &str) {
        self.tag_is_chosen = true;
        let tag = Some(tag.to_owned()).filter(|tag| !tag.is_empty());
        self.set_options(|options| options.tag = tag);
    }

    /// Takes over the reader's task definition form.
    pub fn edit_form(&mut self, form: Form) {
        self.form_is_edited = true;
        self.form = Shared::new(form);
    }

    /// The SOCI archive, to be saved as `name`.
    ///
    /// # Errors
    /// What the browser or the engine says when it cannot be made.
    pub fn order(&self, name: String) -> Result<Order, JsValue> {
        let converted = self.analysis.convert().map_err(|error| JsValue::from(error.to_string()))?;
        let title = |digest: &Digest| self.title(digest);
        let (verified, indexed) = (self.verified(), self.indexed());
        Order::of(name, &converted.plan, &self.held, &self.ztocs, &verified, &indexed, title)
    }

    /// Indexes without their image: manifests and zTOCs, all of it of our making.
    fn index_alone(&self, plan: &ArchivePlan) -> Result<Blob, JsValue> {
        let nothing = (Verified::new(), BTreeMap::new());
        Order::of(String::new(), plan, &self.held, &self.ztocs, &nothing.0, &nothing.1, |_| None)?.blob()
    }

    /// The zTOC of each layer that has one, both by digest.
    fn indexed(&self) -> BTreeMap<String, String> {
        let layers = self.report.images.iter().flat_map(|image| &image.layers);
        let ztoc = |layer: &LayerReport| {
            let ztoc = layer.scan.as_ref()?.ztoc.as_ref()?;
            Some((layer.digest.clone()?, ztoc.digest.clone()))
        };
        layers.filter(|layer| layer.status == LayerStatus::Indexed).filter_map(ztoc).collect()
    }

    /// The layers that were read and have the digest they are stored under.
    fn verified(&self) -> Verified {
        let analysis = &self.analysis;
        let mut verified = Verified::new();
        for (number, image) in analysis.archive().images.iter().enumerate() {
            for (position, layer) in image.layers.iter().enumerate() {
                let summary = analysis.layer_id(number, position).and_then(|id| analysis.summary(id));
                if summary.is_some_and(|summary| summary.digest_matches == Some(true)) {
                    verified.extend(layer.digest.clone().zip(layer.extent));
                }
            }
        }
        verified
    }

    /// What a person calls a blob: the layer it is, or belongs to.
    fn title(&self, digest: &Digest) -> Option<String> {
        let is_it = |layer: &&LayerReport| {
            let ztoc = layer.scan.as_ref().and_then(|scan| scan.ztoc.as_ref());
            layer.digest.as_deref() == Some(digest.as_str())
                || ztoc.is_some_and(|ztoc| ztoc.digest == digest.as_str())
        };
        let several = self.report.images.len() > 1;
        self.report.images.iter().find_map(|image| {
            let layer = image.layers.iter().find(is_it)?;
            Some(if several {
                format!("layer {} of {}", layer.position, image.platform.name)
            } else {
                format!("layer {}", layer.position)
            })
        })
    }

    /// What is saved for `artifact`, when it is there.
    ///
    /// # Errors
    /// What the browser or the engine says when it cannot be made.
    pub fn artifact(&self, artifact: &Artifact) -> Result<Blob, JsValue> {
        let error = |error: &dyn std::fmt::Display| JsValue::from(error.to_string());
        match artifact {
            Artifact::SociArchive => Err("the archive is saved in parts".into()),
            Artifact::SociIndex => {
                let converted = self.analysis.convert().map_err(|e| error(&e))?;
                self.index_alone(&converted.index_archive().map_err(|e| error(&e))?)
            }
            Artifact::LegacyIndex => {
                let indexes = self.analysis.legacy_index().map_err(|e| error(&e))?;
                self.index_alone(&soci::legacy_archive(&indexes).map_err(|e| error(&e))?)
            }
            Artifact::Ztoc(id) => {
                let layer = self.report.layer(*id).and_then(|layer| layer.scan.as_ref()?.ztoc.as_ref());
                let ztoc = layer.and_then(|ztoc| self.ztocs.get(&ztoc.digest));
                ztoc.cloned().ok_or_else(|| "this layer has no zTOC".into())
            }
            Artifact::Report => saving::text(&self.report.to_json()),
            Artifact::TaskDefinition => {
                let image = self.analysis.archive().images.get(self.shown_image).ok_or("no image")?;
                let definition = sociscope_fargate::build(&self.form, &image.config);
                saving::text(&sociscope_fargate::to_pretty(&definition).text)
            }
        }
    }

    /// The file, and what keeps it in existence. Whoever reads it later holds a clone of this.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The options in force.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where it came from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What the views get.
    pub fn snapshot(&self) -> model::Run {
        model::Run {
            source: self.source.clone(),
            analysis: self.analysis.clone(),
            report: self.report.clone(),
            options: self.options.clone(),
            shown_image: self.shown_image,
            layers: Rc::new(self.layers.iter().map(|layer| layer.shown.clone()).collect()),
            total: self.totals(),
            offer: self.offer(),
            form: self.form.clone(),
            cancelled: self.cancelled,
        }
    }

    /// Notes the passing of time, so that rates fall when nothing comes.
    pub fn tick(&mut self) {
        let at = now() / 1000.0;
        for layer in self.layers.iter_mut().filter(|layer| layer.shown.phase == Phase::Running) {
            layer.pace.note(at, layer.shown.read);
            layer.shown.rate = layer.pace.rate();
        }
        let sum = |of: fn(&LayerProgress) -> u64| self.layers.iter().map(|layer| of(&layer.shown)).sum();
        let (read, produced) = (sum(|layer| layer.read), sum(|layer| layer.produced));
        self.clock.read.note(at, read);
        self.clock.produced.note(at, produced);
        let memory = self.pool.as_ref().map_or(0, Pool::memory);
        self.clock.most_memory = self.clock.most_memory.max(memory);
    }

    fn advance(&mut self, job: &LayerWork, count: LayerCount) {
        let Some(layer) = self.layers.iter_mut().find(|layer| layer.shown.id == job.layer()) else { return };
        if job.part != Part::Hash {
            layer.shown.produced = count.produced;
            layer.shown.spans = layer.shown.spans.max(count.spans);
        }
        layer.read.insert(job.part, count.read);
        // Of a divided layer the second part may not have begun: then the first speaks for both.
        let slowest = layer.read.values().copied().min().unwrap_or(0);
        layer.shown.read = layer.shown.read.max(slowest).min(layer.shown.total);
    }

    fn part_done(&mut self, job: &LayerWork, summary: Box<LayerSummary>, ztoc: Option<Uint8Array>) {
        if let (Some(ztoc), Some(named)) = (ztoc, &summary.ztoc)
            && let Ok(blob) = saving::bytes(&ztoc)
        {
            self.ztocs.insert(named.digest.clone(), blob);
        }
        let Some(layer) = self.layers.iter_mut().find(|layer| layer.shown.id == job.layer()) else { return };
        let summary = match (job.part, layer.half.take()) {
            (Part::Whole, _) => summary,
            (part, None) => {
                layer.half = Some((part, summary));
                return;
            }
            (Part::Hash, Some((_, mut build))) => {
                build.join_hash(&summary);
                build
            }
            (Part::Build, Some((_, hash))) => {
                let mut build = summary;
                build.join_hash(&hash);
                build
            }
        };
        layer.shown.rate = 0.0;
        layer.shown.phase = match &summary.error {
            None => {
                layer.shown.read = layer.shown.total;
                Phase::Done
            }
            Some(failure) => Phase::Failed(failures::layer(failure)),
        };
        if let Some(spans) = summary.spans {
            layer.shown.spans = spans;
        }
        if let Some(size) = summary.uncompressed_size {
            layer.shown.produced = size;
        }
        Rc::make_mut(&mut self.analysis.0).record(*summary);
        self.renew_report();
    }

    fn mark_running(&mut self) {
        let running: Vec<LayerId> = self.pool.iter().flat_map(Pool::running).map(LayerWork::layer).collect();
        for layer in &mut self.layers {
            if layer.shown.phase == Phase::Waiting && running.contains(&layer.shown.id) {
                layer.shown.phase = Phase::Running;
            }
        }
    }

    /// Ends the run when no worker is busy. Without a single worker that could be started, layers
    /// are left waiting: they failed.
    fn end_if_done(&mut self) {
        if self.pool.as_ref().is_none_or(|pool| pool.busy() > 0) {
            return;
        }
        self.tick();
        self.pool = None;
        self.clock.stop();
        let waiting: Vec<LayerId> = self
            .layers
            .iter()
            .filter(|layer| layer.shown.phase == Phase::Waiting)
            .map(|layer| layer.shown.id)
            .collect();
        for id in waiting {
            let failure = sociscope_engine::Failure::new(
                Culprit::Internal,
                "browser",
                "No worker could be started, so this layer was not read.",
            )
            .fix("Reload the page. It needs a current browser.");
            let mut summary = LayerSummary::empty(id);
            if let Some(layer) = self.layers.iter_mut().find(|layer| layer.shown.id == id) {
                layer.shown.phase = Phase::Failed(failures::layer(&failure));
            }
            summary.error = Some(failure);
            Rc::make_mut(&mut self.analysis.0).record(summary);
        }
        self.renew_report();
        self.renew_form();
    }

    fn renew_report(&mut self) {
        self.report = Shared::new(self.analysis.report());
    }

    /// Takes the tag from the shown image's own name, unless the reader has stated one.
    fn renew_tag(&mut self) {
        if self.tag_is_chosen {
            return;
        }
        let image = self.analysis.archive().images.get(self.shown_image);
        let tag = image.into_iter().flat_map(|image| &image.names).find_map(|name| push::tag_of(name));
        let tag = tag.map(str::to_owned);
        if tag != self.options.tag {
            self.set_options(|options| options.tag = tag);
        }
    }

    /// Makes the form from the shown image, unless the reader has begun to edit it.
    fn renew_form(&mut self) {
        if self.form_is_edited {
            return;
        }
        let image = self.analysis.archive().images.get(self.shown_image);
        let verdict = self.report.images.get(self.shown_image).map(|image| &image.verdict);
        let sizes = verdict.map_or_else(ImageSizes::default, |verdict| ImageSizes {
            compressed: verdict.image_bytes,
            // Until it is known, the stored size is the least it can be.
            uncompressed: verdict.uncompressed_bytes.unwrap_or(verdict.image_bytes),
        });
        // What Fargate cannot run gets an empty form; the rules say why.
        let form = image.and_then(|image| Form::from_image(&image.config, sizes).ok());
        let mut form = form.unwrap_or_default();
        // What the image is called here is the best guess at what it will be called there. A bare
        // tag is no such name.
        let names = image.into_iter().flat_map(|image| &image.names);
        if let Some(name) = names.into_iter().find(|name| name.contains([':', '/'])) {
            form.name_after(name);
        }
        self.form = Shared::new(form);
    }

    fn offer(&self) -> Offer {
        if self.is_running() {
            return Offer::Pending;
        }
        match &self.report.conversion {
            Some(conversion) => {
                Offer::Archive { size: conversion.archive_size, image_index: conversion.image_index.clone() }
            }
            None if self.cancelled => {
                let read = self.layers.iter().filter(|layer| layer.shown.phase == Phase::Done).count();
                Offer::Nothing(failures::cancelled(read, self.layers.len()))
            }
            None => Offer::Nothing(failures::no_archive(&self.report.verdict)),
        }
    }

    fn totals(&self) -> Totals {
        let sum = |of: fn(&LayerProgress) -> u64| self.layers.iter().map(|layer| of(&layer.shown)).sum();
        let (read, total, produced): (u64, u64, u64) =
            (sum(|layer| layer.read), sum(|layer| layer.total), sum(|layer| layer.produced));
        let clock = &self.clock;
        let (rate, produced_rate) = match clock.took {
            Some(took) if took > 0.0 => (read as f64 / took, produced as f64 / took),
            _ => (clock.read.rate(), clock.produced.rate()),
        };
        let running = self.layers.iter().filter(|layer| layer.shown.phase == Phase::Running);
        let left = self.is_running().then(|| {
            let running =
                running.map(|layer| (layer.shown.total.saturating_sub(layer.shown.read), layer.shown.rate));
            seconds_left((total.saturating_sub(read), rate), running)
        });
        Totals {
            read,
            total,
            produced,
            rate,
            produced_rate,
            elapsed: clock.elapsed(),
            opened_in: clock.opened_in,
            left: left.flatten(),
            workers: clock.workers,
            memory: self.pool.as_ref().map_or(clock.most_memory, Pool::memory),
        }
    }
}

impl Clock {
    fn new(opened_in: f64) -> Self {
        Self {
            opened_in,
            began: now() / 1000.0,
            took: None,
            read: Pace::default(),
            produced: Pace::default(),
            workers: 0,
            most_memory: 0,
        }
    }

    fn elapsed(&self) -> f64 {
        self.took.unwrap_or_else(|| now() / 1000.0 - self.began)
    }

    fn stop(&mut self) {
        self.took = Some(self.elapsed());
    }
}

/// The image to show of the one that is converted.
fn shown(analysis: &Analysis) -> Option<usize> {
    analysis.subjects().get(analysis.options().subject?)?.images.first().copied()
}

/// The image to show first: not an attestation, when there is a choice.
fn first_runnable(report: &Report) -> usize {
    let is_image = |image: &sociscope_engine::report::ImageReport| {
        image.kind == sociscope_engine::report::ImageKind::Image
    };
    report.images.iter().position(is_image).unwrap_or(0)
}
