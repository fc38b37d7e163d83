//! Layers whose zTOCs the Go reference made: ours must be the same bytes, and must fail where it fails.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/ztoc`; `--ignored` takes all 393 vectors.
//! Each suite runs again with the layer in slices of 1, 7 and odd numbers of bytes.

use serde::Deserialize;
use sociscope_golden::{fixtures, read, sha256_hex, shared};
use sociscope_ztoc::{
    BlockKind, BoundaryKind, Build, BuildOptions, Builder, Compression, Culprit, DigestMode, Error, Fault,
    SpanSize, StoredCheckpoints, TarFormat, Ztoc,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
struct Manifest {
    vectors: Vec<Vector>,
}

/// One layer and span size, and what the reference made of it.
#[derive(Deserialize)]
struct Vector {
    name: String,
    input: PathBuf,
    input_sha256: String,
    algorithm: String,
    span_size: u64,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Outcome {
    Fails { error: String },
    Ztoc(Expected),
}

#[derive(Deserialize)]
struct Expected {
    ztoc_sha256: String,
    ztoc_size: u64,
    checkpoints_sha256: String,
    checkpoints_size: u64,
    files: usize,
    spans: usize,
    uncompressed_archive_size: u64,
    /// The zTOC itself, to show where ours differs.
    expected: Option<PathBuf>,
}

/// A manifest with its inputs in memory.
struct Corpus {
    dir: PathBuf,
    vectors: Vec<Vector>,
    inputs: BTreeMap<PathBuf, Vec<u8>>,
}

impl Corpus {
    fn load(dir: PathBuf) -> Self {
        let manifest: Manifest =
            serde_json::from_slice(&read(&dir.join("manifest.json"))).expect("manifest.json");
        let mut inputs = BTreeMap::new();
        for vector in &manifest.vectors {
            inputs.entry(vector.input.clone()).or_insert_with(|| {
                let input = read(&dir.join(&vector.input));
                assert_eq!(sha256_hex(&input), vector.input_sha256, "{}", vector.input.display());
                input
            });
        }
        Self { dir, vectors: manifest.vectors, inputs }
    }

    fn subset() -> Self {
        Self::load(fixtures().join("ztoc"))
    }

    fn full() -> Self {
        let full = Self::load(shared().join("golden"));
        assert_eq!(full.vectors.len(), 393, "the full set is not complete");
        full
    }

    fn input(&self, vector: &Vector) -> &[u8] {
        &self.inputs[&vector.input]
    }

    /// The builds of all vectors that have a zTOC.
    fn builds(&self) -> impl Iterator<Item = (&Vector, Build)> {
        self.vectors.iter().filter(|vector| matches!(vector.outcome, Outcome::Ztoc(_))).map(|vector| {
            let build = build(vector, self.input(vector), Slices::Whole).expect("checked by another test");
            (vector, build)
        })
    }
}

/// How a layer is pushed.
#[derive(Clone, Copy, Debug)]
enum Slices {
    Whole,
    Every(usize),
    /// 1, 3, 5, … 997 bytes, and again.
    Odd,
}

impl Slices {
    fn of(self, layer: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = layer;
        let mut odd = (1..1000).step_by(2).cycle();
        std::iter::from_fn(move || {
            let length = match self {
                Self::Whole => rest.len(),
                Self::Every(length) => length,
                Self::Odd => odd.next().unwrap_or(1),
            };
            let (slice, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            (!slice.is_empty()).then_some(slice)
        })
    }
}

fn options(vector: &Vector) -> BuildOptions {
    let compression = match vector.algorithm.as_str() {
        "gzip" => Compression::Gzip,
        "uncompressed" => Compression::Uncompressed,
        other => panic!("{}: algorithm {other}", vector.name),
    };
    let span_size = SpanSize::new(vector.span_size).expect("span size");
    BuildOptions { compression, span_size, ..BuildOptions::default() }
}

fn build(vector: &Vector, layer: &[u8], slices: Slices) -> Result<Build, Error> {
    let mut builder = Builder::new(options(vector))?;
    for slice in slices.of(layer) {
        builder.push(slice)?;
    }
    builder.finish()
}

fn check(corpus: &Corpus, vector: &Vector, slices: Slices) -> Result<(), String> {
    let outcome = build(vector, corpus.input(vector), slices);
    let (expected, build) = match (&vector.outcome, outcome) {
        (Outcome::Fails { .. }, Err(error)) => return check_place(&error),
        (Outcome::Fails { error }, Ok(_)) => return Err(format!("the reference fails: {error}")),
        (Outcome::Ztoc(_), Err(error)) => return Err(error.to_string()),
        (Outcome::Ztoc(expected), Ok(build)) => (expected, build),
    };
    let file = build.to_bytes().map_err(|error| error.to_string())?;
    if sha256_hex(&file) != expected.ztoc_sha256 {
        let hint = expected.expected.as_ref().map(|path| {
            let reference = read(&corpus.dir.join(path));
            let same = reference.iter().zip(&file).take_while(|(a, b)| a == b).count();
            format!("first at byte {same} of {}", reference.len())
        });
        return Err(format!("other bytes than the reference's, {}", hint.unwrap_or_default()));
    }
    same("size", file.len() as u64, expected.ztoc_size)?;
    same("files", build.entries().len(), expected.files)?;
    same("spans", build.span_count(), expected.spans)?;
    same("uncompressed size", build.uncompressed_size(), expected.uncompressed_archive_size)?;
    if build.compression() == Compression::Gzip {
        let blob = checkpoint_blob(&build);
        same("checkpoint size", blob.len() as u64, expected.checkpoints_size)?;
        same("checkpoints", sha256_hex(&blob), expected.checkpoints_sha256.clone())?;
    }
    Ok(())
}

/// The checkpoints put together by hand, as a second opinion on the writer.
fn checkpoint_blob(build: &Build) -> Vec<u8> {
    let mut blob = (build.span_count() as i32).to_le_bytes().to_vec();
    blob.extend_from_slice(&build.span_size().get().to_le_bytes());
    for checkpoint in build.checkpoints() {
        blob.extend_from_slice(&checkpoint.compressed.0.to_le_bytes());
        blob.extend_from_slice(&checkpoint.uncompressed.0.to_le_bytes());
        blob.push(checkpoint.unused_bits);
        blob.extend_from_slice(checkpoint.window);
    }
    blob
}

/// A person must learn where to look.
fn check_place(error: &Error) -> Result<(), String> {
    let place = error.place();
    let is_placed = place.compressed.is_some() || place.uncompressed.is_some();
    let is_entry = error.culprit() == Culprit::TarEntryType;
    if !is_placed || (is_entry && place.entry.is_none()) {
        return Err(format!("no place in the error: {error}"));
    }
    Ok(())
}

fn same<T: PartialEq + Debug>(what: &str, ours: T, theirs: T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours:?}, the reference has {theirs:?}")) }
}

fn check_all(corpus: &Corpus, slices: Slices) {
    let failures: Vec<String> = corpus
        .vectors
        .iter()
        .filter_map(|vector| {
            let problem = check(corpus, vector, slices).err()?;
            Some(format!("{} with span size {}: {problem}", vector.name, vector.span_size))
        })
        .collect();
    let all = corpus.vectors.len();
    println!("zTOC vectors, slices {slices:?}: {}/{all}", all - failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_subset_is_reproduced_in_any_slices() {
    let corpus = Corpus::subset();
    for slices in [Slices::Whole, Slices::Every(1), Slices::Every(7), Slices::Odd] {
        check_all(&corpus, slices);
    }
}

#[test]
#[ignore = "full set"]
fn all_vectors_are_reproduced() {
    check_all(&Corpus::full(), Slices::Whole);
}

#[test]
#[ignore = "full set"]
fn all_vectors_are_reproduced_byte_by_byte() {
    check_all(&Corpus::full(), Slices::Every(1));
}

#[test]
#[ignore = "full set"]
fn all_vectors_are_reproduced_in_slices_of_seven() {
    check_all(&Corpus::full(), Slices::Every(7));
}

#[test]
#[ignore = "full set"]
fn all_vectors_are_reproduced_in_odd_slices() {
    check_all(&Corpus::full(), Slices::Odd);
}

/// Errors are results too: the same text whatever the slices.
fn check_errors_do_not_show_slices(corpus: &Corpus) {
    for vector in &corpus.vectors {
        let layer = corpus.input(vector);
        let whole = build(vector, layer, Slices::Whole).map(drop);
        for slices in [Slices::Every(1), Slices::Every(7), Slices::Odd] {
            let sliced = build(vector, layer, slices).map(drop);
            assert_eq!(whole, sliced, "{} in slices {slices:?}", vector.name);
        }
    }
}

#[test]
fn errors_of_the_subset_are_the_same_in_any_slices() {
    check_errors_do_not_show_slices(&Corpus::subset());
}

#[test]
#[ignore = "full set"]
fn errors_of_all_vectors_are_the_same_in_any_slices() {
    check_errors_do_not_show_slices(&Corpus::full());
}

/// What is written reads back as what was built.
fn check_round_trip(corpus: &Corpus) {
    for (vector, build) in corpus.builds() {
        let name = &vector.name;
        let file = build.to_bytes().expect("digests are here");
        let ztoc = Ztoc::parse(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((ztoc.version, ztoc.build_tool), ("0.9", "AWS SOCI CLI v0.2"), "{name}");
        assert_eq!(ztoc.compressed_size, build.compressed_size(), "{name}");
        assert_eq!(ztoc.uncompressed_size, build.uncompressed_size(), "{name}");
        assert_eq!(ztoc.compression, build.compression(), "{name}");
        assert_eq!(i64::from(ztoc.max_span_id) + 1, build.span_count() as i64, "{name}");
        assert_eq!(ztoc.entry_count(), build.entries().len(), "{name}");
        for (parsed, mut built) in ztoc.entries().zip(build.entries().iter()) {
            if !built.modified.has_text() {
                built.modified = parsed.modified;
            }
            assert_eq!(parsed, built, "{name}");
        }
        let digests: Vec<_> = build.spans().map(|span| build.digest(span.id)).collect();
        assert_eq!(ztoc.span_digests().collect::<Vec<_>>(), digests, "{name}");
        match ztoc.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                assert!(checkpoints.iter().eq(build.checkpoints()), "{name}");
            }
            StoredCheckpoints::Uncompressed { version, span_size, size } => {
                assert_eq!(version, 2, "{name}");
                assert_eq!(span_size.unsigned_abs(), build.span_size().get(), "{name}");
                assert_eq!(size.unsigned_abs(), build.compressed_size(), "{name}");
            }
        }
    }
}

#[test]
fn the_subset_reads_back() {
    check_round_trip(&Corpus::subset());
}

#[test]
#[ignore = "full set"]
fn all_vectors_read_back() {
    check_round_trip(&Corpus::full());
}

/// The digest of a span is the SHA-256 of its bytes, whoever computes it.
fn check_digests_from_elsewhere(corpus: &Corpus) {
    for (vector, here) in corpus.builds() {
        let (name, layer) = (&vector.name, corpus.input(vector));
        let hash = |start: u64, end: u64| {
            let hex = sha256_hex(&layer[start as usize..end as usize]);
            let mut digest = [0; 32];
            for (byte, pair) in digest.iter_mut().zip(hex.as_bytes().chunks(2)) {
                let pair = std::str::from_utf8(pair).expect("hex");
                *byte = u8::from_str_radix(pair, 16).expect("hex");
            }
            digest
        };
        let options = BuildOptions { digests: DigestMode::Elsewhere, ..options(vector) };
        let mut builder = Builder::new(options).expect("options");
        for (index, slice) in Slices::Every(1000).of(layer).enumerate() {
            builder.push(slice).expect("checked by another test");
            // Some digests come while reading, others at the end.
            if index % 2 == 0 {
                for span in builder.take_closed_spans() {
                    assert!(builder.open_span_start().is_some_and(|open| open + 1 >= span.end), "{name}");
                    assert!(builder.set_digest(span.id, hash(span.start.0, span.end.0)), "{name}");
                }
            }
        }
        let mut elsewhere = builder.finish().expect("checked by another test");
        let missing = elsewhere.missing_digests();
        if let Some(first) = missing.first() {
            let error = elsewhere.to_bytes().expect_err("no digest yet");
            assert_eq!(error.fault(), &Fault::MissingDigest { span: first.id }, "{name}");
        }
        assert_eq!(missing.is_empty(), elsewhere.span_count() == 0, "{name}: the last span is never closed");
        for span in missing {
            assert!(elsewhere.set_digest(span.id, hash(span.start.0, span.end.0)), "{name}");
        }
        assert!(elsewhere.to_bytes() == here.to_bytes(), "{name}");
    }
}

#[test]
fn digests_from_elsewhere_make_the_same_ztoc() {
    check_digests_from_elsewhere(&Corpus::subset());
}

#[test]
#[ignore = "full set"]
fn digests_from_elsewhere_make_the_same_ztoc_in_all_vectors() {
    check_digests_from_elsewhere(&Corpus::full());
}

/// The block index knows what another span size would give.
fn check_span_starts(corpus: &Corpus) {
    let sizes = [0, 1, 1024, 4096, 65_536, 1 << 20, 4 << 20];
    for (vector, build) in corpus.builds() {
        for size in sizes.map(|size| SpanSize::new(size).expect("small")) {
            let answer = build.span_starts(size);
            let options = BuildOptions { span_size: size, ..options(vector) };
            if build.compression() == Compression::Uncompressed && size.get() == 0 {
                assert_eq!(answer, None);
                continue;
            }
            let rebuilt = Build::from_slice(corpus.input(vector), options).expect("only the size differs");
            let starts: Vec<_> =
                rebuilt.spans().map(|span| (span.compressed.start, span.uncompressed.start)).collect();
            let answer = answer.map(|answer| {
                answer.iter().map(|start| (start.compressed, start.uncompressed)).collect::<Vec<_>>()
            });
            assert_eq!(answer, Some(starts), "{} with span size {size}", vector.name);
        }
    }
}

#[test]
fn the_block_index_answers_for_other_span_sizes() {
    check_span_starts(&Corpus::subset());
}

#[test]
#[ignore = "full set"]
fn the_block_index_answers_for_other_span_sizes_in_all_vectors() {
    check_span_starts(&Corpus::full());
}

/// The corpus means something only if every kind of everything is in it.
fn check_coverage(corpus: &Corpus) {
    let mut blocks = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    let mut formats = BTreeSet::new();
    let mut traits = BTreeSet::new();
    let mut flags = 0;
    for (vector, build) in corpus.builds() {
        let mut member_start = 0;
        for boundary in build.blocks() {
            if boundary.unused_bits != 0 {
                traits.insert("boundary inside a byte");
            }
            match boundary.kind {
                BoundaryKind::Header => {
                    flags |= corpus.input(vector)[member_start + 3];
                    if member_start > 0 {
                        traits.insert("second member");
                    }
                }
                BoundaryKind::Block { kind, is_final } => {
                    // Behind the trailer, if this was the last block.
                    member_start = boundary.compressed.0 as usize + 8;
                    let kind = match kind {
                        BlockKind::Stored => "stored",
                        BlockKind::Fixed => "fixed",
                        BlockKind::Dynamic => "dynamic",
                    };
                    blocks.insert((kind, is_final));
                }
            }
        }
        if build.checkpoints().filter(|checkpoint| checkpoint.uncompressed.0 == 0).count() > 1 {
            traits.insert("several checkpoints at the start");
        }
        if build.checkpoints().len() > 2 {
            traits.insert("several spans");
        }
        if build.uncompressed_size() < build.inflated_size() {
            traits.insert("bytes behind the archive");
        }
        if vector.algorithm == "uncompressed" {
            traits.insert("uncompressed");
        }
        for (entry, origin) in build.entries().iter().zip(build.entries().origins()) {
            kinds.insert(entry.kind.as_str());
            formats.insert(match origin.format {
                TarFormat::V7 => "v7",
                TarFormat::Ustar => "ustar",
                TarFormat::Star => "star",
                TarFormat::Gnu => "gnu",
            });
            if entry.pax().next().is_some() {
                formats.insert("pax");
            }
            if origin.is_sparse {
                traits.insert("sparse");
            }
            if origin.has_cut_ids {
                traits.insert("cut ids");
            }
            if std::str::from_utf8(entry.name).is_err() {
                traits.insert("name not in UTF-8");
            }
            if !entry.modified.has_text() {
                traits.insert("time without text");
            }
            if entry.device_major != 0 {
                traits.insert("device number");
            }
        }
    }
    assert_eq!(
        blocks.into_iter().collect::<Vec<_>>(),
        [
            ("dynamic", false),
            ("dynamic", true),
            ("fixed", false),
            ("fixed", true),
            ("stored", false),
            ("stored", true)
        ]
    );
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["block", "char", "dir", "fifo", "hardlink", "reg", "symlink"]
    );
    assert_eq!(formats.into_iter().collect::<Vec<_>>(), ["gnu", "pax", "star", "ustar", "v7"]);
    assert_eq!(
        traits.into_iter().collect::<Vec<_>>(),
        [
            "boundary inside a byte",
            "bytes behind the archive",
            "cut ids",
            "device number",
            "name not in UTF-8",
            "second member",
            "several checkpoints at the start",
            "several spans",
            "sparse",
            "time without text",
            "uncompressed",
        ]
    );

    assert_eq!(flags, 0x1f, "FTEXT, FHCRC, FEXTRA, FNAME and FCOMMENT each occur");

    let culprits: BTreeSet<String> = corpus
        .vectors
        .iter()
        .filter_map(|vector| build(vector, corpus.input(vector), Slices::Whole).err())
        .map(|error| error.culprit().to_string())
        .collect();
    assert_eq!(
        culprits.into_iter().collect::<Vec<_>>(),
        [
            "PAX header",
            "deflate data",
            "gzip header",
            "gzip trailer",
            "limit",
            "sparse map",
            "tar entry type",
            "tar header",
        ]
    );
}

#[test]
fn the_subset_covers_the_format() {
    check_coverage(&Corpus::subset());
}

#[test]
#[ignore = "full set"]
fn the_full_set_covers_the_format() {
    check_coverage(&Corpus::full());
}

/// The subset is cut from the full set, not made up.
#[test]
#[ignore = "full set"]
fn the_subset_is_part_of_the_full_set() {
    let parse = |dir: &Path| -> Vec<serde_json::Value> {
        let manifest: serde_json::Value =
            serde_json::from_slice(&read(&dir.join("manifest.json"))).expect("manifest.json");
        manifest["vectors"].as_array().expect("vectors").clone()
    };
    let without_file = |mut vector: serde_json::Value| {
        vector.as_object_mut().expect("vector").remove("expected");
        vector
    };
    let full: Vec<_> = parse(&shared().join("golden")).into_iter().map(without_file).collect();
    for vector in parse(&fixtures().join("ztoc")).into_iter().map(without_file) {
        assert!(full.contains(&vector), "{}", vector["name"]);
    }
}
