//! What `sociscope convert` does that the reference does not: tags, annotations, docker-archives,
//! layers made anew, folders, indexes alone.

mod program;

use program::{SAMPLE_OPTIONS, Scratch, done, fixtures, run, sha256, unpacked};
use serde_json::Value;
use std::{fs, path::Path};

const SMALL: [&str; 4] = ["--span-size", "65536", "--min-layer-size", "0"];

fn image(scratch: &Scratch, name: &str) -> String {
    scratch.write("in.tar", &unpacked(&fixtures(&format!("images/{name}.tar.xz"))))
}

/// Converts to a folder, whose files are easier to look into than a tar's.
fn to_folder(scratch: &Scratch, image: &str, flags: &[&str]) -> (String, std::path::PathBuf) {
    let out = scratch.path("out");
    let _ = fs::remove_dir_all(&out);
    let args = ["convert", image, "--out", &out, "--format", "oci-dir"];
    let ended = done(args.iter().chain(&SMALL).chain(flags));
    (ended.text().trim_end().to_owned(), out.into())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a document")).expect("JSON")
}

fn blob(folder: &Path, digest: &Value) -> std::path::PathBuf {
    let digest = digest.as_str().expect("a digest");
    folder.join("blobs").join(digest.replace(':', "/"))
}

#[test]
fn a_folder_has_the_files_of_the_archive() {
    let scratch = Scratch::new();
    let image = image(&scratch, "skopeo-oci-archive");
    let (digest, folder) = to_folder(&scratch, &image, &[]);
    let out = scratch.path("out.tar");
    let ended = done(["convert", &image, "--out", &out].iter().chain(&SMALL));
    assert_eq!(ended.text().trim_end(), digest);
    let archive = scratch.read("out.tar");
    let mut files = 0;
    for member in tar::Archive::new(&archive[..]).entries().expect("a tar") {
        let mut member = member.expect("a member");
        let path = member.path().expect("a path").into_owned();
        if member.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut member, &mut bytes).expect("its bytes");
            assert!(fs::read(folder.join(&path)).is_ok_and(|found| found == bytes), "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 6, "{files} files");
    // A folder with something in it is never touched.
    let ended =
        run(["convert", &image, "--out", &scratch.path("out"), "--format", "oci-dir"].iter().chain(&SMALL));
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("not empty"), "{}", ended.stderr);
    // And a folder that was written can be read again.
    let folder = folder.to_str().expect("a plain path");
    let again = done(["convert", folder, "--out", &scratch.path("again.tar")].iter().chain(&SMALL));
    assert_eq!(again.text().trim_end(), digest);
}

#[test]
fn a_tag_is_written_into_index_json_and_changes_no_digest() {
    let scratch = Scratch::new();
    let image = image(&scratch, "skopeo-oci-archive");
    let (plain, folder) = to_folder(&scratch, &image, &[]);
    assert_eq!(json(&folder.join("index.json"))["manifests"][0]["annotations"], Value::Null);
    let (tagged, folder) = to_folder(&scratch, &image, &["--tag", "1.0-soci"]);
    assert_eq!(plain, tagged);
    let annotations = &json(&folder.join("index.json"))["manifests"][0]["annotations"];
    assert_eq!(annotations["org.opencontainers.image.ref.name"], "1.0-soci");
    let ended =
        run(["convert", &image, "--out", &scratch.path("x"), "--tag", "no spaces"].iter().chain(&SMALL));
    assert_ne!(ended.code, 0);
    assert!(ended.stderr.contains("no spaces"), "{}", ended.stderr);
}

#[test]
fn attestations_keep_their_link_on_request_and_it_follows_the_digest() {
    let scratch = Scratch::new();
    let image = image(&scratch, "buildkit-multi-attest");
    let link = |folder: &Path| -> Vec<(Value, Value)> {
        let index = json(&blob(folder, &json(&folder.join("index.json"))["manifests"][0]["digest"]));
        let entries = index["manifests"].as_array().expect("a list").clone();
        let linked = entries.iter().filter_map(|entry| {
            let to = entry["annotations"].get("vnd.docker.reference.digest")?.clone();
            Some((to, entries.iter().map(|entry| entry["digest"].clone()).collect()))
        });
        linked.collect()
    };
    let (_, folder) = to_folder(&scratch, &image, &[]);
    assert!(link(&folder).is_empty());
    let (_, folder) = to_folder(&scratch, &image, &["--keep-annotations"]);
    let links = link(&folder);
    assert_eq!(links.len(), 2);
    for (to, digests) in links {
        assert!(digests.as_array().expect("digests").contains(&to), "{to} is not in the index");
    }
}

#[test]
fn a_docker_archive_is_converted_and_its_layers_can_be_made_gzip() {
    let scratch = Scratch::new();
    let image = image(&scratch, "hand-docker-symlink-layers");
    let layers = |folder: &Path| -> Vec<(String, i64)> {
        let index = json(&blob(folder, &json(&folder.join("index.json"))["manifests"][0]["digest"]));
        let manifest = json(&blob(folder, &index["manifests"][0]["digest"]));
        let list = manifest["layers"].as_array().expect("layers").clone();
        let layer = |layer: &Value| {
            let kind = layer["mediaType"].as_str().expect("a type").to_owned();
            let size = fs::metadata(blob(folder, &layer["digest"])).expect("the blob").len();
            assert_eq!(Some(size), layer["size"].as_u64());
            (kind, layer["size"].as_i64().expect("a size"))
        };
        list.iter().map(layer).collect()
    };
    let (_, folder) = to_folder(&scratch, &image, &[]);
    let plain = layers(&folder);
    assert!(plain.iter().all(|(kind, _)| kind.ends_with(".tar")), "{plain:?}");
    let (digest, folder) = to_folder(&scratch, &image, &["--recompress", "all", "--verify", "full"]);
    let gzip = layers(&folder);
    assert!(gzip.iter().all(|(kind, _)| kind.ends_with(".tar+gzip")), "{gzip:?}");
    assert!(gzip.iter().zip(&plain).all(|((_, made), (_, stored))| made < stored));
    // The same bytes every time; other ones at another level.
    assert_eq!(to_folder(&scratch, &image, &["--recompress", "all"]).0, digest);
    assert_ne!(to_folder(&scratch, &image, &["--recompress", "all", "--level", "1"]).0, digest);
}

