//! The fast gear: symbols far from the end of input and output.
//!
//! A round takes a piece of the input and a window of the output, both of constant length. Two checks at its
//! start replace all others: no read can miss, no write can overflow, and the compiler knows it.
//!
//! ```text
//!   input    ├ 16 bytes ┤····     a round takes at most 14
//!
//!   output   ├──────── WINDOW_SIZE ────────┼── SLACK ──┤····
//!                ▲ any distance ends here   ▲ at: the next byte to write
//!
//!   round    refill ─ literal ─┬─ literal ──────────────────────► next round
//!            >= 56 bits        └─ length ─ distance ─ copy ─────► next round
//!                  <= 11          <= 20      <= 28 (refills first unless 39 bits are left)
//! ```
//!
//! The next symbol's entry is looked up as soon as its bits are known, before a match is copied and before the
//! next refill, whose latencies hide behind the table's. `optimization-notes.md` tells what else was tried.

use crate::WINDOW_SIZE;
use crate::bits::BitReader;
use crate::codes::Codes;
use crate::copy::copy_match;
use crate::error::InflateError;
use crate::output::{Output, Window};
use crate::symbols::too_far;
use crate::table::{DistanceTable, Entry, LiteralLengthTable};

/// Bytes of input a round wants: two refills of eight, the second at most seven bytes after the first.
const PIECE: usize = 16;

/// The longest distance with its extra bits, and the index of the entry looked up after it.
const DISTANCE_AND_NEXT: u32 = 15 + 13 + LiteralLengthTable::MAIN_BITS;

/// Decodes as much as it can without coming near the end of input or output. True: the block ended.
///
/// Everything decoded before an error is in the output.
#[inline(always)]
pub(crate) fn fast_gear(
    codes: &Codes,
    bits: &mut BitReader<'_>,
    output: &mut Output,
) -> Result<bool, InflateError> {
    if bits.rest.len() < PIECE || output.is_full() {
        return Ok(false);
    }
    // No distance exceeds the window, so only the first 32 KiB of a member need to compare.
    if output.available() < WINDOW_SIZE {
        rounds::<true>(codes, bits, output)
    } else {
        rounds::<false>(codes, bits, output)
    }
}

#[inline(never)]
fn rounds<const YOUNG: bool>(
    codes: &Codes,
    bits: &mut BitReader<'_>,
    output: &mut Output,
) -> Result<bool, InflateError> {
    bits.refill();
    let reach = output.available();
    let mut target = output.window_onwards();
    let room = target.len();
    let mut input = bits.rest;
    let mut ahead = Ahead { buffer: bits.buffer, count: bits.count };
    let mut entry = codes.literal_length.look_up(ahead.buffer);

    let (written, result) = 'rounds: loop {
        let left = target.len();
        let (Some(piece), Some(window)) = (input.first_chunk::<PIECE>(), target.first_chunk_mut()) else {
            break (0, Ok(false));
        };
        let window: &mut Window = window;
        let mut at = WINDOW_SIZE;
        let mut taken = ahead.refill(piece, 0);
        'round: {
            while entry.is_literal() {
                window[at] = entry.byte();
                at += 1;
                ahead.consume(entry);
                entry = codes.literal_length.look_up(ahead.buffer);
                if at == WINDOW_SIZE + 2 {
                    break 'round;
                }
            }
            if entry.is_exceptional() {
                if entry.is_subtable() {
                    ahead.skip(LiteralLengthTable::MAIN_BITS);
                    entry = codes.literal_length.follow(entry, ahead.buffer);
                    if entry.is_literal() {
                        window[at] = entry.byte();
                        at += 1;
                        ahead.consume(entry);
                        entry = codes.literal_length.look_up(ahead.buffer);
                        break 'round;
                    }
                }
                if entry.is_exceptional() {
                    if !entry.ends_block() {
                        break 'rounds (at - WINDOW_SIZE, Err(InflateError::LiteralLength));
                    }
                    ahead.consume(entry);
                    input = &input[taken..];
                    break 'rounds (at - WINDOW_SIZE, Ok(true));
                }
            }
            let length = entry.value(ahead.buffer);
            ahead.consume(entry);

            // At least 25 bits are left, enough for the index: the refill need not come first.
            let mut entry_of_distance = codes.distance.look_up(ahead.buffer);
            if ahead.count() < DISTANCE_AND_NEXT {
                taken = ahead.refill(piece, taken);
            }
            if entry_of_distance.is_exceptional() {
                if entry_of_distance.is_subtable() {
                    ahead.skip(DistanceTable::MAIN_BITS);
                    entry_of_distance = codes.distance.follow(entry_of_distance, ahead.buffer);
                }
                if entry_of_distance.is_exceptional() {
                    break 'rounds (at - WINDOW_SIZE, Err(InflateError::Distance));
                }
            }
            let distance = entry_of_distance.value(ahead.buffer);
            ahead.consume(entry_of_distance);
            entry = codes.literal_length.look_up(ahead.buffer);

            let available = reach + (room - left) + (at - WINDOW_SIZE);
            // The first comparison is never true. It tells the compiler that the copy stays in the window.
            if distance > WINDOW_SIZE || YOUNG && distance > available {
                break 'rounds (at - WINDOW_SIZE, Err(too_far(distance, available)));
            }
            copy_match(window, at, length, distance);
            at += length;
        }
        input = &input[taken..];
        target = &mut std::mem::take(&mut target)[at - WINDOW_SIZE..];
    };

    let produced = room - target.len() + written;
    (bits.rest, bits.buffer, bits.count) = (input, ahead.buffer, ahead.count());
    output.advance(produced);
    result
}

/// The bit buffer of [`BitReader`] without its checks.
struct Ahead {
    buffer: u64,
    /// Only the low six bits count. Whole entries are subtracted, whose low bits hold their lengths.
    count: u32,
}

impl Ahead {
    /// Bits in the buffer, 0..=63.
    #[inline(always)]
    fn count(&self) -> u32 {
        self.count & 63
    }

    /// Tops up to at least 56 bits with the bytes from `piece[at]` on; returns where the next ones are, at most
    /// 7 further.
    #[inline(always)]
    fn refill(&mut self, piece: &[u8; PIECE], at: usize) -> usize {
        let bytes: [u8; 8] = piece[at..at + 8].try_into().unwrap_or_default();
        self.buffer |= u64::from_le_bytes(bytes) << self.count();
        let taken = (63 - self.count()) >> 3;
        self.count |= 56;
        at + taken as usize
    }

    /// Takes an entry's code and extra bits.
    #[inline(always)]
    fn consume(&mut self, entry: Entry) {
        self.buffer >>= entry.total_bits();
        self.count = self.count.wrapping_sub(entry.raw());
    }

    #[inline(always)]
    fn skip(&mut self, n: u32) {
        self.buffer >>= n;
        self.count = self.count.wrapping_sub(n);
    }
}
