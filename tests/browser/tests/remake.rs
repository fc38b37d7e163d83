//! Layers made gzip in the page: byte for byte what the engine makes of them natively, and gone
//! without a trace once the stored ones are taken again.

use serde_json::json;
use sociscope_browser_tests::{Journey, Page};
use sociscope_engine::{
    Analysis, Job, LayerJob, OpenJob, Options, Part, Scope, Want, image::Extent, remake::RemakeJob, sample,
};
use sociscope_golden::{fixtures, read, sha256_hex};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Which layers are made gzip.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    None,
    Needed,
    All,
}

fn drive<J: Job>(mut job: J, file: &[u8], mut after: impl FnMut(&mut J)) -> J::Output {
    while let Want::Read { offset, len } = job.want() {
        job.supply(&file[offset as usize..(offset + len) as usize]).expect("the right bytes");
        after(&mut job);
    }
    after(&mut job);
    job.finish().expect("done")
}

/// The archive that the command line writes with `--recompress WHICH --level LEVEL`: the same calls
/// of the same engine.
fn archive(file: &[u8], options: Options, which: Which, level: u8) -> Vec<u8> {
    let mut source = file.to_vec();
    let opened = drive(OpenJob::new(file.len() as u64), file, |_| ());
    let mut analysis = Analysis::new(opened, "image.tar", options);
    let mut ztocs = BTreeMap::new();
    loop {
        for task in analysis.tasks(Scope::All) {
            let outcome = drive(LayerJob::new(task), &source, |_| ());
            if let (Some(ztoc), Some(bytes)) = (&outcome.summary.ztoc, outcome.ztoc) {
                ztocs.insert(ztoc.digest.clone(), bytes);
            }
            analysis.record(outcome.summary);
        }
        let wanted = analysis.remakable().into_iter().filter(|layer| {
            layer.made.is_none() && (which == Which::All || which == Which::Needed && layer.is_needed)
        });
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            break;
        }
        for layer in wanted {
            let mut bytes = Vec::new();
            let task = analysis.remake_task(layer.id, level).expect("a task");
            let made = drive(RemakeJob::new(task), &source, |job| bytes.extend(job.take_output()));
            let extent = Extent { offset: source.len() as u64, len: made.size };
            source.extend(bytes);
            analysis.replace_layer(layer.id, &made, extent).expect("replaced");
        }
    }
    let mut archive = Vec::new();
    for part in analysis.convert().expect("convertible").plan.parts() {
        match part {
            Part::Bytes(bytes) => archive.extend(bytes),
            Part::Source { extent, .. } => {
                archive.extend(&source[extent.offset as usize..extent.end() as usize]);
            }
            Part::Ztoc { digest, .. } => archive.extend(&ztocs[digest.as_str()]),
        }
    }
    archive
}

/// The number of files in this site's private file system.
async fn temporary_files(page: &Page) -> Journey<u64> {
    let script = "
        const [done] = arguments;
        const count = async (folder) => {
            let files = 0;
            for await (const handle of folder.values()) {
                files += handle.kind === 'directory' ? await count(handle) : 1;
            }
            return files;
        };
        navigator.storage.getDirectory().then(count).then(done, (e) => done(String(e)));";
    let found = page.browser().execute_async(script, Vec::new()).await?;
    found.json().as_u64().ok_or_else(|| format!("{}", found.json()).into())
}

