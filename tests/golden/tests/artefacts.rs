//! What is made beside the converted archive: prefetch artefacts, indexes of version 1, indexes
//! without their image, layouts as folders. Each byte for byte the reference's, where it has the
//! like.
//!
//! The reference's command line was run for the settings of the image fixtures; its library, for the
//! cases in `tests/fixtures/artefacts`, whose README says how.

use serde::Deserialize;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    sha256_hex, shared,
};
use sociscope_image::{Digest, Extent, Layout, Limits, Open, Want};
use sociscope_soci::{
    ArchivePlan, ConvertOptions, Converted, Index, LegacyIndex, Manifest, Member, OCI_LAYOUT, Part,
    PlatformChoice, Prefetch, Root, Selection, ZtocBlob, legacy_archive, media_type, prefetch, soci_index,
};
use sociscope_ztoc::{Build, BuildOptions, Compression, DigestMode, SpanSize, Ztoc};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

type ZtocBlobs = BTreeMap<(Digest, Compression), ZtocBlob>;

/// An image, its decisions, and the zTOCs of its layers.
struct Prepared {
    file: Vec<u8>,
    layout: Layout,
    selection: Selection,
    blobs: ZtocBlobs,
    bytes: BTreeMap<Digest, Vec<u8>>,
}

impl Prepared {
    fn new(file: Vec<u8>, layout: Layout, options: &ConvertOptions) -> Self {
        let selection = Selection::new(&layout, options).expect("the reference accepts it");
        let mut blobs = BTreeMap::new();
        let mut bytes = BTreeMap::new();
        for wanted in selection.wanted() {
            let build = BuildOptions {
                compression: wanted.compression,
                span_size: options.span_size,
                digests: DigestMode::Here,
                ..BuildOptions::default()
            };
            let build = Build::from_slice(slice(&file, wanted.extent), build).expect("a good layer");
            let ztoc = build.to_bytes().expect("a small layer");
            let digest = Digest::of(&ztoc);
            let parsed = Ztoc::parse(&ztoc).expect("our own zTOC");
            let blob = ZtocBlob {
                digest: digest.clone(),
                size: ztoc.len() as u64,
                disables_xattrs: build.disables_xattrs(),
                prefetch: prefetch::locate(&parsed, &options.prefetch),
            };
            blobs.insert((wanted.digest, wanted.compression), blob);
            bytes.insert(digest, ztoc);
        }
        Self { file, layout, selection, blobs, bytes }
    }

    fn convert(&self) -> Converted {
        self.selection.finish(&self.layout, &self.blobs).expect("the reference accepts it")
    }

    fn legacy(&self) -> Vec<LegacyIndex> {
        self.selection.legacy_index(&self.layout, &self.blobs).expect("the reference accepts it")
    }

    fn bytes<'a>(&'a self, part: &'a Part) -> &'a [u8] {
        match part {
            Part::Bytes(bytes) => bytes,
            Part::Ztoc { digest, .. } => &self.bytes[digest],
            Part::Source { extent, .. } => slice(&self.file, *extent),
        }
    }

    /// The finished archive.
    fn archive(&self, plan: &ArchivePlan) -> Vec<u8> {
        plan.parts().iter().flat_map(|part| self.bytes(part)).copied().collect()
    }

    /// The files of a folder, by path. Each blob has the bytes of its digest, and the archive has
    /// the same files.
    fn folder(&self, plan: &ArchivePlan) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for Member { path, mode, content } in plan.members() {
            let bytes = self.bytes(&content).to_vec();
            if let Some(hex) = path.strip_prefix("blobs/sha256/") {
                assert_eq!(sha256_hex(&bytes), hex);
            }
            assert_eq!(mode, if path == "index.json" { 0o644 } else { 0o444 });
            assert_eq!(files.insert(path, bytes), None, "each path once");
        }
        let archive = self.archive(plan);
        let mut members = BTreeMap::new();
        for member in tar::Archive::new(archive.as_slice()).entries().expect("our own archive") {
            let mut member = member.expect("our own archive");
            let path = String::from_utf8(member.path_bytes().into_owned()).expect("our own path");
            let mut bytes = Vec::new();
            std::io::copy(&mut member, &mut bytes).expect("our own archive");
            if !path.ends_with('/') {
                members.insert(path, bytes);
            }
        }
        assert!(members == files, "the tar has the same files");
        files
    }
}

