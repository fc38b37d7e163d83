//! The same work in headless Chromium: the decoder alone, and the whole page.

use crate::{archive, report};
use sociscope_browser_tests::Page;
use std::{error::Error, fs, path::Path, process::Command, time::Instant};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Runs `tests/inflate_in_wasm.rs` in a worker of Chromium and lets it print its table.
pub fn inflate() -> Outcome {
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .args(["test", "--quiet", "--release", "--target", "wasm32-unknown-unknown"])
        .args(["--test", "inflate_in_wasm", "--", "--nocapture"])
        .status()?;
    if status.success() { Ok(()) } else { Err("the decoder benchmark failed in the browser".into()) }
}

/// Chooses an image with the layer in the page's file picker and waits for the verdict.
pub fn whole_page(folder: &Path, layer: &Path) -> Outcome {
    let image = archive::image(folder, layer)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let seconds = runtime.block_on(async {
        let mut seconds = Vec::new();
        for _ in 0..3 {
            let page = Page::open().await?;
            let start = Instant::now();
            page.choose_file(&image).await?;
            page.wait_for_text("h1", "Ready").await?;
            seconds.push(start.elapsed().as_secs_f64());
            page.close().await?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(report::median(seconds))
    })?;
    let size = fs::metadata(layer)?.len();
    println!("| whole page in headless Chromium | wall s | MB/s of layer |\n|---|---|---|");
    println!(
        "| file chosen → verdict (zTOC, layer digest, self-check) | {seconds:.2} | {:.0} |",
        size as f64 / 1e6 / seconds
    );
    Ok(())
}
