//! Image files of every kind that people have: what is in them, and what it costs to find out.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/images`; `--ignored` takes all 165.

use serde::Deserialize;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    shared,
};
use sociscope_image::{
    Archive, DigestCheck, Error, Extent, Format, Image, ImageKind, LayerCompression, Limits, Open, Packing,
    Severity, Want,
};
use std::{collections::BTreeMap, path::Path};

/// Fixtures in which we find another number of layers than the manifest says, and why.
const LAYERS_DIFFER: [(&str, usize, &str); 3] = [
    ("bad-manifest-digest-mismatch", 2, "the changed manifest is shown, with an error beside it"),
    ("bad-moby-47210-manifests-null", 2, "its manifest.json is whole"),
    ("hand-manifest-odd-key-case", 1, "keys match in any case, as in Go"),
];

/// Fixtures of which nothing can be shown: the code of the error.
const ERRORS: [(&str, &str); 24] = [
    ("bad-digest-malformed", "no-usable-image"),
    ("bad-digest-traversal", "no-usable-image"),
    ("bad-empty-file", "file-empty"),
    ("bad-index-60-deep", "no-usable-image"),
    ("bad-index-array", "document-unreadable"),
    ("bad-index-empty", "document-unreadable"),
    ("bad-index-missing", "no-image"),
    ("bad-index-no-manifests", "nothing-listed"),
    ("bad-index-not-json", "document-unreadable"),
    ("bad-manifest-binary", "no-usable-image"),
    ("bad-manifest-missing", "no-usable-image"),
    ("bad-only-zero-blocks", "tar-empty"),
    ("bad-outer-gzip-truncated", "file-packed"),
    ("bad-random-tar", "no-image"),
    ("bad-text", "not-a-tar"),
    ("bad-truncated-half", "file-truncated"),
    ("bad-truncated-in-header", "file-truncated"),
    ("bad-zip", "file-packed"),
    ("hand-docker-v1-only", "docker-before-1.10"),
    ("podman-docker-dir", "dir-transport"),
    ("skopeo-docker-archive-outer-gzip", "file-packed"),
    ("skopeo-oci-archive-outer-gzip", "file-packed"),
    ("skopeo-oci-archive-outer-xz", "file-packed"),
    ("skopeo-oci-archive-outer-zstd", "file-packed"),
];

/// Broken fixtures that look sound until their layers are read.
const BROKEN_LAYERS: [&str; 3] =
    ["bad-layer-digest-mismatch", "bad-layer-digest-mismatch-decodes", "bad-layer-swapped"];

/// Called bad for its size alone, which is within the limits.
const ONLY_LARGE: [&str; 1] = ["bad-manifest-10MB"];

/// The most that may be read of a layer: a read-ahead from before it, and a look at its start.
const READ_AHEAD: u64 = (32 << 10) + 512;

/// An archive as opened, and the reads that it took.
struct Opened {
    outcome: Result<Archive, Error>,
    reads: Vec<Extent>,
}

fn open(file: &[u8]) -> Opened {
    let mut open = Open::new(file.len() as u64, Limits::default());
    let mut reads = Vec::new();
    while let Want::Read { offset, len } = open.want() {
        assert_eq!(open.want(), Want::Read { offset, len }, "asking again changes nothing");
        let extent = Extent { offset, len };
        assert!(len > 0 && extent.end() <= file.len() as u64, "reads stay inside the file");
        open.supply(slice(file, extent)).expect("all bytes asked for are supplied");
        reads.push(extent);
    }
    Opened { outcome: open.finish(), reads }
}

fn slice(file: &[u8], extent: Extent) -> &[u8] {
    let at = |offset: u64| usize::try_from(offset).expect("fixtures are small");
    &file[at(extent.offset)..at(extent.end())]
}

/// Calls `check` with every fixture of a set, unpacked and opened. Says how many there were.
fn each(dir: &Path, mut check: impl FnMut(&Fixture, &[u8], Opened)) -> usize {
    let fixtures = images::manifest(dir).fixtures;
    for fixture in &fixtures {
        let file = images::bytes(dir, fixture);
        check(fixture, &file, open(&file));
    }
    fixtures.len()
}

