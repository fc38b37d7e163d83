//! Reads one layer of a file from end to end and drives the engine's [`LayerJob`] with it.

use js_sys::Uint8Array;
use sociscope_engine::{
    Culprit, Error, Failure, Job, LayerJob, LayerOutcome, LayerSummary, LayerTask, TaskCompression, Want,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::Blob;

use super::{
    digests::{self, SpanDigests, Trouble},
    message::LayerCount,
    reader::Reader,
};

/// Milliseconds between two reports of progress.
const REPORT_EVERY: f64 = 100.0;
/// Span sizes for which WebCrypto pays: below, a call costs more than hashing; above, the open
/// span would not be kept whole anyway.
const WEBCRYPTO_SPANS: std::ops::RangeInclusive<u64> = 16 << 10..=digests::KEPT_BOUND as u64;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds on a clock that never runs backwards, in windows and workers alike.
    #[wasm_bindgen(js_namespace = performance)]
    pub fn now() -> f64;
}

/// Reads the layer and says what it is. A layer that cannot be read is an outcome, too.
pub async fn run(mut task: LayerTask, file: &Blob, report: impl Fn(LayerCount)) -> LayerOutcome {
    let spans = (task.compression != TaskCompression::HashOnly && WEBCRYPTO_SPANS.contains(&task.span_size))
        .then(SpanDigests::new)
        .flatten();
    task.digests_elsewhere = spans.is_some();
    let id = task.id;
    let place = format!("layer {}", u64::from(id.0) + 1);
    let read = Drive { job: LayerJob::new(task), spans, report }.run(file).await;
    read.unwrap_or_else(|stop| {
        let mut summary = LayerSummary::empty(id);
        summary.error = Some(stop.failure(place));
        LayerOutcome { summary, ztoc: None }
    })
}

/// Why a layer was not read to its end.
enum Stop {
    /// The file could not be read.
    Unreadable(JsValue),
    /// The engine refused to go on.
    Engine(Error),
    /// Spans could not be hashed.
    Digests(Trouble),
}

impl Stop {
    fn failure(self, place: String) -> Failure {
        match self {
            Self::Engine(error) => error.failure(),
            Self::Unreadable(error) => Failure::new(
                Culprit::File,
                place,
                format!("The browser could not read the file any more: {}", words(&error)),
            )
            .fix("It was changed, moved or deleted since it was dropped. Drop it again."),
            Self::Digests(Trouble::Browser(error)) => Failure::new(
                Culprit::Internal,
                place,
                format!("The browser could not compute a SHA-256: {}", words(&error)),
            )
            .fix("Drop the file again."),
            Self::Digests(Trouble::Lost(span)) => Failure::new(
                Culprit::Internal,
                place,
                format!("The bytes of span {span} were let go before they were hashed."),
            )
            .fix("This is a bug in Sociscope: report it with the layer that led here."),
        }
    }
}

/// What an exception says.
pub fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => format!("{}: {}", String::from(error.name()), String::from(error.message())),
        None => error.as_string().unwrap_or_else(|| "no reason given".to_owned()),
    }
}

struct Drive<R> {
    job: LayerJob,
    spans: Option<SpanDigests>,
    report: R,
}

impl<R: Fn(LayerCount)> Drive<R> {
    async fn run(mut self, file: &Blob) -> Result<LayerOutcome, Stop> {
        let mut reader: Option<(u64, Reader)> = None;
        let mut bytes = Vec::new();
        let mut reported = now();
        while let Want::Read { offset, len } = self.job.want() {
            let (at, reader) = match &mut reader {
                Some((at, reader)) if *at == offset => (at, reader),
                // The first piece. A layer is read forwards, so there is no second first.
                place => {
                    let rest =
                        file.slice_with_f64_and_f64(offset as f64, file.size()).map_err(Stop::Unreadable)?;
                    let (at, reader) = place.insert((offset, Reader::new(&rest)));
                    (at, reader)
                }
            };
            let piece =
                reader.read(u32::try_from(len).unwrap_or(u32::MAX)).await.map_err(Stop::Unreadable)?;
            *at += u64::from(piece.length());
            // One buffer for all pieces: what is in WebAssembly memory is the formula and this.
            bytes.resize(piece.length() as usize, 0);
            piece.copy_to(&mut bytes);
            self.take(&piece, &bytes).await?;
            if now() - reported >= REPORT_EVERY {
                reported = now();
                (self.report)(self.count());
            }
        }
        (self.report)(self.count());
        if let Some(mut spans) = self.spans.take() {
            for span in self.job.take_closed_spans() {
                spans.close(&span).map_err(Stop::Digests)?;
            }
            for (span, digest) in spans.all().await.map_err(Stop::Digests)? {
                self.job.set_digest(span, digest);
            }
        }
        self.job.finish().map_err(Stop::Engine)
    }

    async fn take(&mut self, piece: &Uint8Array, bytes: &[u8]) -> Result<(), Stop> {
        self.job.supply(bytes).map_err(Stop::Engine)?;
        let Some(spans) = &mut self.spans else { return Ok(()) };
        spans.push(piece);
        for span in self.job.take_closed_spans() {
            spans.close(&span).map_err(Stop::Digests)?;
        }
        spans.keep_from(self.job.open_span_start());
        for (span, digest) in spans.ready().await.map_err(Stop::Digests)? {
            self.job.set_digest(span, digest);
        }
        Ok(())
    }

    fn count(&self) -> LayerCount {
        let progress = self.job.progress();
        LayerCount {
            read: progress.read,
            produced: progress.produced,
            spans: progress.spans,
            memory: memory(),
        }
    }
}

/// Size of this worker's WebAssembly memory, bytes.
pub fn memory() -> u64 {
    wasm_bindgen::memory()
        .dyn_into::<js_sys::WebAssembly::Memory>()
        .ok()
        .and_then(|memory| memory.buffer().dyn_into::<js_sys::ArrayBuffer>().ok())
        .map_or(0, |buffer| buffer.byte_length().into())
}
