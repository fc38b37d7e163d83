//! An image as loose files is the image it would be as a tar.

mod support;

use sociscope_image::{
    Archive, Digest, Error, Extent, Format, Limits,
    folder::{FolderFile, FolderPart, as_tar},
};
use support::{docker, drive, open, simple};

/// A folder: paths and contents.
type Folder = Vec<(String, Vec<u8>)>;

fn listed(folder: &Folder) -> Vec<FolderFile> {
    folder.iter().map(|(path, bytes)| FolderFile { path: path.clone(), size: bytes.len() as u64 }).collect()
}

/// The virtual tar, put together.
fn tar(folder: &Folder) -> Vec<u8> {
    let parts = as_tar(&listed(folder)).expect("plain paths");
    let bytes = parts.into_iter().flat_map(|part| match part {
        FolderPart::Bytes(bytes) => bytes,
        FolderPart::File { index } => folder[index].1.clone(),
    });
    bytes.collect()
}

fn layout() -> Folder {
    let layout = simple();
    let mut folder: Folder =
        layout.blobs.iter().map(|blob| (Digest::of(blob).blob_path(), blob.clone())).collect();
    folder.push(("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    folder.push(("index.json".into(), layout.index_json().into_bytes()));
    folder
}

/// What is in an archive, without where it lies.
fn contents(file: &[u8], archive: &Archive) -> Vec<String> {
    let read = |extent: Extent| Digest::of(&file[extent.offset as usize..extent.end() as usize]);
    archive
        .images
        .iter()
        .map(|image| {
            let layers: Vec<_> = image.layers.iter().map(|layer| layer.extent.map(read)).collect();
            format!("{:?} {} {:?} {layers:?}", image.names, image.platform, image.manifest)
        })
        .chain(archive.diagnostics.iter().map(ToString::to_string))
        .collect()
}

#[test]
fn a_layout_folder_is_the_archive_it_would_make() {
    let real = simple().build();
    let packed = open(&real).expect("an image");
    for prefix in ["", "./", "image/", "./image//"] {
        let folder: Folder =
            layout().into_iter().map(|(path, bytes)| (format!("{prefix}{path}"), bytes)).collect();
        let file = tar(&folder);
        let loose = open(&file).expect("an image");
        assert_eq!(loose.format, Format::OciArchive);
        assert_eq!(contents(&file, &loose), contents(&real, &packed), "{prefix}");
        assert_eq!(
            loose.layout.map(|layout| layout.documents),
            packed.layout.clone().map(|layout| layout.documents)
        );
    }
}

#[test]
fn the_files_of_a_docker_archive_are_one_too() {
    let mut folder: Folder = Vec::new();
    let real = docker();
    for entry in tar::Archive::new(real.as_slice()).entries().expect("a tar") {
        let mut entry = entry.expect("a member");
        let path = entry.path().expect("a path").to_str().expect("UTF-8").to_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("in memory");
        match entry.header().entry_type() {
            tar::EntryType::Regular => folder.push((path, bytes)),
            // The shell follows links.
            tar::EntryType::Symlink => folder.push((path, folder[0].1.clone())),
            _ => {}
        }
    }
    let file = tar(&folder);
    let loose = open(&file).expect("an image");
    assert_eq!(loose.format, Format::DockerArchive);
    assert_eq!(contents(&file, &loose), contents(&real, &open(&real).expect("an image")));
}

#[test]
fn the_order_in_which_files_are_named_does_not_matter() {
    let mut folder = layout();
    let file = tar(&folder);
    folder.reverse();
    assert_eq!(tar(&folder), file);
}

#[test]
fn any_tar_reader_reads_it() {
    let long = format!("{}/{}", "folder/".repeat(30), "name".repeat(30));
    let folder =
        vec![(long.clone(), b"long".to_vec()), ("empty".into(), Vec::new()), ("ü".into(), vec![7; 513])];
    let mut found = Vec::new();
    for entry in tar::Archive::new(tar(&folder).as_slice()).entries().expect("a tar") {
        let mut entry = entry.expect("a member");
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).expect("in memory");
        found.push((entry.path().expect("a path").to_str().expect("UTF-8").to_owned(), bytes));
    }
    let normal = long.replace("//", "/");
    assert_eq!(found, [("empty".into(), Vec::new()), (normal, b"long".to_vec()), ("ü".into(), vec![7; 513])]);
}

#[test]
fn files_of_more_than_8_gib_are_no_problem() {
    let size = (8 << 30) + 5;
    let files = [("blobs/sha256/a", size), ("index.json", 2)]
        .map(|(path, size)| FolderFile { path: path.into(), size });
    let parts = as_tar(&files).expect("plain paths");
    // Only what is read exists.
    let mut places = Vec::new();
    let mut at = 0;
    for part in &parts {
        let len = match part {
            FolderPart::Bytes(bytes) => bytes.len() as u64,
            FolderPart::File { index } => files[*index].size,
        };
        places.push((at, len, part));
        at += len;
    }
    let (outcome, reads) = drive(at, Limits::default(), |wanted| {
        let byte = |offset: u64| {
            let (start, _, part) = places.iter().rfind(|(start, ..)| *start <= offset).expect("inside");
            match part {
                FolderPart::Bytes(bytes) => bytes[(offset - start) as usize],
                FolderPart::File { .. } => b'{',
            }
        };
        (wanted.offset..wanted.end()).map(byte).collect()
    });
    assert!(
        matches!(outcome, Err(Error::Document { name: "index.json", .. })),
        "it was found behind the large one"
    );
    assert!(reads.iter().any(|read| read.offset > size));
}

#[test]
fn paths_that_lead_elsewhere_are_refused_by_name() {
    let check = |paths: &[&str], named: &str, says: &str| {
        let files: Vec<FolderFile> =
            paths.iter().map(|path| FolderFile { path: (*path).to_owned(), size: 1 }).collect();
        let error = as_tar(&files).expect_err(named);
        assert_eq!((error.code(), error.place().as_str()), ("folder-path", named));
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.fix().is_empty());
    };
    check(&["a", "../b"], "../b", "..");
    check(&["a/../../b"], "a/../../b", "..");
    check(&["/etc/passwd"], "/etc/passwd", "absolute");
    check(&["a", "./"], "./", "names no file");
    check(&["a\0b"], "a\0b", "names no file");
    check(&["a/b", "a//b"], "a/b", "two files");
}

