//! Following offsets in a FlatBuffer that nobody vouches for.
//!
//! ```text
//!   root u32 ──► table                      vtable
//!                ┌──────────────┬───────┐   ┌──────┬────────┬─────────┬─────────┬──
//!                │ −vtable  i32 │ field │   │ size │ table  │ field 0 │ field 1 │ …   u16 each,
//!                └──────────────┴───┬───┘   │      │ size   │ offset  │ offset  │     0 = absent
//!                                   │       └──────┴────────┴─────────┴─────────┴──
//!                                   └─► u32 forward to a string, vector or table
//! ```
//!
//! The reference reads without checks and relies on Go's bounds panics. Here every read is a
//! [`slice::get`], so the worst a file can do is to be refused. Nothing is copied and nothing is
//! allocated: a vector's count is only believed when its bytes are there.

use super::slot;
use std::num::TryFromIntError;

/// Why a file is not a zTOC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("zTOC byte {at}: {problem}")]
pub struct ReadError {
    /// Position in the file.
    pub at: usize,
    /// What is wrong there.
    pub problem: ReadProblem,
}

/// What is wrong with a zTOC file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadProblem {
    /// An offset or a length leads out of the file.
    #[error("expected {what}, found the end of the file")]
    OutOfBounds {
        /// What should be there.
        what: &'static str,
    },
    /// A table that must be there is absent.
    #[error("expected {what}, found none")]
    Missing {
        /// Which one.
        what: &'static str,
    },
    /// Version or build tool is not UTF-8.
    #[error("expected UTF-8 text for the {what}")]
    NotUtf8 {
        /// Which one.
        what: &'static str,
    },
    /// A size or position is negative.
    #[error("expected a {what} of 0 or more, found {found}")]
    Negative {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: i64,
    },
    /// The compression algorithm is neither 1 (gzip) nor 2 (uncompressed).
    #[error("expected compression algorithm 1 (gzip) or 2 (uncompressed), found {found}")]
    Algorithm {
        /// Its value.
        found: i8,
    },
    /// An entry's type is none of the seven words.
    #[error("expected an entry type (reg, dir, …) for entry {entry}, found \"{found}\"")]
    EntryKind {
        /// Index of the entry.
        entry: usize,
        /// The word, escaped.
        found: String,
    },
    /// Offsets lead to the same bytes over and over, so that reading all of it would take far longer
    /// than the file is long.
    #[error("expected entries with text of their own, found entries that share it many times over")]
    Overlap,
    /// The checkpoint blob's length does not fit the count in it.
    #[error("expected {expected} bytes of checkpoints for a count of {count}, found {found}")]
    CheckpointSize {
        /// As the blob says.
        count: i32,
        /// The size for that count.
        expected: i64,
        /// The blob's size.
        found: usize,
    },
    /// A checkpoint with negative offsets or more than seven bits.
    #[error("expected a position and 0 to 7 bits for checkpoint {index}, found something else")]
    Checkpoint {
        /// Which one.
        index: usize,
    },
}

type Result<T> = std::result::Result<T, ReadError>;

fn out_of_bounds(at: usize, what: &'static str) -> ReadError {
    ReadError { at, problem: ReadProblem::OutOfBounds { what } }
}

/// `N` bytes at a position.
fn array<const N: usize>(file: &[u8], at: usize, what: &'static str) -> Result<[u8; N]> {
    file.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(out_of_bounds(at, what))
}

/// Follows the u32 offset at a position.
fn follow(file: &[u8], at: usize, what: &'static str) -> Result<usize> {
    let offset = u32::from_le_bytes(array(file, at, what)?);
    usize::try_from(offset).ok().and_then(|offset| at.checked_add(offset)).ok_or(out_of_bounds(at, what))
}

/// A string's or byte vector's contents.
fn bytes<'a>(file: &'a [u8], at: usize, what: &'static str) -> Result<&'a [u8]> {
    elements(file, at, 1, what)
}

/// The elements of the vector at a position, as bytes.
fn elements<'a>(file: &'a [u8], at: usize, size: usize, what: &'static str) -> Result<&'a [u8]> {
    let error = out_of_bounds(at, what);
    let count = u32::from_le_bytes(array(file, at, what)?);
    let length = usize::try_from(count)
        .map_err(|_: TryFromIntError| error.clone())?
        .checked_mul(size)
        .ok_or(error.clone())?;
    let rest = at.checked_add(4).and_then(|start| file.get(start..));
    rest.and_then(|rest| rest.get(..length)).ok_or(error)
}

