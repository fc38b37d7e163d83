//! Bits in the order deflate packs them: the lowest bit of a byte comes first (RFC 1951 §3.1.1).
//!
//! ```text
//!                      buffer (u64)
//!   63                count               0
//!   ┌──────────────────┬──────────────────┐      whole
//!   │ junk or repeated │ next bits, LSB ◄─┼───┐  ┌───────────────┬─────────────┐
//!   └──────────────────┴──────────────────┘   └──┤ already taken │ rest        │
//!                                                └───────────────┴─────────────┘
//! ```
//!
//! A refill loads eight bytes at once and ORs them on top, but moves `rest` only by the whole bytes
//! that fit. The bits above `count` are then the low bits of `rest[0]`; ORing the same byte in again
//! later changes nothing. That is why `count`, never the buffer, says how much is there.

/// Bits that outlive a call: taken from the input, not yet decoded.
///
/// After a block they are the 0..=7 unused bits of the last byte. When the input ran out they are the
/// beginning of something longer: at most 47 bits, since a match has at most 48.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeldBits {
    buffer: u64,
    count: u32,
}

impl HeldBits {
    /// The high `count` (0..=7) bits of a byte whose low bits belong to an earlier block.
    pub(crate) fn of_byte(byte: u8, count: u8) -> Self {
        let count = u32::from(count & 7);
        Self { buffer: (u64::from(byte) << count) >> 8, count }
    }

    pub(crate) fn count(self) -> u32 {
        self.count
    }
}

/// Reads bits from held ones followed by an input slice.
#[derive(Debug)]
pub(crate) struct BitReader<'a> {
    pub(crate) whole: &'a [u8],
    pub(crate) rest: &'a [u8],
    pub(crate) buffer: u64,
    pub(crate) count: u32,
}

/// The low `n` (0..=63) bits set.
#[inline(always)]
pub(crate) fn low_mask(n: u32) -> u64 {
    (1u64 << (n & 63)).wrapping_sub(1)
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(held: HeldBits, input: &'a [u8]) -> Self {
        Self { whole: input, rest: input, buffer: held.buffer, count: held.count }
    }

    /// Tops the buffer up: afterwards `count` >= 56 or the input is used up.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        if let Some(word) = self.rest.first_chunk::<8>() {
            self.buffer |= u64::from_le_bytes(*word) << (self.count & 63);
            self.rest = &self.rest[((63 - self.count) >> 3) as usize & 7..];
            self.count |= 56;
        } else {
            while self.count < 56
                && let Some((&byte, rest)) = self.rest.split_first()
            {
                self.buffer |= u64::from(byte) << self.count;
                self.rest = rest;
                self.count += 8;
            }
        }
    }

    /// The next `n` <= 48 bits without taking them, or `None` when the input ends before them.
    #[inline(always)]
    pub(crate) fn peek(&mut self, n: u32) -> Option<u64> {
        if self.count < n {
            self.refill();
        }
        (n <= self.count).then_some(self.buffer & low_mask(n))
    }

    /// Drops `n` bits that are known to be there.
    #[inline(always)]
    pub(crate) fn consume(&mut self, n: u32) {
        debug_assert!(n <= self.count);
        self.buffer >>= n & 63;
        self.count -= n;
    }

    /// Takes the next `n` <= 48 bits, or nothing and `None` when the input ends before them.
    #[inline(always)]
    pub(crate) fn take(&mut self, n: u32) -> Option<u64> {
        let bits = self.peek(n)?;
        self.consume(n);
        Some(bits)
    }

    /// Drops what is left of the byte the last taken bit came from.
    pub(crate) fn align_to_byte(&mut self) {
        self.consume(self.count & 7);
    }

    /// Gives whole unread bytes back to the input. Afterwards 0..=7 bits are left, unless some were held
    /// from an earlier call and nothing was decoded since: those cannot go back and stay.
    pub(crate) fn give_back(&mut self) {
        let taken = self.whole.len() - self.rest.len();
        let bytes = taken.min((self.count >> 3) as usize);
        self.rest = &self.whole[taken - bytes..];
        self.count -= 8 * bytes as u32;
        self.buffer &= low_mask(self.count);
    }

    /// Copies up to `target.len()` bytes of input, past the bit buffer, which must be empty.
    /// Returns how many.
    pub(crate) fn copy_bytes(&mut self, target: &mut [u8]) -> usize {
        debug_assert_eq!(self.count, 0);
        let n = target.len().min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(n);
        target[..n].copy_from_slice(bytes);
        self.rest = rest;
        n
    }

    /// Ends reading: what to hold until the next call, and how many bytes of the input were taken.
    pub(crate) fn finish(self) -> (HeldBits, usize) {
        let held = HeldBits { buffer: self.buffer & low_mask(self.count), count: self.count };
        (held, self.whole.len() - self.rest.len())
    }
}
