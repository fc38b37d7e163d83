//! Makes one layer gzip, into a temporary file.
//!
//! ```text
//!  File ── Reader, 1 MiB ──► RemakeJob ── what is ready ──► Sink ──► File
//! ```

use serde::{Deserialize, Serialize};
use sociscope_engine::{
    Culprit, Error, Failure, Job, Want, human,
    remake::{RemadeLayer, RemakeJob, RemakeTask},
};
use web_sys::Blob;

use super::{
    layer::{memory, now, words},
    message::LayerCount,
    reader::Reader,
    unpack::unreadable,
};
use crate::browser::storage::{MEMORY_LIMIT, Place, Sink, Trouble};

/// Milliseconds between two reports of progress.
const REPORT_EVERY: f64 = 100.0;

/// Why a layer was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// The stored layer is damaged, or cannot be read.
    Layer,
    /// There is no room for what comes out.
    Room,
}

/// Makes the layer of `file` that `task` names, in `place`, or in memory where there is none.
///
/// # Errors
/// What stopped it. What was written until then is the page's to remove.
pub async fn run(
    task: RemakeTask,
    file: &Blob,
    place: Option<&Place>,
    report: impl Fn(LayerCount),
) -> Result<(RemadeLayer, Blob), (Stop, Failure)> {
    let engine = |error: Error| (Stop::Layer, error.failure());
    let lost = |error| (Stop::Layer, unreadable(error).1);
    let (begin, end) = (task.offset as f64, task.offset.saturating_add(task.len) as f64);
    let mut reader = Reader::new(&file.slice_with_f64_and_f64(begin, end).map_err(lost)?);
    let mut sink = Sink::create(place).await;
    let mut job = RemakeJob::new(task);
    let mut bytes = Vec::new();
    let mut reported = now();
    while let Want::Read { len, .. } = job.want() {
        let piece = reader.read(u32::try_from(len).unwrap_or(u32::MAX)).await.map_err(lost)?;
        bytes.resize(piece.length() as usize, 0);
        piece.copy_to(&mut bytes);
        job.supply(&bytes).map_err(engine)?;
        let ready = job.take_output();
        sink.write(&ready).map_err(|trouble| unwritable(&trouble, sink.written()))?;
        if now() - reported >= REPORT_EVERY {
            reported = now();
            report(count(&job));
        }
    }
    let rest = job.take_output();
    sink.write(&rest).map_err(|trouble| unwritable(&trouble, sink.written()))?;
    report(count(&job));
    let (made, written) = (job.finish().map_err(engine)?, sink.written());
    let file = sink.finish().await.map_err(|trouble| unwritable(&trouble, written))?;
    if file.size() as u64 != made.size {
        let failure = Failure::new(Culprit::Internal, "the new layer", "It was not written in full.")
            .expected_found(human::count(made.size), human::count(file.size() as u64))
            .fix("Try again.");
        return Err((Stop::Room, failure));
    }
    Ok((made, file))
}

fn count(job: &RemakeJob) -> LayerCount {
    let progress = job.progress();
    LayerCount { read: progress.read, produced: progress.produced, spans: 0, memory: memory() }
}

fn unwritable(trouble: &Trouble, written: u64) -> (Stop, Failure) {
    let failure = |message: String| Failure::new(Culprit::Limit, "the new layer", message);
    let written = human::size(written);
    let failure = match trouble {
        Trouble::Full => failure(format!("There was room for {written} of it on the disk, and no more."))
            .fix("Free some space on this disk, or make fewer layers gzip at a time."),
        Trouble::TooLargeForMemory => failure(format!(
            "This browser keeps no files for this page, as in a private window, and in memory a layer may \
             take at most {}.",
            human::size(MEMORY_LIMIT)
        ))
        .fix("Use a normal window over https."),
        Trouble::Browser(error) => {
            failure(format!("The browser could not write it: {}", words(error))).fix("Try again.")
        }
    };
    (Stop::Room, failure)
}
