//! Reading one layer: index it, check its digests, say what it was.
//!
//! ```text
//!                          ┌─► DigestCheck ────────────────► is it the layer the manifest names?
//!   stored bytes, 1 MiB ───┤
//!   at a time, in order    └─► ztoc::Builder ─► zTOC ─► parsed back and compared ─► handed out
//! ```
//!
//! Whatever is wrong with the bytes ends up in [`LayerSummary::error`]; an `Err` from here means
//! that the caller broke the protocol.

use std::collections::BTreeMap;

use crate::{
    BlockCounts, Culprit, Error, Failure, Job, LayerSummary, LayerTask, Progress, TaskCompression, Want,
    ZtocSummary, failure::sentence, human, image, soci, verify::Unusability, ztoc,
};
use image::{Digest, DigestCheck};
use ztoc::{ClosedSpan, SpanId, SpanSize, ZtocParts};

/// How many bytes are asked for at a time. Large enough that asking costs nothing, small enough
/// that cancelling takes no time and a worker's memory stays flat.
pub const CHUNK: u64 = 1 << 20;

/// Reads one layer from its first byte to its last.
#[derive(Debug)]
pub struct LayerJob {
    task: LayerTask,
    place: String,
    read: u64,
    /// Nothing more is wanted, though there are bytes left.
    stopped: bool,
    hash: Option<DigestCheck>,
    work: Work,
    /// Digests that came before the build was finished.
    early: Vec<(SpanId, [u8; 32])>,
}

/// What becomes of the bytes besides their digest.
#[derive(Debug)]
enum Work {
    Nothing,
    Building(Box<ztoc::Builder>),
    Built(Box<ztoc::Build>),
    /// The caller puts the zTOC together; this is what is known of it.
    Parted(Box<LayerSummary>),
    Failed {
        failure: Failure,
        produced: u64,
    },
}

/// What a finished [`LayerJob`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerOutcome {
    /// What the layer turned out to be.
    pub summary: LayerSummary,
    /// The zTOC's bytes, when there is one.
    pub ztoc: Option<Vec<u8>>,
}

impl LayerJob {
    /// A job for `task`, with the default limits.
    #[must_use]
    pub fn new(task: LayerTask) -> Self {
        Self::with_limits(task, ztoc::Limits::default())
    }

    /// A job for `task`.
    #[must_use]
    pub fn with_limits(task: LayerTask, limits: ztoc::Limits) -> Self {
        let expected: Option<Digest> = task.expected_digest.as_deref().and_then(|digest| digest.parse().ok());
        let place = match &expected {
            Some(digest) => format!("layer {}", digest.short()),
            None => format!("layer at offset {}", task.offset),
        };
        let compression = match task.compression {
            TaskCompression::Gzip => Some(ztoc::Compression::Gzip),
            TaskCompression::Uncompressed => Some(ztoc::Compression::Uncompressed),
            TaskCompression::HashOnly => None,
        };
        let work = match compression.map(|compression| builder(&task, compression, limits)) {
            None => Work::Nothing,
            Some(Ok(builder)) => Work::Building(Box::new(builder)),
            Some(Err(error)) => Work::Failed { failure: ztoc_failure(&place, &error), produced: 0 },
        };
        let hash = task.hash_stored.then(|| DigestCheck::new(expected.as_ref(), None));
        let mut job = Self { task, place, read: 0, stopped: false, hash, work, early: Vec::new() };
        job.settle();
        job
    }

