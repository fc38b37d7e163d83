//! Block headers (RFC 1951 §3.2.3, §3.2.4, §3.2.7), read so that they may break off at any bit.
//!
//! ```text
//!   BFINAL BTYPE ─┬─ 00 ─ to the byte boundary ─ LEN NLEN ─────────────► bytes
//!                 ├─ 01 ───────────────────────────────────────────────► symbols
//!                 ├─ 10 ─ HLIT HDIST HCLEN ─ code lengths' code ─ code lengths ─► symbols
//!                 └─ 11 ─ refused
//! ```

use crate::alphabet::{CODE_LENGTH_ORDER, END_OF_BLOCK, MAX_DISTANCES, MAX_LITERAL_LENGTHS};
use crate::bits::BitReader;
use crate::codes::Codes;
use crate::error::{CodeFault, InflateError};
use crate::table::{BadCode, CODE_LENGTH_MEANINGS, CodeLengthTable, Incomplete};
use crate::{Block, BlockKind};

/// The first three bits of a block. `None`: the input ended before them, nothing was taken.
pub(crate) fn read_block(bits: &mut BitReader<'_>) -> Result<Option<Block>, InflateError> {
    let Some(header) = bits.take(3) else { return Ok(None) };
    let kind = match header >> 1 {
        0 => BlockKind::Stored,
        1 => BlockKind::Fixed,
        2 => BlockKind::Dynamic,
        _ => return Err(InflateError::BlockType),
    };
    if kind == BlockKind::Stored {
        bits.align_to_byte();
    }
    Ok(Some(Block { kind, is_final: header & 1 != 0 }))
}

/// LEN of a stored block, checked against NLEN. `None`: the input ended before it.
pub(crate) fn read_stored_length(bits: &mut BitReader<'_>) -> Result<Option<u16>, InflateError> {
    let Some(lengths) = bits.take(32) else { return Ok(None) };
    let (len, complement) = (lengths as u16, (lengths >> 16) as u16);
    if len != !complement {
        return Err(InflateError::StoredLength { len, complement });
    }
    Ok(Some(len))
}

/// A dynamic block's header while it is being read.
///
/// Every field of the header is at most 14 bits long and is taken whole, so what an input leaves over
/// fits the bit buffer, and the header needs no buffer of its own.
#[derive(Debug)]
pub(crate) struct DynamicHeader {
    part: Part,
    literal_lengths: usize,
    distances: usize,
    code_lengths: usize,
    /// Lengths of the code-length code, by symbol.
    code_length_lengths: [u8; 19],
    code_length_table: CodeLengthTable,
    /// Code lengths of literals/lengths, directly followed by those of distances: repeats run across.
    lengths: [u8; MAX_LITERAL_LENGTHS + MAX_DISTANCES],
}

#[derive(Clone, Copy, Debug)]
enum Part {
    Counts,
    /// This many lengths of the code-length code are known.
    CodeLengthCode(usize),
    /// This many code lengths are known.
    CodeLengths(usize),
}

impl DynamicHeader {
    pub(crate) fn new() -> Self {
        Self {
            part: Part::Counts,
            literal_lengths: 0,
            distances: 0,
            code_lengths: 0,
            code_length_lengths: [0; _],
            code_length_table: CodeLengthTable::new(),
            lengths: [0; _],
        }
    }

    /// Forgets a header that was read or broken off.
    pub(crate) fn restart(&mut self) {
        self.part = Part::Counts;
    }

    /// Reads on. `Some` when the header is complete and its codes are loaded; `None` when the input ended first.
    pub(crate) fn read(
        &mut self,
        bits: &mut BitReader<'_>,
        codes: &mut Codes,
    ) -> Result<Option<()>, InflateError> {
        self.read_parts(bits, codes).map_err(InflateError::CodeLengths)
    }

    fn read_parts(&mut self, bits: &mut BitReader<'_>, codes: &mut Codes) -> Result<Option<()>, CodeFault> {
        loop {
            match self.part {
                Part::Counts => {
                    let Some(counts) = bits.take(5 + 5 + 4) else { return Ok(None) };
                    self.literal_lengths = (counts & 31) as usize + 257;
                    self.distances = (counts >> 5 & 31) as usize + 1;
                    self.code_lengths = (counts >> 10) as usize + 4;
                    if self.literal_lengths > MAX_LITERAL_LENGTHS || self.distances > MAX_DISTANCES {
                        return Err(CodeFault::TooManyCodes {
                            literal_lengths: self.literal_lengths as u16,
                            distances: self.distances as u16,
                        });
                    }
                    self.code_length_lengths = [0; _];
                    self.part = Part::CodeLengthCode(0);
                }
                Part::CodeLengthCode(known) if known < self.code_lengths => {
                    let Some(length) = bits.take(3) else { return Ok(None) };
                    self.code_length_lengths[usize::from(CODE_LENGTH_ORDER[known])] = length as u8;
                    self.part = Part::CodeLengthCode(known + 1);
                }
                Part::CodeLengthCode(_) => {
                    self.code_length_table
                        .load(&self.code_length_lengths, &CODE_LENGTH_MEANINGS, Incomplete::Refused)
                        .map_err(|BadCode| CodeFault::CodeLengthCode)?;
                    self.part = Part::CodeLengths(0);
                }
                Part::CodeLengths(known) => {
                    let total = self.literal_lengths + self.distances;
                    let known = self.read_code_lengths(bits, known, total)?;
                    self.part = Part::CodeLengths(known);
                    if known < total {
                        return Ok(None);
                    }
                    self.part = Part::Counts;
                    return self.load(codes).map(Some);
                }
            }
        }
    }

    /// Reads code lengths until `total` are known or the input ends; returns how many are known.
    fn read_code_lengths(
        &mut self,
        bits: &mut BitReader<'_>,
        mut known: usize,
        total: usize,
    ) -> Result<usize, CodeFault> {
        let lengths = &mut self.lengths[..total];
        while known < total {
            if bits.count < CodeLengthTable::MAIN_BITS + 7 {
                bits.refill();
            }
            let entry = self.code_length_table.look_up(bits.buffer);
            let code_bits = entry.total_bits();
            if code_bits > bits.count {
                break;
            }
            // Only the table of a code without any symbol has such entries.
            if entry.is_exceptional() {
                return Err(CodeFault::CodeLengthCode);
            }
            let symbol = entry.base() as u8;
            if symbol < 16 {
                lengths[known] = symbol;
                known += 1;
                bits.consume(code_bits);
                continue;
            }
            let (extra_bits, least) = match symbol {
                16 => (2, 3),
                17 => (3, 3),
                _ => (7, 11),
            };
            let Some(code_and_extra) = bits.take(code_bits + extra_bits) else { break };
            let times = (code_and_extra >> code_bits) as usize + least;
            let repeated = match symbol {
                16 => *known.checked_sub(1).and_then(|last| lengths.get(last)).ok_or(CodeFault::Repeat)?,
                _ => 0,
            };
            lengths.get_mut(known..known + times).ok_or(CodeFault::Repeat)?.fill(repeated);
            known += times;
        }
        Ok(known)
    }

    fn load(&self, codes: &mut Codes) -> Result<(), CodeFault> {
        let (literal_lengths, rest) = self.lengths.split_at(self.literal_lengths);
        if literal_lengths[END_OF_BLOCK] == 0 {
            return Err(CodeFault::NoEndOfBlock);
        }
        codes.load_dynamic(literal_lengths, &rest[..self.distances])
    }
}
