//! The symbols of a compressed block (RFC 1951 §3.2.5), decoded in two gears.
//!
//! The [fast gear](crate::fast) runs while at least 16 bytes of input and room for any step are ahead. The
//! **slow gear** here decodes a single item (a literal, a match or the end of the block), or nothing if the
//! input ends within it. It finishes what the fast gear leaves over: the end of every input.
//!
//! Items are atomic in both gears: a decoder that pauses between two of them holds nothing but a few bits.

use crate::WINDOW_SIZE;
use crate::bits::BitReader;
use crate::codes::Codes;
use crate::error::InflateError;
use crate::fast::fast_gear;
use crate::output::Output;
use crate::table::{DistanceTable, LiteralLengthTable};

/// Why decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    NeedInput,
    OutputFull,
    EndOfBlock,
}

/// Decodes symbols until the block ends, the input is used up or the output is full.
pub(crate) fn decode_symbols(
    codes: &Codes,
    bits: &mut BitReader<'_>,
    output: &mut Output,
) -> Result<Pause, InflateError> {
    loop {
        if fast_gear(codes, bits, output)? {
            return Ok(Pause::EndOfBlock);
        }
        if output.is_full() {
            return Ok(Pause::OutputFull);
        }
        match slow_gear(codes, bits)? {
            None => return Ok(Pause::NeedInput),
            Some(Item::EndOfBlock) => return Ok(Pause::EndOfBlock),
            Some(Item::Literal(byte)) => {
                output.window_onwards()[WINDOW_SIZE] = byte;
                output.advance(1);
            }
            Some(Item::Match { length, distance }) => {
                if distance > output.available() {
                    return Err(too_far(distance, output.available()));
                }
                let window = output.window_onwards();
                for at in WINDOW_SIZE..WINDOW_SIZE + length {
                    window[at] = window[at - distance];
                }
                output.advance(length);
            }
        }
    }
}

/// The error of a match that reaches further back than the `available` bytes.
#[cold]
pub(crate) fn too_far(distance: usize, available: usize) -> InflateError {
    // Both fit: a distance is at most 32768, and fewer bytes are available.
    InflateError::DistanceTooFar { distance: distance as u16, available: available as u16 }
}

/// What a code, or a pair of codes with their extra bits, stands for.
enum Item {
    Literal(u8),
    /// 3..=258 bytes from 1..=32768 bytes back.
    Match {
        length: usize,
        distance: usize,
    },
    EndOfBlock,
}

/// Decodes one item, or takes nothing and returns `None` if the input ends before the item does.
///
/// The tables are indexed with bits that may not be there. That is harmless: a code that ends within the bits that
/// are there is found whatever follows it, and one that does not is recognised by its length.
fn slow_gear(codes: &Codes, bits: &mut BitReader<'_>) -> Result<Option<Item>, InflateError> {
    bits.refill();
    let (buffer, count) = (bits.buffer, bits.count);
    let mut used = 0;

    let mut entry = codes.literal_length.look_up(buffer);
    if entry.is_exceptional() && entry.is_subtable() {
        used += LiteralLengthTable::MAIN_BITS;
        entry = codes.literal_length.follow(entry, buffer >> used);
    }
    let at_length = used;
    used += entry.total_bits();
    if used > count {
        return Ok(None);
    }
    if entry.is_literal() {
        bits.consume(used);
        return Ok(Some(Item::Literal(entry.byte())));
    }
    if entry.is_exceptional() {
        if !entry.ends_block() {
            return Err(InflateError::LiteralLength);
        }
        bits.consume(used);
        return Ok(Some(Item::EndOfBlock));
    }
    let length = entry.value(buffer >> at_length);

    let mut entry = codes.distance.look_up(buffer >> used);
    if entry.is_exceptional() && entry.is_subtable() {
        used += DistanceTable::MAIN_BITS;
        entry = codes.distance.follow(entry, buffer >> used);
    }
    let at_distance = used;
    used += entry.total_bits();
    if used > count {
        return Ok(None);
    }
    if entry.is_exceptional() {
        return Err(InflateError::Distance);
    }
    let distance = entry.value(buffer >> at_distance);
    bits.consume(used);
    Ok(Some(Item::Match { length, distance }))
}
