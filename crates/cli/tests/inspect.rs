//! `sociscope inspect`: what is in there.

mod program;

use program::{SAMPLE_OPTIONS, Scratch, done, fixtures, run, unpacked};
use serde_json::Value;
use sociscope_engine::report;

#[test]
fn the_sample_as_a_table() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let ended = done(["inspect", &image].iter().chain(&SAMPLE_OPTIONS));
    assert_eq!(ended.stderr, "");
    insta::assert_snapshot!(ended.text());
}

#[test]
fn the_report_is_the_same_every_time_and_obeys_its_schema() {
    let schema: Value = serde_json::from_str(&report::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let scratch = Scratch::new();
    let image = scratch.sample();
    let inspect = || done(["inspect", &image, "--json"].iter().chain(&SAMPLE_OPTIONS)).stdout;
    let text = inspect();
    assert!(text == inspect());
    let value: Value = serde_json::from_slice(&text).expect("JSON");
    assert!(validator.is_valid(&value));
    assert_eq!(value["file"]["name"], "sample.tar");
    assert_eq!(value["verdict"]["indexed_layers"], 3);
}

#[test]
fn the_report_foretells_the_conversion() {
    let scratch = Scratch::new();
    let (image, out) = (scratch.sample(), scratch.path("out"));
    let report = done(["inspect", &image, "--json"].iter().chain(&SAMPLE_OPTIONS));
    let report: Value = serde_json::from_str(report.text()).expect("JSON");
    let converted = done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
    assert_eq!(report["conversion"]["image_index"], converted.text().trim_end());
    assert_eq!(report["conversion"]["archive_size"], scratch.read("out").len());
}

#[test]
fn what_merely_cannot_be_converted_is_no_failure() {
    let scratch = Scratch::new();
    let image = scratch.write("in.tar", &unpacked(&fixtures("images/hand-docker-symlink-layers.tar.xz")));
    let ended = done(["inspect", &image]);
    assert!(ended.text().contains("docker-archive"), "{}", ended.text());
}

#[test]
fn what_is_broken_is_reported_and_a_failure() {
    let scratch = Scratch::new();
    let mut archive = sociscope_engine::sample::archive();
    let middle = archive.len() / 2;
    archive[middle] ^= 1;
    let image = scratch.write("in.tar", &archive);
    let ended = run(["inspect", &image, "--json"].iter().chain(&SAMPLE_OPTIONS));
    assert_eq!(ended.code, 1);
    let report: Value = serde_json::from_slice(&ended.stdout).expect("the report is there nevertheless");
    assert_eq!(report["verdict"]["kind"], "failed");
}

#[test]
fn names_from_the_file_cannot_control_the_terminal() {
    let scratch = Scratch::new();
    let archive = sociscope_engine::sample::archive();
    // Same length, so that the tar stays whole; index.json is addressed by no digest.
    let at = archive.windows(7).position(|window| window == b"\"1.4.2\"").expect("the tag");
    let mut evil = archive;
    evil[at + 1..at + 6].copy_from_slice(b"\\u001");
    evil[at + 6] = b'b';
    evil[at + 7] = b'"';
    let broken = scratch.write("in.tar", &evil);
    let ended = run(["inspect", &broken]);
    let control = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    assert!(!control(ended.text()) && !control(&ended.stderr), "{ended:?}");
}
