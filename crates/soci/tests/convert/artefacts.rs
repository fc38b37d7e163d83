//! What is made beside the converted archive.

use crate::layouts::{Layouts, document, listed, manifest, on, options};
use sociscope_image::{Digest, Layout};
use sociscope_soci::{
    ArchivePlan, ConvertOptions, Converted, Culprit, Descriptor, Error, Index, LegacyIndex, Member,
    OCI_LAYOUT, Part, PlatformChoice, Prefetch, Selection, SpanRange, ZtocBlob, legacy_archive, media_type,
    soci_index,
};
use sociscope_ztoc::Compression;
use std::collections::{BTreeMap, BTreeSet};

/// Which files the layers have, by their names: the first in span 0, the next in span 2, and so on.
type Files<'a> = &'a [(&'a str, &'a [&'a str])];

/// The zTOCs of the layers that are wanted, with an answer for each path.
fn ztocs(selection: &Selection, files: Files<'_>) -> BTreeMap<(Digest, Compression), ZtocBlob> {
    let answer = |layer: &Digest, path: &str| {
        let (_, names) = files.iter().find(|(name, _)| Digest::of(name.as_bytes()) == *layer)?;
        let number = u32::try_from(names.iter().position(|name| *name == path)?).unwrap();
        Some(SpanRange::from((2 * number, 2 * number)))
    };
    let wanted = selection.wanted().into_iter();
    wanted
        .map(|wanted| {
            let paths = &selection.options().prefetch;
            let ztoc = ZtocBlob {
                digest: Digest::of(format!("zTOC of {}", wanted.digest).as_bytes()),
                size: 100,
                disables_xattrs: true,
                prefetch: paths.iter().map(|path| answer(&wanted.digest, path)).collect(),
            };
            ((wanted.digest, wanted.compression), ztoc)
        })
        .collect()
}

fn prefetching(platforms: PlatformChoice, paths: &[&str]) -> ConvertOptions {
    let prefetch = paths.iter().map(|&path| path.to_owned()).collect();
    ConvertOptions { prefetch, ..options(platforms) }
}

fn convert(layout: &Layout, options: &ConvertOptions, files: Files<'_>) -> Converted {
    let selection = Selection::new(layout, options).unwrap();
    selection.finish(layout, &ztocs(&selection, files)).unwrap()
}

/// The layers that have artefacts, with the spans in them, base first.
fn spans(prefetch: &Prefetch) -> Vec<(Digest, Vec<(u32, u32)>)> {
    let pairs = |spans: &[SpanRange]| spans.iter().map(|&span| span.into()).collect();
    prefetch.blobs.iter().map(|blob| (blob.layer.clone(), pairs(&blob.spans))).collect()
}

/// One image of these layers; what is expected of each layer that has an artefact.
fn check(
    layers: &[&str],
    files: Files<'_>,
    paths: &[&str],
    expected: &[(&str, &[(u32, u32)])],
    missing: &[&str],
) {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", layers);
    let layout = layouts.top(vec![image]);
    let converted = convert(layout, &prefetching(PlatformChoice::All, paths), files);
    let [index] = &converted.soci_indexes[..] else { panic!("one platform, one index") };
    let expected: Vec<_> =
        expected.iter().map(|(name, spans)| (Digest::of(name.as_bytes()), spans.to_vec())).collect();
    assert_eq!(spans(&index.prefetch), expected, "{paths:?}");
    assert_eq!(index.prefetch.not_found, missing, "{paths:?}");
}

#[test]
fn a_file_is_looked_for_from_the_top() {
    let files: Files<'_> = &[("base", &["a", "b"]), ("top", &["b", "c"])];
    check(&["base", "top"], files, &["a"], &[("base", &[(0, 0)])], &[]);
    check(&["base", "top"], files, &["b"], &[("top", &[(0, 0)])], &[]);
    check(&["base", "top"], files, &["c", "a"], &[("base", &[(0, 0)]), ("top", &[(2, 2)])], &[]);
    check(&["base", "top"], files, &["b", "c", "b"], &[("top", &[(0, 0), (2, 2)])], &[]);
    check(&["base", "top"], files, &["d", "a", "d"], &[("base", &[(0, 0)])], &["d", "d"]);
    check(&["base", "top"], files, &["d"], &[], &["d"]);
    check(&["base", "top"], files, &[], &[], &[]);
}

#[test]
fn only_layers_with_a_ztoc_are_searched() {
    let mut layouts = Layouts::default();
    let layers = vec![layouts.layer("large", 1000), layouts.layer("small", 10)];
    let image = layouts.image_of("linux/amd64", layers);
    let layout = layouts.top(vec![image]);
    let mut options = prefetching(PlatformChoice::All, &["a", "b"]);
    options.min_layer_size = 100;
    let converted = convert(layout, &options, &[("large", &["a"]), ("small", &["a", "b"])]);
    let prefetch = &converted.soci_indexes[0].prefetch;
    assert_eq!(spans(prefetch), [(Digest::of(b"large"), vec![(0, 0)])]);
    assert_eq!(prefetch.not_found, ["b"]);
}

#[test]
fn artefacts_follow_all_ztocs_once_per_occurrence_of_their_layer() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["x", "y", "x"]);
    let layout = layouts.top(vec![image]);
    let converted =
        convert(layout, &prefetching(PlatformChoice::All, &["a", "b"]), &[("x", &["a"]), ("y", &["b"])]);
    let [index] = &converted.soci_indexes[..] else { panic!("one platform, one index") };
    let index =
        manifest(&converted, &Descriptor { digest: index.digest.to_string(), ..Descriptor::default() });
    let found: Vec<_> = index
        .layers()
        .iter()
        .map(|entry| (entry.media_type.as_str(), entry.annotations[soci_index::LAYER_DIGEST].as_str()))
        .collect();
    let (x, y) = (Digest::of(b"x"), Digest::of(b"y"));
    let (ztoc, list) = (media_type::ZTOC, media_type::PREFETCH);
    assert_eq!(
        found,
        [
            (ztoc, x.as_str()),
            (ztoc, y.as_str()),
            (ztoc, x.as_str()),
            (list, x.as_str()),
            (list, y.as_str()),
            (list, x.as_str()),
        ]
    );
    for entry in index.layers().iter().filter(|entry| entry.media_type == list) {
        let text = br#"{"version":"1.0","prefetch_spans":[{"start_span":0,"end_span":0}]}"#;
        assert_eq!(document(&converted, &entry.digest), text);
        assert_eq!(entry.annotations.len(), 1);
    }
}

#[test]
fn each_platform_has_its_own_artefacts() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["amd64", "shared"]));
    let arm64 = on("linux/arm64", layouts.image("linux/arm64", &["arm64", "shared"]));
    let layout = layouts.top(vec![amd64, arm64]);
    let files: Files<'_> = &[("amd64", &["a"]), ("arm64", &["x", "a"]), ("shared", &["s"])];
    let converted = convert(layout, &prefetching(PlatformChoice::All, &["a", "s", "x"]), files);
    let [amd64, arm64] = &converted.soci_indexes[..] else { panic!("two platforms") };
    let shared = (Digest::of(b"shared"), vec![(0, 0)]);
    assert_eq!(spans(&amd64.prefetch), [(Digest::of(b"amd64"), vec![(0, 0)]), shared.clone()]);
    assert_eq!(amd64.prefetch.not_found, ["x"]);
    assert_eq!(spans(&arm64.prefetch), [(Digest::of(b"arm64"), vec![(0, 0), (2, 2)]), shared]);
    assert_eq!(arm64.prefetch.not_found, [""; 0]);
}

