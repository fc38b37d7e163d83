//! The symbols of a compressed block (RFC 1951 §3.2.5), decoded in two gears.
//!
//! The **fast gear** runs while at least 16 bytes of input and a whole step's room are ahead. Then no
//! read can miss and no write can overflow, and one check per round replaces all others: the round
//! works on a window of the output and a piece of the input whose lengths are constants.
//!
//! ```text
//!             first_chunk_mut::<WINDOW_SIZE + SLACK>()
//!   output    ├──────────── WINDOW_SIZE ───────────┼── SLACK ──┤
//!                  ▲ any distance stays inside     ▲ writes go here
//! ```
//!
//! The **slow gear** decodes a single item (a literal, a match or the end of the block), or
//! nothing if the input ends within it. Items are atomic in both gears, so a decoder that pauses holds
//! no more state than a few bits.

use crate::WINDOW_SIZE;
use crate::bits::{BitReader, low_mask};
use crate::error::InflateError;
use crate::header::Codes;
use crate::output::{Output, SLACK};
use crate::table::{DISTANCE_BITS, LITERAL_LENGTH_BITS};

/// Why the symbols of a block stopped coming.
#[derive(Clone, Copy, PartialEq, Eq)]
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
            Some(Item::Literal(byte)) => {
                output.window_onwards()[WINDOW_SIZE] = byte;
                output.advance(1);
            }
            Some(Item::Match { length, distance }) => {
                check_distance(distance, output.available())?;
                let window = output.window_onwards();
                for at in WINDOW_SIZE..WINDOW_SIZE + length {
                    window[at] = window[at - distance];
                }
                output.advance(length);
            }
            Some(Item::EndOfBlock) => return Ok(Pause::EndOfBlock),
            None => return Ok(Pause::NeedInput),
        }
    }
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
fn slow_gear(codes: &Codes, bits: &mut BitReader<'_>) -> Result<Option<Item>, InflateError> {
    bits.refill();
    let (buffer, count) = (bits.buffer, bits.count);
    let mut used = 0;

    let mut entry = codes.literal_length[(buffer & low_mask(LITERAL_LENGTH_BITS)) as usize];
    if entry.is_exceptional() && entry.is_subtable() {
        used += LITERAL_LENGTH_BITS;
        entry = codes.literal_length[entry.subtable_index(buffer >> used)];
    }
    let length_at = used;
    used += entry.total_bits();
    if used > count {
        return Ok(None);
    }
    if entry.is_literal() {
        bits.consume(used);
        return Ok(Some(Item::Literal(entry.byte())));
    }
    if entry.is_exceptional() {
        if entry.ends_block() {
            bits.consume(used);
            return Ok(Some(Item::EndOfBlock));
        }
        return Err(InflateError::LiteralLength);
    }
    let length = entry.value(buffer >> length_at);

    let mut entry = codes.distance[(buffer >> used & low_mask(DISTANCE_BITS)) as usize];
    if entry.is_exceptional() && entry.is_subtable() {
        used += DISTANCE_BITS;
        entry = codes.distance[entry.subtable_index(buffer >> used)];
    }
    let distance_at = used;
    used += entry.total_bits();
    if used > count {
        return Ok(None);
    }
    if entry.is_exceptional() {
        return Err(InflateError::Distance);
    }
    let distance = entry.value(buffer >> distance_at);
    bits.consume(used);
    Ok(Some(Item::Match { length, distance }))
}

fn check_distance(distance: usize, available: usize) -> Result<(), InflateError> {
    if distance <= available {
        return Ok(());
    }
    Err(too_far(distance, available))
}

#[cold]
fn too_far(distance: usize, available: usize) -> InflateError {
    // Both fit: a distance is at most 32768, and fewer bytes were there.
    InflateError::DistanceTooFar { distance: distance as u16, available: available as u16 }
}

/// Decodes as much as it can without coming near the end of input or output.
/// True: the block ended.
fn fast_gear(codes: &Codes, bits: &mut BitReader<'_>, output: &mut Output) -> Result<bool, InflateError> {
    if output.available() >= WINDOW_SIZE {
        fast_rounds::<false>(codes, bits, output)
    } else {
        fast_rounds::<true>(codes, bits, output)
    }
}

