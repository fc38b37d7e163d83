//! Hashes spans with WebCrypto, beside the decoding.
//!
//! The browser hashes on another thread and with the processor's own instructions, three times
//! as fast as WebAssembly can. It only takes whole messages, so the bytes of the span being read
//! are kept here until the builder says where it ends:
//!
//! ```text
//!             base                               base + kept
//!  layer  ─────┼──────── open span ───────┬──────────┤ next chunk
//!              └────────── digest ────────┘
//!              (neighbours may share the byte between them)
//! ```
//!
//! A span can be arbitrarily long, because one deflate block can be. From [`KEPT_BOUND`] on, its
//! beginning goes into an incremental SHA-256 in WebAssembly instead of being kept.

use std::collections::VecDeque;

use js_sys::{Object, Uint8Array};
use sha2::{Digest, Sha256};
use sociscope_engine::ztoc::{ClosedSpan, SpanId};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::SubtleCrypto;

/// Most bytes of an open span that are kept for WebCrypto.
pub const KEPT_BOUND: u32 = 16 << 20;
/// Last bytes of an open span that are never given away: the next span may begin among them.
const SHARED_MARGIN: u32 = 64 << 10;
/// Most spans, and most bytes, that are being hashed at one time. The browser copies each.
const SPANS_IN_FLIGHT: usize = 32;
const BYTES_IN_FLIGHT: u32 = 32 << 20;

#[wasm_bindgen]
extern "C" {
    /// `crypto.subtle`; absent in insecure contexts (plain http, except on the own machine).
    #[wasm_bindgen(thread_local_v2, js_namespace = crypto, js_name = subtle)]
    static SUBTLE: Option<SubtleCrypto>;
}

/// Whether this browser hashes for us.
pub fn available() -> bool {
    SUBTLE.with(Option::is_some)
}

/// The digest of one span.
pub type SpanDigest = (SpanId, [u8; 32]);

/// Why a span could not be hashed.
#[derive(Debug)]
pub enum Trouble {
    /// The browser refused.
    Browser(JsValue),
    /// The builder closed a span whose beginning was let go: a fault of ours.
    Lost(SpanId),
}

impl From<JsValue> for Trouble {
    fn from(error: JsValue) -> Self {
        Self::Browser(error)
    }
}

/// Keeps the open span and hashes the closed ones.
pub struct SpanDigests {
    subtle: SubtleCrypto,
    /// Bytes `base .. base + kept` of the layer are `buffer[..kept]`.
    buffer: Uint8Array,
    base: u64,
    kept: u32,
    bound: u32,
    /// The open span from its start up to `base`, once it had become too long to be kept.
    begun: Option<(u64, Sha256)>,
    in_flight: VecDeque<InFlight>,
    in_flight_bytes: u32,
    done: Vec<SpanDigest>,
    /// The first span that was not closed yet.
    next: u32,
}

struct InFlight {
    span: SpanId,
    bytes: u32,
    digest: JsFuture,
}

impl SpanDigests {
    /// Ready for the first byte of a layer; `None` without WebCrypto.
    pub fn new() -> Option<Self> {
        Self::with_bound(KEPT_BOUND)
    }

    /// The same with another bound, at least twice the margin to be kept.
    pub fn with_bound(bound: u32) -> Option<Self> {
        Some(Self {
            subtle: SUBTLE.with(Option::clone)?,
            buffer: Uint8Array::new_with_length(1 << 20),
            base: 0,
            kept: 0,
            bound: bound.max(2 * SHARED_MARGIN),
            begun: None,
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            done: Vec::new(),
            next: 0,
        })
    }

    /// Takes the next bytes of the layer, before or after the builder does.
    pub fn push(&mut self, chunk: &Uint8Array) {
        let end = self.kept + chunk.length();
        if end > self.buffer.length() {
            let larger = Uint8Array::new_with_length(end.next_power_of_two());
            larger.set(&self.buffer.subarray(0, self.kept), 0);
            self.buffer = larger;
        }
        self.buffer.set(chunk, self.kept);
        self.kept = end;
    }

