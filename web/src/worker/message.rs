//! What page and worker say to each other.
//!
//! A message is an array of two: the text of a [`Request`] or [`Reply`] as JSON, and at most one
//! thing that is not text: a `File` either way, or a transferred buffer on the way back.

use std::collections::BTreeMap;

use js_sys::Array;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sociscope_engine::{
    Failure, LayerSummary, LayerTask,
    remake::{RemadeLayer, RemakeTask},
    verify::{LayerVerification, VerifyTask},
};
use wasm_bindgen::{JsCast, JsValue};

use super::{
    remake,
    unpack::{Stop, UnpackCount},
    ztoc::{ZtocContent, ZtocFiles},
};
use crate::browser::storage::Place;

/// From the page.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Read one layer of the file in the payload.
    Layer {
        /// Which bytes, and what to make of them.
        task: LayerTask,
    },
    /// Make one layer of the file in the payload gzip.
    Remake {
        /// Which bytes, and what they are now.
        task: RemakeTask,
        /// Where to; into memory when there is no such place.
        place: Option<Place>,
    },
    /// Make the built-in sample image.
    Sample,
    /// Unpack the file in the payload.
    Unpack {
        /// Where to; into memory when there is no such place.
        place: Option<Place>,
    },
    /// Read the zTOC in the payload.
    Ztoc,
    /// Look for files in the zTOC that was read.
    FindInZtoc {
        /// A part of their names.
        text: String,
    },
    /// Look for files to prefetch in the zTOC in the payload.
    Locate {
        /// Their paths, as soci cleans them.
        paths: Vec<String>,
    },
    /// Read a layer against its zTOC, both in the payload.
    Verify {
        /// Where they are.
        task: VerifyTask,
    },
    /// Write these parts, one after the other, and check those that have a digest. The payload is
    /// an array: where to, or `undefined` to check only; then a blob for each part.
    Save {
        /// What the blobs are.
        parts: Vec<SavePart>,
    },
    /// Stop saving, and leave nothing behind.
    StopSaving,
}

/// One part of what is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavePart {
    /// What it is, for a person: "layer 3".
    pub what: String,
    /// Its bytes.
    pub size: u64,
    /// What it must hash to, when that was not seen to before.
    pub digest: Option<String>,
    /// The zTOC whose span digests it must have, when it is an indexed layer.
    pub spans: Option<SpansOf>,
}

/// A layer and its zTOC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpansOf {
    /// Digest of the layer.
    pub layer: String,
    /// Which of the parts is the zTOC.
    pub ztoc: usize,
}

/// From the worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// How far the layer is.
    Progress {
        /// Counted since its beginning.
        progress: LayerCount,
    },
    /// The layer is done, well or badly. The payload is its zTOC, when there is one.
    Layer {
        /// What it turned out to be.
        summary: Box<LayerSummary>,
    },
    /// The payload is the layer, now gzip.
    Remade {
        /// What it is called now.
        layer: RemadeLayer,
    },
    /// The layer was not made.
    NotRemade {
        /// What kind of reason.
        stop: remake::Stop,
        /// The reason.
        failure: Failure,
    },
    /// The payload is the sample archive.
    Sample,
    /// How far unpacking is.
    Unpacking {
        /// Counted since its beginning.
        progress: UnpackCount,
    },
    /// The payload is what was unpacked.
    Unpacked,
    /// The file was not unpacked.
    NotUnpacked {
        /// What kind of reason.
        stop: Stop,
        /// The reason.
        failure: Failure,
    },
    /// The zTOC was read, or cannot be read.
    Ztoc {
        /// What it says.
        content: Result<Box<ZtocContent>, Failure>,
        /// Its first files.
        files: ZtocFiles,
    },
    /// Files of the zTOC that were looked for.
    FoundInZtoc {
        /// The files.
        files: ZtocFiles,
    },
    /// Where files to prefetch lie.
    Located {
        /// First and last span of each; none for what is not there.
        result: Result<BTreeMap<String, Option<(u32, u32)>>, Failure>,
    },
    /// How layer and zTOC fit, or why that cannot be said.
    Verified {
        /// The result.
        result: Result<Box<LayerVerification>, Failure>,
    },
    /// So many bytes are saved, or checked.
    Saving {
        /// Bytes.
        done: u64,
    },
    /// All of it is written, and the file is closed.
    Saved {
        /// Bytes written; 0 when there was only something to check.
        written: u64,
    },
    /// It was not saved, and nothing is left of it.
    NotSaved {
        /// Why; nothing when it was asked to stop.
        failure: Option<Failure>,
    },
    /// The worker broke down and is of no further use.
    Fault {
        /// What it said.
        message: String,
    },
}

/// How far a layer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCount {
    /// Stored bytes read.
    pub read: u64,
    /// Uncompressed bytes produced.
    pub produced: u64,
    /// Spans begun.
    pub spans: u64,
    /// WebAssembly memory of the worker, bytes.
    pub memory: u64,
}

/// A message as it travels.
pub struct Envelope {
    text: String,
    /// The part that is not text, or `undefined`.
    pub payload: JsValue,
}

impl Envelope {
    /// Takes a message apart; `None` when it is not one of ours.
    pub fn open(message: &JsValue) -> Option<Self> {
        let parts = message.dyn_ref::<Array>()?;
        Some(Self { text: parts.get(0).as_string()?, payload: parts.get(1) })
    }

    /// The text part.
    ///
    /// # Errors
    /// When it does not say a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.text)
    }

    /// Puts a message together.
    pub fn seal<T: Serialize>(content: &T, payload: JsValue) -> JsValue {
        // Structs of numbers and strings cannot fail to serialise.
        let text = serde_json::to_string(content).unwrap_or_default();
        Array::of2(&text.into(), &payload).into()
    }
}
