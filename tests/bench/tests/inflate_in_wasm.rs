//! Our decoder against miniz_oxide, both compiled to WebAssembly, in a worker of the browser.
#![cfg(target_arch = "wasm32")]

use sociscope_bench::{
    GZIP_HEADER, GZIP_TRAILER,
    decoders::{miniz, ours, zlib_rs},
    write_gzip_layer,
};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{WorkerGlobalScope, js_sys, wasm_bindgen::JsCast};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const ROUNDS: usize = 5;

#[wasm_bindgen_test]
fn decoders_in_a_worker() {
    let layer = write_gzip_layer(Vec::new(), 96 << 20).expect("memory does not fail");
    let deflate = &layer[GZIP_HEADER..layer.len() - GZIP_TRAILER];
    let decoders: [(&str, fn(&[u8]) -> u64); 3] =
        [("Sociscope", ours), ("zlib-rs through flate2", zlib_rs), ("miniz_oxide", miniz)];
    let mut milliseconds = [const { Vec::new() }; 3];
    let mut produced = [0; 3];
    for _ in 0..ROUNDS {
        for (index, (_, decode)) in decoders.iter().enumerate() {
            let start = now();
            produced[index] = decode(deflate);
            milliseconds[index].push(now() - start);
        }
    }
    assert!(produced[0] > 0 && produced.iter().all(|&bytes| bytes == produced[0]), "{produced:?}");
    let medians = milliseconds.map(|mut values| {
        values.sort_by(f64::total_cmp);
        values[ROUNDS / 2]
    });
    console_log!("| inflate, WebAssembly in Chromium | MB/s of output | Sociscope / it |");
    console_log!("|---|---|---|");
    for ((name, _), milliseconds) in decoders.iter().zip(medians) {
        let rate = produced[0] as f64 / 1e3 / milliseconds;
        console_log!("| {name} | {rate:.0} | {:.2} |", milliseconds / medians[0]);
    }
}

fn now() -> f64 {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().expect("workers have a clock").now()
}
