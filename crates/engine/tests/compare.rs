//! Comparing images: each change is called what it is.

mod archives;

use archives::{GZIP, Oci, PLAIN, gzip, layer_tar, open};
use sociscope_engine::{
    compare::{ImageDiff, LayerChange, images},
    image::Digest,
};

/// An image whose config names what its layers unpack to.
fn image(layers: &[(&str, Vec<u8>, &[u8])]) -> Vec<u8> {
    let mut oci = Oci::default();
    let stored: Vec<(&str, Vec<u8>)> = layers.iter().map(|(kind, bytes, _)| (*kind, bytes.clone())).collect();
    let diff_ids: Vec<String> = layers.iter().map(|(_, _, tar)| Digest::of(tar).to_string()).collect();
    oci.add_image("linux/amd64", &stored, &diff_ids);
    oci.tar()
}

fn diff(left: &[u8], right: &[u8]) -> ImageDiff {
    images(&open(left), &open(right))
}

fn changes(diff: &ImageDiff) -> Vec<LayerChange> {
    diff.platforms[0].layers.iter().map(|layer| layer.change).collect()
}

#[test]
fn layers_are_paired_by_their_bytes_and_then_by_what_is_in_them() {
    let tars: Vec<Vec<u8>> = ["a", "b", "c"].map(|name| layer_tar(&[(name, 900)])).to_vec();
    let [a, b, c] = [&tars[0], &tars[1], &tars[2]];
    let left = image(&[(GZIP, gzip(a), a), (GZIP, gzip(b), b)]);
    let right = image(&[(GZIP, gzip(a), a), (PLAIN, b.clone(), b), (GZIP, gzip(c), c)]);
    use LayerChange::{Added, Recompressed, Removed, Same};
    assert_eq!(changes(&diff(&left, &right)), [Same, Recompressed, Added]);
    assert_eq!(changes(&diff(&right, &left)), [Same, Recompressed, Removed]);
    let swapped = image(&[(GZIP, gzip(b), b), (GZIP, gzip(a), a)]);
    let moved = diff(&left, &swapped);
    assert_eq!(changes(&moved), [Same, Same]);
    assert!(!moved.is_same() && moved.to_string().contains("was layer 1"), "{moved}");
    assert!(diff(&left, &left).is_same());
}

#[test]
fn a_config_is_compared_field_by_field() {
    let tar = layer_tar(&[("a", 900)]);
    let left = image(&[(GZIP, gzip(&tar), &tar)]);
    let mut other = open(&left);
    let text = String::from_utf8(other.images[0].config_text.clone()).expect("JSON");
    other.images[0].config_text = text.replace(r#""config":{}"#, r#""config":{"Env":["A=1"]}"#).into_bytes();
    let diff = images(&open(&left), &other);
    let config: Vec<String> = diff.platforms[0].config.first.iter().map(ToString::to_string).collect();
    assert_eq!(config, [r#"config.config.Env: nothing → ["A=1"]"#]);
}

#[test]
fn a_platform_that_one_side_lacks_is_named() {
    let tar = layer_tar(&[("a", 900)]);
    let one = Oci::default().image("linux/amd64", &[(GZIP, gzip(&tar))]);
    let both = one.clone().image("linux/arm64", &[(GZIP, gzip(&tar))]);
    let diff = diff(&both.tar(), &one.tar());
    assert_eq!(diff.platforms.len(), 2);
    assert!(diff.platforms[0].is_same() && !diff.is_same());
    assert_eq!(diff.platforms[1].platform, "linux/arm64");
    assert_eq!(diff.platforms[1].image[0].right, None);
}
