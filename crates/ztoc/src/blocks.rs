//! Every deflate block boundary of a layer, in a few bytes each.
//!
//! Checkpoints are a choice among block boundaries, made by the span size alone. Whoever keeps all
//! boundaries can therefore tell the spans of *any* span size without reading the layer again; only
//! the windows would be missing. A boundary is coded as the distance from the one before:
//!
//! ```text
//!   bit 7 6 5 4 3 2 1 0
//!      ┌───┬─┬─────┬───┐ ┌──────────────────┐ ┌────────────────────┐
//!      │ 0 │F│ BBB │ KK│ │ compressed bytes │ │ uncompressed bytes │
//!      └───┴─┴─────┴───┘ └── varint, +delta ┘ └──── varint, +delta ┘
//!   KK  0 a member's header, 1 stored, 2 fixed, 3 dynamic block ended here
//!   BBB bits of the last byte that belong to what follows
//!   F   the block was the member's last
//! ```
//!
//! A usual block of 20 KiB that holds 60 KiB takes 7 bytes: 150 KB for a layer of 450 MB.

use crate::checkpoint::first_byte;
use crate::offsets::{CompressedOffset, SpanSize, UncompressedOffset};
use sociscope_inflate::BlockKind;

/// What ended at a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoundaryKind {
    /// A gzip member's header: the first block of the member begins here.
    Header,
    /// A deflate block.
    Block {
        /// How it was coded.
        kind: BlockKind,
        /// Whether it was the member's last. No checkpoint is ever placed after a last block.
        is_final: bool,
    },
}

/// A place between two deflate blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockBoundary {
    /// The first whole byte after the boundary.
    pub compressed: CompressedOffset,
    /// How many high bits (0 ..= 7) of the byte before belong to what follows.
    pub unused_bits: u8,
    /// How many bytes the layer has produced up to here.
    pub uncompressed: UncompressedOffset,
    /// What ended here.
    pub kind: BoundaryKind,
}

impl BlockBoundary {
    /// Whether a checkpoint may stand here: decoding can go on into a block.
    #[must_use]
    pub fn is_candidate(&self) -> bool {
        !matches!(self.kind, BoundaryKind::Block { is_final: true, .. })
    }
}

/// The rule by which checkpoints are chosen, as `gzip_zinfo.c` of soci v0.15.0 has it.
///
/// At the very start, **every** boundary without output before it is taken, so empty leading blocks
/// and empty members give several checkpoints at offset 0. After that, a boundary is taken when
/// strictly more than the span size has come out since the last one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanRule {
    size: u64,
    last: u64,
}

impl SpanRule {
    pub(crate) fn new(size: SpanSize) -> Self {
        Self { size: size.get(), last: 0 }
    }

    /// Whether a span starts at this boundary. Boundaries must come in order, each once.
    pub(crate) fn starts_span(&mut self, boundary: &BlockBoundary) -> bool {
        let at = boundary.uncompressed.0;
        let starts = boundary.is_candidate() && (at == 0 || at.saturating_sub(self.last) > self.size);
        if starts {
            self.last = at;
        }
        starts
    }
}

/// Where a span starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanStart {
    /// The first byte of the span in the layer. Two spans share it when a block begins inside a byte.
    pub compressed: CompressedOffset,
    /// The first byte of the span in the tar stream.
    pub uncompressed: UncompressedOffset,
}

/// All block boundaries of a gzip layer, in order.
///
/// # Memory
/// 3 to 21 bytes per boundary, usually 7, in one buffer that grows by doubling. When it would pass
/// [`Limits::max_block_index_bytes`](crate::Limits::max_block_index_bytes), it is dropped instead.
#[derive(Clone, Debug)]
pub struct BlockIndex {
    coded: Vec<u8>,
    len: u64,
    last: (u64, u64),
    max_bytes: usize,
    complete: bool,
}

const KIND_MASK: u8 = 0b11;
const BITS_SHIFT: u32 = 2;
const BITS_MASK: u8 = 0b111;
const FINAL_FLAG: u8 = 1 << 5;

