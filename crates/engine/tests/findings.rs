//! The table of advice: every row is well-formed, and every row can be met.

mod archives;

use std::collections::BTreeSet;

use archives::{GZIP, Oci, ZSTD, docker_archive, every_layer, gzip, layer_tar, scanned};
use sociscope_engine::{
    Finding, Options, PlatformChoice,
    findings::{RULES, Severity},
    image::Digest,
};

#[test]
fn every_rule_says_what_why_and_where_it_is_written() {
    let mut ids = BTreeSet::new();
    for rule in RULES {
        assert!(ids.insert(rule.id), "{} twice", rule.id);
        assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.id);
        assert!(!rule.title.ends_with('.') && rule.title.starts_with(char::is_uppercase), "{}", rule.id);
        assert!(rule.reason.ends_with('.'), "{}", rule.id);
        assert!(rule.source.starts_with("https://"), "{}", rule.id);
        assert!(!rule.reason.contains("  ") && !rule.fix.contains("  "), "{}: a broken line", rule.id);
    }
    let gravity: Vec<Severity> = RULES.iter().map(|rule| rule.severity).collect();
    assert!(gravity.is_sorted(), "the gravest first");
}

fn layer() -> Vec<u8> {
    gzip(&layer_tar(&[("file", 300_000)]))
}

fn small() -> Vec<u8> {
    gzip(&layer_tar(&[("s", 10)]))
}

fn zstd() -> Vec<u8> {
    b"\x28\xb5\x2f\xfd".repeat(100)
}

fn amd64(layers: &[(&str, Vec<u8>)]) -> Oci {
    Oci::default().image("linux/amd64", layers)
}

/// A layer with a hard link to a file that comes after it.
fn forward_link() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Link);
    link.set_size(0);
    tar.append_link(&mut link, "link", "later").expect("a short name");
    let mut file = tar::Header::new_ustar();
    file.set_mode(0o644);
    file.set_size(3);
    tar.append_data(&mut file, "later", &b"abc"[..]).expect("a short name");
    gzip(&tar.into_inner().expect("in memory"))
}

fn prefetching(path: &str) -> Options {
    Options { prefetch: vec![path.to_owned()], ..every_layer() }
}

/// One image under two names, in an index that does not state its platform: soci gives up.
fn two_tags_without_platform() -> Vec<u8> {
    amd64(&[(GZIP, layer())]).named("app:1").also_named("app:2").without_platforms().tar()
}

/// Files, options, and the rule each is about.
fn cases() -> Vec<(&'static str, Vec<u8>, Options)> {
    let from_1000 = Options { min_layer_size: 1000, ..every_layer() };
    let only_amd64 =
        Options { platforms: PlatformChoice::Listed(vec!["linux/amd64".into()]), ..every_layer() };
    let only_s390x =
        Options { platforms: PlatformChoice::Listed(vec!["linux/s390x".into()]), ..every_layer() };
    let mut swapped = layer();
    swapped.reverse();
    let mut other_content = Oci::default();
    let plain = layer_tar(&[("file", 3000)]);
    other_content.add_image("linux/amd64", &[(archives::PLAIN, plain)], &[Digest::of(b"else").to_string()]);
    let mut converted_before = amd64(&[(GZIP, layer())]);
    converted_before.add_image("linux/amd64", &[], &[]);
    vec![
        ("layer-digest-mismatch", amd64(&[(GZIP, layer())]).swap(&layer(), swapped).tar(), every_layer()),
        ("layer-broken", amd64(&[(GZIP, layer()[..200].to_vec())]).tar(), every_layer()),
        (
            "layer-missing",
            amd64(&[(GZIP, layer()), (GZIP, small())]).without(&small()).tar(),
            from_1000.clone(),
        ),
        ("layer-diff-id-mismatch", other_content.tar(), every_layer()),
        ("docker-archive", docker_archive(&[layer()]), every_layer()),
        ("layers-uncompressed", docker_archive(&[layer_tar(&[("file", 3000)])]), every_layer()),
        ("adapted", two_tags_without_platform(), every_layer()),
        ("layer-unusable", amd64(&[(GZIP, layer()), (GZIP, forward_link())]).tar(), every_layer()),
        ("prefetch-not-found", amd64(&[(GZIP, layer())]).tar(), prefetching("no/such/file")),
        ("not-convertible", amd64(&[(GZIP, layer())]).tar(), only_s390x),
        ("no-layer-large-enough", amd64(&[(GZIP, layer())]).tar(), Options::default()),
        ("push-this-archive", amd64(&[(GZIP, layer())]).tar(), every_layer()),
        ("layer-zstd", amd64(&[(GZIP, layer()), (ZSTD, zstd())]).tar(), every_layer()),
        (
            "layer-unsupported",
            amd64(&[(GZIP, layer()), ("application/vnd.oci.image.layer.v1.tar+foo", zstd())]).tar(),
            every_layer(),
        ),
        ("windows-image", Oci::default().image("windows/amd64", &[(GZIP, layer())]).tar(), every_layer()),
        (
            "platform-not-indexed",
            amd64(&[(GZIP, layer())]).image("linux/arm64", &[(GZIP, small())]).tar(),
            only_amd64,
        ),
        ("attestation-link-lost", amd64(&[(GZIP, layer())]).attestation().tar(), every_layer()),
        ("digest-changes", amd64(&[(GZIP, layer())]).tar(), every_layer()),
        ("tags-not-kept", amd64(&[(GZIP, layer())]).named("app:1").tar(), every_layer()),
        ("image-small", amd64(&[(GZIP, layer())]).tar(), every_layer()),
        ("layers-small", amd64(&[(GZIP, layer()), (GZIP, small())]).tar(), from_1000),
    ]
}