#[test]
fn several_images_are_named_and_one_is_chosen() {
    let scratch = Scratch::new();
    let image = image(&scratch, "hand-two-tags-same-platform");
    let out = scratch.path("out.tar");
    let convert = |flags: &[&str]| run(["convert", &image, "--out", &out].iter().chain(&SMALL).chain(flags));
    let ended = convert(&[]);
    assert_eq!(ended.code, 1);
    for name in ["fixture.invalid/x:one", "fixture.invalid/x:two", "--image"] {
        assert!(ended.stderr.contains(name), "{name} is not in {}", ended.stderr);
    }
    let mut digests = Vec::new();
    for choice in ["1", "fixture.invalid/x:one", "one", "2", "two"] {
        let ended = convert(&["--image", choice]);
        assert_eq!(ended.code, 0, "{choice}: {}", ended.stderr);
        digests.push(ended.text().to_owned());
    }
    assert!(digests[0] == digests[1] && digests[1] == digests[2] && digests[3] == digests[4]);
    assert_ne!(digests[0], digests[3]);
    assert_eq!(convert(&["--image", "three"]).code, 1);
}

#[test]
fn files_to_prefetch_become_artefacts_and_unknown_ones_a_warning() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let list = scratch.write("list.json", br#"["no/such/file"]"#);
    let out = scratch.path("out");
    let name = a_file_of_the_sample();
    let flags = ["--format", "oci-dir", "--prefetch-file", &name, "--prefetch-files-json", &list];
    let ended = done(["convert", &image, "--out", &out].iter().chain(&SAMPLE_OPTIONS).chain(&flags));
    assert!(ended.stderr.contains("no/such/file"), "{}", ended.stderr);
    let folder = Path::new(&out);
    let index = json(&blob(folder, &json(&folder.join("index.json"))["manifests"][0]["digest"]));
    let soci = index["manifests"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|entry| entry["artifactType"] == "application/vnd.amazon.soci.index.v2+json");
    let soci = json(&blob(folder, &soci.expect("a SOCI index")["digest"]));
    let artefacts = soci["layers"].as_array().expect("a list").iter();
    let prefetch =
        artefacts.filter(|layer| layer["mediaType"] == "application/vnd.amazon.soci.prefetch.v1+json");
    assert_eq!(prefetch.count(), 1);
}

/// A path in a layer of the sample that gets an index.
fn a_file_of_the_sample() -> String {
    let scratch = Scratch::new();
    let ztoc = scratch.path("layer.ztoc");
    let sample = sociscope_engine::sample::archive();
    let archive =
        sociscope_engine::job::run(sociscope_engine::OpenJob::new(sample.len() as u64), |at, len| {
            Ok::<_, sociscope_engine::Error>(sample[at as usize..(at + len) as usize].to_vec())
        });
    let archive = archive.expect("the sample opens");
    let layer =
        archive.images[0].layers.iter().filter_map(|layer| layer.extent).max_by_key(|extent| extent.len);
    let layer = layer.expect("a layer");
    let bytes = &sample[layer.offset as usize..layer.end() as usize];
    done(["ztoc", &scratch.write("layer", bytes), "--out", &ztoc]);
    let bytes = scratch.read("layer.ztoc");
    let read = sociscope_engine::ztoc::Ztoc::parse(&bytes).expect("a zTOC");
    let file = read.entries().find(|entry| entry.kind == sociscope_engine::ztoc::EntryKind::Regular);
    String::from_utf8(file.expect("a file").name.to_vec()).expect("a plain name")
}

#[test]
fn indexes_alone_are_small_and_say_what_they_belong_to() {
    let scratch = Scratch::new();
    let image = image(&scratch, "skopeo-oci-archive");
    let whole = to_folder(&scratch, &image, &[]).1;
    let converted = json(&blob(&whole, &json(&whole.join("index.json"))["manifests"][0]["digest"]));
    let index = |name: &str, flags: &[&str]| {
        let out = scratch.path(name);
        let args = ["index", &image, "--out", &out, "--format", "oci-dir"];
        let ended = done(args.iter().chain(&SMALL).chain(flags));
        (ended.text().trim_end().to_owned(), std::path::PathBuf::from(out))
    };
    let (digest, folder) = index("v2", &[]);
    assert_eq!(converted["manifests"][1]["digest"], digest);
    let listed = &json(&folder.join("index.json"))["manifests"][0];
    assert_eq!(listed["digest"], digest);
    assert_eq!(
        listed["annotations"]["com.amazon.soci.image-manifest-digest"],
        converted["manifests"][0]["digest"]
    );
    let (digest, folder) = index("v1", &["--v1"]);
    let manifest = fs::read(blob(&folder, &Value::from(digest.clone()))).expect("the index");
    assert_eq!(format!("sha256:{}", sha256(&manifest)), digest);
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.amazon.soci.index.v1+json");
    assert!(manifest["subject"]["digest"].is_string());
}
