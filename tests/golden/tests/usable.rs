//! Which layers the snapshotter can use: ours must say what its own packages said.
//!
//! soci-snapshotter v0.15.0 mounted the zTOC of every golden layer (its metadata database, span manager
//! and file reader, without FUSE) and read every regular file to its end. Everything it stumbled over
//! is listed here; nothing else may be called unusable. A plain `cargo test` takes the subset in
//! `tests/fixtures/ztoc`; `--ignored` takes all 393 vectors and prints what it found.

use serde::Deserialize;
use sociscope_golden::{fixtures, read, shared};
use sociscope_ztoc::usable::{self, Effect, Findings};
use sociscope_ztoc::{Build, BuildOptions, Compression, SpanSize, Ztoc};
use std::path::{Path, PathBuf};

use Effect::{FileUnreadable, LayerPulled};

/// Layers that the snapshotter refused, or in which it could not read a file.
const REFUSED: [(&str, Effect); 31] = [
    ("lead-fixed", LayerPulled),
    ("lead-stored", LayerPulled),
    ("members-empty", LayerPulled),
    ("plain-eof_empty", LayerPulled),
    ("plain-pax_all", FileUnreadable),
    ("tar-go_hdr-only", FileUnreadable),
    ("tar-go_pax-sparse-big", FileUnreadable),
    ("tar-hardlink_size", LayerPulled),
    ("tar-mt_06", FileUnreadable),
    ("tar-mt_11", FileUnreadable),
    ("tar-mt_12", FileUnreadable),
    ("tar-mt_13", FileUnreadable),
    ("tar-mt_14", FileUnreadable),
    ("tar-mt_15", FileUnreadable),
    ("tar-mtf_15", FileUnreadable),
    ("tar-mtf_19", FileUnreadable),
    ("tar-mtf_20", FileUnreadable),
    ("tar-num_b256c0b", FileUnreadable),
    ("tar-num_b256max", FileUnreadable),
    ("tar-num_b256neg", FileUnreadable),
    ("tar-pax_all", FileUnreadable),
    ("tar-sp_00", LayerPulled),
    ("tar-sp_01", LayerPulled),
    ("tar-sp_10", LayerPulled),
    ("tar-sp_10_2nd", LayerPulled),
    ("tar-sp_10big", LayerPulled),
    ("tar-sp_10exact512", LayerPulled),
    ("tar-sp_10nosize", FileUnreadable),
    ("tar-sp_10v7dir", LayerPulled),
    ("tar-sp_10zero", LayerPulled),
    ("tar-type_31", LayerPulled),
];

/// Sparse files that the snapshotter reads to their end, as they are stored, without noticing.
const READ_AS_STORED: [&str; 3] =
    ["tar-go_pax-nil-sparse-data", "tar-go_pax-nil-sparse-hole", "tar-sp_01reg"];

/// A file of the year 1: from the zTOC alone it looks like one whose time could not be written.
const YEAR_ONE: &str = "tar-mt_08";

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

/// What is found in a layer's zTOC: with what the builder knows, and from the file alone.
fn findings(dir: &Path, vector: &Vector) -> (Findings, Findings) {
    let compression = match vector.algorithm.as_str() {
        "gzip" => Compression::Gzip,
        _ => Compression::Uncompressed,
    };
    let span_size = SpanSize::new(vector.span_size).expect("span size");
    let options = BuildOptions { compression, span_size, ..BuildOptions::default() };
    let build = Build::from_slice(&read(&dir.join(&vector.input)), options).expect("the reference builds it");
    let file = build.to_bytes().expect("a zTOC");
    let ztoc = Ztoc::parse(&file).expect("a zTOC");
    (usable::check(&ztoc, Some(&build)), usable::check(&ztoc, None))
}

/// Checks all layers of a set; says how many are usable and what is wrong with the others.
fn check(dir: &Path) -> (usize, Vec<String>) {
    let manifest: Manifest =
        serde_json::from_slice(&read(&dir.join("manifest.json"))).expect("manifest.json");
    let (mut usable, mut unusable, mut wrong) = (0, Vec::new(), Vec::new());
    for vector in manifest.vectors.iter().filter(|vector| vector.ztoc_sha256.is_some()) {
        let refused = REFUSED.iter().find(|(name, _)| *name == vector.name).map(|(_, effect)| *effect);
        let (found, from_file) = findings(dir, vector);
        let refused =
            if READ_AS_STORED.contains(&vector.name.as_str()) { Some(FileUnreadable) } else { refused };
        if found.worst() != refused {
            wrong.push(format!("{}: {refused:?}, but {:?}", vector.name, found.shown));
        }
        if from_file.count > found.count && vector.name != YEAR_ONE {
            wrong.push(format!("{}: the file alone says more: {:?}", vector.name, from_file.shown));
        }
        match found.shown.first() {
            None => usable += 1,
            Some(first) => unusable.push(format!("{:24} {:?}: {first}", vector.name, first.reason.effect())),
        }
    }
    assert!(wrong.is_empty(), "{} layers are misjudged:\n{}", wrong.len(), wrong.join("\n"));
    (usable, unusable)
}

#[test]
fn the_subset_is_judged_as_the_snapshotter_judges_it() {
    let (usable, unusable) = check(&fixtures().join("ztoc"));
    assert!(usable > 100 && unusable.len() > 10, "{usable} usable, {} not", unusable.len());
}

#[test]
#[ignore = "needs the full golden set beside the checkout"]
fn all_golden_layers_are_judged_as_the_snapshotter_judges_them() {
    let (usable, unusable) = check(&shared().join("golden"));
    println!("{}", unusable.join("\n"));
    println!("usable: {usable} zTOCs usable, {} not", unusable.len());
}