#[test]
fn a_ztoc_that_does_not_answer_is_misuse() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["x"]);
    let layout = layouts.top(vec![image]);
    let selection = Selection::new(layout, &prefetching(PlatformChoice::All, &["a", "b"])).unwrap();
    assert_eq!(selection.refusal(), None, "nobody has been asked yet");
    let mut ztocs = ztocs(&selection, &[]);
    for ztoc in ztocs.values_mut() {
        ztoc.prefetch.pop();
    }
    let digest = Digest::of(b"x").to_string();
    let error = selection.finish(layout, &ztocs).unwrap_err();
    assert_eq!(error, Error::PrefetchUnanswered { digest });
    assert_eq!(error.culprit(), Culprit::Misuse);
    assert_eq!(selection.legacy_index(layout, &ztocs), Err(error));
}

fn legacy(layout: &Layout, options: &ConvertOptions) -> Result<Vec<LegacyIndex>, Error> {
    let selection = Selection::new(layout, options)?;
    let made = selection.legacy_index(layout, &ztocs(&selection, &[("x", &["a"])]));
    assert_eq!(selection.legacy_refusal().as_ref(), made.as_ref().err(), "it is known beforehand");
    made
}

#[test]
fn an_index_of_version_1_refers_to_the_manifest_as_it_is() {
    let mut layouts = Layouts::default();
    let mut docker = layouts.image("linux/amd64", &["x"]);
    docker.media_type = media_type::DOCKER_MANIFEST.to_owned();
    docker.annotations.insert("k".to_owned(), "v".to_owned());
    let (digest, size) = (docker.digest.clone(), docker.size);
    let arm64 = layouts.image("linux/arm64", &["x"]);
    let layout = layouts.top(vec![on("linux/amd64", docker), on("linux/arm64", arm64.clone())]);
    let indexes = legacy(layout, &prefetching(PlatformChoice::All, &["a"])).unwrap();
    let [first, second] = &indexes[..] else { panic!("two platforms, two indexes") };
    assert_eq!(first.platform.to_string(), "linux/amd64");
    let text = str::from_utf8(&first.manifest).unwrap();
    let subject = format!(
        r#","subject":{{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"{digest}","size":{size}}},"annotations""#
    );
    assert!(text.contains(&subject), "{text}");
    assert!(text.contains(r#""config":{"mediaType":"application/vnd.amazon.soci.index.v1+json","#), "{text}");
    assert_eq!(spans(&first.prefetch), [(Digest::of(b"x"), vec![(0, 0)])]);
    assert_eq!(second.subject.digest, arm64.digest);
    assert_ne!(first.digest, second.digest, "the same layers, but another subject");
}

#[test]
fn platforms_without_a_ztoc_have_no_index_of_version_1() {
    let mut layouts = Layouts::default();
    let small = vec![layouts.layer("small", 10)];
    let small = on("linux/arm64", layouts.image_of("linux/arm64", small));
    let large = on("linux/amd64", layouts.image("linux/amd64", &["large"]));
    let layout = layouts.top(vec![small, large]);
    let choose = |platforms: &[&str]| ConvertOptions { min_layer_size: 100, ..listed(platforms) };
    let indexes = legacy(layout, &choose(&["linux/arm64", "linux/amd64"])).unwrap();
    assert_eq!(indexes.len(), 1);
    let refusal = legacy(layout, &choose(&["linux/arm64"])).unwrap_err();
    assert!(matches!(refusal, Error::NothingToIndex { .. }), "{refusal}");
}

#[test]
fn a_layer_that_only_the_archive_needs_does_not_matter_to_version_1() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["x"]));
    let other = on("linux/arm64", layouts.image("linux/arm64", &["absent"]));
    layouts.layout.blobs.remove(&Digest::of(b"absent"));
    let layout = layouts.top(vec![image, other]);
    let options = listed(&["linux/amd64"]);
    let selection = Selection::new(layout, &options).unwrap();
    assert!(matches!(selection.refusal(), Some(Error::Missing { .. })));
    assert_eq!(legacy(layout, &options).unwrap().len(), 1);
}