/// A table whose vtable lies inside the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    file: &'a [u8],
    at: usize,
    /// The offsets of the fields.
    fields: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table that the file's first four bytes lead to.
    pub(crate) fn root(file: &'a [u8]) -> Result<Self> {
        Self::at(file, follow(file, 0, "the root table")?, "the root table")
    }

    fn at(file: &'a [u8], at: usize, what: &'static str) -> Result<Self> {
        let error = out_of_bounds(at, what);
        let back = i32::from_le_bytes(array(file, at, what)?);
        let vtable = isize::try_from(back)
            .ok()
            .and_then(|back| 0isize.checked_sub(back))
            .and_then(|back| at.checked_add_signed(back))
            .ok_or(error.clone())?;
        let size = usize::from(u16::from_le_bytes(array(file, vtable, what)?));
        let fields = file
            .get(vtable..)
            .and_then(|rest| rest.get(..size))
            // The first two words are sizes.
            .and_then(|vtable| vtable.get(4..))
            .ok_or(error)?;
        Ok(Self { file, at, fields })
    }

    /// Where the table begins in the file.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Where a field's inline bytes lie; `None` when it is absent.
    pub(crate) fn field(&self, slot: u16) -> Option<usize> {
        let start = usize::from(slot) * 2;
        let offset: [u8; 2] = *self.fields.get(start..)?.first_chunk()?;
        match u16::from_le_bytes(offset) {
            0 => None,
            offset => self.at.checked_add(usize::from(offset)),
        }
    }

    fn scalar<const N: usize>(&self, slot: u16, what: &'static str) -> Result<Option<[u8; N]>> {
        self.field(slot).map(|at| array(self.file, at, what)).transpose()
    }

    pub(crate) fn i8(&self, slot: u16, default: i8, what: &'static str) -> Result<i8> {
        Ok(self.scalar(slot, what)?.map_or(default, i8::from_le_bytes))
    }

    pub(crate) fn i32(&self, slot: u16, what: &'static str) -> Result<i32> {
        Ok(self.scalar(slot, what)?.map_or(0, i32::from_le_bytes))
    }

    pub(crate) fn u32(&self, slot: u16, what: &'static str) -> Result<u32> {
        Ok(self.scalar(slot, what)?.map_or(0, u32::from_le_bytes))
    }

    pub(crate) fn i64(&self, slot: u16, what: &'static str) -> Result<i64> {
        Ok(self.scalar(slot, what)?.map_or(0, i64::from_le_bytes))
    }

    /// A number that must not be negative.
    pub(crate) fn size(&self, slot: u16, what: &'static str) -> Result<u64> {
        let found = self.i64(slot, what)?;
        u64::try_from(found)
            .map_err(|_| ReadError { at: self.at, problem: ReadProblem::Negative { what, found } })
    }

    /// A string or byte vector, empty when absent.
    pub(crate) fn bytes(&self, slot: u16, what: &'static str) -> Result<&'a [u8]> {
        match self.field(slot) {
            None => Ok(&[]),
            Some(at) => bytes(self.file, follow(self.file, at, what)?, what),
        }
    }

    /// A string that must be UTF-8.
    pub(crate) fn text(&self, slot: u16, what: &'static str) -> Result<&'a str> {
        std::str::from_utf8(self.bytes(slot, what)?)
            .map_err(|_| ReadError { at: self.at, problem: ReadProblem::NotUtf8 { what } })
    }

    /// A table that must be there.
    pub(crate) fn table(&self, slot: u16, what: &'static str) -> Result<Self> {
        let missing = ReadError { at: self.at, problem: ReadProblem::Missing { what } };
        let at = self.field(slot).ok_or(missing)?;
        Self::at(self.file, follow(self.file, at, what)?, what)
    }

    /// A vector of offsets, empty when absent.
    pub(crate) fn offsets(&self, slot: u16, what: &'static str) -> Result<Offsets<'a>> {
        let Some(at) = self.field(slot) else { return Ok(Offsets { file: self.file, at: 0, rest: &[] }) };
        let at = follow(self.file, at, what)?;
        let rest = elements(self.file, at, 4, what)?;
        Ok(Offsets { file: self.file, at: at + 4, rest })
    }
}

/// A vector of offsets to tables or strings: all of its offsets lie in the file, what they lead to is
/// checked as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offsets<'a> {
    file: &'a [u8],
    /// Where `rest` begins in the file.
    at: usize,
    rest: &'a [u8],
}

impl<'a> Offsets<'a> {
    pub(crate) fn len(&self) -> usize {
        self.rest.len() / 4
    }

    fn next_target(&mut self, what: &'static str) -> Option<Result<usize>> {
        let at = self.at;
        self.rest = self.rest.get(4..)?;
        self.at += 4;
        Some(follow(self.file, at, what))
    }

    pub(crate) fn next_table(&mut self, what: &'static str) -> Option<Result<Table<'a>>> {
        let target = self.next_target(what)?;
        Some(target.and_then(|at| Table::at(self.file, at, what)))
    }

    pub(crate) fn next_bytes(&mut self, what: &'static str) -> Option<Result<&'a [u8]>> {
        let target = self.next_target(what)?;
        Some(target.and_then(|at| bytes(self.file, at, what)))
    }
}

/// The PAX records of an entry in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct XattrVector<'a>(Offsets<'a>);

impl<'a> XattrVector<'a> {
    pub(crate) fn new(records: Offsets<'a>) -> Self {
        Self(records)
    }

    /// Looks at every record, so that reading them later cannot fail.
    pub(crate) fn check(&self, budget: &mut Budget) -> Result<()> {
        let Self(mut rest) = *self;
        while let Some(record) = next_record(&mut rest) {
            let (key, value) = record?;
            budget.spend(rest.at, size_of::<u32>() + key.len() + value.len())?;
        }
        Ok(())
    }
}

/// How much may be read. Offsets may lead to one place many times, and a few kilobytes of them could
/// stand for terabytes; nobody who writes zTOCs shares more than a word here and there.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn for_file(file: &[u8]) -> Self {
        Self(file.len().saturating_mul(4))
    }

    pub(crate) fn spend(&mut self, at: usize, bytes: usize) -> Result<()> {
        let overlap = ReadError { at, problem: ReadProblem::Overlap };
        self.0 = self.0.checked_sub(bytes).ok_or(overlap)?;
        Ok(())
    }
}

impl<'a> Iterator for XattrVector<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        next_record(&mut self.0)?.ok()
    }
}

fn next_record<'a>(records: &mut Offsets<'a>) -> Option<Result<(&'a [u8], &'a [u8])>> {
    let table = records.next_table("a PAX record")?;
    Some(table.and_then(|table| {
        let key = table.bytes(slot::xattr::KEY, "a PAX record's key")?;
        let value = table.bytes(slot::xattr::VALUE, "a PAX record's value")?;
        Ok((key, value))
    }))
}
