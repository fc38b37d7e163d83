//! What can be saved, as blobs, and the saving of an archive while it goes on.
//!
//! ```text
//!  ArchivePlan   Bytes │ Source range │ Bytes │ Source range │ Bytes │ zTOC │ …
//!                  │          │                                         │
//!  Order      Uint8Array  file.slice()                             blob from a worker
//!                  └──────────┴──────┬──────────────────────────────────┘
//!             a worker writes it ◄───┴───► one Blob, saved as a download
//! ```
//!
//! A blob of slices is a list of references: the archive of a 10 GiB image costs the page a few
//! hundred KiB. Where the reader can choose a file, a worker writes it there part by part
//! ([`crate::worker::save`]); elsewhere the worker checks what is left to check, and the browser
//! copies the ranges itself while it writes the download.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use js_sys::{Array, Uint8Array};
use sociscope_engine::{
    ArchivePlan, Part, human,
    image::{Digest, Extent},
};
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag};
use yew::{Callback, platform::time::sleep};

use super::{
    opening::Held,
    pace::Pace,
    pool::{RunningWorker, Said},
};
use crate::{
    browser::save_stream::Handle,
    model::{SavePhase, Saving},
    worker::{
        layer::now,
        message::{Request, SavePart, SpansOf},
    },
};

/// How often, and after which pause each time, a file is tried to be removed.
const UNLOCKING: u32 = 10;
const UNLOCK_PAUSE: Duration = Duration::from_millis(200);

/// Finished zTOCs by their digest, `sha256:…`. They live in the browser's blob store, not in
/// WebAssembly memory.
pub type ZtocStore = BTreeMap<String, Blob>;

/// Ranges of the source that were seen to have their digest.
pub type Verified = BTreeSet<(Digest, Extent)>;

/// An archive to be saved: its parts in order.
pub struct Order {
    /// The name it is saved under.
    pub name: String,
    /// What the parts are.
    pub parts: Vec<SavePart>,
    /// The parts, one for one.
    pub blobs: Vec<Blob>,
    /// Keeps the file in existence whose ranges they are.
    held: Held,
}

impl Order {
    /// The order for a plan. `verified` ranges are copied without another look at their digest,
    /// `indexed` names the zTOC of each indexed layer; `title` says what a blob is.
    ///
    /// # Errors
    /// When a zTOC of the plan is not in the store, the parts do not add up to the plan, or the
    /// browser refuses.
    pub fn of(
        name: String,
        plan: &ArchivePlan,
        held: &Held,
        ztocs: &ZtocStore,
        verified: &Verified,
        indexed: &BTreeMap<String, String>,
        title: impl Fn(&Digest) -> Option<String>,
    ) -> Result<Self, JsValue> {
        let mut order = Self { name, parts: Vec::new(), blobs: Vec::new(), held: held.clone() };
        let named = |digest: &Digest| title(digest).unwrap_or_else(|| format!("blob {}", digest.short()));
        let ztoc_parts: BTreeMap<String, usize> = plan
            .parts()
            .iter()
            .enumerate()
            .filter_map(|(index, part)| match part {
                Part::Ztoc { digest, .. } => Some((digest.to_string(), index)),
                _ => None,
            })
            .collect();
        for part in plan.parts() {
            let spans = match part {
                Part::Source { digest, .. } => {
                    let ztoc = indexed.get(digest.as_str()).and_then(|ztoc| ztoc_parts.get(ztoc));
                    ztoc.map(|ztoc| SpansOf { layer: digest.to_string(), ztoc: *ztoc })
                }
                _ => None,
            };
            let (what, blob, digest): (String, Blob, _) = match part {
                Part::Bytes(literal) => (
                    "manifests and tar headers".to_owned(),
                    bytes(&Uint8Array::from(literal.as_slice()))?,
                    None,
                ),
                Part::Source { extent, digest } => {
                    let range =
                        held.file.slice_with_f64_and_f64(extent.offset as f64, extent.end() as f64)?;
                    let unseen = !verified.contains(&(digest.clone(), *extent));
                    (named(digest), range, unseen.then(|| digest.to_string()))
                }
                Part::Ztoc { digest, .. } => {
                    let ztoc = ztocs.get(&digest.to_string()).ok_or_else(|| format!("no zTOC {digest}"))?;
                    (format!("the zTOC of {}", named(digest)), ztoc.clone(), None)
                }
            };
            order.parts.push(SavePart { what, size: part.size(), digest, spans });
            order.blobs.push(blob);
        }
        if order.size() != plan.size() {
            return Err("the parts of the archive do not add up to its size".into());
        }
        Ok(order)
    }