/// The paths of a plan's files. Blobs lie where their digest says.
fn paths(plan: &ArchivePlan) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for Member { path, mode, content } in plan.members() {
        let digest = match &content {
            Part::Bytes(bytes) => Digest::of(bytes),
            Part::Source { digest, .. } | Part::Ztoc { digest, .. } => digest.clone(),
        };
        if path.starts_with("blobs/") {
            assert_eq!((&path, mode), (&digest.blob_path(), 0o444));
        }
        assert!(paths.insert(path));
    }
    paths
}

#[test]
fn a_folder_has_the_files_of_the_archive() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["x"]);
    layouts.document("text/plain", "a stranger");
    let layout = layouts.top(vec![image]);
    let converted = convert(layout, &prefetching(PlatformChoice::All, &["a"]), &[("x", &["a"])]);
    let files: BTreeMap<_, _> =
        converted.plan.members().map(|member| (member.path.clone(), member)).collect();
    assert_eq!(files["index.json"].content, Part::Bytes(converted.index_json.clone()));
    assert_eq!(files["index.json"].mode, 0o644);
    assert_eq!(files["oci-layout"].content, Part::Bytes(OCI_LAYOUT.to_vec()));
    let layer = Digest::of(b"x");
    let extent = layout.blobs[&layer];
    assert_eq!(files[&layer.blob_path()].content, Part::Source { extent, digest: layer });

    let config = converted.plan.sources().map(|(digest, _)| digest.clone());
    let ztoc = Digest::of(format!("zTOC of {}", Digest::of(b"x")).as_bytes());
    let expected: BTreeSet<_> = converted
        .documents
        .iter()
        .map(|(digest, _)| digest.clone())
        .chain(config)
        .chain([ztoc])
        .map(|digest| digest.blob_path())
        .chain(["index.json".to_owned(), "oci-layout".to_owned()])
        .collect();
    assert_eq!(paths(&converted.plan), expected, "and no stranger");
    assert_eq!(converted.documents.len(), 5, "image index, manifest, SOCI index, its config, artefact");
}

