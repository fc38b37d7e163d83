//! Bytes of the source that have been read, and those to read next.
//!
//! What must be read is known only once something else has been: a config's place is in the
//! manifest, whose place is in the index. Rather than keeping track of that, the code that reads
//! an image is written as if all bytes were at hand, and asks here for each piece. A piece that
//! is not there yet is noted, the code goes on with what it can reach, and is run again once
//! all noted pieces have arrived. It asks for nothing new in the end: four rounds for an image
//! in an index, one more per level of nesting.

use crate::{limits::Limits, source::Extent};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// How many bytes of a layer tell its compression: a tar header.
const PEEK: u64 = 512;

/// What asking for a document gives.
#[derive(Clone, Debug)]
pub(crate) enum Fetched {
    /// Its bytes.
    Here(Arc<[u8]>),
    /// They will be there in the next round.
    Later,
    /// It is larger than a limit allows; the limit's name and value.
    TooLarge(&'static str, u64),
}

#[derive(Debug)]
pub(crate) struct Store {
    limits: Limits,
    fetched: BTreeMap<Extent, Arc<[u8]>>,
    asked: VecDeque<Extent>,
    /// Bytes of all documents asked for.
    total: u64,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, fetched: BTreeMap::new(), asked: VecDeque::new(), total: 0 }
    }

    /// A whole document.
    pub(crate) fn document(&mut self, extent: Extent) -> Fetched {
        if extent.len == 0 {
            return Fetched::Here(Arc::from([]));
        }
        if let Some(bytes) = self.fetched.get(&extent) {
            return Fetched::Here(Arc::clone(bytes));
        }
        if self.asked.contains(&extent) {
            return Fetched::Later;
        }
        if extent.len > self.limits.max_document_bytes {
            return Fetched::TooLarge("max_document_bytes", self.limits.max_document_bytes);
        }
        let total = self.total.saturating_add(extent.len);
        if total > self.limits.max_total_document_bytes {
            return Fetched::TooLarge("max_total_document_bytes", self.limits.max_total_document_bytes);
        }
        self.total = total;
        self.asked.push_back(extent);
        Fetched::Later
    }

    /// The first bytes of something large.
    pub(crate) fn peek(&mut self, extent: Extent) -> Option<Arc<[u8]>> {
        let start = Extent { offset: extent.offset, len: extent.len.min(PEEK) };
        if start.len == 0 {
            return Some(Arc::from([]));
        }
        if let Some(bytes) = self.fetched.get(&start) {
            return Some(Arc::clone(bytes));
        }
        if !self.asked.contains(&start) {
            self.asked.push_back(start);
        }
        None
    }

    /// What to read next.
    pub(crate) fn next(&self) -> Option<Extent> {
        self.asked.front().copied()
    }

    /// Whether something was asked for that has not arrived, so that what was read so far is not
    /// the whole picture.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    /// The bytes of [`Store::next`].
    pub(crate) fn supply(&mut self, bytes: &[u8]) {
        if let Some(extent) = self.asked.pop_front() {
            self.fetched.insert(extent, Arc::from(bytes));
        }
    }
}
