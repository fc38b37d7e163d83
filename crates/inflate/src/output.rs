//! Where decoded bytes go.

use crate::alphabet::MAX_MATCH;

/// How far back a match can reach, and so the history a decoder needs to go on from a block
/// boundary: 32 KiB (RFC 1951 §2).
pub const WINDOW_SIZE: usize = 32768;

/// Room behind the last position where a step of the decoder may start. The fast gear writes up to
/// a literal and a match, and copies matches 16 bytes at a time.
pub(crate) const SLACK: usize = 1 + MAX_MATCH + 16;

/// The history any match can reach, followed by room for any step: what the fast gear works on.
/// `window[WINDOW_SIZE]` is the next byte to be written.
pub(crate) type Window = [u8; WINDOW_SIZE + SLACK];

const DEFAULT_CHUNK: usize = 256 * 1024;

/// A linear buffer that keeps the last 32 KiB in front of whatever is written next.
///
/// ```text
///   0            reach                    drained          position    limit         len
///   ├──────────────┼─────────────────────────┼────────────────┼──────────┼────────────┤
///   │ older, out   │ may be the target of    │ pending():     │ to be    │ slack: the │
///   │ of reach     │ a match                 │ not yet taken  │ written  │ last step  │
///   └──────────────┴─────────────────────────┴────────────────┴──────────┴────────────┘
///                        └───────── window(): 32 KiB ─────────┘
/// ```
///
/// Invariants, checked in debug builds after every step:
///
/// - `WINDOW_SIZE <= position`, so the window is always one contiguous slice;
/// - `reach <= position` and `drained <= position`;
/// - a step starts only where `position < limit`, so that `position < len` afterwards;
/// - `len == limit + SLACK - 1`.
///
/// When the decoder meets a full buffer (`position >= limit`) whose bytes were all drained, it slides:
/// the last 32 KiB move to the front. With the default chunk that copies one byte for
/// every eight decoded.
///
/// Memory: 32 KiB + chunk + 274 bytes, fixed at construction.
#[derive(Debug, Clone)]
pub struct Output {
    buffer: Box<[u8]>,
    limit: usize,
    position: usize,
    drained: usize,
    reach: usize,
    total: u64,
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

impl Output {
    /// An empty output with room for 256 KiB between drains.
    #[must_use]
    pub fn new() -> Self {
        Self::with_chunk(DEFAULT_CHUNK)
    }

    /// An empty output with room for about `chunk` bytes between drains.
    ///
    /// Decoding pauses at the first symbol boundary at or after `chunk` pending bytes, so
    /// [`pending`](Self::pending) can be up to 258 bytes longer. 0 counts as 1.
    #[must_use]
    pub fn with_chunk(chunk: usize) -> Self {
        let limit = WINDOW_SIZE + chunk.max(1);
        Self {
            buffer: vec![0; limit + SLACK - 1].into_boxed_slice(),
            limit,
            position: WINDOW_SIZE,
            drained: WINDOW_SIZE,
            reach: WINDOW_SIZE,
            total: 0,
        }
    }

    /// An output that goes on after `history`: matches may reach into its last 32 KiB, and
    /// [`window`](Self::window) begins with them. Nothing is pending and [`total`](Self::total) is 0.
    ///
    /// This and [`Inflate::resume`](crate::Inflate::resume) restart decoding at a block boundary.
    #[must_use]
    pub fn with_history(history: &[u8]) -> Self {
        let mut output = Self::new();
        let tail = &history[history.len().saturating_sub(WINDOW_SIZE)..];
        output.reach = WINDOW_SIZE - tail.len();
        output.buffer[output.reach..WINDOW_SIZE].copy_from_slice(tail);
        output
    }

    /// Starts a new stream: matches may not reach before this point, as zlib demands of every gzip
    /// member. Bytes, [`total`](Self::total) and [`window`](Self::window) carry on.
    pub fn begin_member(&mut self) {
        self.reach = self.position;
    }

    /// Bytes produced since construction, over all members.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes produced and not yet drained.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.drained..self.position]
    }

    /// The pending bytes, which from now on count as taken.
    pub fn drain(&mut self) -> &[u8] {
        let start = std::mem::replace(&mut self.drained, self.position);
        &self.buffer[start..self.position]
    }

    /// The last 32 KiB produced, across members, zero-filled on the left while fewer exist.
    /// Always [`WINDOW_SIZE`] bytes long.
    #[must_use]
    pub fn window(&self) -> &[u8] {
        &self.buffer[self.position - WINDOW_SIZE..self.position]
    }

    /// Makes room if all was drained; false when the caller must drain first.
    pub(crate) fn make_room(&mut self) -> bool {
        if self.position >= self.limit && self.drained == self.position {
            let shift = self.position - WINDOW_SIZE;
            self.buffer.copy_within(shift..self.position, 0);
            self.position = WINDOW_SIZE;
            self.drained = WINDOW_SIZE;
            self.reach = self.reach.saturating_sub(shift);
            self.debug_assert_invariants();
        }
        !self.is_full()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.position >= self.limit
    }

    /// Bytes a match may reach back, saturating somewhere above the largest distance.
    pub(crate) fn available(&self) -> usize {
        self.position - self.reach
    }

    /// The buffer from the start of the window on: write at `[WINDOW_SIZE]`, then [`advance`](Self::advance).
    ///
    /// A whole [`Window`] fits exactly when the output is not full.
    pub(crate) fn window_onwards(&mut self) -> &mut [u8] {
        &mut self.buffer[self.position - WINDOW_SIZE..]
    }

    /// Room up to the limit.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer[self.position.min(self.limit)..self.limit]
    }

    /// Counts `n` bytes as written.
    pub(crate) fn advance(&mut self, n: usize) {
        self.position += n;
        self.total += n as u64;
        self.debug_assert_invariants();
    }

    #[inline]
    fn debug_assert_invariants(&self) {
        debug_assert!(self.position >= WINDOW_SIZE);
        debug_assert!(self.reach <= self.position);
        debug_assert!(self.drained <= self.position);
        debug_assert!(self.position < self.buffer.len());
        debug_assert_eq!(self.buffer.len(), self.limit + SLACK - 1);
    }
}
