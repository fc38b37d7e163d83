//! PAX extended headers: records of text in front of an entry.
//!
//! ```text
//!   30 mtime=1350244992.023960108\n
//!   └┘ └───┘ └──────────────────┘
//!   length of the whole record, its own digits and the newline included
//! ```

use super::numbers::decimal;
use crate::error::{Fault, PaxProblem, excerpt};
use std::ops::Range;

/// The records of one extended header, sorted by key, each key once (the last one given).
///
/// The text stays as it was read; records are ranges of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    text: Vec<u8>,
    /// Key and value.
    index: Vec<(Range<usize>, Range<usize>)>,
}

/// Records that Go folds into one `GNU.sparse.map`, as version 0.1 of the format writes it.
const SPARSE_OFFSET: &[u8] = b"GNU.sparse.offset";
const SPARSE_LENGTH: &[u8] = b"GNU.sparse.numbytes";
const SPARSE_MAP: &[u8] = b"GNU.sparse.map";

impl Records {
    /// Reads the body of an extended header, which becomes part of the result.
    pub(crate) fn parse(text: Vec<u8>) -> Result<Self, Fault> {
        let mut records = Self { text, index: Vec::new() };
        let mut fragments: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        let end = records.text.len();
        while start < end {
            let rest = records.text.get(start..end).unwrap_or_default();
            let fault = |problem| Fault::PaxRecord { problem, record: excerpt(rest) };
            let record = split_record(rest).map_err(fault)?;
            let (key, value) = (shift(&record.key, start), shift(&record.value, start));
            let sparse_turn = match records.bytes(&key) {
                SPARSE_OFFSET => Some(0),
                SPARSE_LENGTH => Some(1),
                _ => None,
            };
            match sparse_turn {
                None => records.index.push((key, value)),
                Some(turn) => {
                    if fragments.len() % 2 != turn || records.bytes(&value).contains(&b',') {
                        return Err(fault(PaxProblem::SparseOrder));
                    }
                    fragments.push(value);
                }
            }
            start += record.length;
        }
        if !fragments.is_empty() {
            records.push_sparse_map(&fragments);
        }
        records.keep_last_of_each_key();
        Ok(records)
    }

    /// Version 0.0 of the sparse format repeats its keys, which PAX forbids, so Go rewrites it as
    /// version 0.1. The zTOC shows the rewritten record.
    fn push_sparse_map(&mut self, fragments: &[Range<usize>]) {
        let key = self.text.len()..self.text.len() + SPARSE_MAP.len();
        self.text.extend_from_slice(SPARSE_MAP);
        for (index, fragment) in fragments.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            self.text.extend_from_within(fragment.clone());
        }
        let value = key.end..self.text.len();
        self.index.push((key, value));
    }

    fn keep_last_of_each_key(&mut self) {
        let text = &self.text;
        let key_of = |record: &(Range<usize>, Range<usize>)| text.get(record.0.clone()).unwrap_or_default();
        // Later records come first among equals, then all but the first of a run go.
        self.index.reverse();
        self.index.sort_by(|a, b| key_of(a).cmp(key_of(b)));
        self.index.dedup_by(|a, b| key_of(a) == key_of(b));
    }

    /// The value of a key, or nothing; Go does not tell an absent record from an empty one either.
    pub(crate) fn get(&self, key: &[u8]) -> &[u8] {
        self.index
            .binary_search_by(|record| self.bytes(&record.0).cmp(key))
            .ok()
            .and_then(|found| self.index.get(found))
            .map_or(&[], |record| self.bytes(&record.1))
    }

    /// The records, sorted by key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|(key, value)| (self.bytes(key), self.bytes(value)))
    }

    fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.text.get(range.clone()).unwrap_or_default()
    }
}

