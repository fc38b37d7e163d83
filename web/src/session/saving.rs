//! What can be saved, as blobs.
//!
//! ```text
//!  ArchivePlan   Bytes │ Source range │ Bytes │ Source range │ Bytes │ zTOC │ …
//!                  │          │                                         │
//!  Blob       Uint8Array  file.slice()                             blob from a worker
//! ```
//!
//! A blob of slices is a list of references: the archive of a 10 GiB image costs the page a few
//! hundred KiB, and the browser copies the ranges itself while it writes the download.

use std::collections::BTreeMap;

use js_sys::{Array, Uint8Array};
use sociscope_engine::{ArchivePlan, Part};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag};

/// Finished zTOCs by their digest, `sha256:…`. They live in the browser's blob store, not in
/// WebAssembly memory.
pub type ZtocStore = BTreeMap<String, Blob>;

/// The finished archive.
///
/// # Errors
/// When a zTOC of the plan is not in the store, or the browser refuses.
pub fn archive(plan: &ArchivePlan, file: &Blob, ztocs: &ZtocStore) -> Result<Blob, JsValue> {
    let parts = Array::new();
    for part in plan.parts() {
        let part: JsValue = match part {
            Part::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
            Part::Source { extent, .. } => {
                let end = extent.offset.saturating_add(extent.len);
                file.slice_with_f64_and_f64(extent.offset as f64, end as f64)?.into()
            }
            Part::Ztoc { digest, .. } => {
                let ztoc = ztocs.get(&digest.to_string()).ok_or_else(|| format!("no zTOC {digest}"))?;
                ztoc.clone().into()
            }
        };
        parts.push(&part);
    }
    blob(&parts, "application/x-tar")
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

/// Whether the file is still there and unchanged: a download made of its ranges would otherwise
/// fail halfway, without a word.
///
/// # Errors
/// What the browser says when it is not.
pub async fn is_readable(file: &Blob) -> Result<(), JsValue> {
    JsFuture::from(file.slice_with_f64_and_f64(0.0, 1.0)?.array_buffer()).await.map(drop)
}

fn blob(parts: &Array, kind: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_blob_sequence_and_options(parts, &options)
}
