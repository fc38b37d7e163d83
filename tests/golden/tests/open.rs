//! Image files of every kind that people have, and what is in them.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/images`; `--ignored` takes all 165.

use serde::Deserialize;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    shared,
};
use sociscope_image::{
    Archive, Diagnostic, Error, Extent, Format, Image, ImageKind, Layer, LayerCompression, Limits, Open,
    Severity, Want,
};
use std::{collections::BTreeMap, fmt::Write as _};

/// An archive as opened, and the reads that it took.
struct Opened {
    outcome: Result<Archive, Error>,
    reads: Vec<Extent>,
}

fn open(file: &[u8]) -> Opened {
    let mut open = Open::new(file.len() as u64, Limits::default());
    let mut reads = Vec::new();
    while let Want::Read { offset, len } = open.want() {
        assert_eq!(open.want(), Want::Read { offset, len }, "asking again changes nothing");
        assert!(len > 0 && offset + len <= file.len() as u64, "reads stay inside the file");
        let start = usize::try_from(offset).expect("a small fixture");
        let end = usize::try_from(offset + len).expect("a small fixture");
        open.supply(&file[start..end]).expect("all bytes asked for are supplied");
        reads.push(Extent { offset, len });
    }
    Opened { outcome: open.finish(), reads }
}

/// What the manifest says of one image of a fixture.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
enum Expected {
    Image { platform: Option<String>, layers: usize, compression: Vec<String> },
    Attestation { attestation_layers: usize },
    SociIndex { soci_index_layers: usize },
}

/// The same of an image as opened, in the manifest's words.
fn in_words(image: &Image, fixture: &str) -> Expected {
    let layers = image.layers.len();
    match image.kind {
        ImageKind::Attestation => Expected::Attestation { attestation_layers: layers },
        ImageKind::SociIndex => Expected::SociIndex { soci_index_layers: layers },
        ImageKind::Image | ImageKind::Other => Expected::Image {
            platform: (!image.platform.is_empty()).then(|| image.platform.to_string()),
            layers,
            compression: image.layers.iter().map(|layer| compression(layer, fixture)).collect(),
        },
    }
}

fn compression(layer: &Layer, fixture: &str) -> String {
    if layer.extent.is_none() {
        return "absent".to_owned();
    }
    match &layer.compression {
        LayerCompression::Gzip => "gzip",
        LayerCompression::Uncompressed => "plain",
        LayerCompression::Zstd => "zstd",
        LayerCompression::Unknown(_) => {
            let _ = fixture;
            "other"
        }
    }
    .to_owned()
}

#[test]
#[ignore = "full set"]
fn survey() {
    for fixture in images::manifest(&shared().join("golden-images")).fixtures {
        let file = images::bytes(&shared().join("golden-images"), &fixture);
        let opened = open(&file);
        let mut text = String::new();
        match &opened.outcome {
            Err(error) => {
                let _ = write!(text, "ERR {}: {error} [{}] {}", error.code(), error.place(), error.fix());
            }
            Ok(archive) => {
                for image in &archive.images {
                    let _ = write!(text, "\n    {} x{} {:?} {:?}", image.names.join(","), image.listed, image.kind, in_words(image, &fixture.name));
                }
                for d in &archive.diagnostics {
                    let _ = write!(text, "\n      {} {d}", d.code);
                }
            }
        }
        println!("{}: {text}\n   expected {:?}", fixture.name, fixture.images);
    }
}
