//! Building a zTOC: the layer's bytes go in once, in any slices.

use crate::blocks::{BlockBoundary, BlockIndex, SpanRule};
use crate::build::Build;
use crate::checkpoint::{Checkpoint, Checkpoints, PACKED_SIZE};
use crate::error::{Error, Fault};
use crate::gzip::stream::{GzipStream, Observer};
use crate::limits::Limits;
use crate::offsets::{CompressedOffset, SpanId, SpanSize, UncompressedOffset};
use crate::spans::{ClosedSpan, DigestMode, Spans};
use crate::tar::parser::TarParser;
use sociscope_inflate::Output;

/// How a layer is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Compression {
    /// gzip, with any number of members.
    #[default]
    Gzip,
    /// A plain tar.
    Uncompressed,
}

/// What to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// How the layer is stored. Not guessed: the reference goes by media type.
    pub compression: Compression,
    /// Least distance of checkpoints.
    pub span_size: SpanSize,
    /// Who hashes the spans.
    pub digests: DigestMode,
    /// What the layer may ask of us.
    pub limits: Limits,
}

/// Reads a layer and remembers what its zTOC needs.
///
/// # Memory
/// Whatever the layer's size, at most
///
/// ```text
///   0.4 MiB                                   inflate output, tables, one tar block
/// + 32 KiB + 100 bytes  × checkpoints         the windows, unless they are taken
/// + 2 × (96 bytes × entries  + their text)    the arena, which grows by doubling
/// + 2 × 7 bytes         × deflate blocks      the block index
/// + 33 bytes            × spans               the digests
/// + 2 MiB                                     while a PAX header or sparse map is open
/// ```
///
/// and never more than [`Limits::max_ztoc_bytes`] allows. [`memory`](Self::memory) tells what is held
/// now. Encoding adds the zTOC's table of contents once more, [`Build::to_bytes`] the whole file.
#[derive(Debug)]
pub struct Builder {
    layer: Layer,
    index: Indexer,
    options: BuildOptions,
    failed: Option<Error>,
}

#[derive(Debug)]
enum Layer {
    Gzip(Box<GzipStream>),
    Uncompressed,
}

/// Listens to the layer and keeps what matters.
#[derive(Debug)]
struct Indexer {
    tar: TarParser,
    spans: Spans,
    checkpoints: Checkpoints,
    blocks: BlockIndex,
    rule: SpanRule,
    /// Least bytes that a span takes in the zTOC.
    span_bytes: u64,
    max_ztoc_bytes: u64,
}

/// A span's digest in a zTOC: the string, its NUL and length, and an offset.
const DIGEST_BYTES: u64 = 80;

impl Builder {
    /// Ready for the first byte.
    ///
    /// # Errors
    /// [`Fault::SpanSizeZero`] for an uncompressed layer (the reference divides by it).
    pub fn new(options: BuildOptions) -> Result<Self, Error> {
        let (layer, span_bytes) = match options.compression {
            Compression::Gzip => {
                let stream = GzipStream::new(&options.limits);
                (Layer::Gzip(Box::new(stream)), DIGEST_BYTES + PACKED_SIZE as u64)
            }
            Compression::Uncompressed if options.span_size.get() == 0 => {
                return Err(Fault::SpanSizeZero.into());
            }
            Compression::Uncompressed => (Layer::Uncompressed, DIGEST_BYTES),
        };
        let index = Indexer {
            tar: TarParser::new(&options.limits),
            spans: Spans::new(options.digests),
            checkpoints: Checkpoints::default(),
            blocks: BlockIndex::new(options.limits.max_block_index_bytes),
            rule: SpanRule::new(options.span_size),
            span_bytes,
            max_ztoc_bytes: u64::from(options.limits.max_ztoc_bytes),
        };
        Ok(Self { layer, index, options, failed: None })
    }