impl BlockIndex {
    pub(crate) fn new(max_bytes: u32) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        Self { coded: Vec::new(), len: 0, last: (0, 0), max_bytes, complete: true }
    }

    /// Number of boundaries seen, kept or not.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none, as in an uncompressed layer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.coded.capacity()
    }

    /// Whether every boundary was kept. `false` after the limit was hit.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The boundaries in order; none unless [complete](Self::is_complete).
    pub fn iter(&self) -> Boundaries<'_> {
        Boundaries { coded: &self.coded, compressed: 0, uncompressed: 0 }
    }

    /// Where the spans of another span size would start: what a build with that size would answer,
    /// exactly. `None` when the index was dropped.
    #[must_use]
    pub fn span_starts(&self, size: SpanSize) -> Option<Vec<SpanStart>> {
        let mut rule = SpanRule::new(size);
        self.complete.then(|| {
            self.iter()
                .filter(|boundary| rule.starts_span(boundary))
                .map(|boundary| SpanStart {
                    compressed: first_byte(boundary.compressed, boundary.unused_bits),
                    uncompressed: boundary.uncompressed,
                })
                .collect()
        })
    }

    pub(crate) fn push(&mut self, boundary: &BlockBoundary) {
        self.len += 1;
        if !self.complete {
            return;
        }
        if self.coded.len().saturating_add(1 + 10 + 10) > self.max_bytes {
            self.complete = false;
            self.coded = Vec::new();
            return;
        }
        let (kind, is_final) = match boundary.kind {
            BoundaryKind::Header => (0, false),
            BoundaryKind::Block { kind: BlockKind::Stored, is_final } => (1, is_final),
            BoundaryKind::Block { kind: BlockKind::Fixed, is_final } => (2, is_final),
            BoundaryKind::Block { kind: BlockKind::Dynamic, is_final } => (3, is_final),
        };
        let bits = (boundary.unused_bits & BITS_MASK) << BITS_SHIFT;
        self.coded.push(kind | bits | if is_final { FINAL_FLAG } else { 0 });
        let (compressed, uncompressed) = (boundary.compressed.0, boundary.uncompressed.0);
        push_varint(&mut self.coded, compressed.saturating_sub(self.last.0));
        push_varint(&mut self.coded, uncompressed.saturating_sub(self.last.1));
        self.last = (compressed, uncompressed);
    }
}

impl<'a> IntoIterator for &'a BlockIndex {
    type Item = BlockBoundary;
    type IntoIter = Boundaries<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Iterator over the boundaries of a [`BlockIndex`].
#[derive(Clone, Debug)]
pub struct Boundaries<'a> {
    coded: &'a [u8],
    compressed: u64,
    uncompressed: u64,
}

impl Iterator for Boundaries<'_> {
    type Item = BlockBoundary;

    fn next(&mut self) -> Option<BlockBoundary> {
        let (&tag, rest) = self.coded.split_first()?;
        let (compressed, rest) = take_varint(rest)?;
        let (uncompressed, rest) = take_varint(rest)?;
        self.coded = rest;
        self.compressed += compressed;
        self.uncompressed += uncompressed;
        let is_final = tag & FINAL_FLAG != 0;
        let kind = match tag & KIND_MASK {
            0 => BoundaryKind::Header,
            1 => BoundaryKind::Block { kind: BlockKind::Stored, is_final },
            2 => BoundaryKind::Block { kind: BlockKind::Fixed, is_final },
            _ => BoundaryKind::Block { kind: BlockKind::Dynamic, is_final },
        };
        Some(BlockBoundary {
            compressed: CompressedOffset(self.compressed),
            unused_bits: tag >> BITS_SHIFT & BITS_MASK,
            uncompressed: UncompressedOffset(self.uncompressed),
            kind,
        })
    }
}

/// Seven bits per byte, low ones first, the high bit says "more".
fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(coded: &[u8]) -> Option<(u64, &[u8])> {
    let end = coded.iter().position(|byte| byte & 0x80 == 0)?;
    let (varint, rest) = coded.split_at_checked(end + 1)?;
    let value = varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds() -> impl Strategy<Value = BoundaryKind> {
        const BLOCKS: &[BlockKind] = &[BlockKind::Stored, BlockKind::Fixed, BlockKind::Dynamic];
        prop_oneof![
            Just(BoundaryKind::Header),
            (prop::sample::select(BLOCKS), any::<bool>())
                .prop_map(|(kind, is_final)| BoundaryKind::Block { kind, is_final }),
        ]
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            steps in prop::collection::vec((0u64..1 << 40, 0u64..1 << 40, 0u8..8, kinds()), 0..200),
        ) {
            let mut index = BlockIndex::new(u32::MAX);
            let (mut compressed, mut uncompressed) = (0, 0);
            let boundaries: Vec<BlockBoundary> = steps
                .into_iter()
                .map(|(in_step, out_step, unused_bits, kind)| {
                    compressed += in_step;
                    uncompressed += out_step;
                    BlockBoundary {
                        compressed: CompressedOffset(compressed),
                        unused_bits,
                        uncompressed: UncompressedOffset(uncompressed),
                        kind,
                    }
                })
                .collect();
            boundaries.iter().for_each(|boundary| index.push(boundary));
            prop_assert_eq!(index.len(), boundaries.len() as u64);
            prop_assert_eq!(index.iter().collect::<Vec<_>>(), boundaries);
        }
    }

    #[test]
    fn a_full_index_is_dropped_and_says_so() {
        let mut index = BlockIndex::new(64);
        for byte in 0..100 {
            index.push(&BlockBoundary {
                compressed: CompressedOffset(byte),
                unused_bits: 0,
                uncompressed: UncompressedOffset(byte),
                kind: BoundaryKind::Header,
            });
        }
        assert!(!index.is_complete());
        assert_eq!((index.len(), index.memory(), index.iter().count()), (100, 0, 0));
        assert_eq!(index.span_starts(SpanSize::DEFAULT), None);
    }
}
