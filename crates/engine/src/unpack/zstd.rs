//! Zstandard (RFC 8878): frames of blocks, and frames to be skipped.
//!
//! The blocks are decoded by `ruzstd`. What it leaves to its caller is here: several frames,
//! skippable frames, content size and checksum, and never asking it for a block that has not
//! arrived.

use std::io::Read as _;

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::{Fault, STEP};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A block's header: whether it is the last, its kind, its size.
const BLOCK_HEADER: usize = 3;
const CHECKSUM: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In front of a frame, or at the end.
    Between,
    /// In the blocks of a frame.
    Blocks,
    /// The last block was decoded; some of it has not been handed out.
    Draining,
    /// In a skippable frame, this many bytes before its end.
    Skipping(u64),
}

pub(super) struct Zstd {
    state: State,
    decoder: FrameDecoder,
    max_window: u64,
    /// What the current frame says its content's size is.
    stated: Option<u64>,
    has_checksum: bool,
    /// Content of the current frame handed out so far.
    content: u64,
    frames: u64,
}

impl Zstd {
    pub(super) fn new(max_window: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(max_window);
        Self {
            state: State::Between,
            decoder,
            max_window,
            stated: None,
            has_checksum: false,
            content: 0,
            frames: 0,
        }
    }

    pub(super) fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        match self.state {
            State::Between => self.begin(input),
            State::Skipping(left) => {
                let len = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - len as u64;
                self.state = if left == 0 { State::Between } else { State::Skipping(left) };
                Ok(len)
            }
            State::Blocks => {
                if self.decoder.can_collect() >= STEP {
                    self.hand_out(output)?;
                    return Ok(0);
                }
                let taken = self.block(input)?;
                self.hand_out(output)?;
                Ok(taken)
            }
            State::Draining => {
                self.hand_out(output)?;
                Ok(0)
            }
        }
    }

    pub(super) fn finish(&mut self, rest: &[u8]) -> Result<(), Fault> {
        match self.state {
            State::Between if rest.is_empty() && self.frames > 0 => Ok(()),
            _ => Err(Fault::Truncated),
        }
    }

    fn begin(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let Some(header) = FrameHeader::read(input) else {
            // Too few bytes, unless these already cannot begin a frame.
            return match input {
                [] => Ok(0),
                _ if MAGIC.starts_with(input.get(..4).unwrap_or(input)) || may_skip(input) => Ok(0),
                _ => Err(self.no_frame(input)),
            };
        };
        match header {
            FrameHeader::None => Err(self.no_frame(input)),
            FrameHeader::Skippable { len } => {
                self.frames += 1;
                self.state = if len == 0 { State::Between } else { State::Skipping(len) };
                Ok(8)
            }
            FrameHeader::Frame { len, content, has_checksum } => {
                let Some(mut header) = input.get(..len) else { return Ok(0) };
                self.decoder.reset(&mut header).map_err(|error| self.fault(error))?;
                self.frames += 1;
                self.stated = content;
                self.has_checksum = has_checksum;
                self.content = 0;
                self.state = State::Blocks;
                Ok(len)
            }
        }
    }

    fn no_frame(&self, input: &[u8]) -> Fault {
        if self.frames == 0 {
            return Fault::Corrupt("it does not begin with 28 b5 2f fd".to_owned());
        }
        Fault::Trailing { found: input.iter().take(8).copied().collect() }
    }

    /// Decodes one block, if all of it is there.
    fn block(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let Some(&[a, b, c]) = input.first_chunk::<BLOCK_HEADER>() else { return Ok(0) };
        let header = u32::from_le_bytes([a, b, c, 0]);
        let (is_last, kind) = (header & 1 != 0, (header >> 1) & 3);
        let size = (header >> 3) as usize;
        let stored = if kind == 1 { 1 } else { size };
        let checksum = if is_last && self.has_checksum { CHECKSUM } else { 0 };
        // A block of more than 128 KiB is refused below, by its header alone.
        let len = BLOCK_HEADER + stored.min(128 << 10) + checksum;
        let Some(mut block) = input.get(..len) else { return Ok(0) };
        self.decoder
            .decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|error| self.fault(error))?;
        if is_last {
            self.state = State::Draining;
        }
        Ok(len - block.len())
    }

    /// Appends content that no later block can refer to; at the end of a frame, checks it.
    fn hand_out(&mut self, output: &mut Vec<u8>) -> Result<(), Fault> {
        let start = output.len();
        let len = self.decoder.can_collect().min(STEP);
        output.resize(start + len, 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let read = self.decoder.read(room).map_err(|error| Fault::Corrupt(error.to_string()))?;
        output.truncate(start + read);
        self.content += read as u64;
        if self.state == State::Draining && self.decoder.can_collect() == 0 {
            self.state = State::Between;
            self.check()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        if let Some(stored) = self.stated.filter(|stated| *stated != self.content) {
            return Err(Fault::Length { stored, computed: self.content });
        }
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stored), Some(computed)) if self.has_checksum && stored != computed => {
                Err(Fault::Checksum { stored, computed })
            }
            _ => Ok(()),
        }
    }

    fn fault(&self, error: FrameDecoderError) -> Fault {
        match error {
            FrameDecoderError::WindowSizeTooBig { requested, .. } => {
                Fault::Window { needed: requested, allowed: self.max_window }
            }
            FrameDecoderError::DictNotProvided { dict_id } => Fault::Dictionary(dict_id),
            FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)) => {
                Fault::Corrupt("it does not begin with 28 b5 2f fd".to_owned())
            }
            error => Fault::Corrupt(plain(&error.to_string())),
        }
    }
}

