//! How the program ends: exit codes, help, and nothing left behind.

mod program;

use std::{fs, process::Stdio};

use program::{SAMPLE_OPTIONS, Scratch, command, done, run};

#[test]
fn help_is_part_of_the_contract() {
    for verb in ["", "ztoc", "convert", "inspect", "verify", "diff", "task-definition", "sample"] {
        let args = [verb, "--help"].into_iter().filter(|arg| !arg.is_empty());
        let ended = done(args);
        assert_eq!(ended.stderr, "");
        let name = if verb.is_empty() { "help".to_owned() } else { format!("help-{verb}") };
        insta::assert_snapshot!(name, ended.text());
    }
}

#[test]
fn the_version_is_the_engines() {
    assert_eq!(done(["--version"]).text(), format!("sociscope {}\n", sociscope_engine::VERSION));
}

#[test]
fn wrong_usage_is_exit_2() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let table: [&[&str]; 11] = [
        &[],
        &["unknown"],
        &["convert"],
        &["convert", &image],
        &["convert", &image, "--out", "-", "--span-size", "4MB"],
        &["convert", &image, "--out", "-", "--span-size", "-1"],
        &["convert", &image, "--out", "-", "--optimizations", "foo"],
        &["ztoc", &image, "--out", "-", "--compression", "zstd"],
        &["inspect", &image, "--no-such-flag"],
        &["task-definition", &image],
        &["task-definition", &image, "--image-uri", "not a uri"],
    ];
    for args in table {
        let ended = run(args);
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert!(ended.stdout.is_empty() && !ended.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn a_wrong_input_is_exit_1_with_place_and_way_out() {
    let scratch = Scratch::new();
    let text = scratch.write("text", b"not an image");
    let directory = scratch.path("");
    let missing = scratch.path("missing");
    for input in [&text, &directory, &missing] {
        for args in [
            &["convert", input, "--out", "-"][..],
            &["inspect", input],
            &["inspect", input, "--json"],
            &["task-definition", input, "--image-uri", "210987654321.dkr.ecr.eu-west-1.amazonaws.com/app:1"],
            &["ztoc", input, "--out", "-"],
        ] {
            let ended = run(args);
            assert_eq!(ended.code, 1, "{args:?}: {}", ended.stderr);
            assert!(ended.stdout.is_empty(), "{args:?}");
            assert!(ended.stderr.starts_with("sociscope: "), "{args:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("\n  where "), "{args:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("\n  way out "), "{args:?}: {}", ended.stderr);
        }
    }
}

#[test]
fn a_platform_that_is_not_there_is_a_wrong_input() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let args = ["convert", &image, "--out", "-", "-p", "linux/s390x"];
    let ended = run(args.iter().chain(&SAMPLE_OPTIONS));
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("linux/s390x") && ended.stderr.contains("linux/amd64"), "{}", ended.stderr);
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let nowhere = scratch.path("no/such/directory/out.tar");
    let directory = scratch.path("directory");
    fs::create_dir(&directory).expect("a directory");
    for out in [&nowhere, &directory] {
        let ended = run(["convert", &image, "--out", out].iter().chain(&SAMPLE_OPTIONS));
        assert_eq!(ended.code, 1, "{out}");
        assert!(ended.stderr.contains("Cannot write the file"), "{}", ended.stderr);
    }
    assert_eq!(scratch.names(), ["directory", "sample.tar"]);
}

#[test]
fn an_old_output_is_replaced() {
    let scratch = Scratch::new();
    scratch.write("out.tar", &[b'x'; 10_000_000]);
    done(["sample", "--out", &scratch.path("out.tar")]);
    assert!(scratch.read("out.tar") == sociscope_engine::sample::archive());
    assert_eq!(scratch.names(), ["out.tar"]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mut child = command(["sample", "--out", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("ends");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_exit_1() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let ended = command(["sample", "--out", "-"]).stdout(full).output().expect("runs");
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("way out"));
}

/// An image whose second layer is a hole of one GiB in the file: nothing to read or index, but a
/// while to copy.
#[cfg(unix)]
fn slow_to_copy(path: &str) {
    use serde_json::{Value, json};
    use sociscope_engine::image::Digest;
    use std::{io::Write as _, os::unix::fs::FileExt as _};

    const HOLE: u64 = 1 << 30;
    let mut small = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(1);
    small.append_data(&mut header, "file", &b"x"[..]).expect("in memory");
    let small = small.into_inner().expect("in memory");

    let descriptor = |bytes: &[u8], media_type: &str| json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() });
    let text = |value: &Value| value.to_string().into_bytes();
    let config = text(
        &json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } }),
    );
    let hole = format!("sha256:{}", "f".repeat(64));
    let manifest = text(&json!({
        "schemaVersion": 2,
        "config": descriptor(&config, "application/vnd.oci.image.config.v1+json"),
        "layers": [
            descriptor(&small, "application/vnd.oci.image.layer.v1.tar"),
            { "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "digest": hole, "size": HOLE },
        ],
    }));
    let index = text(&json!({
        "schemaVersion": 2,
        "manifests": [descriptor(&manifest, "application/vnd.oci.image.manifest.v1+json")],
    }));

    let mut tar = tar::Builder::new(Vec::new());
    let mut member = |name: &str, bytes: &[u8], size: u64| {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).expect("a short name");
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, bytes).expect("in memory");
    };
    for bytes in [&small, &config, &manifest] {
        member(&format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes, bytes.len() as u64);
    }
    member("index.json", &index, index.len() as u64);
    // The header announces the hole, which the file then has instead of data.
    member(&format!("blobs/sha256/{}", "f".repeat(64)), &[], HOLE);
    let mut bytes = tar.into_inner().expect("in memory");
    bytes.truncate(bytes.len() - 1024);
    let mut file = fs::File::create(path).expect("writable");
    file.write_all(&bytes).expect("writable");
    file.write_all_at(&[0; 1024], bytes.len() as u64 + HOLE).expect("writable");
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let image = scratch.path("in.tar");
    slow_to_copy(&image);
    let out = scratch.path("out.tar");
    let mut child = command(["convert", &image, "--out", &out, "--min-layer-size", "0"])
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    while !scratch.names().iter().any(|name| name.ends_with(".part")) {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it wrote anything");
        std::thread::yield_now();
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(killed.success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert_eq!(scratch.names(), ["in.tar"]);
}
