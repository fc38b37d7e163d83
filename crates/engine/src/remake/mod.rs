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
//! is called after every supply, and for zstd layers the history described in [`unpack`].

mod estimate;
mod gzip;

pub use estimate::{RemakeEstimate, estimate};

use serde::{Deserialize, Serialize};

use crate::{
    Culprit, Error, Failure, Job, Progress, StoredAs, Want, human,
    image::{Algorithm, Digest, DigestCheck, DigestOutcome},
    layer::CHUNK,
    unpack::{self, Decoder, OuterFormat, UnpackLimits},
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
///
/// What is wrong with the layer is told by [`finish`](Job::finish): bytes that do not have the digest
/// the manifest names, a stream that does not unpack, content that does not have the digest the config
/// names. What was taken as output by then must be thrown away.
pub struct RemakeJob {
    task: RemakeTask,
    limits: UnpackLimits,
    place: String,
    read: u64,
    /// Nothing more is wanted.
    over: bool,
    failure: Option<Failure>,
    stored: DigestCheck,
    /// Of the content, unless that is what is stored.
    content: Option<DigestCheck>,
    decoder: Option<(OuterFormat, Decoder)>,
    /// Stored bytes the decoder has not taken yet.
    rest: Vec<u8>,
    gzip: GzipWriter,
    output: Vec<u8>,
    made: DigestCheck,
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
        let expected = digest(task.expected_digest.as_deref());
        let diff_id = digest(task.expected_diff_id.as_deref());
        let place = match &expected {
            Some(digest) => format!("layer {}", digest.short()),
            None => format!("layer at offset {}", task.offset),
        };
        let format = match task.from {
            StoredAs::Uncompressed => None,
            StoredAs::Gzip => Some(OuterFormat::Gzip),
            StoredAs::Zstd => Some(OuterFormat::Zstd),
        };
        let algorithm =
            |digest: &Option<Digest>| digest.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
        // One digest is enough where stored bytes and content are the same.
        let once = format.is_none() && algorithm(&expected) == algorithm(&diff_id);
        let mut job = Self {
            limits,
            place,
            read: 0,
            over: false,
            failure: None,
            stored: DigestCheck::new(expected.as_ref(), None),
            content: (!once).then(|| DigestCheck::new(diff_id.as_ref(), None)),
            decoder: format.map(|format| (format, Decoder::new(format, limits))),
            rest: Vec::new(),
            gzip: GzipWriter::new(task.level),
            output: Vec::new(),
            made: DigestCheck::new(None, None),
            task,
        };
        job.settle();
        job
    }

    /// The bytes of the new layer that are ready, in order. To be called after every
    /// [`supply`](Job::supply), which keeps memory flat, and once more before
    /// [`finish`](Job::finish).
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Unpacks what has arrived, as far as it goes.
    fn unpack(&mut self) {
        let Some((format, mut decoder)) = self.decoder.take() else { return };
        let rest = std::mem::take(&mut self.rest);
        let mut input = rest.as_slice();
        let mut plain = Vec::new();
        loop {
            plain.clear();
            match decoder.decode(input, &mut plain) {
                Ok(0) if plain.is_empty() => break,
                Ok(taken) => input = input.get(taken..).unwrap_or_default(),
                Err(fault) => {
                    return self.fail(unpack::failure(format, &fault, &decoder, &self.place, self.limits));
                }
            }
            self.compress(&plain);
        }
        self.rest = input.to_vec();
        self.decoder = Some((format, decoder));
    }

    fn compress(&mut self, plain: &[u8]) {
        if let Some(content) = &mut self.content {
            content.update(plain);
        }
        let start = self.output.len();
        self.gzip.write(plain, &mut self.output);
        self.made.update(self.output.get(start..).unwrap_or_default());
    }

    /// The rest is read on only to find out whether these are the right bytes at all.
    fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.over = self.task.expected_digest.is_none();
    }

    /// At the end of the bytes: closes the new layer.
    fn settle(&mut self) {
        if self.over || self.read < self.task.len {
            return;
        }
        self.over = true;
        if self.failure.is_some() {
            return;
        }
        if let Some((format, mut decoder)) = self.decoder.take()
            && let Err(fault) = decoder.finish(&self.rest)
        {
            return self.fail(unpack::failure(format, &fault, &decoder, &self.place, self.limits));
        }
        let start = self.output.len();
        self.gzip.finish(&mut self.output);
        self.made.update(self.output.get(start..).unwrap_or_default());
    }
}

fn digest(text: Option<&str>) -> Option<Digest> {
    text.and_then(|text| text.parse().ok())
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
        if self.over {
            return Want::Done;
        }
        Want::Read {
            offset: self.task.offset.saturating_add(self.read),
            len: CHUNK.min(self.task.len - self.read),
        }
    }

    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let len = bytes.len() as u64;
        let Want::Read { len: wanted, .. } = self.want() else {
            return Err(Error::Misuse("supply() after the end"));
        };
        if len > wanted {
            return Err(Error::Misuse("supply() got more than was asked for"));
        }
        self.read += len;
        self.stored.update(bytes);
        if self.failure.is_none() {
            if self.decoder.is_some() {
                self.rest.extend_from_slice(bytes);
                self.unpack();
            } else {
                self.compress(bytes);
            }
        }
        if len < wanted {
            self.failure = Some(ends_early(&self.place, self.task.len, self.read));
            self.over = true;
        }
        self.settle();
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress { read: self.read, total: self.task.len, produced: self.gzip.len(), ..Progress::default() }
    }

    fn finish(self) -> Result<RemadeLayer, Error> {
        if !self.over {
            return Err(Error::Misuse("finish() before the end"));
        }
        if !self.output.is_empty() && self.failure.is_none() {
            return Err(Error::Misuse("finish() before all output was taken"));
        }
        let stored = self.stored.finish();
        // Wrong bytes are a better explanation than whatever went wrong while decoding them.
        if !stored.matches && self.read == self.task.len {
            return Err(mismatch(&self.place, MANIFEST, &stored).into());
        }
        if let Some(failure) = self.failure {
            return Err(failure.into());
        }
        let content = match self.content {
            Some(content) => content.finish(),
            None => DigestOutcome { expected: digest(self.task.expected_diff_id.as_deref()), ..stored },
        };
        if content.expected.as_ref().is_some_and(|expected| *expected != content.found) {
            return Err(mismatch(&self.place, CONFIG, &content).into());
        }
        let made = self.made.finish();
        Ok(RemadeLayer {
            digest: made.found.to_string(),
            size: made.size,
            diff_id: content.found.to_string(),
            uncompressed_size: content.size,
        })
    }
}

const MANIFEST: &str = "The layer's bytes do not have the digest its manifest names.";
const CONFIG: &str =
    "The layer's content does not have the digest that the image config names in rootfs.diff_ids.";

fn mismatch(place: &str, message: &str, outcome: &DigestOutcome) -> Failure {
    let expected = outcome.expected.as_ref().map(Digest::to_string).unwrap_or_default();
    Failure::new(Culprit::File, place, message)
        .expected_found(expected, outcome.found.to_string())
        .fix("Build or export the image again; a runtime refuses to unpack it.")
}

fn ends_early(place: &str, expected: u64, found: u64) -> Failure {
    let place = format!("{place}, offset {found}");
    Failure::new(Culprit::File, place, "The file ends inside this layer.")
        .expected_found(format!("{} bytes", human::count(expected)), format!("{} bytes", human::count(found)))
        .fix("Copy or export the file again; it is incomplete.")
}