/// What the manifest says of one image of a fixture.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum InWords {
    /// A platform that is not known is null or empty.
    Image {
        #[serde(deserialize_with = "null_as_empty")]
        platform: String,
        layers: usize,
        compression: Vec<String>,
    },
    Attestation {
        attestation_layers: usize,
    },
    SociIndex {
        soci_index_layers: usize,
    },
}

fn null_as_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The same of an image as opened. Compression is judged by the bytes where we say the layer lies.
fn in_words(image: &Image, file: &[u8]) -> InWords {
    let layers = image.layers.len();
    match image.kind {
        ImageKind::Attestation => InWords::Attestation { attestation_layers: layers },
        ImageKind::SociIndex => InWords::SociIndex { soci_index_layers: layers },
        ImageKind::Image | ImageKind::Other => InWords::Image {
            platform: match &image.platform {
                platform if platform.is_empty() => String::new(),
                platform => platform.to_string(),
            },
            layers,
            compression: image.layers.iter().map(|layer| compression(layer.extent, file)).collect(),
        },
    }
}

fn compression(extent: Option<Extent>, file: &[u8]) -> String {
    let Some(extent) = extent else { return "absent".to_owned() };
    let bytes = slice(file, extent);
    match Packing::of(bytes) {
        Some(Packing::Gzip) => "gzip",
        Some(Packing::Zstd) => "zstd",
        _ if bytes.is_empty() || bytes.len().is_multiple_of(512) => "plain",
        _ => "other",
    }
    .to_owned()
}

fn check_images(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let name = fixture.name.as_str();
    let mut found: Vec<InWords> = Vec::new();
    if let Ok(archive) = &opened.outcome {
        for image in &archive.images {
            // The manifest has a line for each time an image is listed.
            found.extend((0..image.listed).map(|_| in_words(image, file)));
        }
    }
    if let Some((_, layers, why)) = LAYERS_DIFFER.iter().find(|(other, ..)| *other == name) {
        let [InWords::Image { layers: found, .. }] = &found[..] else { panic!("{name}: {found:?}") };
        assert_eq!(found, layers, "{name}: {why}");
        return;
    }
    if let Err(error) = &opened.outcome
        && error.code() == "file-packed"
    {
        return; // What is inside is not looked for.
    }
    let mut expected: Vec<InWords> = fixture
        .images
        .iter()
        .map(|image| serde_json::from_value(image.clone()).expect("an image of the manifest"))
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{name}: {:?}", opened.outcome.as_ref().err());
}

/// What is wrong is said: as an error, as a diagnostic, or by its layers' digests.
fn check_reported(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let name = fixture.name.as_str();
    match &opened.outcome {
        Err(error) => {
            let code = ERRORS.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
            assert_eq!(Some(error.code()), code, "{name}: {error}");
            for text in [error.to_string(), error.place(), error.fix()] {
                assert!(!text.is_empty(), "{name}: {error:?}");
            }
        }
        Ok(archive) => {
            assert!(!archive.images.is_empty(), "{name}: an archive without images is an error");
            assert!(!ERRORS.iter().any(|(known, _)| *known == name), "{name} should have failed");
            let broken_layers = layers(archive).any(|(digest, size, extent)| {
                let mut check = DigestCheck::new(Some(digest), Some(size));
                slice(file, extent).chunks(777).for_each(|chunk| check.update(chunk));
                !check.finish().matches
            });
            let is_bad = name.starts_with("bad-");
            if BROKEN_LAYERS.contains(&name) {
                assert!(broken_layers && archive.diagnostics.is_empty(), "{name}");
            } else if ONLY_LARGE.contains(&name) || !is_bad {
                assert!(fixture.origin != "real" || !broken_layers, "{name}: a digest does not match");
                let errors: Vec<_> =
                    archive.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
                assert!(fixture.origin != "real" || errors.is_empty(), "{name}: {errors:?}");
            } else {
                assert!(!archive.diagnostics.is_empty(), "{name}: nothing is said");
            }
        }
    }
}

/// Layers that are there, with what is promised of them.
fn layers(archive: &Archive) -> impl Iterator<Item = (&sociscope_image::Digest, u64, Extent)> {
    archive
        .images
        .iter()
        .flat_map(|image| &image.layers)
        .filter_map(|layer| Some((layer.digest.as_ref()?, layer.size, layer.extent?)))
}

