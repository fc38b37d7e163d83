//! The decoder as a whole: where in the stream it stands, and what holds it up.

use crate::bits::{BitReader, HeldBits};
use crate::codes::Codes;
use crate::error::InflateError;
use crate::header::{DynamicHeader, read_block, read_stored_length};
use crate::output::Output;
use crate::symbols::{Pause, decode_symbols};
use crate::{Block, BlockKind, Status, Step};

/// A decoder for one raw deflate stream at a time (RFC 1951).
#[derive(Debug)]
pub struct Inflate {
    state: State,
    /// The block being decoded, or the last one.
    block: Block,
    held: HeldBits,
    header: Box<DynamicHeader>,
    codes: Box<Codes>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// In front of a block's first three bits.
    BlockHeader,
    /// In a stored block, in front of LEN.
    StoredLength,
    /// In a stored block, this many bytes before its end.
    Stored(u16),
    DynamicHeader,
    /// In the symbols of a fixed or dynamic block.
    Symbols,
    /// After the final block.
    Finished,
    Failed(InflateError),
}

impl Default for Inflate {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflate {
    /// A decoder in front of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::BlockHeader,
            block: Block { kind: BlockKind::Stored, is_final: false },
            held: HeldBits::default(),
            header: Box::new(DynamicHeader::new()),
            codes: Box::new(Codes::new()),
        }
    }

    /// A decoder that goes on after a block boundary: the boundary's byte, `last_byte`, still has
    /// `unused_bits` (0..=7) high bits, and the input to come starts with the byte after it.
    ///
    /// Bytes that matches may refer to are given by [`Output::with_history`].
    #[must_use]
    pub fn resume(unused_bits: u8, last_byte: u8) -> Self {
        Self { held: HeldBits::of_byte(last_byte, unused_bits), ..Self::new() }
    }

    /// Back in front of a stream, forgetting held bits and errors. Keeps the allocations.
    pub fn reset(&mut self) {
        self.state = State::BlockHeader;
        self.held = HeldBits::default();
        self.header.restart();
    }

    /// Decodes from the start of `input` until a block ends, `output` is full or `input` is used up.
    ///
    /// How a stream is cut into inputs and how often the output is drained changes nothing about blocks,
    /// bytes and errors.
    ///
    /// After the final block, nothing is taken and its status is repeated until [`reset`](Self::reset).
    ///
    /// # Errors
    ///
    /// Everything zlib refuses, when the first offending bits are seen. What precedes them is in the
    /// output. The same error is returned until [`reset`](Self::reset).
    pub fn decode(&mut self, input: &[u8], output: &mut Output) -> Result<Step, InflateError> {
        let mut bits = BitReader::new(self.held, input);
        match self.run(&mut bits, output) {
            Ok(pause) => {
                let status = match pause {
                    Pause::NeedInput => Status::NeedInput,
                    Pause::OutputFull => Status::OutputFull,
                    Pause::EndOfBlock => Status::EndOfBlock(self.block),
                };
                if status != Status::NeedInput {
                    bits.give_back();
                }
                let (held, consumed) = bits.finish();
                self.held = held;
                Ok(Step { consumed, status })
            }
            Err(error) => {
                self.state = State::Failed(error);
                Err(error)
            }
        }
    }

    /// After [`Status::EndOfBlock`]: how many high bits (0..=7) of the last consumed byte belong to
    /// what follows the block.
    #[must_use]
    pub fn unused_bits(&self) -> u8 {
        (self.held.count() & 7) as u8
    }

    fn run(&mut self, bits: &mut BitReader<'_>, output: &mut Output) -> Result<Pause, InflateError> {
        loop {
            match self.state {
                State::BlockHeader => {
                    let Some(block) = read_block(bits)? else { return Ok(Pause::NeedInput) };
                    self.block = block;
                    self.state = match block.kind {
                        BlockKind::Stored => State::StoredLength,
                        BlockKind::Fixed => {
                            self.codes.load_fixed();
                            State::Symbols
                        }
                        BlockKind::Dynamic => State::DynamicHeader,
                    };
                }
                State::StoredLength => {
                    let Some(len) = read_stored_length(bits)? else { return Ok(Pause::NeedInput) };
                    self.state = State::Stored(len);
                }
                State::Stored(0) => return Ok(self.end_block()),
                State::Stored(left) => {
                    if !output.make_room() {
                        return Ok(Pause::OutputFull);
                    }
                    bits.give_back();
                    let room = output.room();
                    let n = room.len().min(usize::from(left));
                    let copied = bits.copy_bytes(&mut room[..n]);
                    output.advance(copied);
                    // At most `left`, which is a u16.
                    self.state = State::Stored(left - copied as u16);
                    if copied == 0 {
                        return Ok(Pause::NeedInput);
                    }
                }
                State::DynamicHeader => {
                    if self.header.read(bits, &mut self.codes)?.is_none() {
                        return Ok(Pause::NeedInput);
                    }
                    self.state = State::Symbols;
                }
                State::Symbols => {
                    output.make_room();
                    let pause = decode_symbols(&self.codes, bits, output)?;
                    return Ok(if pause == Pause::EndOfBlock { self.end_block() } else { pause });
                }
                State::Finished => return Ok(Pause::EndOfBlock),
                State::Failed(error) => return Err(error),
            }
        }
    }

    fn end_block(&mut self) -> Pause {
        self.state = if self.block.is_final { State::Finished } else { State::BlockHeader };
        Pause::EndOfBlock
    }
}
