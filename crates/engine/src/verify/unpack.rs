//! Unpacking spans from their checkpoints, as the snapshotter does, with miniz_oxide.
//!
//! The builder unpacks a layer with a decoder of its own, from the first byte to the last. Here nothing
//! of that is used: each span starts from what the zTOC holds, a position, some bits and a window.
//!
//! ```text
//!   checkpoint i ──► window ─┐                                       ┌─ window of checkpoint i + 1
//!                    32 KiB  ▼                                       ▼  must be the same bytes
//!                   ┌─────────┬─────────────────────────────────────────┐
//!   ring of 64 KiB  │ before  │ what comes out of the span's bytes  …   │
//!                   └─────────┴─────────────────────────────────────────┘
//! ```
//!
//! When all spans are unpacked, what comes out is also held against the CRC-32 and the length in each
//! gzip member's trailer, over all spans of the member.

use std::ops::Range;

use miniz_oxide::inflate::{
    TINFLStatus,
    core::{BlockBoundaryState, DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT},
};

use super::{Depth, member::MemberHeader};
use crate::ztoc::{GzipCheckpoints, WINDOW_SIZE};

/// Room for the window and as much again.
const RING: usize = 2 * WINDOW_SIZE;

/// How many spans between the first and the last are sampled.
const SAMPLES: u64 = 16;

/// A span to be unpacked.
#[derive(Clone, Debug)]
struct Span {
    id: u32,
    /// Its bytes; a byte shared with the span before is not among them.
    stored: Range<u64>,
    bits: u8,
    /// What it must give: exactly, or, in the last span, at least.
    produces: u64,
    is_last: bool,
    /// Where the windows lie in the zTOC file: its own, and that of the next span.
    window: Range<usize>,
    next_window: Range<usize>,
}

/// What is wrong with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadSpan {
    pub(crate) span: u32,
    pub(crate) found: String,
}

/// Follows the bytes of a layer and unpacks the chosen spans.
#[derive(Debug)]
pub(crate) struct Spans {
    spans: std::vec::IntoIter<Span>,
    open: Option<(Span, Unpacker)>,
    next: Option<Span>,
    position: u64,
    last_byte: u8,
    members: Option<Members>,
    unpacked: u64,
    bad: Option<BadSpan>,
}

/// Totals of the gzip member being unpacked.
#[derive(Clone, Debug, Default)]
struct Members {
    crc: crc32fast::Hasher,
    len: u64,
}

impl Spans {
    /// Chooses the spans. `file` is the zTOC that `checkpoints` are of.
    pub(crate) fn new(
        file: &[u8],
        checkpoints: &GzipCheckpoints<'_>,
        layer_size: u64,
        tar_size: u64,
        depth: Depth,
    ) -> Self {
        let count = checkpoints.len() as u64;
        let is_chosen = |span: u64| match depth {
            Depth::Full => true,
            Depth::Sampled => {
                let step = |sample: u64| 1 + sample * count.saturating_sub(2) / SAMPLES;
                count <= SAMPLES + 2
                    || span == 0
                    || span + 1 == count
                    || (0..SAMPLES).any(|k| step(k) == span)
            }
        };
        let mut chosen: Vec<Span> = Vec::new();
        let mut bad = None;
        let mut iter = checkpoints.iter().peekable();
        let mut id: u32 = 0;
        while let Some(checkpoint) = iter.next() {
            let next = iter.peek();
            let end = next.map_or(layer_size, |next| next.compressed.0);
            let tar_end = next.map_or(tar_size, |next| next.uncompressed.0);
            let stored = checkpoint.compressed.0..end;
            let is_in_order = stored.start <= end
                && end <= layer_size
                && (next.is_none() || checkpoint.uncompressed.0 <= tar_end)
                && (checkpoint.unused_bits == 0 || stored.start > 0);
            if !is_in_order {
                let found = "its positions are not in order".to_owned();
                bad = Some(BadSpan { span: id, found });
                break;
            }
            if is_chosen(u64::from(id)) {
                chosen.push(Span {
                    id,
                    stored,
                    bits: checkpoint.unused_bits,
                    produces: tar_end.saturating_sub(checkpoint.uncompressed.0),
                    is_last: next.is_none(),
                    window: place_in(file, checkpoint.window),
                    next_window: next.map_or(0..0, |next| place_in(file, next.window)),
                });
            }
            id = id.saturating_add(1);
        }
        if bad.is_some() {
            chosen.clear();
        }
        let mut spans = chosen.into_iter();
        let next = spans.next();
        let members = (depth == Depth::Full).then(Members::default);
        Self { spans, open: None, next, position: 0, last_byte: 0, members, unpacked: 0, bad }
    }

