//! What the page does: takes actions and events, one at a time, and keeps the [`State`] that shows
//! the result.
//!
//! ```text
//!            OpenFiles, Drop          opened                   last layer done, or Cancel
//!   Empty ──────────────► Opening ─────────────► Analysing ───────────────────────────────► Ready
//!     ▲                   │  ▲ │ not an image                                                 │
//!     │       compressed  ▼  │ └──────────────► Failed       another span size: Analysing ◄───┘
//!     └──── Reset       Unpacking
//! ```
//!
//! Everything that takes time answers with an [`Event`] that carries the number of the file it is
//! about. A file that was replaced meanwhile has another number, and what still comes for the old
//! one is dropped.
//!
//! [`handed_in`] finds what can be opened of what was dropped, [`opening`] reads headers and JSON,
//! [`unpacking`] makes a copy of what is inside a compressed file, [`ztoc`] looks at a zTOC, [`run`] drives the layers through the [`pool`], [`schedule`]
//! divides the work, [`remake`] has layers made gzip by a [`crew`] and [`grown`] puts them behind the file, [`locate`] finds files to prefetch, [`pace`] says how long it takes, [`verify`] reads layers against the zTOCs that came with them, [`saving`] makes the downloads.

pub mod crew;
pub mod failures;
pub mod grown;
pub mod handed_in;
pub mod locate;
pub mod opening;
pub mod pace;
pub mod pool;
pub mod remake;
pub mod run;
pub mod saving;
pub mod schedule;
pub mod unpacking;
pub mod verify;
pub mod ztoc;

use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Uint8Array};
use sociscope_engine::{LayerId, Options, OuterFormat, StoredAs, sample};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, File, FilePropertyBag};
use yew::{Callback, platform::time::sleep};

use crate::{
    browser::{
        address, download,
        drop_zone::Drag,
        save_stream::{self, Handle, Picked},
        storage::{self, Disk, TemporaryFile},
        theme,
    },
    model::{Action, Artifact, Failure, HandedIn, Origin, Source, Stage, State, Toast, View},
    worker::{
        layer::{now, words},
        message::{Reply, Request},
    },
};
use handed_in::Input;
use opening::{Found, Held};
use pool::{RunningWorker, Said};
use remake::Wanted;
use run::LiveRun;
use saving::{LiveSave, Order};
use unpacking::{Heard, Unpacking};
use ztoc::{LiveZtoc, Whose};

/// How often progress is shown.
const TICK: Duration = Duration::from_millis(100);
/// How often a file may turn out to be compressed again once it was unpacked.
const MOST_WRAPPINGS: u8 = 3;

/// Counts the files of a session.
pub type FileNumber = u32;

/// Something that happened.
pub enum Event {
    /// The reader asked for something.
    Action(Action),
    /// Something was dragged over or dropped on the window.
    Drag(Drag),
    /// The address changed: Back, Forward, or a link.
    AddressChanged,
    /// The page is being closed or left: the last moment to remove what it put on the disk.
    Left,
    /// The page is there: for the first time, or again, as it was left.
    Returned,
    /// It is known what can be opened of what was dropped, which the number counts.
    HandedIn(u32, Result<Vec<Input>, Failure>),
    /// The file is open, or cannot be opened.
    Opened(FileNumber, Result<Found, Failure>),
    /// There is a temporary file to unpack into, or there are none here.
    Room(FileNumber, OuterFormat, Option<TemporaryFile>),
    /// The worker that unpacks said something.
    Unpacker(FileNumber, Said),
    /// A worker of the run said something.
    Worker(FileNumber, usize, Said),
    /// It is known whether there is room for layers of the run, which the number names.
    RemakeRoom(FileNumber, Box<Wanted>),
    /// A worker that makes layers of the run said something.
    Remaker(FileNumber, usize, Said),
    /// A worker that reads layers of the run against their zTOCs said something.
    Verifier(FileNumber, usize, Said),
    /// A worker that searches zTOCs of the run for files said something.
    Searcher(FileNumber, usize, Said),
    /// A worker that looks at a zTOC said something.
    ZtocWorker(FileNumber, Whose, Said),
    /// The worker that makes the sample said something.
    SampleWorker(Said),
    /// Time passed while a run was on.
    Tick(FileNumber),
    /// The reader said where to save the archive, or did not.
    Picked(Box<Order>, Picked),
    /// The worker that saves said something.
    SaveWorker(Said),
    /// A download could not be made.
    NotSaved(String),
}

