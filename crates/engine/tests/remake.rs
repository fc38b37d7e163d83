//! Making layers gzip: the same bytes every time, the content untouched, and always indexable.

mod archives;

use archives::{gzip, layer_tar};
use sociscope_engine::{
    Culprit, Error, Failure, Job, RemadeLayer, RemakeJob, RemakeTask, StoredAs, UnpackLimits, Want,
    image::Digest,
    remake::estimate,
    ztoc::{BuildOptions, Builder, SpanSize, Ztoc, usable},
};

fn task(layer: &[u8], from: StoredAs) -> RemakeTask {
    RemakeTask {
        offset: 0,
        len: layer.len() as u64,
        from,
        level: 6,
        expected_digest: None,
        expected_diff_id: None,
    }
}

/// Runs a job as a shell does: output is taken after every supply.
fn run(mut job: RemakeJob, source: &[u8]) -> Result<(RemadeLayer, Vec<u8>), Failure> {
    let mut output = Vec::new();
    while let Want::Read { offset, len } = job.want() {
        let end = (offset + len).min(source.len() as u64);
        job.supply(&source[offset as usize..end as usize]).map_err(|error| error.failure())?;
        output.extend(job.take_output());
    }
    output.extend(job.take_output());
    Ok((job.finish().map_err(|error| error.failure())?, output))
}

fn remake(layer: &[u8], task: RemakeTask) -> Result<(RemadeLayer, Vec<u8>), Failure> {
    run(RemakeJob::new(task), layer)
}

fn zstd(tar: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(tar, ruzstd::encoding::CompressionLevel::Fastest)
}

fn tar() -> Vec<u8> {
    layer_tar(&[("a", 900_000), ("b/c", 1_400_000), ("d", 0)])
}

#[test]
fn every_kind_of_layer_becomes_the_same_gzip() {
    (1..=9).for_each(becomes_the_same_gzip);
}

