//! Layers that were made elsewhere, in place of those in the archive.

use crate::layouts::{GZIP, Layouts, all, convert, index, manifest, on};
use crate::preparing::{archive, named, opened};
use sociscope_image::{Archive, Digest, Extent, LayerCompression};
use sociscope_soci::prepare::{MadeLayer, as_oci, layout_for, with_layers};
use sociscope_soci::{Descriptor, Index, Manifest, media_type};
use std::collections::BTreeMap;

const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// Layers made of those with these names, behind the file.
fn made(archive: &Archive, layers: &[&str]) -> BTreeMap<Extent, MadeLayer> {
    let place = |layer: &&str| {
        let digest = Digest::of(layer.as_bytes());
        let of = archive.images.iter().flat_map(|image| &image.layers);
        of.clone()
            .find(|layer| layer.digest.as_ref() == Some(&digest))
            .and_then(|layer| layer.extent)
            .unwrap()
    };
    (0..)
        .zip(layers)
        .map(|(number, layer)| {
            let extent = Extent { offset: archive.size + 2000 * number, len: 2000 };
            (place(layer), MadeLayer { digest: Digest::of(format!("{layer} made").as_bytes()), extent })
        })
        .collect()
}

fn zstd(layouts: &mut Layouts, name: &str) -> Descriptor {
    let annotations =
        [("io.github.containers.zstd-chunked.manifest-checksum", "sha256:…"), ("com.example.own", "stays")];
    Descriptor {
        media_type: ZSTD.to_owned(),
        annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        urls: vec!["https://example.invalid/layer".to_owned()],
        ..layouts.layer(name, 1000)
    }
}

#[test]
fn digests_follow_from_the_layer_up_to_index_json() {
    let mut layouts = Layouts::default();
    // One blob for two platforms, two lists deep, with an attestation before its image.
    let shared = zstd(&mut layouts, "shared");
    let plain = layouts.layer("plain", 1000);
    let one = on("linux/amd64", layouts.image_of("linux/amd64", vec![shared.clone(), plain.clone()]));
    let other = on("linux/arm64", layouts.image_of("linux/arm64", vec![plain, shared]));
    let mut attestation = on("unknown/unknown", layouts.image_of("unknown/unknown", vec![]));
    attestation.annotations.insert("vnd.docker.reference.digest".to_owned(), other.digest.clone());
    let inner = layouts.list(vec![attestation, one.clone(), other.clone()]);
    let outer = layouts.list(vec![inner]);
    layouts.top(vec![named("app:1", outer)]);
    let before = archive(&layouts);
    let after = with_layers(&before, &made(&before, &["shared"])).unwrap();

    let new = Digest::of(b"shared made");
    let layout = after.layout.as_ref().unwrap();
    let read = |digest: &str| layout.documents[&digest.parse::<Digest>().unwrap()].as_slice();
    let top = Index::parse(&layout.index_json).unwrap();
    assert_eq!(top.manifests()[0].annotations["io.containerd.image.name"], "app:1");
    let outer = Index::parse(read(&top.manifests()[0].digest)).unwrap();
    let inner = Index::parse(read(&outer.manifests()[0].digest)).unwrap();
    let [attestation, amd64, arm64] = inner.manifests() else { panic!("{inner:?}") };
    assert_eq!(attestation.annotations["vnd.docker.reference.digest"], arm64.digest);
    for (entry, place) in [(amd64, 0), (arm64, 1)] {
        let bytes = read(&entry.digest);
        assert_eq!(entry.size, bytes.len() as i64);
        let manifest = Manifest::parse(bytes).unwrap();
        let layer = &manifest.layers()[place];
        assert_eq!(
            (layer.media_type.as_str(), layer.digest.as_str(), layer.size),
            (GZIP, new.as_str(), 2000)
        );
        assert_eq!(layer.annotations.keys().collect::<Vec<_>>(), ["com.example.own"]);
        assert!(layer.urls.is_empty());
        assert_eq!(manifest.layers()[1 - place].digest, Digest::of(b"plain").as_str());
    }
    let images: Vec<String> =
        after.images.iter().filter_map(|image| image.manifest.as_ref().map(Digest::to_string)).collect();
    assert!(images.contains(&amd64.digest) && images.contains(&arm64.digest));
    let layer = &after.images.iter().find(|image| image.platform.architecture == "amd64").unwrap().layers[0];
    assert_eq!(layer.digest, Some(new.clone()));
    assert_eq!(layer.extent, Some(Extent { offset: before.size, len: 2000 }));
    assert_eq!((layer.size, &layer.compression), (2000, &LayerCompression::Gzip));

    let prepared = layout_for(&after, None).unwrap();
    let converted = convert(&prepared.layout, &all()).unwrap();
    assert_eq!(converted.soci_indexes.len(), 2);
    let sources: Vec<(&Digest, Extent)> = converted.plan.sources().collect();
    assert!(sources.contains(&(&new, Extent { offset: before.size, len: 2000 })));
    assert!(sources.iter().all(|(digest, _)| **digest != Digest::of(b"shared")), "the old one is gone");
}