    /// Bytes of the archive.
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }

    /// Bytes that are looked at before a download.
    fn unseen(&self) -> u64 {
        self.parts.iter().filter(|part| part.digest.is_some()).map(|part| part.size).sum()
    }

    /// All of it as one blob.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn blob(&self) -> Result<Blob, JsValue> {
        blob(&self.blobs.iter().map(JsValue::from).collect(), "application/x-tar")
    }
}

/// An archive that is being written, or checked before it is downloaded.
pub struct LiveSave {
    worker: RunningWorker,
    /// What is downloaded once it is checked; nothing where the worker writes a file.
    download: Option<Blob>,
    handle: Option<Handle>,
    shown: Saving,
    pace: Pace,
    held: Held,
}

impl LiveSave {
    /// Begins to write `order` to `place`, or to check it for a download.
    ///
    /// # Errors
    /// When no worker can be started, or the browser refuses.
    pub fn begin(order: Order, place: Option<Handle>, on: Callback<Said>) -> Result<Self, JsValue> {
        let payload: Array = order.blobs.iter().map(JsValue::from).collect();
        payload.unshift(place.as_ref().map_or(&JsValue::UNDEFINED, AsRef::as_ref));
        let (total, phase) = match place {
            Some(_) => (order.size(), SavePhase::Writing),
            None => (order.unseen(), SavePhase::Checking),
        };
        let download = if place.is_none() { Some(order.blob()?) } else { None };
        let worker = RunningWorker::start(on)?;
        worker.ask(&Request::Save { parts: order.parts }, payload.into())?;
        let shown = Saving { name: order.name, done: 0, total, rate: 0.0, phase };
        Ok(Self { worker, download, handle: place, shown, pace: Pace::default(), held: order.held })
    }

    /// What is to be shown.
    pub fn shown(&self) -> &Saving {
        &self.shown
    }

    /// What is to be downloaded now that it is checked, and what must be held meanwhile.
    pub fn into_download(self) -> Option<(Blob, Held)> {
        Some((self.download?, self.held))
    }

    /// The name it is saved under.
    pub fn name(&self) -> &str {
        &self.shown.name
    }

    /// Takes note of progress.
    pub fn advance(&mut self, done: u64) {
        self.shown.done = done;
        self.pace.note(now() / 1000.0, done);
        self.shown.rate = self.pace.rate();
        if self.shown.phase == SavePhase::Writing && done >= self.shown.total {
            self.shown.phase = SavePhase::Finishing;
        }
    }

    /// Asks the worker to stop and to leave nothing behind; it answers when that is done.
    pub fn stop(&mut self) {
        self.shown.phase = SavePhase::Stopping;
        // If it cannot be asked it is not there, and says so on its own.
        let _ = self.worker.ask(&Request::StopSaving, JsValue::UNDEFINED);
    }

    /// Takes away the empty file a broken-down worker has left.
    pub fn clean_up(self) {
        if let Some(handle) = self.handle {
            drop(self.worker);
            wasm_bindgen_futures::spawn_local(async move {
                // The file stays locked for a moment after the one who wrote it is gone.
                for _ in 0..UNLOCKING {
                    sleep(UNLOCK_PAUSE).await;
                    if handle.remove_if_empty().await.is_ok() {
                        break;
                    }
                }
            });
        }
    }
}

/// What is said when an archive was written.
pub fn saved(name: &str, written: u64) -> String {
    format!("{name} is saved: {}, every span checked on its way.", human::file_size(written))
}

/// A text as a blob.
///
/// # Errors
/// When the browser refuses.
pub fn text(text: &str) -> Result<Blob, JsValue> {
    blob(&Array::of1(&text.into()), "application/json")
}

/// Bytes as a blob.
///
/// # Errors
/// When the browser refuses.
pub fn bytes(bytes: &Uint8Array) -> Result<Blob, JsValue> {
    blob(&Array::of1(bytes), "application/octet-stream")
}

fn blob(parts: &Array, kind: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_blob_sequence_and_options(parts, &options)
}