    /// Spans that were completed since the last call, for a caller that hashes them itself
    /// ([`LayerTask::digests_elsewhere`]). Offsets count from the start of the layer. After
    /// [`want`](Job::want) said [`Want::Done`] the last span is among them.
    pub fn take_closed_spans(&mut self) -> Vec<ClosedSpan> {
        match &mut self.work {
            Work::Building(builder) => builder.take_closed_spans(),
            Work::Built(build) if self.task.digests_elsewhere => build
                .missing_digests()
                .into_iter()
                .filter(|span| self.early.iter().all(|(id, _)| *id != span.id))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Where the span being read began, from the start of the layer: bytes from here on are still
    /// needed by whoever hashes spans.
    #[must_use]
    pub fn open_span_start(&self) -> Option<u64> {
        match &self.work {
            Work::Building(builder) => builder.open_span_start().map(|offset| offset.0),
            _ => None,
        }
    }

    /// Hands over the SHA-256 of a span named by [`take_closed_spans`](Self::take_closed_spans).
    pub fn set_digest(&mut self, span: SpanId, digest: [u8; 32]) {
        match &mut self.work {
            Work::Built(build) => {
                build.set_digest(span, digest);
            }
            _ => self.early.push((span, digest)),
        }
    }

    /// The checkpoints since the last call, for a caller that has a better place for them. They are
    /// most of a zTOC, 32 KiB for every 4 MiB of tar, and are not kept here any longer.
    ///
    /// Whoever takes any takes all, the last ones after [`want`](Job::want) said [`Want::Done`]. Then
    /// [`ztoc_parts`](Self::ztoc_parts) gives the rest of the zTOC, which the outcome does not hold.
    pub fn take_checkpoints(&mut self) -> Vec<u8> {
        match &mut self.work {
            Work::Building(builder) => builder.take_checkpoints(),
            Work::Built(build) => build.take_checkpoints(),
            _ => Vec::new(),
        }
    }

    /// What lies before and behind the [taken](Self::take_checkpoints) checkpoints, once every span has
    /// its digest; `None` when there is no zTOC. The SHA-256 of all three is to be
    /// [told](Self::set_ztoc_digest) before [`finish`](Job::finish).
    ///
    /// # Errors
    /// [`Error::Misuse`] before the end, or while a span has no digest.
    pub fn ztoc_parts(&mut self) -> Result<Option<ZtocParts>, Error> {
        if !self.is_over() {
            return Err(Error::Misuse("ztoc_parts() before the end"));
        }
        let work = std::mem::replace(&mut self.work, Work::Nothing);
        let Work::Built(build) = work else {
            self.work = work;
            return Ok(None);
        };
        if !build.missing_digests().is_empty() {
            return Err(Error::Misuse("ztoc_parts() before every span had its digest"));
        }
        match self.parted(&build) {
            Ok((summary, parts)) => {
                self.work = Work::Parted(Box::new(summary));
                Ok(Some(parts))
            }
            Err(failure) => {
                self.fail(failure, build.inflated_size());
                Ok(None)
            }
        }
    }

    /// The SHA-256 of the zTOC that was put together from [`ztoc_parts`](Self::ztoc_parts).
    pub fn set_ztoc_digest(&mut self, digest: &Digest) {
        if let Work::Parted(summary) = &mut self.work
            && let Some(ztoc) = &mut summary.ztoc
        {
            ztoc.digest = digest.to_string();
        }
    }

    /// Whether every byte that is of use was read.
    fn is_over(&self) -> bool {
        self.stopped || self.read >= self.task.len
    }

    /// At the end of the bytes: closes the build, so that its last span can be hashed.
    fn settle(&mut self) {
        if !self.is_over() {
            return;
        }
        match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Building(builder) => {
                let produced = builder.produced().0;
                match builder.finish() {
                    Ok(mut build) => {
                        for (span, digest) in self.early.drain(..) {
                            build.set_digest(span, digest);
                        }
                        self.work = Work::Built(Box::new(build));
                    }
                    Err(error) => self.fail(ztoc_failure(&self.place, &error), produced),
                }
            }
            work => self.work = work,
        }
    }

    fn fail(&mut self, failure: Failure, produced: u64) {
        self.work = Work::Failed { failure, produced };
    }

    /// A broken stream is read on only to find out whether these are the right bytes at all.
    fn stop_unless_hashing(&mut self) {
        self.stopped = self.hash.is_none() || self.task.expected_digest.is_none();
    }
}

impl Job for LayerJob {
    type Output = LayerOutcome;

