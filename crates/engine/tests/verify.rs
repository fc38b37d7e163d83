//! Verifying: what is wrong with a zTOC, or with its binding, is named for what it is.

mod archives;

use archives::{GZIP, Oci, drive, every_layer, gzip, layer_tar, open};
use serde_json::Value;
use sociscope_engine::{
    Analysis, LayerId, LayerJob, LayerTask, Part, Scope, TaskCompression,
    image::Digest,
    sample,
    verify::{
        self, Depth, ImageVerification, ImageVerifier, LayerVerification, Outcome, ProblemSeverity, VerifyJob,
    },
    ztoc::{StoredCheckpoints, Ztoc},
};
use std::collections::BTreeMap;

const SPAN_SIZE: u64 = 64 << 10;

fn task(layer: &[u8]) -> LayerTask {
    LayerTask {
        id: LayerId(7),
        offset: 0,
        len: layer.len() as u64,
        compression: TaskCompression::Gzip,
        span_size: SPAN_SIZE,
        expected_digest: Some(Digest::of(layer).to_string()),
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: true,
    }
}

/// A tar whose contents hardly compress, so that deflate cuts it into many blocks.
fn noisy_tar(files: &[(&str, usize)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut state: u32 = 1;
    for (name, size) in files {
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 27) as u8
        };
        let data: Vec<u8> = (0..*size).map(|_| noise()).collect();
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(*size as u64);
        tar.append_data(&mut header, name, &data[..]).expect("a short name");
    }
    tar.into_inner().expect("in memory")
}

/// A layer of some spans, and its zTOC.
fn layer() -> (Vec<u8>, Vec<u8>) {
    let tar = noisy_tar(&[("etc/motd", 90_000), ("usr/bin/tool", 300_000), ("usr/bin/other", 100_000)]);
    let layer = gzip(&tar);
    let ztoc = drive(LayerJob::new(task(&layer)), &layer).expect("an outcome").ztoc.expect("a zTOC");
    (layer, ztoc)
}

fn verify(layer: &[u8], ztoc: &[u8], depth: Depth) -> LayerVerification {
    drive(VerifyJob::new(task(layer), ztoc.to_vec(), depth), layer).expect("an outcome")
}

/// Where `needle` stands in `file` for the first time.
fn find(file: &[u8], needle: &[u8]) -> usize {
    file.windows(needle.len()).position(|window| window == needle).expect("it is there")
}

fn change(file: &[u8], at: usize) -> Vec<u8> {
    let mut changed = file.to_vec();
    changed[at] ^= 1;
    changed
}

#[test]
fn the_right_ztoc_is_identical_in_both_depths() {
    let (layer, ztoc) = layer();
    for depth in [Depth::Sampled, Depth::Full] {
        let found = verify(&layer, &ztoc, depth);
        assert_eq!((found.outcome, found.difference_count), (Outcome::Identical, 0));
        assert!(found.spans > Some(2), "{:?}", found.spans);
        assert_eq!(Some(found.spans_unpacked), found.spans);
    }
}

#[test]
fn what_was_changed_is_named() {
    let (layer, ztoc) = layer();
    let read = Ztoc::parse(&ztoc).expect("a zTOC");
    let StoredCheckpoints::Gzip(checkpoints) = read.checkpoints() else { panic!("not gzip") };
    let second = checkpoints.iter().nth(1).expect("two checkpoints");
    let window = second.window.as_ptr() as usize - ztoc.as_ptr() as usize;
    let digest: String = read
        .span_digests()
        .nth(2)
        .flatten()
        .expect("three digests")
        .map(|byte| format!("{byte:02x}"))
        .concat();
    let digest = find(&ztoc, digest.as_bytes());
    let table = [
        ("a byte of the second window", window + 20_000, Outcome::WrongCheckpoint { span: 1 }),
        ("the second checkpoint's place", window - 17, Outcome::WrongCheckpoint { span: 1 }),
        ("a digit of the third digest", digest, Outcome::WrongSpanDigest { span: 2 }),
        ("a letter of a name", find(&ztoc, b"usr/bin/tool"), Outcome::WrongEntry { entry: 1 }),
        ("a letter of the tool's name", find(&ztoc, b"SOCI CLI"), Outcome::Equivalent),
    ];
    for (what, at, expected) in table {
        for depth in [Depth::Sampled, Depth::Full] {
            let found = verify(&layer, &change(&ztoc, at), depth);
            assert_eq!(found.outcome, expected, "{what}: {:#?}", found.differences);
            assert!(found.difference_count > 0, "{what}");
        }
    }
}

