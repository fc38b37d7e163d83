//! The three alphabets of deflate and what their symbols stand for (RFC 1951 §3.2.5, §3.2.7).

/// Longest match, in bytes.
pub(crate) const MAX_MATCH: usize = 258;

/// Symbols of the literal/length alphabet a dynamic block may announce (HLIT + 257 at most).
pub(crate) const MAX_LITERAL_LENGTHS: usize = 286;
/// Symbols of the distance alphabet a dynamic block may announce (HDIST + 1 at most).
pub(crate) const MAX_DISTANCES: usize = 30;

/// The literal/length symbol that ends a block.
pub(crate) const END_OF_BLOCK: usize = 256;

/// Order in which a dynamic header sends the lengths of the code-length code: those likely to be
/// zero come last, so that HCLEN can cut them off.
pub(crate) const CODE_LENGTH_ORDER: [u8; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A run of lengths or distances sharing one symbol: `base + extra bits`.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) base: u16,
    pub(crate) extra: u8,
}

/// Match lengths, symbols 257..=285.
///
/// Every four symbols the ranges double. The last symbol breaks the pattern: 258 has its own
/// symbol without extra bits, although 284 with all bits set would say the same.
pub(crate) const LENGTHS: [Range; 29] = {
    let mut ranges = doubling(3, 4);
    ranges[28] = Range { base: 258, extra: 0 };
    ranges
};

/// Match distances, symbols 0..=29. Every two symbols the ranges double.
pub(crate) const DISTANCES: [Range; 30] = doubling(1, 2);

const fn doubling<const N: usize>(first: u16, per_size: usize) -> [Range; N] {
    let mut ranges = [Range { base: 0, extra: 0 }; N];
    let mut base = first;
    let mut symbol = 0;
    while symbol < N {
        // The first two groups have no extra bits.
        let extra = (symbol / per_size).saturating_sub(1) as u8;
        ranges[symbol] = Range { base, extra };
        base = base.wrapping_add(1 << extra);
        symbol += 1;
    }
    ranges
}

/// Code lengths of the fixed literal/length code (RFC 1951 §3.2.6). Symbols 286 and 287 take part
/// in the code without meaning anything.
pub(crate) const FIXED_LITERAL_LENGTHS: [u8; 288] = {
    let mut lengths = [8; 288];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
};

/// Code lengths of the fixed distance code. Symbols 30 and 31 mean nothing.
pub(crate) const FIXED_DISTANCES: [u8; 32] = [5; 32];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: Range, base: u16, extra: u8) {
        assert_eq!((range.base, range.extra), (base, extra));
    }

    /// Rows of the two tables in RFC 1951 §3.2.5.
    #[test]
    fn ranges_are_those_of_the_rfc() {
        check(LENGTHS[0], 3, 0);
        check(LENGTHS[7], 10, 0);
        check(LENGTHS[8], 11, 1);
        check(LENGTHS[12], 19, 2);
        check(LENGTHS[27], 227, 5);
        check(LENGTHS[28], 258, 0);
        check(DISTANCES[0], 1, 0);
        check(DISTANCES[3], 4, 0);
        check(DISTANCES[4], 5, 1);
        check(DISTANCES[18], 513, 8);
        check(DISTANCES[29], 24577, 13);
    }

    #[test]
    fn distances_cover_the_window_without_gaps() {
        for pair in DISTANCES.windows(2) {
            assert_eq!(pair[0].base + (1 << pair[0].extra), pair[1].base);
        }
        assert_eq!(usize::from(DISTANCES[29].base) + (1 << 13) - 1, crate::WINDOW_SIZE);
    }
}