#[test]
fn a_layer_alone_is_one_image_of_one_layer_and_nothing_is_made_up() {
    use sociscope_image::{ImageKind, LayerCompression, bare_layer};
    for (compression, media_type) in [
        (LayerCompression::Uncompressed, "application/vnd.oci.image.layer.v1.tar"),
        (LayerCompression::Gzip, "application/vnd.oci.image.layer.v1.tar+gzip"),
        (LayerCompression::Zstd, "application/vnd.oci.image.layer.v1.tar+zstd"),
    ] {
        let archive = bare_layer(1234, compression.clone());
        assert_eq!((archive.format, archive.size, archive.layout.is_none()), (Format::Layer, 1234, true));
        let [image] = &archive.images[..] else { panic!("one image") };
        assert_eq!((image.kind, image.platform.to_string().as_str()), (ImageKind::Image, "unknown"));
        assert!(image.names.is_empty() && image.manifest.is_none() && image.config_text.is_empty());
        let [layer] = &image.layers[..] else { panic!("one layer") };
        assert_eq!(layer.media_type, media_type);
        assert_eq!(
            (layer.compression.clone(), layer.extent),
            (compression, Some(Extent { offset: 0, len: 1234 }))
        );
        assert_eq!((layer.digest.clone(), layer.diff_id.clone()), (None, None));
        assert_eq!(archive.diagnostics.len(), 1, "it is said");
    }
}