#[test]
fn the_differing_entry_is_named_with_both_values() {
    let (layer, ztoc) = layer();
    let changed = change(&ztoc, find(&ztoc, b"usr/bin/tool") + 8);
    let found = verify(&layer, &changed, Depth::Sampled);
    let texts: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["usr/bin/uool: name usr/bin/uool → name usr/bin/tool"]);
}

#[test]
fn a_ztoc_of_other_bytes_is_stale() {
    let (layer, _) = layer();
    let other = gzip(&layer_tar(&[("etc/motd", 90_001), ("usr/bin/other", 300_000)]));
    let ztoc = drive(LayerJob::new(task(&other)), &other).expect("an outcome").ztoc.expect("a zTOC");
    assert_eq!(verify(&layer, &ztoc, Depth::Full).outcome, Outcome::Stale);
}

#[test]
fn what_cannot_be_read_is_unreadable() {
    let (layer, ztoc) = layer();
    let part = |found: LayerVerification| match found.outcome {
        Outcome::Unreadable { part, .. } => part,
        other => panic!("{other:?}"),
    };
    assert_eq!(part(verify(&layer, b"no zTOC at all", Depth::Full)), verify::Part::Ztoc);
    assert_eq!(part(verify(&layer, &ztoc[..100], Depth::Full)), verify::Part::Ztoc);
    let damaged = change(&layer, layer.len() / 2);
    let mut task = task(&damaged);
    task.expected_digest = Some(Digest::of(&layer).to_string());
    let found = drive(VerifyJob::new(task, ztoc, Depth::Full), &damaged).expect("an outcome");
    assert_eq!(part(found), verify::Part::Layer);
}

#[test]
fn no_changed_byte_passes_for_the_original() {
    let (layer, ztoc) = layer();
    // Windows are nearly all of the file, so bytes are taken from its ends and a few from between.
    let ends = (0..600)
        .step_by(11)
        .chain((ztoc.len() - 900..ztoc.len()).step_by(11))
        .chain((600..ztoc.len() - 900).step_by(40_011));
    for at in ends {
        let found = verify(&layer, &change(&ztoc, at), Depth::Sampled);
        // The same checkpoints can come of another span size; it is what was built then.
        if found.span_size.is_none_or(|size| size == SPAN_SIZE) {
            assert_ne!(found.outcome, Outcome::Identical, "byte {at}");
        }
    }
}

/// Converts an image under default options but for sizes, and hands back the archive's blobs.
fn converted(file: &[u8]) -> Vec<u8> {
    let mut analysis = Analysis::new(open(file), "image.tar", every_layer());
    let mut ztocs = BTreeMap::new();
    for task in analysis.tasks(Scope::ForConversion) {
        let id = task.id;
        let outcome = drive(LayerJob::new(task), file).expect("an outcome");
        ztocs.extend(outcome.ztoc.map(|ztoc| (id, ztoc)));
        analysis.record(outcome.summary);
    }
    let converted = analysis.convert().expect("converted");
    let mut archive = Vec::new();
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(bytes) => archive.extend_from_slice(bytes),
            Part::Ztoc { digest, .. } => {
                archive.extend_from_slice(&ztocs[&analysis.ztoc_layer(digest).expect("known")]);
            }
            Part::Source { extent, .. } => {
                archive.extend_from_slice(&file[extent.offset as usize..extent.end() as usize]);
            }
        }
    }
    archive
}

fn verify_image(file: &[u8]) -> ImageVerification {
    let mut verifier = ImageVerifier::new(open(file), "image.tar", Depth::Full);
    for task in verifier.tasks() {
        // As a worker gets it.
        let task = serde_json::from_str(&serde_json::to_string(&task).expect("JSON")).expect("a task");
        verifier.record(drive(VerifyJob::open(task), file).expect("an outcome"));
    }
    verifier.report()
}

