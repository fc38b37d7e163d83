//! Layers while they are made gzip.
//!
//! ```text
//!  want ──► room, a temporary file each ──► begin ──► a worker each, at most as many as cores:
//!
//!      stored layer ─► Request::Remake ─► gzip, in its temporary file ─► Request::Layer ─► its zTOC
//!                                                                            │
//!           the run appends it to the file and puts it in the stored one's place
//! ```
//!
//! Until then nothing else changes: what could be saved before can be saved meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use js_sys::Uint8Array;
use sociscope_engine::{
    LayerId, LayerSummary, LayerTask,
    remake::{RemadeLayer, RemakeTask},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;
use yew::Callback;

use super::{
    crew::{Crew, Work},
    failures,
    pace::Pace,
    pool::{Said, workers_here},
};
use crate::{
    browser::storage::{self, Disk, TemporaryFile},
    model::{Failure, RemakeState},
    worker::{
        layer::now,
        message::{LayerCount, Reply, Request},
    },
};

/// Layers that are wanted as gzip, until there is room for them.
pub struct Wanted {
    /// Each with the size it will probably have.
    layers: Vec<(LayerId, RemakeTask, u64)>,
    copies: Vec<Option<TemporaryFile>>,
    /// Bytes that may be written, where the browser says so.
    free: Option<u64>,
}

impl Wanted {
    /// These layers.
    pub fn new(layers: Vec<(LayerId, RemakeTask, u64)>) -> Self {
        Self { layers, copies: Vec::new(), free: None }
    }

    /// Asks how much room there is, and for a file for each.
    pub async fn find_room(mut self, disk: &Disk) -> Self {
        for _ in &self.layers {
            self.copies.push(disk.file().await);
        }
        if self.copies.iter().all(Option::is_some) {
            self.free = storage::room().await.map(|room| room.free());
        }
        self
    }
}

/// One layer on its way.
pub struct Making {
    id: LayerId,
    task: RemakeTask,
    source: Blob,
    made: Option<(RemadeLayer, Blob, LayerTask)>,
    copy: Option<Rc<TemporaryFile>>,
    read: u64,
    pace: Pace,
}

impl Work for Making {
    fn request(&self) -> (Request, JsValue) {
        match &self.made {
            None => {
                let place = self.copy.as_ref().map(|copy| copy.place());
                (Request::Remake { task: self.task.clone(), place }, self.source.clone().into())
            }
            Some((_, bytes, task)) => (Request::Layer { task: task.clone() }, bytes.clone().into()),
        }
    }
}

impl Making {
    fn advance(&mut self, count: LayerCount) {
        self.read = count.read;
        self.pace.note(now() / 1000.0, count.read);
    }

    fn state(&self) -> RemakeState {
        match &self.made {
            None => {
                RemakeState::Compressing { read: self.read, total: self.task.len, rate: self.pace.rate() }
            }
            Some((made, ..)) => {
                RemakeState::Indexing { read: self.read, total: made.size, rate: self.pace.rate() }
            }
        }
    }
}

/// A layer that was made and read.
pub struct Finished {
    /// The stored layer.
    pub stored: LayerId,
    /// What came out.
    pub made: RemadeLayer,
    /// Its bytes.
    pub bytes: Blob,
    /// The file they lie in.
    pub copy: Option<Rc<TemporaryFile>>,
    /// What reading it showed.
    pub summary: Box<LayerSummary>,
    /// Its zTOC.
    pub ztoc: Option<Uint8Array>,
}

/// What hearing a worker out comes to.
pub enum Heard {
    /// Nothing that has to be seen at once.
    Progress,
    /// The layer is compressed; it wants to be read next.
    Compressed(LayerId, RemadeLayer, Blob),
    /// It was read as well.
    Finished(Box<Finished>),
    /// One has failed.
    Failed,
}

/// All layers that are being made, and what became of those that could not be.
#[derive(Default)]
pub struct Remakes {
    /// There is no word about the room for them yet.
    asked: BTreeSet<LayerId>,
    crew: Option<Crew<Making>>,
    failed: BTreeMap<LayerId, Failure>,
}

impl Remakes {
    /// Whether layers are being made.
    pub fn are_on(&self) -> bool {
        self.crew.is_some() || !self.asked.is_empty()
    }

    /// Whether a layer is among them.
    pub fn is_on(&self, id: LayerId) -> bool {
        self.asked.contains(&id) || self.crew.iter().flat_map(Crew::all).any(|(_, work)| work.id == id)
    }

    /// Where a layer stands that is being made, or could not be.
    pub fn state(&self, id: LayerId) -> Option<RemakeState> {
        if let Some((begun, work)) = self.crew.iter().flat_map(Crew::all).find(|(_, work)| work.id == id) {
            return Some(if begun { work.state() } else { RemakeState::Waiting });
        }
        if self.asked.contains(&id) {
            return Some(RemakeState::Waiting);
        }
        self.failed.get(&id).cloned().map(RemakeState::Failed)
    }

    /// Takes note of what is wanted.
    pub fn ask(&mut self, wanted: &Wanted) {
        for (id, ..) in &wanted.layers {
            self.failed.remove(id);
            self.asked.insert(*id);
        }
    }

    /// Begins, if there is room; `source` is the file they lie in.
    pub fn begin(&mut self, wanted: Wanted, source: &Blob, on: Callback<(usize, Said)>) {
        let Wanted { layers, copies, free } = wanted;
        let layers = layers.into_iter().zip(copies).filter(|((id, ..), _)| self.asked.contains(id));
        let mut layers: Vec<_> = layers.collect();
        let need = layers.iter().fold(0_u64, |sum, ((.., size), _)| sum.saturating_add(*size));
        // The largest first, so that no worker is left alone with it at the end.
        layers.sort_by_key(|((_, task, _), _)| std::cmp::Reverse(task.len));
        for ((id, task, _), copy) in layers {
            self.asked.remove(&id);
            if let Some(free) = free.filter(|free| need > *free) {
                self.failed.insert(id, failures::no_room_for_layers(need, free));
                continue;
            }
            let crew = self.crew.get_or_insert_with(|| Crew::new(workers_here(), on.clone()));
            let (source, copy) = (source.clone(), copy.map(Rc::new));
            crew.add(Making { id, task, source, made: None, copy, read: 0, pace: Pace::default() });
        }
        self.end_if_done();
    }

    /// Takes in what a worker said.
    pub fn heard(&mut self, seat: usize, said: Said) -> Heard {
        let Some(crew) = &mut self.crew else { return Heard::Progress };
        let Some(work) = crew.at(seat) else { return Heard::Progress };
        match said {
            Said::Reply(Reply::Progress { progress }, _) => {
                work.advance(progress);
                Heard::Progress
            }
            Said::Reply(Reply::Remade { layer }, payload) => match payload.dyn_into::<Blob>() {
                Ok(bytes) => Heard::Compressed(work.id, layer, bytes),
                Err(_) => self.fail(seat, false, failures::remaking_broke("its result did not arrive")),
            },
            Said::Reply(Reply::NotRemade { stop, failure }, _) => {
                self.fail(seat, true, failures::remaking(stop, &failure))
            }
            Said::Reply(Reply::Layer { summary }, ztoc) => {
                if let Some(failure) = &summary.error {
                    let failure = failures::remade(failure);
                    return self.fail(seat, true, failure);
                }
                let Some(work) = crew.next(seat, true) else { return Heard::Progress };
                self.end_if_done();
                let Some((made, bytes, _)) = work.made else { return Heard::Progress };
                let (stored, copy, ztoc) = (work.id, work.copy, ztoc.dyn_into().ok());
                Heard::Finished(Box::new(Finished { stored, made, bytes, copy, summary, ztoc }))
            }
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                self.fail(seat, false, failures::remaking_broke(&message))
            }
            Said::Reply(..) => Heard::Progress,
        }
    }

    /// Has a compressed layer read, in the seat it was made in.
    pub fn read(&mut self, seat: usize, made: RemadeLayer, bytes: Blob, task: LayerTask) {
        let Some(crew) = &mut self.crew else { return };
        if let Some(work) = crew.at(seat) {
            work.made = Some((made, bytes, task));
            work.read = 0;
            work.pace = Pace::default();
        }
        if let Err(error) = crew.go_on(seat) {
            self.fail(seat, false, failures::remaking_broke(&crate::worker::layer::words(&error)));
        }
    }

    /// Layers that are being read are read anew: the task for it has changed.
    pub fn read_again(&mut self, task_of: impl Fn(LayerId, &RemadeLayer) -> Option<LayerTask>) {
        let Some(crew) = &mut self.crew else { return };
        for seat in crew.busy() {
            let Some(work) = crew.at(seat) else { continue };
            let id = work.id;
            let Some((made, _, task)) = &mut work.made else { continue };
            let Some(changed) = task_of(id, made) else { continue };
            *task = changed;
            work.read = 0;
            // Without a worker it fails when it is taken over: its zTOC has the wrong span size.
            let _ = crew.begin_again(seat);
        }
    }

    /// What became of a layer that could not take its place.
    pub fn note_failure(&mut self, id: LayerId, failure: Failure) {
        self.failed.insert(id, failure);
    }

    /// Ends with the work in a seat.
    pub fn fail(&mut self, seat: usize, is_fit: bool, failure: Failure) -> Heard {
        if let Some(work) = self.crew.as_mut().and_then(|crew| crew.next(seat, is_fit)) {
            self.failed.insert(work.id, failure);
        }
        self.end_if_done();
        Heard::Failed
    }

    /// Ends all workers. Nothing is left of what they were at.
    pub fn cancel(&mut self) {
        self.asked.clear();
        self.crew = None;
    }

    fn end_if_done(&mut self) {
        let Some(crew) = &mut self.crew else { return };
        if !crew.busy().is_empty() {
            return;
        }
        for work in crew.stranded() {
            self.failed.insert(work.id, failures::remaking_broke("none could be started"));
        }
        self.crew = None;
    }
}
