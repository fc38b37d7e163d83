//! Whatever an image comes as: compressed as a whole, as a folder, several at once, or one layer.

use serde_json::{Value, json};
use sociscope_browser_tests::{Journey, Page};
use sociscope_golden::{fixtures, read, sha256_hex};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const IMAGE: &str = "skopeo-oci-archive";

fn image() -> Vec<u8> {
    read(&fixtures().join(format!("images/{IMAGE}.tar.xz")))
}

/// The digest of the archive that the reference writes with no smallest layer.
fn expected() -> Journey<String> {
    let expected: Value =
        serde_json::from_slice(&read(&fixtures().join(format!("images/expected/{IMAGE}.min0.json"))))?;
    Ok(expected["output"]["sha256"].as_str().ok_or("the reference succeeds")?.to_owned())
}

/// A folder of this test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Journey<Self> {
        let path = std::env::temp_dir().join(format!("sociscope-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Journey<PathBuf> {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().ok_or("a path in the folder")?)?;
        std::fs::write(&path, bytes)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One gzip member.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    gzip.extend(miniz_oxide::deflate::compress_to_vec(bytes, 6));
    gzip.extend(crc32fast::hash(bytes).to_le_bytes());
    gzip.extend((bytes.len() as u32).to_le_bytes());
    gzip
}

/// One zstd frame of raw blocks (RFC 8878), with a window of 128 KiB and its content size.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x38];
    zstd.extend((bytes.len() as u64).to_le_bytes());
    let mut blocks = bytes.chunks(128 << 10).peekable();
    while let Some(block) = blocks.next() {
        let header = (block.len() as u32) << 3 | u32::from(blocks.peek().is_none());
        zstd.extend(&header.to_le_bytes()[..3]);
        zstd.extend(block);
    }
    zstd
}

/// The files in this site's private file system, with their paths.
async fn temporary_files(page: &Page) -> Journey<Vec<String>> {
    let script = "
        const [done] = arguments;
        const walk = async (folder, path, found) => {
            for await (const [name, handle] of folder.entries()) {
                if (handle.kind === 'directory') await walk(handle, path + name + '/', found);
                else found.push(path + name);
            }
            return found;
        };
        navigator.storage.getDirectory().then((root) => walk(root, '', [])).then(done, (e) => done([String(e)]));";
    let found = page.browser().execute_async(script, Vec::new()).await?;
    Ok(serde_json::from_value(found.json().clone())?)
}

/// Waits until no temporary file is left.
async fn no_temporary_files(page: &Page) -> Journey {
    let mut left = Vec::new();
    for _ in 0..100 {
        left = temporary_files(page).await?;
        if left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("left behind: {left:?}").into())
}

