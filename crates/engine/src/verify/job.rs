//! Reading one layer against a zTOC.

use sha2::{Digest as _, Sha256};

use super::{
    Depth, LayerVerification, Outcome, Part, Unusability, VerifyTask, ZtocPlace,
    judge::{self, Evidence},
    outcome::not_a_ztoc,
    unpack::Spans,
};
use crate::{
    Culprit, Error, Failure, Job, LayerJob, LayerTask, Progress, Want, human,
    image::Digest,
    layer::CHUNK,
    ztoc::{StoredCheckpoints, Ztoc, usable},
};

/// Reads a zTOC, then its layer, and says how they fit.
///
/// # Memory
/// That of a [`LayerJob`], the zTOC twice, and some 100 KiB for the span being unpacked.
#[derive(Debug)]
pub struct VerifyJob {
    task: LayerTask,
    depth: Depth,
    /// As stated; absent when the zTOC was handed over.
    place: Option<ZtocPlace>,
    /// The zTOC, as far as it was read.
    file: Vec<u8>,
    layer: Option<Box<Reading>>,
    /// Known before the layer is read.
    early: Option<Outcome>,
}

/// What follows the layer's bytes.
#[derive(Debug)]
struct Reading {
    job: LayerJob,
    spans: Option<Spans>,
    last_span: LastSpan,
}

/// Digests the zTOC's last span as the zTOC cuts it. Before v0.14 soci saw only the first member of a
/// layer, so that its last span is longer than ours.
#[derive(Debug)]
struct LastSpan {
    /// How many bytes are still before it.
    before: u64,
    hasher: Sha256,
}

impl VerifyJob {
    /// A job for a zTOC that was read already. The task's span size does not matter.
    #[must_use]
    pub fn new(task: LayerTask, ztoc: Vec<u8>, depth: Depth) -> Self {
        let mut job = Self { task, depth, place: None, file: ztoc, layer: None, early: None };
        job.begin();
        job
    }

    /// A job that reads the zTOC first.
    #[must_use]
    pub fn open(task: VerifyTask) -> Self {
        let VerifyTask { layer, ztoc, depth } = task;
        let mut job =
            Self { task: layer, depth, place: Some(ztoc), file: Vec::new(), layer: None, early: None };
        if job.ztoc_left() == 0 {
            job.begin();
        }
        job
    }

    fn ztoc_left(&self) -> u64 {
        let len = self.place.as_ref().map_or(0, |place| place.len);
        len.saturating_sub(self.file.len() as u64)
    }

    /// The zTOC is there: prepares for the layer, unless there is no point in reading it.
    fn begin(&mut self) {
        let found = Digest::of(&self.file);
        let expected = self.place.as_ref().and_then(|place| place.expected_digest.as_ref());
        if let Some(expected) = expected
            && expected.parse::<Digest>().is_ok_and(|expected| !expected.matches(&self.file))
        {
            let why = Failure::new(
                Culprit::File,
                format!("zTOC {}", human::short_digest(expected)),
                "The zTOC's bytes do not have the digest that the SOCI index names.",
            )
            .expected_found(expected.clone(), found.to_string())
            .fix("Export the image again; these bytes would be refused by any registry.");
            self.early = Some(Outcome::Unreadable { part: Part::Ztoc, why });
            return;
        }
        let ztoc = match Ztoc::parse(&self.file) {
            Ok(ztoc) => ztoc,
            Err(error) => {
                let why = not_a_ztoc(&error);
                self.early = Some(Outcome::Unreadable { part: Part::Ztoc, why });
                return;
            }
        };
        self.task.span_size = judge::span_size(&ztoc, self.task.span_size);
        self.task.digests_elsewhere = false;
        self.task.prefetch.clear();
        self.task.hash_stored = true;
        let (spans, start) = match ztoc.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                let (stored, unpacked) = (self.task.len, ztoc.uncompressed_size);
                let spans = Spans::new(&self.file, &checkpoints, stored, unpacked, self.depth);
                (Some(spans), checkpoints.iter().last().map_or(0, |last| last.first_byte().0))
            }
            StoredCheckpoints::Uncompressed { span_size, .. } => {
                let last = u64::try_from(ztoc.max_span_id).unwrap_or_default();
                (None, last.saturating_mul(u64::try_from(span_size).unwrap_or_default()))
            }
        };
        self.layer = Some(Box::new(Reading {
            job: LayerJob::new(self.task.clone()),
            spans,
            last_span: LastSpan { before: start, hasher: Sha256::new() },
        }));
    }
}

