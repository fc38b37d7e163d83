//! Whatever an image comes as: compressed as a whole, as a folder, as one layer; and a zTOC alone.

mod program;

use std::{
    fs,
    path::{Path, PathBuf},
};

use program::{Ended, SAMPLE_OPTIONS, Scratch, command, done, run};
use serde_json::Value;
use sociscope_engine::{Job, RemakeJob, RemakeTask, StoredAs, Want, sample};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut job = RemakeJob::new(RemakeTask {
        offset: 0,
        len: bytes.len() as u64,
        from: StoredAs::Uncompressed,
        level: 1,
        expected_digest: None,
        expected_diff_id: None,
    });
    let mut made = Vec::new();
    while let Want::Read { offset, len } = job.want() {
        job.supply(&bytes[offset as usize..(offset + len) as usize]).expect("plain bytes");
        made.extend(job.take_output());
    }
    job.finish().expect("gzip");
    made
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut made = Vec::new();
    lzma_rs::xz_compress(&mut &bytes[..], &mut made).expect("in memory");
    made
}

/// A run whose temporary files go to `tmp` in the scratch directory; none may be left.
fn run_in(scratch: &Scratch, args: &[&str]) -> Ended {
    let tmp = scratch.path("tmp");
    fs::create_dir_all(&tmp).expect("writable");
    let ended: Ended = command(args).env("TMPDIR", &tmp).output().expect("runs").into();
    assert_eq!(fs::read_dir(&tmp).expect("readable").count(), 0, "nothing is left");
    ended
}

fn convert(scratch: &Scratch, image: &str) -> Vec<u8> {
    let out = scratch.path("out.tar");
    let args: Vec<&str> = ["convert", image, "--out", &out].into_iter().chain(SAMPLE_OPTIONS).collect();
    let ended = run_in(scratch, &args);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    scratch.read("out.tar")
}

#[test]
fn an_archive_compressed_as_a_whole_converts_to_the_same_bytes() {
    let scratch = Scratch::new();
    let archive = sample::archive();
    let plain = convert(&scratch, &scratch.sample());
    for (name, bytes) in [("a", gzip(&archive)), ("b", zstd(&archive)), ("c", xz(&archive))] {
        let image = scratch.write(name, &bytes);
        assert!(convert(&scratch, &image) == plain, "{name}");
        let report = run_in(&scratch, &["inspect", &image, "--json"]);
        let report: Value = serde_json::from_str(report.text()).expect("JSON");
        assert_eq!(report["file"]["size"], archive.len(), "the sizes are of the unpacked archive");
        let findings = report["findings"].as_array().expect("a list");
        let told =
            |finding: &Value| finding["sentence"].as_str().is_some_and(|text| text.contains("as a whole"));
        assert!(findings.iter().any(told), "{name}: it is said");
    }
}

