//! What can be wrong with a deflate stream.

use thiserror::Error;

/// Why a deflate stream was refused. Every variant is final: the decoder must be
/// [`reset`](crate::Inflate::reset) before it can be used again.
///
/// The set of refused streams is zlib's (`inflate.c`, `inftrees.c`), the wording is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum InflateError {
    /// BTYPE is 3, which RFC 1951 §3.2.3 reserves.
    #[error("deflate block type 3 is reserved")]
    BlockType,
    /// NLEN of a stored block is not the complement of LEN (RFC 1951 §3.2.4).
    #[error(
        "stored block says its length is {len:#06x} and the complement is {complement:#06x}, which do not match"
    )]
    StoredLength {
        /// LEN as found.
        len: u16,
        /// NLEN as found; `!len` was expected.
        complement: u16,
    },
    /// The header of a dynamic block describes unusable codes (RFC 1951 §3.2.7).
    #[error("dynamic block header: {0}")]
    CodeLengths(CodeFault),
    /// Bits that are no literal/length code of the block.
    #[error("invalid literal/length code")]
    LiteralLength,
    /// Bits that are no distance code of the block.
    #[error("invalid distance code")]
    Distance,
    /// A match reaches before the start of the stream or of the known history.
    #[error("match reaches {distance} bytes back, but only {available} are there")]
    DistanceTooFar {
        /// Distance asked for, 1..=32768 bytes.
        distance: u16,
        /// Bytes that may be reached, fewer than `distance`.
        available: u16,
    },
}

/// What is wrong with the codes in a dynamic block's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum CodeFault {
    /// HLIT counts more than 286 literal/length codes or HDIST more than 30 distance codes.
    #[error("{literal_lengths} literal/length and {distances} distance codes, at most 286 and 30 exist")]
    TooManyCodes {
        /// HLIT + 257.
        literal_lengths: u16,
        /// HDIST + 1.
        distances: u16,
    },
    /// The code that codes the code lengths is over-subscribed or incomplete.
    #[error("the code for code lengths is over-subscribed or incomplete")]
    CodeLengthCode,
    /// A repeat has nothing to repeat or runs past the announced number of lengths.
    #[error("a repeated code length has no predecessor or runs past the last code")]
    Repeat,
    /// The block could never end: symbol 256 has no code.
    #[error("no code for end-of-block")]
    NoEndOfBlock,
    /// The literal/length code is over-subscribed or incomplete.
    #[error("the literal/length code is over-subscribed or incomplete")]
    LiteralLengthCode,
    /// The distance code is over-subscribed or incomplete.
    #[error("the distance code is over-subscribed or incomplete")]
    DistanceCode,
}
