//! Spans: the pieces of a layer between checkpoints, each with a digest of its own.
//!
//! ```text
//!            checkpoint 0        checkpoint 1                        checkpoint 2
//!            in₀, bits 0         in₁, bits 3                         in₂, bits 0
//!   ┌────────┬───────────────────┬───────────────────────────────────┬──────────────┬─────────┐
//!   │ header │     blocks        ║          blocks                   │   blocks     │ trailer │
//!   └────────┴───────────────────╨───────────────────────────────────┴──────────────┴─────────┘
//!            ╰───── span 0 ──────╯                                   ╰──────── span 2 ─────────╯
//!                               ╰───────────── span 1 ───────────────╯
//! ```
//!
//! When a checkpoint lies inside a byte, that byte belongs to both spans (║). The first gzip header
//! is in no span; the headers and trailers of later members are.

use crate::offsets::{CompressedOffset, SpanId, SpanSize, UncompressedOffset};
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// Who hashes the spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DigestMode {
    /// This crate, while the bytes pass.
    #[default]
    Here,
    /// The caller: [`take_closed_spans`](crate::Builder::take_closed_spans) names the byte ranges,
    /// [`set_digest`](crate::Build::set_digest) takes the SHA-256 of each. In browsers,
    /// `crypto.subtle` is three times as fast as SHA-256 in wasm.
    Elsewhere,
}

/// A span that is complete and waits for its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClosedSpan {
    /// Which one.
    pub id: SpanId,
    /// Its first byte in the layer.
    pub start: CompressedOffset,
    /// The byte after its last one. The next span starts here or one byte before.
    pub end: CompressedOffset,
}

/// A span of a finished build.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Which one.
    pub id: SpanId,
    /// Its bytes in the layer.
    pub compressed: Range<CompressedOffset>,
    /// Its bytes in the tar stream.
    pub uncompressed: Range<UncompressedOffset>,
}

/// Follows the layer's bytes and digests the spans in them.
#[derive(Clone, Debug)]
pub(crate) struct Spans {
    mode: DigestMode,
    /// Bytes seen.
    position: u64,
    /// The last byte seen: the one that two spans may share.
    last_byte: u8,
    open: Option<Open>,
    digests: Vec<Option<[u8; 32]>>,
    closed: Vec<ClosedSpan>,
}

#[derive(Clone, Debug)]
struct Open {
    start: CompressedOffset,
    hasher: Sha256,
}

impl Spans {
    pub(crate) fn new(mode: DigestMode) -> Self {
        let (digests, closed) = (Vec::new(), Vec::new());
        Self { mode, position: 0, last_byte: 0, open: None, digests, closed }
    }

    /// The next bytes of the layer.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        self.last_byte = last;
        self.position += bytes.len() as u64;
        if self.mode == DigestMode::Here
            && let Some(open) = &mut self.open
        {
            open.hasher.update(bytes);
        }
    }

    /// A span starts behind the bytes seen so far; with `shares_byte`, its first byte is the last of
    /// them. Ends the one before.
    pub(crate) fn start_span(&mut self, shares_byte: bool) {
        self.close();
        let mut hasher = Sha256::new();
        let mut start = CompressedOffset(self.position);
        if shares_byte {
            hasher.update([self.last_byte]);
            start = CompressedOffset(self.position.saturating_sub(1));
        }
        self.open = Some(Open { start, hasher });
    }

    /// Ends the last span.
    pub(crate) fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        match self.mode {
            DigestMode::Here => self.digests.push(Some(open.hasher.finalize().into())),
            DigestMode::Elsewhere => {
                let id = SpanId(u32::try_from(self.digests.len()).unwrap_or(u32::MAX));
                self.digests.push(None);
                let end = CompressedOffset(self.position);
                self.closed.push(ClosedSpan { id, start: open.start, end });
            }
        }
    }

    /// Number of spans, the open one included.
    pub(crate) fn len(&self) -> usize {
        self.digests.len() + usize::from(self.open.is_some())
    }

    pub(crate) fn open_start(&self) -> Option<CompressedOffset> {
        self.open.as_ref().map(|open| open.start)
    }

    pub(crate) fn position(&self) -> CompressedOffset {
        CompressedOffset(self.position)
    }

    pub(crate) fn take_closed(&mut self) -> Vec<ClosedSpan> {
        std::mem::take(&mut self.closed)
    }

    pub(crate) fn set_digest(&mut self, id: SpanId, digest: [u8; 32]) -> bool {
        let slot = usize::try_from(id.0).ok().and_then(|index| self.digests.get_mut(index));
        slot.map(|slot| *slot = Some(digest)).is_some()
    }

    pub(crate) fn into_digests(mut self) -> Vec<Option<[u8; 32]>> {
        self.close();
        self.digests
    }
}

/// Spans of an uncompressed layer: the file cut at every multiple of the span size.
pub(crate) fn fixed_starts(file_size: u64, size: SpanSize) -> impl Iterator<Item = u64> {
    let step = size.get().max(1);
    (0..file_size.div_ceil(step)).map(move |index| index * step)
}