/// The page's memory, apart from what is on the screen.
pub struct Session {
    state: Rc<State>,
    emit: Callback<Event>,
    number: FileNumber,
    drops: u32,
    /// What opens a file looks at the other end of this, and ends with it.
    wanted: Option<Rc<()>>,
    inputs: Vec<Input>,
    opening: Option<Pending>,
    unpacking: Option<Unpacking>,
    ztoc: Option<LiveZtoc>,
    disk: Disk,
    /// The page was left, and what it had unpacked is gone.
    left: bool,
    run: Option<LiveRun>,
    /// Names the run; unlike the number of the file it lasts when its layers are read again.
    run_number: FileNumber,
    sample: Sample,
    /// An archive on its way to the disk. It outlives its run: a new file does not touch it.
    save: Option<LiveSave>,
    toasts: u32,
}

/// A file that is being opened.
#[derive(Clone)]
struct Pending {
    held: Held,
    source: Source,
    options: Options,
    /// When it began, milliseconds.
    since: f64,
    /// How often it was unpacked.
    unpacked: u8,
}

/// The built-in sample.
#[derive(Default)]
struct Sample {
    /// Made once, kept: it is small.
    file: Option<File>,
    /// Makes it; at most one.
    worker: Option<RunningWorker>,
    /// What it is wanted for.
    to_open: bool,
    to_save: bool,
}

impl Session {
    /// A page without a file. Events go through `emit` and come back to [`handle`](Self::handle).
    pub fn new(emit: Callback<Event>) -> Self {
        let state = State {
            stage: Stage::Empty,
            view: address::view(),
            theme: theme::remembered(),
            dragging: false,
            toast: None,
            handed_in: Rc::default(),
            saving: None,
        };
        // What an earlier tab could not remove any more.
        spawn_local(storage::sweep());
        Self {
            state: Rc::new(state),
            emit,
            number: 0,
            drops: 0,
            wanted: None,
            inputs: Vec::new(),
            opening: None,
            unpacking: None,
            ztoc: None,
            disk: Disk::default(),
            left: false,
            run: None,
            run_number: 0,
            sample: Sample::default(),
            save: None,
            toasts: 0,
        }
    }

    /// What is to be shown.
    pub fn state(&self) -> &Rc<State> {
        &self.state
    }