    /// Begins to hash a span of which every byte was pushed. Spans come in order; one that is named
    /// again, because its digest is still under way, is not hashed again.
    ///
    /// # Errors
    /// When its beginning is not here any more, or the browser refuses.
    pub fn close(&mut self, span: &ClosedSpan) -> Result<(), Trouble> {
        if span.id.0 < self.next {
            return Ok(());
        }
        self.next = span.id.0.saturating_add(1);
        let lost = || Trouble::Lost(span.id);
        if let Some((start, mut hash)) = self.begun.take() {
            if start != span.start.0 {
                return Err(lost());
            }
            let rest = self.place(self.base, span.end.0).ok_or_else(lost)?;
            hash.update(rest.to_vec());
            self.done.push((span.id, hash.finalize().into()));
            return Ok(());
        }
        let bytes = self.place(span.start.0, span.end.0).ok_or_else(lost)?;
        let digest =
            self.subtle.digest_with_str_and_buffer_source("SHA-256", bytes.unchecked_ref::<Object>())?;
        self.in_flight_bytes += bytes.length();
        self.in_flight.push_back(InFlight { span: span.id, bytes: bytes.length(), digest: digest.into() });
        Ok(())
    }

    /// Lets go of everything before the open span. Called after the closed ones were handed over.
    pub fn keep_from(&mut self, open: Option<u64>) {
        // Without an open span nothing here is needed: the first begins with bytes yet to come.
        self.discard(open.unwrap_or(self.base + u64::from(self.kept)));
        let Some(start) = open else { return };
        if self.kept > self.bound {
            let given = self.kept - SHARED_MARGIN;
            let (_, hash) = self.begun.get_or_insert_with(|| (start, Sha256::new()));
            // Piece by piece: the copy goes through WebAssembly memory, which never shrinks.
            for at in (0..given).step_by(1 << 20) {
                hash.update(self.buffer.subarray(at, given.min(at + (1 << 20))).to_vec());
            }
            self.discard(self.base + u64::from(given));
        }
    }

    /// Digests that are ready. Waits only while more than the allowed amount is in flight.
    ///
    /// # Errors
    /// When the browser could not hash.
    pub async fn ready(&mut self) -> Result<Vec<SpanDigest>, Trouble> {
        while self.in_flight.len() > SPANS_IN_FLIGHT || self.in_flight_bytes > BYTES_IN_FLIGHT {
            self.wait_for_oldest().await?;
        }
        Ok(std::mem::take(&mut self.done))
    }

    /// The digests that are left, once the layer has ended.
    ///
    /// # Errors
    /// When the browser could not hash.
    pub async fn all(mut self) -> Result<Vec<SpanDigest>, Trouble> {
        while !self.in_flight.is_empty() {
            self.wait_for_oldest().await?;
        }
        Ok(self.done)
    }

    async fn wait_for_oldest(&mut self) -> Result<(), Trouble> {
        let Some(oldest) = self.in_flight.pop_front() else { return Ok(()) };
        let digest = Uint8Array::new(&oldest.digest.await?);
        let mut bytes = [0; 32];
        if digest.length() != 32 {
            return Err(Trouble::Lost(oldest.span));
        }
        digest.copy_to(&mut bytes);
        self.in_flight_bytes -= oldest.bytes;
        self.done.push((oldest.span, bytes));
        Ok(())
    }

    /// Bytes `start..end` of the layer, when all of them are here.
    fn place(&self, start: u64, end: u64) -> Option<Uint8Array> {
        let start = u32::try_from(start.checked_sub(self.base)?).ok()?;
        let end = u32::try_from(end.checked_sub(self.base)?).ok()?;
        (start <= end && end <= self.kept).then(|| self.buffer.subarray(start, end))
    }

    fn discard(&mut self, before: u64) {
        let gone = before.saturating_sub(self.base).min(self.kept.into());
        // Not above `kept`, which is a u32.
        let gone = u32::try_from(gone).unwrap_or(self.kept);
        if gone > 0 {
            self.buffer.copy_within(0, gone as i32, self.kept as i32);
            self.base += u64::from(gone);
            self.kept -= gone;
        }
    }
}