#[test]
fn indexes_alone_come_without_their_image() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["x"]));
    let arm64 = on("linux/arm64", layouts.image("linux/arm64", &["x", "y"]));
    let layout = layouts.top(vec![amd64, arm64]);
    let options = prefetching(PlatformChoice::All, &["a"]);
    let files: Files<'_> = &[("x", &["a"])];
    let converted = convert(layout, &options, files);
    let plan = converted.index_archive().unwrap();
    assert_eq!(plan.sources().count(), 0, "nothing of the input");
    // index.json, oci-layout, two indexes, their config, two zTOCs, one artefact.
    assert_eq!(paths(&plan).len(), 8);
    let top = top(&plan);
    let index = crate::layouts::index(&converted);
    let beside = index.manifests().iter().filter(|entry| entry.artifact_type == media_type::SOCI_INDEX_V2);
    assert_eq!(top.manifests(), beside.cloned().collect::<Vec<_>>(), "as the image index lists them");

    let selection = Selection::new(layout, &options).unwrap();
    let indexes = selection.legacy_index(layout, &ztocs(&selection, files)).unwrap();
    let plan = legacy_archive(&indexes).unwrap();
    assert_eq!(plan.sources().count(), 0);
    assert_eq!(paths(&plan).len(), 8);
    for (entry, index) in self::top(&plan).manifests().iter().zip(&indexes) {
        assert_eq!(entry.digest, index.digest.as_str());
        assert_eq!(entry.artifact_type, media_type::SOCI_INDEX_V1);
        assert_eq!(entry.platform.as_ref(), Some(&index.platform));
        assert!(entry.annotations.is_empty(), "it is the index that says what it is about");
    }
}

fn top(plan: &ArchivePlan) -> Index {
    let file = plan.members().find(|member| member.path == "index.json").unwrap();
    let Part::Bytes(bytes) = file.content else { panic!("index.json is literal") };
    Index::parse(&bytes).unwrap()
}

#[test]
fn no_indexes_are_an_empty_archive() {
    let plan = legacy_archive(&[]).unwrap();
    assert_eq!(paths(&plan).into_iter().collect::<Vec<_>>(), ["index.json", "oci-layout"]);
    assert_eq!(top(&plan).manifests(), []);
}