fn open(file: &[u8]) -> Layout {
    let mut open = Open::new(file.len() as u64, Limits::default());
    while let Want::Read { offset, len } = open.want() {
        open.supply(slice(file, Extent { offset, len })).expect("a good archive");
    }
    open.finish().expect("a good archive").layout.expect("an OCI layout")
}

fn slice(file: &[u8], extent: Extent) -> &[u8] {
    let start = usize::try_from(extent.offset).expect("a small fixture");
    let end = usize::try_from(extent.end()).expect("a small fixture");
    &file[start..end]
}

/// Runs `check` on every image of the set for which there is something to check.
fn each_image<T>(
    dir: &Path,
    mut wanted: impl FnMut(&Fixture) -> Vec<T>,
    mut check: impl FnMut(&Fixture, &[u8], T),
) -> usize {
    let mut checked = 0;
    for fixture in images::manifest(dir).fixtures {
        let cases = wanted(&fixture);
        if !cases.is_empty() {
            let file = images::bytes(dir, &fixture);
            for case in cases {
                check(&fixture, &file, case);
                checked += 1;
            }
        }
    }
    checked
}

// The reference's command line.

/// What the reference did with one image in one setting.
#[derive(Deserialize)]
struct Expected {
    setting: String,
    args: Vec<String>,
    exit: i32,
    stdout: Vec<String>,
    stderr: Vec<String>,
    output: Option<Output>,
    #[serde(default)]
    output_dir: Vec<Entry>,
}

#[derive(Deserialize)]
struct Output {
    size: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    in_input: bool,
}

/// The settings of an image that have one of these flags.
fn settings(dir: &Path, fixture: &Fixture, flags: &[&str]) -> Vec<Expected> {
    let read = |outcome: &images::Outcome| {
        let text = fs::read(dir.join(&outcome.file)).expect("an expected file");
        serde_json::from_slice::<Expected>(&text).expect("an expected file")
    };
    let has = |expected: &Expected| expected.args.iter().any(|argument| flags.contains(&argument.as_str()));
    fixture.expected.values().map(read).filter(has).collect()
}

/// The reference's flags in our words.
fn options(args: &[String], layout: &Layout) -> ConvertOptions {
    let mut options = ConvertOptions::default();
    if Root::find(layout).is_ok_and(|root| root.is_list()) {
        // The platform of the machine the reference ran on.
        options.platforms = PlatformChoice::Listed(vec!["linux/amd64".to_owned()]);
    }
    for pair in args.chunks(2) {
        let [flag, value] = pair else { panic!("a flag has a value") };
        let number = || value.parse().expect("a number");
        match flag.as_str() {
            "--span-size" => options.span_size = SpanSize::new(number()).expect("a span size"),
            "--min-layer-size" => options.min_layer_size = number(),
            "--prefetch-file" => options.prefetch.extend(prefetch::paths(value)),
            "--prefetch-files-json" => {
                let text = fs::read(value).expect("a list of files");
                options.prefetch.extend(prefetch::paths_from_json(&text).expect("a list of files"));
            }
            "--format" => assert_eq!(value, "oci-dir"),
            other => panic!("unknown flag {other}"),
        }
    }
    options
}

/// What the reference says of the artefacts: those it made, and the files it did not find.
fn said(indexes: &[&Prefetch]) -> (BTreeSet<String>, Vec<String>) {
    let made = indexes.iter().flat_map(|prefetch| &prefetch.blobs);
    let made =
        made.map(|blob| format!("Created prefetch artifact for layer {}: {}", blob.layer, blob.digest));
    let missed = indexes.iter().flat_map(|prefetch| &prefetch.not_found);
    let missed = missed.map(|path| format!("prefetch file {path} not found in any layer"));
    (made.collect(), missed.collect())
}