/// The sample as a folder.
fn folder(scratch: &Scratch) -> PathBuf {
    let folder = PathBuf::from(scratch.path("layout"));
    tar::Archive::new(sample::archive().as_slice()).unpack(&folder).expect("writable");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn a_layout_folder_converts_to_the_same_bytes() {
    let scratch = Scratch::new();
    let plain = convert(&scratch, &scratch.sample());
    let folder = folder(&scratch);
    assert!(convert(&scratch, text(&folder)) == plain);
    let inspected = done(["inspect", text(&folder)]);
    assert!(inspected.text().starts_with("layout  "), "{}", inspected.text());
}

#[cfg(unix)]
mod folders {
    use super::*;
    use std::os::unix::fs::symlink;

    /// The failure of inspecting the sample's folder after something was done to it.
    fn refused(change: impl FnOnce(&Path)) -> String {
        let scratch = Scratch::new();
        let folder = folder(&scratch);
        change(&folder);
        let ended = run(["inspect", text(&folder)]);
        assert_eq!(ended.code, 1, "{}", ended.text());
        assert!(
            ended.stderr.contains("  where  ") && ended.stderr.contains("  way out  "),
            "{}",
            ended.stderr
        );
        ended.stderr
    }

    #[test]
    fn links_are_followed_as_long_as_they_stay_inside() {
        let scratch = Scratch::new();
        let plain = convert(&scratch, &scratch.sample());
        let folder = folder(&scratch);
        fs::rename(folder.join("index.json"), folder.join("kept.json")).expect("writable");
        symlink("kept.json", folder.join("index.json")).expect("a link");
        fs::rename(folder.join("blobs"), folder.join("store")).expect("writable");
        symlink("./store", folder.join("blobs")).expect("a link");
        assert!(convert(&scratch, text(&folder)) == plain);
    }

    #[test]
    fn links_that_lead_elsewhere_are_refused() {
        let outside = refused(|folder| symlink("../sample.tar", folder.join("out")).expect("a link"));
        assert!(outside.contains("leads nowhere"), "{outside}");
        let outside = refused(|folder| symlink("..", folder.join("blobs/up")).expect("a link"));
        assert!(outside.contains("in circles"), "{outside}");
        let outside = refused(|folder| symlink("../..", folder.join("blobs/up")).expect("a link"));
        assert!(outside.contains("leads out of the folder"), "{outside}");
        let outside = refused(|folder| symlink("/etc/passwd", folder.join("passwd")).expect("a link"));
        assert!(outside.contains("leads out of the folder") && outside.contains("/etc/passwd"), "{outside}");
        assert!(!outside.contains("root:"), "it was not read");
    }

    #[test]
    fn pipes_are_refused_and_not_waited_for() {
        let pipe = refused(|folder| {
            let made = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status();
            assert!(made.expect("mkfifo is there").success());
        });
        assert!(pipe.contains("a pipe, a socket or a device"), "{pipe}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = Scratch::new();
        let folder = folder(&scratch);
        let file = folder.join("index.json");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).expect("ours");
        if fs::File::open(&file).is_ok() {
            return; // root reads everything
        }
        let ended = run(["inspect", text(&folder)]);
        assert_eq!(ended.code, 1);
        assert!(
            ended.stderr.contains("index.json") && ended.stderr.contains("permissions"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn an_empty_folder_and_one_without_an_image_say_so() {
    let scratch = Scratch::new();
    let folder = scratch.path("empty");
    fs::create_dir(&folder).expect("writable");
    assert!(run(["inspect", &folder]).stderr.contains("The folder is empty."));
    fs::create_dir(Path::new(&folder).join("blobs")).expect("writable");
    fs::write(Path::new(&folder).join("oci-layout"), "{}").expect("writable");
    let ended = run(["inspect", &folder]);
    assert!(ended.stderr.contains("part of an OCI layout"), "{}", ended.stderr);
}

#[test]
fn damage_of_the_outer_compression_is_told_and_leaves_nothing() {
    let scratch = Scratch::new();
    let archive = sample::archive();
    let check = |bytes: &[u8], says: &str| {
        let image = scratch.write("image", bytes);
        for args in [&["inspect", &image][..], &["convert", &image, "--out", &scratch.path("out.tar")]] {
            let ended = run_in(&scratch, args);
            assert_eq!(ended.code, 1);
            assert!(ended.stderr.contains(says), "{}", ended.stderr);
            assert!(ended.stderr.contains("outer compression (") && ended.stderr.contains("way out"));
        }
        assert_eq!(scratch.names(), ["image", "tmp"]);
    };
    for (name, whole) in [("gzip", gzip(&archive)), ("zstd", zstd(&archive)), ("xz", xz(&archive))] {
        check(&whole[..whole.len() / 2], &format!("The {name} data end early"));
        check(&[&whole[..], b"more"].concat(), name);
    }
    let mut wrong = gzip(&archive);
    let crc = wrong.len() - 8;
    wrong[crc] ^= 1;
    check(&wrong, "their checksum is not the one they end with");
}

#[test]
fn what_is_packed_but_no_image_is_not_unpacked_in_vain() {
    let scratch = Scratch::new();
    let image = scratch.write("dump", &gzip("select 1;\n".repeat(1000).as_bytes()));
    let ended = run_in(&scratch, &["inspect", &image]);
    assert!(ended.stderr.contains("found     gzip data around the text \"select 1;"), "{}", ended.stderr);
    let image = scratch.write("twice", &xz(&gzip(&sample::archive())));
    let ended = run_in(&scratch, &["inspect", &image]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("found     xz data around the bytes 1f 8b"), "{}", ended.stderr);
}

#[test]
fn the_folder_for_temporary_files_can_be_chosen() {
    let scratch = Scratch::new();
    let image = scratch.write("image", &gzip(&sample::archive()));
    let nowhere = scratch.path("nowhere");
    let ended = run(["inspect", &image, "--temp-dir", &nowhere]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains(&nowhere) && ended.stderr.contains("--temp-dir"), "{}", ended.stderr);
    let ended: Ended = command(["inspect", &image]).env("TMPDIR", &nowhere).output().expect("runs").into();
    assert_eq!(ended.code, 1);
    let here = scratch.path(".");
    let ended: Ended = command(["inspect", &image, "--temp-dir", &here])
        .env("TMPDIR", &nowhere)
        .output()
        .expect("runs")
        .into();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_unpacking_leaves_nothing() {
    let scratch = Scratch::new();
    let tmp = scratch.path("tmp");
    fs::create_dir(&tmp).expect("writable");
    // The beginning of an image, then 256 MB of zeros that take a while: 128 KiB for every 4 bytes.
    let tar = &sample::archive()[..4096];
    let first = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 0, 0x80, 0][..], tar].concat();
    let run = [2, 0, 0x10, 0];
    let image = scratch.write("image", &[first, run.repeat(2_000)].concat());
    let mut child = command(["inspect", &image])
        .env("TMPDIR", &tmp)
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("runs");
    let unpacks = |id: u32| {
        let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|to| to.starts_with(&tmp))
    };
    while cfg!(target_os = "linux") && !unpacks(child.id()) {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it unpacked anything");
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    child.wait().expect("ends");
    assert_eq!(fs::read_dir(&tmp).expect("readable").count(), 0);
}

/// A layer of one image of the sample, unpacked.
fn layer() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, size) in [("usr/bin/app", 200_000_usize), ("usr/share/doc/app", 3000)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(size as u64);
        header.set_mode(0o644);
        let data: Vec<u8> = (0..size).map(|at| b"abcdefg "[at * 7 % 8]).collect();
        tar.append_data(&mut header, path, data.as_slice()).expect("a short path");
    }
    tar.into_inner().expect("in memory")
}

#[test]
fn one_layer_is_shown_with_its_ztoc_and_not_converted() {
    let scratch = Scratch::new();
    let tar = layer();
    for (name, bytes, indexable) in [
        ("plain", tar.clone(), true),
        ("gzip", gzip(&tar), true),
        ("zstd", zstd(&tar), false),
        ("xz", xz(&tar), true),
    ] {
        let image = scratch.write(name, &bytes);
        let report = run_in(&scratch, &["inspect", &image, "--json"]);
        assert_eq!(report.code, 0, "{name}: {}", report.stderr);
        let report: Value = serde_json::from_str(report.text()).expect("JSON");
        assert_eq!(report["file"]["format"], "layer", "{name}");
        let layer = &report["images"][0]["layers"][0];
        assert_eq!(layer["scan"]["ztoc"].is_object(), indexable, "{name}: {layer}");
        if indexable {
            assert_eq!(layer["scan"]["files"], 2, "{name}");
        }
        let ended = run_in(&scratch, &["convert", &image, "--out", &scratch.path("out.tar")]);
        assert_eq!(ended.code, 1);
        assert!(
            ended.stderr.contains("one layer, not an image") && ended.stderr.contains("`sociscope ztoc"),
            "{}",
            ended.stderr
        );
        assert!(!scratch.names().contains(&"out.tar".to_owned()));
    }
}

#[test]
fn a_ztoc_is_shown() {
    let scratch = Scratch::new();
    let layer = scratch.write("layer.tar.gz", &gzip(&layer()));
    let ztoc = scratch.path("layer.ztoc");
    let digest = done(["ztoc", &layer, "--out", &ztoc, "--span-size", "64KiB"]);
    let shown = done(["inspect", &ztoc]);
    insta::assert_snapshot!(shown.text());
    assert!(shown.text().contains(digest.text().trim_end()));
    let json: Value = serde_json::from_str(done(["inspect", &ztoc, "--json"]).text()).expect("JSON");
    assert_eq!((&json["schema"], &json["entries"]), (&"sociscope.ztoc/1".into(), &2.into()));
    assert_eq!(json["first_entries"][0]["name"], "usr/bin/app");
    let ended = run(["convert", &ztoc, "--out", &scratch.path("out.tar")]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("This is a zTOC, not an image."), "{}", ended.stderr);
}
