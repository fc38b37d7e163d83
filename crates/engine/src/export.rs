//! Writing the archive: what is copied is checked on its way out.
//!
//! The plan of a SOCI archive ([`ArchivePlan`](crate::ArchivePlan)) is literal bytes, zTOCs and
//! ranges of the source. Layers that were not indexed were perhaps never read before; a shell that
//! can still withdraw its output runs each copied range through a [`CopyCheck`].

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use crate::{
    Culprit, Failure, human, image,
    verify::{BadSpan, Depth, Spans},
    ztoc,
};
use image::{Digest, DigestCheck, Extent};
use ztoc::{StoredCheckpoints, Ztoc};

/// Checks one copied range against the digest it is stored under.
#[derive(Clone, Debug)]
pub struct CopyCheck {
    digest: Digest,
    check: DigestCheck,
}

impl CopyCheck {
    /// A check for the blob `digest` lying at `extent`.
    #[must_use]
    pub fn new(digest: &Digest, extent: Extent) -> Self {
        Self { digest: digest.clone(), check: DigestCheck::new(Some(digest), Some(extent.len)) }
    }

    /// The next bytes, in any slicing.
    pub fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    /// The end of the range.
    ///
    /// # Errors
    /// The bytes are not the blob's: nothing made of them may be handed out.
    pub fn finish(self) -> Result<(), Failure> {
        let outcome = self.check.finish();
        if outcome.matches {
            return Ok(());
        }
        let place = format!("blob {}", self.digest.short());
        let fix = "Export the image again; a registry would refuse this blob.";
        let failure = if outcome.expected_size.is_some_and(|expected| expected != outcome.size) {
            Failure::new(Culprit::File, place, "The file ends inside this blob.").expected_found(
                format!("{} bytes", human::count(outcome.expected_size.unwrap_or_default())),
                format!("{} bytes", human::count(outcome.size)),
            )
        } else {
            Failure::new(Culprit::File, place, "The blob's bytes do not have the digest it is stored under.")
                .expected_found(self.digest.to_string(), outcome.found.to_string())
        };
        Err(failure.fix(fix))
    }
}

/// Checks a zTOC against the layer that is being copied: every span digest, and what comes out of
/// spans that are unpacked from their checkpoints by another decoder than the one that made them.
/// That is what a snapshotter will do, with these bytes.
#[derive(Debug)]
pub struct SpanCheck<'z> {
    ztoc: &'z [u8],
    place: String,
    /// Of gzip layers.
    unpacked: Option<Spans>,
    /// Spans that have not begun yet, in order.
    ahead: VecDeque<SpanBytes>,
    /// Those being hashed. Two at most, for neighbours can share one byte.
    open: Vec<(SpanBytes, Sha256)>,
    at: u64,
    /// The first span that does not have its digest.
    wrong: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct SpanBytes {
    id: usize,
    start: u64,
    end: u64,
    digest: Option<[u8; 32]>,
}

impl<'z> SpanCheck<'z> {
    /// A check of a layer against the zTOC that was built for it; `depth` says how many spans are
    /// unpacked.
    ///
    /// # Errors
    /// The bytes are no zTOC.
    pub fn new(layer: &Digest, ztoc: &'z [u8], depth: Depth) -> Result<Self, Failure> {
        let place = format!("zTOC of layer {}", layer.short());
        let read = Ztoc::parse(ztoc).map_err(|error| {
            Failure::new(Culprit::Internal, place.clone(), format!("The zTOC cannot be read back: {error}."))
        })?;
        let starts: Vec<u64> = match read.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                checkpoints.iter().map(|checkpoint| checkpoint.first_byte().0).collect()
            }
            StoredCheckpoints::Uncompressed { span_size, .. } => {
                let step = u64::try_from(span_size).unwrap_or(0);
                (0..read.span_count() as u64).map(|span| span.saturating_mul(step)).collect()
            }
        };
        // A span reaches up to the next checkpoint's whole byte, which may lie behind its first one.
        let ends: Vec<u64> = match read.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                checkpoints.iter().skip(1).map(|checkpoint| checkpoint.compressed.0).collect()
            }
            StoredCheckpoints::Uncompressed { .. } => starts.iter().skip(1).copied().collect(),
        };
        let ends = ends.into_iter().chain([read.compressed_size]);
        let ahead = starts
            .into_iter()
            .zip(ends)
            .zip(read.span_digests())
            .enumerate()
            .map(|(id, ((start, end), digest))| SpanBytes { id, start, end, digest })
            .collect();
        let unpacked = match read.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                Some(Spans::new(ztoc, &checkpoints, read.compressed_size, read.uncompressed_size, depth))
            }
            StoredCheckpoints::Uncompressed { .. } => None,
        };
        Ok(Self { ztoc, place, unpacked, ahead, open: Vec::new(), at: 0, wrong: None })
    }

    /// The next bytes of the layer, in any slicing.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(unpacked) = &mut self.unpacked {
            unpacked.push(self.ztoc, bytes);
        }
        let end = self.at.saturating_add(bytes.len() as u64);
        while let Some(span) = self.ahead.front().copied().filter(|span| span.start < end) {
            self.ahead.pop_front();
            self.open.push((span, Sha256::new()));
        }
        let at = self.at;
        self.open.retain_mut(|(span, hasher)| {
            let within = |offset: u64| usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
            let (from, to) = (within(span.start), within(span.end).min(bytes.len()));
            hasher.update(bytes.get(from..to).unwrap_or_default());
            if span.end > end {
                return true;
            }
            let found: [u8; 32] = std::mem::take(hasher).finalize().into();
            if span.digest != Some(found) && self.wrong.is_none_or(|wrong| span.id < wrong) {
                self.wrong = Some(span.id);
            }
            false
        });
        self.at = end;
    }

    /// The end of the layer.
    ///
    /// # Errors
    /// A span does not have the digest its zTOC states, the layer ended inside one, or what comes
    /// out of one is not what the next checkpoint says.
    pub fn finish(self) -> Result<(), Failure> {
        // An empty span at the very end never opens: nothing of it is ever fetched.
        let unfinished = self.open.first().map(|(span, _)| span.id);
        let never_begun = self.ahead.iter().find(|span| span.start < span.end).map(|span| span.id);
        let Some(span) = self.wrong.or(unfinished).or(never_begun) else {
            let bad = self.unpacked.and_then(|unpacked| unpacked.finish(self.ztoc).1);
            return bad.map_or(Ok(()), |bad| Err(wrong_checkpoint(&self.place, &bad)));
        };
        Err(Failure::new(
            Culprit::File,
            format!("{}, span {span}", self.place),
            "The layer's bytes are not those the zTOC was built from.",
        )
        .fix("The file changed while it was read. Convert it again when nothing writes to it."))
    }
}