fn problems(found: &ImageVerification) -> Vec<&str> {
    let of_images = found.images.iter().flat_map(|image| &image.problems);
    of_images.chain(&found.problems).map(|problem| problem.id.as_str()).collect()
}

#[test]
fn the_converted_sample_verifies() {
    let found = verify_image(&converted(&sample::archive()));
    assert!(found.verdict.is_good, "{:#?}", found.verdict);
    assert_eq!(problems(&found), [""; 0]);
    assert!(found.images.iter().all(|image| image.version == Some(2) && image.index.is_some()));
    assert!(found.pairs.len() > 1);
    assert!(found.pairs.iter().all(|pair| pair.outcome == Outcome::Identical), "{:#?}", found.pairs);
}

#[test]
fn an_image_without_an_index_does_not_verify() {
    let found = verify_image(&sample::archive());
    assert_eq!(found.verdict.sentence, "No image in this file has a SOCI index.");
    assert!(!found.verdict.is_good && found.pairs.is_empty());
}

/// A small image, converted.
fn small() -> Vec<u8> {
    let layers = [(GZIP, layer().0), (GZIP, gzip(&layer_tar(&[("srv/app", 200_000)])))];
    converted(&Oci::default().image("linux/amd64", &layers).tar())
}

/// The archive with its members changed.
fn edited(file: &[u8], mut edit: impl FnMut(&str, &mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut old = tar::Archive::new(file);
    let mut new = tar::Builder::new(Vec::new());
    for member in old.entries().expect("a tar") {
        let mut member = member.expect("a member");
        let name = member.path().expect("a name").to_string_lossy().into_owned();
        let mut header = member.header().clone();
        let mut data = Vec::new();
        std::io::copy(&mut member, &mut data).expect("in memory");
        if edit(&name, &mut data) {
            header.set_size(data.len() as u64);
            new.append_data(&mut header, &name, &data[..]).expect("a short name");
        }
    }
    new.into_inner().expect("in memory")
}

/// The blobs that parse as zTOCs.
fn is_ztoc(data: &[u8]) -> bool {
    Ztoc::parse(data).is_ok_and(|ztoc| ztoc.version == "0.9")
}

#[test]
fn a_missing_ztoc_is_missed() {
    let mut gone = 0;
    let file = edited(&small(), |_, data| {
        gone += usize::from(is_ztoc(data));
        !(is_ztoc(data) && gone == 1)
    });
    let found = verify_image(&file);
    let outcomes: Vec<&Outcome> = found.pairs.iter().map(|pair| &pair.outcome).collect();
    assert!(outcomes.contains(&&Outcome::Missing { part: verify::Part::Ztoc }), "{outcomes:?}");
    assert_eq!(problems(&found), ["ztoc-missing"]);
    assert_eq!(found.verdict.sentence, "1 of 2 zTOCs cannot be used.");
}

#[test]
fn a_changed_ztoc_does_not_have_its_digest() {
    let file = edited(&small(), |_, data| {
        if is_ztoc(data) {
            let at = find(data, b"SOCI CLI");
            data[at] ^= 1;
        }
        true
    });
    let found = verify_image(&file);
    assert!(!found.verdict.is_good);
    for pair in &found.pairs {
        assert!(matches!(pair.outcome, Outcome::Unreadable { part: verify::Part::Ztoc, .. }), "{pair:#?}");
    }
}

/// An image, a SOCI index made by hand, and how they speak of each other.
fn bound_by_hand(index_of: impl Fn(&str, &mut Value, &mut Value)) -> Vec<u8> {
    let (layer, ztoc) = layer();
    let mut oci = Oci::default().image("linux/amd64", &[(GZIP, layer.clone())]);
    let image = oci.listed[0]["digest"].as_str().expect("a digest").to_owned();
    let mut index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.amazon.soci.index.v1+json",
            "digest": oci.blob(b"{}".to_vec()),
            "size": 2
        },
        "layers": [{
            "mediaType": "application/octet-stream",
            "digest": oci.blob(ztoc.clone()),
            "size": ztoc.len(),
            "annotations": {
                "com.amazon.soci.image-layer-digest": Digest::of(&layer).to_string(),
                "com.amazon.soci.image-layer-mediaType": GZIP,
                "com.amazon.soci.span-size": SPAN_SIZE.to_string()
            }
        }],
        "subject": { "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": image, "size": 1 },
    });
    let mut entry = serde_json::json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.amazon.soci.index.v1+json"
    });
    index_of(&image, &mut index, &mut entry);
    let index = index.to_string().into_bytes();
    entry["size"] = index.len().into();
    entry["digest"] = oci.blob(index).into();
    oci.listed.push(entry);
    oci.tar()
}

