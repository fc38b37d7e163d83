//! `sociscope convert`: the reference's bytes, or a reason.

mod program;

use program::{SAMPLE_OPTIONS, Scratch, done, fixtures, run, sha256, unpacked};
use serde_json::Value;

/// What the reference was given and what it made of it.
struct Setting {
    flags: Vec<String>,
    /// Digest of its archive; `None` where it refused.
    sha256: Option<String>,
}

fn setting(expected: &Value, images: usize) -> Option<Setting> {
    let args: Vec<String> =
        expected["args"].as_array()?.iter().filter_map(|arg| Some(arg.as_str()?.to_owned())).collect();
    let is_file =
        |arg: &String| ["convert", "--standalone", "in.tar", "out.tar", "out"].contains(&arg.as_str());
    let mut flags: Vec<String> = args.into_iter().filter(|arg| !is_file(arg)).collect();
    // Later work: other output formats and prefetch lists; and a flag without effect.
    let is_later = |flag: &String| {
        ["--format", "--prefetch-file", "--prefetch-files-json", "--force"].contains(&flag.as_str())
    };
    if flags.iter().any(is_later) {
        return None;
    }
    let chooses = flags.iter().any(|flag| ["--platform", "-p", "--all-platforms"].contains(&flag.as_str()));
    if images > 1 && !chooses {
        // The reference takes the host's platform, which was this one.
        flags.extend(["--platform".into(), "linux/amd64".into()]);
    }
    let sha256 = expected["output"]["sha256"].as_str().filter(|_| expected["exit"] == 0).map(str::to_owned);
    Some(Setting { flags, sha256 })
}

#[test]
fn committed_images_become_what_the_reference_makes_of_them_or_better() {
    let scratch = Scratch::new();
    let directory = fixtures("images");
    let manifest: Value =
        serde_json::from_slice(&unpacked(&directory.join("manifest.json"))).expect("manifest.json");
    // What is made of images that the reference refuses; see `tests/golden/tests/convert`.
    let ours: Value = serde_json::from_slice(&unpacked(&directory.join("ours.json"))).expect("ours.json");
    let (mut identical, mut better, mut refused) = (0, 0, 0);
    for fixture in manifest["fixtures"].as_array().expect("fixtures") {
        let name = fixture["name"].as_str().expect("a name");
        let stored = directory.join(fixture["stored"].as_str().expect("a file"));
        let image = scratch.write("in.tar", &unpacked(&stored));
        let images = fixture["images"].as_array().map_or(0, Vec::len);
        for (label, expected) in fixture["expected"].as_object().expect("settings") {
            let file = directory.join(expected["file"].as_str().expect("a file"));
            let expected: Value = serde_json::from_slice(&unpacked(&file)).expect("JSON");
            let Some(setting) = setting(&expected, images) else { continue };
            let out = scratch.path("out.tar");
            let args = ["convert", &image, "--out", &out].into_iter().map(str::to_owned).chain(setting.flags);
            let ended = run(args);
            let own = ours[format!("{name}.{label}")]["sha256"].as_str().map(str::to_owned);
            match setting.sha256.or_else(|| own.clone()) {
                Some(wanted) => {
                    assert_eq!(ended.code, 0, "{name}.{label}: {}", ended.stderr);
                    assert_eq!(sha256(&scratch.read("out.tar")), wanted, "{name}.{label}");
                    std::fs::remove_file(&out).expect("written");
                    *if own.is_some() { &mut better } else { &mut identical } += 1;
                }
                None => {
                    // A size below 0 is not even a command line.
                    let (code, begin) = if label == "span-neg" { (2, "error: ") } else { (1, "sociscope: ") };
                    assert_eq!(ended.code, code, "{name}.{label}");
                    assert!(ended.stderr.starts_with(begin), "{name}.{label}: {}", ended.stderr);
                    assert!(ended.stdout.is_empty());
                    refused += 1;
                }
            }
            assert_eq!(scratch.names(), ["in.tar"], "{name}.{label} left something behind");
        }
    }
    let counts = format!("{identical} identical, {better} better, {refused} refused");
    assert!(identical >= 20 && better >= 10 && refused >= 10, "{counts}");
}

