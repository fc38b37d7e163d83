//! JSON the way Go's `encoding/json` reads and writes it.
//!
//! Why an own reader: a rewritten manifest is hashed, and the hash decides whether a registry
//! calls two files the same. So we must agree with the reference not only about well-behaved
//! documents but about every document it accepts:
//!
//! | where | what Go does |
//! |---|---|
//! | keys | match in any letter case (and by Unicode folding: `ſ` is `s`, the Kelvin sign is `k`) |
//! | a key twice | the second value is decoded *into* the first: scalars are replaced, objects and maps merged, array elements overlaid |
//! | `null` | empties a list, map or pointer; leaves a string, number or object as it is |
//! | text | a byte that is not UTF-8, and half a surrogate pair, become U+FFFD each |
//! | integers | must be written as such: `3e2` and `3.0` are errors |
//! | unknown keys | skipped, but must be well-formed |
//! | depth | at most 10 000 |
//! | output | compact; struct order; `<`, `>`, `&`, U+2028 and U+2029 escaped |
//!
//! Nothing here builds a tree. [`Reader`] pulls the few fields a type knows and skips the rest
//! with a small explicit stack, so a hostile document costs neither memory nor call stack.
//!
//! Source: Go 1.26 `encoding/json` (`decode.go`, `scanner.go`, `fold.go`, `encode.go`).

mod decode;
mod read;
mod text;
mod write;

pub(crate) use decode::{Decode, parse, parse_first, pointer};
pub(crate) use read::Reader;
pub(crate) use write::{Encode, Object, to_json};

use std::fmt;

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: {problem}")]
pub struct JsonError {
    /// Byte offset in the document.
    pub offset: u64,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a JSON document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonProblem {
    /// The text stops too early.
    End,
    /// A byte that cannot stand here.
    Unexpected {
        /// The byte.
        found: u8,
        /// What could stand here.
        wanted: &'static str,
    },
    /// A value of another type than the field has.
    Type {
        /// The kind of value found.
        found: &'static str,
        /// The kind of value the field holds.
        wanted: &'static str,
    },
    /// More than 10 000 arrays and objects inside one another.
    Depth,
    /// A string that should be base64 and is not.
    Base64,
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the text ends too early"),
            Self::Unexpected { found, wanted } => {
                write!(f, "found `{}` where {wanted} belongs", found.escape_ascii())
            }
            Self::Type { found, wanted } => write!(f, "found {found} where {wanted} belongs"),
            Self::Depth => f.write_str("nested more than 10000 deep"),
            Self::Base64 => f.write_str("not base64"),
        }
    }
}
