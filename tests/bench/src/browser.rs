//! The same work in headless Chromium: the decoder alone, and the whole page.

use crate::{
    archive, report,
    ztoc::{self, Cost},
};
use sociscope_browser_tests::Page;
use std::{
    error::Error,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// Each in a browser of its own.
const ROUNDS: usize = 3;
/// For one verdict.
const PATIENCE: Duration = Duration::from_secs(120);

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Runs `tests/inflate_in_wasm.rs` in a worker of Chromium and lets it print its table.
pub fn inflate() -> Outcome {
    // Among what the test runner says, the table is what matters.
    let table: Vec<String> =
        in_a_worker("inflate_in_wasm", "release")?.into_iter().filter(|line| line.starts_with('|')).collect();
    println!("{}\n", table.join("\n"));
    Ok(())
}

/// Runs `tests/build_in_wasm.rs`: what the page's worker does to a layer, without the page and
/// without the digest of the whole layer, which the reference does not compute either.
pub fn build(folder: &Path) -> Outcome {
    let said = in_a_worker("build_in_wasm", "web")?;
    let milliseconds: f64 = said
        .iter()
        .find_map(|line| line.strip_prefix("milliseconds: ")?.parse().ok())
        .ok_or("the build in the worker printed no time")?;
    let layer = archive::layer(folder, sociscope_bench::WORKER_LAYER)?;
    let reference = ztoc::reference_cost(folder, &layer)?;
    let seconds = milliseconds / 1e3;
    let rate = fs::metadata(&layer)?.len() as f64 / 1e6 / seconds;
    println!(
        "| whole zTOC in a worker of Chromium | wall s | MB/s of layer | reference CPU / it | reference wall / it |"
    );
    println!("|---|---|---|---|---|");
    println!(
        "| zTOC with span digests, read from a `Blob`; generated layer of {} | {seconds:.2} | {rate:.0} | {} | {} |\n",
        report::mib(sociscope_bench::WORKER_LAYER),
        ratio(reference, |it| it.cpu, seconds),
        ratio(reference, |it| it.wall, seconds)
    );
    Ok(())
}

/// Runs a test of this crate in headless Chromium and returns the lines it printed.
fn in_a_worker(test: &str, profile: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .args(["test", "--profile", profile, "--target", "wasm32-unknown-unknown"])
        .args(["--test", test, "--", "--nocapture"])
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{test} failed in the browser:\n{said}").into());
    }
    Ok(said.lines().map(|line| line.trim().to_owned()).collect())
}

fn ratio(reference: Option<Cost>, of: fn(Cost) -> f64, seconds: f64) -> String {
    reference.map_or("not measured".to_owned(), |it| format!("{:.2}", of(it) / seconds))
}

/// Chooses an image with the layer in the page's file picker and waits for the verdict.
pub fn whole_page(folder: &Path, layer: &Path, reference: Option<Cost>) -> Outcome {
    let image = archive::image(folder, layer)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let seconds = runtime.block_on(async {
        let mut seconds = Vec::new();
        for _ in 0..ROUNDS {
            let page = Page::open().await?;
            page.evaluate(WATCH).await?;
            page.choose_file(&image).await?;
            seconds.push(watched(&page).await?);
            page.close().await?;
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(report::median(seconds))
    })?;
    println!(
        "| whole page in headless Chromium | wall s | MB/s of layer | reference CPU / it | reference wall / it |"
    );
    println!("|---|---|---|---|---|");
    let rate = fs::metadata(layer)?.len() as f64 / 1e6 / seconds;
    println!(
        "| file chosen → verdict shown (zTOC, span and layer digests) | {seconds:.2} | {rate:.0} | {} | {} |",
        ratio(reference, |it| it.cpu, seconds),
        ratio(reference, |it| it.wall, seconds)
    );
    Ok(())
}

/// The page takes the time itself. Asking it for its text every few milliseconds, as the tests of the
/// journeys do, would keep its main thread busy with answering.
const WATCH: &str = r#"
    const watch = window.watch = { began: null, milliseconds: null };
    addEventListener("change", () => { watch.began ??= performance.now(); }, true);
    new MutationObserver(() => {
        // "Ready…" or "Partly ready…": whether anything else is wrong with the image is not asked.
        if (watch.milliseconds === null && /ready for lazy loading/i.test(document.querySelector("h1")?.textContent)) {
            watch.milliseconds = performance.now() - watch.began;
        }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });"#;

/// Seconds from the choice of the file to the verdict.
async fn watched(page: &Page) -> Result<f64, Box<dyn Error + Send + Sync>> {
    for _ in 0..PATIENCE.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(milliseconds) = page.evaluate("return window.watch.milliseconds").await?.as_f64() {
            return Ok(milliseconds / 1e3);
        }
    }
    Err(format!("no verdict in {PATIENCE:?}; the page says {:?}", page.text("body").await?).into())
}