fn prefetching_is_the_reference_s(dir: &Path) {
    let flags = ["--prefetch-file", "--prefetch-files-json"];
    let checked = each_image(
        dir,
        |fixture| settings(dir, fixture, &flags),
        |fixture, file, expected| {
            let name = format!("{}.{}", fixture.name, expected.setting);
            assert_eq!(expected.exit, 0, "{name}");
            let layout = open(file);
            let options = options(&expected.args, &layout);
            assert!(!options.prefetch.is_empty());
            let prepared = Prepared::new(file.to_vec(), layout, &options);
            let converted = prepared.convert();
            let archive = prepared.archive(&converted.plan);
            let output = expected.output.expect("an archive");
            assert_eq!((archive.len() as u64, sha256_hex(&archive)), (output.size, output.sha256), "{name}");

            let prefetch: Vec<_> = converted.soci_indexes.iter().map(|index| &index.prefetch).collect();
            let (made, missed) = said(&prefetch);
            let reported = expected.stdout.into_iter().filter(|line| line.starts_with("Created prefetch"));
            assert_eq!(made, reported.collect(), "{name}");
            assert_eq!(missed.len(), expected.stderr.len(), "{name}");
            for (missed, reported) in missed.iter().zip(&expected.stderr) {
                assert!(reported.contains(missed), "{name}: {reported}");
            }
        },
    );
    assert!(checked > 0, "there are such settings");
}

#[test]
fn prefetching_is_the_reference_s_in_the_subset() {
    prefetching_is_the_reference_s(&fixtures().join("images"));
}

#[test]
#[ignore = "full set"]
fn prefetching_is_the_reference_s_everywhere() {
    prefetching_is_the_reference_s(&shared().join("golden-images"));
}

/// Why a file is in the reference's folder and not in ours; `None` if there is no good reason.
fn left_out(entry: &Entry, input: &Layout) -> Option<&'static str> {
    match entry.name.as_str() {
        "ingest/" => Some("where its content store keeps unfinished blobs: always empty"),
        "manifest.json" | "repositories" => Some("Docker's own list, which describes the image of before"),
        "oci-layout" => {
            // Only spelled otherwise.
            let found = input.oci_layout.as_deref().map(sha256_hex);
            (found.as_deref() == Some(&entry.sha256)).then_some("it is kept as it was found")
        }
        _ if entry.in_input => Some("a blob of the input to which nothing refers any more"),
        _ => None,
    }
}

fn folders_have_what_the_reference_s_have(dir: &Path) {
    let mut reasons = BTreeSet::new();
    let checked = each_image(
        dir,
        |fixture| settings(dir, fixture, &["--format"]),
        |fixture, file, expected| {
            let name = format!("{}.{}", fixture.name, expected.setting);
            assert_eq!(expected.exit, 0, "{name}");
            let layout = open(file);
            let options = options(&expected.args, &layout);
            let prepared = Prepared::new(file.to_vec(), layout, &options);
            let ours = prepared.folder(&prepared.convert().plan);

            let mut theirs = BTreeSet::new();
            for entry in &expected.output_dir {
                let same = ours.get(&entry.name).is_some_and(|bytes| sha256_hex(bytes) == entry.sha256);
                if same {
                    theirs.insert(entry.name.as_str());
                } else {
                    let reason = left_out(entry, &prepared.layout);
                    reasons.insert(reason.unwrap_or_else(|| panic!("{name}: {} differs", entry.name)));
                }
            }
            for (path, bytes) in &ours {
                let own = path == "oci-layout" && bytes == OCI_LAYOUT;
                assert!(own || theirs.contains(path.as_str()), "{name}: {path} is ours alone");
            }
            assert!(theirs.contains("index.json"), "{name}");
        },
    );
    println!("{checked} folders; the reference has more: {reasons:#?}");
    assert!(checked > 0, "there are such settings");
}

