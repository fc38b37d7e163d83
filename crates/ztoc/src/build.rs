//! A layer that was read to its end.

use crate::blocks::{BlockIndex, SpanStart};
use crate::builder::{BuildOptions, Builder, Compression};
use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::error::Error;
use crate::flatbuffer::write::{Contents, EncodedZtoc};
use crate::limits::Limits;
use crate::offsets::{CompressedOffset, SpanId, SpanSize, UncompressedOffset};
use crate::spans::{ClosedSpan, Span, fixed_starts};
use crate::tar::entries::Toc;

/// All that a pass over a layer found, and the zTOC that follows from it.
#[derive(Clone, Debug)]
pub struct Build {
    pub(crate) toc: Toc,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) blocks: BlockIndex,
    pub(crate) digests: Vec<Option<[u8; 32]>>,
    pub(crate) compression: Compression,
    pub(crate) span_size: SpanSize,
    pub(crate) compressed_size: u64,
    pub(crate) uncompressed_size: u64,
    pub(crate) inflated_size: u64,
    pub(crate) limits: Limits,
}

impl Build {
    /// Builds from a layer that is in memory already.
    ///
    /// # Errors
    /// As [`Builder::new`], [`Builder::push`] and [`Builder::finish`].
    pub fn from_slice(layer: &[u8], options: BuildOptions) -> Result<Self, Error> {
        let mut builder = Builder::new(options)?;
        builder.push(layer)?;
        builder.finish()
    }

    /// The tar entries.
    #[must_use]
    pub fn entries(&self) -> &Toc {
        &self.toc
    }

    /// The checkpoints in order. An uncompressed layer has none: every byte is one.
    pub fn checkpoints(&self) -> impl DoubleEndedIterator<Item = Checkpoint<'_>> + ExactSizeIterator {
        self.checkpoints.iter()
    }

    /// The last checkpoints of a build whose others were taken: see
    /// [`Builder::take_checkpoints`].
    pub fn take_checkpoints(&mut self) -> Vec<u8> {
        self.checkpoints.take()
    }

    /// Every deflate block boundary. Empty for an uncompressed layer.
    #[must_use]
    pub fn blocks(&self) -> &BlockIndex {
        &self.blocks
    }

    /// How the layer is stored.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The span size it was built with.
    #[must_use]
    pub fn span_size(&self) -> SpanSize {
        self.span_size
    }

    /// Length of the layer as stored.
    #[must_use]
    pub fn compressed_size(&self) -> u64 {
        self.compressed_size
    }

    /// Length of the tar archive up to where Go stops reading: behind the second block of zeros.
    /// This is the "uncompressed archive size" in the zTOC; padding after it does not count.
    #[must_use]
    pub fn uncompressed_size(&self) -> u64 {
        self.uncompressed_size
    }

    /// Length of all that comes out of the layer.
    #[must_use]
    pub fn inflated_size(&self) -> u64 {
        self.inflated_size
    }

    /// Number of spans.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.digests.len()
    }

    /// The spans in order.
    pub fn spans(&self) -> impl Iterator<Item = Span> {
        let starts =
            match self.compression {
                Compression::Gzip => Starts::Gzip(self.checkpoints.iter().map(|checkpoint| {
                    (checkpoint.first_byte(), checkpoint.compressed, checkpoint.uncompressed)
                })),
                Compression::Uncompressed => {
                    Starts::Plain(fixed_starts(self.compressed_size, self.span_size).map(|start| {
                        (CompressedOffset(start), CompressedOffset(start), UncompressedOffset(start))
                    }))
                }
            };
        let mut starts = starts.peekable();
        let layer_end = CompressedOffset(self.compressed_size);
        let tar_end = UncompressedOffset(self.inflated_size);
        (0u32..).map_while(move |id| {
            let (first_byte, _, uncompressed) = starts.next()?;
            // The byte that two spans share belongs to the first one as well.
            let (end, uncompressed_end) = starts
                .peek()
                .map_or((layer_end, tar_end), |&(_, whole_byte, uncompressed)| (whole_byte, uncompressed));
            Some(Span {
                id: SpanId(id),
                compressed: first_byte..end,
                uncompressed: uncompressed..uncompressed_end,
            })
        })
    }

    /// Where the spans of another span size would start, exactly, without reading the layer again.
    /// `None` when the [block index](Self::blocks) was dropped, and for an uncompressed layer with
    /// span size 0.
    #[must_use]
    pub fn span_starts(&self, size: SpanSize) -> Option<Vec<SpanStart>> {
        match self.compression {
            Compression::Gzip => self.blocks.span_starts(size),
            Compression::Uncompressed if size.get() == 0 => None,
            Compression::Uncompressed => Some(
                fixed_starts(self.compressed_size, size)
                    .map(|start| SpanStart {
                        compressed: CompressedOffset(start),
                        uncompressed: UncompressedOffset(start),
                    })
                    .collect(),
            ),
        }
    }

    /// The SHA-256 of a span; `None` while it is missing, or if there is no such span.
    #[must_use]
    pub fn digest(&self, span: SpanId) -> Option<[u8; 32]> {
        *self.digests.get(usize::try_from(span.0).ok()?)?
    }

    /// Sets the SHA-256 of a span that was hashed elsewhere. `false` if there is no such span.
    pub fn set_digest(&mut self, span: SpanId, digest: [u8; 32]) -> bool {
        let slot = usize::try_from(span.0).ok().and_then(|index| self.digests.get_mut(index));
        slot.map(|slot| *slot = Some(digest)).is_some()
    }

    /// The spans whose digests are still to be set, among them always the last one when
    /// [hashing elsewhere](crate::DigestMode::Elsewhere).
    #[must_use]
    pub fn missing_digests(&self) -> Vec<ClosedSpan> {
        self.spans()
            .zip(&self.digests)
            .filter(|(_, digest)| digest.is_none())
            .map(|(span, _)| ClosedSpan {
                id: span.id,
                start: span.compressed.start,
                end: span.compressed.end,
            })
            .collect()
    }

    /// Whether the layer can be mounted without asking for extended attributes, which saves a round
    /// trip per file: no entry has a `SCHILY.xattr.*` record, and no entry's name ends in
    /// `.wh..wh..opq`. This is what `soci … --optimizations xattr` looks at.
    #[must_use]
    pub fn disables_xattrs(&self) -> bool {
        !self.toc.keeps_xattrs()
    }

    /// The zTOC file, without a second copy of the checkpoints. Byte-identical to soci v0.15.0 run
    /// with `TZ=UTC`.
    ///
    /// # Errors
    /// [`Fault::MissingDigest`](crate::Fault::MissingDigest), and
    /// [`Fault::Limit`](crate::Fault::Limit) when it would be larger than
    /// [`Limits::max_ztoc_bytes`].
    pub fn encode(&self) -> Result<EncodedZtoc<'_>, Error> {
        Contents {
            toc: &self.toc,
            compression: self.compression,
            span_size: self.span_size,
            compressed_size: self.compressed_size,
            uncompressed_size: self.uncompressed_size,
            checkpoints: &self.checkpoints,
            digests: &self.digests,
            max_bytes: self.limits.max_ztoc_bytes,
        }
        .encode()
    }

    /// The zTOC file in one piece; see [`encode`](Self::encode).
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(self.encode()?.to_vec())
    }
}

/// One of two iterators.
enum Starts<G, P> {
    Gzip(G),
    Plain(P),
}

impl<T, G: Iterator<Item = T>, P: Iterator<Item = T>> Iterator for Starts<G, P> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Gzip(starts) => starts.next(),
            Self::Plain(starts) => starts.next(),
        }
    }
}
