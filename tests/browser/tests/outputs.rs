//! What can be taken away, and how it gets there: a file of one's choice written part by part, a
//! download, the commands that push it.

use serde_json::Value;
use sha2::{Digest, Sha256};
use sociscope_browser_tests::{Journey, Page};
use sociscope_golden::{fixtures, read, sha256_hex};
use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// In place of the picker, which no script can answer: a file in the page's own file system. It
/// is written by the same calls and from the same worker as one the reader chose.
const PICK: &str = r"
    window.asked = [];
    window.showSaveFilePicker = async (options) => {
        window.asked.push(options);
        const folder = await navigator.storage.getDirectory();
        return folder.getFileHandle(options.suggestedName, { create: true });
    };";
/// Size and SHA-256 of what lies there now, or null.
const LOOK: &str = r"
    const [name, done] = arguments;
    (async () => {
        try {
            const folder = await navigator.storage.getDirectory();
            const file = await (await folder.getFileHandle(name)).getFile();
            const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
            const hex = [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, '0')).join('');
            done({ size: file.size, sha256: hex });
        } catch (error) { done(null); }
    })();";

/// A whole-image fixture, unpacked onto the disk.
fn fixture(name: &str) -> Journey<PathBuf> {
    // Each its own: one of the journeys changes its file, and they run side by side.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("sociscope-outputs-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.tar"));
    std::fs::write(&path, read(&fixtures().join(format!("images/{name}.tar.xz"))))?;
    Ok(path)
}

/// Size and digest of the archive the reference writes.
fn expected(name: &str, setting: &str) -> Journey<Value> {
    let path = fixtures().join(format!("images/expected/{name}.{setting}.json"));
    Ok(serde_json::from_slice::<Value>(&read(&path))?["output"].clone())
}

async fn lying_there(page: &Page, name: &str) -> Journey<Value> {
    let found = page.browser().execute_async(LOOK, vec![name.into()]).await?;
    Ok(found.json().clone())
}

