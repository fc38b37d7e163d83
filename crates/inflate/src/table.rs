//! Decode tables: from the next bits of the stream to a symbol and what it stands for.
//!
//! A table is indexed by the next `main bits` of the stream. Codes that are longer continue in a
//! subtable, so that the part that is always touched stays small enough for the first-level cache:
//!
//! ```text
//!   next bits ──► main table (2^11 or 2^8 entries)          subtables
//!                 ┌──────────────────────────┐              ┌───────────────────┐
//!                 │ literal, 8 bits          │         ┌───►│ 2^k entries for   │
//!                 │ length 19..22, 9+2 bits  │         │    │ the codes sharing │
//!                 │ subtable at …, k bits  ──┼─────────┘    │ these first bits  │
//!                 │ end of block             │              └───────────────────┘
//!                 └──────────────────────────┘
//! ```
//!
//! An [`Entry`] says everything in 32 bits:
//!
//! ```text
//!     31  30       16 15   14   13  12      8 7       0
//!    ┌──┬────────────┬────┬────┬────┬────────┬─────────┐
//!    │ 1│       byte │  0 │  0 │  0 │   code │   total │  literal
//!    │ 0│       base │  0 │  0 │  0 │   code │   total │  length or distance: base + extra bits
//!    │ 0│      start │  1 │  1 │  0 │ k bits │    main │  subtable
//!    │ 0│          0 │  1 │  0 │  1 │   code │   total │  end of block
//!    │ 0│          0 │  1 │  0 │  0 │   code │   total │  no such code
//!    └──┴────────────┴────┴────┴────┴────────┴─────────┘
//!     code  = bits of the code looked up in this table, where the extra bits begin
//!     total = code + extra bits, all that this entry takes from the stream
//! ```
//!
//! The shape (packed entries with the extra bits' count included) is the one libdeflate made popular.
//! Which sets of code lengths are accepted is zlib's rule, see [`build`].

use crate::alphabet::{DISTANCES, END_OF_BLOCK, LENGTHS};
use crate::bits::low_mask;

/// Longest code of the literal/length and distance alphabets, in bits.
const MAX_CODE_BITS: usize = 15;

/// Literals and lengths. 2342 entries suffice for 288 symbols of up to 15 bits behind an index of 11 (zlib's
/// `enough 288 11 15`); the next power of two lets a masked index do without a bounds check.
pub(crate) type LiteralLengthTable = Table<4096, 11>;
/// Distances. 402 entries suffice for 32 symbols behind 8 bits (zlib's `enough 32 8 15`).
pub(crate) type DistanceTable = Table<512, 8>;
/// Code lengths. Their codes have at most 7 bits: no subtables.
pub(crate) type CodeLengthTable = Table<128, 7>;

/// `SIZE` (a power of two) entries, of which the first `2^BITS` are the main table.
#[derive(Debug)]
pub(crate) struct Table<const SIZE: usize, const BITS: u32> {
    entries: [Entry; SIZE],
}

impl<const SIZE: usize, const BITS: u32> Table<SIZE, BITS> {
    pub(crate) const MAIN_BITS: u32 = BITS;

    pub(crate) const fn new() -> Self {
        Self { entries: [Entry::INVALID; SIZE] }
    }

    /// Fills the table with a code, see [`build`].
    pub(crate) fn load(
        &mut self,
        lengths: &[u8],
        meanings: &[Entry],
        incomplete: Incomplete,
    ) -> Result<(), BadCode> {
        build(&mut self.entries, BITS, lengths, meanings, incomplete)
    }

    /// What the stream's next bits mean.
    #[inline(always)]
    pub(crate) fn look_up(&self, bits: u64) -> Entry {
        self.entries[(bits & low_mask(BITS)) as usize]
    }

    /// What they mean if `link`, found in the main table, leads to a subtable. `bits` are those after the main
    /// table's index.
    #[inline(always)]
    pub(crate) fn follow(&self, link: Entry, bits: u64) -> Entry {
        let index = link.subtable_start() + (bits & low_mask(link.code_bits())) as usize;
        self.entries[index & (SIZE - 1)]
    }
}

/// What the next bits mean. See the [module](self) for the layout.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u32);

const LITERAL: u32 = 1 << 31;
const EXCEPTIONAL: u32 = 1 << 15;
const SUBTABLE: u32 = 1 << 14;
const ENDS_BLOCK: u32 = 1 << 13;

