//! The SOCI indexes that a file already holds, read against its layers.
//!
//! ```text
//!  ImageVerifier ── tasks ──► a worker each, at most as many as cores ──► record ──► the document
//! ```
//!
//! Nobody waits for it: it is done when the reader asks, and changes nothing else.

use std::sync::Arc;

use sociscope_engine::{
    Archive, Culprit, Failure,
    verify::{Depth, ImageVerification, ImageVerifier, LayerVerification, Outcome, Part, VerifyTask},
};
use wasm_bindgen::JsValue;
use web_sys::Blob;
use yew::Callback;

use super::{
    crew::{Crew, Work},
    pace::{Pace, seconds_left},
    pool::{Said, workers_here},
};
use crate::{
    model::{self, Shared, VerifyState},
    worker::{
        layer::now,
        message::{Reply, Request},
    },
};

/// One layer that is read against its zTOC.
struct Reading {
    task: VerifyTask,
    source: Blob,
    read: u64,
}

impl Work for Reading {
    fn request(&self) -> (Request, JsValue) {
        (Request::Verify { task: self.task.clone() }, self.source.clone().into())
    }
}

/// The verification of one file: offered, running, or done.
pub struct Verification {
    archive: Arc<Archive>,
    file_name: String,
    ztocs: u64,
    bytes: u64,
    state: State,
}

enum State {
    Offered,
    Running(Box<Running>),
    Done(Shared<ImageVerification>),
}

struct Running {
    depth: Depth,
    verifier: ImageVerifier,
    crew: Crew<Reading>,
    /// Bytes of what is over.
    over: u64,
    done: u64,
    pace: Pace,
}

impl Verification {
    /// Offered where there is a SOCI index.
    pub fn offer(archive: &Archive, file_name: &str) -> Option<Self> {
        let archive = Arc::new(archive.clone());
        let verifier = ImageVerifier::new(Arc::clone(&archive), file_name, Depth::default());
        verifier.report().images.iter().any(|image| image.index.is_some()).then(|| {
            let tasks = verifier.tasks();
            Self {
                archive,
                file_name: file_name.to_owned(),
                ztocs: tasks.len() as u64,
                bytes: tasks.iter().fold(0, |sum, task| sum.saturating_add(size(task))),
                state: State::Offered,
            }
        })
    }

    /// Begins to read; `source` is the file.
    pub fn begin(&mut self, depth: Depth, source: &Blob, on: Callback<(usize, Said)>) {
        if self.is_running() {
            return;
        }
        let verifier = ImageVerifier::new(Arc::clone(&self.archive), self.file_name.as_str(), depth);
        let mut tasks = verifier.tasks();
        // The largest first, so that no worker is left alone with it at the end.
        tasks.sort_by_key(|task| std::cmp::Reverse(size(task)));
        let mut crew = Crew::new(workers_here(), on);
        for task in tasks {
            crew.add(Reading { task, source: source.clone(), read: 0 });
        }
        let running = Running { depth, verifier, crew, over: 0, done: 0, pace: Pace::default() };
        self.state = State::Running(Box::new(running));
        self.end_if_done();
    }

    /// Takes in what a worker said.
    pub fn heard(&mut self, seat: usize, said: Said) {
        let State::Running(running) = &mut self.state else { return };
        match said {
            Said::Reply(Reply::Progress { progress }, _) => {
                if let Some(work) = running.crew.at(seat) {
                    work.read = progress.read;
                }
                running.pace.note(now() / 1000.0, running.read());
            }
            Said::Reply(Reply::Verified { result }, _) => {
                running.note(seat, true, result.map(|found| *found));
                self.end_if_done();
            }
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                running.note(seat, false, Err(broke(&message)));
                self.end_if_done();
            }
            Said::Reply(..) => {}
        }
    }

    /// Ends all workers. It can be begun again.
    pub fn cancel(&mut self) {
        if self.is_running() {
            self.state = State::Offered;
        }
    }

    /// Whether layers are being read.
    pub fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// The result, once there is one.
    pub fn document(&self) -> Option<&ImageVerification> {
        match &self.state {
            State::Done(document) => Some(document),
            _ => None,
        }
    }

    /// What is to be shown.
    pub fn snapshot(&self) -> model::Verification {
        let state = match &self.state {
            State::Offered => VerifyState::Offered,
            State::Running(running) => {
                let read = running.read().min(self.bytes);
                let left = (self.bytes.saturating_sub(read), running.pace.rate());
                VerifyState::Running { done: running.done, read, left: seconds_left(left, [].into_iter()) }
            }
            State::Done(document) => VerifyState::Done(document.clone()),
        };
        model::Verification { ztocs: self.ztocs, bytes: self.bytes, state }
    }

    fn end_if_done(&mut self) {
        let State::Running(running) = &mut self.state else { return };
        for work in running.crew.stranded() {
            let found = unreadable(&work.task, running.depth, broke("none could be started"));
            running.verifier.record(found);
        }
        if running.crew.busy().is_empty() {
            self.state = State::Done(Shared::new(running.verifier.report()));
        }
    }
}

impl Running {
    fn read(&self) -> u64 {
        self.over.saturating_add(self.crew.all().map(|(_, work)| work.read).sum())
    }

    fn note(&mut self, seat: usize, is_fit: bool, result: Result<LayerVerification, Failure>) {
        let Some(work) = self.crew.next(seat, is_fit) else { return };
        self.over = self.over.saturating_add(size(&work.task));
        self.done += 1;
        let found = result.unwrap_or_else(|failure| unreadable(&work.task, self.depth, failure));
        self.verifier.record(found);
    }
}

fn size(task: &VerifyTask) -> u64 {
    task.layer.len.saturating_add(task.ztoc.len)
}

fn broke(message: &str) -> Failure {
    Failure::new(
        Culprit::Internal,
        "the worker",
        format!("The worker that read this layer stopped: {message}."),
    )
    .fix("Verify again.")
}

/// What is said of a layer that could not be read to its end.
fn unreadable(task: &VerifyTask, depth: Depth, why: Failure) -> LayerVerification {
    LayerVerification {
        id: task.layer.id,
        layer: task.layer.expected_digest.clone(),
        layer_size: task.layer.len,
        ztoc: task.ztoc.expected_digest.clone(),
        ztoc_size: task.ztoc.len,
        span_size: None,
        spans: None,
        spans_unpacked: 0,
        depth,
        sentence: format!("The layer cannot be read. {why}"),
        outcome: Outcome::Unreadable { part: Part::Layer, why },
        differences: Vec::new(),
        difference_count: 0,
        unusable: None,
    }
}