    /// The next bytes of the layer.
    pub(crate) fn push(&mut self, file: &[u8], mut bytes: &[u8]) {
        while self.bad.is_none() {
            if let Some((span, unpacker)) = &mut self.open {
                let left = span.stored.end.saturating_sub(self.position);
                let (piece, rest) = split(bytes, left);
                let outcome = unpacker.push(piece, self.members.as_mut());
                if let Err(found) = outcome {
                    self.bad = Some(BadSpan { span: span.id, found });
                    return;
                }
                self.pass(piece);
                bytes = rest;
                if self.position < self.end_of_open() {
                    return;
                }
                self.close(file);
            } else if let Some(span) = self.next.take_if(|span| span.stored.start <= self.position) {
                let window = file.get(span.window.clone()).unwrap_or_default();
                self.open = Some((span.clone(), Unpacker::new(window, span.bits, self.last_byte)));
                self.next = self.spans.next();
            } else {
                let left = self.next.as_ref().map_or(u64::MAX, |next| next.stored.start - self.position);
                let (piece, rest) = split(bytes, left);
                self.pass(piece);
                bytes = rest;
                if bytes.is_empty() && self.next.as_ref().is_none_or(|next| next.stored.start > self.position)
                {
                    return;
                }
            }
        }
    }

    /// How many spans were unpacked, and the first that is not right.
    pub(crate) fn finish(mut self, file: &[u8]) -> (u64, Option<BadSpan>) {
        if self.bad.is_none() {
            self.close(file);
        }
        if self.bad.is_none()
            && let Some(span) = self.next
        {
            self.bad = Some(BadSpan { span: span.id, found: "it begins behind the layer's end".to_owned() });
        }
        (self.unpacked, self.bad)
    }

    fn end_of_open(&self) -> u64 {
        self.open.as_ref().map_or(0, |(span, _)| span.stored.end)
    }

    fn pass(&mut self, piece: &[u8]) {
        self.position += piece.len() as u64;
        self.last_byte = piece.last().copied().unwrap_or(self.last_byte);
    }

    fn close(&mut self, file: &[u8]) {
        let Some((span, unpacker)) = self.open.take() else { return };
        self.unpacked += 1;
        let produced = unpacker.produced;
        let is_right = if span.is_last { produced >= span.produces } else { produced == span.produces };
        let found = if !is_right {
            Some(format!("it gives {produced} bytes instead of {}", span.produces))
        } else if !span.is_last && !unpacker.ends_with(file.get(span.next_window).unwrap_or_default()) {
            Some("what it gives does not end with the next span's window".to_owned())
        } else {
            None
        };
        self.bad = found.map(|found| BadSpan { span: span.id, found });
    }
}

/// Where a slice lies in the file it was taken from. A zTOC borrows its file, and a job that owns the
/// file cannot hold the zTOC as well; numbers it can. The implied first window lies in no file.
fn place_in(file: &[u8], slice: &[u8]) -> Range<usize> {
    let start = (slice.as_ptr() as usize).wrapping_sub(file.as_ptr() as usize);
    match start.checked_add(slice.len()) {
        Some(end) if end <= file.len() => start..end,
        _ => 0..0,
    }
}

fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

/// Unpacks one span.
struct Unpacker {
    decoder: Box<DecompressorOxide>,
    ring: Box<[u8]>,
    at: usize,
    produced: u64,
    part: Part,
}

/// Where in a gzip member the next byte belongs.
enum Part {
    Blocks,
    Trailer { bytes: [u8; 8], len: usize },
    Header(MemberHeader),
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").field("produced", &self.produced).finish_non_exhaustive()
    }
}

