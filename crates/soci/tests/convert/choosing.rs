//! What is converted: the root, the platforms, the layers.

use crate::layouts::{GZIP, Layouts, all, convert, decisions, index, listed, manifest, on, options};
use sociscope_image::{Digest, Layout};
use sociscope_soci::{
    Culprit, Decision, Descriptor, Error, JsonProblem, PlatformChoice, Role, Root, Selection, SkipReason,
    media_type, soci_index,
};
use sociscope_ztoc::Compression;

fn refusal(layout: &Layout, options: &sociscope_soci::ConvertOptions) -> Error {
    let error = convert(layout, options).unwrap_err();
    assert!(!error.place().is_empty() && !error.way_out().is_empty());
    error
}

#[test]
fn one_entry_that_is_no_list_is_the_image() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/arm64", &["a"]);
    let layout = layouts.top(vec![image]);
    assert!(!Root::find(layout).unwrap().is_list());
    // Its platform is the only one there is, so it need not be asked for.
    for options in [all(), listed(&[]), listed(&["linux/arm64/v8"])] {
        assert_eq!(convert(layout, &options).unwrap().soci_indexes.len(), 1);
    }
    assert!(matches!(refusal(layout, &listed(&["amd64"])), Error::PlatformAbsent { .. }));
}

#[test]
fn a_list_of_which_one_image_is_left_is_forgotten() {
    let mut layouts = Layouts::default();
    let here = on("linux/arm64", layouts.image("linux/arm64", &["a"]));
    let absent = on("linux/amd64", Descriptor::of(media_type::OCI_MANIFEST, b"absent"));
    let list = layouts.list(vec![absent, here]);
    let layout = layouts.top(vec![list]);
    assert!(!Root::find(layout).unwrap().is_list());
    assert_eq!(index(&convert(layout, &listed(&[])).unwrap()).manifests().len(), 2);
}

#[test]
fn a_list_of_which_nothing_is_left_is_refused() {
    let mut layouts = Layouts::default();
    let absent = Descriptor::of(media_type::OCI_MANIFEST, b"absent");
    let list = layouts.list(vec![absent.clone(), absent]);
    let error = refusal(layouts.top(vec![list]), &all());
    assert!(matches!(error, Error::NoneAvailable { listed: 2, .. }), "{error}");
    assert!(matches!(refusal(layouts.top(vec![]), &all()), Error::NoManifests));
}

#[test]
fn several_entries_are_several_platforms() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let arm64 = on("linux/arm64/v8", layouts.image("linux/arm64", &["b"]));
    let layout = layouts.top(vec![amd64, arm64]);
    let indexed = |options| {
        let converted = convert(layout, &options).unwrap();
        converted.soci_indexes.iter().map(|index| index.platform.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(indexed(all()), ["linux/amd64", "linux/arm64/v8"]);
    assert_eq!(indexed(listed(&[])), ["linux/amd64"], "the reference's default on amd64");
    assert_eq!(indexed(listed(&["arm64", "amd64"])), ["linux/arm64", "linux/amd64"], "as asked");
    assert_eq!(indexed(listed(&["amd64", "linux/x86_64"])), ["linux/amd64"], "once");
}

#[test]
fn an_entry_without_platform_stands_in_the_way_only_before_the_match() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let silent = layouts.image("linux/arm64", &["b"]);
    assert!(convert(layouts.top(vec![amd64.clone(), silent.clone()]), &listed(&[])).is_ok());
    let error = refusal(layouts.top(vec![silent, amd64]), &listed(&[]));
    assert!(matches!(error, Error::PlatformUnstated { number: 1, .. }), "{error}");
}

#[test]
fn attestations_are_no_platform() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let attestation = on("unknown/unknown", layouts.image("unknown/unknown", &["b"]));
    let layout = layouts.top(vec![amd64, attestation]);
    assert_eq!(Selection::new(layout, &all()).unwrap().platforms().len(), 1);
}

#[test]
fn what_states_no_platform_is_no_image() {
    let mut layouts = Layouts::default();
    let artefact = layouts.document("application/vnd.example", "{}");
    let error = refusal(layouts.top(vec![artefact]), &all());
    assert!(matches!(error, Error::NoPlatforms { .. }), "{error}");
    assert_eq!(error.culprit(), Culprit::Unsupported);
}