    /// Takes in what happened. True when there is something new to show.
    pub fn handle(&mut self, event: Event) -> bool {
        let before = Rc::clone(&self.state);
        match event {
            Event::Action(action) => self.act(action),
            Event::Drag(drag) => self.drag(drag),
            Event::AddressChanged => self.show(|state| state.view = address::view()),
            Event::Left => self.leave(),
            Event::Returned if std::mem::take(&mut self.left) => match self.inputs.is_empty() {
                true => self.want_sample(|sample| sample.to_open = true),
                false => self.choose(self.state.handed_in.chosen),
            },
            Event::Returned => {}
            Event::HandedIn(drop, inputs) if drop == self.drops => self.handed_in(inputs),
            Event::Opened(number, result) if number == self.number => self.opened(result),
            Event::Room(number, format, copy) if number == self.number => self.unpack(format, copy),
            Event::Unpacker(number, said) if number == self.number => self.unpacker_said(said),
            Event::ZtocWorker(number, whose, said) if number == self.number => self.ztoc_said(whose, said),
            Event::Worker(number, seat, said) if number == self.number => {
                if self.run.as_mut().is_some_and(|run| run.heard(seat, said)) {
                    self.show_run();
                }
            }
            Event::RemakeRoom(number, wanted) if number == self.run_number => {
                let on = self.emit.reform(move |(seat, said)| Event::Remaker(number, seat, said));
                self.change(|run| run.begin_remakes(*wanted, on));
            }
            Event::Remaker(number, seat, said) if number == self.run_number => {
                self.change(|run| run.remaker_heard(seat, said));
            }
            Event::Verifier(number, seat, said) if number == self.run_number => {
                self.change(|run| run.verifier_heard(seat, said));
            }
            Event::Searcher(number, seat, said) if number == self.number => {
                self.change(|run| run.searcher_heard(seat, said));
            }
            Event::Tick(number) if number == self.number => {
                if let Some(run) = self.run.as_mut().filter(|run| run.is_running()) {
                    run.tick();
                    self.show_run();
                    self.tick_while_running();
                }
            }
            // Of a file that is no longer there.
            Event::HandedIn(..)
            | Event::Opened(..)
            | Event::Room(..)
            | Event::Unpacker(..)
            | Event::ZtocWorker(..)
            | Event::Worker(..)
            | Event::RemakeRoom(..)
            | Event::Remaker(..)
            | Event::Verifier(..)
            | Event::Searcher(..)
            | Event::Tick(_) => {}
            Event::SampleWorker(said) => self.sample_said(said),
            Event::Picked(order, picked) => match picked {
                Picked::File(place) => self.begin_save(*order, Some(place)),
                Picked::Refused => self.begin_save(*order, None),
                Picked::Closed => {}
            },
            Event::SaveWorker(said) => self.save_said(said),
            Event::NotSaved(why) => self.toast(why, true),
        }
        !Rc::ptr_eq(&before, &self.state)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::OpenFiles(files) => self.gather(handed_in::picked(files)),
            Action::OpenFolder(files) => self.handed_in(handed_in::picked_folder(files)),
            Action::Choose(index) => self.choose(index),
            Action::SearchZtoc(text) => {
                if let Some(ztoc) = &self.ztoc {
                    ztoc.search(text);
                }
            }
            Action::OpenSample => self.want_sample(|sample| sample.to_open = true),
            Action::SaveSampleTar => self.want_sample(|sample| sample.to_save = true),
            Action::Cancel => self.cancel(),
            Action::Reset => {
                self.drop_file();
                self.inputs.clear();
                self.show(|state| {
                    state.stage = Stage::Empty;
                    state.handed_in = Rc::default();
                });
            }
            Action::SetMinLayerSize(bytes) => {
                self.change(|run| run.set_options(|options| options.min_layer_size = bytes))
            }
            Action::SetPlatforms(choice) => {
                self.change(|run| run.set_options(|options| options.platforms = choice))
            }
            Action::SetSubject(subject) => self.change(|run| run.set_subject(subject)),
            Action::SetTag(tag) => self.change(|run| run.set_tag(&tag)),
            Action::SetKeepAnnotations(keep) => {
                self.change(|run| run.set_options(|options| options.keep_annotations = keep))
            }
            Action::SetKeepUnusable(keep) => {
                self.change(|run| run.set_options(|options| options.keep_unusable = keep))
            }
            Action::SetPrefetch(paths) => self.change(|run| run.set_prefetch(paths)),
            Action::SetSpanSize(bytes)
                if self.run.as_ref().is_some_and(|run| run.options().span_size == bytes) => {}
            Action::SetSpanSize(bytes) => {
                // What the workers of the present run still say is of another span size.
                self.number += 1;
                let on = self.worker_callback();
                self.change(|run| run.set_span_size(bytes, on));
                self.tick_while_running();
            }
            Action::Remake { layers, level } => self.remake(&layers, level),
            Action::CancelRemake => self.change(LiveRun::cancel_remakes),
            Action::Verify(depth) => {
                let number = self.run_number;
                let on = self.emit.reform(move |(seat, said)| Event::Verifier(number, seat, said));
                self.change(|run| run.verify(depth, on));
            }
            Action::CancelVerify => self.change(LiveRun::cancel_verification),
            Action::Restore(layers) => {
                self.change(|run| run.restore(&layers));
                if self.run.as_ref().is_some_and(LiveRun::lacks_layers) {
                    // They were read with another span size.
                    self.number += 1;
                    let on = self.worker_callback();
                    self.change(|run| run.read_layers(on));
                    self.tick_while_running();
                }
            }
            Action::ShowImage(image) => self.change(|run| run.show_image(image)),
            Action::EditTask(form) => self.change(|run| run.edit_form(*form)),
            Action::Save(Artifact::SociArchive) => self.save_archive(),
            Action::Save(artifact) => self.save(&artifact),
            Action::CancelSave => {
                if let Some(save) = &mut self.save {
                    save.stop();
                    self.show_save();
                }
            }
            Action::Go(view) => {
                address::go(view);
                self.show(|state| state.view = view);
            }
            Action::SetTheme(chosen) => {
                theme::choose(chosen);
                self.show(|state| state.theme = chosen);
            }
            Action::DismissToast => self.show(|state| state.toast = None),
        }
    }

    fn drag(&mut self, drag: Drag) {
        match drag {
            Drag::Over if !self.state.dragging => self.show(|state| state.dragging = true),
            Drag::Gone if self.state.dragging => self.show(|state| state.dragging = false),
            Drag::Over | Drag::Gone => {}
            Drag::Dropped(entries) => self.gather(handed_in::dropped(entries)),
        }
    }

    /// Finds out what was handed in. What is there stays until it is known what comes instead.
    fn gather(&mut self, inputs: impl Future<Output = Result<Vec<Input>, Failure>> + 'static) {
        self.drops += 1;
        let (emit, drop) = (self.emit.clone(), self.drops);
        spawn_local(async move { emit.emit(Event::HandedIn(drop, inputs.await)) });
    }

    /// Takes what was handed in together, and begins with the first.
    fn handed_in(&mut self, inputs: Result<Vec<Input>, Failure>) {
        match inputs {
            Ok(inputs) if inputs.is_empty() => {}
            Ok(inputs) => {
                let files = inputs.iter().map(|input| (input.name(), input.size())).collect();
                self.inputs = inputs;
                self.show(|state| state.handed_in = Rc::new(HandedIn { files, chosen: 0 }));
                self.choose(0);
            }
            Err(failure) => {
                self.drop_file();
                self.inputs.clear();
                self.show(|state| {
                    state.stage = Stage::Failed { source: None, failure };
                    state.handed_in = Rc::default();
                });
            }
        }
    }

    /// Goes to one of the inputs.
    fn choose(&mut self, index: usize) {
        let Some(input) = self.inputs.get(index).cloned() else { return };
        let source =
            Source { name: input.name(), size: input.size(), is_sample: false, origin: input.origin() };
        let file = input.file();
        self.show(|state| Rc::make_mut(&mut state.handed_in).chosen = index);
        let layer = match input {
            Input::LayerAndZtoc { layer, stored, .. } => Some((layer, stored)),
            Input::File(_) | Input::Folder { .. } => None,
        };
        match file {
            Ok(file) if layer.is_some() => {
                self.drop_file();
                self.show_ztoc(&file, layer, source);
            }
            Ok(file) => self.open(file, source, Options::default()),
            Err(failure) => {
                self.drop_file();
                self.show(|state| state.stage = Stage::Failed { source: Some(source), failure });
            }
        }
    }

    /// Begins with a file; whatever was there is ended first.
    fn open(&mut self, file: File, source: Source, options: Options) {
        // The first file goes where the address says; a later one begins with its verdict.
        let is_first = matches!(self.state.stage, Stage::Empty);
        self.drop_file();
        if !is_first {
            address::correct(View::Image);
            self.show(|state| state.view = View::Image);
        }
        let held = Held { file: file.into(), copies: Vec::new() };
        self.look(Pending { held, source, options, since: now(), unpacked: 0 });
    }

    /// Finds out what a file is.
    fn look(&mut self, pending: Pending) {
        let wanted = Rc::new(());
        let (emit, number, end) = (self.emit.clone(), self.number, Rc::downgrade(&wanted));
        self.wanted = Some(wanted);
        let (file, source) = (pending.held.file.clone(), pending.source.clone());
        self.opening = Some(pending);
        self.show(|state| state.stage = Stage::Opening(source));
        spawn_local(async move {
            if let Some(result) = opening::open(file, end).await {
                emit.emit(Event::Opened(number, result));
            }
        });
    }

    fn opened(&mut self, result: Result<Found, Failure>) {
        self.wanted = None;
        let Some(pending) = self.opening.take() else { return };
        match result {
            Ok(Found::Archive(archive)) => {
                let Pending { held, source, options, since, .. } = pending;
                let seconds = (now() - since) / 1000.0;
                let on = self.worker_callback();
                self.run_number = self.number;
                self.run = Some(LiveRun::begin(held, source, *archive, options, seconds, on));
                self.show_run();
                self.tick_while_running();
            }
            Ok(Found::Outer(_)) if pending.unpacked >= MOST_WRAPPINGS => {
                self.fail(pending.source, failures::wrapped(pending.unpacked));
            }
            Ok(Found::Outer(format)) => {
                self.opening = Some(pending);
                let (emit, number, disk) = (self.emit.clone(), self.number, self.disk.clone());
                spawn_local(async move {
                    emit.emit(Event::Room(number, format, disk.file().await));
                });
            }
            Ok(Found::Ztoc) => self.show_ztoc(&pending.held.file, None, pending.source),
            Err(failure) => self.fail(pending.source, failure),
        }
    }

    /// Unpacks the file that is being opened, into `copy`.
    fn unpack(&mut self, format: OuterFormat, copy: Option<TemporaryFile>) {
        let Some(pending) = &self.opening else { return };
        let number = self.number;
        let on = self.emit.reform(move |said| Event::Unpacker(number, said));
        let (held, source) = (pending.held.clone(), pending.source.clone());
        match Unpacking::start(held, source.clone(), format, copy, on) {
            Ok(unpacking) => {
                let shown = unpacking.snapshot();
                self.unpacking = Some(unpacking);
                self.show(|state| state.stage = Stage::Unpacking(shown));
            }
            Err(error) => self.fail(source, failures::unpacking_broke(&words(&error))),
        }
    }

    fn unpacker_said(&mut self, said: Said) {
        let Some(unpacking) = &mut self.unpacking else { return };
        match unpacking.heard(said) {
            Heard::Progress => {
                let shown = unpacking.snapshot();
                self.show(|state| state.stage = Stage::Unpacking(shown));
            }
            Heard::Done(held, source) => {
                self.unpacking = None;
                let Some(pending) = self.opening.take() else { return };
                let unpacked = pending.unpacked + 1;
                self.look(Pending { held, source, since: now(), unpacked, ..pending });
            }
            Heard::Failed(failure) => {
                if let Some(pending) = self.opening.take() {
                    self.fail(pending.source, failure);
                }
            }
        }
    }

    /// Shows a zTOC, and reads its layer against it when there is one.
    fn show_ztoc(&mut self, file: &Blob, layer: Option<(File, StoredAs)>, source: Source) {
        let number = self.number;
        let on = self.emit.reform(move |(whose, said)| Event::ZtocWorker(number, whose, said));
        let layer = layer.as_ref().map(|(file, stored)| (file, *stored));
        match LiveZtoc::begin(file, layer, source.clone(), &on) {
            Ok(ztoc) => {
                let shown = ztoc.snapshot();
                self.ztoc = Some(ztoc);
                self.show(|state| state.stage = Stage::Ztoc(shown));
            }
            Err(error) => self.fail(source, failures::ztoc_broke(&words(&error))),
        }
    }

    fn ztoc_said(&mut self, whose: Whose, said: Said) {
        let Some(ztoc) = &mut self.ztoc else { return };
        let heard = ztoc.heard(whose, said);
        let shown = ztoc.snapshot();
        match heard {
            Ok(()) => self.show(|state| state.stage = Stage::Ztoc(shown)),
            Err(failure) => self.fail(shown.source, failure),
        }
    }

    /// Ends with a file of which there is nothing to show.
    fn fail(&mut self, source: Source, failure: Failure) {
        self.drop_file();
        self.show(|state| state.stage = Stage::Failed { source: Some(source), failure });
    }

    fn cancel(&mut self) {
        match &mut self.run {
            Some(run) => {
                run.cancel();
                self.show_run();
            }
            None => match &mut self.ztoc {
                Some(ztoc) => {
                    ztoc.cancel();
                    let shown = ztoc.snapshot();
                    self.show(|state| state.stage = Stage::Ztoc(shown));
                }
                None if self.state.stage.is_busy() => self.act(Action::Reset),
                None => {}
            },
        }
    }

    /// Removes temporary copies. Whoever comes back to the page gets new ones.
    fn leave(&mut self) {
        let of_run = self.run.as_ref().is_some_and(LiveRun::has_copies);
        if of_run || self.unpacking.is_some() {
            self.drop_file();
            self.left = true;
        }
    }

    /// Ends everything that goes on for the present file.
    fn drop_file(&mut self) {
        self.number += 1;
        self.drops += 1;
        self.wanted = None;
        self.opening = None;
        self.unpacking = None;
        self.ztoc = None;
        self.run = None;
        self.sample.to_open = false;
    }

    /// Has layers made gzip, once it is known whether there is room for them.
    fn remake(&mut self, layers: &[LayerId], level: u8) {
        let Some(wanted) = self.run.as_mut().and_then(|run| run.want_remakes(layers, level)) else { return };
        let (emit, number, disk) = (self.emit.clone(), self.run_number, self.disk.clone());
        spawn_local(async move {
            emit.emit(Event::RemakeRoom(number, Box::new(wanted.find_room(&disk).await)));
        });
        self.show_run();
    }

    fn worker_callback(&self) -> Callback<(usize, Said)> {
        let number = self.number;
        self.emit.reform(move |(seat, said)| Event::Worker(number, seat, said))
    }

    fn tick_while_running(&self) {
        let (emit, number) = (self.emit.clone(), self.number);
        let running = self.run.as_ref().is_some_and(LiveRun::is_running);
        if running {
            spawn_local(async move {
                sleep(TICK).await;
                emit.emit(Event::Tick(number));
            });
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut LiveRun)) {
        if let Some(run) = &mut self.run {
            change(run);
            self.show_run();
        }
    }

    fn save(&mut self, artifact: &Artifact) {
        let Some(run) = &self.run else { return };
        let name = artifact.file_name(&run.source().name);
        let saved = run.artifact(artifact).and_then(|blob| download::save(&blob, &name));
        if let Err(error) = saved {
            self.not_saved(&name, &words(&error));
        }
    }

    /// Asks where to save the archive, where the browser can ask; else it becomes a download.
    fn save_archive(&mut self) {
        let Some(run) = &self.run else { return };
        let name = Artifact::SociArchive.file_name(&run.source().name);
        if let Some(save) = &self.save {
            let text = format!("{} is still being saved.", save.name());
            return self.toast(text, true);
        }
        let order = match run.order(name.clone()) {
            Ok(order) => Box::new(order),
            Err(error) => return self.not_saved(&name, &words(&error)),
        };
        // The picker wants the click that led here, so nothing is awaited before it.
        match crate::browser::window().and_then(|window| save_stream::pick(&window, &name)) {
            Some(picking) => {
                let emit = self.emit.clone();
                spawn_local(async move {
                    let picked = picking.await;
                    emit.emit(Event::Picked(order, picked));
                });
            }
            None => self.begin_save(*order, None),
        }
    }

    fn begin_save(&mut self, order: Order, place: Option<Handle>) {
        let name = order.name.clone();
        match LiveSave::begin(order, place, self.emit.reform(Event::SaveWorker)) {
            Ok(save) => {
                self.save = Some(save);
                self.show_save();
            }
            Err(error) => self.not_saved(&name, &words(&error)),
        }
    }

    fn save_said(&mut self, said: Said) {
        let Some(save) = &mut self.save else { return };
        let name = save.name().to_owned();
        match said {
            Said::Reply(Reply::Saving { done }, _) => {
                save.advance(done);
                self.show_save();
            }
            Said::Reply(Reply::Saved { written }, _) => {
                let download = self.end_save().and_then(LiveSave::into_download);
                match download.map(|(blob, held)| download::save_held(&blob, &name, held)) {
                    None => self.toast(saving::saved(&name, written), false),
                    Some(Ok(())) => {}
                    Some(Err(error)) => self.not_saved(&name, &words(&error)),
                }
            }
            Said::Reply(Reply::NotSaved { failure }, _) => {
                self.end_save();
                match failure {
                    Some(failure) => self.not_saved(&name, &failures::saving(&failure)),
                    None => self.toast(format!("{name} was not saved; nothing of it is left."), false),
                }
            }
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                if let Some(save) = self.end_save() {
                    save.clean_up();
                }
                self.not_saved(&name, &message);
            }
            Said::Reply(..) => {}
        }
    }

    fn end_save(&mut self) -> Option<LiveSave> {
        let save = self.save.take();
        self.show_save();
        save
    }

    fn show_save(&mut self) {
        let saving = self.save.as_ref().map(|save| save.shown().clone());
        self.show(|state| state.saving = saving);
    }

    fn not_saved(&mut self, name: &str, why: &str) {
        self.toast(format!("{name} was not saved. {why}"), true);
    }

    fn want_sample(&mut self, want: impl FnOnce(&mut Sample)) {
        if self.sample.file.is_none() && self.sample.worker.is_none() {
            let worker = RunningWorker::start(self.emit.reform(Event::SampleWorker)).and_then(|worker| {
                worker.ask(&Request::Sample, JsValue::UNDEFINED)?;
                Ok(worker)
            });
            match worker {
                Ok(worker) => self.sample.worker = Some(worker),
                Err(error) => return self.sample_failed(&words(&error)),
            }
        }
        want(&mut self.sample);
        self.serve_sample();
    }

    fn sample_said(&mut self, said: Said) {
        self.sample.worker = None;
        match said {
            Said::Reply(Reply::Sample, payload) => match sample_file(&payload) {
                Ok(file) => {
                    self.sample.file = Some(file);
                    self.serve_sample();
                }
                Err(error) => self.sample_failed(&words(&error)),
            },
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => self.sample_failed(&message),
            Said::Reply(..) => {}
        }
    }

    fn serve_sample(&mut self) {
        let Some(file) = self.sample.file.clone() else {
            // It is being made. Opening says so; saving needs no words for a fraction of a second.
            if self.sample.to_open {
                self.drop_file();
                self.sample.to_open = true;
                self.inputs.clear();
                self.show(|state| {
                    state.stage = Stage::Opening(sample_source(0));
                    state.handed_in = Rc::default();
                });
            }
            return;
        };
        if std::mem::take(&mut self.sample.to_save)
            && let Err(error) = download::save(&file, sample::FILE_NAME)
        {
            self.toast(format!("{} was not saved: {}", sample::FILE_NAME, words(&error)), true);
        }
        if std::mem::take(&mut self.sample.to_open) {
            self.inputs.clear();
            self.show(|state| state.handed_in = Rc::default());
            let source = sample_source(file.size() as u64);
            self.open(file, source, sample::OPTIONS);
        }
    }

    fn sample_failed(&mut self, message: &str) {
        self.sample.to_save = false;
        self.drop_file();
        let failure = failures::sample(message);
        self.show(|state| state.stage = Stage::Failed { source: None, failure });
    }

    fn show_run(&mut self) {
        let number = self.number;
        let on = self.emit.reform(move |(seat, said)| Event::Searcher(number, seat, said));
        let Some(run) = &mut self.run else { return };
        run.locate(on);
        let shown = run.snapshot();
        let stage = if run.is_running() { Stage::Analysing(shown) } else { Stage::Ready(shown) };
        self.show(|state| state.stage = stage);
    }

    fn toast(&mut self, text: String, is_problem: bool) {
        self.toasts += 1;
        let id = self.toasts;
        self.show(|state| state.toast = Some(Toast { id, text, is_problem }));
    }

    fn show(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = State::clone(&self.state);
        change(&mut state);
        self.state = Rc::new(state);
    }
}

fn sample_source(size: u64) -> Source {
    Source { name: sample::FILE_NAME.to_owned(), size, is_sample: true, origin: Origin::File }
}

fn sample_file(payload: &JsValue) -> Result<File, JsValue> {
    let bytes = payload.dyn_ref::<Uint8Array>().ok_or("the sample did not arrive")?;
    let options = FilePropertyBag::new();
    options.set_type("application/x-tar");
    File::new_with_u8_array_sequence_and_options(&Array::of1(bytes), sample::FILE_NAME, &options)
}
