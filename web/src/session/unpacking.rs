//! One compressed file while a worker unpacks it.
//!
//! ```text
//!  Opening ── Outer ──► temporary file ──► worker ──► Unpacking ──► the copy is opened instead
//!                         └ removed when this is dropped before its end: cancelled, replaced, failed
//! ```

use std::rc::Rc;
use std::time::Duration;

use sociscope_engine::OuterFormat;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;
use yew::Callback;

use super::{
    failures,
    opening::Held,
    pace::{Pace, seconds_left},
    pool::{RunningWorker, Said},
};
use crate::{
    browser::storage::TemporaryFile,
    model::{self, Failure, Origin, Source},
    worker::{
        layer::now,
        message::{Reply, Request},
        unpack::UnpackCount,
    },
};

/// A file that is being unpacked.
pub struct Unpacking {
    // Dropped in this order: the worker lets go of the copy before it is removed.
    _worker: RunningWorker,
    copy: Option<Rc<TemporaryFile>>,
    /// What is unpacked; it may be a copy itself.
    from: Held,
    source: Source,
    format: OuterFormat,
    count: UnpackCount,
    read: Pace,
    written: Pace,
    since: f64,
}

/// What hearing its worker out comes to.
pub enum Heard {
    /// It has come further.
    Progress,
    /// It is done: the copy, and the source with a note of how it came to be.
    Done(Held, Source),
    /// It cannot be done.
    Failed(Failure),
}

impl Unpacking {
    /// Starts a worker that unpacks `from` into `copy`, or into memory where there are no files.
    ///
    /// # Errors
    /// What the browser says when it refuses.
    pub fn start(
        from: Held,
        source: Source,
        format: OuterFormat,
        copy: Option<TemporaryFile>,
        on: Callback<Said>,
    ) -> Result<Self, JsValue> {
        let worker = RunningWorker::start(on)?;
        let place = copy.as_ref().map(TemporaryFile::place);
        worker.ask(&Request::Unpack { place }, from.file.clone().into())?;
        Ok(Self {
            _worker: worker,
            copy: copy.map(Rc::new),
            from,
            source,
            format,
            count: UnpackCount::default(),
            read: Pace::default(),
            written: Pace::default(),
            since: now() / 1000.0,
        })
    }

    /// Takes in what the worker said.
    pub fn heard(&mut self, said: Said) -> Heard {
        match said {
            Said::Reply(Reply::Unpacking { progress }, _) => {
                let at = now() / 1000.0;
                self.count = progress;
                self.read.note(at, progress.read);
                self.written.note(at, progress.written);
                Heard::Progress
            }
            Said::Reply(Reply::Unpacked, payload) => match payload.dyn_into::<Blob>() {
                Ok(file) => {
                    let mut source = self.source.clone();
                    source.origin = Origin::Unpacked {
                        format: self.format.name(),
                        size: file.size() as u64,
                        took: Duration::from_secs_f64(self.elapsed()),
                    };
                    Heard::Done(Held { file, copies: self.copy.take().into_iter().collect() }, source)
                }
                Err(_) => Heard::Failed(failures::unpacking_broke("its result did not arrive")),
            },
            Said::Reply(Reply::NotUnpacked { stop, failure }, _) => {
                Heard::Failed(failures::unpacking(stop, &failure))
            }
            Said::Reply(Reply::Fault { message }, _) | Said::Broke(message) => {
                Heard::Failed(failures::unpacking_broke(&message))
            }
            Said::Reply(..) => Heard::Progress,
        }
    }

    /// What is to be shown.
    pub fn snapshot(&self) -> model::Unpacking {
        let (count, rate) = (self.count, self.read.rate());
        let total = self.from.file.size() as u64;
        model::Unpacking {
            source: self.source.clone(),
            format: self.format.name(),
            read: count.read,
            total,
            written: count.written,
            stated: count.stated,
            rate,
            written_rate: self.written.rate(),
            elapsed: self.elapsed(),
            left: seconds_left((total.saturating_sub(count.read), rate), [].into_iter()),
            in_memory: count.in_memory,
            memory: count.memory,
        }
    }

    fn elapsed(&self) -> f64 {
        (now() / 1000.0 - self.since).max(0.0)
    }
}