#[test]
fn folders_have_what_the_reference_s_have_in_the_subset() {
    folders_have_what_the_reference_s_have(&fixtures().join("images"));
}

#[test]
#[ignore = "full set"]
fn folders_have_what_the_reference_s_have_everywhere() {
    folders_have_what_the_reference_s_have(&shared().join("golden-images"));
}

// The reference's library.

/// SOCI indexes that the reference's library made of one image.
#[derive(Clone, Deserialize)]
struct Case {
    image: String,
    /// `v1` or `v2`.
    version: String,
    span_size: u64,
    min_layer_size: u64,
    platforms: Vec<String>,
    /// Paths as they were handed over.
    prefetch: Vec<String>,
    /// Paths it warned about, in order.
    not_found: Vec<String>,
    indexes: Vec<Made>,
}

/// A SOCI index.
#[derive(Clone, Deserialize)]
struct Made {
    platform: String,
    /// The index.
    manifest: String,
    /// The prefetch artefacts it refers to, in its order.
    prefetch: Vec<String>,
}

fn cases() -> Vec<Case> {
    let text = fs::read(fixtures().join("artefacts/cases.json")).expect("the cases");
    serde_json::from_slice(&text).expect("the cases")
}

impl Case {
    fn options(&self) -> ConvertOptions {
        ConvertOptions {
            span_size: SpanSize::new(self.span_size).expect("a span size"),
            min_layer_size: self.min_layer_size,
            platforms: PlatformChoice::Listed(self.platforms.clone()),
            prefetch: self.prefetch.iter().filter_map(|text| prefetch::path(text)).collect(),
            ..ConvertOptions::default()
        }
    }

    /// Checks the indexes, and the archive of them alone.
    fn check(&self, file: &[u8]) {
        let prepared = Prepared::new(file.to_vec(), open(file), &self.options());
        let (found, artefacts, plan) = if self.version == "v1" {
            let indexes = prepared.legacy();
            let plan = legacy_archive(&indexes).expect("a small archive");
            let text = |index: &LegacyIndex| {
                assert_eq!(index.digest, Digest::of(&index.manifest));
                (index.platform.to_string(), index.manifest.clone())
            };
            let artefacts: Vec<_> = indexes.iter().map(|index| index.prefetch.clone()).collect();
            (indexes.iter().map(text).collect::<Vec<_>>(), artefacts, plan)
        } else {
            let converted = prepared.convert();
            let plan = converted.index_archive().expect("a small archive");
            let documents: BTreeMap<_, _> = converted.documents.into_iter().collect();
            let indexes = &converted.soci_indexes;
            let text =
                indexes.iter().map(|index| (index.platform.to_string(), documents[&index.digest].clone()));
            let artefacts = indexes.iter().map(|index| index.prefetch.clone()).collect();
            (text.collect(), artefacts, plan)
        };
        let what = format!("{} {} {}", self.image, self.version, self.span_size);
        assert_eq!(found.len(), self.indexes.len(), "{what}");
        for ((platform, manifest), made) in found.iter().zip(&self.indexes) {
            assert_eq!(*platform, made.platform, "{what}");
            assert_eq!(String::from_utf8_lossy(manifest), made.manifest, "{what}");
        }
        let missed: Vec<_> = artefacts.iter().flat_map(|prefetch| prefetch.not_found.clone()).collect();
        assert_eq!(missed, self.not_found, "{what}");
        for (prefetch, made) in artefacts.iter().zip(&self.indexes) {
            let found: BTreeSet<_> = prefetch.blobs.iter().map(|blob| blob.to_json()).collect();
            assert_eq!(found, made.prefetch.iter().map(|text| text.clone().into_bytes()).collect(), "{what}");
        }
        self.check_alone(&prepared.folder(&plan), &what);
    }