    fn want(&mut self) -> Want {
        if self.is_over() {
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
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        if let Work::Building(builder) = &mut self.work
            && let Err(error) = builder.push(bytes)
        {
            let (produced, failure) = (builder.produced().0, ztoc_failure(&self.place, &error));
            self.fail(failure, produced);
            self.stop_unless_hashing();
        }
        if len < wanted {
            // The archive says the layer goes on, the file has ended.
            let produced = self.progress().produced;
            let failure = Failure::new(
                Culprit::File,
                format!("{}, offset {}", self.place, self.read),
                "The file ends inside this layer.",
            )
            .expected_found(
                format!("{} bytes", human::count(self.task.len)),
                format!("{} bytes", human::count(self.read)),
            )
            .fix("Copy or export the file again; it is incomplete.");
            self.fail(failure, produced);
            self.stopped = true;
        }
        self.settle();
        Ok(())
    }

    fn progress(&self) -> Progress {
        let (produced, entries, spans) = match &self.work {
            Work::Nothing => (0, 0, 0),
            Work::Building(builder) => {
                (builder.produced().0, builder.entry_count() as u64, builder.span_count() as u64)
            }
            Work::Built(build) => {
                (build.inflated_size(), build.entries().len() as u64, build.span_count() as u64)
            }
            Work::Parted(summary) => {
                let count = |count: Option<u64>| count.unwrap_or(0);
                (count(summary.uncompressed_size), count(summary.entries), count(summary.spans))
            }
            Work::Failed { produced, .. } => (*produced, 0, 0),
        };
        Progress { read: self.read, total: self.task.len, produced, entries, spans }
    }

    fn finish(mut self) -> Result<LayerOutcome, Error> {
        if !self.is_over() {
            return Err(Error::Misuse("finish() before the end"));
        }
        let mut summary = LayerSummary::empty(self.task.id);
        summary.bytes_read = self.read;
        let mut ztoc = None;
        match std::mem::replace(&mut self.work, Work::Nothing) {
            Work::Nothing | Work::Building(_) => {}
            Work::Failed { failure, .. } => summary.error = Some(failure),
            Work::Parted(known) => {
                if known.ztoc.as_ref().is_none_or(|ztoc| ztoc.digest.is_empty()) {
                    return Err(Error::Misuse("finish() before the zTOC had its digest"));
                }
                summary = LayerSummary { bytes_read: self.read, ..*known };
            }
            Work::Built(build) => {
                if !build.missing_digests().is_empty() {
                    return Err(Error::Misuse("finish() before every span had its digest"));
                }
                self.describe(&build, &mut summary);
                match checked_bytes(&self.place, &build) {
                    Ok(bytes) => {
                        summary.ztoc = Some(ZtocSummary {
                            digest: Digest::of(&bytes).to_string(),
                            size: bytes.len() as u64,
                            no_xattrs: build.disables_xattrs(),
                        });
                        if let Ok(read) = ztoc::Ztoc::parse(&bytes) {
                            self.judge(&read, &build, &mut summary);
                        }
                        ztoc = Some(bytes);
                    }
                    Err(failure) => summary.error = Some(failure),
                }
            }
        }
        self.compare_digests(&mut summary);
        if summary.error.is_some() {
            summary.ztoc = None;
            ztoc = None;
        }
        Ok(LayerOutcome { summary, ztoc })
    }
}

impl LayerJob {
    /// The zTOC without its checkpoints, checked like a whole one, and all that is known of it but its
    /// digest.
    fn parted(&self, build: &ztoc::Build) -> Result<(LayerSummary, ZtocParts), Failure> {
        let encoded = build.encode().map_err(|error| ztoc_failure(&self.place, &error))?;
        let mut summary = LayerSummary::empty(self.task.id);
        self.describe(build, &mut summary);
        summary.ztoc = Some(ZtocSummary {
            digest: String::new(),
            size: encoded.len(),
            no_xattrs: build.disables_xattrs(),
        });
        let read = ztoc::Ztoc::parse_abridged(encoded.abridged());
        let read =
            compared(&self.place, build, read, |checkpoint| ztoc::Checkpoint { window: &[], ..checkpoint })?;
        self.judge(&read, build, &mut summary);
        Ok((summary, encoded.into_parts()))
    }

    /// What the snapshotter would refuse about a zTOC that is otherwise right, and where the files to
    /// be fetched first lie.
    fn judge(&self, read: &ztoc::Ztoc<'_>, build: &ztoc::Build, summary: &mut LayerSummary) {
        summary.unusable = Unusability::of(&ztoc::usable::check(read, Some(build)));
        if !self.task.prefetch.is_empty() {
            summary.prefetch = locate_in(read, &self.task.prefetch);
        }
    }

    fn describe(&self, build: &ztoc::Build, summary: &mut LayerSummary) {
        summary.uncompressed_size = Some(build.inflated_size());
        summary.entries = Some(build.entries().len() as u64);
        let files = build.entries().iter().filter(|entry| entry.kind == ztoc::EntryKind::Regular);
        summary.files = Some(files.count() as u64);
        summary.span_size = Some(self.task.span_size);
        summary.spans = Some(build.span_count() as u64);
        if self.task.compression == TaskCompression::Gzip {
            let mut blocks = BlockCounts::default();
            for boundary in build.blocks().iter() {
                let ztoc::BoundaryKind::Block { kind, .. } = boundary.kind else { continue };
                match kind {
                    ztoc::BlockKind::Stored => blocks.stored += 1,
                    ztoc::BlockKind::Fixed => blocks.fixed += 1,
                    ztoc::BlockKind::Dynamic => blocks.dynamic += 1,
                }
            }
            summary.blocks = Some(blocks);
        }
    }