/// From the verdict on a fixture to the archive, which must be the reference's.
async fn save_and_compare(page: &Page, name: &str) -> Journey {
    page.wait_for_text("h1", "Nothing to index").await?;
    page.choose("Smallest layer to index", "0").await?;
    page.wait_for_text("h1", "Ready").await?;
    // The reference's archives have no tag.
    page.press("More options").await?;
    page.fill("#tag", "").await?;
    page.wait_for_text("summary", "no tag").await?;
    let name = format!("{name}.soci.tar");
    page.press(&format!("Save {name}")).await?;
    assert_eq!(sha256_hex(&page.downloaded(&name).await?), expected()?, "{name}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn outer_compression_makes_no_difference() -> Journey {
    let image = image();
    let folder = Folder::new("outer")?;
    let page = Page::open().await?;
    for (name, bytes) in [
        ("gzip.tar.gz", gzip(&image)),
        ("zstd.tar.zst", zstd(&image)),
        ("xz.tar.xz", std::fs::read(fixtures().join(format!("images/{IMAGE}.tar.xz")))?),
    ] {
        page.choose_file(&folder.file(name, &bytes)?).await?;
        page.wait_for_text(".ctxbar", &format!("{} inside", mib(image.len()))).await?;
        save_and_compare(&page, name.split('.').next().unwrap_or(name)).await?;
    }
    page.press("Start page").await?;
    page.wait_for_text("h1", "See what").await?;
    page.close().await
}

fn mib(bytes: usize) -> String {
    sociscope_engine::human::file_size(bytes as u64)
}

/// The copy goes with the file, whichever way the file goes.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_the_copy() -> Journey {
    let image = image();
    let folder = Folder::new("copies")?;
    let page = Page::open().await?;
    let compressed = folder.file("image.tar.gz", &gzip(&image))?;

    // Closed.
    page.choose_file(&compressed).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    assert_eq!(temporary_files(&page).await?.len(), 1, "one copy while it is shown");
    page.press("Start page").await?;
    no_temporary_files(&page).await?;

    // Replaced.
    page.choose_file(&compressed).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.drop_file("notes.txt", b"not an image").await?;
    page.wait_for_text("main", "Choose another file").await?;
    no_temporary_files(&page).await?;

    // Broken: cut in its middle, and a flipped bit.
    let mut broken = gzip(&image);
    let middle = broken.len() / 2;
    broken.truncate(middle);
    page.choose_file(&folder.file("cut.tar.gz", &broken)?).await?;
    page.wait_for_text("h1", "This file cannot be unpacked").await?;
    page.wait_for_text("main", "end early").await?;
    no_temporary_files(&page).await?;
    let mut broken = zstd(&image);
    broken[middle] ^= 1;
    let last = broken.len() - 1;
    broken.truncate(last);
    page.choose_file(&folder.file("cut.tar.zst", &broken)?).await?;
    page.wait_for_text("h1", "This file cannot be unpacked").await?;
    no_temporary_files(&page).await?;

    // Left for another page, which does not sweep.
    page.choose_file(&compressed).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    let home = page.server().url();
    page.browser().goto(format!("{home}icon.svg")).await?;
    no_temporary_files(&page).await?;
    page.browser().goto(home).await?;
    page.wait_for_text("h1", "See what").await?;

    // Reloaded.
    page.choose_file(&compressed).await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.browser().refresh().await?;
    page.wait_for_text("h1", "See what").await?;
    no_temporary_files(&page).await?;
    page.close().await
}

/// Unpacking ends at once, and the half copy goes.
#[tokio::test(flavor = "multi_thread")]
async fn unpacking_can_be_cancelled() -> Journey {
    let folder = Folder::new("cancelled")?;
    // 4 GiB of an image archive, for the larger part zeros: a few MiB as gzip.
    let mut member = tar::Header::new_ustar();
    member.set_path("oci-layout")?;
    member.set_size(4 << 30);
    member.set_cksum();
    let zeros = vec![0_u8; 32 << 20];
    let mut bytes = gzip(member.as_bytes());
    let zeros = gzip(&zeros);
    for _ in 0..128 {
        bytes.extend(&zeros);
    }
    let page = Page::open().await?;
    page.choose_file(&folder.file("large.tar.gz", &bytes)?).await?;
    page.wait_for_text("h1", "Unpacking large.tar.gz").await?;
    page.wait_for_text("main", "MiB/s").await?;
    assert_eq!(temporary_files(&page).await?.len(), 1, "the copy is being written");
    page.evaluate(
        "const cancel = [...document.querySelectorAll('button')].find((b) => b.textContent.includes('Cancel'));
         const clicked = performance.now();
         const look = async () => {
             const root = await navigator.storage.getDirectory();
             let files = 0;
             const home = await root.getDirectoryHandle('sociscope');
             for await (const tab of home.values()) for await (const file of tab.values()) files += 1;
             if (files === 0) document.body.dataset.goneAfter = performance.now() - clicked;
             else setTimeout(look, 5);
         };
         cancel.click();
         look();",
    )
    .await?;
    page.wait_for_text("h1", "See what").await?;
    no_temporary_files(&page).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let took = page.evaluate("return Number(document.body.dataset.goneAfter)").await?;
    let took = took.as_f64().ok_or("measured in the page")?;
    println!("the copy was gone after {took:.0} ms");
    // Far below the two seconds for which a worker that never pauses goes on.
    assert!(took < 1500.0, "the copy was gone after {took:.0} ms");
    page.close().await
}

