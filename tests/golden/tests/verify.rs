//! Verifying zTOCs against their layers: the reference's own are right, others are told apart.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/ztoc`; `--ignored` takes all 393 vectors.

use serde::Deserialize;
use sociscope_engine::{
    Error, LayerId, LayerTask, TaskCompression, job,
    verify::{Depth, LayerVerification, Outcome, Part, VerifyJob},
};
use sociscope_golden::{fixtures, read, shared};
use sociscope_ztoc::{Build, BuildOptions, Compression, SpanSize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Manifest {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: PathBuf,
    algorithm: String,
    span_size: u64,
    /// Absent where the reference fails.
    ztoc_sha256: Option<String>,
}

fn verify(layer: &[u8], ztoc: &[u8], compression: TaskCompression, depth: Depth) -> LayerVerification {
    let task = LayerTask {
        id: LayerId(0),
        offset: 0,
        len: layer.len() as u64,
        compression,
        span_size: 4 << 20,
        expected_digest: None,
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: true,
    };
    let read = |offset: u64, len: u64| -> Result<Vec<u8>, Error> {
        Ok(layer[offset as usize..(offset + len) as usize].to_vec())
    };
    job::run(VerifyJob::new(task, ztoc.to_vec(), depth), read).expect("an outcome")
}

/// Verifies what is built from each layer, which another test holds against the reference.
fn check(dir: &Path, depth: Depth) -> BTreeMap<&'static str, usize> {
    let manifest: Manifest =
        serde_json::from_slice(&read(&dir.join("manifest.json"))).expect("manifest.json");
    let mut outcomes = BTreeMap::new();
    for vector in manifest.vectors.iter().filter(|vector| vector.ztoc_sha256.is_some()) {
        let layer = read(&dir.join(&vector.input));
        let (compression, task) = match vector.algorithm.as_str() {
            "gzip" => (Compression::Gzip, TaskCompression::Gzip),
            _ => (Compression::Uncompressed, TaskCompression::Uncompressed),
        };
        let span_size = SpanSize::new(vector.span_size).expect("span size");
        let options = BuildOptions { compression, span_size, ..BuildOptions::default() };
        let build = Build::from_slice(&layer, options).expect("the reference builds it");
        let ztoc = build.to_bytes().expect("a zTOC");
        let found = verify(&layer, &ztoc, task, depth);
        let outcome = match found.outcome {
            Outcome::Identical => "identical",
            Outcome::Unusable => "unusable",
            other => panic!("{} {}: {other:?}: {}", vector.name, vector.span_size, found.sentence),
        };
        assert_eq!(found.differences, [], "{}", vector.name);
        if compression == Compression::Gzip && depth == Depth::Full {
            assert_eq!(found.spans_unpacked, build.span_count() as u64, "{}", vector.name);
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    outcomes
}

#[test]
fn the_reference_s_ztocs_are_identical_and_every_span_unpacks() {
    for depth in [Depth::Full, Depth::Sampled] {
        let outcomes = check(&fixtures().join("ztoc"), depth);
        assert!(outcomes["identical"] > 100, "{outcomes:?}");
    }
}

#[test]
#[ignore = "needs the full golden set beside the checkout"]
fn all_the_reference_s_ztocs_are_identical_and_every_span_unpacks() {
    println!("verify: {:?}", check(&shared().join("golden"), Depth::Full));
}

/// What is made of the zTOC `other` for the layer `layer`.
fn foreign(layer: &str, other: &str) -> LayerVerification {
    let dir = fixtures().join("ztoc");
    let layer = read(&dir.join("in").join(layer));
    let ztoc = read(&dir.join("other").join(other));
    verify(&layer, &ztoc, TaskCompression::Gzip, Depth::Full)
}

#[test]
fn soci_before_0_14_saw_the_first_member_only_and_its_ztocs_still_work() {
    for (layer, other) in
        [("members-hdr.gz", "members-hdr.4096.soci-0.13.ztoc.xz"), ("bgzf.gz", "bgzf.4096.soci-0.13.ztoc.xz")]
    {
        let found = foreign(layer, other);
        assert_eq!(found.outcome, Outcome::Equivalent, "{layer}: {:#?}", found.differences);
        let what: Vec<&str> = found.differences.iter().map(|difference| difference.what.as_str()).collect();
        assert!(what.contains(&"span digests"), "{layer}: {what:?}");
    }
}

#[test]
fn times_in_another_zone_are_the_same_times() {
    let found = foreign("gzip6-spans.gz", "gzip6-spans.4096.tokyo.ztoc.xz");
    assert_eq!((found.outcome, found.difference_count), (Outcome::Equivalent, 0));
}

#[test]
fn a_layer_that_only_old_versions_read_is_unreadable() {
    let found = foreign("err-trail-zero.gz", "err-trail-zero.4096.soci-0.13.ztoc.xz");
    assert!(matches!(found.outcome, Outcome::Unreadable { part: Part::Layer, .. }), "{:?}", found.outcome);
}

#[test]
fn another_layer_s_ztoc_is_stale() {
    let found = foreign("pigz.gz", "gzip6-spans.4096.tokyo.ztoc.xz");
    assert_eq!(found.outcome, Outcome::Stale);
}
