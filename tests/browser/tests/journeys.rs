//! What people come to do, done in Chromium on the release build.

use serde_json::Value;
use sociscope_browser_tests::{Journey, Page};
use sociscope_golden::{fixtures, read, sha256_hex};
use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

/// A whole-image fixture and what the reference makes of it.
struct Fixture {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Fixture {
    fn open(name: &'static str) -> Self {
        Self { name, bytes: read(&fixtures().join(format!("images/{name}.tar.xz"))) }
    }

    fn file_name(&self) -> String {
        format!("{}.tar", self.name)
    }

    /// The unpacked fixture as a file for the file picker.
    fn on_disk(&self) -> Journey<PathBuf> {
        let folder = std::env::temp_dir().join(format!("sociscope-fixture-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(self.file_name());
        std::fs::write(&path, &self.bytes)?;
        Ok(path)
    }

    /// The digest of the archive that the reference writes with a setting.
    fn expected(&self, setting: &str) -> Journey<String> {
        let path = fixtures().join(format!("images/expected/{}.{setting}.json", self.name));
        let expected: Value = serde_json::from_slice(&read(&path))?;
        Ok(expected["output"]["sha256"].as_str().ok_or("the reference succeeds")?.to_owned())
    }
}

/// Drop a real image, lower the minimum layer size, take everything away.
#[tokio::test(flavor = "multi_thread")]
async fn dropped_image_becomes_the_archive_the_reference_writes() -> Journey {
    let fixture = Fixture::open("skopeo-oci-archive");
    let page = Page::open().await?;
    page.drop_file(&fixture.file_name(), &fixture.bytes).await?;
    // All layers are below soci's default of 10 MiB, which is the first thing the page says.
    page.wait_for_text("h1", "Nothing to index").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text("h1", "Ready").await?;
    page.without_tag().await?;

    page.press("Save skopeo-oci-archive.soci.tar").await?;
    let archive = page.downloaded(".soci.tar").await?;
    assert_eq!(sha256_hex(&archive), fixture.expected("min0")?);

    page.press("save the zTOC of layer 1").await?;
    let ztoc = page.downloaded(".ztoc").await?;
    let blobs = members(&archive)?;
    assert_eq!(
        blobs.get(&format!("blobs/sha256/{}", sha256_hex(&ztoc))),
        Some(&ztoc),
        "the archive holds this zTOC"
    );
    sociscope_ztoc::Ztoc::parse(&ztoc)?;

    page.press("Save skopeo-oci-archive.report.json").await?;
    let report: Value = serde_json::from_slice(&page.downloaded(".report.json").await?)?;
    assert_eq!(report["schema"], "sociscope.report/1");

    page.press("Task definition").await?;
    page.fill("#uri", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1-soci").await?;
    page.wait_for_text("main", "ml/serve:1-soci").await?;
    page.press("Save the task definition").await?;
    let definition: Value = serde_json::from_slice(&page.downloaded(".task-definition.json").await?)?;
    let image = &definition["containerDefinitions"][0]["image"];
    assert_eq!(image, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1-soci");
    let errors: Vec<_> = sociscope_fargate::check(&definition, &sociscope_fargate::Context::default())
        .into_iter()
        .filter(|found| found.severity == sociscope_fargate::Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    page.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_file_of_docker_save_becomes_the_archive_the_reference_writes() -> Journey {
    let fixture = Fixture::open("docker28-build-save");
    let page = Page::open().await?;
    page.choose_file(&fixture.on_disk()?).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text("h1", "Ready").await?;
    page.without_tag().await?;
    page.press("Save docker28-build-save.soci.tar").await?;
    assert_eq!(sha256_hex(&page.downloaded(".soci.tar").await?), fixture.expected("min0")?);
    page.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_needs_no_file_and_can_be_taken_away() -> Journey {
    let page = Page::open().await?;
    page.press("Try the built-in sample").await?;
    page.wait_for_text(".layers", "Indexed").await?;
    page.wait_for_text(".layers", "Not").await?;
    let url = page.browser().current_url().await?.to_string();
    assert!(url.starts_with(&page.server().url()), "still on the page: {url}");
    page.press(&format!("Save {}", sociscope_engine::sample::FILE_NAME)).await?;
    let sample = page.downloaded(sociscope_engine::sample::FILE_NAME).await?;
    assert!(sample == sociscope_engine::sample::archive());
    // Everything after the first load happens in this tab.
    let foreign: Vec<_> =
        page.server().requests().into_iter().filter(|path| !path.starts_with("/tools/sociscope/")).collect();
    assert!(foreign.iter().all(|path| path == "/favicon.ico"), "{foreign:?}");
    page.close().await
}

/// One flipped bit: that layer is named as broken, the others keep their results.
#[tokio::test(flavor = "multi_thread")]
async fn broken_layer_does_not_hide_the_others() -> Journey {
    let fixture = Fixture::open("skopeo-oci-archive");
    let mut bytes = fixture.bytes;
    // The largest member is a layer; its middle is compressed data.
    let middle = {
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut largest = (0, 0);
        for entry in archive.entries()? {
            let entry = entry?;
            largest = largest.max((entry.size(), entry.raw_file_position()));
        }
        (largest.1 + largest.0 / 2) as usize
    };
    bytes[middle] ^= 0x10;
    let page = Page::open().await?;
    page.drop_file("damaged.tar", &bytes).await?;
    page.wait_for_text(".layers", "Broken").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text(".layers", "Indexed").await?;
    page.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_image_get_a_reason_and_a_way_out() -> Journey {
    let page = Page::open().await?;
    for (name, bytes) in [
        ("notes.txt", b"not an image".to_vec()),
        ("empty.tar", Vec::new()),
        ("image.zip", read(&fixtures().join("images/bad-zip.zip"))),
        ("zeros.tar", read(&fixtures().join("images/bad-only-zero-blocks.tar.xz"))),
    ] {
        page.drop_file(name, &bytes).await?;
        page.wait_for_text(".ctxbar__file", name).await?;
        page.wait_for_text("main", "Choose another file").await?;
        assert!(!page.text("h1").await?.is_empty(), "{name} has a verdict");
    }
    // And the page is as good as new.
    let fixture = Fixture::open("docker28-build-save");
    page.drop_file(&fixture.file_name(), &fixture.bytes).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.close().await
}

/// A layer large enough to be caught in the act: what reads it ends, and what is shown stays.
#[tokio::test(flavor = "multi_thread")]
async fn running_analysis_can_be_cancelled() -> Journey {
    let page = Page::open().await?;
    // Every worker from now on is counted, and what it says.
    page.evaluate(
        "const seen = window.seen = { started: 0, ended: 0, messages: 0 };
         window.Worker = class extends Worker {
             constructor(...options) {
                 super(...options);
                 seen.started += 1;
                 this.addEventListener('message', () => { seen.messages += 1; });
             }
             terminate() { super.terminate(); seen.ended += 1; }
         };",
    )
    .await?;
    let image = large_image(4 << 30)?;
    page.choose_file(&image).await?;
    // It has begun: the row of the layer says how fast it is read.
    page.wait_for_text(".lrow.is-active", "MiB/s").await?;
    // Measured in the page, from the click to the verdict on the screen.
    page.evaluate(
        "const cancel = [...document.querySelectorAll('button')].find((b) => b.textContent.includes('Cancel'));
         const clicked = performance.now();
         const look = () => {
             if (document.querySelector('h1').textContent.includes('Cancelled')) {
                 document.body.dataset.cancelledAfter = performance.now() - clicked;
             } else {
                 requestAnimationFrame(look);
             }
         };
         cancel.click();
         look();",
    )
    .await?;
    page.wait_for_text("h1", "Cancelled: 0 of 1 layers read").await?;
    let took = page.evaluate("return Number(document.body.dataset.cancelledAfter)").await?;
    let took = took.as_f64().ok_or("measured in the page")?;
    println!("cancelled after {took:.0} ms");
    // Far above what a person notices as slow, far below reading on to the end.
    assert!(took < 3000.0, "cancelled after {took:.0} ms");

    // Nothing goes on behind the verdict: every worker is ended and silent, what is shown stays.
    let still = "return [window.seen, document.querySelector('main').innerText]";
    let shown = page.evaluate(still).await?;
    assert!(shown[0]["started"].as_u64() > Some(0), "{shown}");
    assert_eq!(shown[0]["started"], shown[0]["ended"]);
    assert!(shown[0]["messages"].as_u64() > Some(0), "{shown}");
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(page.evaluate(still).await?, shown);
    std::fs::remove_file(image)?;
    page.close().await
}

/// No view is wider than the window, down to the smallest phones.
#[tokio::test(flavor = "multi_thread")]
async fn every_view_fits_every_width() -> Journey {
    let page = Page::open().await?;
    for width in [1280, 390, 320] {
        page.resize(width, 800).await?;
        page.fits("landing", width).await?;
    }
    page.press("Try the built-in sample").await?;
    page.wait_for_text(".layers", "Indexed").await?;
    for width in [1280, 390, 320] {
        page.resize(width, 800).await?;
        page.fits("image", width).await?;
    }
    page.evaluate("location.hash = '#task-definition'").await?;
    page.wait_for_text("main", "containerDefinitions").await?;
    for width in [1280, 390, 320] {
        page.resize(width, 800).await?;
        page.fits("task definition", width).await?;
    }
    page.drop_file("no image, and a name as long as downloads like to have them.txt", b"text").await?;
    page.wait_for_text("main", "Choose another file").await?;
    for width in [1280, 390, 320] {
        page.resize(width, 800).await?;
        page.fits("failure", width).await?;
    }
    page.close().await
}

/// An OCI archive around one uncompressed layer of `size` zero bytes in one file. The zeros are a
/// hole in the file and take no space on the disk.
fn large_image(size: u64) -> Journey<PathBuf> {
    let member = |name: &str, size: u64| -> Journey<tar::Header> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        Ok(header)
    };
    let layer = member("data", size)?;
    let layer_size = 512 + size + 1024;
    // Its digest does not matter here, nobody waits for the end.
    let layer_digest = format!("sha256:{}", "0".repeat(64));
    let config =
        r#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{layer_digest}","size":{layer_size}}}]}}"#,
        sha256_hex(config.as_bytes()),
        config.len()
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{}","size":{}}}]}}"#,
        sha256_hex(manifest.as_bytes()),
        manifest.len()
    );
    let path = std::env::temp_dir().join(format!("sociscope-large-{}.tar", std::process::id()));
    let mut archive = tar::Builder::new(std::fs::File::create(&path)?);
    let blob = |digest: &str| format!("blobs/sha256/{digest}");
    for (name, document) in [
        (blob(&sha256_hex(config.as_bytes())), config),
        (blob(&sha256_hex(manifest.as_bytes())), &manifest),
        ("index.json".to_owned(), &index),
    ] {
        archive.append(&member(&name, document.len() as u64)?, document.as_bytes())?;
    }
    // The layer goes in place of the two empty blocks that end a tar.
    let mut file = archive.into_inner()?;
    file.seek(SeekFrom::Current(-1024))?;
    file.write_all(member(&blob(&layer_digest[7..]), layer_size)?.as_bytes())?;
    file.write_all(layer.as_bytes())?;
    let end = file.stream_position()? + (layer_size - 512).next_multiple_of(512) + 1024;
    file.set_len(end)?;
    Ok(path)
}

/// The files of a tar by name.
fn members(archive: &[u8]) -> Journey<BTreeMap<String, Vec<u8>>> {
    let mut members = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        members.insert(entry.path()?.to_string_lossy().into_owned(), content);
    }
    Ok(members)
}
