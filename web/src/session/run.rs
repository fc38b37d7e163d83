//! One analysis of one file, alive: what the pool is doing, and what the engine knows by now.

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Uint8Array;
use sociscope_engine::{
    Analysis, Archive, ArchivePlan, Culprit, Error, LayerId, LayerSummary, LayerTask, Options, Report, Scope,
    TaskCompression,
    analysis::Remakable,
    image::{Digest, Extent, Format},
    push,
    remake::{self, RemadeLayer},
    report::{LayerReport, LayerStatus},
    soci::{self, prepare},
    verify::Depth,
};
use sociscope_fargate::{Form, ImageSizes};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use yew::Callback;

use super::{
    failures,
    grown::Grown,
    locate::{Search, Searches},
    opening::Held,
    pace::{Pace, seconds_left},
    pool::{Heard, Pool, Said, workers_here},
    remake::{Finished, Heard as Remade, Remakes, Wanted},
    saving::{self, Order, Verified, ZtocStore},
    schedule::{LayerWork, Part, jobs},
    verify::Verification,
};
use crate::{
    model::{
        self, Artifact, LayerProgress, Offer, Phase, RemakeState, Remaking, Shared, Source, Totals, Work,
    },
    worker::{
        layer::{now, words},
        message::LayerCount,
    },
};

