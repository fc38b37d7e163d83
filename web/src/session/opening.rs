//! Opens a file: headers and JSON, read by the page itself. Layer bytes are not touched.

use std::rc::Weak;

use js_sys::Uint8Array;
use sociscope_engine::{Archive, Job, OpenJob, Want};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::failures;
use crate::model::Failure;

/// Opens `file`. Ends early, with nothing, once nobody holds the other end of `wanted`.
pub async fn open(file: File, wanted: Weak<()>) -> Option<Result<Archive, Failure>> {
    let size = file.size() as u64;
    let mut job = OpenJob::new(size);
    while let Want::Read { offset, len } = job.want() {
        let bytes = read(&file, offset, len).await;
        if wanted.strong_count() == 0 {
            return None;
        }
        let supplied = match bytes {
            Ok(bytes) => job.supply(&bytes),
            Err(error) => return Some(Err(failures::unreadable(&error))),
        };
        if let Err(error) = supplied {
            return Some(Err(failures::opening(&error.failure())));
        }
    }
    Some(job.finish().map_err(|error| failures::opening(&error.failure())))
}

async fn read(blob: &Blob, offset: u64, len: u64) -> Result<Vec<u8>, wasm_bindgen::JsValue> {
    // File sizes are exact in a double up to 8 PiB.
    let slice = blob.slice_with_f64_and_f64(offset as f64, offset.saturating_add(len) as f64)?;
    Ok(Uint8Array::new(&JsFuture::from(slice.array_buffer()).await?).to_vec())
}
