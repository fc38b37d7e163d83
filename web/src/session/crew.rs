//! Workers that take one piece of work after the other from a queue.
//!
//! ```text
//!  queue ──► seat 0: worker, busy ──► Said ──► the owner looks, and says what becomes of the seat:
//!        ──► seat 1: worker, busy              go_on: the same work, another request
//!            seat 2: empty                     next:  this work is over
//! ```
//!
//! Unlike the [`pool`](super::pool), which reads the layers of one file, a crew leaves it to its
//! owner what is asked for and what an answer means.

use std::collections::VecDeque;

use wasm_bindgen::JsValue;
use yew::Callback;

use super::pool::{RunningWorker, Said};
use crate::worker::message::Request;

/// Something to ask a worker for.
pub trait Work {
    /// What is asked next, and the part of it that is not text.
    fn request(&self) -> (Request, JsValue);
}

struct Seat<W> {
    // Dropped in this order: the worker lets go of files before the work removes them.
    worker: RunningWorker,
    work: W,
}

/// The workers. Dropping them ends every one, whatever it is doing.
pub struct Crew<W> {
    queue: VecDeque<W>,
    seats: Vec<Option<Seat<W>>>,
    most: usize,
    on: Callback<(usize, Said)>,
}

impl<W: Work> Crew<W> {
    /// Nobody yet; there will be at most `most`. What they say is emitted with the number of the seat.
    pub fn new(most: usize, on: Callback<(usize, Said)>) -> Self {
        Self { queue: VecDeque::new(), seats: Vec::new(), most, on }
    }

    /// Adds work, for a worker of its own while there are seats.
    pub fn add(&mut self, work: W) {
        self.queue.push_back(work);
        let free = self.seats.iter().position(Option::is_none);
        let seat = free.or_else(|| {
            (self.seats.len() < self.most).then(|| {
                self.seats.push(None);
                self.seats.len() - 1
            })
        });
        if let Some(seat) = seat {
            self.fill(seat, None);
        }
    }

    /// The work that is being done in a seat.
    pub fn at(&mut self, seat: usize) -> Option<&mut W> {
        Some(&mut self.seats.get_mut(seat)?.as_mut()?.work)
    }

    /// All work, begun or waiting; true for what was begun.
    pub fn all(&self) -> impl Iterator<Item = (bool, &W)> {
        let begun = self.seats.iter().flatten().map(|seat| (true, &seat.work));
        begun.chain(self.queue.iter().map(|work| (false, work)))
    }

    /// The seats in which work is being done.
    pub fn busy(&self) -> Vec<usize> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(number, seat)| seat.is_some().then_some(number)).collect()
    }

    /// Asks for what the work in a seat wants next.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn go_on(&mut self, seat: usize) -> Result<(), JsValue> {
        let Some(Some(seat)) = self.seats.get(seat) else { return Ok(()) };
        let (request, payload) = seat.work.request();
        seat.worker.ask(&request, payload)
    }

    /// Like [`go_on`](Self::go_on), with a new worker: the answer of the old one is of no use any more.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn begin_again(&mut self, number: usize) -> Result<(), JsValue> {
        let worker = RunningWorker::start(self.on.reform(move |said| (number, said)))?;
        if let Some(Some(seat)) = self.seats.get_mut(number) {
            seat.worker = worker;
        }
        self.go_on(number)
    }

    /// The work in a seat is over. Its worker takes the next, unless it broke down.
    pub fn next(&mut self, number: usize, is_fit: bool) -> Option<W> {
        let Seat { worker, work } = self.seats.get_mut(number)?.take()?;
        self.fill(number, is_fit.then_some(worker));
        Some(work)
    }

    /// What nobody will do, because no worker could be started.
    pub fn stranded(&mut self) -> Vec<W> {
        if self.busy().is_empty() { self.queue.drain(..).collect() } else { Vec::new() }
    }

    fn fill(&mut self, number: usize, worker: Option<RunningWorker>) {
        let Some(work) = self.queue.pop_front() else { return };
        let worker =
            worker.map_or_else(|| RunningWorker::start(self.on.reform(move |said| (number, said))), Ok);
        let (request, payload) = work.request();
        let asked = worker.and_then(|worker| worker.ask(&request, payload).map(|()| worker));
        match asked {
            Ok(worker) => self.seats[number] = Some(Seat { worker, work }),
            Err(error) => {
                // No seat to hear it from: it goes back, and the others do it.
                web_sys::console::error_2(&"a worker could not be started".into(), &error);
                self.queue.push_front(work);
            }
        }
    }
}