#[test]
fn without_a_platform_flag_every_platform_is_indexed() {
    let scratch = Scratch::new();
    let image = scratch.write("in.tar", &unpacked(&fixtures("images/buildkit-multi-attest.tar.xz")));
    let convert = |name: &str, flags: &[&str]| {
        let out = scratch.path(name);
        let args = ["convert", &image, "--out", &out, "--min-layer-size", "0"];
        done(args.iter().chain(flags));
        sha256(&scratch.read(name))
    };
    let all = convert("all", &["--all-platforms"]);
    assert_eq!(convert("none", &[]), all);
    assert_eq!(convert("both", &["-p", "linux/arm64", "--all-platforms"]), all);
    assert_ne!(convert("one", &["-p", "linux/amd64"]), all);
}

#[test]
fn the_digest_of_the_image_index_is_printed() {
    let scratch = Scratch::new();
    let (image, out) = (scratch.sample(), scratch.path("out.tar"));
    let ended = done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
    let digest = ended.text().trim_end();
    let index = members(&scratch.read("out.tar")).remove("index.json").expect("index.json");
    let index: Value = serde_json::from_slice(&index).expect("JSON");
    assert_eq!(index["manifests"][0]["digest"], digest);
    assert_eq!(ended.stderr, "sociscope: warning: Layer 4 is zstd: 239 KiB pulled before start.\n");
}

#[test]
fn a_dash_is_standard_output() {
    let scratch = Scratch::new();
    let (image, out) = (scratch.sample(), scratch.path("out.tar"));
    done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
    let piped = done(["convert", &image, "--out", "-"].iter().chain(&SAMPLE_OPTIONS));
    assert!(piped.stdout == scratch.read("out.tar"));
}

#[test]
fn every_blob_of_the_archive_has_its_digest() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let archive = done(["convert", &image, "--out", "-"].iter().chain(&SAMPLE_OPTIONS)).stdout;
    let members = members(&archive);
    let blobs = members.iter().filter_map(|(name, bytes)| Some((name.strip_prefix("blobs/sha256/")?, bytes)));
    let mut count = 0;
    for (name, bytes) in blobs {
        assert_eq!(name, sha256(bytes));
        count += 1;
    }
    // 5 layers, 3 zTOCs, config, manifest, SOCI manifest and its config, image index.
    assert_eq!(count, 13);
}

fn members(archive: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    use std::io::Read as _;
    let mut members = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_str().expect("text").to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("data");
        if entry.header().entry_type().is_file() {
            members.insert(name, bytes);
        }
    }
    members
}

/// The sample with one byte of a layer changed. Layer 2 is below the minimum layer size.
fn damaged(layer: usize) -> Vec<u8> {
    let mut archive = sociscope_engine::sample::archive();
    let text = members(&archive);
    let manifest = text
        .values()
        .filter_map(|bytes| serde_json::from_slice::<Value>(bytes).ok())
        .find(|value| value.get("layers").is_some())
        .expect("a manifest");
    let digest = manifest["layers"][layer - 1]["digest"].as_str().expect("a digest");
    let hex = digest.trim_start_matches("sha256:");
    let bytes = &text[&format!("blobs/sha256/{hex}")];
    let at = archive.windows(64).position(|window| window == &bytes[..64]).expect("in there");
    archive[at + bytes.len() / 2] ^= 1;
    archive
}

#[test]
fn a_damaged_layer_is_never_handed_out() {
    for layer in [1, 2] {
        let scratch = Scratch::new();
        let image = scratch.write("in.tar", &damaged(layer));
        scratch.write("out.tar", b"what was here before");
        let out = scratch.path("out.tar");
        let ended = run(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
        assert_eq!(ended.code, 1, "layer {layer}");
        for part in ["where", "expected", "found", "way out"] {
            assert!(ended.stderr.contains(&format!("\n  {part}")), "layer {layer}: {}", ended.stderr);
        }
        assert_eq!(scratch.names(), ["in.tar", "out.tar"]);
        assert_eq!(scratch.read("out.tar"), b"what was here before");
    }
}

#[test]
fn attributes_are_marked_on_request_only() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let convert = |flags: &[&str]| {
        done(["convert", &image, "--out", "-"].iter().chain(&SAMPLE_OPTIONS).chain(flags)).stdout
    };
    let marked = |archive: Vec<u8>| {
        String::from_utf8_lossy(&archive).matches("com.amazon.soci.disable-xattrs").count()
    };
    assert_eq!(marked(convert(&[])), 0);
    assert_eq!(marked(convert(&["--optimizations", "xattr"])), 3);
}
