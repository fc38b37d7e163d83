//! Members in turn: header, deflate blocks, trailer, and again.

use super::checksum::Checksum;
use super::header::HeaderReader;
use crate::blocks::{BlockBoundary, BoundaryKind};
use crate::error::{Error, Fault, Place, Within};
use crate::limits::Limits;
use crate::offsets::{CompressedOffset, UncompressedOffset};
use sociscope_inflate::{Inflate, Output, Status};

/// Who wants to know what is in the stream. Calls come in stream order: bytes are reported before
/// the boundary behind them.
pub(crate) trait Observer {
    /// The next bytes of the layer as stored.
    fn stored(&mut self, bytes: &[u8]);

    /// A block boundary; `output` knows the window before it.
    fn boundary(&mut self, boundary: &BlockBoundary, output: &Output) -> Result<(), Error>;

    /// The next bytes of the tar stream. Delivered late and in large pieces: when the output buffer
    /// is full, at the end of each member, and before any error.
    fn inflated(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// Whether the reference's second reading of the layer would still be going on. It stops at the
    /// end of the tar archive and so never sees the headers of later members.
    fn reads_on(&self) -> bool;
}

/// A gzip file, pushed in.
#[derive(Debug)]
pub(crate) struct GzipStream {
    state: State,
    inflate: Inflate,
    output: Output,
    crc: Checksum,
    /// Bytes of the layer taken so far.
    position: u64,
    /// Where the current header, block or trailer begins.
    part_start: u64,
    /// Length of the tar stream before the current member.
    member_start: u64,
    limits: Limits,
}

#[derive(Debug)]
enum State {
    Header(HeaderReader),
    Blocks,
    Trailer(TrailerReader),
}

impl GzipStream {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: State::Header(HeaderReader::new(false)),
            inflate: Inflate::new(),
            output: Output::new(),
            crc: Checksum::default(),
            position: 0,
            part_start: 0,
            member_start: 0,
            limits: limits.clone(),
        }
    }

    /// How long the tar stream is so far.
    pub(crate) fn produced(&self) -> u64 {
        self.output.total()
    }

    /// The next bytes of the file, in slices of any size.
    pub(crate) fn push(&mut self, mut input: &[u8], to: &mut impl Observer) -> Result<(), Error> {
        loop {
            let (taken, progress) = match &mut self.state {
                State::Header(_) => self.header(input, to)?,
                State::Blocks => self.blocks(input, to)?,
                State::Trailer(_) => self.trailer(input, to)?,
            };
            input = input.get(taken..).unwrap_or_default();
            if progress == Progress::Starved {
                return Ok(());
            }
        }
    }

    /// The file ends here.
    pub(crate) fn finish(&mut self, to: &mut impl Observer) -> Result<(), Error> {
        self.drain(to)?;
        let within = match &self.state {
            State::Header(reader) if reader.is_untouched() && self.position > 0 => return Ok(()),
            State::Header(_) if self.position == 0 => Within::NothingAtAll,
            State::Header(_) => Within::GzipHeader,
            State::Blocks => Within::DeflateBlock,
            State::Trailer(_) => Within::GzipTrailer,
        };
        Err(Error::at_compressed(Fault::Truncated(within), CompressedOffset(self.position)))
    }

    fn header(&mut self, input: &[u8], to: &mut impl Observer) -> Result<(usize, Progress), Error> {
        let State::Header(reader) = &mut self.state else { return Ok((0, Progress::Moved)) };
        let unlimited;
        let limits = if to.reads_on() {
            &self.limits
        } else {
            unlimited = Limits { max_gzip_text: u32::MAX, ..self.limits.clone() };
            &unlimited
        };
        let (taken, complete) = match reader.read(input, limits) {
            Ok(read) => read,
            Err(fault) => {
                self.drain(to)?;
                return Err(Error::at_compressed(fault, CompressedOffset(self.part_start)));
            }
        };
        self.take(input, taken, to);
        if !complete {
            return Ok((taken, Progress::Starved));
        }
        self.inflate.reset();
        self.output.begin_member();
        self.member_start = self.output.total();
        self.crc = Checksum::default();
        self.boundary(BoundaryKind::Header, 0, to)?;
        self.state = State::Blocks;
        Ok((taken, Progress::Moved))
    }

    fn blocks(&mut self, input: &[u8], to: &mut impl Observer) -> Result<(usize, Progress), Error> {
        let step = match self.inflate.decode(input, &mut self.output) {
            Ok(step) => step,
            Err(error) => {
                self.drain(to)?;
                let place = Place {
                    compressed: Some(CompressedOffset(self.part_start)),
                    uncompressed: Some(UncompressedOffset(self.output.total())),
                    entry: None,
                };
                return Err(Error::new(error, place));
            }
        };
        self.take(input, step.consumed, to);
        let progress = match step.status {
            Status::NeedInput => Progress::Starved,
            Status::OutputFull => {
                self.drain(to)?;
                Progress::Moved
            }
            Status::EndOfBlock(block) => {
                let kind = BoundaryKind::Block { kind: block.kind, is_final: block.is_final };
                self.boundary(kind, self.inflate.unused_bits(), to)?;
                if block.is_final {
                    self.drain(to)?;
                    self.state = State::Trailer(TrailerReader::default());
                }
                Progress::Moved
            }
        };
        Ok((step.consumed, progress))
    }

    fn trailer(&mut self, input: &[u8], to: &mut impl Observer) -> Result<(usize, Progress), Error> {
        let State::Trailer(reader) = &mut self.state else { return Ok((0, Progress::Moved)) };
        let (taken, trailer) = reader.read(input);
        self.take(input, taken, to);
        let Some(trailer) = trailer else { return Ok((taken, Progress::Starved)) };
        let computed = std::mem::take(&mut self.crc).finalize();
        // ISIZE is the length modulo 2^32.
        let length = (self.output.total() - self.member_start) as u32;
        let fault = if computed != trailer.crc {
            Some(Fault::GzipCrc { stored: trailer.crc, computed })
        } else if length != trailer.length {
            Some(Fault::GzipLength { stored: trailer.length, computed: length })
        } else {
            None
        };
        if let Some(fault) = fault {
            return Err(Error::at_compressed(fault, CompressedOffset(self.part_start)));
        }
        self.part_start = self.position;
        self.state = State::Header(HeaderReader::new(true));
        Ok((taken, Progress::Moved))
    }

    fn take(&mut self, input: &[u8], taken: usize, to: &mut impl Observer) {
        to.stored(input.get(..taken).unwrap_or(input));
        self.position += taken as u64;
    }

    fn boundary(&mut self, kind: BoundaryKind, unused_bits: u8, to: &mut impl Observer) -> Result<(), Error> {
        self.part_start = self.position;
        let boundary = BlockBoundary {
            compressed: CompressedOffset(self.position),
            unused_bits,
            uncompressed: UncompressedOffset(self.output.total()),
            kind,
        };
        let outcome = to.boundary(&boundary, &self.output);
        if outcome.is_err() {
            // What went wrong earlier in the stream is reported first.
            self.drain(to)?;
        }
        outcome
    }

    fn drain(&mut self, to: &mut impl Observer) -> Result<(), Error> {
        let bytes = self.output.drain();
        if bytes.is_empty() {
            return Ok(());
        }
        self.crc.update(bytes);
        to.inflated(bytes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Call again, even if no input is left.
    Moved,
    /// All input was taken and more is needed.
    Starved,
}

/// CRC-32 and length of a member's data, eight bytes that may come in pieces.
#[derive(Debug, Default)]
struct TrailerReader {
    bits: u64,
    have: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trailer {
    crc: u32,
    length: u32,
}

impl TrailerReader {
    const SIZE: u32 = 8;

    fn read(&mut self, input: &[u8]) -> (usize, Option<Trailer>) {
        let mut taken = 0;
        for &byte in input.iter().take((Self::SIZE - self.have) as usize) {
            self.bits |= u64::from(byte) << (8 * self.have);
            self.have += 1;
            taken += 1;
        }
        let trailer = Trailer { crc: self.bits as u32, length: (self.bits >> 32) as u32 };
        (taken, (self.have == Self::SIZE).then_some(trailer))
    }
}
