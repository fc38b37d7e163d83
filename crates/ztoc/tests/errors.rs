//! Errors say who, where, what was expected and what was found.

mod support;

use sociscope_ztoc::{
    Build, BuildOptions, Builder, Culprit, DigestMode, Error, Fault, Limits, PaxProblem, SpanId, SpanSize,
    SparseProblem, Within,
};
use support::{
    Block, build_sliced, end, file, gzip, gzip_options, padded, pax, plain_options, sample, tar, wrapped,
};

/// Pushes a layer in several slicings, which must agree, and takes the error.
fn error(layer: &[u8], options: &BuildOptions) -> Error {
    let whole = Build::from_slice(layer, options.clone()).map(drop).expect_err("broken");
    for lengths in [&[1][..], &[7], &[513, 2, 64]] {
        let sliced = build_sliced(layer, options.clone(), lengths).map(drop);
        assert_eq!(sliced, Err(whole.clone()), "slices {lengths:?}");
    }
    whole
}

#[track_caller]
fn check(layer: &[u8], options: &BuildOptions, culprit: Culprit, message: &str) -> Fault {
    let error = error(layer, options);
    assert_eq!((error.culprit(), error.to_string().as_str()), (culprit, message));
    error.fault().clone()
}

#[track_caller]
fn check_gzip(layer: &[u8], culprit: Culprit, message: &str) -> Fault {
    check(layer, &gzip_options(0), culprit, message)
}

#[track_caller]
fn check_tar(layer: &[u8], culprit: Culprit, message: &str) -> Fault {
    check(layer, &plain_options(4096), culprit, message)
}

#[test]
fn what_is_no_gzip() {
    let fault = check_gzip(
        b"",
        Culprit::GzipHeader,
        "gzip header: the layer ends before its first byte, at compressed offset 0",
    );
    assert_eq!(fault, Fault::Truncated(Within::NothingAtAll));
    check_gzip(
        b"PK\x03\x04",
        Culprit::GzipHeader,
        "gzip header: expected 1f 8b, found 50, at compressed offset 0",
    );
    check_gzip(
        &[0x1f, 0x9d, 0x90],
        Culprit::GzipHeader,
        "gzip header: expected 1f 8b, found 1f 9d, at compressed offset 0",
    );
    check_gzip(
        &[0x1f, 0x8b, 8, 0x20],
        Culprit::GzipHeader,
        "gzip header: expected the reserved flag bits e0 to be zero, found flags 0x20, at compressed offset 0",
    );
}

#[test]
fn what_comes_after_the_last_member() {
    let mut layer = gzip(&tar(&[]));
    let length = layer.len();
    layer.push(0);
    check_gzip(
        &layer,
        Culprit::GzipHeader,
        &format!(
            "gzip header: expected another member (1f 8b) or the end of the layer after the last member, found 00, \
             at compressed offset {length}"
        ),
    );
}

/// Verified with the reference: Go's limit on names only holds for headers that Go reads.
#[test]
fn a_name_that_go_cannot_hold_matters_only_before_the_end_of_the_archive() {
    let named = |data: &[u8]| {
        let mut member = gzip(data);
        member[3] = 8;
        member.splice(10..10, [vec![b'n'; 512], vec![0]].concat());
        member
    };
    let tar = tar(&[sample(100, 1)]);
    let behind_the_end = [gzip(&tar), named(b"")].concat();
    assert!(Build::from_slice(&behind_the_end, gzip_options(0)).is_ok());
    let before_the_end = [gzip(&tar[..512]), named(&tar[512..])].concat();
    check_gzip(
        &before_the_end,
        Culprit::Limit,
        &format!(
            "limit: a file name would pass max_gzip_text = 511, at compressed offset {}",
            gzip(&tar[..512]).len()
        ),
    );
}

#[test]
fn truncated_gzip() {
    let layer = gzip(&tar(&[sample(2000, 1)]));
    for (length, within) in [
        (5, Within::GzipHeader),
        (200, Within::DeflateBlock),
        (layer.len() - 8, Within::GzipTrailer),
        (layer.len() - 1, Within::GzipTrailer),
    ] {
        let error = error(&layer[..length], &gzip_options(0));
        assert_eq!(error.fault(), &Fault::Truncated(within));
        assert_eq!(error.place().compressed.map(|offset| offset.0), Some(length as u64));
    }
}