#[test]
fn types_stay_in_their_family() {
    let oci = "application/vnd.oci.image.layer";
    let docker = "application/vnd.docker.image.rootfs";
    for (from, to) in [
        (format!("{oci}.v1.tar"), format!("{oci}.v1.tar+gzip")),
        (format!("{oci}.v1.tar+zstd"), format!("{oci}.v1.tar+gzip")),
        (format!("{oci}.nondistributable.v1.tar+zstd"), format!("{oci}.nondistributable.v1.tar+gzip")),
        (format!("{docker}.diff.tar"), format!("{docker}.diff.tar.gzip")),
        (format!("{docker}.diff.tar.zstd"), format!("{docker}.diff.tar.gzip")),
        (format!("{docker}.foreign.diff.tar"), format!("{docker}.foreign.diff.tar.gzip")),
    ] {
        let mut layouts = Layouts::default();
        let layer = Descriptor { media_type: from.clone(), ..layouts.layer("a", 1000) };
        let image = layouts.image_of("linux/amd64", vec![layer]);
        layouts.top(vec![image]);
        let before = archive(&layouts);
        let after = with_layers(&before, &made(&before, &["a"])).unwrap();
        assert_eq!(after.images[0].layers[0].media_type, to, "{from}");
        let converted = convert(after.layout.as_ref().unwrap(), &all()).unwrap();
        assert_eq!(
            manifest(&converted, &index(&converted).manifests()[0]).layers()[0].media_type,
            to,
            "{from}"
        );
    }
}

#[test]
fn nothing_made_changes_nothing() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a"]);
    let indented =
        format!(" {}", str::from_utf8(&layouts.layout.documents[&image.digest.parse().unwrap()]).unwrap());
    let image = layouts.document(media_type::OCI_MANIFEST, &indented);
    layouts.top(vec![image]);
    let before = archive(&layouts);
    let elsewhere = MadeLayer { digest: Digest::of(b"x"), extent: Extent { offset: 9, len: 9 } };
    let after = with_layers(&before, &[(Extent { offset: 1, len: 1 }, elsewhere)].into()).unwrap();
    assert_eq!(after.layout.as_ref().unwrap().index_json, before.layout.as_ref().unwrap().index_json);
    assert_eq!(after.images[0].manifest, before.images[0].manifest);
}

#[test]
fn a_docker_archive_takes_layers_before_it_has_a_layout() {
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        Digest::of(&[0; 1024])
    );
    let list = r#"[{"Config":"c.json","RepoTags":["app:1"],"Layers":["layer.tar"]}]"#;
    let before = opened(&[
        ("manifest.json", list.as_bytes()),
        ("c.json", config.as_bytes()),
        ("layer.tar", &[0; 1024]),
    ]);
    let stored = before.images[0].layers[0].extent.unwrap();
    let made = MadeLayer { digest: Digest::of(b"made"), extent: Extent { offset: before.size, len: 50 } };
    let made: BTreeMap<_, _> = [(stored, made)].into();
    // In either order the same comes out.
    let adopted = as_oci(&with_layers(&before, &made).unwrap(), &BTreeMap::new()).unwrap();
    assert_eq!(adopted.unread, []);
    let after = with_layers(&as_oci(&before, &BTreeMap::new()).unwrap().archive, &made).unwrap();
    let of = |archive: &Archive| convert(&layout_for(archive, None).unwrap().layout, &all()).unwrap();
    let (one, other) = (of(&adopted.archive), of(&after));
    assert_eq!(one.image_index, other.image_index);
    assert_eq!(one.plan, other.plan);
    let image = manifest(&one, &index(&one).manifests()[0]);
    assert_eq!(image.config.digest, Digest::of(config.as_bytes()).as_str(), "the config stays");
    assert_eq!(image.layers()[0].media_type, GZIP);
}

/// An index of a layer that is gone would be read by nobody, or worse, by somebody.
#[test]
fn an_index_of_a_layer_that_is_gone_goes_too() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let other = on("linux/arm64", layouts.image("linux/arm64", &["b"]));
    let once = convert(layouts.top(vec![image, other]), &all()).unwrap();
    layouts.layout.index_json.clone_from(&once.index_json);
    for (_, bytes) in &once.documents {
        layouts.document("", str::from_utf8(bytes).unwrap());
    }
    for layer in ["a", "b"] {
        layouts.layer(&format!("zTOC of {}", Digest::of(layer.as_bytes())), 100);
    }
    let before = archive(&layouts);
    let after = with_layers(&before, &made(&before, &["a"])).unwrap();
    let layout = after.layout.as_ref().unwrap();
    let top = Index::parse(&layout.index_json).unwrap();
    let list = Index::parse(&layout.documents[&top.manifests()[0].digest.parse().unwrap()]).unwrap();
    let kinds: Vec<(String, bool)> = list
        .manifests()
        .iter()
        .map(|entry| (entry.platform.as_ref().unwrap().to_string(), entry.artifact_type.is_empty()))
        .collect();
    let expected = [("linux/amd64", true), ("linux/arm64", true), ("linux/arm64", false)];
    assert_eq!(kinds, expected.map(|(platform, image)| (platform.to_owned(), image)));
    let image = Manifest::parse(&layout.documents[&list.manifests()[0].digest.parse().unwrap()]).unwrap();
    assert!(image.annotations.is_empty() && list.manifests()[0].annotations.is_empty());
}
