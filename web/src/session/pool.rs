//! The workers of a run.
//!
//! ```text
//!  queue ──► seat 0: worker, busy with a job ──► Reply ──► heard() ──► Heard
//!        ──► seat 1: worker, busy with a job
//!            seat 2: empty: nothing was left for it, its worker was ended
//! ```
//!
//! A worker that broke down is ended; its job counts as done, badly, and the next job gets a new
//! worker. Dropping the pool ends every worker, whatever it is doing.

use std::collections::VecDeque;

use js_sys::Uint8Array;
use sociscope_engine::{Culprit, Failure, LayerSummary};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Blob, ErrorEvent, MessageEvent, Worker};
use yew::Callback;

use super::schedule::LayerWork;
use crate::worker::message::{Envelope, LayerCount, Reply, Request};

/// Most workers, however many cores there are: beyond, the disk decides.
const MOST_WORKERS: usize = 8;

#[wasm_bindgen(module = "/js/layer-worker.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = startWorker)]
    fn start_worker(glue_url: &str, module: &JsValue) -> Result<Worker, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The address of the module this program was loaded by, with whatever hash is in its name.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static GLUE_URL: String;
}

/// How many workers this machine is good for.
pub fn workers_here() -> usize {
    let cores = web_sys::window().map_or(1.0, |window| window.navigator().hardware_concurrency());
    (cores as usize).clamp(1, MOST_WORKERS)
}

/// What a worker said.
pub enum Said {
    /// A message, and what came with it.
    Reply(Reply, JsValue),
    /// It failed outside of our code: not loaded, out of memory.
    Broke(String),
}

/// A running worker, ended when dropped.
pub struct RunningWorker {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(ErrorEvent)>,
}

impl RunningWorker {
    /// Starts one.
    ///
    /// # Errors
    /// What the browser says when it refuses.
    pub fn start(on: Callback<Said>) -> Result<Self, JsValue> {
        let worker = GLUE_URL.with(|url| start_worker(url, &wasm_bindgen::module()))?;
        let heard = on.clone();
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(envelope) = Envelope::open(&event.data()) else { return };
            match envelope.read() {
                Ok(reply) => heard.emit(Said::Reply(reply, envelope.payload)),
                Err(error) => heard.emit(Said::Broke(format!("reply not understood: {error}"))),
            }
        });
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            // A script that cannot be loaded gives an event without words.
            let said =
                js_sys::Reflect::get(&event, &"message".into()).ok().and_then(|words| words.as_string());
            on.emit(Said::Broke(said.unwrap_or_else(|| "the worker could not be started".to_owned())));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Asks it for something.
    ///
    /// # Errors
    /// When the payload cannot be sent.
    pub fn ask(&self, request: &Request, payload: JsValue) -> Result<(), JsValue> {
        self.worker.post_message(&Envelope::seal(request, payload))
    }
}

impl Drop for RunningWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// What hearing a worker out comes to.
pub enum Heard {
    /// Its job has come this far.
    Progress(LayerWork, LayerCount),
    /// Its job is done.
    Done(LayerWork, Box<LayerSummary>, Option<Uint8Array>),
    /// Nothing of interest.
    Nothing,
}

struct Seat {
    worker: RunningWorker,
    job: LayerWork,
    memory: u64,
}

/// The workers of one run over one file.
pub struct Pool {
    file: Blob,
    queue: VecDeque<LayerWork>,
    seats: Vec<Option<Seat>>,
    on: Callback<(usize, Said)>,
}

impl Pool {
    /// Starts as many workers as there are jobs for, at most `workers`. What they say is emitted
    /// with their seat's number and belongs into [`heard`](Self::heard).
    pub fn start(file: Blob, jobs: Vec<LayerWork>, workers: usize, on: Callback<(usize, Said)>) -> Self {
        let seats = jobs.len().min(workers);
        let mut pool = Self { file, queue: jobs.into(), seats: Vec::new(), on };
        pool.seats.resize_with(seats, || None);
        (0..seats).for_each(|seat| pool.fill(seat, None));
        pool
    }

    /// Workers at work.
    pub fn busy(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    /// The jobs that are being done.
    pub fn running(&self) -> impl Iterator<Item = &LayerWork> {
        self.seats.iter().flatten().map(|seat| &seat.job)
    }

    /// WebAssembly memory of all workers at work, bytes.
    pub fn memory(&self) -> u64 {
        self.seats.iter().flatten().map(|seat| seat.memory).sum()
    }

    /// Understands what a worker said, and gives it its next job.
    pub fn heard(&mut self, number: usize, said: Said) -> Heard {
        let Some(seat) = self.seats.get_mut(number).and_then(Option::as_mut) else { return Heard::Nothing };
        match said {
            Said::Reply(Reply::Progress { progress }, _) => {
                seat.memory = progress.memory;
                Heard::Progress(seat.job.clone(), progress)
            }
            Said::Reply(Reply::Layer { summary }, ztoc) => {
                let Some(seat) = self.seats[number].take() else { return Heard::Nothing };
                self.fill(number, Some(seat.worker));
                Heard::Done(seat.job, summary, ztoc.dyn_into().ok())
            }
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                let Some(seat) = self.seats[number].take() else { return Heard::Nothing };
                let summary = broken(&seat.job, &message);
                // Its memory may be in any state: what is left gets a new one.
                drop(seat.worker);
                self.fill(number, None);
                Heard::Done(seat.job, Box::new(summary), None)
            }
            // Of other workers.
            Said::Reply(..) => Heard::Nothing,
        }
    }

    /// Gives the next job to a seat. Without one its worker is ended.
    fn fill(&mut self, number: usize, worker: Option<RunningWorker>) {
        let Some(job) = self.queue.pop_front() else { return };
        let said = self.on.reform(move |said| (number, said));
        let worker = worker.map_or_else(|| RunningWorker::start(said.clone()), Ok);
        let asked = worker.and_then(|worker| {
            worker.ask(&Request::Layer { task: job.task.clone() }, self.file.clone().into())?;
            Ok(worker)
        });
        match asked {
            Ok(worker) => self.seats[number] = Some(Seat { worker, job, memory: 0 }),
            Err(error) => {
                // No seat to hear it from: the layer goes back and the others do the work.
                web_sys::console::error_2(&"a worker could not be started".into(), &error);
                self.queue.push_front(job);
            }
        }
    }
}

/// The summary of a layer whose worker broke down.
fn broken(job: &LayerWork, message: &str) -> LayerSummary {
    let place = format!("layer {}", u64::from(job.layer().0) + 1);
    let mut summary = LayerSummary::empty(job.layer());
    summary.error = Some(
        Failure::new(Culprit::Internal, place, format!("The worker that read this layer stopped: {message}"))
            .fix("The other layers are finished and kept. Drop the file again to retry this one."),
    );
    summary
}
