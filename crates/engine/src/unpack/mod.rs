//! Unpacking what a whole image archive is wrapped in: gzip, zstd, xz.
//!
//! ```text
//!  reader ──► input, 256 KiB ──► Decoder (gzip · zstd · xz) ──► output, pieces of 256 KiB ──► caller
//!                                  │ every checksum the format has is checked
//!                                  └ bounded: max_output, max_window
//! ```
//!
//! [`Unpacker`] pulls from a [`std::io::Read`], which a file is natively and a `FileReaderSync` over
//! a `File` is in a worker. It is run once, into a temporary file; everything after reads that.
//!
//! # What is accepted
//!
//! | format | parts | checked | after the last part |
//! |---|---|---|---|
//! | gzip, RFC 1952 | several members | header CRC, CRC-32 and length of each | zeros are skipped, as gzip(1) does; anything else is an error |
//! | zstd, RFC 8878 | several frames, skippable ones too | content checksum and content size where stated | anything else is an error |
//! | xz 1.2 | several streams and blocks, stream padding | CRC-32, CRC-64 or SHA-256 of each block, index | zeros in fours are skipped; anything else is an error |
//!
//! Other bytes behind the end are an error and not ignored: they are what a damaged header of a
//! further part looks like, and then part of the image would be missing without a word. Not
//! supported, and said so: zstd dictionaries.
//!
//! # Memory
//!
//! 512 KiB for input and output, and the history that matches may refer to: 32 KiB for gzip,
//! `max_window` at most for zstd (twice that while it grows) and xz. An xz file also costs 16 bytes
//! for each of its blocks, which a normal encoder makes one, or one per 24 MiB.

mod gzip;
mod xz;
mod zstd;

use std::io::{self, Read};

use crate::{Culprit, Failure, human};

/// A compression format around a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OuterFormat {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// xz (the .xz file format 1.2).
    Xz,
}

impl OuterFormat {
    /// The format of a file that begins with these bytes; six are enough.
    #[must_use]
    pub fn of(first: &[u8]) -> Option<Self> {
        match crate::image::Packing::of(first)? {
            crate::image::Packing::Gzip => Some(Self::Gzip),
            crate::image::Packing::Zstd => Some(Self::Zstd),
            crate::image::Packing::Xz => Some(Self::Xz),
            _ => None,
        }
    }

    /// The name people use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
        }
    }

    /// The command that unpacks such a `FILE` into `image.tar`.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Gzip => "gzip -dc FILE > image.tar",
            Self::Zstd => "zstd -dc --long=31 FILE > image.tar",
            Self::Xz => "xz -dc FILE > image.tar",
        }
    }

    /// How many bytes the file unpacks to, as far as that is written down: `first` and `last` are
    /// its first and last bytes, of which 64 KiB are enough.
    ///
    /// A hint for progress and free space, not a promise: gzip says it modulo 4 GiB and for its last
    /// member only, zstd for its first frame and only if the encoder knew.
    #[must_use]
    pub fn stated_size(self, first: &[u8], last: &[u8]) -> Option<u64> {
        match self {
            Self::Gzip => last.last_chunk::<4>().map(|size| u64::from(u32::from_le_bytes(*size))),
            Self::Zstd => zstd::content_size(first),
            Self::Xz => xz::size_in_index(last),
        }
    }
}

/// What unpacking may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Most bytes to produce.
    pub max_output: u64,
    /// Most bytes of history (zstd's window, xz's dictionary) to keep in memory.
    pub max_window: u64,
}

impl Default for UnpackLimits {
    /// 1 TiB of output, and the 128 MiB of history that `zstd` itself allows unless told otherwise
    /// (`xz -9` needs 64 MiB).
    fn default() -> Self {
        Self { max_output: 1 << 40, max_window: 128 << 20 }
    }
}

/// Bytes of output made at a time, about.
pub(crate) const STEP: usize = 256 << 10;
/// Bytes of input with which every decoder can take a step: a zstd block is the largest part that
/// is wanted whole.
pub(crate) const ENOUGH: usize = 256 << 10;

/// What is wrong with a compressed stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the data end early")]
    Truncated,
    #[error("{0}")]
    Corrupt(String),
    #[error("the checksum is not that of the data")]
    Checksum { stored: u32, computed: u32 },
    #[error("the data are not as long as they say")]
    Length { stored: u64, computed: u64 },
    #[error("behind the end of the data come other bytes")]
    Trailing { found: Vec<u8> },
    #[error("more than {0} bytes come out")]
    Output(u64),
    #[error("it needs {needed} bytes of history")]
    Window { needed: u64, allowed: u64 },
    #[error("it was compressed with a dictionary (id {0}), which is not in the file")]
    Dictionary(u32),
}

