//! Writes an archive to the reader's disk, part by part, and looks at the bytes on their way.
//!
//! ```text
//!  parts   literal bytes │ file.slice() │ zTOC │ …          blobs: references, no bytes
//!              │               │
//!          read 4 MiB ─► hash ─► write ─► 4 MiB again
//!                         │ mismatch, changed file, full disk, Stop
//!                         └─► abort: the disk is as it was
//! ```
//!
//! Hashed is what no digest was seen of before, and of indexed layers every span: the very bytes
//! that are written have the digests that their zTOC states. Some spans are unpacked as well, as the
//! snapshotter will do it.
//!
//! One buffer travels, so memory stays flat however large the archive is. Without a place to write
//! to, only the parts with a digest are read: a download made of the same blobs can follow.

use std::cell::Cell;

use js_sys::{Array, Uint8Array};
use sociscope_engine::{
    Culprit, Failure,
    export::{CopyCheck, SpanCheck},
    human,
    image::{Digest, Extent},
    verify::Depth,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::{
    layer::{now, words},
    message::SavePart,
    reader::Reader,
};
use crate::browser::save_stream::{Handle, Stream, name_of};

/// Bytes read and written at a time.
const PIECE: u32 = 4 << 20;
/// Milliseconds between two reports of progress.
const REPORT_EVERY: f64 = 100.0;

thread_local! {
    static STOPPED: Cell<bool> = const { Cell::new(false) };
}

/// Makes a running [`run`] end at its next piece.
pub fn stop() {
    STOPPED.set(true);
}

/// Why nothing was saved; `None` when it was asked to stop.
type Stop = Option<Failure>;

/// Writes `parts`, whose blobs and place are in `payload`, and says how many bytes were written.
///
/// # Errors
/// Whatever stands in the way. Nothing of the archive is on the disk then.
pub async fn run(parts: &[SavePart], payload: &JsValue, report: impl Fn(u64)) -> Result<u64, Stop> {
    let Some(payload) = payload.dyn_ref::<Array>() else { return Err(Some(bug("nothing came to be saved"))) };
    let place = payload.get(0);
    let blobs: Vec<Blob> = payload.iter().skip(1).filter_map(|blob| blob.dyn_into().ok()).collect();
    if blobs.len() != parts.len() {
        return Err(Some(bug("parts are missing from what is to be saved")));
    }
    for (part, blob) in parts.iter().zip(&blobs) {
        // A range beyond the end of the file makes a shorter blob, without a word.
        if blob.size() as u64 != part.size {
            return Err(Some(short(part, blob.size() as u64)));
        }
    }
    let mut copy = Copy { stream: None, done: 0, reported: now(), report };
    if place.is_undefined() {
        for (part, blob) in parts.iter().zip(&blobs) {
            match part.digest {
                Some(_) => copy.part(part, blob, None).await?,
                None => is_readable(blob).await.map_err(|error| unreadable(part, &error))?,
            }
        }
        return Ok(0);
    }
    let handle: Handle = place.unchecked_into();
    let written = write(&handle, parts, &blobs, copy).await;
    if written.is_err() {
        // Nothing more can be done about it than to leave an empty file.
        let _ = handle.remove_if_empty().await;
    }
    written
}

async fn write<R: Fn(u64)>(
    handle: &Handle,
    parts: &[SavePart],
    blobs: &[Blob],
    mut copy: Copy<R>,
) -> Result<u64, Stop> {
    copy.stream = Some(handle.open().await.map_err(|error| unwritable("the file", &error))?);
    let mut copied = Ok(());
    for (part, blob) in parts.iter().zip(blobs) {
        copied = match spans_of(part, parts, blobs).await {
            Ok(None) => copy.part(part, blob, None).await,
            Ok(Some((layer, ztoc))) => match SpanCheck::new(&layer, &ztoc, Depth::Sampled) {
                Ok(spans) => copy.part(part, blob, Some(spans)).await,
                Err(failure) => Err(Some(failure)),
            },
            Err(stop) => Err(stop),
        };
        if copied.is_err() {
            break;
        }
    }
    let Some(stream) = copy.stream else { return Ok(0) };
    if let Err(stop) = copied {
        stream.abort().await;
        return Err(stop);
    }
    stream.close().await.map_err(|error| unwritable("the end of the file", &error))?;
    let (written, planned) = (copy.done, parts.iter().map(|part| part.size).sum::<u64>());
    let found = handle.size().await.map_err(|error| unwritable("the finished file", &error))?;
    if written != planned || found != planned {
        let failure =
            Failure::new(Culprit::Internal, "the finished file", "It does not have the planned size.")
                .expected_found(human::count(planned), human::count(found))
                .fix("Save it again, and do not push this one.");
        return Err(Some(failure));
    }
    Ok(written)
}

struct Copy<R> {
    /// Where the bytes go; `None` when they are only looked at.
    stream: Option<Stream>,
    done: u64,
    reported: f64,
    report: R,
}

impl<R: Fn(u64)> Copy<R> {
    async fn part(
        &mut self,
        part: &SavePart,
        blob: &Blob,
        mut spans: Option<SpanCheck<'_>>,
    ) -> Result<(), Stop> {
        let digest = part.digest.as_deref().map(str::parse::<Digest>).transpose();
        let digest = digest.map_err(|_| Some(bug("a digest that is none")))?;
        let mut check = digest.map(|digest| CopyCheck::new(&digest, Extent { offset: 0, len: part.size }));
        let mut reader = Reader::new(blob);
        let mut left = part.size;
        let mut bytes = Vec::new();
        while left > 0 {
            if STOPPED.get() {
                return Err(None);
            }
            let wanted = u32::try_from(left).unwrap_or(u32::MAX).min(PIECE);
            let piece = reader.read(wanted).await.map_err(|error| unreadable(part, &error))?;
            if piece.length() == 0 {
                return Err(Some(short(part, part.size - left)));
            }
            if check.is_some() || spans.is_some() {
                bytes.resize(piece.length() as usize, 0);
                piece.copy_to(&mut bytes);
            }
            if let Some(check) = &mut check {
                check.update(&bytes);
            }
            if let Some(spans) = &mut spans {
                spans.update(&bytes);
            }
            if let Some(stream) = &self.stream {
                stream.write(&piece).await.map_err(|error| unwritable(&part.what, &error))?;
            }
            left = left.saturating_sub(piece.length().into());
            self.done += u64::from(piece.length());
            if now() - self.reported >= REPORT_EVERY {
                self.reported = now();
                (self.report)(self.done);
            }
        }
        let whole = check.map_or(Ok(()), CopyCheck::finish);
        whole.map_err(|failure| Some(Failure { place: part.what.clone(), ..failure }))?;
        spans.map_or(Ok(()), SpanCheck::finish).map_err(Some)
    }
}

/// What an indexed layer is checked against: its digest, and the bytes of its zTOC.
async fn spans_of(
    part: &SavePart,
    parts: &[SavePart],
    blobs: &[Blob],
) -> Result<Option<(Digest, Vec<u8>)>, Stop> {
    let Some(of) = &part.spans else { return Ok(None) };
    let (Ok(layer), Some(ztoc), Some(blob)) =
        (of.layer.parse::<Digest>(), parts.get(of.ztoc), blobs.get(of.ztoc))
    else {
        return Err(Some(bug("a layer without the zTOC it was indexed by")));
    };
    let bytes = JsFuture::from(blob.array_buffer()).await.map_err(|error| unreadable(ztoc, &error))?;
    Ok(Some((layer, Uint8Array::new(&bytes).to_vec())))
}

/// Whether a blob is still what it was: one byte tells, as the browser looks at the file's time.
async fn is_readable(blob: &Blob) -> Result<(), JsValue> {
    JsFuture::from(blob.slice_with_f64_and_f64(0.0, 1.0)?.array_buffer()).await.map(drop)
}

fn unreadable(part: &SavePart, error: &JsValue) -> Stop {
    let message = format!("The browser cannot read it any more: {}", words(error));
    Some(
        Failure::new(Culprit::File, part.what.clone(), message)
            .fix("The file was changed, moved or deleted since it was chosen. Choose it again."),
    )
}

fn short(part: &SavePart, found: u64) -> Failure {
    Failure::new(Culprit::File, part.what.clone(), "The file ends inside this part.")
        .expected_found(human::count(part.size), human::count(found))
        .fix("Choose the file again.")
}

fn unwritable(place: &str, error: &JsValue) -> Stop {
    let name = name_of(error);
    let (culprit, message, fix) = match name.as_str() {
        "QuotaExceededError" => (
            Culprit::Limit,
            "There is no room left on the disk.".to_owned(),
            "Make room, or save to another disk.",
        ),
        "NotAllowedError" | "NoModificationAllowedError" => (
            Culprit::Limit,
            format!("The file may not be written: {}", words(error)),
            "Choose another name or folder.",
        ),
        "NotFoundError" => {
            (Culprit::Limit, "The folder or the file to save to is gone.".to_owned(), "Choose another place.")
        }
        _ => (Culprit::Limit, format!("Writing failed: {}", words(error)), "Save it again, or elsewhere."),
    };
    Some(Failure::new(culprit, place, message).fix(fix))
}

fn bug(message: &str) -> Failure {
    Failure::new(Culprit::Internal, "saving", format!("Sociscope failed: {message}."))
        .fix("Reload the page and report this.")
}