fn shift(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[derive(Debug)]
struct Record {
    length: usize,
    key: Range<usize>,
    value: Range<usize>,
}

/// Splits the first record off.
fn split_record(text: &[u8]) -> Result<Record, PaxProblem> {
    let space = text.iter().position(|&byte| byte == b' ').ok_or(PaxProblem::Length)?;
    let length = text
        .get(..space)
        .and_then(decimal)
        // The shortest record is "5 a=\n"; Go asks for 5 before it looks at the digits' own length.
        .filter(|&length| length >= 5)
        .and_then(|length| usize::try_from(length).ok())
        .filter(|&length| length > space + 1 && length <= text.len())
        .ok_or(PaxProblem::Length)?;
    let start = space + 1;
    let (body, newline) = text
        .get(start..length)
        .and_then(|record| record.split_last().map(|(newline, body)| (body, *newline)))
        .ok_or(PaxProblem::Length)?;
    if newline != b'\n' {
        return Err(PaxProblem::Newline);
    }
    let equals = body.iter().position(|&byte| byte == b'=').ok_or(PaxProblem::KeyValue)?;
    let (key, value) = (body.get(..equals).unwrap_or_default(), body.get(equals + 1..).unwrap_or_default());
    if key.is_empty() {
        return Err(PaxProblem::KeyValue);
    }
    let must_be_text = match key {
        b"path" | b"linkpath" | b"uname" | b"gname" => value,
        _ => key,
    };
    if must_be_text.contains(&0) {
        return Err(PaxProblem::Nul);
    }
    Ok(Record { length, key: start..start + equals, value: start + equals + 1..length - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[(&str, &str)], PaxProblem>) {
        let found = match Records::parse(text.as_bytes().to_vec()) {
            Ok(records) => Ok(records
                .iter()
                .map(|(key, value)| {
                    (String::from_utf8_lossy(key).into_owned(), String::from_utf8_lossy(value).into_owned())
                })
                .collect::<Vec<_>>()),
            Err(Fault::PaxRecord { problem, .. }) => Err(problem),
            Err(other) => panic!("{other}"),
        };
        let expected = expected.map(|records| {
            records.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn records_are_sorted_and_the_last_of_a_key_wins() {
        check("", Ok(&[]));
        check("5 a=\n", Ok(&[("a", "")]));
        check("6 b=1\n6 a=2\n6 b=3\n", Ok(&[("a", "2"), ("b", "3")]));
        check("11 path=a=b\n", Err(PaxProblem::Newline));
        check("12 path=a=b\n", Ok(&[("path", "a=b")]));
        check("7 k=\u{0}\u{0}\n", Ok(&[("k", "\u{0}\u{0}")]));
    }

    #[test]
    fn malformed_records_name_their_problem() {
        for (text, problem) in [
            ("abc", PaxProblem::Length),
            ("x a=\n", PaxProblem::Length),
            ("4 a\n", PaxProblem::Length),
            ("-6 a=1\n", PaxProblem::Length),
            ("99 a=1\n", PaxProblem::Length),
            ("000005 a=1\n", PaxProblem::Length),
            ("6 a=12\n", PaxProblem::Newline),
            ("6 abc\n", PaxProblem::KeyValue),
            ("6 =ab\n", PaxProblem::KeyValue),
            ("8 a\u{0}b=1\n", PaxProblem::Nul),
            ("9 path=\u{0}\n", PaxProblem::Nul),
        ] {
            check(text, Err(problem));
        }
    }

    #[test]
    fn sparse_version_0_0_becomes_0_1() {
        check(
            "23 GNU.sparse.offset=1\n25 GNU.sparse.numbytes=2\n23 GNU.sparse.offset=5\n25 GNU.sparse.numbytes=7\n",
            Ok(&[("GNU.sparse.map", "1,2,5,7")]),
        );
        check("25 GNU.sparse.numbytes=2\n", Err(PaxProblem::SparseOrder));
        check("25 GNU.sparse.offset=1,2\n", Err(PaxProblem::SparseOrder));
    }
}