fn becomes_the_same_gzip(level: u8) {
    let tar = tar();
    let mut made = Vec::new();
    for (from, layer) in [
        (StoredAs::Uncompressed, tar.clone()),
        (StoredAs::Gzip, gzip(&tar)),
        (StoredAs::Gzip, [gzip(&tar[..1000]), gzip(&[]), gzip(&tar[1000..])].concat()),
        (StoredAs::Zstd, zstd(&tar)),
    ] {
        let expected = RemakeTask {
            expected_digest: Some(Digest::of(&layer).to_string()),
            expected_diff_id: Some(Digest::of(&tar).to_string()),
            level,
            ..task(&layer, from)
        };
        let (remade, bytes) = remake(&layer, expected).expect("a layer");
        assert_eq!(
            remade,
            RemadeLayer {
                digest: Digest::of(&bytes).to_string(),
                size: bytes.len() as u64,
                diff_id: Digest::of(&tar).to_string(),
                uncompressed_size: tar.len() as u64,
            }
        );
        made.push(bytes);
    }
    assert!(made.windows(2).all(|pair| pair[0] == pair[1]), "level {level}: the content alone decides");
    assert_eq!(made[0][..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    assert_eq!(gunzip(&made[0]), tar);
}

/// Unpacks by a decoder that is not ours.
fn gunzip(file: &[u8]) -> Vec<u8> {
    let (head, trailer) = file[10..].split_at(file.len() - 18);
    let content = miniz_oxide::inflate::decompress_to_vec(head).expect("a deflate stream");
    assert_eq!(trailer[..4], crc32fast::hash(&content).to_le_bytes());
    assert_eq!(trailer[4..], (content.len() as u32).to_le_bytes());
    content
}

/// The bytes depend on the version of miniz_oxide in Cargo.lock. When this fails after an update,
/// layers made by the new version get other digests: say so in the release notes, then bless it.
#[test]
fn the_bytes_are_pinned() {
    let tar = tar();
    let made = [1, 6, 9].map(|level| {
        remake(&tar, RemakeTask { level, ..task(&tar, StoredAs::Uncompressed) }).expect("a layer").0.digest
    });
    assert_eq!(
        made,
        [
            "sha256:413eb93a25d2e0038325fa684da163c0b1d925883dc7b723d6f8d34ab140b42c",
            "sha256:f3765baadd1cbbbdd0e650439918aead7af822ec8e2dc3cef9a82a68bd15dc69",
            "sha256:6a96897ced9fa757304de895a32cbab21fea51c819eca248e150e9c193458e5f",
        ]
    );
}

#[test]
fn levels_out_of_range_are_the_nearest() {
    let tar = tar();
    let made =
        |level| remake(&tar, RemakeTask { level, ..task(&tar, StoredAs::Uncompressed) }).expect("a layer").1;
    assert!(made(0) == made(1) && made(9) == made(200));
}

/// The rules of the snapshotter that a gzip stream alone can break: the first block must not be
/// empty, and every span must begin behind the one before it.
fn is_indexable(layer: &[u8], span_size: u64) {
    let span_size = SpanSize::new(span_size).expect("a span size");
    let mut builder = Builder::new(BuildOptions { span_size, ..BuildOptions::default() }).expect("options");
    builder.push(layer).expect("a sound layer");
    let build = builder.finish().expect("a sound layer");
    let bytes = build.to_bytes().expect("a zTOC");
    let ztoc = Ztoc::parse(&bytes).expect("a readable zTOC");
    let findings = usable::check(&ztoc, Some(&build));
    assert!(findings.is_usable(), "{findings:?}");
    let starts: Vec<(u64, u64)> =
        build.spans().map(|span| (span.compressed.start.0, span.uncompressed.start.0)).collect();
    assert!(starts.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{starts:?}");
}

#[test]
fn whatever_is_made_can_be_indexed() {
    let noise: Vec<u8> =
        (0..3_000_000_u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(noise.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "noise", noise.as_slice()).expect("a member");
    let noise = builder.into_inner().expect("a tar");
    for (name, tar) in
        [("mixed", tar()), ("noise", noise), ("empty", vec![0; 1024]), ("zeros", vec![0; 5_000_000])]
    {
        for level in 1..=9 {
            let (_, bytes) =
                remake(&tar, RemakeTask { level, ..task(&tar, StoredAs::Uncompressed) }).expect(name);
            for span_size in [0, 64 << 10, 4 << 20] {
                is_indexable(&bytes, span_size);
            }
        }
    }
}

#[test]
fn a_layer_with_an_empty_first_block_becomes_usable() {
    // Python's zlib and others flush once before they write: a stored block of no bytes.
    let tar = layer_tar(&[("a", 90_000)]);
    let sound = gzip(&tar);
    let layer = [&sound[..10], &[0, 0, 0, 0xff, 0xff], &sound[10..]].concat();
    let (_, bytes) = remake(&layer, task(&layer, StoredAs::Gzip)).expect("a layer");
    assert_eq!(bytes, remake(&tar, task(&tar, StoredAs::Uncompressed)).expect("a layer").1);
}

#[test]
fn digests_that_do_not_match_end_it() {
    let tar = tar();
    let wrong = Some(Digest::of(b"other").to_string());
    for (from, layer) in
        [(StoredAs::Uncompressed, tar.clone()), (StoredAs::Gzip, gzip(&tar)), (StoredAs::Zstd, zstd(&tar))]
    {
        let other_layer = RemakeTask { expected_digest: wrong.clone(), ..task(&layer, from) };
        let failure = remake(&layer, other_layer).expect_err("wrong bytes");
        assert!(failure.message.contains("its manifest names"), "{failure:?}");
        let other_content = RemakeTask { expected_diff_id: wrong.clone(), ..task(&layer, from) };
        let failure = remake(&layer, other_content).expect_err("wrong content");
        assert!(failure.message.contains("diff_ids"), "{failure:?}");
        assert_eq!(failure.expected, wrong);
        let sha512 = "sha512:".to_owned() + &"0".repeat(128);
        let other = RemakeTask { expected_digest: Some(sha512), ..task(&layer, from) };
        assert!(remake(&layer, other).is_err());
    }
}

#[test]
fn damage_is_told_as_what_it_is() {
    let tar = tar();
    let whole = gzip(&tar);
    let cut = &whole[..whole.len() / 2];
    let failure = remake(cut, task(cut, StoredAs::Gzip)).expect_err("it is cut");
    assert_eq!(failure.message, "The gzip data end early: part of the file is missing.");
    assert!(failure.place.starts_with("layer at offset 0 (gzip), byte "), "{failure:?}");
    // Bytes that are not those of the manifest explain a stream that does not decode.
    let named =
        RemakeTask { expected_digest: Some(Digest::of(&whole).to_string()), ..task(cut, StoredAs::Gzip) };
    let failure = remake(cut, named).expect_err("other bytes");
    assert!(failure.message.contains("digest"), "{failure:?}");
    // The archive ends inside the layer.
    let failure = remake(cut, task(&whole, StoredAs::Gzip)).expect_err("it is cut");
    assert_eq!(failure.message, "The file ends inside this layer.");
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let run = [&[2, 0, 0x10][..], &[0]].concat();
    let bomb = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50][..], &run.repeat(200)].concat();
    let limits = UnpackLimits { max_output: 1 << 20, ..UnpackLimits::default() };
    let failure = run_limited(&bomb, limits).expect_err("too much");
    assert_eq!(failure.culprit, Culprit::Limit);
}

fn run_limited(layer: &[u8], limits: UnpackLimits) -> Result<(RemadeLayer, Vec<u8>), Failure> {
    run(RemakeJob::with_limits(task(layer, StoredAs::Zstd), limits), layer)
}

#[test]
fn the_protocol_is_kept() {
    let tar = layer_tar(&[("a", 10)]);
    let mut job = RemakeJob::new(task(&tar, StoredAs::Uncompressed));
    assert!(matches!(job.supply(&vec![0; tar.len() + 1]), Err(Error::Misuse(_))));
    assert_eq!(job.want(), Want::Read { offset: 0, len: tar.len() as u64 });
    job.supply(&tar).expect("the bytes");
    assert_eq!(job.want(), Want::Done);
    assert!(matches!(job.supply(&[]), Err(Error::Misuse(_))));
    assert!(matches!(job.finish(), Err(Error::Misuse("finish() before all output was taken"))));
    assert!(matches!(RemakeJob::new(task(&tar, StoredAs::Gzip)).finish(), Err(Error::Misuse(_))));
}

#[test]
fn estimates_grow_with_what_they_estimate() {
    let small = estimate(10 << 20, None, StoredAs::Uncompressed, 6);
    let large = estimate(100 << 20, None, StoredAs::Uncompressed, 6);
    assert!(large.size > small.size && large.seconds > small.seconds);
    assert!(large.size < 100 << 20, "text and programs shrink");
    let slow = estimate(100 << 20, None, StoredAs::Uncompressed, 9);
    assert!(slow.seconds > large.seconds && slow.size <= large.size);
    let zstd = estimate(100 << 20, None, StoredAs::Zstd, 6);
    assert!(zstd.size > 100 << 20, "gzip is the weaker of the two");
    assert!(estimate(100 << 20, Some(150 << 20), StoredAs::Zstd, 6).size <= 150 << 20);
    assert!(large.to_string().starts_with("about "), "{large}");
}