/// A full disk is said in numbers, with a way out, and the half copy goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_in_numbers() -> Journey {
    let folder = Folder::new("quota")?;
    let mut member = tar::Header::new_ustar();
    member.set_path("oci-layout")?;
    member.set_size(40 << 20);
    member.set_cksum();
    let content = gzip(&vec![7_u8; 40 << 20]);
    let page = Page::open().await?;
    let origin = page.evaluate("return location.origin").await?;
    page.browser()
        .cdp()
        .send_raw("Storage.overrideQuotaForOrigin", json!({ "origin": origin, "quotaSize": 20 << 20 }))
        .await?;

    // The last member is small, so the file does not tell: the disk is full on the way.
    let hides = [gzip(member.as_bytes()), content, gzip(&[0; 1024])].concat();
    page.choose_file(&folder.file("hides.tar.gz", &hides)?).await?;
    page.wait_for_text("h1", "There is no room to unpack this file").await?;
    let facts = page.text(".facts").await?;
    assert!(facts.contains("needs\nabout") && facts.contains("has room for"), "{facts}");
    assert!(facts.contains("MiB"), "{facts}");
    page.wait_for_text("main", "on this disk").await?;
    page.wait_for_text("main", "gzip -dc FILE > image.tar").await?;
    no_temporary_files(&page).await?;
    page.close().await
}

/// As in a private window: no files, so memory.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_system_memory_will_do() -> Journey {
    let folder = Folder::new("memory")?;
    let page = Page::open().await?;
    page.evaluate("delete StorageManager.prototype.getDirectory").await?;
    page.choose_file(&folder.file("image.tar.gz", &gzip(&image()))?).await?;
    page.wait_for_text(".ctxbar", "inside").await?;
    save_and_compare(&page, "image").await?;
    page.close().await
}