impl Entry {
    pub(crate) const INVALID: Self = Self(EXCEPTIONAL);
    const END_OF_BLOCK: Self = Self(EXCEPTIONAL | ENDS_BLOCK);

    const fn literal(byte: u8) -> Self {
        Self(LITERAL | (byte as u32) << 16)
    }

    const fn ranged(base: u16, extra: u8) -> Self {
        Self((base as u32) << 16 | extra as u32)
    }

    const fn subtable(start: usize, bits: u32, main_bits: u32) -> Self {
        Self(EXCEPTIONAL | SUBTABLE | (start as u32) << 16 | bits << 8 | main_bits)
    }

    /// The same meaning, reached by `bits` bits of code.
    const fn coded_in(self, bits: u32) -> Self {
        Self(self.0 + (bits << 8) + bits)
    }

    #[inline(always)]
    pub(crate) fn is_literal(self) -> bool {
        self.0 & LITERAL != 0
    }

    /// Neither a literal nor a range: a link to a subtable, the end of the block, or nothing at all.
    #[inline(always)]
    pub(crate) fn is_exceptional(self) -> bool {
        self.0 & EXCEPTIONAL != 0
    }

    /// Of an exceptional entry: a link to a subtable.
    #[inline(always)]
    pub(crate) fn is_subtable(self) -> bool {
        self.0 & SUBTABLE != 0
    }

    /// Of an exceptional entry: the end of the block.
    #[inline(always)]
    pub(crate) fn ends_block(self) -> bool {
        self.0 & ENDS_BLOCK != 0
    }

