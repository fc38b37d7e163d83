//! Opens a file: headers and JSON, read by the page itself. Layer bytes are not touched.

use std::rc::{Rc, Weak};

use js_sys::Uint8Array;
use sociscope_engine::{
    Archive, Error, InputKind, Job, OpenJob, OuterFormat, Want,
    image::bare_layer,
    input::{self, recognise},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::failures;
use crate::{browser::storage::TemporaryFile, model::Failure};

/// A file, and what keeps it in existence where it, or a part of it, was made here.
#[derive(Clone)]
pub struct Held {
    /// Its bytes. A list of references, never the bytes themselves.
    pub file: Blob,
    /// The temporary files they lie in; each goes with the last of these.
    pub copies: Vec<Rc<TemporaryFile>>,
}

/// What a file turned out to be.
pub enum Found {
    /// An archive, or one layer in the shape of an archive.
    Archive(Box<Archive>),
    /// Something compressed that must be unpacked first.
    Outer(OuterFormat),
    /// A zTOC without a layer.
    Ztoc,
}

/// Opens `file`. Ends early, with nothing, once nobody holds the other end of `wanted`.
pub async fn open(file: Blob, wanted: Weak<()>) -> Option<Result<Found, Failure>> {
    let kind = kind(&file).await;
    if wanted.strong_count() == 0 {
        return None;
    }
    let size = file.size() as u64;
    match kind {
        Ok(InputKind::Outer(format)) => return Some(Ok(Found::Outer(format))),
        Ok(InputKind::Ztoc) => return Some(Ok(Found::Ztoc)),
        Ok(InputKind::Layer(stored)) => {
            return Some(Ok(Found::Archive(Box::new(bare_layer(size, stored.compression())))));
        }
        Ok(InputKind::Unknown(error)) => {
            return Some(Err(failures::opening(&Error::from(error).failure())));
        }
        Err(error) => return Some(Err(error)),
        // An archive, as far as can be told: opening it says the rest.
        Ok(_) => {}
    }
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
    let opened = job.finish().map_err(|error| failures::opening(&error.failure()));
    Some(opened.map(|archive| Found::Archive(Box::new(archive))))
}

/// What a file is, by its first bytes.
///
/// # Errors
/// When it cannot be read.
pub async fn kind(file: &Blob) -> Result<InputKind, Failure> {
    let size = file.size() as u64;
    let first = read(file, 0, input::FIRST.min(size)).await.map_err(|error| failures::unreadable(&error))?;
    Ok(recognise(&first, size))
}

async fn read(blob: &Blob, offset: u64, len: u64) -> Result<Vec<u8>, wasm_bindgen::JsValue> {
    // File sizes are exact in a double up to 8 PiB.
    let slice = blob.slice_with_f64_and_f64(offset as f64, offset.saturating_add(len) as f64)?;
    Ok(Uint8Array::new(&JsFuture::from(slice.array_buffer()).await?).to_vec())
}
