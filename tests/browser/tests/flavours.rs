//! Every kind of image file that tools write, dropped on the page: it says what the engine says
//! when it runs natively, and promises the same digest.
//!
//! A plain run takes the images in `tests/fixtures`; `--ignored` all of `../shared`.

use serde_json::json;
use sociscope_browser_tests::{Journey, Page};
use sociscope_engine::{
    Analysis, Error, Failure, InputKind, Job, LayerJob, OpenJob, Options, OuterFormat, PlatformChoice,
    Report, Scope, UnpackLimits, Unpacker, Want, input,
};
use sociscope_golden::{fixtures, images, shared};
use std::path::Path;

/// What a file comes to.
enum Native {
    /// It is shown: at the default minimum, and with every layer indexed.
    Shown { first: Box<Report>, all: Box<Report> },
    /// It is no image.
    Refused(Failure),
}

fn native(name: &str, file: &[u8]) -> Native {
    if let InputKind::Outer(format) = input::recognise(file, file.len() as u64) {
        return native(name, &unpacked(format, file));
    }
    let archive = match run(OpenJob::new(file.len() as u64), file) {
        Ok(archive) => archive,
        Err(error) => return Native::Refused(error.failure()),
    };
    let mut analysis = Analysis::new(archive, name, Options::default());
    // Of several images the page shows the first until told otherwise.
    let subject = analysis.must_choose().then_some(0);
    let options = Options { subject, ..Options::default() };
    analysis.set_options(options.clone());
    for task in analysis.tasks(Scope::All) {
        analysis.record(run(LayerJob::new(task), file).expect("an outcome").summary);
    }
    let first = Box::new(analysis.report());
    analysis.set_options(Options { min_layer_size: 0, platforms: PlatformChoice::All, ..options });
    Native::Shown { first, all: Box::new(analysis.report()) }
}

fn unpacked(format: OuterFormat, file: &[u8]) -> Vec<u8> {
    let mut unpacker = Unpacker::new(format, file, UnpackLimits::default());
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 1 << 20]);
    loop {
        match unpacker.read(&mut piece).expect("the fixtures are whole") {
            0 => return bytes,
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn run<J: Job>(mut job: J, file: &[u8]) -> Result<J::Output, Error> {
    while let Want::Read { offset, len } = job.want() {
        let rest = file.get(usize::try_from(offset).expect("small")..).unwrap_or_default();
        job.supply(&rest[..rest.len().min(usize::try_from(len).expect("small"))])?;
    }
    job.finish()
}

/// Drops every image of the set in `dir` on one page, one after the other.
async fn every_flavour(dir: &Path, least: usize) -> Journey {
    let (mut shown, mut converted, mut refused) = (0, 0, 0);
    let page = Page::open().await?;
    for fixture in images::manifest(dir).fixtures {
        let bytes = images::bytes(dir, &fixture);
        let named = |error| format!("{}: {error}", fixture.name);
        page.drop_file(&format!("{}.tar", fixture.name), &bytes).await?;
        // From here on nothing on the page is about the file before.
        page.wait_for_text("body", &fixture.name).await.map_err(named)?;
        match native(&fixture.name, &bytes) {
            Native::Refused(failure) => {
                let words = failure.message.trim_end_matches('.');
                page.wait_for_text("main", words).await.map_err(named)?;
                refused += 1;
            }
            Native::Shown { first, all } => {
                page.wait_for_text("h1", &first.verdict.headline).await.map_err(named)?;
                shown += 1;
                let chooses = page.evaluate(LISTS).await? == json!(true);
                if let (true, Some(conversion)) = (chooses, &all.conversion) {
                    page.choose("Smallest layer to index", "0").await?;
                    page.wait_for_text(".expected", &conversion.image_index).await.map_err(named)?;
                    converted += 1;
                }
            }
        }
    }
    println!("{shown} shown, {converted} of them converted, {refused} refused: as the engine does natively");
    assert!(converted >= least, "only {converted} converted");
    page.close().await
}

/// Whether the smallest layer can be chosen.
const LISTS: &str = r"
    return [...document.querySelectorAll('select')]
        .some((select) => [...select.labels].some((label) => label.textContent.includes('Smallest layer')));";

#[tokio::test(flavor = "multi_thread")]
async fn committed_images_are_shown_and_converted_as_natively() -> Journey {
    every_flavour(&fixtures().join("images"), 8).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ../shared; some minutes"]
async fn all_images_are_shown_and_converted_as_natively() -> Journey {
    every_flavour(&shared().join("golden-images"), 90).await
}
