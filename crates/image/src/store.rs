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
    collections::{BTreeMap, VecDeque, btree_map::Entry},
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
    /// What was asked for; `None` until it has arrived.
    pieces: BTreeMap<Extent, Option<Arc<[u8]>>>,
    asked: VecDeque<Extent>,
    /// Bytes of documents given out in this round, the same one again counted again: it is also
    /// parsed again, and a hostile index could list one large manifest a thousand times.
    round: u64,
}

impl Store {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, pieces: BTreeMap::new(), asked: VecDeque::new(), round: 0 }
    }

    /// Starts another round.
    pub(crate) fn begin_round(&mut self) {
        self.round = 0;
    }

    /// A whole document.
    pub(crate) fn document(&mut self, extent: Extent) -> Fetched {
        if extent.len > self.limits.max_document_bytes {
            return Fetched::TooLarge("max_document_bytes", self.limits.max_document_bytes);
        }
        let round = self.round.saturating_add(extent.len);
        if round > self.limits.max_total_document_bytes {
            return Fetched::TooLarge("max_total_document_bytes", self.limits.max_total_document_bytes);
        }
        self.round = round;
        self.piece(extent).map_or(Fetched::Later, Fetched::Here)
    }

    /// The first bytes of something large.
    pub(crate) fn peek(&mut self, extent: Extent) -> Option<Arc<[u8]>> {
        self.piece(Extent { offset: extent.offset, len: extent.len.min(PEEK) })
    }

    fn piece(&mut self, extent: Extent) -> Option<Arc<[u8]>> {
        if extent.len == 0 {
            return Some(Arc::from([]));
        }
        match self.pieces.entry(extent) {
            Entry::Occupied(piece) => piece.get().clone(),
            Entry::Vacant(place) => {
                place.insert(None);
                self.asked.push_back(extent);
                None
            }
        }
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
            self.pieces.insert(extent, Some(Arc::from(bytes)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_asked_for_once_and_is_there_in_the_next_round() {
        let mut store = Store::new(Limits::default());
        let extent = Extent { offset: 10, len: 3 };
        assert!(matches!(store.document(extent), Fetched::Later));
        assert!(matches!(store.document(extent), Fetched::Later));
        assert_eq!(store.next(), Some(extent));
        store.supply(b"abc");
        assert!(!store.is_waiting());
        assert!(matches!(store.document(extent), Fetched::Here(text) if *text == *b"abc"));
    }

    #[test]
    fn one_document_again_and_again_reaches_the_limit() {
        let limits = Limits { max_total_document_bytes: 7, ..Limits::default() };
        let mut store = Store::new(limits);
        let extent = Extent { offset: 10, len: 3 };
        assert!(matches!(store.document(extent), Fetched::Later));
        assert!(matches!(store.document(extent), Fetched::Later));
        assert!(matches!(store.document(extent), Fetched::TooLarge("max_total_document_bytes", 7)));
        store.begin_round();
        assert!(matches!(store.document(extent), Fetched::Later));
    }

    #[test]
    fn nothing_need_not_be_read() {
        let mut store = Store::new(Limits::default());
        assert_eq!(store.peek(Extent { offset: 5, len: 0 }).as_deref(), Some(&[][..]));
        assert!(!store.is_waiting());
    }
}
