//! `sociscope diff`: what is not the same.

mod program;

use program::{SAMPLE_OPTIONS, Scratch, done, fixtures, run, unpacked};
use serde_json::Value;

#[test]
fn an_image_and_what_it_was_converted_to() {
    let scratch = Scratch::new();
    let (image, out) = (scratch.sample(), scratch.path("soci.tar"));
    done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS));
    assert_eq!(done(["diff", &image, &image]).text(), "The images are the same.\n");
    let ended = run(["diff", &image, &out]);
    assert_eq!((ended.code, ended.stderr.as_str()), (1, ""));
    insta::assert_snapshot!(ended.text());
}

#[test]
fn two_ztocs_of_one_layer() {
    let scratch = Scratch::new();
    let layer = scratch.write("layer", &unpacked(&fixtures("ztoc/in/pigz.gz")));
    let ztoc = |name: &str, size: &str| {
        let out = scratch.path(name);
        done(["ztoc", &layer, "--out", &out, "--span-size", size]);
        out
    };
    let (small, large) = (ztoc("small", "4096"), ztoc("large", "1MiB"));
    assert_eq!(done(["diff", &small, &small]).text(), "The zTOCs are the same, byte for byte.\n");
    let ended = run(["diff", &small, &large]);
    assert_eq!(ended.code, 1);
    assert!(ended.text().contains("  span size: 4096 → 1048576\n"), "{}", ended.text());
    let ended = run(["diff", &small, &large, "--json"]);
    assert_eq!(ended.code, 1);
    let value: Value = serde_json::from_str(ended.text()).expect("JSON");
    assert_eq!(value["schema"], "sociscope.diff/1");
    assert_eq!((&value["same"], &value["images"]), (&Value::Bool(false), &Value::Null));
    assert_eq!(value["ztocs"]["entries"]["added"]["count"], 0);
}

#[test]
fn ztocs_of_two_layers_differ_in_their_files() {
    let scratch = Scratch::new();
    let ztoc = |name: &str, layer: &str| {
        let layer = scratch.write("layer", &unpacked(&fixtures(layer)));
        let out = scratch.path(name);
        done(["ztoc", &layer, "--out", &out]);
        out
    };
    let (left, right) = (ztoc("left", "ztoc/in/tar-fmt_link100.gz"), ztoc("right", "ztoc/in/pigz.gz"));
    let ended = run(["diff", &left, &right]);
    assert_eq!(ended.code, 1);
    assert!(ended.text().contains("\n  + ") && ended.text().contains("\n  - "), "{}", ended.text());
}

#[test]
fn an_image_and_a_ztoc_have_nothing_to_compare() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let layer = scratch.write("layer", &unpacked(&fixtures("ztoc/in/pigz.gz")));
    let ztoc = scratch.path("ztoc");
    done(["ztoc", &layer, "--out", &ztoc]);
    let ended = run(["diff", &image, &ztoc]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
}