/// An error text of the decoder without its capitals and its end.
fn plain(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

/// What stands at the beginning of a frame.
enum FrameHeader {
    /// Nothing of the format.
    None,
    Skippable {
        /// Bytes behind its header of 8 bytes.
        len: u64,
    },
    Frame {
        /// Length of the header itself.
        len: usize,
        content: Option<u64>,
        has_checksum: bool,
    },
}

/// Whether these bytes, fewer than 8, may begin a skippable frame.
fn may_skip(input: &[u8]) -> bool {
    match input {
        [0x50..=0x5f] => true,
        [0x50..=0x5f, rest @ ..] => [0x2a, 0x4d, 0x18].starts_with(rest.get(..3).unwrap_or(rest)),
        _ => false,
    }
}

impl FrameHeader {
    /// Reads magic number and descriptor; `None` when they are not all there.
    fn read(input: &[u8]) -> Option<Self> {
        let (magic, rest) = input.split_first_chunk::<4>()?;
        if matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18]) {
            let len = u32::from_le_bytes(*rest.first_chunk::<4>()?);
            return Some(Self::Skippable { len: u64::from(len) });
        }
        if *magic != MAGIC {
            return Some(Self::None);
        }
        let descriptor = *rest.first()?;
        let single_segment = descriptor & 0x20 != 0;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content = match descriptor >> 6 {
            0 => usize::from(single_segment),
            1 => 2,
            2 => 4,
            _ => 8,
        };
        let at = 5 + usize::from(!single_segment) + dictionary;
        let mut bytes = [0; 8];
        bytes.get_mut(..content)?.copy_from_slice(input.get(at..at + content)?);
        // Two bytes say 256 more than they hold; one could say the rest.
        let size = u64::from_le_bytes(bytes).saturating_add(if content == 2 { 256 } else { 0 });
        Some(Self::Frame {
            len: at + content,
            content: (content > 0).then_some(size),
            has_checksum: descriptor & 4 != 0,
        })
    }
}

/// The content size that the first frame states.
pub(super) fn content_size(first: &[u8]) -> Option<u64> {
    let mut at = 0;
    loop {
        match FrameHeader::read(first.get(at..)?)? {
            FrameHeader::Frame { content, .. } => return content,
            FrameHeader::Skippable { len } => {
                at = at.checked_add(8)?.checked_add(usize::try_from(len).ok()?)?
            }
            FrameHeader::None => return None,
        }
    }
}
