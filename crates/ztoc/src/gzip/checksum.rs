//! The CRC-32 of a member's data (RFC 1952 §8), at a speed that WebAssembly can afford too.
//!
//! Processors have an instruction for it that `crc32fast` uses; WebAssembly does not. There a table lookup
//! per byte would take half as long as inflating. So most bytes are *folded* instead, with shifts alone.
//!
//! A CRC is the remainder of the data, read as one long polynomial over bits, divided by
//! `x³² + x²⁶ + x²³ + … + 1`. Adding a multiple of the divisor does not change the remainder, and one of its
//! multiples has only five terms:
//!
//! ```text
//!   x³⁰⁰ + x¹⁵⁵ + x¹¹⁷ + x⁸⁹ + 1
//!    │      └─145──┐     │     │
//!    │      183────┴─────┘     │        a bit may be struck out if the bits 145, 183, 211 and 300
//!    └──────────────300────────┘        places later are flipped for it
//! ```
//!
//! Done to 64 bits at a time, from the front, that leaves a few words at the end whose CRC is that of all.
//! Sam Russell described such multiples as the *Chorba* method; zlib-ng uses the same one.

use crc32fast::Hasher;

/// How far a folded word reaches: `300 / 64`, rounded up, in words of 64 bits.
const REACH: usize = 5;
/// Bytes that stay unfolded at least.
const KEPT: usize = 8 * REACH;
/// Words folded in one turn. With as many as the reach, the pending words are back in their places after it.
const TURN: usize = REACH;

/// The CRC-32 of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checksum(Hasher);

impl Checksum {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if cfg!(target_arch = "wasm32") {
            self.fold(bytes);
        } else {
            self.0.update(bytes);
        }
    }

    pub(crate) fn finalize(self) -> u32 {
        self.0.finalize()
    }

    fn fold(&mut self, bytes: &[u8]) {
        let foldable = bytes.len().saturating_sub(KEPT);
        let Some((folded, rest)) = bytes.split_at_checked(foldable - foldable % (8 * TURN)) else { return };
        let Some((kept, rest)) = rest.split_first_chunk::<KEPT>() else {
            return self.0.update(bytes);
        };
        // The CRC so far, without its final complement, is added to the 32 bits that follow.
        let so_far = u64::from(!self.0.clone().finalize());
        let pending = fold_words(folded, [so_far, 0, 0, 0, 0]);

        let mut last = *kept;
        for (bytes, pending) in last.chunks_exact_mut(8).zip(pending) {
            for (byte, pending) in bytes.iter_mut().zip(pending.to_le_bytes()) {
                *byte ^= pending;
            }
        }
        // All that came before is in these bytes, so they start from an empty remainder: a complemented 0.
        self.0 = Hasher::new_with_initial(!0);
        self.0.update(&last);
        self.0.update(rest);
    }
}

/// Strikes out all of `bytes`, a multiple of [`TURN`] words. Returns what is to be added to the words behind them;
/// `pending` is what is to be added to the first ones.
fn fold_words(bytes: &[u8], pending: [u64; REACH]) -> [u64; REACH] {
    let [mut next, mut second, mut third, mut fourth, mut fifth] = pending;
    for turn in bytes.chunks_exact(8 * TURN) {
        for word in turn.as_chunks().0 {
            let word = u64::from_le_bytes(*word) ^ next;
            // 145 = 2 × 64 + 17, 183 = 2 × 64 + 55, 211 = 3 × 64 + 19, 300 = 4 × 64 + 44.
            next = second;
            second = third ^ word << 17 ^ word << 55;
            third = fourth ^ word >> (64 - 17) ^ word >> (64 - 55) ^ word << 19;
            fourth = fifth ^ word >> (64 - 19) ^ word << 44;
            fifth = word >> (64 - 44);
        }
    }
    [next, second, third, fourth, fifth]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The claim that everything rests on, by long division.
    #[test]
    fn the_five_terms_are_a_multiple_of_the_divisor() {
        let divisor = 0x1_04c1_1db7_u64;
        let remainder = (0..=300).rev().fold(0_u64, |remainder, power| {
            let term = u64::from([300, 155, 117, 89, 0].contains(&power));
            let shifted = remainder << 1 | term;
            if shifted >> 32 == 0 { shifted } else { shifted ^ divisor }
        });
        assert_eq!(remainder, 0);
    }

    fn check(bytes: &[u8], piece: usize) {
        let mut folded = Checksum::default();
        bytes.chunks(piece).for_each(|piece| folded.fold(piece));
        assert_eq!(folded.finalize(), crc32fast::hash(bytes), "{} bytes in pieces of {piece}", bytes.len());
    }

    #[test]
    fn folding_gives_the_crc_of_any_length_in_any_pieces() {
        let mut seed = 1_u32;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(5000)
        .collect();
        for len in (0..=420).chain([4999, 5000]) {
            for piece in [1, 39, 40, 41, 79, 80, 81, 256, 5000] {
                check(&bytes[..len], piece);
            }
        }
        check(&[0; 1000], 1000);
    }
}