/// Where the media type says a compression, the bytes have it, or a diagnostic says otherwise.
fn check_types(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let Ok(archive) = &opened.outcome else { return };
    let noted = archive.diagnostics.iter().any(|it| it.code == "layer-type-mismatch");
    let agree = archive.images.iter().flat_map(|image| &image.layers).all(|layer| {
        let named = match &layer.compression {
            LayerCompression::Gzip => "gzip",
            LayerCompression::Uncompressed => "plain",
            LayerCompression::Zstd => "zstd",
            LayerCompression::Unknown(_) => return true,
        };
        let found = compression(layer.extent, file);
        found == "absent" || found == named || layer.extent.is_some_and(|extent| extent.len == 0)
    });
    assert_eq!(agree, !noted, "{}", fixture.name);
}

/// Documents are kept byte for byte, under the digest they have.
fn check_documents(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let Ok(Archive { format, layout, images, .. }) = &opened.outcome else { return };
    assert_eq!(*format == Format::OciArchive, layout.is_some(), "{}", fixture.name);
    let Some(layout) = layout else { return };
    for (digest, text) in &layout.documents {
        assert!(digest.matches(text), "{}: {digest}", fixture.name);
        assert_eq!(layout.blobs.get(digest).map(|&extent| slice(file, extent)), Some(&text[..]));
    }
    for image in images {
        let manifest = image.manifest.as_ref().expect("a manifest has a digest");
        let is_mismatch = fixture.name == "bad-manifest-digest-mismatch";
        assert_eq!(layout.documents.contains_key(manifest), !is_mismatch, "{}", fixture.name);
    }
}

/// Hardly anything of a layer is read, and of a large file hardly anything at all.
fn check_reads(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let name = &fixture.name;
    let total: u64 = opened.reads.iter().map(|read| read.len).sum();
    if file.len() > 1 << 20 && name != "bad-manifest-10MB" {
        let percent = 100.0 * total as f64 / file.len() as f64;
        assert!(percent < 5.0, "{name}: {total} bytes of {} were read, {percent:.1} %", file.len());
    }
    let Ok(archive) = &opened.outcome else { return };
    for layer in archive.images.iter().flat_map(|image| &image.layers) {
        let Some(extent) = layer.extent else { continue };
        let inside = opened
            .reads
            .iter()
            .map(|read| read.end().min(extent.end()).saturating_sub(read.offset.max(extent.offset)));
        let inside: u64 = inside.sum();
        assert!(inside <= READ_AHEAD, "{name}: {inside} bytes of a layer were read");
    }
}

/// The same bytes give the same reads and the same archive.
fn check_repeatable(fixture: &Fixture, file: &[u8], opened: &Opened) {
    let again = open(file);
    assert_eq!(opened.reads, again.reads, "{}", fixture.name);
    assert_eq!(format!("{:?}", opened.outcome), format!("{:?}", again.outcome), "{}", fixture.name);
}

fn check_all(dir: &Path) -> usize {
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let count = each(dir, |fixture, file, opened| {
        check_images(fixture, file, &opened);
        check_reported(fixture, file, &opened);
        check_types(fixture, file, &opened);
        check_documents(fixture, file, &opened);
        check_reads(fixture, file, &opened);
        check_repeatable(fixture, file, &opened);
        *tally.entry("reads").or_default() += opened.reads.len();
        match &opened.outcome {
            Err(error) => {
                *tally.entry("errors").or_default() += 1;
                *codes.entry(error.code()).or_default() += 1;
            }
            Ok(archive) => {
                *tally.entry("archives").or_default() += 1;
                *tally.entry("images").or_default() += archive.images.len();
                *tally.entry("layers").or_default() +=
                    archive.images.iter().map(|image| image.layers.len()).sum::<usize>();
                *tally.entry("diagnostics").or_default() += archive.diagnostics.len();
                for diagnostic in &archive.diagnostics {
                    *codes.entry(diagnostic.code).or_default() += 1;
                }
            }
        }
    });
    println!("{count} files: {tally:?}\n{codes:?}");
    count
}

#[test]
fn the_subset_opens() {
    assert!(check_all(&fixtures().join("images")) >= 4);
}

#[test]
#[ignore = "full set"]
fn all_fixtures_open() {
    assert_eq!(check_all(&shared().join("golden-images")), 165);
}
