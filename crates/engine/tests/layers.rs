//! Reading layers: what comes out, however the bytes came in, and whatever is wrong with them.

mod archives;

use archives::{drive, gzip, layer_tar};
use sociscope_engine::{
    Culprit, Error, Job, LayerId, LayerJob, LayerOutcome, LayerTask, TaskCompression, Want,
    image::Digest,
    layer::{Sniffed, sniff},
    ztoc,
};

fn task(layer: &[u8], compression: TaskCompression) -> LayerTask {
    LayerTask {
        id: LayerId(7),
        offset: 0,
        len: layer.len() as u64,
        compression,
        span_size: 64 << 10,
        expected_digest: Some(Digest::of(layer).to_string()),
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: true,
    }
}

fn read(layer: &[u8], task: LayerTask) -> LayerOutcome {
    drive(LayerJob::new(task), layer).expect("an outcome")
}

fn tar() -> Vec<u8> {
    layer_tar(&[("a", 900_000), ("b/c", 400_000), ("d", 0)])
}

#[test]
fn a_gzip_layer_is_described_in_full() {
    let tar = tar();
    let layer = gzip(&tar);
    let LayerOutcome { summary, ztoc } = read(&layer, task(&layer, TaskCompression::Gzip));
    let bytes = ztoc.expect("a zTOC");
    assert_eq!(summary.id, LayerId(7));
    assert_eq!(summary.error, None);
    assert_eq!(summary.bytes_read, layer.len() as u64);
    assert_eq!(summary.digest, Some(Digest::of(&layer).to_string()));
    assert_eq!(summary.digest_matches, Some(true));
    assert_eq!(summary.uncompressed_size, Some(tar.len() as u64));
    assert_eq!((summary.entries, summary.files), (Some(3), Some(3)));
    let read = ztoc::Ztoc::parse(&bytes).expect("readable");
    assert_eq!(summary.spans, Some(read.span_count() as u64));
    assert!(summary.blocks.expect("gzip has blocks").total() > 1);
    let described = summary.ztoc.expect("described");
    assert_eq!((described.size, described.digest), (bytes.len() as u64, Digest::of(&bytes).to_string()));
    assert!(described.no_xattrs);
}

/// Reads a layer with the checkpoints taken on the way, and puts the zTOC together.
fn read_in_parts(layer: &[u8], task: LayerTask) -> LayerOutcome {
    let mut job = LayerJob::new(task);
    let mut checkpoints = Vec::new();
    while let Want::Read { offset, len } = job.want() {
        job.supply(&layer[offset as usize..(offset + len) as usize]).expect("in order");
        checkpoints.extend(job.take_checkpoints());
    }
    checkpoints.extend(job.take_checkpoints());
    let ztoc = job
        .ztoc_parts()
        .expect("at the end")
        .map(|parts| [parts.before(), &checkpoints, parts.after()].concat());
    if let Some(ztoc) = &ztoc {
        job.set_ztoc_digest(&Digest::of(ztoc));
    }
    let outcome = job.finish().expect("an outcome");
    assert_eq!(outcome.ztoc, None);
    LayerOutcome { ztoc: ztoc.filter(|_| outcome.summary.ztoc.is_some()), ..outcome }
}

#[test]
fn a_ztoc_in_parts_is_the_same() {
    let tar = tar();
    let gzip = gzip(&tar);
    let whole = |layer: &[u8], compression| LayerTask {
        prefetch: vec!["a".to_owned(), "nowhere".to_owned()],
        ..task(layer, compression)
    };
    let broken = [&gzip[..gzip.len() / 2], &[0; 100]].concat();
    let other_digest = LayerTask {
        expected_digest: Some(Digest::of(b"").to_string()),
        ..whole(&gzip, TaskCompression::Gzip)
    };
    for (what, layer, task) in [
        ("gzip", &gzip, whole(&gzip, TaskCompression::Gzip)),
        ("uncompressed", &tar, whole(&tar, TaskCompression::Uncompressed)),
        ("only hashed", &gzip, whole(&gzip, TaskCompression::HashOnly)),
        ("broken", &broken, whole(&broken, TaskCompression::Gzip)),
        ("not the layer of the manifest", &gzip, other_digest),
    ] {
        assert_eq!(read_in_parts(layer, task.clone()), read(layer, task), "{what}");
    }
}

#[test]
fn parts_without_their_digest_are_no_outcome() {
    let layer = gzip(&tar());
    let mut job = LayerJob::new(task(&layer, TaskCompression::Gzip));
    assert!(matches!(job.ztoc_parts(), Err(Error::Misuse(_))));
    while let Want::Read { offset, len } = job.want() {
        job.supply(&layer[offset as usize..(offset + len) as usize]).expect("in order");
    }
    assert!(job.ztoc_parts().expect("at the end").is_some());
    assert!(matches!(job.finish(), Err(Error::Misuse(_))));
}

