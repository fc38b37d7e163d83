//! A zTOC that was handed in, alone or with the layer it is of, and the workers that look at it.
//!
//! ```text
//!  zTOC ──► worker: read, then search as often as wanted ──► what it says
//!  [layer | zTOC] as one source ──► worker: verify ──► whether it is the layer's, and works
//! ```

use std::rc::Rc;

use js_sys::Array;
use sociscope_engine::{
    LayerId, LayerTask, StoredAs, TaskCompression,
    verify::{Depth, VerifyTask, ZtocPlace},
};
use wasm_bindgen::JsValue;
use web_sys::{Blob, File};
use yew::Callback;

use super::{
    failures,
    pace::{Pace, seconds_left},
    pool::{RunningWorker, Said},
};
use crate::{
    model::{CheckedLayer, Failure, LayerCheck, ShownZtoc, Source},
    worker::{
        layer::now,
        message::{Reply, Request},
    },
};

/// Which worker said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The one that reads the zTOC.
    Reader,
    /// The one that reads the layer against it.
    Verifier,
}

/// A zTOC that is shown.
pub struct LiveZtoc {
    shown: ShownZtoc,
    reader: RunningWorker,
    verifier: Option<RunningWorker>,
    pace: Pace,
}

impl LiveZtoc {
    /// Begins to read `ztoc` and, when there is one, `layer` against it.
    ///
    /// # Errors
    /// What the browser says when it refuses.
    pub fn begin(
        ztoc: &Blob,
        layer: Option<(&File, StoredAs)>,
        source: Source,
        on: &Callback<(Whose, Said)>,
    ) -> Result<Self, JsValue> {
        let reader = RunningWorker::start(on.reform(|said| (Whose::Reader, said)))?;
        reader.ask(&Request::Ztoc, ztoc.clone().into())?;
        let mut shown = ShownZtoc { source, content: None, files: Rc::default(), layer: None };
        let mut verifier = None;
        if let Some((file, stored)) = layer {
            let len = file.size() as u64;
            let worker = RunningWorker::start(on.reform(|said| (Whose::Verifier, said)))?;
            let both = Blob::new_with_blob_sequence(&Array::of2(file, ztoc))?;
            let task = task(len, ztoc.size() as u64, stored);
            worker.ask(&Request::Verify { task }, both.into())?;
            verifier = Some(worker);
            shown.layer = Some(CheckedLayer {
                name: file.name(),
                size: len,
                check: LayerCheck::Running { read: 0, rate: 0.0, left: None },
            });
        }
        Ok(Self { shown, reader, verifier, pace: Pace::default() })
    }

    /// What is to be shown.
    pub fn snapshot(&self) -> ShownZtoc {
        self.shown.clone()
    }

    /// Looks for files whose names contain `text`.
    pub fn search(&self, text: String) {
        // A worker that cannot be asked has said so, and the page shows that.
        let _ = self.reader.ask(&Request::FindInZtoc { text }, JsValue::UNDEFINED);
    }

    /// Ends the comparison with the layer.
    pub fn cancel(&mut self) {
        if self.verifier.take().is_some()
            && let Some(layer) = &mut self.shown.layer
        {
            layer.check = LayerCheck::Cancelled;
        }
    }

    /// Takes in what a worker said.
    ///
    /// # Errors
    /// When there is no zTOC to show.
    pub fn heard(&mut self, whose: Whose, said: Said) -> Result<(), Failure> {
        match (whose, said) {
            (_, Said::Reply(Reply::Ztoc { content, files }, _)) => {
                self.shown.content = Some(Rc::new(*content.map_err(|failure| failures::ztoc(&failure))?));
                self.shown.files = Rc::new(files);
            }
            (_, Said::Reply(Reply::FoundInZtoc { files }, _)) => self.shown.files = Rc::new(files),
            (_, Said::Reply(Reply::Progress { progress }, _)) => {
                self.pace.note(now() / 1000.0, progress.read);
                if let Some(layer) = &mut self.shown.layer {
                    let rate = self.pace.rate();
                    let left = seconds_left((layer.size.saturating_sub(progress.read), rate), [].into_iter());
                    layer.check = LayerCheck::Running { read: progress.read, rate, left };
                }
            }
            (_, Said::Reply(Reply::Verified { result }, _)) => self.verified(
                result
                    .map(|found| LayerCheck::Done(Rc::new(*found)))
                    .unwrap_or_else(|failure| LayerCheck::Failed(failures::ztoc(&failure))),
            ),
            (Whose::Reader, Said::Reply(Reply::Fault { message }, _) | Said::Broke(message)) => {
                return Err(failures::ztoc_broke(&message));
            }
            (Whose::Verifier, Said::Reply(Reply::Fault { message }, _) | Said::Broke(message)) => {
                self.verified(LayerCheck::Failed(failures::ztoc_broke(&message)));
            }
            (_, Said::Reply(..)) => {}
        }
        Ok(())
    }

    fn verified(&mut self, check: LayerCheck) {
        self.verifier = None;
        if let Some(layer) = &mut self.shown.layer {
            layer.check = check;
        }
    }
}

/// A layer of `len` bytes with its zTOC behind it, in one source.
fn task(len: u64, ztoc: u64, stored: StoredAs) -> VerifyTask {
    VerifyTask {
        layer: LayerTask {
            id: LayerId(0),
            offset: 0,
            len,
            compression: match stored {
                StoredAs::Gzip => TaskCompression::Gzip,
                StoredAs::Uncompressed => TaskCompression::Uncompressed,
                StoredAs::Zstd => TaskCompression::HashOnly,
            },
            span_size: sociscope_engine::Options::default().span_size,
            expected_digest: None,
            expected_diff_id: None,
            digests_elsewhere: false,
            prefetch: Vec::new(),
            hash_stored: true,
        },
        ztoc: ZtocPlace { offset: len, len: ztoc, expected_digest: None },
        depth: Depth::Sampled,
    }
}
