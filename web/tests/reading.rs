//! Every way of reading a file gives the same bytes, in pieces of exactly the size asked for.

#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Uint8Array};
use sociscope_web::worker::reader::{Reader, Way};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Blob;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const WAYS: [Way; 3] = [Way::Byob, Way::Stream, Way::Slices];

/// Bytes without a period that a wrong offset could hide in.
fn content(len: u32) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn blob(bytes: &[u8]) -> Blob {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).expect("a blob")
}

/// Reads `len` bytes in pieces of `piece`, in each way.
async fn check(len: u32, piece: u32) {
    let content = content(len);
    for way in WAYS {
        let mut reader = Reader::by(way, &blob(&content)).expect("Chromium knows every way");
        let mut found = Vec::new();
        let mut left = len;
        while left > 0 {
            let read = reader.read(piece.min(left)).await.expect("readable");
            assert_eq!(read.length(), piece.min(left), "{way:?}, pieces of {piece}, at {}", found.len());
            left -= read.length();
            found.extend(read.to_vec());
        }
        assert!(found == content, "{way:?}, pieces of {piece}: other bytes");
    }
}

#[wasm_bindgen_test]
async fn every_way_gives_the_same_bytes() {
    for (len, piece) in
        [(1, 1), (10, 3), (65_536, 65_536), (300_000, 4_096), (5_000_000, 1 << 20), (3_000_001, 777_777)]
    {
        check(len, piece).await;
    }
}

#[wasm_bindgen_test]
async fn pieces_may_grow_and_shrink() {
    let content = content(2_000_000);
    for way in WAYS {
        let mut reader = Reader::by(way, &blob(&content)).expect("Chromium knows every way");
        let mut found = Vec::new();
        for piece in [1, 500_000, 7, 1_000_000, 400_000, 99_992] {
            found.extend(reader.read(piece).await.expect("readable").to_vec());
        }
        assert!(found == content, "{way:?}: other bytes");
    }
}

#[wasm_bindgen_test]
async fn the_end_of_the_file_cuts_a_piece_short() {
    for way in WAYS {
        let mut reader = Reader::by(way, &blob(&content(1000))).expect("Chromium knows every way");
        assert_eq!(reader.read(600).await.expect("readable").length(), 600, "{way:?}");
        assert_eq!(reader.read(600).await.expect("readable").length(), 400, "{way:?}");
    }
}

#[wasm_bindgen_test]
async fn a_slice_of_a_file_is_read_from_its_own_beginning() {
    let content = content(100_000);
    let slice = blob(&content).slice_with_f64_and_f64(12_345.0, 100_000.0).expect("a slice");
    for way in WAYS {
        let mut reader = Reader::by(way, &slice).expect("Chromium knows every way");
        let found = reader.read(50_000).await.expect("readable").to_vec();
        assert!(found == content[12_345..62_345], "{way:?}: other bytes");
    }
}