/// A decoder that is given bytes. Knows nothing of files.
pub(crate) struct Decoder {
    inner: Inner,
    consumed: u64,
    produced: u64,
    max_output: u64,
}

enum Inner {
    Gzip(Box<gzip::Gzip>),
    Zstd(Box<zstd::Zstd>),
    Xz(Box<xz::Xz>),
}

impl Decoder {
    pub(crate) fn new(format: OuterFormat, limits: UnpackLimits) -> Self {
        let inner = match format {
            OuterFormat::Gzip => Inner::Gzip(Box::default()),
            OuterFormat::Zstd => Inner::Zstd(Box::new(zstd::Zstd::new(limits.max_window))),
            OuterFormat::Xz => Inner::Xz(Box::new(xz::Xz::new(limits.max_window))),
        };
        Self { inner, consumed: 0, produced: 0, max_output: limits.max_output }
    }

    /// Takes bytes from the start of `input` and appends what they decode to, about [`STEP`] bytes
    /// at most. Returns how many were taken. When none were taken and nothing was appended, it needs
    /// more input than this; [`ENOUGH`] is enough always.
    pub(crate) fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        let before = output.len();
        let taken = match &mut self.inner {
            Inner::Gzip(gzip) => gzip.decode(input, output),
            Inner::Zstd(zstd) => zstd.decode(input, output),
            Inner::Xz(xz) => xz.decode(input, output),
        }?;
        self.consumed += taken as u64;
        self.produced += (output.len() - before) as u64;
        if self.produced > self.max_output {
            return Err(Fault::Output(self.max_output));
        }
        Ok(taken)
    }

    /// There are no more bytes than `rest`, with which [`decode`](Self::decode) could do nothing.
    pub(crate) fn finish(&mut self, rest: &[u8]) -> Result<(), Fault> {
        let outcome = match &mut self.inner {
            Inner::Gzip(gzip) => gzip.finish(rest),
            Inner::Zstd(zstd) => zstd.finish(rest),
            Inner::Xz(xz) => xz.finish(rest),
        };
        if outcome == Err(Fault::Truncated) {
            // What is missing is missing behind these.
            self.consumed += rest.len() as u64;
        }
        outcome
    }

    /// Bytes of input taken.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Bytes of output made.
    pub(crate) fn produced(&self) -> u64 {
        self.produced
    }

    /// Where in the input the part begins in which a fault was met.
    pub(crate) fn part_start(&self) -> u64 {
        match &self.inner {
            Inner::Gzip(gzip) => gzip.part_start(),
            Inner::Zstd(_) | Inner::Xz(_) => self.consumed,
        }
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("consumed", &self.consumed)
            .field("produced", &self.produced)
            .finish_non_exhaustive()
    }
}

/// Unpacks one compressed file from its first byte to its last.
#[derive(Debug)]
pub struct Unpacker<R> {
    format: OuterFormat,
    limits: UnpackLimits,
    reader: R,
    decoder: Decoder,
    stated: Option<u64>,
    input: Vec<u8>,
    /// Bytes of `input` that were taken.
    taken: usize,
    /// The reader has no more.
    ended: bool,
    output: Vec<u8>,
    /// Bytes of `output` that were handed out.
    given: usize,
    finished: bool,
}

impl<R: Read> Unpacker<R> {
    /// An unpacker in front of `reader`, which has not been read from.
    #[must_use]
    pub fn new(format: OuterFormat, reader: R, limits: UnpackLimits) -> Self {
        Self {
            format,
            limits,
            reader,
            decoder: Decoder::new(format, limits),
            stated: None,
            input: Vec::new(),
            taken: 0,
            ended: false,
            output: Vec::new(),
            given: 0,
            finished: false,
        }
    }