async fn wait_for_temporary_files(page: &Page, wanted: u64) -> Journey {
    let mut found = 0;
    for _ in 0..100 {
        found = temporary_files(page).await?;
        if found == wanted {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{found} temporary files, not {wanted}").into())
}

/// The reference's archives have no tag.
async fn without_tag(page: &Page) -> Journey {
    page.press("More options").await?;
    page.fill("#tag", "").await?;
    page.wait_for_text("summary", "no tag").await?;
    Ok(())
}

async fn saved(page: &Page, name: &str) -> Journey<String> {
    page.press(&format!("Save {name}")).await?;
    Ok(sha256_hex(&page.taken_away(name).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn zstd_layer_is_made_gzip_and_taken_back() -> Journey {
    let page = Page::open().await?;
    page.press("sample").await?;
    page.wait_for_text("h1", "Partly").await?;
    without_tag(&page).await?;
    let name = "sample-image.soci.tar";
    let (file, options) = (sample::archive(), || sample::OPTIONS);
    let stored = sha256_hex(&archive(&file, options(), Which::None, 6));
    assert_eq!(saved(&page, name).await?, stored, "as it is stored");

    // The price first, and as an estimate.
    let panel = page.wait_for_text(".remake", "1 zstd layer gets an index only as gzip").await?;
    assert!(panel.contains("would become about") && panel.contains("in a few seconds"), "{panel}");
    page.press("Make it gzip").await?;
    page.wait_for_text(".remake", "1 zstd layer is gzip now").await?;
    page.wait_for_text("h1", "Ready").await?;
    page.wait_for_text(".layers", "Made gzip here, of").await?;
    assert_eq!(temporary_files(&page).await?, 1, "the new layer");
    let made = sha256_hex(&archive(&file, options(), Which::Needed, 6));
    assert_ne!(made, stored);
    assert_eq!(saved(&page, name).await?, made, "with the layer as gzip");

    page.press("Take the stored layer again").await?;
    page.wait_for_text(".remake", "1 zstd layer gets an index only as gzip").await?;
    page.wait_for_text("h1", "Partly").await?;
    assert_eq!(saved(&page, name).await?, stored, "as it is stored, again");
    // A download may still be reading its parts, for two minutes; what the page holds is gone.
    page.press("Start page").await?;
    page.wait_for_text("h1", "See what").await?;
    page.browser().refresh().await?;
    page.wait_for_text("h1", "See what").await?;
    wait_for_temporary_files(&page, 0).await?;
    page.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn uncompressed_layers_shrink_at_the_chosen_level() -> Journey {
    const NAME: &str = "hand-docker-symlink-layers";
    let file = read(&fixtures().join(format!("images/{NAME}.tar.xz")));
    let page = Page::open().await?;
    page.drop_file(&format!("{NAME}.tar"), &file).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text("h1", "Ready").await?;
    without_tag(&page).await?;
    let name = format!("{NAME}.soci.tar");
    let options = |span_size| Options { min_layer_size: 0, span_size, ..Options::default() };
    let usual = Options::DEFAULT_SPAN_SIZE;
    let stored = sha256_hex(&archive(&file, options(usual), Which::None, 6));
    assert_eq!(saved(&page, &name).await?, stored, "as it is stored");

    page.choose("Compression level", "9").await?;
    page.press("Make them gzip").await?;
    page.wait_for_text(".remake", "are gzip now").await?;
    let made = archive(&file, options(usual), Which::All, 9);
    assert_eq!(saved(&page, &name).await?, sha256_hex(&made), "at level 9");
    assert_ne!(made, archive(&file, options(usual), Which::All, 1), "the level matters");

    // The new layers are read again from where they lie now.
    page.choose("Span size", &(1 << 20).to_string()).await?;
    page.wait_for_text(".remake", "are gzip now").await?;
    let finer = sha256_hex(&archive(&file, options(1 << 20), Which::All, 9));
    assert_eq!(saved(&page, &name).await?, finer, "with spans of 1 MiB");

    // The stored ones were read with other spans, so they are read again.
    page.press("Take the stored layers again").await?;
    page.wait_for_text(".remake", "2 layers are stored uncompressed").await?;
    let finer = sha256_hex(&archive(&file, options(1 << 20), Which::None, 9));
    assert_eq!(saved(&page, &name).await?, finer, "as it is stored, with spans of 1 MiB");
    page.close().await
}

/// Nothing is left of a layer once it is not used, when no download holds it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_layer_that_was_given_up() -> Journey {
    let page = Page::open().await?;
    for way in ["Take the stored layer again", "Start page"] {
        page.press("sample").await?;
        page.wait_for_text("h1", "Partly").await?;
        page.press("Make it gzip").await?;
        page.wait_for_text(".remake", "1 zstd layer is gzip now").await?;
        assert_eq!(temporary_files(&page).await?, 1, "the new layer");
        page.press(way).await?;
        wait_for_temporary_files(&page, 0).await?;
        if way != "Start page" {
            page.press("Start page").await?;
        }
        page.wait_for_text("h1", "See what").await?;
    }
    page.close().await
}

/// How much the browser lets this site write.
async fn quota(page: &Page, size: Option<u64>) -> Journey {
    let mut order = json!({ "origin": page.evaluate("return location.origin").await? });
    if let Some(size) = size {
        order["quotaSize"] = size.into();
    }
    page.browser().cdp().send_raw("Storage.overrideQuotaForOrigin", order).await?;
    Ok(())
}

/// A disk that is too full is no trouble for the archive as it was; there is a next try.
#[tokio::test(flavor = "multi_thread")]
async fn full_disk_leaves_the_stored_layer() -> Journey {
    let page = Page::open().await?;
    quota(&page, Some(10_000)).await?;
    page.press("sample").await?;
    page.wait_for_text("h1", "Partly").await?;
    page.press("Make it gzip").await?;
    // In advance where the browser tells how much there is, else when it refuses to write.
    let said = page.wait_for_text(".remake", "There is no room for the new layer").await?;
    assert!(said.contains("Layer 4") && said.contains("Free some space on this disk"), "{said}");
    page.wait_for_text("h1", "Partly").await?;
    wait_for_temporary_files(&page, 0).await?;
    quota(&page, None).await?;
    page.press("Try again").await?;
    page.wait_for_text(".remake", "1 zstd layer is gzip now").await?;
    page.close().await
}

/// A tar of one OCI image with one plain layer of noise that takes long to compress.
fn slow_image() -> Journey<PathBuf> {
    let mut noise = vec![0_u8; 64 << 20];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for bytes in noise.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // A few bits of entropy in each byte: worth compressing, and hard work.
        bytes.copy_from_slice(&(state & 0x0f0f_0f0f_0f0f_0f0f).to_le_bytes());
    }
    let mut layer = tar::Builder::new(Vec::new());
    append(&mut layer, "noise", &noise)?;
    let layer = layer.into_inner()?;
    let digest = sha256_hex(&layer);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:{digest}"]}}}}"#
    );
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:{digest}","size":{}}}]}}"#,
        sha256_hex(config.as_bytes()),
        config.len(),
        layer.len()
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{}","size":{}}}]}}"#,
        sha256_hex(manifest.as_bytes()),
        manifest.len()
    );
    let folder = std::env::temp_dir().join(format!("sociscope-remake-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("slow.tar");
    let mut image = tar::Builder::new(std::fs::File::create(&path)?);
    append(&mut image, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    append(&mut image, "index.json", index.as_bytes())?;
    for blob in [config.as_bytes(), manifest.as_bytes(), &layer] {
        append(&mut image, &format!("blobs/sha256/{}", sha256_hex(blob)), blob)?;
    }
    image.into_inner()?;
    Ok(path)
}

fn append<W: std::io::Write>(to: &mut tar::Builder<W>, name: &str, content: &[u8]) -> Journey {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    Ok(to.append_data(&mut header, name, content)?)
}

/// While it goes on the archive can be saved as before, and it ends at once.
#[tokio::test(flavor = "multi_thread")]
async fn making_layers_can_be_cancelled() -> Journey {
    let path = slow_image()?;
    let page = Page::open().await?;
    page.choose_file(&path).await?;
    page.wait_for_text("h1", "Ready").await?;
    let panel = page.text(".remake").await?;
    assert!(panel.contains("1 layer is stored uncompressed"), "{panel}");
    page.choose("Compression level", "9").await?;
    page.press("Make it gzip").await?;
    page.wait_for_text(".remake", "Making 1 uncompressed layer gzip").await?;
    page.wait_for_text(".layers", "gzip: ").await?;
    wait_for_temporary_files(&page, 1).await?;
    page.wait_for_text(".files-out", "OCI archive with SOCI v2 index").await?;
    page.wait_for_text(".remake", "%").await?;
    page.press("Cancel compressing").await?;
    page.wait_for_text(".remake", "Make it gzip").await?;
    wait_for_temporary_files(&page, 0).await?;
    page.wait_for_text("h1", "Ready").await?;
    std::fs::remove_file(path)?;
    page.close().await
}
