//! `sociscope ztoc`: the reference's bytes for a bare layer.

mod program;

use program::{Scratch, done, fixtures, run, sha256, unpacked};
use serde_json::Value;

fn tar() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let data: Vec<u8> = (0..300_000_u32).map(|at| (at.wrapping_mul(at) >> 10) as u8).collect();
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    tar.append_data(&mut header, "data", &data[..]).expect("in memory");
    tar.into_inner().expect("in memory")
}

#[test]
fn its_digest_is_printed_and_a_dash_is_standard_output() {
    let scratch = Scratch::new();
    let layer = scratch.write("layer.tar", &tar());
    let out = scratch.path("layer.ztoc");
    let ended = done(["ztoc", &layer, "--out", &out]);
    let bytes = scratch.read("layer.ztoc");
    assert_eq!(ended.text(), format!("sha256:{}\n", sha256(&bytes)));
    assert_eq!(ended.stderr, "");
    assert!(done(["ztoc", &layer, "--out", "-"]).stdout == bytes);
    assert_eq!(scratch.names(), ["layer.tar", "layer.ztoc"]);
}

#[test]
fn committed_layers_become_what_the_reference_makes_of_them() {
    let directory = fixtures("ztoc");
    let manifest: Value = serde_json::from_slice(&unpacked(&directory.join("manifest.json"))).expect("JSON");
    let (mut identical, mut refused) = (0, 0);
    for vector in manifest["vectors"].as_array().expect("vectors") {
        let text = |field: &str| vector[field].as_str().expect("text");
        let layer = directory.join(text("input"));
        let layer = layer.to_str().expect("a plain path");
        let size = vector["span_size"].as_u64().expect("a size").to_string();
        let compression = if text("algorithm") == "gzip" { "gzip" } else { "none" };
        let ended = run(["ztoc", layer, "--out", "-", "--span-size", &size, "--compression", compression]);
        let name = format!("{} {size}", text("name"));
        match vector["ztoc_sha256"].as_str() {
            Some(wanted) => {
                assert_eq!(sha256(&ended.stdout), wanted, "{name}: {}", ended.stderr);
                identical += 1;
            }
            None => {
                assert_ne!(ended.code, 0, "{name} was accepted");
                assert!(ended.stdout.is_empty(), "{name}");
                refused += 1;
            }
        }
    }
    assert!(identical >= 20 && refused >= 5, "{identical} identical, {refused} refused");
}

#[test]
fn the_compression_is_found_by_content_not_by_name() {
    let scratch = Scratch::new();
    let gzip = unpacked(&fixtures("ztoc/in/pigz.gz"));
    for (bytes, compression) in [(tar(), "none"), (gzip, "gzip")] {
        let layer = scratch.write("layer.zst", &bytes);
        let said = done(["ztoc", &layer, "--out", "-", "--compression", compression]).stdout;
        assert!(done(["ztoc", &layer, "--out", "-"]).stdout == said, "{compression}");
    }
}

#[test]
fn what_is_not_a_layer_is_refused_with_a_way_out() {
    let scratch = Scratch::new();
    // (name, bytes, flags, what stderr says)
    let table: [(&str, &[u8], &[&str], &str); 5] = [
        ("empty", b"", &[], "an empty file"),
        ("text", b"hello", &[], "68 65 6c 6c 6f"),
        ("zstd", b"\x28\xb5\x2f\xfd\0\0\0\0", &[], "compressed with zstd"),
        ("cut", b"\x1f\x8b\x08\0\0\0\0\0\0\xff", &[], "The layer ends"),
        ("taken for gzip", b"hello", &["--compression", "gzip"], "Expected 1f 8b"),
    ];
    for (name, bytes, flags, says) in table {
        let layer = scratch.write("layer", bytes);
        let out = scratch.path("out");
        let ended = run(["ztoc", &layer, "--out", &out].iter().chain(flags));
        assert_eq!(ended.code, 1, "{name}");
        assert!(ended.stderr.contains(says), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains("way out"), "{name}: {}", ended.stderr);
        assert_eq!(scratch.names(), ["layer"], "{name}");
    }
}

#[test]
fn an_empty_layer_can_be_said_to_be_one() {
    let scratch = Scratch::new();
    let layer = scratch.write("layer", b"");
    assert_eq!(done(["ztoc", &layer, "--out", "-", "--compression", "none"]).stdout.len(), 164);
}

#[test]
fn span_size_zero_is_for_gzip() {
    let scratch = Scratch::new();
    let layer = scratch.write("layer", &tar());
    let ended = run(["ztoc", &layer, "--out", "-", "--span-size", "0"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("--span-size 0 is for gzip layers"), "{}", ended.stderr);
}
