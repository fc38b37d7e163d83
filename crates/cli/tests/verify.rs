//! `sociscope verify`: does it fit, and would it work?

mod program;

use program::{SAMPLE_OPTIONS, Scratch, done, fixtures, run, unpacked};
use serde_json::Value;

/// The sample, converted.
fn converted(scratch: &Scratch) -> String {
    let (image, out) = (scratch.sample(), scratch.path("soci.tar"));
    done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
    out
}

#[test]
fn the_converted_sample_line_by_line() {
    let scratch = Scratch::new();
    let ended = done(["verify", &converted(&scratch), "--full"]);
    assert_eq!(ended.stderr, "");
    insta::assert_snapshot!(ended.text());
}

#[test]
fn the_document_obeys_its_schema() {
    let schema: Value = serde_json::from_str(&sociscope_engine::verify::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let scratch = Scratch::new();
    let ended = done(["verify", &converted(&scratch), "--json"]);
    let value: Value = serde_json::from_str(ended.text()).expect("JSON");
    assert!(validator.is_valid(&value));
    assert_eq!(value["verdict"]["is_good"], true);
    assert_eq!(value["pairs"][0]["outcome"]["kind"], "identical");
}

#[test]
fn what_the_reference_converted_verifies() {
    let scratch = Scratch::new();
    let image = unpacked(&fixtures("images/soci-v2-multi-one-platform.tar.xz"));
    let ended = done(["verify", &scratch.write("in.tar", &image), "--full"]);
    assert!(ended.text().contains("identical"), "{}", ended.text());
    assert!(ended.text().ends_with("1 of 2 images has no SOCI index.\n"), "{}", ended.text());
}

#[test]
fn an_image_without_an_index_is_exit_1() {
    let scratch = Scratch::new();
    let ended = run(["verify", &scratch.sample()]);
    assert_eq!(ended.code, 1);
    assert!(ended.text().ends_with("No image in this file has a SOCI index.\n"), "{}", ended.text());
}

/// A layer, its zTOC, and the same with one byte of `what` changed.
fn pair(scratch: &Scratch, layer: &str, what: &[u8]) -> (String, String, String) {
    let layer = scratch.write("layer", &unpacked(&fixtures(layer)));
    let out = scratch.path("layer.ztoc");
    done(["ztoc", &layer, "--out", &out, "--span-size", "4096"]);
    let mut changed = scratch.read("layer.ztoc");
    let at = changed.windows(what.len()).position(|window| window == what).expect("it is there");
    changed[at] ^= 1;
    let changed = scratch.write("changed.ztoc", &changed);
    (layer, out, changed)
}

#[test]
fn a_layer_and_a_foreign_ztoc() {
    let scratch = Scratch::new();
    let (layer, ztoc, changed) = pair(&scratch, "ztoc/in/pigz.gz", b"sha256:");
    let ended = done(["verify", &layer, &ztoc, "--full"]);
    assert!(ended.text().ends_with("Byte for byte what is built from the layer.\n"), "{}", ended.text());
    let ended = run(["verify", &layer, &changed]);
    assert_eq!(ended.code, 1);
    assert!(ended.text().contains("The digest of span"), "{}", ended.text());
    let other = scratch.write("other", &unpacked(&fixtures("ztoc/in/bgzf.gz")));
    let ended = run(["verify", &other, &ztoc]);
    assert_eq!(ended.code, 1);
    assert!(ended.text().ends_with("The zTOC was built for another layer.\n"), "{}", ended.text());
}

#[test]
fn a_layer_that_the_snapshotter_refuses_is_exit_1() {
    let scratch = Scratch::new();
    let (layer, ztoc, _) = pair(&scratch, "ztoc/in/lead-stored.gz", b"sha256:");
    for args in [&["verify", &layer, &ztoc][..], &["verify", &ztoc]] {
        let ended = run(args);
        assert_eq!(ended.code, 1, "{args:?}");
        assert!(ended.text().contains("empty deflate block"), "{}", ended.text());
    }
}

#[test]
fn a_ztoc_alone_is_checked_in_itself() {
    let scratch = Scratch::new();
    let (_, ztoc, _) = pair(&scratch, "ztoc/in/pigz.gz", b"sha256:");
    let ended = done(["verify", &ztoc]);
    assert!(ended.text().contains("not compared"), "{}", ended.text());
}

#[test]
fn what_is_no_ztoc_or_no_layer_is_a_wrong_input() {
    let scratch = Scratch::new();
    let (layer, ztoc, _) = pair(&scratch, "ztoc/in/pigz.gz", b"sha256:");
    let text = scratch.write("text", b"neither");
    for args in [["verify", &layer, &text], ["verify", &text, &ztoc], ["verify", &ztoc, &layer]] {
        let ended = run(args);
        assert_eq!(ended.code, 1, "{args:?}");
        assert!(ended.stdout.is_empty() && ended.stderr.contains("\n  way out "), "{}", ended.stderr);
    }
}
