//! What is found in sound archives, whatever their shape.

mod support;

use serde_json::{Value, json};
use sociscope_image::{Digest, Extent, Format, ImageKind, LayerCompression, Limits};
use support::{
    GZIP, Layout, OCI_CONFIG, OCI_GZIP, OCI_MANIFEST, Tar, codes, config, docker, drive, open, simple, with,
};
use tar::EntryType;

/// Opens an archive in which nothing is to be said against anything.
fn sound(file: &[u8]) -> sociscope_image::Archive {
    let archive = open(file).expect("an image archive");
    assert_eq!(archive.diagnostics, [], "nothing is odd");
    archive
}

#[test]
fn an_oci_image_has_its_config_layers_and_places() {
    let mut layout = Layout::default();
    let mut about = config(2);
    about["history"] = json!([{"created_by": "ADD a"}, {"created_by": "ENV x", "empty_layer": true}, {"created_by": "COPY b"}]);
    about["config"] = json!({"Env": ["A=1"], "Cmd": ["/app"]});
    let second = [GZIP, b"second"].concat();
    let manifest = layout.image(&about, &[GZIP, &second]);
    let file = layout
        .list(with(manifest, json!({"annotations": {"org.opencontainers.image.ref.name": "latest"}})))
        .build();
    let archive = sound(&file);
    assert_eq!(archive.format, Format::OciArchive);
    let [image] = &archive.images[..] else { panic!("one image") };
    assert_eq!((image.names.join(","), image.platform.to_string()), ("latest".into(), "linux/amd64".into()));
    assert_eq!(image.config.config.cmd.as_deref(), Some(&["/app".to_owned()][..]));
    assert_eq!(image.config_text, about.to_string().into_bytes());
    let steps: Vec<_> = image.layers.iter().map(|layer| layer.created_by.as_deref()).collect();
    assert_eq!(steps, [Some("ADD a"), Some("COPY b")]);
    for (layer, bytes) in image.layers.iter().zip([GZIP, &second]) {
        let extent = layer.extent.expect("it is there");
        assert_eq!(&file[extent.offset as usize..extent.end() as usize], bytes);
        assert_eq!((layer.size, layer.digest.clone()), (bytes.len() as u64, Some(Digest::of(bytes))));
        assert_eq!((layer.media_type.as_str(), &layer.compression), (OCI_GZIP, &LayerCompression::Gzip));
        assert!(layer.diff_id.is_some());
    }
    let layout = archive.layout.expect("a layout");
    assert_eq!(layout.documents.len(), 2, "manifest and config");
    assert_eq!(layout.blobs.len(), 4);
}

#[test]
fn names_come_from_the_best_annotation_and_from_above() {
    let check = |annotations: Value, names: &[&str]| {
        let mut layout = Layout::default();
        let manifest = layout.image(&config(1), &[GZIP]);
        let index = layout.index(&[manifest]);
        let file = layout.list(with(index, json!({"annotations": annotations}))).build();
        assert_eq!(sound(&file).images[0].names, names, "{annotations}");
    };
    check(json!({}), &[]);
    check(json!({"org.opencontainers.image.ref.name": "1"}), &["1"]);
    check(
        json!({"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": "r.example/a:1"}),
        &["r.example/a:1"],
    );
}

#[test]
fn one_image_under_two_names_is_one_image() {
    let mut layout = Layout::default();
    let manifest = layout.image(&config(1), &[GZIP]);
    let named =
        |name: &str| with(manifest.clone(), json!({"annotations": {"io.containerd.image.name": name}}));
    let archive = sound(&layout.clone().list(named("a:1")).list(named("b:2")).list(named("a:1")).build());
    let [image] = &archive.images[..] else { panic!("one image") };
    assert_eq!((image.names.join(" "), image.listed), ("a:1 b:2".into(), 3));
}