    /// The next bytes of the layer. How they are sliced makes no difference to any result or error.
    ///
    /// # Errors
    /// When the layer is broken, holds what a zTOC cannot describe, or passes a limit. The builder is
    /// then spent and repeats the error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let outcome = match &mut self.layer {
            Layer::Gzip(stream) => stream.push(bytes, &mut self.index),
            Layer::Uncompressed => self.index.push_plain(bytes, self.options.span_size),
        };
        if let Err(error) = &outcome {
            self.failed = Some(error.clone());
        }
        outcome
    }

    /// How many bytes of the layer were taken.
    #[must_use]
    pub fn consumed(&self) -> CompressedOffset {
        self.index.spans.position()
    }

    /// How many bytes of tar came out of them.
    #[must_use]
    pub fn produced(&self) -> UncompressedOffset {
        match &self.layer {
            Layer::Gzip(stream) => UncompressedOffset(stream.produced()),
            Layer::Uncompressed => UncompressedOffset(self.consumed().0),
        }
    }

    /// Tar entries found so far. Lags behind [`produced`](Self::produced) by up to 256 KiB.
    #[must_use]
    pub fn entry_count(&self) -> usize {
        self.index.tar.toc().len()
    }

    /// Spans begun so far.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.index.spans.len()
    }

    /// Where the span that is being filled begins: whoever hashes elsewhere must keep the layer's
    /// bytes from here on. `None` before the first span.
    #[must_use]
    pub fn open_span_start(&self) -> Option<CompressedOffset> {
        self.index.spans.open_start()
    }

    /// The spans completed since the last call. Always empty with [`DigestMode::Here`].
    pub fn take_closed_spans(&mut self) -> Vec<ClosedSpan> {
        self.index.spans.take_closed()
    }

    /// Sets the digest of a closed span. `false` when no such span is closed yet.
    pub fn set_digest(&mut self, span: SpanId, digest: [u8; 32]) -> bool {
        self.index.spans.set_digest(span, digest)
    }

    /// The checkpoints since the last call, packed as they lie in the file one behind the other
    /// ([`PACKED_SIZE`] bytes each). Their windows are not kept here any longer: for a layer of many
    /// gigabytes they are most of what is, and of the zTOC.
    ///
    /// Whoever has taken any takes all ([`Build::take_checkpoints`] gives the last) and puts the file
    /// together from [`EncodedZtoc::into_parts`](crate::EncodedZtoc::into_parts).
    pub fn take_checkpoints(&mut self) -> Vec<u8> {
        self.index.checkpoints.take()
    }

    /// Bytes held for the result so far: checkpoints, arena and block index.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.index.checkpoints.memory() + self.index.tar.toc().memory() + self.index.blocks.memory()
    }

    /// The layer ends here.
    ///
    /// # Errors
    /// As [`push`](Self::push), and [`Fault::Truncated`].
    pub fn finish(mut self) -> Result<Build, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Layer::Gzip(stream) = &mut self.layer {
            stream.finish(&mut self.index)?;
        }
        let compressed_size = self.consumed().0;
        let inflated_size = self.produced().0;
        let Indexer { tar, spans, checkpoints, blocks, .. } = self.index;
        let (toc, uncompressed_size) = tar.finish()?;
        Ok(Build {
            toc,
            checkpoints,
            blocks,
            digests: spans.into_digests(),
            compression: self.options.compression,
            span_size: self.options.span_size,
            compressed_size,
            uncompressed_size,
            inflated_size,
            limits: self.options.limits,
        })
    }
}

impl Indexer {
    /// An uncompressed layer: spans begin at the multiples of the span size, if a byte follows.
    fn push_plain(&mut self, mut bytes: &[u8], span_size: SpanSize) -> Result<(), Error> {
        let size = span_size.get().max(1);
        while !bytes.is_empty() {
            let into_span = self.spans.position().0 % size;
            if into_span == 0 {
                self.start_span(false)?;
            }
            let room = usize::try_from(size - into_span).unwrap_or(usize::MAX);
            let (piece, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.spans.feed(piece);
            self.tar.push(piece)?;
            bytes = rest;
        }
        Ok(())
    }

    fn start_span(&mut self, shares_byte: bool) -> Result<(), Error> {
        let spans = self.spans.len() as u64 + 1;
        if spans * self.span_bytes > self.max_ztoc_bytes {
            let (setting, what) = ("max_ztoc_bytes", "the zTOC's spans");
            let fault = Fault::Limit { setting, limit: self.max_ztoc_bytes, what };
            return Err(Error::at_compressed(fault, self.spans.position()));
        }
        self.spans.start_span(shares_byte);
        Ok(())
    }
}

impl Observer for Indexer {
    fn stored(&mut self, bytes: &[u8]) {
        self.spans.feed(bytes);
    }

    fn boundary(&mut self, boundary: &BlockBoundary, output: &Output) -> Result<(), Error> {
        self.blocks.push(boundary);
        if self.rule.starts_span(boundary) {
            self.start_span(boundary.unused_bits != 0)?;
            self.checkpoints.push(&Checkpoint {
                compressed: boundary.compressed,
                unused_bits: boundary.unused_bits,
                uncompressed: boundary.uncompressed,
                window: output.window(),
            });
        }
        Ok(())
    }

    fn inflated(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.tar.push(bytes)
    }

    fn reads_on(&self) -> bool {
        !self.tar.is_done()
    }
}
