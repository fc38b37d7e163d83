//! A decoder for raw deflate (RFC 1951) that stops at every block boundary.
//!
//! # What deflate is
//!
//! A deflate stream is a string of bits, cut into *blocks*. A block says in its first three bits how it is
//! coded and whether it is the last one:
//!
//! ```text
//!           ┌ final?  kind               content
//!   ┌───────┴──┬──────────┬──────────────────────────────────────────────────────────┐
//!   │ BFINAL 0 │ stored   │ to the next byte, length, ~length, that many bytes       │
//!   ├──────────┼──────────┼──────────────────────────────────────────────────────────┤
//!   │ BFINAL 0 │ dynamic  │ two Huffman codes, then symbols in them … end-of-block   │
//!   ├──────────┼──────────┼──────────────────────────────────────────────────────────┤
//!   │ BFINAL 1 │ fixed    │ symbols in the codes of the RFC … end-of-block           │
//!   └──────────┴──────────┴──────────────────────────────────────────────────────────┘
//! ```
//!
//! A symbol is either a *literal*, the next byte itself, or the length of a *match*; then a distance follows, and
//! the bytes from that far back come again. `Blah blah` has nine bytes and seven symbols: six literals,
//! ` ` and `b` among them, and a match of length 3 and distance 5 for `lah`.
//!
//! Matches reach up to [`WINDOW_SIZE`] bytes back and across blocks, but nothing else does. So whoever has
//! the *position of a block boundary* and the *window* of 32 KiB in front of it can begin to decode there. That
//! pair is a checkpoint, and this crate exists to find them:
//!
//! ```text
//!   compressed   … 01101001 110│10010 10110100 …
//!                     consumed ──────┤            bytes taken, the last one shared by both blocks
//!                              ├────┤             unused_bits() = 5 of it belong to the next block
//!
//!   decoded      …─────────────┤
//!                ├─ window() ──┤                  the 32 KiB before the boundary
//!                      total() ┤                  bytes decoded so far
//! ```
//!
//! (The picture shows bytes the way deflate fills them, lowest bit first.)
//!
//! # How it is used
//!
//! Bytes are pushed into [`Inflate::decode`], in pieces of any size; decoded ones are drained from an [`Output`].
//! The cuts never show: blocks, bytes and errors are the same for every slicing.
//!
//! ```
//! use sociscope_inflate::{Inflate, Output, Status};
//!
//! // "Blah blah blah!" and " blah blah blah." in two fixed blocks, by zlib.
//! let stream = [
//!     0x72, 0xca, 0x49, 0xcc, 0x50, 0x48, 0x82, 0x11, //
//!     0x8a, 0x80, 0x21, 0x98, 0x60, 0x42, 0x0f, 0x00,
//! ];
//!
//! let mut inflate = Inflate::new();
//! let mut output = Output::new();
//! let mut consumed = 0;
//! let mut boundaries = Vec::new();
//! for piece in stream.chunks(4) {
//!     let mut rest = piece;
//!     loop {
//!         let step = inflate.decode(rest, &mut output)?;
//!         consumed += step.consumed;
//!         rest = &rest[step.consumed..];
//!         match step.status {
//!             Status::NeedInput => break,
//!             Status::OutputFull => { output.drain(); }
//!             Status::EndOfBlock(block) => {
//!                 boundaries.push((consumed, inflate.unused_bits(), output.total()));
//!                 if block.is_final {
//!                     break;
//!                 }
//!             }
//!         }
//!     }
//! }
//! assert_eq!(output.pending(), b"Blah blah blah! blah blah blah.");
//! assert_eq!(boundaries, [(10, 1, 15), (16, 4, 31)]);
//!
//! // The second block again, from its checkpoint.
//! let (consumed, unused_bits, _) = boundaries[0];
//! let mut inflate = Inflate::resume(unused_bits, stream[consumed - 1]);
//! let mut output = Output::with_history(b"Blah blah blah!");
//! inflate.decode(&stream[consumed..], &mut output)?;
//! assert_eq!(output.pending(), b" blah blah blah.");
//! # Ok::<(), sociscope_inflate::InflateError>(())
//! ```
//!
//! # What is accepted
//!
//! Exactly the streams that zlib accepts, because a decoder that is stricter or laxer would make zTOCs the reference
//! does not make. [`InflateError`] lists what is refused. What is *not* here: gzip headers and checksums, and any I/O.
//!
//! # Where to go next
//!
//! | module | is about |
//! |---|---|
//! | `inflate` | the decoder as a whole, between two calls |
//! | `header` | what a block begins with |
//! | `codes`, `table`, `alphabet` | Huffman codes as lookup tables, and what their symbols mean |
//! | `symbols`, `fast`, `copy` | the content of a block, slowly near the ends and fast in between |
//! | `bits`, `output` | where bits come from and bytes go to |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod alphabet;
mod bits;
mod codes;
mod copy;
mod error;
mod fast;
mod header;
mod inflate;
mod output;
mod symbols;
mod table;

pub use error::{CodeFault, InflateError};
pub use inflate::Inflate;
pub use output::{Output, WINDOW_SIZE};

/// How a block is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// Bytes as they are, up to 65535 of them (BTYPE 0).
    Stored,
    /// Symbols in the codes of RFC 1951 §3.2.6 (BTYPE 1).
    Fixed,
    /// Symbols in codes that the block's header describes (BTYPE 2).
    Dynamic,
}

/// A block, as its first three bits describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// How the block is coded.
    pub kind: BlockKind,
    /// BFINAL: the deflate stream ends with this block.
    pub is_final: bool,
}

/// Why [`Inflate::decode`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of the input was taken. Call again with what follows it, if anything does; the stream is
    /// truncated otherwise.
    NeedInput,
    /// The output is full. Drain it, then call again with the rest of the input.
    OutputFull,
    /// This block just ended. Unless it was the final one, call again with the rest of the input.
    EndOfBlock(Block),
}

/// What one call of [`Inflate::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes of `input` taken, from its start.
    pub consumed: usize,
    /// Why decoding stopped.
    pub status: Status,
}