fn findings(file: &[u8], options: Options) -> Vec<Finding> {
    scanned(file, options).report().findings
}

#[test]
fn every_rule_can_be_met() {
    for (id, file, options) in cases() {
        let found = findings(&file, options);
        let ids: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
    }
}

#[test]
fn cases_cover_the_table() {
    // Those three pass on what the image crate finds; re-conversion and layers made here have tests
    // of their own.
    let elsewhere = [
        "archive-error",
        "archive-warning",
        "archive-note",
        "already-indexed",
        "layers-made",
        "docker-archive",
        "layers-uncompressed",
        "adapted",
    ];
    let covered: BTreeSet<&str> = cases().iter().map(|(id, ..)| *id).chain(elsewhere).collect();
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(covered, all);
}

#[test]
fn findings_are_sentences_in_the_order_of_the_table() {
    for (id, file, options) in cases() {
        let found = findings(&file, options);
        let order: Vec<_> = found.iter().map(|f| RULES.iter().position(|rule| rule.id == f.id)).collect();
        assert!(order.is_sorted() && order.iter().all(Option::is_some), "{id}: {order:?}");
        for finding in &found {
            assert!(finding.sentence.ends_with(['.', '!']), "{id}: {}", finding.sentence);
            assert!(!finding.sentence.contains('!'), "{id}: {}", finding.sentence);
            assert_ne!(finding.fix.as_deref(), Some(""), "{id}");
        }
    }
}

#[test]
fn a_converted_image_is_known_as_such() {
    let file = amd64(&[(GZIP, layer())]).tar();
    let mut analysis = archives::analysis(&file, every_layer());
    let mut ztocs = Vec::new();
    for task in analysis.tasks(sociscope_engine::Scope::ForConversion) {
        let outcome = archives::drive(sociscope_engine::LayerJob::new(task), &file).expect("an outcome");
        analysis.record(outcome.summary);
        ztocs.extend(outcome.ztoc);
    }
    let converted = analysis.convert().expect("convertible");
    let mut archive = Vec::new();
    for part in converted.plan.parts() {
        match part {
            sociscope_engine::Part::Bytes(bytes) => archive.extend(bytes),
            sociscope_engine::Part::Source { extent, .. } => {
                archive.extend(&file[extent.offset as usize..extent.end() as usize]);
            }
            sociscope_engine::Part::Ztoc { digest, .. } => {
                archive.extend(ztocs.iter().find(|bytes| digest.matches(bytes)).expect("a known zTOC"));
            }
        }
    }
    let again = scanned(&archive, every_layer());
    let report = again.report();
    assert!(report.findings.iter().any(|finding| finding.id == "already-indexed"));
    // Converting what was converted gives the same image again.
    assert_eq!(report.conversion.expect("convertible").image_index, converted.image_index.to_string());
}

#[test]
fn a_layer_in_two_images_is_one_finding() {
    let file = amd64(&[(GZIP, layer()), (ZSTD, zstd())])
        .image("linux/arm64", &[(GZIP, small()), (ZSTD, zstd())])
        .tar();
    let found = findings(&file, every_layer());
    let zstd: Vec<&Finding> = found.iter().filter(|finding| finding.id == "layer-zstd").collect();
    assert_eq!(zstd.len(), 1);
    assert_eq!((zstd[0].image, zstd[0].layer.map(|id| id.0)), (None, Some(1)));
}