#[test]
fn a_trailer_that_does_not_fit() {
    let layer = gzip(&tar(&[]));
    let trailer = layer.len() - 8;
    let mut bad_crc = layer.clone();
    bad_crc[trailer..trailer + 4].copy_from_slice(&[0xef, 0xbe, 0xad, 0xde]);
    check_gzip(
        &bad_crc,
        Culprit::GzipTrailer,
        &format!(
            "gzip trailer: expected CRC-32 0xdeadbeef, found 0xefb5af2e, at compressed offset {trailer}"
        ),
    );
    let mut bad_length = layer;
    bad_length[trailer + 4..].copy_from_slice(&[1, 0, 0, 0]);
    check_gzip(
        &bad_length,
        Culprit::GzipTrailer,
        &format!("gzip trailer: expected 1 bytes (modulo 2^32), found 1024, at compressed offset {trailer}"),
    );
}

/// A stored block with the first 1024 bytes, then a block of the reserved type 3.
#[test]
fn broken_deflate_names_the_block_and_how_far_it_came() {
    let tar = tar(&[]);
    let stream = [&[0, 0x00, 0x04, 0xff, 0xfb][..], &tar, &[0b110]].concat();
    check_gzip(
        &wrapped(&stream, &tar),
        Culprit::Deflate,
        "deflate data: deflate block type 3 is reserved, at compressed offset 1039, at tar offset 1024",
    );
}

/// The first fault in the stream is the one reported, wherever buffers happen to end.
#[test]
fn a_tar_fault_comes_before_a_later_gzip_fault() {
    let bad = Block::new("a", b'7', 0).sum();
    let layer = [&[1, 0x00, 0x02, 0xff, 0xfd][..], &bad].concat();
    let mut layer = wrapped(&layer, &bad);
    let last = layer.len() - 1;
    layer[last] ^= 1;
    assert_eq!(error(&layer, &gzip_options(0)).culprit(), Culprit::TarEntryType);
}

#[test]
fn broken_tar_headers() {
    let good = file("good", b"data");
    let mut bad_sum = Block::new("bad", b'0', 0).sum();
    bad_sum[0] ^= 0x80;
    check_tar(
        &[good.clone(), bad_sum].concat(),
        Culprit::TarHeader,
        "tar header: expected the checksum 4496 (or 4240, summed as signed bytes), found \"010420\\x00 \", at tar offset 1024",
    );
    check_tar(
        &Block::new("bad", b'0', 0).field(124, b"0000000008 ").sum(),
        Culprit::TarHeader,
        "tar header: expected an octal or base-256 number in field size, found \"0000000008 \\x00\", at tar offset 0",
    );
    check_tar(
        &Block::new("bad", b'0', 0).field(124, &[0xff; 12]).sum(),
        Culprit::TarHeader,
        "tar header: expected a size of 0 or more, found -1, at tar offset 0, entry \"bad\"",
    );
    check_tar(
        &[vec![0; 512], good.clone()].concat(),
        Culprit::TarHeader,
        "tar header: expected a second block of zeros after the first, found other bytes, at tar offset 512",
    );
    check_tar(
        &good[..600 - 90],
        Culprit::TarHeader,
        "tar header: the layer ends inside a tar header block, at tar offset 510",
    );
    check_tar(
        &good[..514],
        Culprit::TarHeader,
        "tar header: the layer ends inside a file's data, at tar offset 514, entry \"good\"",
    );
}

#[test]
fn entries_that_a_ztoc_cannot_describe() {
    check_tar(
        &[file("good", b""), Block::new("pax_global_header", b'g', 0).sum()].concat(),
        Culprit::TarEntryType,
        "tar entry type: expected a file, link, device, directory or fifo (type flags 0 to 6), found 'g' \
         (PAX global header, as `git archive` writes), at tar offset 512, entry \"pax_global_header\"",
    );
}

#[test]
fn broken_pax_headers() {
    let body = b"9 path=a\n";
    let bad = [Block::new("pax", b'x', 9).sum(), padded(&body[..8]), file("a", b"")].concat();
    let fault = check_tar(
        &bad,
        Culprit::PaxHeader,
        "PAX header: expected a newline at the end of the record, found record \"9 path=a\\x00\", at tar offset 0",
    );
    assert!(matches!(fault, Fault::PaxRecord { problem: PaxProblem::Newline, .. }));
    check_tar(
        &[pax(&[("mtime", "yesterday")]), file("a", b"")].concat(),
        Culprit::PaxHeader,
        "PAX header: expected a number for mtime, found \"yesterday\", at tar offset 1024, entry \"a\"",
    );
}