#[test]
fn an_uncompressed_layer_has_its_diff_id_for_free() {
    let layer = tar();
    let digest = Digest::of(&layer).to_string();
    let mut right = task(&layer, TaskCompression::Uncompressed);
    right.expected_diff_id = Some(digest.clone());
    let summary = read(&layer, right.clone()).summary;
    assert_eq!((summary.diff_id.as_ref(), summary.diff_id_matches), (Some(&digest), Some(true)));
    assert_eq!(summary.blocks, None);
    assert_eq!(summary.error, None);

    right.expected_diff_id = Some(Digest::of(b"another").to_string());
    let outcome = read(&layer, right);
    assert_eq!(outcome.summary.diff_id_matches, Some(false));
    assert_eq!(outcome.summary.error.expect("an error").culprit, Culprit::File);
    assert_eq!((outcome.summary.ztoc, outcome.ztoc), (None, None));
}

#[test]
fn a_layer_that_cannot_be_indexed_is_only_hashed() {
    let layer = b"(\xb5/\xfd and so on".repeat(1000);
    let outcome = read(&layer, task(&layer, TaskCompression::HashOnly));
    assert_eq!(outcome.summary.digest_matches, Some(true));
    assert_eq!((outcome.summary.ztoc, outcome.summary.uncompressed_size), (None, None));
    assert_eq!((outcome.summary.error, outcome.ztoc), (None, None));
}