/// An analysis, running or finished.
pub struct LiveRun {
    source: Source,
    file: Grown,
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
    /// Stored layers whose place another has taken.
    replaced: Vec<Layer>,
    remakes: Remakes,
    /// Nothing where the file holds no SOCI index.
    verification: Option<Verification>,
    searches: Searches,
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
        Self::of(shown)
    }

    /// A layer that was made here and read.
    fn made(id: LayerId, made: &RemadeLayer, summary: &LayerSummary) -> Self {
        Self::of(LayerProgress {
            id,
            work: Work::Index,
            phase: Phase::Done,
            read: made.size,
            total: made.size,
            produced: made.uncompressed_size,
            spans: summary.spans.unwrap_or(0),
            rate: 0.0,
        })
    }

    fn of(shown: LayerProgress) -> Self {
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
        let verification = Verification::offer(&archive, &source.name);
        let mut analysis = Analysis::new(archive, source.name.as_str(), options.clone());
        // Of several images one is shown, so that one is converted; the others are a choice away.
        if analysis.must_choose() {
            options.subject = Some(0);
            analysis.set_options(options.clone());
        }
        let report = analysis.report();
        let mut run = Self {
            shown_image: shown(&analysis).unwrap_or_else(|| first_runnable(&report)),
            source,
            file: Grown::new(held),
            analysis: Shared::new(analysis),
            report: Shared::new(report),
            options,
            form: Shared::new(Form::default()),
            form_is_edited: false,
            tag_is_chosen: false,
            pool: None,
            layers: Vec::new(),
            replaced: Vec::new(),
            remakes: Remakes::default(),
            verification,
            searches: Searches::default(),
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
    pub fn read_layers(&mut self, on: Callback<(usize, Said)>) {
        let tasks = self.analysis.tasks(Scope::All);
        self.searches.forget();
        self.layers.retain(|layer| tasks.iter().all(|task| task.id != layer.shown.id));
        self.layers.extend(tasks.iter().map(Layer::waiting));
        self.layers.sort_by_key(|layer| layer.shown.id);
        let workers = workers_here();
        let pool = Pool::start(self.file.whole().file.clone(), jobs(tasks, workers), workers, on);
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
            // One thing per press; what was begun last is most likely meant.
            match self.verification.as_ref().is_some_and(Verification::is_running) {
                true => self.cancel_verification(),
                false => self.cancel_remakes(),
            }
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
        let (analysis, end) = (&self.analysis, self.file.end());
        self.remakes.read_again(|id, made| remade_task(analysis, id, made, end).ok());
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

    /// Other files to prefetch. The report is that of before until it is known where they lie.
    pub fn set_prefetch(&mut self, paths: Vec<String>) {
        self.searches.forget();
        self.options.prefetch = paths;
        Rc::make_mut(&mut self.analysis.0).set_options(self.options.clone());
        if self.analysis.unlocated().is_empty() {
            self.renew_report();
        }
    }

    /// Has those zTOCs searched that were not yet searched for all files to prefetch.
    pub fn locate(&mut self, on: Callback<(usize, Said)>) {
        if self.options.prefetch.is_empty() || self.searches.failure().is_some() {
            return;
        }
        let unlocated = self.analysis.unlocated();
        let mut wanted = Vec::new();
        for (layer, paths) in unlocated {
            let ztoc = self.analysis.summary(layer).and_then(|summary| summary.ztoc.as_ref());
            match ztoc.and_then(|ztoc| self.ztocs.get(&ztoc.digest)) {
                Some(ztoc) => wanted.push(Search { layer, paths, ztoc: ztoc.clone() }),
                None => return self.searches.fail(failures::locating_broke("a zTOC is not there")),
            }
        }
        if !wanted.is_empty() {
            self.searches.begin(wanted, on);
        }
    }

    /// Takes in what a worker said that searches a zTOC.
    pub fn searcher_heard(&mut self, seat: usize, said: Said) {
        if let Some((layer, located)) = self.searches.heard(seat, said) {
            Rc::make_mut(&mut self.analysis.0).record_located(layer, located);
        }
        if !self.searches.are_on() {
            self.renew_report();
            self.renew_form();
        }
    }

    /// Layers to be made gzip, of those that can be and are not yet; `None` when there are none.
    pub fn want_remakes(&mut self, layers: &[LayerId], level: u8) -> Option<Wanted> {
        let wanted = self.analysis.remakable().into_iter().filter(|layer| {
            layers.contains(&layer.id) && layer.made.is_none() && !self.remakes.is_on(layer.id)
        });
        let wanted: Vec<_> = wanted
            .filter_map(|layer| {
                let estimate = remake::estimate(layer.size, layer.uncompressed_size, layer.from, level);
                Some((layer.id, self.analysis.remake_task(layer.id, level)?, estimate.size))
            })
            .collect();
        if wanted.is_empty() {
            return None;
        }
        let wanted = Wanted::new(wanted);
        self.remakes.ask(&wanted);
        Some(wanted)
    }

    /// Begins to make them.
    pub fn begin_remakes(&mut self, wanted: Wanted, on: Callback<(usize, Said)>) {
        self.remakes.begin(wanted, &self.file.file().file, on);
    }

    /// Takes in what a worker said that makes layers.
    pub fn remaker_heard(&mut self, seat: usize, said: Said) {
        match self.remakes.heard(seat, said) {
            Remade::Progress | Remade::Failed => {}
            Remade::Compressed(stored, made, bytes) => {
                match remade_task(&self.analysis, stored, &made, self.file.end()) {
                    Ok(task) => self.remakes.read(seat, made, bytes, task),
                    Err(error) => {
                        self.remakes.fail(seat, true, failures::not_replaced(&error));
                    }
                }
            }
            Remade::Finished(finished) => {
                let stored = finished.stored;
                if let Err(failure) = self.replace(*finished) {
                    self.remakes.note_failure(stored, failure);
                }
                self.renew_report();
                self.renew_form();
            }
        }
    }

    /// Puts a layer that was made and read in the place of the stored one.
    fn replace(&mut self, finished: Finished) -> Result<(), model::Failure> {
        let Finished { stored, made, bytes, copy, mut summary, ztoc } = finished;
        if let (Some(ztoc), Some(named)) = (ztoc, &summary.ztoc) {
            let blob = saving::bytes(&ztoc).map_err(|error| failures::remaking_broke(&words(&error)))?;
            self.ztocs.insert(named.digest.clone(), blob);
        }
        let extent = self.file.append(stored, bytes, copy);
        let extent = extent.map_err(|error| failures::remaking_broke(&words(&error)))?;
        let analysis = Rc::make_mut(&mut self.analysis.0);
        let id = match analysis.replace_layer(stored, &made, extent) {
            Ok(id) => id,
            Err(error) => {
                // A place that nobody knows of.
                let _ = self.file.take_away(stored);
                return Err(failures::not_replaced(&error));
            }
        };
        summary.id = id;
        let layer = Layer::made(id, &made, &summary);
        analysis.record(*summary);
        self.replaced.extend(self.layers.extract_if(.., |layer| layer.shown.id == stored));
        self.layers.push(layer);
        Ok(())
    }

    /// Takes stored layers again.
    pub fn restore(&mut self, stored: &[LayerId]) {
        let made = self.analysis.remakable().into_iter().filter(|layer| stored.contains(&layer.id));
        for (id, made) in made.filter_map(|layer| Some((layer.id, layer.made?))).collect::<Vec<_>>() {
            Rc::make_mut(&mut self.analysis.0).restore_layer(id);
            // If the browser refuses, what was made stays where it was, unused.
            let _ = self.file.take_away(id);
            self.layers.retain(|layer| layer.shown.id != made);
            self.layers.extend(self.replaced.extract_if(.., |layer| layer.shown.id == id));
        }
        self.layers.sort_by_key(|layer| layer.shown.id);
        self.renew_report();
        self.renew_form();
    }

    /// Ends the making of layers.
    pub fn cancel_remakes(&mut self) {
        self.remakes.cancel();
    }

    /// Reads the layers against the zTOCs that came with them.
    pub fn verify(&mut self, depth: Depth, on: Callback<(usize, Said)>) {
        if let Some(verification) = &mut self.verification {
            verification.begin(depth, &self.file.file().file, on);
        }
    }

    /// Takes in what a worker said that does so.
    pub fn verifier_heard(&mut self, seat: usize, said: Said) {
        if let Some(verification) = &mut self.verification {
            verification.heard(seat, said);
        }
    }

    /// Ends that.
    pub fn cancel_verification(&mut self) {
        if let Some(verification) = &mut self.verification {
            verification.cancel();
        }
    }

    /// Whether something of it lies in temporary files.
    pub fn has_copies(&self) -> bool {
        !self.file.whole().copies.is_empty() || self.remakes.are_on()
    }

    /// Whether layers have to be read that nobody reads.
    pub fn lacks_layers(&self) -> bool {
        !self.cancelled && !self.is_running() && !self.analysis.is_complete(Scope::All)
    }

    /// What can be made gzip, once all was read that tells.
    fn remakable(&self) -> Vec<Remaking> {
        // A layer alone is part of no image that could have it replaced.
        if self.is_running() || self.cancelled || self.analysis.opened().format == Format::Layer {
            return Vec::new();
        }
        let state = |layer: &Remakable| match layer.made.and_then(|made| self.report.layer(made)) {
            Some(made) => RemakeState::Made { size: made.size },
            None => self.remakes.state(layer.id).unwrap_or(RemakeState::Stored),
        };
        let is_sound =
            |layer: &Remakable| self.analysis.summary(layer.id).is_none_or(|summary| summary.error.is_none());
        let remakable = self.analysis.remakable().into_iter().filter(is_sound);
        remakable.map(|layer| Remaking { state: state(&layer), layer }).collect()
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
        Order::of(name, &converted.plan, self.file.whole(), &self.ztocs, &verified, &indexed, title)
    }

    /// Indexes without their image: manifests and zTOCs, all of it of our making.
    fn index_alone(&self, plan: &ArchivePlan) -> Result<Blob, JsValue> {
        let nothing = (Verified::new(), BTreeMap::new());
        Order::of(String::new(), plan, self.file.whole(), &self.ztocs, &nothing.0, &nothing.1, |_| None)?
            .blob()
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
            Artifact::Verification => {
                let document = self.verification.as_ref().and_then(Verification::document);
                saving::text(&document.ok_or("nothing was verified")?.to_json())
            }
            Artifact::Report => saving::text(&self.report.to_json()),
            Artifact::TaskDefinition => {
                let image = self.analysis.archive().images.get(self.shown_image).ok_or("no image")?;
                let definition = sociscope_fargate::build(&self.form, &image.config);
                saving::text(&sociscope_fargate::to_pretty(&definition).text)
            }
        }
    }

    /// The file with the layers made here, and what keeps it in existence. Whoever reads it later holds a clone of this.
    pub fn held(&self) -> &Held {
        self.file.whole()
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
            remakable: Rc::new(self.remakable()),
            verification: self.verification.as_ref().map(Verification::snapshot),
            cores: workers_here(),
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
        if self.searches.are_on() {
            return Offer::Locating;
        }
        if let Some(failure) = self.searches.failure() {
            return Offer::Nothing(failure.clone());
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

/// The task that reads a layer that was made, which lies in a file of its own. `end` is where it will be
/// put: the task is the one it would get there.
fn remade_task(
    analysis: &Analysis,
    stored: LayerId,
    made: &RemadeLayer,
    end: u64,
) -> Result<LayerTask, Error> {
    let mut trial = analysis.clone();
    let id = trial.replace_layer(stored, made, Extent { offset: end, len: made.size })?;
    let task = trial.tasks(Scope::All).into_iter().find(|task| task.id == id);
    let task = task.ok_or(Error::Misuse("a layer that was made is not to be read"))?;
    Ok(LayerTask { offset: 0, ..task })
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