#[test]
fn what_is_no_image_is_told_apart() {
    let check = |entry: Value, manifest: Value, kind: ImageKind| {
        let mut layout = Layout::default();
        let config = layout.blob("application/x", "{}");
        let layer = layout.blob("application/octet-stream", "layer");
        let manifest = with(json!({"schemaVersion": 2, "config": config, "layers": [layer]}), manifest);
        let manifest = layout.blob(OCI_MANIFEST, manifest.to_string());
        let archive = sound(&layout.list(with(manifest, entry)).build());
        assert_eq!(archive.images[0].kind, kind);
        assert_eq!(archive.images[0].layers.len(), 1);
    };
    let image_config = |media_type: &str| json!({"config": {"mediaType": media_type, "digest": Digest::of(b"{}").to_string(), "size": 2}});
    check(json!({}), json!({}), ImageKind::Other);
    check(
        json!({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}),
        image_config(OCI_CONFIG),
        ImageKind::Attestation,
    );
    check(
        json!({"platform": {"os": "unknown", "architecture": "unknown"}}),
        image_config(OCI_CONFIG),
        ImageKind::Attestation,
    );
    let (v1, v2) = ("application/vnd.amazon.soci.index.v1+json", "application/vnd.amazon.soci.index.v2+json");
    check(json!({}), image_config(v1), ImageKind::SociIndex);
    check(json!({"artifactType": v2}), json!({}), ImageKind::SociIndex);
    check(
        json!({"platform": {"os": "linux", "architecture": "amd64"}}),
        image_config(v2),
        ImageKind::SociIndex,
    );
}

