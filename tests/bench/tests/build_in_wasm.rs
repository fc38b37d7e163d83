//! The page's own worker code on a generated layer, in a worker of the browser.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Uint8Array};
use sociscope_bench::{WORKER_LAYER, write_gzip_layer};
use sociscope_engine::{LayerId, LayerTask, TaskCompression};
use sociscope_web::worker::layer;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::Blob;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const ROUNDS: usize = 3;

#[wasm_bindgen_test]
async fn whole_ztoc_in_a_worker() {
    let bytes = write_gzip_layer(Vec::new(), WORKER_LAYER).expect("memory does not fail");
    let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
    let blob = Blob::new_with_u8_array_sequence(&parts).expect("a blob");
    let task = LayerTask {
        id: LayerId(0),
        offset: 0,
        len: bytes.len() as u64,
        compression: TaskCompression::Gzip,
        span_size: 4 << 20,
        expected_digest: None,
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: false,
    };
    drop((bytes, parts));
    let mut milliseconds = Vec::new();
    for _ in 0..ROUNDS {
        let start = layer::now();
        let outcome = layer::run(task.clone(), &blob, |_| {}).await;
        milliseconds.push(layer::now() - start);
        assert!(outcome.ztoc.is_some(), "{:?}", outcome.summary.error);
    }
    milliseconds.sort_by(f64::total_cmp);
    console_log!("milliseconds: {}", milliseconds[ROUNDS / 2]);
}
