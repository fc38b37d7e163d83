//! Checkpoints: places in a gzip stream where a decoder can start without what came before.
//!
//! A deflate block may refer to the 32 KiB of output before it and need not begin on a byte, so a
//! checkpoint is a position on both rulers, a bit count and a window. The zTOC stores them packed,
//! little-endian, in one blob:
//!
//! ```text
//!  0        4             12                                   12 + 32785
//!  ┌────────┬─────────────┬──────────┬──────────┬──────┬────────────────┬──
//!  │ count  │  span size  │ in   i64 │ out  i64 │ bits │ window 32 KiB  │ next checkpoint…
//!  │  i32   │     i64     │ compressed uncompr.  │  u8  │                │
//!  └────────┴─────────────┴──────────┴──────────┴──────┴────────────────┴──
//! ```
//!
//! `in` is the first *whole* byte after the boundary; `bits` (0–7) of the byte before it belong to
//! the next block, in its high bits. `window` is the output before `out`, across gzip members, with
//! zeros on the left where there is not so much output yet.

use crate::offsets::{CompressedOffset, SpanSize, UncompressedOffset};
pub use sociscope_inflate::WINDOW_SIZE;

/// One checkpoint in the blob: two offsets, the bits, the window.
pub const PACKED_SIZE: usize = 8 + 8 + 1 + WINDOW_SIZE;

/// The same without the window.
pub(crate) const ABRIDGED_SIZE: usize = PACKED_SIZE - WINDOW_SIZE;

/// Count and span size at the start of the blob.
pub const BLOB_HEADER_SIZE: usize = 4 + 8;

/// A place where decoding can start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    /// The first whole byte after the boundary.
    pub compressed: CompressedOffset,
    /// How many high bits (0 ..= 7) of the byte before belong to the data that follows.
    pub unused_bits: u8,
    /// How many bytes the layer has produced up to here.
    pub uncompressed: UncompressedOffset,
    /// The [`WINDOW_SIZE`] bytes of output before this place, zeros where there are none. Empty when
    /// they were [taken](crate::Builder::take_checkpoints), and in an
    /// [abridged](crate::Ztoc::parse_abridged) zTOC.
    pub window: &'a [u8],
}

impl<'a> Checkpoint<'a> {
    /// The first byte a reader needs: the shared byte if a part of it belongs to this span.
    #[must_use]
    pub fn first_byte(&self) -> CompressedOffset {
        first_byte(self.compressed, self.unused_bits)
    }

    /// Reads one packed checkpoint; `None` unless there are exactly [`PACKED_SIZE`] bytes (or only
    /// those before the window), the offsets are not negative, and the bits are fewer than eight.
    pub(crate) fn unpack(packed: &'a [u8]) -> Option<Self> {
        let (compressed, rest) = packed.split_first_chunk::<8>()?;
        let (uncompressed, rest) = rest.split_first_chunk::<8>()?;
        let (&unused_bits, window) = rest.split_first()?;
        if !matches!(window.len(), 0 | WINDOW_SIZE) || unused_bits > 7 {
            return None;
        }
        Some(Self {
            compressed: CompressedOffset(i64::from_le_bytes(*compressed).try_into().ok()?),
            unused_bits,
            uncompressed: UncompressedOffset(i64::from_le_bytes(*uncompressed).try_into().ok()?),
            window,
        })
    }
}

impl std::fmt::Debug for Checkpoint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint")
            .field("compressed", &self.compressed.0)
            .field("unused_bits", &self.unused_bits)
            .field("uncompressed", &self.uncompressed.0)
            .finish_non_exhaustive()
    }
}

pub(crate) fn first_byte(compressed: CompressedOffset, unused_bits: u8) -> CompressedOffset {
    CompressedOffset(compressed.0.saturating_sub(u64::from(unused_bits != 0)))
}

/// The checkpoints of a layer while it is read.
///
/// Each window is copied once, into an allocation of its own, and never moves: growing the list
/// costs a few words, not another copy of every window so far. Whoever can keep them elsewhere takes
/// them away as they come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checkpoints {
    list: Vec<Stored>,
    /// So many were taken: their windows are empty.
    taken: usize,
}

#[derive(Clone, Debug)]
struct Stored {
    compressed: CompressedOffset,
    unused_bits: u8,
    uncompressed: UncompressedOffset,
    /// What stands before the window in the blob.
    packed: [u8; ABRIDGED_SIZE],
    window: Box<[u8]>,
}

impl Checkpoints {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn push(&mut self, checkpoint: &Checkpoint<'_>) {
        let Checkpoint { compressed, unused_bits, uncompressed, window } = *checkpoint;
        debug_assert_eq!(window.len(), WINDOW_SIZE);
        let mut packed = [unused_bits; ABRIDGED_SIZE];
        let (offsets, _bits) = packed.split_at_mut(16);
        let (compressed_field, uncompressed_field) = offsets.split_at_mut(8);
        compressed_field.copy_from_slice(&compressed.0.to_le_bytes());
        uncompressed_field.copy_from_slice(&uncompressed.0.to_le_bytes());
        self.list.push(Stored { compressed, unused_bits, uncompressed, packed, window: window.into() });
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Checkpoint<'_>> + ExactSizeIterator {
        self.list.iter().map(|stored| Checkpoint {
            compressed: stored.compressed,
            unused_bits: stored.unused_bits,
            uncompressed: stored.uncompressed,
            window: &stored.window,
        })
    }

    /// The start of the blob.
    pub(crate) fn blob_header(&self, span_size: SpanSize) -> [u8; BLOB_HEADER_SIZE] {
        let count = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut header = [0; BLOB_HEADER_SIZE];
        let (count_field, size_field) = header.split_at_mut(4);
        count_field.copy_from_slice(&count.to_le_bytes());
        size_field.copy_from_slice(&span_size.to_i64().to_le_bytes());
        header
    }

    /// The rest of the blob, in pieces, without what was taken.
    pub(crate) fn blob_pieces(&self) -> impl Iterator<Item = &[u8]> {
        let kept = self.list.iter().skip(self.taken);
        kept.flat_map(|stored| [&stored.packed[..], &stored.window[..]])
    }

    /// The rest of the blob without any window.
    pub(crate) fn abridged(&self) -> impl Iterator<Item = &[u8]> {
        self.list.iter().map(|stored| &stored.packed[..])
    }

    /// Gives away those that were not taken yet, as they lie in the blob. What remains of them is
    /// where they are.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let mut blob = Vec::with_capacity((self.list.len() - self.taken) * PACKED_SIZE);
        for stored in self.list.iter_mut().skip(self.taken) {
            blob.extend_from_slice(&stored.packed);
            blob.extend_from_slice(&std::mem::take(&mut stored.window));
        }
        self.taken = self.list.len();
        blob
    }

    /// The length of the whole blob.
    pub(crate) fn blob_len(&self) -> u64 {
        (self.len() as u64) * (PACKED_SIZE as u64) + BLOB_HEADER_SIZE as u64
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.list.capacity() * size_of::<Stored>() + (self.list.len() - self.taken) * WINDOW_SIZE
    }
}