/// The digests are right and so the bytes are, yet they do not give what they should: the fault is
/// in the zTOC.
fn wrong_checkpoint(place: &str, bad: &BadSpan) -> Failure {
    Failure::new(
        Culprit::Internal,
        format!("{place}, span {}", bad.span),
        format!("A span that is unpacked from its checkpoint is not what it should be: {}.", bad.found),
    )
    .fix("This is a bug in Sociscope. Nothing was handed out; report it.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn layer_and_ztoc() -> (Vec<u8>, Vec<u8>) {
        let file = sample::archive();
        let archive = crate::job::run(crate::OpenJob::new(file.len() as u64), |offset, len| {
            let range = offset as usize..(offset + len) as usize;
            Ok::<_, crate::Error>(file[range].to_vec())
        })
        .expect("the sample opens");
        let analysis = crate::Analysis::new(archive, sample::FILE_NAME, sample::OPTIONS);
        let task = analysis.tasks(crate::Scope::ForConversion).into_iter().max_by_key(|task| task.len);
        let task = task.expect("a layer to index");
        let layer = file[task.offset as usize..(task.offset + task.len) as usize].to_vec();
        let outcome = crate::job::run(crate::LayerJob::new(task), |offset, len| {
            let range = offset as usize..(offset + len) as usize;
            Ok::<_, crate::Error>(file[range].to_vec())
        });
        (layer, outcome.expect("a layer").ztoc.expect("a zTOC"))
    }

    fn check(layer: &[u8], ztoc: &[u8], piece: usize) -> Result<(), Failure> {
        let mut check = SpanCheck::new(&Digest::of(layer), ztoc, Depth::Full)?;
        layer.chunks(piece).for_each(|bytes| check.update(bytes));
        check.finish()
    }

    #[test]
    fn the_right_layer_passes_in_any_slicing_and_one_wrong_bit_names_its_span() {
        let (mut layer, ztoc) = layer_and_ztoc();
        let spans = Ztoc::parse(&ztoc).expect("readable").span_count();
        assert!(spans > 2, "{spans} spans");
        for piece in [1, 7, 4096, layer.len()] {
            check(&layer, &ztoc, piece).expect("the bytes it was built from");
        }
        check(&layer[..layer.len() - 1], &ztoc, 4096).expect_err("cut");
        let last = layer.len() - 1;
        layer[last] ^= 1;
        let failure = check(&layer, &ztoc, 4096).expect_err("a wrong bit");
        assert!(failure.place.ends_with(&format!("span {}", spans - 1)), "{}", failure.place);
    }

    #[test]
    fn a_wrong_window_is_found_though_every_digest_is_right() {
        let (layer, mut ztoc) = layer_and_ztoc();
        let StoredCheckpoints::Gzip(checkpoints) = Ztoc::parse(&ztoc).expect("readable").checkpoints() else {
            panic!("a gzip layer");
        };
        let window = checkpoints.iter().nth(1).expect("two spans").window.as_ptr();
        let at = window as usize - ztoc.as_ptr() as usize;
        ztoc[at + ztoc::WINDOW_SIZE - 1] ^= 1;
        let failure = check(&layer, &ztoc, 4096).expect_err("a wrong window");
        assert_eq!(failure.culprit, Culprit::Internal);
    }
}