    /// The whole word; its low 6 bits are [`total_bits`](Self::total_bits). For arithmetic that
    /// ignores the rest.
    #[inline(always)]
    pub(crate) fn raw(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn total_bits(self) -> u32 {
        self.0 & 0x3f
    }

    #[inline(always)]
    fn code_bits(self) -> u32 {
        self.0 >> 8 & 0x1f
    }

    #[inline(always)]
    pub(crate) fn byte(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// Start of the range; for a code-length symbol, the symbol.
    #[inline(always)]
    pub(crate) fn base(self) -> usize {
        (self.0 >> 16) as usize
    }

    /// `base` plus the extra bits, where `bits` begin with this entry's code and go on with whatever follows.
    #[inline(always)]
    pub(crate) fn value(self, bits: u64) -> usize {
        let total = self.total_bits();
        // The same as masking with `low_mask(total)`, but `bits >> total` is wanted anyway.
        let own = bits ^ bits >> total << total;
        // The shift needs no mask: bit 13 is clear in these entries.
        self.base() + (own >> (self.0 >> 8 & 63)) as usize
    }

    #[inline(always)]
    fn subtable_start(self) -> usize {
        (self.0 >> 16 & 0x7fff) as usize
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({:#010x})", self.0)
    }
}

/// Meanings of the literal/length symbols, before their codes are known.
pub(crate) const LITERAL_LENGTH_MEANINGS: [Entry; 288] = {
    let mut meanings = [Entry::INVALID; 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol] = Entry::literal(symbol as u8);
        symbol += 1;
    }
    meanings[END_OF_BLOCK] = Entry::END_OF_BLOCK;
    let mut i = 0;
    while i < LENGTHS.len() {
        meanings[257 + i] = Entry::ranged(LENGTHS[i].base, LENGTHS[i].extra);
        i += 1;
    }
    meanings
};

/// Meanings of the distance symbols.
pub(crate) const DISTANCE_MEANINGS: [Entry; 32] = {
    let mut meanings = [Entry::INVALID; 32];
    let mut i = 0;
    while i < DISTANCES.len() {
        meanings[i] = Entry::ranged(DISTANCES[i].base, DISTANCES[i].extra);
        i += 1;
    }
    meanings
};

/// Meanings of the code-length symbols: themselves.
pub(crate) const CODE_LENGTH_MEANINGS: [Entry; 19] = {
    let mut meanings = [Entry::INVALID; 19];
    let mut i = 0;
    while i < meanings.len() {
        meanings[i] = Entry::ranged(i as u16, 0);
        i += 1;
    }
    meanings
};

/// What to do with a code that leaves bit patterns unused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incomplete {
    /// Refuse it.
    Refused,
    /// Accept it if it is a single code of one bit: the unused half becomes invalid entries.
    SingleBitAccepted,
}

/// The code lengths form no usable code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadCode;

/// Fills `table` with the canonical code (RFC 1951 §3.2.2) whose lengths, one per symbol, are given.
///
/// Accepts what zlib's `inflate_table` accepts:
///
/// - no code at all: every entry becomes invalid, an error only if the stream uses one. (Blocks
///   without matches have no distance code.)
/// - a complete code;
/// - an incomplete code under the rule of `incomplete`;
/// - never an over-subscribed code.
fn build(
    table: &mut [Entry],
    main_bits: u32,
    lengths: &[u8],
    meanings: &[Entry],
    incomplete: Incomplete,
) -> Result<(), BadCode> {
    let main_len = 1usize << main_bits;

    // How many symbols have codes of each length.
    let mut count = [0u16; MAX_CODE_BITS + 1];
    for &length in lengths {
        count[usize::from(length & 15)] += 1;
    }
    count[0] = 0;
    let Some(longest) = count.iter().rposition(|&n| n != 0) else {
        table[..main_len].fill(Entry::INVALID.coded_in(1));
        return Ok(());
    };

    // Kraft's sum: `unused` bit patterns of the current length are left to longer codes.
    let mut unused = 1i32;
    for &n in &count[1..] {
        unused = unused * 2 - i32::from(n);
        if unused < 0 {
            return Err(BadCode);
        }
    }

    // Symbols by code length, within a length in order of the alphabet: the order of the codes.
    let mut next = [0u16; MAX_CODE_BITS + 2];
    for length in 1..=MAX_CODE_BITS {
        next[length + 1] = next[length] + count[length];
    }
    let mut sorted = [0u16; 288];
    for (symbol, &length) in lengths.iter().enumerate() {
        if length != 0 {
            let slot = &mut next[usize::from(length & 15)];
            sorted[usize::from(*slot)] = symbol as u16;
            *slot += 1;
        }
    }
    let mut sorted = sorted.iter().map(|&symbol| meanings[usize::from(symbol)]);
    let mut next_meaning = || sorted.next().unwrap_or(Entry::INVALID);

    if unused > 0 {
        if incomplete == Incomplete::Refused || longest != 1 {
            return Err(BadCode);
        }
        let valid = next_meaning().coded_in(1);
        for pair in table[..main_len].chunks_exact_mut(2) {
            pair.copy_from_slice(&[valid, Entry::INVALID.coded_in(1)]);
        }
        return Ok(());
    }

    // Codes are sent most significant bit first into a stream read from the least significant bit, so
    // the table is indexed by reversed codes. Codes up to `length` bits decide an index's low `length`
    // bits: the filled part is valid for all of them and is repeated to grow the table by a bit.
    let mut code = 0usize; // reversed
    let mut filled = 0usize;
    for length in 1..=main_bits {
        if filled != 0 {
            table.copy_within(..filled, filled);
            filled *= 2;
        }
        let n = count.get(length as usize).copied().unwrap_or(0);
        if n != 0 && filled == 0 {
            filled = 1 << length;
        }
        for _ in 0..n {
            table[code] = next_meaning().coded_in(length);
            code = next_reversed(code, length);
        }
    }
    if longest as u32 <= main_bits {
        return Ok(());
    }

    // Longer codes: consecutive ones share their first `main_bits` bits and thus a subtable.
    let mut prefix = usize::MAX;
    let mut start = 0;
    let mut end = main_len;
    for length in main_bits + 1..=longest as u32 {
        for k in 0..count[length as usize] {
            if code & (main_len - 1) != prefix {
                prefix = code & (main_len - 1);
                start = end;
                // As wide as it takes until the codes still to come fill it.
                let mut bits = length - main_bits;
                let mut codes = usize::from(count[length as usize] - k);
                while codes < 1 << bits && ((main_bits + bits) as usize) < longest {
                    bits += 1;
                    codes = codes * 2 + usize::from(count[(main_bits + bits) as usize]);
                }
                end = start + (1 << bits);
                table[prefix] = Entry::subtable(start, bits, main_bits);
            }
            let entry = next_meaning().coded_in(length - main_bits);
            let first = start + (code >> main_bits);
            for slot in table[..end].iter_mut().skip(first).step_by(1 << (length - main_bits)) {
                *slot = entry;
            }
            code = next_reversed(code, length);
        }
    }
    Ok(())
}

/// The successor of a bit-reversed code of `length` bits: an increment that carries downwards.
/// After the last code (all ones) comes 0.
fn next_reversed(code: usize, length: u32) -> usize {
    let zeros = !code & ((1 << length) - 1);
    match zeros.checked_ilog2() {
        Some(highest) => code & ((1 << highest) - 1) | 1 << highest,
        None => 0,
    }
}