#[test]
fn the_better_of_two_matches_has_the_features() {
    let mut layouts = Layouts::default();
    let plain = on("windows/amd64", layouts.image("windows/amd64", &["a"]));
    let featured = on("windows(+x)/amd64", layouts.image("windows/amd64", &["b"]));
    let layout = layouts.top(vec![plain.clone(), featured]);
    let selection = Selection::new(layout, &listed(&["windows(+x)/amd64"])).unwrap();
    // The reference finds the manifest by one rule and its layers by another; both are kept.
    let platform = &selection.platforms()[0];
    assert_eq!(platform.manifest.as_str(), plain.digest);
    assert_eq!(platform.layers[0].digest, Digest::of(b"b"));
}

#[test]
fn layers_are_decided_in_the_reference_s_order() {
    let mut layouts = Layouts::default();
    let typed = |layout: &mut Layouts, media_type: &str, size| Descriptor {
        media_type: media_type.to_owned(),
        ..layout.layer(&format!("{media_type} {size}"), size)
    };
    let unknown = "application/vnd.oci.image.layer.v2.tar";
    let layers = vec![
        typed(&mut layouts, GZIP, 1000),
        typed(&mut layouts, GZIP, 999),
        typed(&mut layouts, "application/vnd.oci.image.layer.v1.tar", 1000),
        typed(&mut layouts, "application/vnd.oci.image.layer.v1.tar+zstd", 1000),
        typed(&mut layouts, "application/vnd.oci.image.layer.v1.tar+encrypted", 1000),
        typed(&mut layouts, media_type::PREFETCH, 1000),
        typed(&mut layouts, unknown, 999),
        typed(&mut layouts, unknown, 1000),
        typed(&mut layouts, "application/x", 1),
        Descriptor { media_type: GZIP.into(), size: 1000, ..Descriptor::of(GZIP, b"absent") },
        Descriptor { size: 1001, ..layouts.layer("other size", 1000) },
    ];
    let image = layouts.image_of("linux/amd64", layers);
    let layout = layouts.top(vec![image]);
    let mut options = all();
    options.min_layer_size = 1000;
    let small = |size| Decision::Skip(SkipReason::TooSmall { size, min: 1000 });
    let unsupported = |name: &str| Decision::Skip(SkipReason::Unsupported { compression: name.to_owned() });
    assert_eq!(
        decisions(layout, &options),
        [[
            Decision::Index(Compression::Gzip),
            small(999),
            Decision::Index(Compression::Uncompressed),
            unsupported("zstd"),
            unsupported(""),
            Decision::Skip(SkipReason::Prefetch),
            small(999),
            Decision::Skip(SkipReason::UnknownType),
            Decision::Skip(SkipReason::NotALayer),
            Decision::Skip(SkipReason::Absent),
            Decision::Skip(SkipReason::WrongSize { stated: 1001, found: 1000 }),
        ]]
    );
    let error = refusal(layout, &options);
    assert!(matches!(error, Error::Layer { reason: SkipReason::UnknownType, .. }), "{error}");
}

#[test]
fn a_layer_is_wanted_once_and_named_as_often_as_it_occurs() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a", "b", "a"]));
    let arm64 = on("linux/arm64", layouts.image("linux/arm64", &["b", "c"]));
    let layout = layouts.top(vec![amd64, arm64]);
    let selection = Selection::new(layout, &all()).unwrap();
    let wanted: Vec<_> = selection.wanted().into_iter().map(|wanted| wanted.digest).collect();
    assert_eq!(wanted, ["a", "b", "c"].map(|name| Digest::of(name.as_bytes())));
    let converted = convert(layout, &all()).unwrap();
    let entries = index(&converted);
    let soci = manifest(&converted, &entries.manifests()[2]);
    let named: Vec<_> =
        soci.layers().iter().map(|entry| entry.annotations[soci_index::LAYER_DIGEST].clone()).collect();
    assert_eq!(named, ["a", "b", "a"].map(|name| Digest::of(name.as_bytes()).to_string()));
}

#[test]
fn a_layer_that_is_indexed_already_is_not_indexed_again() {
    let mut layouts = Layouts::default();
    let gzip = layouts.layer("a", 1000);
    let plain =
        Descriptor { media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(), ..gzip.clone() };
    let amd64 = on("linux/amd64", layouts.image_of("linux/amd64", vec![gzip]));
    let arm64 = on("linux/arm64", layouts.image_of("linux/arm64", vec![plain]));
    let layout = layouts.top(vec![amd64, arm64]);
    let index = Decision::Index(Compression::Gzip);
    assert_eq!(decisions(layout, &all()), [[index.clone()], [index]]);
}