#[inline(never)]
fn fast_rounds<const CHECK_REACH: bool>(
    codes: &Codes,
    bits: &mut BitReader<'_>,
    output: &mut Output,
) -> Result<bool, InflateError> {
    let literal_length = &*codes.literal_length;
    let distances = &*codes.distance;
    let available = output.available();
    let mut target = output.window_onwards();
    let room = target.len();
    let mut input = bits.rest;
    let mut buffer = bits.buffer;
    let mut count = bits.count;
    let mut outcome = Ok(false);

    macro_rules! consume {
        ($entry:expr) => {{
            buffer >>= $entry.raw() & 63;
            count = count.wrapping_sub($entry.raw());
        }};
    }
    // Leaves the loop with what this round wrote before `at`.
    macro_rules! stop {
        ($at:expr, $outcome:expr) => {{
            target = &mut std::mem::take(&mut target)[$at - WINDOW_SIZE..];
            outcome = $outcome;
            break;
        }};
    }
    macro_rules! lookup {
        () => {
            literal_length[(buffer & low_mask(LITERAL_LENGTH_BITS)) as usize]
        };
    }

    macro_rules! refill {
        ($piece:expr, $at:expr) => {{
            let at = $at;
            buffer |= u64::from_le_bytes($piece[at..at + 8].try_into().unwrap()) << (count & 63);
            let n = ((63 - (count & 63)) >> 3) as usize;
            count |= 56;
            at + n
        }};
    }

    if target.len() >= WINDOW_SIZE + SLACK
        && let Some(piece) = input.first_chunk::<16>()
    {
        let n = refill!(piece, 0);
        input = &input[n..];
        let mut entry = lookup!();
        while let Some(piece) = input.first_chunk::<16>()
            && let left = target.len()
            && let Some(window) = target.first_chunk_mut::<{ WINDOW_SIZE + SLACK }>()
        {
            let n = refill!(piece, 0);
            let mut at = WINDOW_SIZE;
            if entry.is_literal() {
                consume!(entry);
                window[WINDOW_SIZE] = entry.byte();
                entry = lookup!();
                at = WINDOW_SIZE + 1;
                if entry.is_literal() {
                    consume!(entry);
                    window[WINDOW_SIZE + 1] = entry.byte();
                    entry = lookup!();
                    at = WINDOW_SIZE + 2;
                    if entry.is_literal() {
                        consume!(entry);
                        window[WINDOW_SIZE + 2] = entry.byte();
                        entry = lookup!();
                        input = &input[n..];
                        target = &mut std::mem::take(&mut target)[3..];
                        continue;
                    }
                }
            }
            if entry.is_exceptional() {
                if entry.is_subtable() {
                    buffer >>= LITERAL_LENGTH_BITS;
                    count = count.wrapping_sub(LITERAL_LENGTH_BITS);
                    entry = literal_length[entry.subtable_index(buffer) & 4095];
                    if entry.is_literal() {
                        consume!(entry);
                        window[at] = entry.byte();
                        entry = lookup!();
                        input = &input[n..];
                        target = &mut std::mem::take(&mut target)[at + 1 - WINDOW_SIZE..];
                        continue;
                    }
                }
                if entry.is_exceptional() {
                    if !entry.ends_block() {
                        stop!(at, Err(InflateError::LiteralLength));
                    }
                    consume!(entry);
                    input = &input[n..];
                    stop!(at, Ok(true));
                }
            }
            let length = entry.value(buffer);
            consume!(entry);
            let n = refill!(piece, n);

            let mut d = distances[(buffer & low_mask(DISTANCE_BITS)) as usize];
            if d.is_exceptional() {
                if !d.is_subtable() {
                    stop!(at, Err(InflateError::Distance));
                }
                buffer >>= DISTANCE_BITS;
                count = count.wrapping_sub(DISTANCE_BITS);
                d = distances[d.subtable_index(buffer) & 511];
                if d.is_exceptional() {
                    stop!(at, Err(InflateError::Distance));
                }
            }
            let distance = d.value(buffer);
            consume!(d);
            entry = lookup!();

            if CHECK_REACH
                && let Err(error) = check_distance(distance, available + (room - left) + at - WINDOW_SIZE)
            {
                stop!(at, Err(error));
            }
            copy_match(window, at, length, distance);
            input = &input[n..];
            target = &mut std::mem::take(&mut target)[at + length - WINDOW_SIZE..];
        }
        count &= 63;
    }
    let produced = room - target.len();
    bits.rest = input;
    bits.buffer = buffer;
    bits.count = count;
    output.advance(produced);
    outcome
}

#[inline(always)]
fn copy_match(window: &mut [u8; WINDOW_SIZE + SLACK], at: usize, length: usize, distance: usize) {
    if distance > WINDOW_SIZE {
        return;
    }
    let from = at - distance;
    if distance >= 16 {
        let chunk: [u8; 16] = window[from..from + 16].try_into().unwrap();
        window[at..at + 16].copy_from_slice(&chunk);
        let chunk: [u8; 16] = window[from + 16..from + 32].try_into().unwrap();
        window[at + 16..at + 32].copy_from_slice(&chunk);
        let mut k = 32;
        while k < length {
            let chunk: [u8; 16] = window[from + k..from + k + 16].try_into().unwrap();
            window[at + k..at + k + 16].copy_from_slice(&chunk);
            k += 16;
        }
    } else if distance >= 8 {
        let chunk: [u8; 16] = window[from..from + 16].try_into().unwrap();
        let mut k = 0;
        while k < length {
            window[at + k..at + k + 16].copy_from_slice(&chunk);
            k += distance;
        }
    } else {
        const REPEAT: [u64; 8] = [
            0,
            0x0101_0101_0101_0101,
            0x0001_0001_0001_0001,
            0x0001_0000_0100_0001,
            0x0000_0001_0000_0001,
            0x0000_0100_0000_0001,
            0x0001_0000_0000_0001,
            0x0100_0000_0000_0001,
        ];
        const STRIDE: [u8; 8] = [8, 8, 8, 6, 8, 5, 6, 7];
        let word = u64::from_le_bytes(window[from..from + 8].try_into().unwrap());
        let word = (word & low_mask(8 * distance as u32)).wrapping_mul(REPEAT[distance & 7]).to_le_bytes();
        let mut k = 0;
        while k < length {
            window[at + k..at + k + 8].copy_from_slice(&word);
            k += usize::from(STRIDE[distance & 7]);
        }
    }
}