#[test]
fn the_descriptors_platform_is_trusted_over_the_configs() {
    let mut layout = Layout::default();
    let manifest = layout.image(&config(1), &[GZIP]);
    let platform = json!({"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}});
    let archive = sound(&layout.list(with(manifest, platform)).build());
    assert_eq!(archive.images[0].platform.to_string(), "linux/arm64/v8");
    assert_eq!(archive.images[0].config.architecture, "amd64");
}

#[test]
fn a_docker_archive_has_its_layers_behind_links() {
    let file = docker();
    let archive = sound(&file);
    assert_eq!(archive.format, Format::DockerArchive);
    assert!(archive.layout.is_none());
    let [image] = &archive.images[..] else { panic!("one image") };
    assert_eq!((image.names.join(","), image.platform.to_string()), ("app:1".into(), "linux/amd64".into()));
    let [first, second] = &image.layers[..] else { panic!("two layers") };
    assert_eq!((first.extent, first.size), (second.extent, second.size));
    assert!(first.extent.is_some_and(|extent| extent.len == first.size && extent.offset == 1024));
    assert_eq!(first.compression, LayerCompression::Uncompressed);
    assert_ne!(first.diff_id, second.diff_id);
    assert_eq!(first.digest, None);
}

#[test]
fn layers_of_docker_archives_are_judged_by_their_bytes() {
    let check = |bytes: &[u8], compression: LayerCompression, media_type: &str| {
        let manifest = json!([{"Config": "c", "RepoTags": null, "Layers": ["l"]}]).to_string();
        let file = Tar::new()
            .file("manifest.json", manifest.as_bytes())
            .file("c", config(1).to_string().as_bytes())
            .file("l", bytes)
            .build();
        let archive = sound(&file);
        let layer = &archive.images[0].layers[0];
        assert_eq!((&layer.compression, layer.media_type.as_str()), (&compression, media_type));
        assert_eq!(archive.images[0].names, [] as [String; 0]);
    };
    let docker = "application/vnd.docker.image.rootfs.diff.tar";
    check(GZIP, LayerCompression::Gzip, "application/vnd.docker.image.rootfs.diff.tar.gzip");
    check(
        &[0x28, 0xb5, 0x2f, 0xfd],
        LayerCompression::Zstd,
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
    );
    check(&Tar::new().file("a", b"b").build(), LayerCompression::Uncompressed, docker);
    check(b"", LayerCompression::Uncompressed, docker);
    check(b"junk", LayerCompression::Unknown("no tar".into()), docker);
}

#[test]
fn a_docker_image_listed_twice_is_one_image() {
    let element = |name: &str| json!({"Config": "c", "RepoTags": [name], "Layers": ["l"]});
    let manifest = json!([element("a:1"), element("b:1")]).to_string();
    let file = Tar::new()
        .file("manifest.json", manifest.as_bytes())
        .file("c", config(1).to_string().as_bytes())
        .file("l", GZIP)
        .build();
    let archive = sound(&file);
    assert_eq!(archive.images.len(), 1);
    assert_eq!((archive.images[0].names.join(" "), archive.images[0].listed), ("a:1 b:1".into(), 2));
}

/// The same layout in a tar of another shape gives the same images.
#[test]
fn the_shape_of_the_tar_does_not_matter() {
    let layout = simple();
    let index = layout.index_json();
    let path = |blob: &Vec<u8>| Digest::of(blob).blob_path();
    let marker: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
    let blobs_at = |prefix: &str| {
        layout.blobs.iter().fold(Tar::new(), |tar, blob| tar.file(&format!("{prefix}{}", path(blob)), blob))
    };
    let finished = |tar: Tar| tar.file("index.json", index.as_bytes()).file("oci-layout", marker).build();
    let shapes = [
        ("dots in front", {
            blobs_at("./").file("./index.json", index.as_bytes()).file("./oci-layout", marker).build()
        }),
        ("absolute names", finished(blobs_at("/"))),
        ("GNU long names", finished(blobs_at(&"./".repeat(60)))),
        (
            "PAX names",
            finished(layout.blobs.iter().fold(Tar::new(), |tar, blob| {
                tar.pax(&[("comment", b"x"), ("path", path(blob).as_bytes())]).file("short", blob)
            })),
        ),
        (
            "PAX sizes",
            finished(layout.blobs.iter().fold(Tar::new(), |tar, blob| {
                tar.pax(&[("size", blob.len().to_string().as_bytes())]).file(&path(blob), blob)
            })),
        ),
        (
            "hard links",
            finished(layout.blobs.iter().enumerate().fold(Tar::new(), |tar, (number, blob)| {
                tar.file(&format!("store/{number}"), blob).hard_link(&path(blob), &format!("store/{number}"))
            })),
        ),
        (
            "a linked folder",
            finished(
                layout
                    .blobs
                    .iter()
                    .fold(Tar::new(), |tar, blob| tar.file(&path(blob).replace("blobs/", "real/"), blob))
                    .symlink("blobs", "real"),
            ),
        ),
        ("no end", {
            let mut file = layout.build();
            file.truncate(file.len() - 1024);
            file
        }),
        ("no padding behind the last member", {
            let mut file = layout.build();
            file.truncate(file.len() - 1024 - 512 + marker.len());
            file
        }),
        ("something behind the end", [layout.build(), b"anything".repeat(100)].concat()),
        ("strangers beside it", {
            layout.tar().file("readme.txt", b"hello").entry(EntryType::Fifo, "pipe", "").build()
        }),
    ];
    let expected = sound(&layout.build());
    for (shape, file) in shapes {
        let archive = open(&file).unwrap_or_else(|error| panic!("{shape}: {error}"));
        let [image] = &archive.images[..] else { panic!("{shape}: one image") };
        assert_eq!(image.manifest, expected.images[0].manifest, "{shape}");
        let texts: Vec<&[u8]> = image
            .layers
            .iter()
            .filter_map(|layer| layer.extent)
            .map(|extent| &file[extent.offset as usize..extent.end() as usize])
            .collect();
        let second = [GZIP, b"second"].concat();
        assert_eq!(texts, [GZIP, &second], "{shape}");
        assert_eq!(archive.diagnostics, [], "{shape}");
    }
}

#[test]
fn the_last_member_of_a_name_counts_and_is_mentioned() {
    let layout = simple();
    let file = Tar::new().file("index.json", b"{}").build();
    let file = [&file[..1024], &layout.build()].concat();
    let archive = open(&file).expect("an image archive");
    assert_eq!(archive.images[0].layers.len(), 2);
    assert_eq!(codes(&archive), ["member-repeated"]);
}

#[test]
fn an_image_below_a_folder_is_found() {
    let layout = simple();
    let file = layout
        .blobs
        .iter()
        .fold(Tar::new().dir("./top/"), |tar, blob| {
            tar.file(&format!("./top/in/{}", Digest::of(blob).blob_path()), blob)
        })
        .file("./top/in/index.json", layout.index_json().as_bytes())
        .file("./top/in/oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
        .build();
    let archive = open(&file).expect("an image archive");
    assert_eq!(archive.images[0].layers.len(), 2);
    assert_eq!(codes(&archive), ["layout-in-folder"]);
    assert_eq!(archive.diagnostics[0].place, "top/in");
}

/// A source in which only a few places are anything but zero, of any length.
struct Vast {
    len: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Vast {
    fn push(&mut self, bytes: Vec<u8>) {
        let len = bytes.len() as u64;
        self.pieces.push((self.len, bytes));
        self.len = (self.len + len).next_multiple_of(512);
    }

    fn read(&self, extent: Extent) -> Vec<u8> {
        let mut out = vec![0; usize::try_from(extent.len).expect("a modest read")];
        for (start, bytes) in &self.pieces {
            for (position, &byte) in (*start..).zip(bytes) {
                if let Some(at) = position.checked_sub(extent.offset).filter(|&at| at < extent.len) {
                    out[at as usize] = byte;
                }
            }
        }
        out
    }
}

#[test]
fn layers_beyond_four_and_eight_gibibytes_cost_two_blocks_each() {
    const GIB: u64 = 1 << 30;
    let sizes = [5 * GIB + 1, 9 * GIB, 20 * GIB];
    let digests: Vec<String> = (0..3).map(|layer| Digest::of(&[layer]).to_string()).collect();
    let mut layout = Layout::default();
    let about = layout.blob(OCI_CONFIG, config(3).to_string());
    let layers: Vec<Value> = digests
        .iter()
        .zip(sizes)
        .map(|(digest, size)| json!({"mediaType": OCI_GZIP, "digest": digest, "size": size}))
        .collect();
    let manifest = json!({"schemaVersion": 2, "config": about, "layers": layers}).to_string();
    let manifest = layout.blob(OCI_MANIFEST, manifest);
    let layout = layout.list(manifest);

    let mut source = Vast { len: 0, pieces: Vec::new() };
    let mut places = Vec::new();
    for (number, (digest, size)) in digests.iter().zip(sizes).enumerate() {
        let path = digest.parse::<Digest>().expect("a digest").blob_path();
        let mut header = tar::Header::new_gnu();
        header.set_path(&path).expect("a short name");
        if number == 2 {
            // PAX says the size, the header itself does not.
            let records = Tar::new().pax(&[("size", size.to_string().as_bytes())]).build();
            source.push(records[..1024].to_vec());
            header.set_size(0);
        } else {
            header.set_size(size); // in base 256 where octal digits do not suffice
        }
        header.set_cksum();
        source.push(header.as_bytes().to_vec());
        places.push(source.len);
        source.pieces.push((source.len, GZIP.to_vec()));
        source.len = (source.len + size).next_multiple_of(512);
    }
    source.push(layout.build());

    let (outcome, reads) = drive(source.len, Limits::default(), |extent| source.read(extent));
    let archive = outcome.expect("an image archive");
    assert_eq!(archive.diagnostics, []);
    let extents: Vec<Option<Extent>> = archive.images[0].layers.iter().map(|layer| layer.extent).collect();
    let expected: Vec<Option<Extent>> =
        places.iter().zip(sizes).map(|(&offset, len)| Some(Extent { offset, len })).collect();
    assert_eq!(extents, expected);
    // Two blocks more for the PAX header, and the last ones are read ahead of.
    let total: u64 = reads.iter().map(|read| read.len).sum();
    assert!(reads.len() <= 16 && total < 100 << 10, "{} reads, {total} bytes", reads.len());
}

#[test]
fn many_small_members_come_in_few_reads() {
    let layout = simple();
    let file =
        (0..3_000).fold(layout.tar(), |tar, number| tar.file(&format!("extra/{number}"), b"x")).build();
    let (outcome, reads) = drive(file.len() as u64, Limits::default(), |extent| {
        file[extent.offset as usize..extent.end() as usize].to_vec()
    });
    assert!(outcome.is_ok());
    assert!(reads.len() <= 100 + 8, "{} reads for 3,000 members of 1 KiB", reads.len());
}