#[test]
fn nothing_to_index_still_has_decisions_to_show() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a", "b"]);
    let layout = layouts.top(vec![image]);
    let mut options = all();
    options.min_layer_size = 1001;
    let selection = Selection::new(layout, &options).unwrap();
    assert_eq!(selection.platforms()[0].layers.len(), 2);
    let refusal = selection.refusal().unwrap();
    assert!(matches!(refusal, Error::NothingToIndex { layers: 2, too_small: 2, .. }));
    assert_eq!(refusal.culprit(), Culprit::Options);
    assert_eq!(selection.finish(layout, &[].into()).as_ref(), Err(refusal));
}

#[test]
fn the_platform_comes_from_the_config_only_if_nothing_else_says_it() {
    let mut layouts = Layouts::default();
    let image = layouts.image("LINUX/aarch64", &["a"]);
    let spelled = |layout: &Layout| {
        let converted = convert(layout, &all()).unwrap();
        converted.soci_indexes[0].platform.to_string()
    };
    assert_eq!(spelled(layouts.top(vec![image.clone()])), "linux/arm64", "normalised");
    let mut stated = image;
    stated.platform = Some(sociscope_image::Platform { os: "Linux".into(), ..on_parts("x86_64") });
    assert_eq!(spelled(layouts.top(vec![stated])), "Linux/x86_64", "as it is");
}

fn on_parts(architecture: &str) -> sociscope_image::Platform {
    sociscope_image::Platform { architecture: architecture.into(), ..Default::default() }
}

#[test]
fn broken_documents_are_named() {
    let broken = |change: &dyn Fn(&mut Layouts, &mut Descriptor)| {
        let mut layouts = Layouts::default();
        let mut image = layouts.image("linux/amd64", &["a"]);
        change(&mut layouts, &mut image);
        refusal(layouts.top(vec![image]), &all())
    };
    let digest = |image: &Descriptor| image.digest.parse::<Digest>().unwrap();
    let error = broken(&|_, image| image.size += 1);
    assert!(matches!(error, Error::Size { role: Role::Manifest, .. }), "{error}");
    let error = broken(&|layouts, image| {
        layouts.layout.documents.remove(&digest(image));
    });
    assert!(matches!(error, Error::Unusable { role: Role::Manifest, .. }), "{error}");
    let error = broken(&|layouts, image| {
        layouts.layout.documents.remove(&digest(image));
        layouts.layout.blobs.remove(&digest(image));
    });
    assert!(matches!(error, Error::Missing { role: Role::Manifest, .. }), "{error}");
    let error = broken(&|_, image| image.digest = "sha256:../../etc/passwd".to_owned());
    assert!(matches!(error, Error::MalformedDigest { .. }), "{error}");
    let error = broken(&|layouts, image| {
        *image = layouts.document(media_type::OCI_MANIFEST, r#"{"layers":[{"size":1.5}]}"#);
    });
    let Error::Json { error, .. } = &error else { panic!("{error}") };
    assert!(matches!(error.problem, JsonProblem::Type { .. }));
    for (text, found) in [
        (r#"{"manifests":null}"#, "an image index"),
        (r#"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#, "an image index"),
        (r#"{"FSLayers":[]}"#, "a manifest of Docker's first schema"),
    ] {
        let error = broken(&|layouts, image| {
            *image = layouts.document(media_type::OCI_MANIFEST, text);
        });
        let Error::OtherShape { found: shape, .. } = error else { panic!("{error}") };
        assert_eq!(shape, found);
    }
}

#[test]
fn a_layout_of_another_version_is_refused() {
    for (text, fine) in [
        (r#"{"imageLayoutVersion":"1.0.0"}"#, true),
        ("{\"IMAGELAYOUTVERSION\":\"1.0.0\"} and more", true),
        (r#"{"imageLayoutVersion":"2.0.0"}"#, false),
        ("{}", false),
        ("", false),
    ] {
        let mut layouts = Layouts::default();
        let image = layouts.image("linux/amd64", &["a"]);
        layouts.layout.oci_layout = Some(text.as_bytes().to_vec());
        assert_eq!(convert(layouts.top(vec![image]), &all()).is_ok(), fine, "{text}");
    }
}

#[test]
fn a_platform_that_cannot_be_read_is_the_user_s_to_change() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a"]);
    let layout = layouts.top(vec![image]);
    let choice = PlatformChoice::Listed(vec!["nonsense/x/y/z".to_owned()]);
    let error = refusal(layout, &options(choice));
    assert!(matches!(error, Error::PlatformSyntax(_)), "{error}");
    assert_eq!(error.culprit(), Culprit::Options);
}
