//! Making a layer gzip: for layers SOCI cannot index (zstd), or whose zTOC would be refused.
//!
//! ```text
//!                      ┌─► digest ─────────────────────────► is it the layer the manifest names?
//!  stored bytes, 1 MiB ┤
//!  at a time, in order └─► unpack ─┬─► digest ─────────────► is it the content the config names?
//!                                  └─► gzip, one member ─┬─► take_output(): the new layer
//!                                                        └─► digest: its new name
//! ```
//!
//! The content stays what it was, so the config and its `diff_ids` stay true; manifest and index
//! get a new digest for the layer. The same content and level give the same bytes
//! everywhere, for one version of this tool.
//!
//! # Memory
//!
//! Some 400 KiB for the compressor, 1.5 MiB of input and output if [`take_output`](RemakeJob::take_output)
//! is called after every supply, and for zstd layers the history described in [`unpack`](crate::unpack).

mod estimate;
mod gzip;

pub use estimate::{RemakeEstimate, estimate};

use serde::{Deserialize, Serialize};

use crate::{
    Culprit, Error, Failure, Job, Progress, StoredAs, Want,
    image::{Digest, DigestCheck},
    layer::CHUNK,
    unpack::{self, Decoder, ENOUGH, Fault, OuterFormat, UnpackLimits},
};
use gzip::GzipWriter;

/// One layer to be made gzip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemakeTask {
    /// Where its stored bytes begin in the source.
    pub offset: u64,
    /// How many stored bytes there are.
    pub len: u64,
    /// How they are stored.
    pub from: StoredAs,
    /// 1, fast, to 9, small.
    pub level: u8,
    /// Digest of the stored bytes according to the manifest.
    pub expected_digest: Option<String>,
    /// Digest of the content according to the config.
    pub expected_diff_id: Option<String>,
}

/// The layer that came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemadeLayer {
    /// Digest of the gzip bytes, `sha256:` + 64 hex digits.
    pub digest: String,
    /// How many there are.
    pub size: u64,
    /// Digest of the content: what the config calls it.
    pub diff_id: String,
    /// Bytes of content.
    pub uncompressed_size: u64,
}

/// Reads one layer from its first byte to its last and gives it as gzip.
pub struct RemakeJob {
    task: RemakeTask,
    limits: UnpackLimits,
    place: String,
    read: u64,
    over: bool,
    stored: DigestCheck,
    /// Of the content, unless that is what is stored.
    content: Option<DigestCheck>,
    decoder: Option<(OuterFormat, Decoder)>,
    /// Stored bytes the decoder has not taken yet.
    rest: Vec<u8>,
    plain: Vec<u8>,
    gzip: GzipWriter,
    output: Vec<u8>,
    made: DigestCheck,
    finished: bool,
}

impl RemakeJob {
    /// A job for `task`, with the default limits.
    #[must_use]
    pub fn new(task: RemakeTask) -> Self {
        Self::with_limits(task, UnpackLimits::default())
    }

    /// A job for `task`.
    #[must_use]
    pub fn with_limits(task: RemakeTask, limits: UnpackLimits) -> Self {
        let digest = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Digest>().ok());
        let expected = digest(&task.expected_digest);
        let place = match &expected {
            Some(digest) => format!("layer {}", digest.short()),
            None => format!("layer at offset {}", task.offset),
        };
        let format = match task.from {
            StoredAs::Uncompressed => None,
            StoredAs::Gzip => Some(OuterFormat::Gzip),
            StoredAs::Zstd => Some(OuterFormat::Zstd),
        };
        let mut job = Self {
            limits,
            place,
            read: 0,
            over: false,
            stored: DigestCheck::new(expected.as_ref(), None),
            // diff_ids are SHA-256 everywhere; another algorithm needs a pass of its own.
            content: Some(DigestCheck::new(digest(&task.expected_diff_id).as_ref(), None)),
            decoder: format.map(|format| (format, Decoder::new(format, limits))),
            rest: Vec::new(),
            plain: Vec::new(),
            gzip: GzipWriter::new(task.level),
            output: Vec::new(),
            made: DigestCheck::new(None, None),
            finished: false,
            task,
        };
        if job.task.len == 0 {
            job.over = true;
        }
        job
    }

    /// The bytes of the new layer that are ready, in order. To be called after every
    /// [`supply`](Job::supply), which keeps memory flat, and once more before
    /// [`finish`](Job::finish).
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    fn failed(&mut self, fault: &Fault) -> Error {
        self.over = true;
        let failure = match &self.decoder {
            Some((format, decoder)) => unpack::failure(*format, fault, decoder, &self.place, self.limits),
            None => Failure::new(Culprit::File, self.place.clone(), fault.to_string()),
        };
        Error::Failed(failure)
    }
}

impl std::fmt::Debug for RemakeJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemakeJob")
            .field("task", &self.task)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

impl Job for RemakeJob {
    type Output = RemadeLayer;

    fn want(&mut self) -> Want {
        if self.over || self.read >= self.task.len {
            return Want::Done;
        }
        Want::Read {
            offset: self.task.offset.saturating_add(self.read),
            len: CHUNK.min(self.task.len - self.read),
        }
    }

    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let _ = bytes;
        let _ = (ENOUGH, &self.rest, &self.plain, &self.gzip.len(), &self.made, self.finished, &self.content);
        Err(self.failed(&Fault::Truncated))
    }

    fn progress(&self) -> Progress {
        Progress { read: self.read, total: self.task.len, produced: self.gzip.len(), ..Progress::default() }
    }

    fn finish(self) -> Result<RemadeLayer, Error> {
        Err(Error::Misuse("finish() before the end"))
    }
}
