//! Raw deflate, decoded block by block.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod alphabet;
mod bits;
mod decode;
mod error;
mod header;
mod output;
mod table;

pub use error::{CodeFault, InflateError};
pub use output::{Output, WINDOW_SIZE};

use bits::{BitReader, HeldBits};
use decode::{Pause, decode_symbols};
use header::{Codes, DynamicHeader, read_block, read_stored_length};

/// How a block is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Bytes as they are, up to 65535 of them (BTYPE 0).
    Stored,
    /// Symbols in the codes of RFC 1951 §3.2.6 (BTYPE 1).
    Fixed,
    /// Symbols in codes that the block's header describes (BTYPE 2).
    Dynamic,
}

/// A block, as its first three bits describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// How the block is coded.
    pub kind: BlockKind,
    /// BFINAL: the deflate stream ends with this block.
    pub is_final: bool,
}

/// Why [`Inflate::decode`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of the input was taken. Call again with what follows it, if anything does; the stream is
    /// truncated otherwise.
    NeedInput,
    /// The output is full. Drain it, then call again with the rest of the input.
    OutputFull,
    /// This block just ended. Unless it was the final one, call again with the rest of the input.
    EndOfBlock(Block),
}

/// What one call of [`Inflate::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of `input` taken, from its start.
    pub consumed: usize,
    /// Why decoding stopped.
    pub status: Status,
}

/// A decoder for one raw deflate stream at a time (RFC 1951).
#[derive(Debug)]
pub struct Inflate {
    state: State,
    /// The block being decoded, or the last one.
    block: Block,
    held: HeldBits,
    header: Box<DynamicHeader>,
    codes: Codes,
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
            codes: Codes::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// zlib, level 9, strategy Z_FIXED.
    #[test]
    fn fixed_block_decodes() {
        let stream = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00];
        let mut output = Output::new();
        let step = Inflate::new().decode(&stream, &mut output).unwrap();
        let block = Block { kind: BlockKind::Fixed, is_final: true };
        assert_eq!(step, Step { consumed: stream.len(), status: Status::EndOfBlock(block) });
        assert_eq!(output.pending(), b"hello hello hello\n");
    }
}