impl Unpacker {
    /// At a checkpoint; a missing window is all zeros.
    fn new(window: &[u8], bits: u8, shared: u8) -> Self {
        let mut ring = vec![0; RING].into_boxed_slice();
        if let Some(start) = ring.get_mut(..window.len().min(WINDOW_SIZE)) {
            start.copy_from_slice(window.get(..start.len()).unwrap_or_default());
        }
        let bit_buf = if bits == 0 { 0 } else { shared >> (8 - bits.min(7)) };
        let state = BlockBoundaryState { num_bits: bits, bit_buf, ..BlockBoundaryState::default() };
        let decoder = Box::new(DecompressorOxide::from_block_boundary_state(&state));
        Self { decoder, ring, at: WINDOW_SIZE, produced: 0, part: Part::Blocks }
    }

    fn push(&mut self, mut bytes: &[u8], mut members: Option<&mut Members>) -> Result<(), String> {
        while !bytes.is_empty() {
            match &mut self.part {
                Part::Blocks => bytes = self.blocks(bytes, members.as_deref_mut())?,
                Part::Trailer { bytes: trailer, len } => {
                    let room = trailer.get_mut(*len..).unwrap_or_default();
                    let taken = room.len().min(bytes.len());
                    let (piece, rest) = bytes.split_at(taken);
                    room.iter_mut().zip(piece).for_each(|(slot, byte)| *slot = *byte);
                    *len += taken;
                    bytes = rest;
                    if *len == trailer.len() {
                        let trailer = *trailer;
                        if let Some(members) = &mut members {
                            members.end(trailer)?;
                        }
                        self.part = Part::Header(MemberHeader::default());
                    }
                }
                Part::Header(header) => {
                    let (taken, is_complete) = header.push(bytes)?;
                    bytes = bytes.get(taken..).unwrap_or_default();
                    if is_complete {
                        *self.decoder = DecompressorOxide::default();
                        self.part = Part::Blocks;
                    }
                }
            }
        }
        Ok(())
    }

    /// Decodes until the bytes or the member end; the bytes left over.
    fn blocks<'b>(
        &mut self,
        mut bytes: &'b [u8],
        mut members: Option<&mut Members>,
    ) -> Result<&'b [u8], String> {
        loop {
            let (status, read, written) =
                decompress(&mut self.decoder, bytes, &mut self.ring, self.at, TINFL_FLAG_HAS_MORE_INPUT);
            bytes = bytes.get(read..).unwrap_or_default();
            let end = self.at + written;
            if let Some(members) = &mut members {
                members.crc.update(self.ring.get(self.at..end).unwrap_or_default());
                members.len += written as u64;
            }
            self.produced += written as u64;
            self.at = end % RING;
            match status {
                TINFLStatus::Done => {
                    self.part = Part::Trailer { bytes: [0; 8], len: 0 };
                    return Ok(bytes);
                }
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput if bytes.is_empty() => return Ok(bytes),
                status => return Err(format!("it cannot be unpacked ({status:?})")),
            }
        }
    }

    /// Whether the last bytes that came out are those.
    fn ends_with(&self, window: &[u8]) -> bool {
        let start = (self.at + WINDOW_SIZE) % RING;
        if start < self.at {
            return self.ring.get(start..self.at) == Some(window);
        }
        // They go round the end of the ring.
        let (oldest, newest) = (self.ring.get(start..), self.ring.get(..self.at));
        window
            .split_at_checked(RING - start)
            .is_some_and(|(first, second)| oldest == Some(first) && newest == Some(second))
    }
}

impl Members {
    /// At a trailer: whether the member is what it says.
    fn end(&mut self, trailer: [u8; 8]) -> Result<(), String> {
        let [c0, c1, c2, c3, s0, s1, s2, s3] = trailer;
        let Self { crc, len } = std::mem::take(self);
        // The length is stored modulo 2³².
        let is_right = crc.finalize() == u32::from_le_bytes([c0, c1, c2, c3])
            && len as u32 == u32::from_le_bytes([s0, s1, s2, s3]);
        if is_right {
            Ok(())
        } else {
            Err("the spans up to here are not what the gzip trailer says".to_owned())
        }
    }
}
