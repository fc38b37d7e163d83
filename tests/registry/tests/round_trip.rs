//! Real images through every tool into every registry and back.
//!
//! Most tests take the images that travel with the repository. Those called `every_image…` take the
//! full set of `../shared`.

use serde_json::Value;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    shared,
};
use sociscope_registry_tests::{
    Converted, Lazy, Lost, Registry, Repository, Scratch, converted::TAG, registry, tool,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// One platform, four gzip layers, written by skopeo.
const SINGLE: &str = "skopeo-oci-archive";
/// Two platforms, each with an attestation, written by BuildKit.
const MULTI: &str = "buildkit-multi-attest";

/// Images that a tool does not push, and why.
const NOT_PUSHED: [(&str, &str, &str); 11] = [
    // Registries take manifests of up to 4 MiB.
    ("oras", "bad-manifest-10MB", "exceeds push size limit"),
    ("crane", "bad-manifest-10MB", "request body too large"),
    ("oras", "bad-manifest-schema-1", "unrecognized manifest schema version 1"),
    ("crane", "bad-manifest-schema-1", "unrecognized manifest schema version 1"),
    // Tools leave out layers that must not be distributed, and registries want every layer.
    ("oras", "hand-nondistributable-present", "blob unknown to registry"),
    ("crane", "hand-nondistributable-present", "MANIFEST_BLOB_UNKNOWN"),
    ("oras", "hand-nondistributable-absent", "blob unknown to registry"),
    ("crane", "hand-nondistributable-absent", "MANIFEST_BLOB_UNKNOWN"),
    ("oras", "hand-foreign-absent", "blob unknown to registry"),
    ("crane", "hand-foreign-absent", "MANIFEST_BLOB_UNKNOWN"),
    // A `subject` is part of the image for oras, and this one is nowhere.
    ("oras", "hand-manifest-extra-fields", "not found"),
];

/// Images that oras pushes but does not pull back, and why.
const NOT_PULLED: [(&str, &str); 1] =
    // The registry takes and serves the blob, but states the digest by which it stored it.
    [("hand-sha512-layer", "digest mismatch in Docker-Content-Digest")];

/// Converts each image of the set in `dir` that is `wanted` and can be converted, and hands it to
/// `check` with an empty repository in each registry. Returns the names of the images.
fn each_image(
    registries: &[PathBuf],
    dir: &Path,
    wanted: impl Fn(&Fixture) -> bool,
    mut check: impl FnMut(&str, &Converted, &Repository),
) -> Vec<String> {
    let registries: Vec<Registry> = registries.iter().map(|program| Registry::start(program)).collect();
    let mut done = Vec::new();
    for fixture in images::manifest(dir).fixtures.into_iter().filter(wanted) {
        let scratch = Scratch::new();
        let image = scratch.path("image");
        fs::write(&image, images::bytes(dir, &fixture)).expect("writable");
        let converted = Converted::of(&image, &scratch).or_else(|said| {
            // What the reference takes on all platforms must have been taken.
            let taken = ["all", "small"].iter().find_map(|setting| fixture.expected.get(*setting));
            assert!(taken.is_some_and(|outcome| outcome.exit != 0), "{}: {said}", fixture.name);
            Converted::made_gzip(&image, &scratch)
        });
        let Ok(converted) = converted else { continue };
        for registry in &registries {
            check(&fixture.name, &converted, &registry.repository(&fixture.name));
        }
        done.push(fixture.name);
    }
    done
}

/// [`each_image`] of the subset in the repository.
fn each_of_subset(check: impl FnMut(&str, &Converted, &Repository)) {
    let done = each_image(&registry::programs(), &fixtures().join("images"), |_| true, check);
    for name in
        [SINGLE, MULTI, "docker28-build-save", "soci-v2-multi-one-platform", "hand-docker-symlink-layers"]
    {
        assert!(done.iter().any(|known| known == name), "{name} is not among {done:?}");
    }
}

/// [`each_image`] of a single-platform and a multi-platform image.
fn each_of_two(check: impl FnMut(&str, &Converted, &Repository)) {
    let wanted = |fixture: &Fixture| [SINGLE, MULTI].contains(&fixture.name.as_str());
    assert_eq!(each_image(&registry::programs(), &fixtures().join("images"), wanted, check).len(), 2);
}

/// The archive is in the repository, byte for byte, under the digest that was printed, and loads
/// lazily.
fn check_arrived(name: &str, image: &Converted, repository: &Repository) {
    let root = repository.manifest(TAG).unwrap_or_else(|| panic!("{name}: nothing under the tag"));
    assert_eq!(root.digest, image.digest, "{name}");
    assert_eq!(root.media_type, "application/vnd.oci.image.index.v1+json", "{name}");
    assert!(root.bytes == image.blobs[&image.digest], "{name}: another image index");
    for (digest, bytes) in &image.blobs {
        // A registry keeps manifests and blobs apart.
        let is_manifest =
            serde_json::from_slice::<Value>(bytes).is_ok_and(|json| json.get("schemaVersion").is_some());
        let found = match is_manifest {
            true => repository.manifest(digest).map(|manifest| manifest.bytes),
            false => repository.blob(digest),
        };
        assert!(found.as_ref() == Some(bytes), "{name}: {digest} did not arrive");
    }
    follow(name, repository);
}

/// The way from the tag to the zTOCs, which must not be lost.
fn follow(name: &str, repository: &Repository) -> Lazy {
    Lazy::follow(repository, TAG).unwrap_or_else(|lost| panic!("{name}: {lost:?}"))
}

/// `skopeo copy` of the archive.
fn push_with_skopeo(options: &[&str], image: &Converted, repository: &Repository) {
    let from = format!("oci-archive:{}", image.reference());
    tool::skopeo(options, &from, &format!("docker://{repository}:{TAG}"));
}

/// Through oras, both ways.
fn check_oras(name: &str, image: &Converted, repository: &Repository) {
    if !pushed("oras", name, tool::oras(image, repository)) {
        return;
    }
    check_arrived(name, image, repository);
    let scratch = Scratch::new();
    let layout = scratch.path("pulled");
    let pulled = tool::oras_pull(repository, &layout);
    match NOT_PULLED.iter().find(|(known, _)| *known == name) {
        Some((_, why)) => assert!(pulled.is_err_and(|said| said.contains(why)), "{name} can be pulled"),
        None => {
            pulled.unwrap_or_else(|said| panic!("{name}: {said}"));
            assert!(Converted::blobs_of_layout(&layout) == image.blobs, "{name}: pulled back differently");
            tool::verify(&layout).unwrap_or_else(|said| panic!("{name}: {said}"));
        }
    }
}

/// Through crane.
fn check_crane(name: &str, image: &Converted, repository: &Repository) {
    if pushed("crane", name, tool::crane(image, repository)) {
        check_arrived(name, image, repository);
    }
}

/// Whether a push went well. It must, unless it is known that it cannot.
fn pushed(tool: &str, name: &str, outcome: Result<(), String>) -> bool {
    let known = NOT_PUSHED.iter().find(|(by, image, _)| (*by, *image) == (tool, name));
    match (outcome, known) {
        (Ok(()), None) => true,
        (Err(said), Some((_, _, why))) if said.contains(why) => false,
        (outcome, _) => panic!("{name} by {tool}: {outcome:?}"),
    }
}

#[test]
#[ignore = "needs a registry: cargo xtask registry"]
fn oras_keeps_every_byte_both_ways() {
    each_of_subset(check_oras);
}

#[test]
#[ignore = "needs a registry: cargo xtask registry"]
fn crane_keeps_every_byte() {
    each_of_subset(check_crane);
}

#[test]
#[ignore = "needs a registry and ../shared: cargo xtask registry --full"]
fn every_image_goes_there_and_back_with_oras() {
    every_image("oras", check_oras);
}

#[test]
#[ignore = "needs a registry and ../shared: cargo xtask registry --full"]
fn every_image_arrives_with_crane() {
    every_image("crane", check_crane);
}

fn every_image(tool: &str, check: fn(&str, &Converted, &Repository)) {
    // One registry: the words of its refusals are those in the table.
    let registry = &registry::programs()[..1];
    let done = each_image(registry, &shared().join("golden-images"), |_| true, check);
    let known = NOT_PUSHED.iter().filter(|(by, ..)| *by == tool);
    for (_, image, _) in known.clone() {
        assert!(done.iter().any(|name| name == image), "{image} is not among {done:?}");
    }
    println!(
        "{tool}: {} images arrived, {} cannot be pushed",
        done.len() - known.clone().count(),
        known.count()
    );
    assert!(done.len() >= 112, "only {done:?}");
}

/// Old versions forget `artifactType` in the image index, so that the image has another digest than
/// the one that was printed. The annotation, which is what counts, is in the manifest, and stays.
#[test]
#[ignore = "needs a registry and skopeo: cargo xtask registry"]
fn skopeo_with_all_keeps_the_way_to_the_ztocs() {
    let forgets = tool::skopeo_version() < (1, 16);
    each_of_two(|name, image, repository| {
        tool::oras(image, repository).expect(name);
        let lazy = follow(name, repository);
        push_with_skopeo(&["--all"], image, repository);
        let root = repository.manifest(TAG).expect("the tag is there");
        assert_eq!(root.digest != image.digest, forgets, "{name}: skopeo has changed its ways");
        let types = |index: &[u8]| String::from_utf8_lossy(index).matches("artifactType").count();
        assert!(types(&image.blobs[&image.digest]) > 0, "{name}");
        assert_eq!(types(&root.bytes) == 0, forgets, "{name}: skopeo has changed its ways");
        assert_eq!(follow(name, repository), lazy, "{name}");
    });
}

/// One platform's manifest alone: it names a SOCI index that stayed behind.
#[test]
#[ignore = "needs a registry and skopeo: cargo xtask registry"]
fn skopeo_without_all_loses_the_soci_index() {
    each_of_two(|name, image, repository| {
        push_with_skopeo(&["--override-os=linux", "--override-arch=amd64"], image, repository);
        let lost = Lazy::follow(repository, TAG).expect_err(name);
        let Lost::NoIndex(digest) = lost else { panic!("{name}: {lost:?}") };
        assert!(image.blobs.contains_key(&digest), "{name}: it was in the archive");
    });
}

/// What loading an image into a local store and pushing it from there does: the layers are unpacked
/// and compressed again, and the manifest is written anew.
#[test]
#[ignore = "needs a registry and skopeo: cargo xtask registry"]
fn through_a_docker_archive_everything_is_lost() {
    each_of_two(|name, image, repository| {
        let scratch = Scratch::new();
        let archive = format!("docker-archive:{}", scratch.path("docker.tar").display());
        let from = format!("oci-archive:{}", image.reference());
        tool::skopeo(&["--override-os=linux", "--override-arch=amd64"], &from, &archive);
        tool::skopeo(
            &["--override-os=linux", "--override-arch=amd64"],
            &archive,
            &format!("docker://{repository}:{TAG}"),
        );
        assert_eq!(Lazy::follow(repository, TAG), Err(Lost::NoAnnotation), "{name}");
        let manifest = repository.manifest(TAG).expect("the tag is there").json();
        let layers = manifest["layers"].as_array().expect("layers");
        let same = |layer: &Value| image.blobs.contains_key(layer["digest"].as_str().expect("a digest"));
        // Skopeo's own layers come out of its compressor as they were. All others do not.
        assert_eq!(layers.iter().any(same), name == SINGLE, "{name}");
    });
}

/// Version 1 leaves the image alone. Its index, pushed afterwards without a tag, is found from there.
#[test]
#[ignore = "needs a registry: cargo xtask registry"]
fn a_version_1_index_is_found_from_the_image_as_it_was() {
    let dir = fixtures().join("images");
    let fixture = images::manifest(&dir).fixtures.into_iter().find(|fixture| fixture.name == SINGLE);
    let scratch = Scratch::new();
    let image = scratch.path("image.tar");
    fs::write(&image, images::bytes(&dir, &fixture.expect("the fixture"))).expect("writable");
    let index = Converted::index_v1(&image, &scratch).unwrap_or_else(|said| panic!("{said}"));
    for program in registry::programs() {
        let registry = Registry::start(&program);
        let repository = registry.repository(SINGLE);
        let name = image_name(&image);
        tool::oras_copy(&format!("{}@{name}", image.display()), &format!("{repository}:{TAG}"))
            .expect("pushed");
        assert_eq!(Lazy::follow_referrers(&repository, TAG), Err(Lost::NoReferrers));

        let from = format!("{}@{}", index.archive.display(), index.digest);
        tool::oras_copy(&from, &repository.to_string()).expect("pushed");
        let lazy = Lazy::follow_referrers(&repository, TAG).expect("found");
        assert!(lazy.indexes.iter().eq([&index.digest]));
        assert_eq!(lazy.layers.len(), 4);
        assert_eq!(repository.manifest(TAG).map(|manifest| manifest.digest), Some(name), "the same image");
    }
}

/// The digest of the only image in an archive.
fn image_name(archive: &Path) -> String {
    let mut members = tar::Archive::new(fs::File::open(archive).expect("readable"));
    let mut members = members.entries().expect("a tar").map(|member| member.expect("a tar"));
    let index = members.find(|member| member.path().is_ok_and(|path| path.ends_with("index.json")));
    let index: Value = serde_json::from_reader(index.expect("index.json")).expect("JSON");
    index["manifests"][0]["digest"].as_str().expect("a digest").to_owned()
}
