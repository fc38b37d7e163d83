//! What was handed in is told by its content.

mod archives;

use archives::{drive, gzip, layer_tar};
use sociscope_engine::{
    InputKind, LayerId, LayerJob, LayerTask, OpenJob, OuterFormat, StoredAs, TaskCompression,
    image::{Error, Format, Packing},
    input::{FIRST, recognise},
    sample,
};

fn kind(file: &[u8]) -> InputKind {
    recognise(&file[..file.len().min(FIRST as usize)], file.len() as u64)
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A fixture of `tests/fixtures/unpack`: text in xz.
fn text_in_xz() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/unpack/crc64.xz"))
        .expect("a fixture")
}

fn ztocs() -> Vec<Vec<u8>> {
    let many: Vec<String> = (0..300).map(|number| format!("usr/share/{number}")).collect();
    let many: Vec<(&str, usize)> = many.iter().map(|name| (name.as_str(), 100)).collect();
    let tars = [layer_tar(&[]), layer_tar(&[("a", 400_000), ("b/c", 10)]), layer_tar(&many)];
    let build = |layer: &[u8], compression: TaskCompression| {
        let task = LayerTask {
            id: LayerId(0),
            offset: 0,
            len: layer.len() as u64,
            compression,
            span_size: 64 << 10,
            expected_digest: None,
            expected_diff_id: None,
            digests_elsewhere: false,
            prefetch: Vec::new(),
            hash_stored: false,
        };
        drive(LayerJob::new(task), layer).expect("an outcome").ztoc.expect("a zTOC")
    };
    tars.iter()
        .flat_map(|tar| [build(tar, TaskCompression::Uncompressed), build(&gzip(tar), TaskCompression::Gzip)])
        .collect()
}

/// Tars whose members have these names.
fn tar(names: &[&str]) -> Vec<u8> {
    layer_tar(&names.iter().map(|name| (*name, 700)).collect::<Vec<_>>())
}

#[test]
fn tars_are_archives_unless_they_can_only_be_layers() {
    let hex = "0123456789abcdef".repeat(4);
    for (names, expected) in [
        (&["blobs/sha256/x", "index.json"][..], InputKind::Archive),
        (&["etc/passwd", "usr/bin/x"], InputKind::Layer(StoredAs::Uncompressed)),
        (&["etc/.wh.old", ".wh.usr"], InputKind::Layer(StoredAs::Uncompressed)),
        // Could be either: opening it tells.
        (&["app/main.js"], InputKind::Archive),
        (&["etc/passwd", "manifest.json"], InputKind::Archive),
    ] {
        assert_eq!(kind(&tar(names)), expected, "{names:?}");
    }
    assert_eq!(kind(&tar(&[&format!("{hex}.json")])), InputKind::Archive);
    assert_eq!(kind(&sample::archive()), InputKind::Archive);
}

#[test]
fn what_is_compressed_is_an_archive_or_a_layer_by_its_first_members() {
    let hex = "0123456789abcdef".repeat(4);
    let archives = [
        tar(&["blobs/sha256/x"]),
        tar(&["./oci-layout"]),
        tar(&["image/oci-layout"]),
        tar(&[&format!("{hex}/layer.tar")]),
        tar(&["note", "manifest.json"]),
        sample::archive(),
    ];
    for archive in archives {
        assert_eq!(kind(&gzip(&archive)), InputKind::Outer(OuterFormat::Gzip));
        assert_eq!(kind(&zstd(&archive)), InputKind::Outer(OuterFormat::Zstd));
    }
    for layer in [tar(&["etc/passwd"]), tar(&["app/main.js"]), tar(&["app/manifest.json"]), vec![0; 1024]] {
        assert_eq!(kind(&gzip(&layer)), InputKind::Layer(StoredAs::Gzip));
        assert_eq!(kind(&zstd(&layer)), InputKind::Layer(StoredAs::Zstd));
    }
}

#[test]
fn what_is_compressed_and_no_tar_is_not_unpacked() {
    for file in [gzip(&[b'x'; 5000]), zstd(&[b'x'; 5000]), text_in_xz()] {
        let InputKind::Unknown(error) = kind(&file) else { panic!("{:?}", kind(&file)) };
        assert_eq!(error.code(), "not-a-tar");
        assert!(
            error.found().is_some_and(|found| found.contains("data around the text")),
            "{:?}",
            error.found()
        );
    }
}

#[test]
fn a_beginning_that_is_too_short_to_tell_is_left_to_unpacking() {
    let file = gzip(&sample::archive());
    for len in [6, 10, 11, 40] {
        assert_eq!(kind(&file[..len]), InputKind::Outer(OuterFormat::Gzip), "{len}");
    }
}

#[test]
fn other_formats_are_named() {
    for (start, packing) in [
        (&b"PK\x03\x04............"[..], Packing::Zip),
        (b"BZh91AY&SY......", Packing::Bzip2),
        (b"\x04\x22\x4d\x18............", Packing::Lz4),
        (b"7z\xbc\xaf\x27\x1c..........", Packing::SevenZip),
    ] {
        assert_eq!(kind(start), InputKind::Unknown(Error::Packed(packing)));
    }
    assert_eq!(recognise(&[], 0), InputKind::Unknown(Error::Empty));
    assert_eq!(kind(b"just text"), InputKind::Archive, "opening it says what it is");
}

#[test]
fn ztocs_are_known_whole_or_by_their_beginning() {
    for (number, ztoc) in ztocs().iter().enumerate() {
        assert_eq!(kind(ztoc), InputKind::Ztoc, "{number}");
        let start = &ztoc[..ztoc.len() / 2];
        assert_eq!(recognise(start, ztoc.len() as u64), InputKind::Ztoc, "{number} by its beginning");
        // A small one is parsed: what is cut is no zTOC.
        assert_ne!(kind(start), InputKind::Ztoc, "{number} cut");
    }
}

#[test]
fn nothing_makes_it_panic() {
    let seeds =
        [sample::archive(), gzip(&sample::archive()), zstd(&tar(&["a"])), text_in_xz(), ztocs().remove(1)];
    for seed in seeds {
        let seed = &seed[..seed.len().min(3000)];
        for at in 0..seed.len().min(600) {
            let mut changed = seed.to_vec();
            changed[at] = changed[at].wrapping_mul(31).wrapping_add(255);
            let _ = kind(&changed);
            let _ = recognise(&seed[..at], seed.len() as u64 * 1000);
        }
    }
}

#[test]
fn a_tar_that_is_no_image_opens_as_one_layer() {
    let open = |file: &[u8]| drive(OpenJob::new(file.len() as u64), file);
    for names in [&["etc/passwd", "usr/bin/x"][..], &["app/main.js", "etc/x"], &["README"]] {
        let archive = open(&tar(names)).expect("a layer");
        assert_eq!(archive.format, Format::Layer, "{names:?}");
    }
    // Part of an image is not a layer.
    assert!(open(&tar(&["blobs/sha256/x", "oci-layout"])).is_err());
    assert!(open(&tar(&["repositories"])).is_err());
    assert!(open(b"just text").is_err());
}