    /// The next unpacked bytes: how many of `buffer` were filled. 0 means that everything was
    /// unpacked and every checksum was right (or that `buffer` is empty).
    ///
    /// # Errors
    /// A [`Failure`] that names the format, the place in the compressed file and the way out; what
    /// was unpacked before it is not to be trusted.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        while self.given == self.output.len() {
            if buffer.is_empty() || self.finished {
                return Ok(0);
            }
            self.output.clear();
            self.given = 0;
            self.step()?;
        }
        let waiting = self.output.get(self.given..).unwrap_or_default();
        let len = waiting.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), waiting.get(..len)) {
            to.copy_from_slice(from);
        }
        self.given += len;
        Ok(len)
    }

    /// Bytes of the compressed file that were read and decoded.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.decoder.consumed()
    }

    /// Bytes that came out.
    #[must_use]
    pub fn produced(&self) -> u64 {
        self.decoder.produced()
    }

    /// How many bytes will come out, where the format says it at its beginning (zstd, if its
    /// encoder knew); known after the first [`read`](Self::read). See also
    /// [`OuterFormat::stated_size`].
    #[must_use]
    pub fn stated_size(&self) -> Option<u64> {
        self.stated
    }

    fn step(&mut self) -> Result<(), Failure> {
        if self.input.len() - self.taken < ENOUGH && !self.ended {
            self.fill()?;
        }
        let input = self.input.get(self.taken..).unwrap_or_default();
        match self.decoder.decode(input, &mut self.output) {
            Ok(0) if self.output.is_empty() => {
                let outcome = self.decoder.finish(input);
                outcome.map_err(|fault| self.failure(&fault))?;
                self.finished = true;
            }
            Ok(taken) => self.taken += taken,
            Err(fault) => {
                self.finished = true;
                self.output.clear();
                return Err(self.failure(&fault));
            }
        }
        Ok(())
    }

    /// Reads on until there is [`ENOUGH`], or the end.
    fn fill(&mut self) -> Result<(), Failure> {
        self.input.drain(..self.taken);
        self.taken = 0;
        let is_first = self.decoder.consumed() == 0;
        let mut len = self.input.len();
        self.input.resize(ENOUGH, 0);
        while let Some(room) = self.input.get_mut(len..).filter(|room| !room.is_empty()) {
            match self.reader.read(room) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.finished = true;
                    let place = format!("byte {}", human::count(self.decoder.consumed() + len as u64));
                    return Err(Failure::new(
                        Culprit::File,
                        place,
                        format!("The file cannot be read: {error}."),
                    )
                    .fix("Check that the file is still there and can be read, then try again."));
                }
            }
        }
        self.input.truncate(len);
        if is_first && self.format == OuterFormat::Zstd {
            self.stated = zstd::content_size(&self.input);
        }
        Ok(())
    }

    fn failure(&self, fault: &Fault) -> Failure {
        failure(self.format, fault, &self.decoder, "outer compression", self.limits)
    }
}

/// A fault in the shape it is shown in. `what` is what the compressed stream is of the file.
pub(crate) fn failure(
    format: OuterFormat,
    fault: &Fault,
    decoder: &Decoder,
    what: &str,
    limits: UnpackLimits,
) -> Failure {
    let name = format.name();
    let at = match fault {
        Fault::Truncated | Fault::Output(_) => decoder.consumed(),
        _ => decoder.part_start(),
    };
    let place = format!("{what} ({name}), byte {}", human::count(at));
    let again = "Copy or download the file again: it is not as it was written.";
    let culprit = match fault {
        Fault::Output(_) | Fault::Window { .. } => Culprit::Limit,
        Fault::Dictionary(_) => Culprit::Unsupported,
        _ => Culprit::File,
    };
    let failure = |message: String| Failure::new(culprit, place.clone(), message);
    match fault {
        Fault::Truncated => failure(format!("The {name} data end early: part of the file is missing.")).fix(
            "The download or copy stopped before the end: free some disk space and copy the file again.",
        ),
        Fault::Corrupt(reason) => failure(format!("The {name} data are damaged: {reason}.")).fix(again),
        Fault::Checksum { stored, computed } => {
            failure(format!("The {name} data are damaged: their checksum is not the one they end with."))
                .expected_found(format!("{stored:08x}"), format!("{computed:08x}"))
                .fix(again)
        }
        Fault::Length { stored, computed } => {
            failure(format!("The {name} data are damaged: they do not unpack to the length they state."))
                .expected_found(
                    format!("{} bytes", human::count(*stored)),
                    format!("{} bytes", human::count(*computed)),
                )
                .fix(again)
        }
        Fault::Trailing { found } => {
            let found: Vec<String> = found.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            failure(format!("Behind the {name} data come bytes that are no {name}: something was appended, or part is damaged."))
                .expected_found("the end of the file", found.join(" "))
                .fix(format!("Copy the file again. If it is known to be complete: `{}`", format.command()))
        }
        Fault::Output(limit) => failure(format!(
            "The file unpacks to more than the limit max_output = {}, from {} bytes read so far.",
            human::count(*limit),
            human::count(decoder.consumed())
        ))
        .fix(format!(
            "The limit protects the disk from hostile files: if this one is sound, unpack it yourself with `{}`",
            format.command()
        )),
        Fault::Window { needed, .. } => {
            let what = if format == OuterFormat::Xz { "dictionary" } else { "window" };
            failure(format!(
                "Unpacking needs a {what} of {}, more than the limit max_window = {} allows.",
                human::setting(*needed),
                human::setting(limits.max_window)
            ))
            .fix(format!("Unpack it yourself with `{}`", format.command()))
        }
        Fault::Dictionary(id) => {
            failure(format!("The {name} data need the dictionary {id}, which is not in the file."))
                .fix("Unpack it with the dictionary first: `zstd -d -D DICTIONARY FILE -o image.tar`")
        }
    }
}