#[test]
fn an_index_of_version_1_is_found_by_its_subject() {
    let found = verify_image(&bound_by_hand(|_, _, _| {}));
    assert!(found.verdict.is_good, "{:#?}", found);
    assert_eq!(found.images[0].version, Some(1));
    assert_eq!(problems(&found), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_binding_is_named() {
    type Edit = fn(&str, &mut Value, &mut Value);
    let table: [(&str, Edit, bool); 6] = [
        (
            "span-size-missing",
            |_, index, _| {
                index["layers"][0]["annotations"]
                    .as_object_mut()
                    .expect("annotations")
                    .remove("com.amazon.soci.span-size");
            },
            true,
        ),
        (
            "span-size-differs",
            |_, index, _| {
                index["layers"][0]["annotations"]["com.amazon.soci.span-size"] = "4194304".into();
            },
            true,
        ),
        (
            "layer-type-differs",
            |_, index, _| {
                index["layers"][0]["annotations"]["com.amazon.soci.image-layer-mediaType"] = "other".into();
            },
            true,
        ),
        (
            "layer-unknown",
            |_, index, _| {
                index["layers"][0]["annotations"]["com.amazon.soci.image-layer-digest"] = "sha256:00".into();
            },
            false,
        ),
        ("blob-size", |_, index, _| index["layers"][0]["size"] = 1.into(), false),
        ("orphan-index", |_, index, _| index["subject"]["digest"] = "sha256:00".into(), false),
    ];
    for (id, edit, is_good) in table {
        let found = verify_image(&bound_by_hand(edit));
        assert_eq!(problems(&found), [id]);
        assert_eq!(found.verdict.is_good, is_good, "{id}: {}", found.verdict.sentence);
    }
}

#[test]
fn a_file_that_is_damaged_elsewhere_does_not_verify() {
    let file = edited(&small(), |_, data| {
        // The image index: of all documents, it alone names an artifact type.
        let text = String::from_utf8_lossy(data);
        if text.starts_with('{') && text.contains("artifactType") {
            *data = text.replace("com.amazon.soci.image-manifest-digest", "com.example.other").into_bytes();
        }
        true
    });
    let found = verify_image(&file);
    assert!(!found.verdict.is_good, "{:#?}", found.verdict);
    assert!(found.problems.iter().any(|problem| problem.severity == ProblemSeverity::Error));
}

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/verification.schema.json");

#[test]
fn the_committed_schema_is_the_one_of_these_types() {
    let schema = verify::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(COMMITTED, &schema).expect("writable");
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == schema, "verification.schema.json is stale: run this test with UPDATE_SCHEMA=1");
}

#[test]
fn real_documents_obey_the_schema_and_read_back() {
    let schema: Value = serde_json::from_str(&verify::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let (layer, ztoc) = layer();
    let documents = [
        verify_image(&small()),
        verify_image(&sample::archive()),
        verify_image(&bound_by_hand(|_, _, _| {})),
        ImageVerification::of_pair(
            "layer",
            verify(&layer, &change(&ztoc, find(&ztoc, b"tool")), Depth::Full),
        ),
        ImageVerification::of_pair("layer.ztoc", LayerVerification::of_ztoc_alone(&ztoc)),
        ImageVerification::of_pair("layer.ztoc", LayerVerification::of_ztoc_alone(b"")),
    ];
    for document in documents {
        let value: Value = serde_json::from_str(&document.to_json()).expect("JSON");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
        assert_eq!(value["schema"], "sociscope.verification/1");
        assert_eq!(serde_json::from_value::<ImageVerification>(value).expect("it reads back"), document);
    }
}