#[test]
fn spans_hashed_elsewhere_give_the_same_ztoc() {
    let layer = gzip(&tar());
    let here = read(&layer, task(&layer, TaskCompression::Gzip)).ztoc.expect("a zTOC");

    for at_the_end in [false, true] {
        let mut elsewhere = task(&layer, TaskCompression::Gzip);
        elsewhere.digests_elsewhere = true;
        let mut job = LayerJob::new(elsewhere);
        let mut held = Vec::new();
        while let Want::Read { offset, len } = job.want() {
            job.supply(&layer[offset as usize..(offset + len) as usize]).expect("good bytes");
            if !at_the_end {
                held.extend(job.take_closed_spans());
                for span in held.drain(..) {
                    job.set_digest(span.id, sha256(&layer[span.start.0 as usize..span.end.0 as usize]));
                }
            }
        }
        for span in job.take_closed_spans() {
            job.set_digest(span.id, sha256(&layer[span.start.0 as usize..span.end.0 as usize]));
        }
        let there = job.finish().expect("complete").ztoc.expect("a zTOC");
        assert!(here == there);
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

#[test]
fn a_missing_span_digest_is_misuse() {
    let layer = gzip(&tar());
    let mut task = task(&layer, TaskCompression::Gzip);
    task.digests_elsewhere = true;
    let finished = drive(LayerJob::new(task), &layer);
    assert!(matches!(finished, Err(Error::Misuse(_))));
}

#[test]
fn work_split_in_two_comes_together_again() {
    let layer = gzip(&tar());
    let whole = task(&layer, TaskCompression::Gzip);
    let (build, hash) = whole.split();
    let mut built = read(&layer, build).summary;
    let hashed = read(&layer, hash).summary;
    assert_eq!((built.digest.as_ref(), hashed.ztoc.as_ref()), (None, None));
    built.join_hash(&hashed);
    assert_eq!(built, read(&layer, whole).summary);
}

#[test]
fn what_is_wrong_with_a_layer_is_an_outcome() {
    let good = gzip(&tar());
    let other = gzip(b"no tar at all, but long enough to be taken for a header".repeat(20).as_slice());
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let mut git_archive = tar();
    git_archive[156] = b'g';
    fix_checksum(&mut git_archive);

    // (case, layer, what the manifest promises, culprit, how the sentence begins)
    let own = |layer: &[u8]| Digest::of(layer).to_string();
    let table = [
        ("cut off", good[..good.len() / 2].to_vec(), None, Culprit::File, "The layer ends inside"),
        ("not gzip", b"hello".to_vec(), None, Culprit::File, "Expected 1f 8b"),
        ("not a tar", other.clone(), None, Culprit::File, "Expected the checksum"),
        ("git archive", gzip(&git_archive), None, Culprit::Unsupported, "Expected a file, link"),
        (
            "other bytes that decode",
            good.clone(),
            Some(own(&other)),
            Culprit::File,
            "The layer's bytes do not",
        ),
        ("damaged on the way", flipped, Some(own(&good)), Culprit::File, "The layer's bytes do not"),
    ];
    for (case, layer, promised, culprit, begin) in table {
        let mut task = task(&layer, TaskCompression::Gzip);
        task.expected_digest = promised.or(task.expected_digest);
        let outcome = read(&layer, task);
        let failure = outcome.summary.error.expect(case);
        assert_eq!(failure.culprit, culprit, "{case}: {failure:?}");
        assert!(failure.message.starts_with(begin), "{case}: {}", failure.message);
        assert!(failure.place.starts_with("layer "), "{case}: {}", failure.place);
        assert!(failure.fix.is_some(), "{case}");
        assert_eq!((outcome.summary.ztoc, outcome.ztoc), (None, None), "{case}");
    }
}

fn fix_checksum(tar: &mut [u8]) {
    tar[148..156].fill(b' ');
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

#[test]
fn a_file_that_ends_inside_a_layer_says_so() {
    let layer = gzip(&tar());
    let outcome = read(&layer[..layer.len() - 9], task(&layer, TaskCompression::Gzip));
    let failure = outcome.summary.error.expect("an error");
    assert_eq!(failure.message, "The file ends inside this layer.");
    assert_eq!(
        failure.found,
        Some(format!("{} bytes", sociscope_engine::human::count(layer.len() as u64 - 9)))
    );
    assert_eq!(outcome.summary.digest, None, "a digest of part of a layer means nothing");
}

#[test]
fn a_span_size_that_cannot_be_is_an_outcome_too() {
    let layer = tar();
    let mut zero = task(&layer, TaskCompression::Uncompressed);
    zero.span_size = 0;
    let outcome = read(&layer, zero);
    assert_eq!(outcome.summary.error.expect("an error").culprit, Culprit::Unsupported);
    assert_eq!(outcome.summary.digest_matches, Some(true), "its digest is known nevertheless");
}

#[test]
fn an_empty_layer_is_finished_at_once() {
    let plain = read(b"", task(b"", TaskCompression::Uncompressed));
    assert_eq!((plain.summary.error, plain.summary.spans), (None, Some(0)));
    assert_eq!(plain.ztoc.expect("the reference writes one, too").len(), 164);
    let gzip = read(b"", task(b"", TaskCompression::Gzip));
    assert_eq!(gzip.summary.error.expect("gzip has a header").culprit, Culprit::File);
}

#[test]
fn breaking_the_protocol_is_misuse_not_a_panic() {
    let layer = gzip(&tar());
    let job = LayerJob::new(task(&layer, TaskCompression::Gzip));
    assert!(matches!(job.finish(), Err(Error::Misuse(_))));

    let mut job = LayerJob::new(task(&layer, TaskCompression::Gzip));
    assert!(matches!(job.supply(&[&layer[..], &layer[..]].concat()), Err(Error::Misuse(_))));

    let mut job = LayerJob::new(task(b"", TaskCompression::HashOnly));
    assert!(matches!(job.supply(b"x"), Err(Error::Misuse(_))));
}

#[test]
fn progress_never_runs_backwards_and_ends_at_the_end() {
    let layer = gzip(&layer_tar(&[("noise", 6_000_000)]));
    let mut job = LayerJob::new(task(&layer, TaskCompression::Gzip));
    let mut last = job.progress();
    while let Want::Read { offset, len } = job.want() {
        job.supply(&layer[offset as usize..(offset + len) as usize]).expect("good bytes");
        let now = job.progress();
        assert!(now.read > last.read && now.produced >= last.produced && now.spans >= last.spans);
        last = now;
    }
    assert_eq!((last.read, last.total), (layer.len() as u64, layer.len() as u64));
    assert!(last.produced > 6_000_000);
}

#[test]
fn a_bare_layer_is_recognised_by_content() {
    let tar = tar();
    let table: [(&[u8], Sniffed); 8] = [
        (&gzip(&tar), Sniffed::Layer(TaskCompression::Gzip)),
        (&tar, Sniffed::Layer(TaskCompression::Uncompressed)),
        (&[0; 1024], Sniffed::Layer(TaskCompression::Uncompressed)),
        (b"\x28\xb5\x2f\xfd\0", Sniffed::Unsupported("zstd")),
        (b"\xfd7zXZ\0", Sniffed::Unsupported("xz")),
        (b"", Sniffed::Unknown),
        (b"hello", Sniffed::Unknown),
        (&[b'x'; 512], Sniffed::Unknown),
    ];
    for (bytes, sniffed) in table {
        let head = &bytes[..bytes.len().min(512)];
        assert_eq!(sniff(head), sniffed, "{:?}", &head[..head.len().min(8)]);
    }
}