/// Opens a fixture with every layer indexed.
async fn ready(page: &Page, name: &str) -> Journey<PathBuf> {
    let path = fixture(name)?;
    page.choose_file(&path).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text("h1", "Ready").await?;
    page.without_tag().await?;
    Ok(path)
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_file_is_written_part_by_part() -> Journey {
    let page = Page::open().await?;
    page.evaluate(PICK).await?;
    ready(&page, "skopeo-oci-archive").await?;
    page.press("Save skopeo-oci-archive.soci.tar").await?;
    page.wait_for_text(".toast", "skopeo-oci-archive.soci.tar is saved").await?;
    let expected = expected("skopeo-oci-archive", "min0")?;
    let found = lying_there(&page, "skopeo-oci-archive.soci.tar").await?;
    assert_eq!(found["sha256"], expected["sha256"], "{found} for {expected}");
    // Where no click led to it, or no picker exists, the browser downloads the same bytes.
    let asked = page.evaluate("return window.asked[0]").await?;
    assert_eq!(asked["suggestedName"], "skopeo-oci-archive.soci.tar");
    for picker in [
        "window.showSaveFilePicker = undefined;",
        "window.showSaveFilePicker = async () => { throw new DOMException('no gesture', 'SecurityError'); };",
    ] {
        page.evaluate(picker).await?;
        page.press("Save skopeo-oci-archive.soci.tar").await?;
        let archive = page.taken_away(".soci.tar").await?;
        assert_eq!(sha256_hex(&archive), expected["sha256"].as_str().unwrap_or_default());
    }
    page.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_picker_is_no_error() -> Journey {
    let page = Page::open().await?;
    page.evaluate(
        "window.showSaveFilePicker = async () => { window.closed_ = true; throw new DOMException('', 'AbortError'); };",
    )
    .await?;
    ready(&page, "skopeo-oci-archive").await?;
    page.press("Save skopeo-oci-archive.soci.tar").await?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while page.evaluate("return window.closed_ === true").await? != true {
        assert!(std::time::Instant::now() < deadline, "the picker was asked for");
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(page.evaluate("return document.querySelector('.toast, .saving')").await?, Value::Null);
    page.close().await
}

/// The tag stands in `index.json` and changes nothing that is pushed; the panel names the file, the
/// tag and the digest that the registry will show.
#[tokio::test(flavor = "multi_thread")]
async fn panel_says_how_to_push_this_very_archive() -> Journey {
    let page = Page::open().await?;
    ready(&page, "skopeo-oci-archive").await?;
    let mut indexes = Vec::new();
    page.press("More options").await?;
    // What is no tag is said to be none, and changes nothing.
    page.fill("#tag", "not a tag").await?;
    page.wait_for_text(".note", "No registry takes this").await?;
    for tag in ["1.4-soci", ""] {
        page.fill("#tag", tag).await?;
        page.wait_for_text("summary", if tag.is_empty() { "no tag" } else { tag }).await?;
        page.press("Save skopeo-oci-archive.soci.tar").await?;
        let archive = members(&page.taken_away(".soci.tar").await?)?;
        let layout: Value = serde_json::from_slice(&archive["index.json"])?;
        let entry = &layout["manifests"][0];
        let name = &entry["annotations"]["org.opencontainers.image.ref.name"];
        assert_eq!(name.as_str().unwrap_or_default(), tag, "{layout}");
        let digest = entry["digest"].as_str().ok_or("a digest")?;
        let blob = &archive[&digest.replace("sha256:", "blobs/sha256/")];
        assert_eq!(digest, format!("sha256:{}", sha256_hex(blob)));
        page.wait_for_text(".expected", digest).await?;
        let source = if tag.is_empty() { format!("@{digest}") } else { format!(":{tag}") };
        page.wait_for_text(
            ".cmd",
            &format!("oras cp -r --from-oci-layout skopeo-oci-archive.soci.tar{source}"),
        )
        .await?;
        indexes.push(digest.to_owned());
    }
    assert_eq!(indexes[0], indexes[1], "the tag changes no digest that is pushed");

    page.fill("#push-uri", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1-soci").await?;
    page.wait_for_text(".cmd", "oras login --username AWS --password-stdin 111122223333.dkr").await?;
    for (tool, command) in [
        ("crane", "crane push layout 111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1-soci"),
        ("skopeo", "skopeo copy --all --preserve-digests"),
    ] {
        let press = format!(
            "[...document.querySelectorAll('input[name=push-tool]')]
                .find((radio) => radio.labels[0].textContent === '{tool}').click()"
        );
        page.evaluate(&press).await?;
        page.wait_for_text(".cmd", command).await?;
    }
    page.close().await
}

/// What is smaller than the archive: the index by itself, and the legacy one.
#[tokio::test(flavor = "multi_thread")]
async fn indexes_can_be_taken_without_their_image() -> Journey {
    let page = Page::open().await?;
    ready(&page, "skopeo-oci-archive").await?;
    for (suffix, kind) in [
        (".soci-index.tar", "application/vnd.amazon.soci.index.v2+json"),
        (".soci-v1.tar", "application/vnd.amazon.soci.index.v1+json"),
    ] {
        page.press(&format!("Save skopeo-oci-archive{suffix}")).await?;
        let archive = members(&page.taken_away(suffix).await?)?;
        let layout: Value = serde_json::from_slice(&archive["index.json"])?;
        assert_eq!(layout["manifests"][0]["artifactType"], kind, "{layout}");
        for (name, blob) in archive.iter().filter(|(name, _)| name.starts_with("blobs/sha256/")) {
            assert_eq!(*name, format!("blobs/sha256/{}", sha256_hex(blob)));
        }
    }
    page.close().await
}

/// The file changes under the page: the message names the part, and nothing is left behind.
#[tokio::test(flavor = "multi_thread")]
async fn changed_file_stops_the_writing_and_leaves_nothing() -> Journey {
    let page = Page::open().await?;
    page.evaluate(PICK).await?;
    let path = ready(&page, "docker28-build-save").await?;
    let name = "docker28-build-save.soci.tar";
    let mut bytes = std::fs::read(&path)?;
    bytes[512] ^= 1;
    std::fs::write(&path, bytes)?;
    page.press(&format!("Save {name}")).await?;
    let said = page.wait_for_text(".toast", "was not saved").await?;
    assert!(said.contains("changed, moved or deleted"), "{said}");
    assert!(said.contains("layer ") || said.contains("blob "), "names the part: {said}");
    assert_eq!(lying_there(&page, name).await?, Value::Null);
    std::fs::remove_file(path)?;
    page.close().await
}

/// A layer that takes a moment: how far it is can be seen, and Cancel leaves nothing on the disk.
#[tokio::test(flavor = "multi_thread")]
async fn long_save_shows_how_far_it_is_and_can_be_cancelled() -> Journey {
    let page = Page::open().await?;
    page.evaluate(PICK).await?;
    let image = zeros(768 << 20)?;
    page.choose_file(&image).await?;
    page.wait_for_text("h1", "Ready").await?;
    page.press("Save zeros.soci.tar").await?;
    page.wait_for_text(".saving", "of 768 MiB").await?;
    page.press("saving zeros.soci.tar").await?;
    page.wait_for_text(".toast", "nothing of it is left").await?;
    assert_eq!(lying_there(&page, "zeros.soci.tar").await?, Value::Null);
    assert_eq!(page.evaluate("return document.querySelector('.saving')").await?, Value::Null);

    // A disk with less room than the archive needs: said as it is, and nothing left behind.
    let origin = page.evaluate("return location.origin").await?;
    let quota = serde_json::json!({ "origin": origin, "quotaSize": 64 << 20 });
    page.browser().cdp().send_raw("Storage.overrideQuotaForOrigin", quota).await?;
    page.press("Save zeros.soci.tar").await?;
    page.wait_for_text(".toast", "no room left on the disk").await?;
    assert_eq!(lying_there(&page, "zeros.soci.tar").await?, Value::Null);
    std::fs::remove_file(image)?;
    page.close().await
}

/// An OCI archive around one uncompressed layer: a file of `size` zeros, which are a hole in the
/// archive and take no space on the disk.
fn zeros(size: u64) -> Journey<PathBuf> {
    let member = |name: &str, size: u64| -> Journey<tar::Header> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        Ok(header)
    };
    let inner = member("data", size)?;
    let layer_size = 512 + size + 1024;
    let layer = {
        let mut hasher = Sha256::new();
        hasher.update(inner.as_bytes());
        let block = vec![0; 1 << 20];
        let mut left = size + 1024;
        while left > 0 {
            let piece = left.min(block.len() as u64);
            hasher.update(&block[..usize::try_from(piece)?]);
            left -= piece;
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["sha256:{layer}"]}}}}"#
    );
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{layer}","size":{layer_size}}}]}}"#,
        sha256_hex(config.as_bytes()),
        config.len()
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{}","size":{}}}]}}"#,
        sha256_hex(manifest.as_bytes()),
        manifest.len()
    );
    // Each its own: one of the journeys changes its file, and they run side by side.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("sociscope-outputs-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("zeros.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&path)?);
    let blob = |hex: &str| format!("blobs/sha256/{hex}");
    for (name, document) in [
        (blob(&sha256_hex(config.as_bytes())), &config),
        (blob(&sha256_hex(manifest.as_bytes())), &manifest),
        ("index.json".to_owned(), &index),
    ] {
        archive.append(&member(&name, document.len() as u64)?, document.as_bytes())?;
    }
    // The layer goes in place of the two empty blocks that end a tar.
    let mut file = archive.into_inner()?;
    file.seek(SeekFrom::Current(-1024))?;
    file.write_all(member(&blob(&layer), layer_size)?.as_bytes())?;
    file.write_all(inner.as_bytes())?;
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
        if entry.header().entry_type().is_file() {
            members.insert(entry.path()?.to_string_lossy().into_owned(), content);
        }
    }
    Ok(members)
}
