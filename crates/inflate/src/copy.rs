//! Copying matches, 8 or 16 bytes at a time.
//!
//! A match may overlap what it produces: distance 1 and length 100 repeats one byte a hundred times.
//!
//! ```text
//!   distance >= 16     16 bytes are read before any of them is overwritten: plain copies will do
//!   8..=15             a b c d e f g h i ? ? ? ? ? ? ?     16 bytes, of which the first `distance` are the period;
//!                      written again every `distance` bytes, each time over the wrong tail of the last
//!   1..=7              a b c a b c a b                     a multiplication fills 8 bytes with the period;
//!                      written again every 6 bytes, the largest multiple of the distance within 8
//! ```
//!
//! All of them write up to 15 bytes more than asked for. What follows the output's position is junk anyway.

use crate::bits::low_mask;
use crate::output::Window;

/// Copies `length` bytes (3..=258) from `distance` bytes back to `window[at..]`.
///
/// `at` must leave room for the copy and 15 bytes of junk, and `distance` must be within `1..=at`.
#[inline(always)]
pub(crate) fn copy_match(window: &mut Window, at: usize, length: usize, distance: usize) {
    if distance >= 16 {
        // Nineteen of twenty matches are done with this, so it does not look at the length first.
        let from = at - distance;
        copy_16(window, from, at);
        copy_16(window, from + 16, at + 16);
        if length > 32 {
            copy_long(window, at, length, distance);
        }
    } else {
        copy_near(window, at, length, distance);
    }
}

#[inline(always)]
fn copy_16(window: &mut Window, from: usize, to: usize) {
    let bytes: [u8; 16] = window[from..from + 16].try_into().unwrap_or_default();
    window[to..to + 16].copy_from_slice(&bytes);
}

/// The rest of a match whose first 32 bytes are copied. Kept out of the fast gear, whose registers are scarce.
#[inline(never)]
fn copy_long(window: &mut Window, at: usize, length: usize, distance: usize) {
    for to in (at + 32..at + length).step_by(16) {
        copy_16(window, to - distance, to);
    }
}

/// A match whose distance is less than 16.
#[inline(never)]
fn copy_near(window: &mut Window, at: usize, length: usize, distance: usize) {
    let from = at - distance;
    let targets = at..at + length;
    if distance >= 8 {
        let bytes: [u8; 16] = window[from..from + 16].try_into().unwrap_or_default();
        for to in targets.step_by(distance) {
            window[to..to + 16].copy_from_slice(&bytes);
        }
    } else {
        let Period { repeat, stride } = PERIODS[distance];
        let bytes: [u8; 8] = window[from..from + 8].try_into().unwrap_or_default();
        let period = u64::from_le_bytes(bytes) & low_mask(8 * distance as u32);
        let bytes = period.wrapping_mul(repeat).to_le_bytes();
        for to in targets.step_by(stride) {
            window[to..to + 8].copy_from_slice(&bytes);
        }
    }
}

/// How to fill eight bytes with repetitions of fewer.
#[derive(Clone, Copy)]
struct Period {
    /// A bit at every multiple of the period: multiplying by it repeats the period up to the top.
    repeat: u64,
    /// Bytes to the next place where the eight bytes fit again.
    stride: usize,
}

/// By distance; the first is unused.
const PERIODS: [Period; 8] = {
    let mut periods = [Period { repeat: 1, stride: 8 }; 8];
    let mut distance = 1;
    while distance < 8 {
        let mut at = distance;
        while at < 8 {
            periods[distance].repeat |= 1 << (8 * at);
            at += distance;
        }
        periods[distance].stride = 8 / distance * distance;
        distance += 1;
    }
    periods
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WINDOW_SIZE;

    fn check(at: usize, length: usize, distance: usize) {
        let mut window = [0; std::mem::size_of::<Window>()];
        for (i, byte) in window[..at].iter_mut().enumerate() {
            *byte = (i * 7 % 251) as u8;
        }
        let mut expected = window;
        for i in at..at + length {
            expected[i] = expected[i - distance];
        }
        copy_match(&mut window, at, length, distance);
        assert!(window[..at + length] == expected[..at + length], "length {length}, distance {distance}");
    }

    #[test]
    fn every_length_and_overlap_is_copied_as_if_byte_by_byte() {
        for length in 3..=258 {
            for distance in (1..=40).chain([257, 258, 259, WINDOW_SIZE]) {
                check(WINDOW_SIZE, length, distance);
            }
        }
        check(WINDOW_SIZE + 1, 258, WINDOW_SIZE);
    }
}