    /// An archive of the indexes alone holds what they refer to, and nothing else.
    fn check_alone(&self, files: &BTreeMap<String, Vec<u8>>, what: &str) {
        let v1 = self.version == "v1";
        let version = if v1 { media_type::SOCI_INDEX_V1 } else { media_type::SOCI_INDEX_V2 };
        let mut reachable: BTreeSet<String> = ["index.json", "oci-layout"].map(str::to_owned).into();
        let top = Index::parse(&files["index.json"]).expect("our own index");
        assert_eq!(top.manifests().len(), self.indexes.len(), "{what}");
        for (entry, made) in top.manifests().iter().zip(&self.indexes) {
            assert_eq!(entry.artifact_type, version, "{what}");
            assert_eq!(entry.media_type, media_type::OCI_MANIFEST, "{what}");
            assert_eq!(entry.platform.as_ref().map(ToString::to_string).as_ref(), Some(&made.platform));
            assert_eq!(entry.annotations.contains_key(soci_index::IMAGE_MANIFEST_DIGEST), !v1, "{what}");
            let path = entry.digest.replace("sha256:", "blobs/sha256/");
            assert_eq!(String::from_utf8_lossy(&files[&path]), made.manifest, "{what}");
            assert_eq!(entry.size.cast_unsigned(), files[&path].len() as u64, "{what}");
            let manifest = Manifest::parse(&files[&path]).expect("our own manifest");
            assert_eq!(manifest.subject.is_some(), v1, "{what}");
            reachable.insert(path);
            for blob in manifest.layers().iter().chain([&manifest.config]) {
                let path = blob.digest.replace("sha256:", "blobs/sha256/");
                assert_eq!(blob.size.cast_unsigned(), files[&path].len() as u64, "{what}");
                reachable.insert(path);
            }
        }
        assert_eq!(files.keys().cloned().collect::<BTreeSet<_>>(), reachable, "{what}");
    }
}

fn indexes_are_the_library_s(dir: &Path) -> usize {
    let cases = cases();
    let of = |fixture: &Fixture| cases.iter().filter(|case| case.image == fixture.name).cloned().collect();
    each_image(dir, of, |_, file, case: Case| case.check(file))
}

#[test]
fn indexes_are_the_library_s_in_the_subset() {
    let checked = indexes_are_the_library_s(&fixtures().join("images"));
    assert!(checked > 10, "{checked} of {} cases", cases().len());
}

#[test]
#[ignore = "full set"]
fn indexes_are_the_library_s_everywhere() {
    let checked = indexes_are_the_library_s(&shared().join("golden-images"));
    assert_eq!(checked, cases().len(), "every case names an image");
}

/// One of the images comes with its index of version 1, made by the reference. Of the image alone,
/// we make the same.
#[test]
#[ignore = "full set"]
fn an_index_of_version_1_is_the_one_beside_the_image() {
    let dir = shared().join("golden-images");
    let wanted = |fixture: &Fixture| if fixture.name == "soci-v1-beside" { vec![()] } else { vec![] };
    let checked = each_image(&dir, wanted, |_, file, ()| {
        let mut layout = open(file);
        let mut top = Index::parse(&layout.index_json).expect("a good index");
        let beside = top.manifests.as_mut().and_then(Vec::pop).expect("the index is the last");
        assert_eq!(beside.artifact_type, media_type::SOCI_INDEX_V1);
        layout.index_json = top.to_json();
        let expected = layout.documents[&beside.parse_digest().expect("a digest")].clone();

        let options = ConvertOptions {
            span_size: SpanSize::new(65536).expect("a span size"),
            min_layer_size: 0,
            ..ConvertOptions::default()
        };
        let prepared = Prepared::new(file.to_vec(), layout, &options);
        let [index] = &prepared.legacy()[..] else { panic!("one platform, one index") };
        assert_eq!(String::from_utf8_lossy(&index.manifest), String::from_utf8_lossy(&expected));
        assert_eq!(index.digest.as_str(), beside.digest);
        // So are its zTOCs, which the image brings along.
        for digest in prepared.bytes.keys() {
            assert!(prepared.layout.blobs.contains_key(digest), "{digest}");
        }
    });
    assert_eq!(checked, 1, "the image is in the set");
}