#[test]
fn broken_sparse_maps() {
    let sparse =
        |records: &[(&str, &str)], data: &[u8]| [pax(records), file("GNUSparseFile/a", data), end()].concat();
    let fault = check_tar(
        &sparse(&[("GNU.sparse.map", "5,5"), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.size", "9")], b""),
        Culprit::SparseMap,
        "sparse map: expected fragments in order within the file's size, at tar offset 1024, entry \"GNUSparseFile/a\"",
    );
    assert_eq!(fault, Fault::SparseMap { problem: SparseProblem::Bounds });
    let version_1 = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "a")];
    for (data, problem) in [(&b"no number\n"[..], SparseProblem::Count), (b"short", SparseProblem::Short)] {
        let error = error(&sparse(&version_1, &padded(data)), &plain_options(4096));
        assert_eq!(error.fault(), &Fault::SparseMap { problem });
        assert_eq!(error.place().entry.as_deref(), Some("a"));
    }
}

#[test]
fn limits_name_themselves() {
    let limits = Limits { max_entries: 2, ..Limits::default() };
    let options = BuildOptions { limits, ..plain_options(4096) };
    check(
        &tar(&[vec![], vec![], vec![]]),
        &options,
        Culprit::Limit,
        "limit: the number of tar entries would pass max_entries = 2, at tar offset 1024, entry \"dir/file-2\"",
    );
    let limits = Limits { max_tar_extension: 10, ..Limits::default() };
    let options = BuildOptions { limits, ..plain_options(4096) };
    check(
        &[pax(&[("path", "longer")]), file("a", b"")].concat(),
        &options,
        Culprit::Limit,
        "limit: a PAX header or GNU long name would pass max_tar_extension = 10, at tar offset 0",
    );
    let limits = Limits { max_ztoc_bytes: 40_000, ..Limits::default() };
    let empty_blocks = [0, 0, 0, 0xff, 0xff].repeat(3);
    let stream = [empty_blocks, support::deflated(&tar(&[]), support::Recipe::USUAL)].concat();
    let options = BuildOptions { limits: limits.clone(), ..gzip_options(0) };
    check(
        &wrapped(&stream, &tar(&[])),
        &options,
        Culprit::Limit,
        "limit: the zTOC's spans would pass max_ztoc_bytes = 40000, at compressed offset 15",
    );
    let many = tar(&vec![vec![]; 400]);
    let options = BuildOptions { limits, ..plain_options(4096) };
    assert!(matches!(
        error(&many, &options).fault(),
        Fault::Limit { setting: "max_ztoc_bytes", limit: 40_000, .. }
    ));
}

#[test]
fn a_ztoc_that_would_be_too_large_is_not_written() {
    let layer = tar(&[sample(100, 1)]);
    let exact = Build::from_slice(&layer, plain_options(512)).and_then(|build| build.to_bytes());
    let size = exact.as_ref().map(Vec::len).expect("valid") as u32;
    let write = |max_ztoc_bytes| {
        let limits = Limits { max_ztoc_bytes, ..Limits::default() };
        let options = BuildOptions { limits, ..plain_options(512) };
        Build::from_slice(&layer, options).and_then(|build| build.to_bytes())
    };
    assert_eq!(write(size), exact);
    assert_eq!(write(size - 1).map_err(|error| error.culprit()), Err(Culprit::Limit));
}

#[test]
fn mistakes_of_the_caller() {
    let options = plain_options(0);
    let error = Builder::new(options).map(drop).expect_err("divides by zero in the reference");
    assert_eq!(error.fault(), &Fault::SpanSizeZero);
    let error = SpanSize::new(1 << 63).expect_err("not an i64");
    assert_eq!(
        (error.culprit(), error.fault()),
        (Culprit::Caller, &Fault::SpanSizeTooLarge { found: 1 << 63 })
    );

    let options = BuildOptions { digests: DigestMode::Elsewhere, ..gzip_options(0) };
    let mut build = Build::from_slice(&gzip(&tar(&[])), options).expect("valid");
    assert_eq!(
        build.to_bytes().map_err(|error| error.fault().clone()),
        Err(Fault::MissingDigest { span: SpanId(0) })
    );
    assert!(!build.set_digest(SpanId(1), [0; 32]), "there is only one span");
    assert!(build.set_digest(SpanId(0), [0; 32]));
    assert!(build.to_bytes().is_ok());
}

#[test]
fn a_spent_builder_repeats_its_error() {
    let mut builder = Builder::new(gzip_options(0)).expect("options");
    let first = builder.push(b"no gzip").expect_err("no gzip");
    assert_eq!(builder.push(&gzip(&tar(&[]))), Err(first.clone()));
    assert_eq!(builder.finish().map(drop), Err(first));
}