/// An OCI layout as loose files in a folder.
fn layout(folder: &Folder) -> Journey<PathBuf> {
    let layout = folder.0.join("layout");
    tar::Archive::new(image().as_slice()).unpack(&layout)?;
    Ok(layout)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_read_as_one_image() -> Journey {
    let folder = Folder::new("folder")?;
    let layout = layout(&folder)?;
    let page = Page::open().await?;

    // By the second button.
    let input = page.browser().find(thirtyfour::By::Css("#folder-picker")).await?;
    input.send_keys(layout.to_string_lossy()).await?;
    page.wait_for_text(".ctxbar__file", "layout").await?;
    page.wait_for_text(".ctxbar", "Folder").await?;
    save_and_compare(&page, "layout").await?;

    // By a drop.
    page.press("Start page").await?;
    page.wait_for_text("h1", "See what").await?;
    drop_paths(&page, &[&layout]).await?;
    page.wait_for_text(".ctxbar", "Folder").await?;
    page.wait_for_text("h1", "Nothing to index").await?;

    // In parts: what lies in it, without the folder around it.
    page.press("Start page").await?;
    page.wait_for_text("h1", "See what").await?;
    drop_paths(&page, &[&layout.join("oci-layout"), &layout.join("index.json"), &layout.join("blobs")])
        .await?;
    page.wait_for_text(".ctxbar__file", "image layout").await?;
    page.wait_for_text("h1", "Nothing to index").await?;

    // A folder of something else.
    page.press("Start page").await?;
    page.wait_for_text("h1", "See what").await?;
    for number in 0..2500 {
        folder.file(&format!("notes/{}/{number}.txt", number % 7), b"text")?;
    }
    drop_paths(&page, &[&folder.0.join("notes")]).await?;
    page.wait_for_text("h1", "There is no image in this folder").await?;
    page.wait_for_text("main", "2,500 files").await?;
    page.close().await
}

/// Drops files and folders as a hand would: the browser reads them from the disk.
async fn drop_paths(page: &Page, paths: &[&Path]) -> Journey {
    let files: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    for kind in ["dragEnter", "dragOver", "drop"] {
        let event = json!({
            "type": kind, "x": 400, "y": 300,
            "data": { "items": [], "files": files, "dragOperationsMask": 1 },
        });
        page.browser().cdp().send_raw("Input.dispatchDragEvent", event).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_handed_in_together_are_a_choice() -> Journey {
    let folder = Folder::new("several")?;
    let one = folder.file("one.tar", &image())?;
    let other = folder.file("two.tar", &read(&fixtures().join("images/docker28-build-save.tar.xz")))?;
    let page = Page::open().await?;
    choose_together(&page, &[&one, &other]).await?;
    page.wait_for_text(".ctxbar__file", "one.tar").await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.fill("select[aria-label='Files handed in together']", "1").await?;
    page.wait_for_text(".ctxbar__file", "two.tar").await?;
    page.wait_for_text("h1", "Nothing to index").await?;
    page.fill("select[aria-label='Files handed in together']", "0").await?;
    page.wait_for_text(".ctxbar__file", "one.tar").await?;
    save_and_compare(&page, "one").await?;
    page.close().await
}

/// What the reference makes of a layer at its default span size: the digest of its zTOC.
fn expected_ztoc(name: &str) -> Journey<String> {
    let manifest: Value = serde_json::from_slice(&read(&fixtures().join("ztoc/manifest.json")))?;
    let vectors = manifest["vectors"].as_array().ok_or("a list of vectors")?;
    let vector = vectors.iter().find(|vector| vector["name"] == name && vector["span_size"] == 4 << 20);
    Ok(vector.and_then(|vector| vector["ztoc_sha256"].as_str()).ok_or("a vector")?.to_owned())
}

/// Chooses several files at once.
async fn choose_together(page: &Page, files: &[&Path]) -> Journey {
    let picker = page.browser().find(thirtyfour::By::Css("#file-picker")).await?;
    let files = files.iter().map(std::fs::canonicalize).collect::<Result<Vec<_>, _>>()?;
    let files: Vec<_> = files.iter().map(|path| path.to_string_lossy()).collect();
    picker.send_keys(files.join("\n")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_gets_its_ztoc_and_a_ztoc_its_verdict() -> Journey {
    let folder = Folder::new("layer")?;
    let layer = fixtures().join("ztoc/in/bgzf.gz");
    let page = Page::open().await?;

    // One layer without an image: its zTOC is the reference's.
    page.choose_file(&layer).await?;
    page.wait_for_text("main", "bgzf").await?;
    page.press("save the zTOC of layer 1").await?;
    let ztoc = page.downloaded(".ztoc").await?;
    assert_eq!(sha256_hex(&ztoc), expected_ztoc("bgzf")?);

    // That zTOC alone.
    let ztoc_file = folder.file("layer.ztoc", &ztoc)?;
    page.choose_file(&ztoc_file).await?;
    page.wait_for_text("h1", "A zTOC that the snapshotter can mount").await?;
    page.wait_for_text("main", &format!("sha256:{}", sha256_hex(&ztoc))).await?;
    let parsed = sociscope_ztoc::Ztoc::parse(&ztoc)?;
    let name = parsed.entries().last().map(|entry| String::from_utf8_lossy(entry.name).into_owned());
    let name = name.ok_or("a zTOC of files")?;
    page.wait_for_text("main tbody", &name).await?;
    page.fill("#ztoc-search", "no file is called this").await?;
    page.wait_for_text("main", "No file has that in its name").await?;
    page.fill("#ztoc-search", &name).await?;
    page.wait_for_text("main tbody", &name).await?;

    // With its layer, in either order.
    for together in [[&layer, &ztoc_file], [&ztoc_file, &layer]] {
        choose_together(&page, &together.map(PathBuf::as_path)).await?;
        page.wait_for_text("h1", "This is the layer's zTOC, byte for byte").await?;
        page.press("Start page").await?;
        page.wait_for_text("h1", "See what").await?;
    }
    // With another one.
    choose_together(&page, &[&fixtures().join("ztoc/in/mem1.gz"), &ztoc_file]).await?;
    page.wait_for_text("h1", "This zTOC is of another layer").await?;
    // One flipped bit in a digest.
    let mut flipped = ztoc.clone();
    let digest = find(&flipped, b"sha256:").ok_or("a zTOC has digests")?;
    flipped[digest + 10] ^= 1;
    choose_together(&page, &[&layer, &folder.file("flipped.ztoc", &flipped)?]).await?;
    page.wait_for_text("h1", "A span digest of this zTOC is wrong").await?;
    page.wait_for_text("main", "Differences").await?;
    // Cut short.
    page.choose_file(&folder.file("cut.ztoc", &ztoc[..ztoc.len() / 2])?).await?;
    page.wait_for_text("main", "Choose another file").await?;
    page.close().await
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
