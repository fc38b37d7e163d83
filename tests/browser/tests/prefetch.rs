//! Files to prefetch, named after the image was read: the archive is byte for byte what the engine
//! makes natively with the same options, and what is nowhere is said.

use sociscope_browser_tests::{Journey, Page};
use sociscope_engine::{
    Analysis, Converted, Job, LayerJob, OpenJob, Options, Part, Scope, Want, sample, soci::media_type,
};
use sociscope_golden::sha256_hex;
use std::collections::BTreeMap;

/// In a layer of the sample that gets an index.
const THERE: &str = "usr/local/bin/python3.12";
/// In another.
const ALSO_THERE: &str = "srv/app/shop/static/shop.js";
/// In none.
const NOWHERE: &str = "opt/missing/here.so";

fn drive<J: Job>(mut job: J, file: &[u8]) -> J::Output {
    while let Want::Read { offset, len } = job.want() {
        job.supply(&file[offset as usize..(offset + len) as usize]).expect("the right bytes");
    }
    job.finish().expect("done")
}

/// What the engine makes of the sample when it knows the files from the beginning.
fn expected(prefetch: &[&str], options: Options) -> (Converted, Vec<u8>) {
    let file = sample::archive();
    let prefetch = prefetch.iter().map(|path| (*path).to_owned()).collect();
    let opened = drive(OpenJob::new(file.len() as u64), &file);
    let mut analysis = Analysis::new(opened, sample::FILE_NAME, Options { prefetch, ..options });
    let mut ztocs = BTreeMap::new();
    for task in analysis.tasks(Scope::All) {
        let outcome = drive(LayerJob::new(task), &file);
        if let (Some(ztoc), Some(bytes)) = (&outcome.summary.ztoc, outcome.ztoc) {
            ztocs.insert(ztoc.digest.clone(), bytes);
        }
        analysis.record(outcome.summary);
    }
    let converted = analysis.convert().expect("convertible");
    let mut archive = Vec::new();
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(bytes) => archive.extend(bytes),
            Part::Source { extent, .. } => {
                archive.extend(&file[extent.offset as usize..extent.end() as usize]);
            }
            Part::Ztoc { digest, .. } => archive.extend(&ztocs[digest.as_str()]),
        }
    }
    (converted, archive)
}

/// Saves the archive and compares it.
async fn check(page: &Page, prefetch: &[&str], options: Options) -> Journey {
    let (converted, archive) = expected(prefetch, options);
    let artefacts: usize = converted.soci_indexes.iter().map(|index| index.prefetch.blobs.len()).sum();
    let there = prefetch.iter().filter(|path| **path != NOWHERE).count();
    assert_eq!(artefacts, there, "each file that is there lies in a layer of its own");
    let holds = |text: &str| archive.windows(text.len()).any(|window| window == text.as_bytes());
    assert_eq!(holds(media_type::PREFETCH), there > 0);

    // The archive on offer is the new one once the page names its index.
    page.wait_for_text(".expected", converted.image_index.as_str()).await?;
    page.press("Save sample-image.soci.tar").await?;
    let saved = page.taken_away(".soci.tar").await?;
    assert_eq!(sha256_hex(&saved), sha256_hex(&archive), "{prefetch:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn archive_holds_the_artefacts_of_files_named_afterwards() -> Journey {
    let page = Page::open().await?;
    page.press("sample").await?;
    page.wait_for_text("h1", "Partly ready").await?;
    page.without_tag().await?;
    page.press("Files to prefetch").await?;
    page.wait_for_text("details[open] p", "Fargate is not known to read it").await?;
    page.wait_for_text("summary", "none. Experimental, not claimed for Fargate").await?;
    check(&page, &[], sample::OPTIONS).await?;

    // One path a line, as people write them.
    page.fill("#prefetch", &format!("/{THERE}\n /opt/./missing//here.so \n")).await?;
    page.wait_for_text("summary", "2 files").await?;
    page.wait_for_text("main", &format!("No indexed layer has {NOWHERE}")).await?;
    check(&page, &[THERE, NOWHERE], sample::OPTIONS).await?;

    // What is no list changes nothing, and stays to be mended.
    page.fill("#prefetch", r#"["/usr", 1]"#).await?;
    page.wait_for_text(".note", "begins like a JSON array and is none").await?;
    check(&page, &[THERE, NOWHERE], sample::OPTIONS).await?;

    // A JSON array becomes lines.
    page.fill("#prefetch", &format!(r#"["/{ALSO_THERE}", "{THERE}"]"#)).await?;
    check(&page, &[ALSO_THERE, THERE], sample::OPTIONS).await?;
    let shown = page.evaluate("return document.querySelector('#prefetch').value").await?;
    assert_eq!(shown, format!("{ALSO_THERE}\n{THERE}"));
    let finding = format!(
        "return [...document.querySelectorAll('main *')].some((e) => e.textContent.includes('{NOWHERE}'))"
    );
    assert_eq!(page.evaluate(&finding).await?, false);

    // Layers that are read again are searched on the way.
    page.choose("Span size", "1048576").await?;
    page.wait_for_text("h1", "Partly ready").await?;
    check(&page, &[ALSO_THERE, THERE], Options { span_size: 1 << 20, ..sample::OPTIONS }).await?;

    page.press("Files to prefetch").await?;
    page.fill("#prefetch", "").await?;
    check(&page, &[], Options { span_size: 1 << 20, ..sample::OPTIONS }).await?;
    page.close().await
}
