//! Reads a layer against its zTOC; both lie in one source.

use sociscope_engine::{
    Error, Failure, Job, Want,
    verify::{LayerVerification, VerifyJob, VerifyTask},
};
use web_sys::Blob;

use super::{
    layer::{memory, now},
    message::LayerCount,
    reader::Reader,
    unpack::unreadable,
};

/// Milliseconds between two reports of progress.
const REPORT_EVERY: f64 = 100.0;

/// Compares them.
///
/// # Errors
/// When the source cannot be read. What is wrong with the layer or the zTOC is a result.
pub async fn run(
    task: VerifyTask,
    source: &Blob,
    report: impl Fn(LayerCount),
) -> Result<LayerVerification, Failure> {
    let mut job = VerifyJob::open(task);
    let mut reader: Option<(u64, Reader)> = None;
    let mut bytes = Vec::new();
    let mut reported = now();
    while let Want::Read { offset, len } = job.want() {
        let (at, reader) = match &mut reader {
            Some((at, reader)) if *at == offset => (at, reader),
            // The zTOC first, then the layer from its beginning.
            place => {
                let rest = source.slice_with_f64_and_f64(offset as f64, source.size());
                let (at, reader) =
                    place.insert((offset, Reader::new(&rest.map_err(|error| unreadable(error).1)?)));
                (at, reader)
            }
        };
        let piece = reader.read(u32::try_from(len).unwrap_or(u32::MAX)).await;
        let piece = piece.map_err(|error| unreadable(error).1)?;
        *at += u64::from(piece.length());
        bytes.resize(piece.length() as usize, 0);
        piece.copy_to(&mut bytes);
        job.supply(&bytes).map_err(|error| Error::failure(&error))?;
        if now() - reported >= REPORT_EVERY {
            reported = now();
            let progress = job.progress();
            report(LayerCount {
                read: progress.read,
                produced: progress.produced,
                spans: progress.spans,
                memory: memory(),
            });
        }
    }
    job.finish().map_err(|error| error.failure())
}
