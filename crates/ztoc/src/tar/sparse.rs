//! GNU sparse files in PAX headers.
//!
//! Three versions exist. 0.0 and 0.1 list the fragments in PAX records; 1.0 puts the list in front of
//! the file's data, as decimal lines padded to whole blocks, and Go reads it as part of the header:
//!
//! ```text
//!   ┌ PAX: GNU.sparse.major=1 minor=0 name=… realsize=… ┐┌─ map, 512·n ──┐┌─ fragments ─
//!   │                                                   ││ 2⏎0⏎5⏎9⏎3⏎000 ││ data…
//!   └───────────────────────────────────────────────────┘└───────────────┘└─────────────
//!                                        offset in the zTOC points here ──┘
//! ```
//!
//! Nothing of the map goes into the zTOC; it is read because Go refuses archives with a bad one.

use super::numbers::decimal;
use super::pax::Records;
use crate::error::{Fault, SparseProblem};

/// How an entry's fragments are listed, if it is sparse at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Versions 0.0 and 0.1: `GNU.sparse.map`.
    InRecords,
    /// Version 1.0: in front of the data.
    InData,
}

impl Form {
    pub(crate) fn of(records: &Records) -> Option<Self> {
        match (records.get(b"GNU.sparse.major"), records.get(b"GNU.sparse.minor")) {
            (b"0", b"0" | b"1") => Some(Self::InRecords),
            (b"1", b"0") => Some(Self::InData),
            (b"", b"") if !records.get(b"GNU.sparse.map").is_empty() => Some(Self::InRecords),
            // Versions from the future are plain files to Go.
            _ => None,
        }
    }
}

/// Checks the fragments of versions 0.0 and 0.1 for a file of `size` bytes.
pub(crate) fn check_records(records: &Records, size: i64) -> Result<(), Fault> {
    let count = fragment_count(records.get(b"GNU.sparse.numblocks"))?;
    let map = records.get(b"GNU.sparse.map");
    let numbers = if map.is_empty() { 0 } else { 1 + map.iter().filter(|&&byte| byte == b',').count() };
    if count.checked_mul(2) != Some(numbers as u64) {
        return Err(fault(SparseProblem::Pairs));
    }
    check_fragments(map.split(|&byte| byte == b',').take(numbers), size)
}

/// Collects the map of version 1.0 block by block.
#[derive(Clone, Debug, Default)]
pub(crate) struct MapReader {
    text: Vec<u8>,
    newlines: u64,
    count: Option<u64>,
}

impl MapReader {
    /// Takes the next bytes of the map.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.newlines += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.text.extend_from_slice(bytes);
    }

    /// Length of the map so far.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// At the end of a block: whether the map is complete, in which case it is also valid for a file
    /// of `size` bytes.
    pub(crate) fn is_complete(&mut self, size: i64) -> Result<bool, Fault> {
        let count = match self.count {
            Some(count) => count,
            None if self.newlines == 0 => return Ok(false),
            None => {
                let first = self.lines().next().unwrap_or_default();
                let count = fragment_count(first)?;
                self.count = Some(count);
                count
            }
        };
        let numbers = count.checked_mul(2).ok_or(fault(SparseProblem::Count))?;
        if self.newlines <= numbers {
            return Ok(false);
        }
        let numbers = usize::try_from(numbers).map_err(|_| fault(SparseProblem::Count))?;
        check_fragments(self.lines().skip(1).take(numbers), size)?;
        Ok(true)
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|&byte| byte == b'\n')
    }
}

fn fragment_count(text: &[u8]) -> Result<u64, Fault> {
    decimal(text)
        .filter(|count| count.checked_mul(2).is_some())
        .and_then(|count| u64::try_from(count).ok())
        .ok_or(fault(SparseProblem::Count))
}

/// Fragments must be in order, apart, and inside the file: `offset, length, offset, length, …`.
fn check_fragments<'a>(numbers: impl Iterator<Item = &'a [u8]>, size: i64) -> Result<(), Fault> {
    let mut numbers = numbers.map(decimal);
    // Go reads all numbers before it checks the first pair.
    let mut in_bounds = size >= 0;
    let mut previous_end = 0;
    while let Some(offset) = numbers.next() {
        let (Some(offset), Some(Some(length))) = (offset, numbers.next()) else {
            return Err(fault(SparseProblem::Number));
        };
        let end = offset.checked_add(length).filter(|&end| end <= size);
        in_bounds &= offset >= previous_end && length >= 0 && end.is_some();
        previous_end = end.unwrap_or(size);
    }
    if in_bounds { Ok(()) } else { Err(fault(SparseProblem::Bounds)) }
}

fn fault(problem: SparseProblem) -> Fault {
    Fault::SparseMap { problem }
}
