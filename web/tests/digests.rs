//! Spans hashed by the browser have the digests that SHA-256 in WebAssembly gives them, however
//! the layer is cut into chunks and wherever the spans begin and end.

#![cfg(target_arch = "wasm32")]

use js_sys::Uint8Array;
use sha2::{Digest, Sha256};
use sociscope_engine::ztoc::{ClosedSpan, CompressedOffset, SpanId};
use sociscope_web::worker::digests::SpanDigests;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn content(len: u32) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(2_246_822_519) >> 23) as u8).collect()
}

/// Spans between these borders; a border with `true` lies inside a byte that both sides share.
fn spans(borders: &[(u64, bool)]) -> Vec<ClosedSpan> {
    borders
        .windows(2)
        .zip(0..)
        .map(|(pair, id)| ClosedSpan {
            id: SpanId(id),
            start: CompressedOffset(pair[0].0 - u64::from(pair[0].1)),
            end: CompressedOffset(pair[1].0),
        })
        .collect()
}

/// Feeds a layer chunk by chunk, closes each span as soon as its last byte was pushed, and
/// compares every digest.
async fn check(borders: &[(u64, bool)], chunk: usize, bound: u32) {
    let spans = spans(borders);
    let content = content(borders.last().map_or(0, |(end, _)| *end) as u32);
    let mut digests = SpanDigests::with_bound(bound).expect("a secure context has WebCrypto");
    let mut found = Vec::new();
    let mut pushed = 0;
    let mut open = spans.iter().peekable();
    for piece in content.chunks(chunk) {
        digests.push(&Uint8Array::from(piece));
        pushed += piece.len() as u64;
        while let Some(span) = open.next_if(|span| span.end.0 <= pushed) {
            digests.close(span).expect("its bytes are here");
        }
        // The builder names an open span once its first byte was seen.
        digests.keep_from(open.peek().map(|span| span.start.0).filter(|start| *start <= pushed));
        found.extend(digests.ready().await.expect("hashed"));
    }
    // A layer job names spans again whose digests it still waits for.
    for span in &spans {
        digests.close(span).expect("known");
    }
    found.extend(digests.all().await.expect("hashed"));
    found.sort_by_key(|(id, _)| id.0);
    let expected: Vec<(SpanId, [u8; 32])> = spans
        .iter()
        .map(|span| (span.id, Sha256::digest(&content[span.start.0 as usize..span.end.0 as usize]).into()))
        .collect();
    assert!(found == expected, "borders {borders:?}, chunks of {chunk}, bound {bound}");
}

const KEEP_ALL: u32 = 16 << 20;
const KEEP_LITTLE: u32 = 0;

#[wasm_bindgen_test]
async fn spans_within_and_across_chunks() {
    let borders =
        [(18, false), (40, true), (100, false), (250, true), (251, true), (400, false), (1000, false)];
    for chunk in [1, 7, 64, 399, 1000] {
        check(&borders, chunk, KEEP_ALL).await;
    }
}

#[wasm_bindgen_test]
async fn many_small_spans() {
    let borders: Vec<(u64, bool)> = (1..500_u64).map(|i| (i * 1_111, i % 3 == 0)).collect();
    for chunk in [1 << 20, 10_000] {
        check(&borders, chunk, KEEP_ALL).await;
    }
}

#[wasm_bindgen_test]
async fn spans_too_long_to_be_kept() {
    let borders = [(10, false), (1_500_000, true), (1_500_001, true), (1_700_000, false), (3_000_000, false)];
    for chunk in [1 << 20, 100_000, 65_537] {
        check(&borders, chunk, KEEP_LITTLE).await;
    }
}

#[wasm_bindgen_test]
async fn a_long_span_that_ends_with_the_chunk() {
    check(&[(0, false), (1_048_576, true), (2_097_152, true), (2_500_000, false)], 1 << 20, KEEP_LITTLE)
        .await;
}

#[wasm_bindgen_test]
async fn a_layer_without_spans() {
    check(&[(100, false)], 10, KEEP_ALL).await;
}
