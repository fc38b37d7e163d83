//! What is said of files that are broken, hostile, or something else.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use sociscope_image::{Archive, Culprit, Digest, Error, Extent, Limits, Open, Severity, Want};
use support::{
    GZIP, Layout, OCI_CONFIG, OCI_GZIP, OCI_MANIFEST, Tar, codes, config, docker, drive, open, open_with,
    simple,
};

#[test]
fn what_is_no_image_is_named() {
    let check = |file: &[u8], code: &str, culprit: Culprit, fix: &str| {
        let error = open(file).expect_err(code);
        assert_eq!((error.code(), error.culprit()), (code, culprit), "{error}");
        assert!(error.fix().contains(fix), "{}", error.fix());
    };
    let tar = |names: &[&str]| names.iter().fold(Tar::new(), |tar, name| tar.file(name, b"x")).build();
    check(b"", "file-empty", Culprit::File, "full disk");
    check(&[0x1f, 0x8b, 8, 0], "file-packed", Culprit::Unsupported, "gzip -dc");
    check(
        &[[0x28, 0xb5, 0x2f, 0xfd].as_slice(), &[7; 999]].concat(),
        "file-packed",
        Culprit::Unsupported,
        "zstd",
    );
    check(b"\xfd7zXZ\0\0", "file-packed", Culprit::Unsupported, "xz -dc");
    check(b"BZh91AY&SY", "file-packed", Culprit::Unsupported, "bzip2 -dc");
    check(b"PK\x03\x04rest", "file-packed", Culprit::Unsupported, "unzip");
    check(&b"FROM scratch\n".repeat(99), "not-a-tar", Culprit::File, "docker save");
    check(b"x", "not-a-tar", Culprit::File, "docker save");
    check(&[0; 1024], "tar-empty", Culprit::File, "docker save");
    check(&tar(&["bin/sh", "etc/passwd", "usr/x"]), "root-filesystem", Culprit::Unsupported, "docker save");
    check(&tar(&["etc/app.conf"]), "root-filesystem", Culprit::Unsupported, "docker save");
    check(&tar(&["a", "b"]), "no-image", Culprit::File, "docker save");
    check(&tar(&["repositories", "x/json"]), "docker-before-1.10", Culprit::Unsupported, "Pull");
    check(&tar(&["manifest.json"]), "document-unreadable", Culprit::File, "again");
    check(&tar(&["index.json"]), "document-unreadable", Culprit::File, "again");
    let dir = Tar::new().file("manifest.json", br#"{"schemaVersion":2}"#).build();
    check(&dir, "dir-transport", Culprit::Unsupported, "skopeo copy");
    for list in ["[]", "null"] {
        check(
            &Tar::new().file("manifest.json", list.as_bytes()).build(),
            "nothing-listed",
            Culprit::File,
            "again",
        );
    }
    for index in ["{}", r#"{"manifests":null}"#, r#"{"manifests":[]}"#] {
        check(
            &Tar::new().file("index.json", index.as_bytes()).build(),
            "nothing-listed",
            Culprit::File,
            "again",
        );
    }
    check(&Tar::new().dir("index.json/").build(), "document-unreadable", Culprit::File, "again");
    check(&Tar::new().symlink("index.json", "gone").build(), "document-unreadable", Culprit::File, "again");
}

#[test]
fn a_large_root_filesystem_is_named_before_it_is_listed_to_its_end() {
    let file = (0..6_000)
        .fold(Tar::new().dir("bin/").dir("etc/"), |tar, number| tar.file(&format!("usr/{number}"), b"x"))
        .build();
    let (outcome, reads) = drive(file.len() as u64, Limits::default(), |extent| {
        file[extent.offset as usize..extent.end() as usize].to_vec()
    });
    let Err(Error::RootFilesystem { found, members }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((found.join(" ").as_str(), members), ("bin etc usr", 4_096));
    assert!(reads.iter().all(|read| read.end() < file.len() as u64 * 3 / 4));
}

/// The layout of [`simple`] with `change` made to it, opened.
fn changed(change: impl FnOnce(&mut Layout)) -> Archive {
    let mut layout = simple();
    change(&mut layout);
    open(&layout.build()).expect("something can be shown")
}

#[test]
fn one_broken_part_hides_no_other() {
    let good = |layout: &mut Layout| layout.image(&config(1), &[&[GZIP, b"good"].concat()]);
    let check = |broken: Value, code: &str| {
        let archive = changed(|layout| {
            let good = good(layout);
            layout.manifests = vec![broken.clone(), good];
        });
        assert_eq!((archive.images.len(), codes(&archive)), (1, vec![code]), "{broken}");
        assert_eq!(archive.images[0].layers.len(), 1);
    };
    let digest = Digest::of(b"nothing").to_string();
    check(json!({"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}), "blob-missing");
    check(json!({"mediaType": OCI_MANIFEST, "digest": "sha256:../../x", "size": 1}), "digest-malformed");
    check(json!({"mediaType": OCI_MANIFEST, "digest": "md5:00", "size": 1}), "digest-unsupported");
    check(json!({}), "digest-malformed");
    check(json!(7), "field-unreadable");
    let unreadable = changed(|layout| {
        let good = good(layout);
        let junk = layout.blob(OCI_MANIFEST, "junk");
        layout.manifests = vec![junk, good];
    });
    assert_eq!((unreadable.images.len(), codes(&unreadable)), (1, vec!["document-unreadable"]));
}

#[test]
fn broken_layers_and_configs_leave_the_image() {
    let check = |manifest: Value, expected: &[&str], layers: usize| {
        let mut layout = Layout::default();
        layout.blob(OCI_GZIP, GZIP);
        layout.blob(OCI_CONFIG, config(1).to_string());
        let manifest = layout.blob(OCI_MANIFEST, manifest.to_string());
        let archive = open(&layout.list(manifest).build()).expect("an image");
        assert_eq!((codes(&archive), archive.images[0].layers.len()), (expected.to_vec(), layers));
    };
    let about = support::descriptor(OCI_CONFIG, config(1).to_string().as_bytes());
    let layer = support::descriptor(OCI_GZIP, GZIP);
    let image =
        |config: &Value, layers: Value| json!({"schemaVersion": 2, "config": config, "layers": layers});
    let missing = support::descriptor(OCI_GZIP, b"missing");
    let sized = |size: Value| support::with(layer.clone(), json!({"size": size}));
    check(image(&about, json!([layer])), &[], 1);
    check(image(&about, json!([missing])), &["blob-missing"], 1);
    check(image(&about, json!([sized(json!(9))])), &["size-mismatch"], 1);
    check(image(&about, json!([sized(json!("ten"))])), &["field-unreadable", "size-mismatch"], 1);
    check(image(&about, json!([sized(json!(-1))])), &["field-unreadable", "size-mismatch"], 1);
    check(image(&about, json!([sized(json!(1e30))])), &["field-unreadable", "size-mismatch"], 1);
    check(image(&about, json!([layer, layer])), &["diff-ids-differ"], 2);
    check(image(&about, json!({"a": 1})), &["field-unreadable", "no-layers", "diff-ids-differ"], 0);
    check(image(&missing, json!([layer])), &["blob-missing"], 1);
    check(image(&Value::Null, json!([layer])), &["config-missing"], 1);
    check(image(&layer, json!([layer])), &[], 1); // an artefact, by its config's type
    check(
        image(
            &about,
            json!([support::with(
                layer.clone(),
                json!({"mediaType": "application/vnd.oci.image.layer.v1.tar"})
            )]),
        ),
        &["layer-type-mismatch"],
        1,
    );
}

#[test]
fn changed_documents_are_shown_but_not_kept() {
    let layout = simple();
    let mut file = layout.build();
    let at = file.windows(5).position(|bytes| bytes == b"amd64").expect("the config");
    file[at + 3] = b'7';
    let archive = open(&file).expect("an image");
    assert_eq!(codes(&archive), ["digest-mismatch"]);
    assert_eq!(archive.images[0].platform.to_string(), "linux/amd74");
    assert_eq!(archive.layout.expect("a layout").documents.len(), 1, "the manifest alone");
}

#[test]
fn a_file_that_ends_early_shows_what_is_before_the_end() {
    let layout = simple();
    let whole = Tar::new()
        .file("index.json", layout.index_json().as_bytes())
        .file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
    let file = layout
        .blobs
        .iter()
        .rev()
        .fold(whole, |tar, blob| tar.file(&Digest::of(blob).blob_path(), blob))
        .build();
    // Blobs come in the order manifest, layers, config: cut the last one.
    let cut = open(&file[..file.len() - 1024 - 512 + 5]).expect("an image");
    assert_eq!(codes(&cut), ["file-truncated", "blob-missing"]);
    assert_eq!(cut.images[0].layers.iter().filter(|layer| layer.extent.is_some()).count(), 2);
    let error = open(&file[..600]).expect_err("nothing is left");
    assert_eq!(error.code(), "file-truncated");
    assert_eq!(error.found().as_deref(), Some("600 bytes"));
}

#[test]
fn a_damaged_header_ends_the_listing() {
    let layout = simple();
    let mut file = layout.build();
    let last = file.windows(10).rposition(|bytes| bytes == b"oci-layout").expect("its header");
    file[last + 100] ^= 1;
    let archive = open(&file).expect("an image");
    assert_eq!(codes(&archive), ["tar-header-broken", "oci-layout-missing"]);
    assert_eq!(archive.diagnostics[0].severity, Severity::Error);
}

#[test]
fn links_that_lead_nowhere_are_named() {
    let check = |target: &str, words: &str| {
        let layout = simple();
        let layer = Digest::of(GZIP).blob_path();
        let file = layout.tar().symlink(&layer, target).build();
        let archive = open(&file).expect("an image");
        let note = archive.diagnostics.iter().find(|note| note.code == "blob-missing").expect("a diagnostic");
        assert!(note.message.contains(words), "{note}");
        assert_eq!(archive.images[0].layers[0].extent, None);
    };
    let itself = Digest::of(GZIP).hex().to_owned();
    check("gone", "which is not in the archive");
    check(&itself, "more than 40 links");
    check("../../../etc/passwd", "out of the archive");
    check("../sha256", "a directory");
}

#[test]
fn names_that_climb_out_are_ignored() {
    let layout = simple();
    let file = layout.tar().file("../index.json", b"{}").file("a/../../oci-layout", b"{}").build();
    let archive = open(&file).expect("an image");
    assert_eq!(codes(&archive), ["name-climbs-out"]);
    assert!(archive.diagnostics[0].message.contains("once more"));
}

#[test]
fn an_index_that_is_of_no_use_does_not_hide_manifest_json() {
    for index in ["{}", "junk", r#"{"manifests":[{"digest":"x"}]}"#] {
        let file = docker();
        let more = Tar::new().file("index.json", index.as_bytes()).build();
        let file = [&more[..1024], &file].concat();
        let archive = open(&file).expect("an image");
        assert_eq!(archive.images[0].names, ["app:1"], "{index}");
        assert_eq!(archive.diagnostics.last().map(|note| note.code), Some("index-unusable"), "{index}");
    }
}

#[test]
fn sparse_members_are_not_taken_for_runs_of_bytes() {
    let layout = simple();
    let layer = Digest::of(GZIP).blob_path();
    let file = layout.tar().pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.name", layer.as_bytes())]);
    let file = file.file("GNUSparseFile.0/x", GZIP).build();
    let archive = open(&file).expect("an image");
    let note = archive.diagnostics.iter().find(|note| note.code == "blob-missing").expect("a diagnostic");
    assert!(note.message.contains("a sparse file"), "{note}");
}

#[test]
fn every_limit_is_kept_and_named() {
    let check = |file: &[u8], limit: &str, change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        assert!(open_with(file, Limits::default()).is_ok(), "{limit}: sound without it");
        let said = match open_with(file, limits) {
            Err(error) => format!("{error} {:?}", error.expected()),
            Ok(archive) => archive.diagnostics.iter().map(ToString::to_string).collect(),
        };
        assert!(said.contains(limit), "{limit}: {said}");
    };
    let oci = simple().build();
    check(&oci, "max_members", &|limits| limits.max_members = 3);
    check(&oci, "max_name_bytes", &|limits| limits.max_name_bytes = 100);
    check(&oci, "max_document_bytes", &|limits| limits.max_document_bytes = 10);
    check(&oci, "max_document_bytes", &|limits| limits.max_document_bytes = 300);
    check(&oci, "max_total_document_bytes", &|limits| limits.max_total_document_bytes = 400);
    check(&oci, "max_descriptors", &|limits| limits.max_descriptors = 1);
    check(&oci, "max_manifests", &|limits| limits.max_manifests = 0);
    check(&docker(), "max_manifests", &|limits| limits.max_manifests = 0);
    check(&docker(), "max_descriptors", &|limits| limits.max_descriptors = 1);
    check(&docker(), "max_document_bytes", &|limits| limits.max_document_bytes = 100);
    check(&docker(), "more than 0 links", &|limits| limits.max_links = 0);
    let mut nested = simple();
    for _ in 0..3 {
        let index = nested.index(&nested.manifests.clone());
        nested.manifests = vec![index];
    }
    check(&nested.build(), "max_index_depth", &|limits| limits.max_index_depth = 3);
    let long = simple().tar().file(&"x".repeat(2_000), b"").build();
    check(&long, "max_header_bytes", &|limits| limits.max_header_bytes = 1_000);
}

#[test]
fn one_manifest_listed_without_end_does_not_cost_without_end() {
    let mut layout = Layout::default();
    let padding = "x".repeat(100_000);
    let about = layout.blob(OCI_CONFIG, config(1).to_string());
    let layer = layout.blob(OCI_GZIP, GZIP);
    let manifest = json!({"schemaVersion": 2, "config": about, "layers": [layer], "padding": padding});
    let manifest = layout.blob(OCI_MANIFEST, manifest.to_string());
    layout.manifests = vec![manifest; 2_000];
    let archive = open(&layout.build()).expect("an image");
    assert_eq!(archive.images.len(), 1);
    assert!(archive.images[0].listed < 700);
    assert!(codes(&archive).contains(&"document-too-large"));
}

#[test]
fn diagnostics_are_kept_up_to_their_limit() {
    let mut layout = simple();
    for number in 0..500 {
        layout.manifests.push(support::descriptor(OCI_MANIFEST, &[1, number as u8, (number >> 8) as u8]));
    }
    let archive = open(&layout.build()).expect("an image");
    assert_eq!((archive.diagnostics.len(), codes(&archive).last()), (201, Some(&"more-diagnostics")));
}

#[test]
fn misuse_is_told_and_a_short_read_can_be_repeated() {
    let file = simple().build();
    let mut open = Open::new(file.len() as u64, Limits::default());
    assert_eq!(open.supply(b"x"), Err(Error::Misuse("supply without a want")));
    let Want::Read { offset: 0, len } = open.want() else { panic!("a first read") };
    assert_eq!(open.supply(&file[..5]), Err(Error::ShortRead { offset: 0, wanted: len, got: 5 }));
    assert_eq!(open.supply(&vec![0; len as usize + 1]), Err(Error::Misuse("more bytes than asked for")));
    assert_eq!(open.want(), Want::Read { offset: 0, len });
    open.supply(&file[..len as usize]).expect("all of it");
    assert_eq!(open.position(), 0);
    assert_ne!(open.want(), Want::Done);
    assert!(open.position() > 0);
    assert_eq!(open.finish().expect_err("too soon").code(), "misuse");
}

/// Whatever is in an archive, it is inside the file.
fn check_places(file: &[u8], archive: &Archive) {
    let len = file.len() as u64;
    let layers = archive.images.iter().flat_map(|image| &image.layers).filter_map(|layer| layer.extent);
    let blobs = archive.layout.iter().flat_map(|layout| layout.blobs.values().copied());
    for extent in layers.chain(blobs) {
        assert!(extent.offset.checked_add(extent.len).is_some_and(|end| end <= len), "{extent:?} of {len}");
    }
    for (digest, text) in archive.layout.iter().flat_map(|layout| &layout.documents) {
        assert!(digest.matches(text));
    }
}

/// Opens bytes of any kind; the support code asserts that every read is inside and that it ends.
fn check_any(file: &[u8]) {
    let (outcome, _) = drive(file.len() as u64, Limits::default(), |extent: Extent| {
        file[extent.offset as usize..extent.end() as usize].to_vec()
    });
    match outcome {
        Ok(archive) => check_places(file, &archive),
        Err(error) => assert!(!error.to_string().is_empty() && !error.fix().is_empty()),
    }
}

/// Sets the checksum of every block that looks like a header, so that changes get past it.
fn with_checksums(file: &mut [u8]) {
    for block in file.chunks_exact_mut(512) {
        if block.get(257..262) == Some(b"ustar") {
            let sum: u32 = block
                .iter()
                .enumerate()
                .map(|(at, &byte)| if (148..156).contains(&at) { 32 } else { u32::from(byte) })
                .sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 15000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_to_an_archive_breaks_more_than_the_archive(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        repaired: bool,
    ) {
        let mut file = match which {
            0 => simple().build(),
            1 => docker(),
            _ => Tar::new().pax(&[("path", b"index.json")]).file(&"./".repeat(70), b"{}").build(),
        };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if repaired {
            with_checksums(&mut file);
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        check_any(&file);
    }

    #[test]
    fn any_text_in_place_of_a_document_is_survived(text in "[\\[\\]{}\",:a-z0-9 ]{0,60}", which in 0..3_usize) {
        let file = match which {
            0 => Tar::new().file("index.json", text.as_bytes()).build(),
            1 => Tar::new().file("manifest.json", text.as_bytes()).build(),
            _ => {
                let mut layout = Layout::default();
                let manifest = layout.blob(OCI_MANIFEST, &text);
                layout.list(manifest).build()
            }
        };
        check_any(&file);
    }

    #[test]
    fn any_bytes_are_survived(file in prop::collection::vec(any::<u8>(), 0..2_000)) {
        check_any(&file);
    }
}