impl Job for VerifyJob {
    type Output = LayerVerification;

    fn want(&mut self) -> Want {
        if self.early.is_some() {
            return Want::Done;
        }
        match (&mut self.layer, &self.place) {
            (Some(reading), _) => reading.job.want(),
            (None, Some(place)) => Want::Read {
                offset: place.offset.saturating_add(self.file.len() as u64),
                len: CHUNK.min(self.ztoc_left()),
            },
            (None, None) => Want::Done,
        }
    }

    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Want::Read { len: wanted, .. } = self.want() else {
            return Err(Error::Misuse("supply() after the end"));
        };
        let len = bytes.len() as u64;
        if len > wanted {
            return Err(Error::Misuse("supply() got more than was asked for"));
        }
        if let Some(reading) = &mut self.layer {
            if let Some(spans) = &mut reading.spans {
                spans.push(&self.file, bytes);
            }
            reading.last_span.push(bytes);
            return reading.job.supply(bytes);
        }
        self.file.extend_from_slice(bytes);
        if len < wanted {
            let why = Failure::new(Culprit::File, "zTOC", "The file ends inside this zTOC.")
                .fix("Copy or export the file again; it is incomplete.");
            self.early = Some(Outcome::Unreadable { part: Part::Ztoc, why });
        } else if self.ztoc_left() == 0 {
            self.begin();
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let ztoc = self.file.len() as u64;
        let size = self.place.as_ref().map_or(ztoc, |place| place.len);
        let layer = self.layer.as_ref().map(|reading| reading.job.progress()).unwrap_or_default();
        Progress { read: layer.read + ztoc, total: self.task.len.saturating_add(size), ..layer }
    }

    fn finish(mut self) -> Result<LayerVerification, Error> {
        if self.want() != Want::Done {
            return Err(Error::Misuse("finish() before the end"));
        }
        let layer = self.task.expected_digest.clone();
        let mut verification = LayerVerification::begin(self.task.id, layer, self.task.len, self.depth);
        verification.ztoc = Some(Digest::of(&self.file).to_string());
        verification.ztoc_size = self.file.len() as u64;
        if let Some(outcome) = self.early.take() {
            verification.settle(outcome);
            return Ok(verification);
        }
        let (Some(reading), Ok(ztoc)) = (self.layer.take(), Ztoc::parse(&self.file)) else {
            return Err(Error::Misuse("finish() before the zTOC was there"));
        };
        verification.span_size = Some(self.task.span_size);
        verification.spans = Some(ztoc.span_count() as u64);
        verification.unusable = Unusability::of(&usable::check(&ztoc, None));
        let Reading { job, spans, last_span } = *reading;
        let (unpacked, bad_span) = spans.map(|spans| spans.finish(&self.file)).unwrap_or_default();
        verification.spans_unpacked = unpacked;
        let outcome = job.finish()?;
        if verification.layer.is_none() {
            verification.layer.clone_from(&outcome.summary.digest);
        }
        // The builder knows a little more than the zTOC can say.
        verification.unusable = verification.unusable.take().or(outcome.summary.unusable);
        let judged = match (&outcome.ztoc, outcome.summary.error) {
            (_, Some(why)) => Outcome::Unreadable { part: Part::Layer, why },
            (None, None) => {
                let place = verification.layer.clone().unwrap_or_else(|| "layer".to_owned());
                let why = Failure::new(
                    Culprit::Unsupported,
                    place,
                    "SOCI cannot index this layer: it is neither gzip nor a plain tar.",
                );
                Outcome::Unreadable { part: Part::Layer, why }
            }
            (Some(rebuilt), None) => {
                let evidence = Evidence {
                    file: &self.file,
                    ztoc: &ztoc,
                    layer_size: self.task.len,
                    last_span: last_span.hasher.finalize().into(),
                    bad_span,
                };
                judge::judge(&evidence, rebuilt, &mut verification)
            }
        };
        verification.settle(judged);
        Ok(verification)
    }
}

impl LastSpan {
    fn push(&mut self, bytes: &[u8]) {
        let skipped = usize::try_from(self.before).unwrap_or(usize::MAX).min(bytes.len());
        self.before -= skipped as u64;
        self.hasher.update(bytes.get(skipped..).unwrap_or_default());
    }
}