    /// Compares what was hashed with what manifest and config promise. Wrong bytes are a better
    /// explanation than whatever went wrong while decoding them, so they take its place.
    fn compare_digests(&mut self, summary: &mut LayerSummary) {
        let Some(hash) = self.hash.take() else { return };
        if self.read < self.task.len {
            return;
        }
        let outcome = hash.finish();
        summary.digest = Some(outcome.found.to_string());
        if let Some(expected) = &outcome.expected {
            summary.digest_matches = Some(outcome.matches);
            if outcome.found != *expected {
                summary.error = Some(
                    Failure::new(
                        Culprit::File,
                        self.place.clone(),
                        "The layer's bytes do not have the digest its manifest names.",
                    )
                    .expected_found(expected.to_string(), outcome.found.to_string())
                    .fix("Export the image again; these bytes would be refused by any registry."),
                );
            }
        }
        // Stored and unpacked bytes are the same here, so the second digest is free.
        if self.task.compression == TaskCompression::Uncompressed {
            summary.diff_id = Some(outcome.found.to_string());
            summary.uncompressed_size = Some(outcome.size);
            if let Some(expected) = &self.task.expected_diff_id {
                let matches = *expected == outcome.found.to_string();
                summary.diff_id_matches = Some(matches);
                if !matches && summary.error.is_none() {
                    summary.error = Some(
                        Failure::new(
                            Culprit::File,
                            self.place.clone(),
                            "The layer's content does not have the digest that the image config \
                             names in rootfs.diff_ids.",
                        )
                        .expected_found(expected.clone(), outcome.found.to_string())
                        .fix("Build or export the image again; a runtime refuses to unpack it."),
                    );
                }
            }
        }
    }
}

fn builder(
    task: &LayerTask,
    compression: ztoc::Compression,
    limits: ztoc::Limits,
) -> Result<ztoc::Builder, ztoc::Error> {
    let digests = if task.digests_elsewhere { ztoc::DigestMode::Elsewhere } else { ztoc::DigestMode::Here };
    let span_size = SpanSize::new(task.span_size)?;
    ztoc::Builder::new(ztoc::BuildOptions { compression, span_size, digests, limits })
}

/// Serialises a zTOC, reads it back and compares everything in it with what was built. Nothing
/// leaves unchecked.
fn checked_bytes(place: &str, build: &ztoc::Build) -> Result<Vec<u8>, Failure> {
    let bytes = build.to_bytes().map_err(|error| ztoc_failure(place, &error))?;
    compared(place, build, ztoc::Ztoc::parse(&bytes), |checkpoint| checkpoint)?;
    Ok(bytes)
}

/// Compares what was read back with what was built; `as_read` makes of a checkpoint what is expected.
fn compared<'a>(
    place: &str,
    build: &ztoc::Build,
    read: Result<ztoc::Ztoc<'a>, ztoc::ReadError>,
    as_read: fn(ztoc::Checkpoint<'_>) -> ztoc::Checkpoint<'_>,
) -> Result<ztoc::Ztoc<'a>, Failure> {
    let differs = |what: &str| {
        Failure::new(
            Culprit::Internal,
            place,
            format!("The finished zTOC does not say what was built: {what} differs."),
        )
        .fix("This is a bug in Sociscope. The zTOC was not handed out; report it.")
    };
    let read =
        read.map_err(|error| differs("its structure").expected_found("a readable zTOC", error.to_string()))?;
    let same_checkpoints = match read.checkpoints() {
        ztoc::StoredCheckpoints::Gzip(stored) => stored.iter().eq(build.checkpoints().map(as_read)),
        ztoc::StoredCheckpoints::Uncompressed { size, .. } => {
            build.checkpoints().len() == 0 && u64::try_from(size) == Ok(build.compressed_size())
        }
    };
    // A few times have no text (years beyond 9999), so the zTOC cannot say them; the reference's neither.
    let built_entries = build.entries().iter().map(|mut entry| {
        entry.modified = entry.modified.read_back();
        entry
    });
    let comparisons = [
        ("the tool", read.version == ztoc::VERSION && read.build_tool == ztoc::BUILD_TOOL),
        ("the compression", read.compression == build.compression()),
        ("the stored size", read.compressed_size == build.compressed_size()),
        ("the unpacked size", read.uncompressed_size == build.uncompressed_size()),
        ("the list of files", read.entries().eq(built_entries)),
        ("a checkpoint", same_checkpoints),
        ("the number of spans", read.span_count() == build.span_count()),
        ("a span digest", read.span_digests().eq(build.spans().map(|span| build.digest(span.id)))),
    ];
    match comparisons.iter().find(|(_, same)| !same) {
        Some((what, _)) => Err(differs(what)),
        None => Ok(read),
    }
}

/// Which spans of a zTOC, first and last, hold the files at these paths
/// ([`soci::prefetch::locate`]); `None` for what is not in it.
#[must_use]
pub fn locate(ztoc: &[u8], paths: &[String]) -> BTreeMap<String, Option<(u32, u32)>> {
    ztoc::Ztoc::parse(ztoc).map_or_else(|_| BTreeMap::new(), |read| locate_in(&read, paths))
}

fn locate_in(ztoc: &ztoc::Ztoc<'_>, paths: &[String]) -> BTreeMap<String, Option<(u32, u32)>> {
    let spans = soci::prefetch::locate(ztoc, paths);
    let spans = spans.into_iter().map(|spans| spans.map(|spans| (spans.first.0, spans.last.0)));
    paths.iter().cloned().zip(spans).collect()
}

/// A zTOC error in the shape it is shown in.
fn ztoc_failure(place: &str, error: &ztoc::Error) -> Failure {
    use ztoc::Culprit as Part;
    let (culprit, fix) = match error.culprit() {
        Part::Limit => {
            (Culprit::Limit, "This layer is larger than anything known to exist; if it is real, report it.")
        }
        Part::Caller => (Culprit::Unsupported, "Choose another span size."),
        Part::TarEntryType => {
            (Culprit::Unsupported, "soci refuses such entries too. Build the layer without them.")
        }
        Part::GzipHeader | Part::Deflate | Part::GzipTrailer => {
            (Culprit::File, "Build or export the image again; the layer cannot be unpacked as it is.")
        }
        Part::TarHeader | Part::PaxHeader | Part::SparseMap => {
            (Culprit::File, "Build the image again; soci refuses this tar as well.")
        }
    };
    Failure::new(
        culprit,
        format!("{place}, {}{}", error.culprit(), error.place()),
        sentence(&error.fault().to_string()),
    )
    .fix(fix)
}

/// What a file's first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A layer that can be indexed.
    Layer(TaskCompression),
    /// Compressed in another way; the name says how.
    Unsupported(&'static str),
    /// Nothing known.
    Unknown,
}

/// Recognises a bare layer by its first 512 bytes.
#[must_use]
pub fn sniff(head: &[u8]) -> Sniffed {
    const MAGIC: [(&[u8], &str); 4] = [
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
        (b"BZh", "bzip2"),
        (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    ];
    if head.starts_with(&[0x1f, 0x8b]) {
        return Sniffed::Layer(TaskCompression::Gzip);
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Sniffed::Unsupported(name);
    }
    match head.first_chunk::<512>() {
        Some(block) if is_tar_block(block) => Sniffed::Layer(TaskCompression::Uncompressed),
        _ => Sniffed::Unknown,
    }
}

/// A header whose checksum is right, summed as either kind of byte, or the zeros that end an
/// empty tar.
fn is_tar_block(block: &[u8; 512]) -> bool {
    if block.iter().all(|byte| *byte == 0) {
        return true;
    }
    let summed = |value: fn(u8) -> i64| -> i64 {
        let bytes = block.iter().enumerate();
        bytes.map(|(at, byte)| value(if (148..156).contains(&at) { b' ' } else { *byte })).sum()
    };
    let stored = block.get(148..156).unwrap_or_default();
    let text: String =
        stored.iter().map(|byte| char::from(*byte)).filter(|c| !matches!(c, '\0' | ' ')).collect();
    let Ok(stored) = i64::from_str_radix(&text, 8) else { return false };
    stored == summed(i64::from) || stored == summed(|byte| i64::from(byte.cast_signed()))
}
