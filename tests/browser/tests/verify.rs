//! SOCI indexes that came with an image, read against its layers in the page: the same document as
//! natively, for what is sound and for what is not.

use sociscope_browser_tests::{Journey, Page};
use sociscope_engine::{
    Archive, Job, OpenJob, Want,
    verify::{Depth, ImageVerification, ImageVerifier, VerifyJob},
};
use sociscope_golden::{fixtures, read};

const IMAGE: &str = "soci-v2-multi-all";

fn image() -> Vec<u8> {
    read(&fixtures().join(format!("images/{IMAGE}.tar.xz")))
}

fn drive<J: Job>(mut job: J, file: &[u8]) -> J::Output {
    while let Want::Read { offset, len } = job.want() {
        job.supply(&file[offset as usize..(offset + len) as usize]).expect("the right bytes");
    }
    job.finish().expect("done")
}

fn opened(file: &[u8]) -> Archive {
    drive(OpenJob::new(file.len() as u64), file)
}

/// The document as it is made natively.
fn document(file: &[u8], name: &str, depth: Depth) -> ImageVerification {
    let mut verifier = ImageVerifier::new(opened(file), name, depth);
    for task in verifier.tasks() {
        verifier.record(drive(VerifyJob::open(task), file));
    }
    verifier.report()
}

/// The document that the page saves.
async fn saved(page: &Page) -> Journey<String> {
    page.press("Save image.verification.json").await?;
    Ok(String::from_utf8(page.taken_away("image.verification.json").await?)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_indexes_are_found_identical() -> Journey {
    let file = image();
    let page = Page::open().await?;
    page.drop_file("image.tar", &file).await?;
    let offered = page.wait_for_text("section[aria-labelledby=verify]", "came with the image").await?;
    assert!(offered.contains("and builds each zTOC anew"), "{offered}");
    for (depth, spans) in [(Depth::Sampled, "Sampled: "), (Depth::Full, "In full: ")] {
        if depth == Depth::Full {
            page.press("Check every span").await?;
        }
        page.press("Verify").await?;
        let found = page.wait_for_text("section[aria-labelledby=verify]", spans).await?;
        let expected = document(&file, "image.tar", depth);
        assert!(expected.verdict.is_good && found.contains(&expected.verdict.sentence), "{found}");
        assert!(found.contains("Identical") || found.contains("Equivalent"), "{found}");
        assert_eq!(saved(&page).await?, expected.to_json(), "{depth:?}");
    }
    page.close().await
}

/// One flipped byte in a zTOC, another in a layer: each layer is told from the others.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_said_of_the_layer_it_is_in() -> Journey {
    let mut file = image();
    let tasks = ImageVerifier::new(opened(&file), "image.tar", Depth::Sampled).tasks();
    let [first, second, ..] = tasks.as_slice() else { return Err("two layers with zTOCs".into()) };
    let middle = |offset: u64, len: u64| (offset + len / 2) as usize;
    file[middle(first.ztoc.offset, first.ztoc.len)] ^= 1;
    file[middle(second.layer.offset, second.layer.len)] ^= 1;
    let expected = document(&file, "image.tar", Depth::Sampled);
    assert!(!expected.verdict.is_good);

    let page = Page::open().await?;
    page.drop_file("image.tar", &file).await?;
    page.press("Verify").await?;
    let found = page.wait_for_text("section[aria-labelledby=verify]", &expected.verdict.sentence).await?;
    for pair in expected.pairs.iter().filter(|pair| !pair.outcome.is_good()) {
        assert!(found.contains(&pair.sentence), "{} in {found}", pair.sentence);
    }
    assert_eq!(saved(&page).await?, expected.to_json());
    page.close().await
}

/// Where nothing came with the image, nothing is offered.
#[tokio::test(flavor = "multi_thread")]
async fn image_without_index_has_nothing_to_verify() -> Journey {
    let page = Page::open().await?;
    page.press("sample").await?;
    page.wait_for_text("h1", "Partly").await?;
    assert_eq!(page.evaluate("return document.querySelector('#verify')").await?, serde_json::Value::Null);
    page.close().await
}
