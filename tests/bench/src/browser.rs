//! The same work in headless Chromium: the decoder alone, and the whole page.

use crate::{archive, report, ztoc::Cost};
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
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .args(["test", "--release", "--target", "wasm32-unknown-unknown"])
        .args(["--test", "inflate_in_wasm", "--", "--nocapture"])
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("the decoder benchmark failed in the browser:\n{said}").into());
    }
    // Among what the test runner says, the table is what matters.
    let table: Vec<&str> = said.lines().map(str::trim).filter(|line| line.starts_with('|')).collect();
    println!("{}\n", table.join("\n"));
    Ok(())
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
    let ratio = |cost: fn(Cost) -> f64| {
        reference.map_or("not measured".to_owned(), |it| format!("{:.2}", cost(it) / seconds))
    };
    println!(
        "| file chosen → verdict shown (zTOC, span and layer digests) | {seconds:.2} | {rate:.0} | {} | {} |",
        ratio(|it| it.cpu),
        ratio(|it| it.wall)
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
