//! What people have, and what is converted of it.

use crate::layouts::{Layouts, all, convert, index, listed, manifest, on};
use sociscope_image::{Archive, Digest, Extent, Format, LayerCompression, Limits, Open, Want};
use sociscope_soci::prepare::{as_oci, layout_for, layout_for_platforms, subjects};
use sociscope_soci::{
    ConvertOptions, Descriptor, Error, Index, Manifest, PlatformChoice, Selection, media_type, soci_index,
};
use std::collections::BTreeMap;

const NAME: &str = "io.containerd.image.name";

/// Opens a tar with these members.
pub fn opened(members: &[(&str, &[u8])]) -> Archive {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    let file = tar.into_inner().unwrap();
    let mut open = Open::new(file.len() as u64, Limits::default());
    while let Want::Read { offset, len } = open.want() {
        open.supply(&file[usize::try_from(offset).unwrap()..][..usize::try_from(len).unwrap()]).unwrap();
    }
    open.finish().unwrap()
}

/// Opens a layout as an archive. Layers are zeros; nobody reads them.
pub fn archive(layouts: &Layouts) -> Archive {
    let layout = &layouts.layout;
    let blobs: Vec<(String, Vec<u8>)> = layout
        .blobs
        .iter()
        .map(|(digest, extent)| {
            let zeros = || vec![0; usize::try_from(extent.len).unwrap()];
            (digest.blob_path(), layout.documents.get(digest).cloned().unwrap_or_else(zeros))
        })
        .collect();
    let mut members: Vec<(&str, &[u8])> =
        blobs.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    members.push(("index.json", &layout.index_json));
    opened(&members)
}

pub fn named(name: &str, mut descriptor: Descriptor) -> Descriptor {
    descriptor.annotations.insert(NAME.to_owned(), name.to_owned());
    descriptor
}

/// An index, version 1, beside an image.
fn legacy(layouts: &mut Layouts) -> Descriptor {
    let config = layouts.document(media_type::SOCI_INDEX_V1, "{}");
    let manifest = Manifest { config, layers: Some(vec![]), ..Manifest::default() };
    layouts.document(media_type::OCI_MANIFEST, str::from_utf8(&manifest.to_json()).unwrap())
}

fn attestation(layouts: &mut Layouts, of: &Descriptor) -> Descriptor {
    let config = layouts.document(media_type::OCI_CONFIG, "{\"attests\": true}");
    let manifest = Manifest { config, layers: Some(vec![]), ..Manifest::default() };
    let mut entry = layouts.document(media_type::OCI_MANIFEST, str::from_utf8(&manifest.to_json()).unwrap());
    entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), of.digest.clone());
    entry
}

/// Names and platforms of the subjects.
fn described(archive: &Archive) -> Vec<String> {
    subjects(archive)
        .iter()
        .map(|subject| {
            let platforms: Vec<String> =
                subject.images.iter().map(|&image| archive.images[image].platform.to_string()).collect();
            format!("{} for {}", subject.names.join("+"), platforms.join("+"))
        })
        .collect()
}

/// One way of listing images in `index.json`, and what is made of it.
fn check(
    list: impl Fn(&mut Layouts) -> Vec<Descriptor>,
    expected_subjects: &[&str],
    expected: Result<&[&str], &str>,
) {
    let mut layouts = Layouts::default();
    let top = list(&mut layouts);
    layouts.top(top);
    let archive = archive(&layouts);
    assert_eq!(described(&archive), expected_subjects);
    let prepared = layout_for(&archive, None);
    match (prepared, expected) {
        (Ok(prepared), Ok(ids)) => {
            let found: Vec<_> = prepared.notes.iter().map(|note| note.id).collect();
            assert_eq!(found, ids);
            assert_eq!(prepared.reference, ids.is_empty());
            if prepared.reference {
                assert_eq!(prepared.layout.index_json, layouts.layout.index_json);
            }
            // Everything can be indexed, and all images are in it.
            let converted = convert(&prepared.layout, &all()).unwrap();
            assert!(!converted.soci_indexes.is_empty());
        }
        (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
        (Ok(prepared), Err(text)) => panic!("{:?} instead of {text}", prepared.notes),
        (Err(error), Ok(_)) => panic!("{error}"),
    }
}

#[test]
fn one_image_is_one_subject_and_stays_as_it_is() {
    check(
        |layouts| vec![named("app:1", layouts.image("linux/amd64", &["a"]))],
        &["app:1 for linux/amd64"],
        Ok(&[]),
    );
    check(
        |layouts| {
            let images = vec![
                on("linux/amd64", layouts.image("linux/amd64", &["a"])),
                on("linux/arm64", layouts.image("linux/arm64", &["b"])),
            ];
            vec![named("app:1", layouts.list(images))]
        },
        &["app:1 for linux/amd64+linux/arm64"],
        Ok(&[]),
    );
    check(
        |layouts| {
            vec![
                on("linux/amd64", layouts.image("linux/amd64", &["a"])),
                on("linux/arm64", layouts.image("linux/arm64", &["b"])),
            ]
        },
        &[" for linux/amd64+linux/arm64"],
        Ok(&[]),
    );
}

#[test]
fn tags_of_one_image_are_one_subject() {
    check(
        |layouts| {
            let image = layouts.image("linux/amd64", &["a"]);
            vec![named("app:1", image.clone()), named("app:latest", image)]
        },
        &["app:1+app:latest for linux/amd64"],
        Ok(&["tags-merged"]),
    );
    check(
        |layouts| {
            let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
            let list = layouts.list(vec![image]);
            vec![named("app:1", list.clone()), named("app:latest", list)]
        },
        &["app:1+app:latest for linux/amd64"],
        Ok(&["tags-merged"]),
    );
}

#[test]
fn several_images_must_be_chosen_from() {
    let two = |layouts: &mut Layouts| {
        vec![
            named("app:1", layouts.image("linux/amd64", &["a"])),
            named("app:2", layouts.image("linux/amd64", &["b"])),
        ]
    };
    check(
        two,
        &["app:1 for linux/amd64", "app:2 for linux/amd64"],
        Err("the archive holds 2 images: app:1, app:2"),
    );
    let mut layouts = Layouts::default();
    let top = two(&mut layouts);
    layouts.top(top);
    let archive = archive(&layouts);
    for (subject, layer) in [(0, "a"), (1, "b")] {
        let prepared = layout_for(&archive, Some(subject)).unwrap();
        assert_eq!(prepared.notes[0].id, "image-chosen");
        let converted = convert(&prepared.layout, &all()).unwrap();
        let list = index(&converted);
        assert_eq!(list.manifests().len(), 2, "an image and its index");
        let image = manifest(&converted, &list.manifests()[0]);
        assert_eq!(image.layers()[0].digest, Digest::of(layer.as_bytes()).as_str());
    }
    let error = layout_for(&archive, Some(2)).unwrap_err();
    assert_eq!(error, Error::NoSuchImage { number: 3, images: 2 });
}

/// Two images for one platform that both say so: the reference indexes the first, and so do we
/// unless told otherwise.
#[test]
fn what_the_reference_takes_for_one_image_can_still_be_chosen_from() {
    check(
        |layouts| {
            vec![
                named("app:1", on("linux/amd64", layouts.image("linux/amd64", &["a"]))),
                named("app:2", on("linux/amd64", layouts.image("linux/amd64", &["b"]))),
            ]
        },
        &["app:1 for linux/amd64", "app:2 for linux/amd64"],
        Ok(&[]),
    );
}

#[test]
fn platforms_come_from_the_configs() {
    let images = |layouts: &mut Layouts| {
        vec![layouts.image("linux/amd64", &["a"]), layouts.image("linux/arm64", &["b"])]
    };
    check(images, &[" for linux/amd64+linux/arm64"], Ok(&["platform-filled"]));
    check(
        |layouts| {
            let images = images(layouts);
            vec![named("app:1", layouts.list(images))]
        },
        &["app:1 for linux/amd64+linux/arm64"],
        Ok(&["platform-filled"]),
    );
    // Called differently, they are different images.
    check(
        |layouts| {
            let [one, other] = images(layouts).try_into().unwrap();
            vec![named("app:1", one), named("app:2", other)]
        },
        &["app:1 for linux/amd64", "app:2 for linux/arm64"],
        Err("2 images"),
    );
}

#[test]
fn builds_of_windows_are_platforms_of_one_image() {
    check(
        |layouts| {
            let build = |version: &str, mut image: Descriptor| {
                image.platform = Some(format!("windows({version})/amd64").parse().unwrap());
                image
            };
            vec![
                build("10.0.20348.1", layouts.image("windows/amd64", &["a"])),
                build("10.0.26100.1", layouts.image("windows/amd64", &["b"])),
            ]
        },
        &[" for windows/amd64+windows/amd64"],
        Ok(&[]),
    );
}

#[test]
fn lists_in_lists_become_one() {
    check(
        |layouts| {
            let one = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
            let other = on("linux/arm64", layouts.image("linux/arm64", &["b"]));
            let other = layouts.list(vec![other]);
            let list = layouts.list(vec![one, other]);
            vec![layouts.list(vec![list])]
        },
        &[" for linux/amd64+linux/arm64"],
        Ok(&["lists-flattened"]),
    );
}

#[test]
fn what_is_no_image_is_left_out() {
    check(
        |layouts| {
            let image = named("app:1", layouts.image("linux/amd64", &["a"]));
            vec![image, legacy(layouts)]
        },
        &["app:1 for linux/amd64"],
        Ok(&["soci-v1-left-out"]),
    );
    check(
        |layouts| {
            let list = vec![on("linux/amd64", layouts.image("linux/amd64", &["a"]))];
            let repeated = list[0].clone();
            vec![named("app:1", layouts.list(list)), repeated]
        },
        &["app:1 for linux/amd64"],
        Ok(&["entry-left-out"]),
    );
}

#[test]
fn what_belongs_to_an_image_goes_with_it() {
    let mut layouts = Layouts::default();
    let one = layouts.image("linux/amd64", &["a"]);
    let other = layouts.image("linux/amd64", &["b"]);
    let of_one = attestation(&mut layouts, &one);
    layouts.top(vec![named("app:1", one), named("app:2", other), of_one]);
    let archive = archive(&layouts);
    assert_eq!(described(&archive), ["app:1 for linux/amd64", "app:2 for linux/amd64"]);
    for (subject, expected) in [(0, 3), (1, 2)] {
        let prepared = layout_for(&archive, Some(subject)).unwrap();
        let converted =
            convert(&prepared.layout, &ConvertOptions { keep_annotations: true, ..all() }).unwrap();
        let list = index(&converted);
        assert_eq!(list.manifests().len(), expected);
        if subject == 0 {
            let image = &list.manifests()[0];
            let attestation = &list.manifests()[1];
            assert_eq!(attestation.annotations["vnd.docker.reference.digest"], image.digest);
        }
    }
}

#[test]
fn wrong_types_and_sizes_are_put_right_where_the_meaning_is_plain() {
    for wrong in ["", "application/vnd.example.thing"] {
        check(
            |layouts| {
                vec![Descriptor { media_type: wrong.to_owned(), ..layouts.image("linux/amd64", &["a"]) }]
            },
            &[" for linux/amd64"],
            Ok(&["type-corrected"]),
        );
    }
    check(
        |layouts| {
            let other = on("linux/arm64", layouts.image("linux/arm64", &["b"]));
            let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
            let image = Descriptor { media_type: media_type::OCI_INDEX.to_owned(), ..image };
            vec![layouts.list(vec![other, image])]
        },
        &[" for linux/arm64"],
        Ok(&["type-corrected"]),
    );
    check(
        |layouts| {
            let image = layouts.image("linux/amd64", &["a"]);
            let text = layouts.layout.documents[&image.digest.parse().unwrap()].clone();
            let belied =
                Manifest { media_type: media_type::OCI_INDEX.to_owned(), ..Manifest::parse(&text).unwrap() };
            vec![layouts.document(media_type::OCI_MANIFEST, str::from_utf8(&belied.to_json()).unwrap())]
        },
        &[" for linux/amd64"],
        Ok(&["type-corrected"]),
    );
    check(
        |layouts| vec![Descriptor { size: 5, ..layouts.image("linux/amd64", &["a"]) }],
        &[" for linux/amd64"],
        Ok(&["size-corrected"]),
    );
    check(
        |layouts| {
            let image = layouts.image("linux/amd64", &["a"]);
            let text = layouts.layout.documents[&image.digest.parse().unwrap()].clone();
            let both = String::from_utf8(text).unwrap().replacen('{', "{\"manifests\":[{}],", 1);
            vec![layouts.document(media_type::OCI_MANIFEST, &both)]
        },
        &[" for linux/amd64"],
        Err("is listed as an image manifest, but it is an image index"),
    );
}

#[test]
fn a_choice_of_platforms_decides_what_the_reference_takes() {
    let mut layouts = Layouts::default();
    let stated = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let unstated = layouts.image("linux/arm64", &["b"]);
    layouts.top(vec![stated, unstated]);
    let archive = archive(&layouts);
    let listed = |platform: &str| PlatformChoice::Listed(vec![platform.to_owned()]);
    for (choice, reference) in [
        (PlatformChoice::All, false),
        (listed("linux/amd64"), true),
        (listed("linux/arm64"), false),
        (PlatformChoice::Listed(vec![]), true),
    ] {
        let prepared = layout_for_platforms(&archive, None, &choice).unwrap();
        assert_eq!(prepared.reference, reference, "{choice:?}");
        convert(&prepared.layout, &ConvertOptions { platforms: choice, ..all() }).unwrap();
    }
}

/// skopeo 1.9 drops the artifact type when it copies all images of a list.
#[test]
fn indexes_that_lost_their_type_are_replaced() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let once = convert(layouts.top(vec![image]), &all()).unwrap();
    let mut list = index(&once);
    for (_, bytes) in &once.documents {
        layouts.document("", str::from_utf8(bytes).unwrap());
    }
    for entry in list.manifests.iter_mut().flatten() {
        entry.artifact_type.clear();
    }
    let ztoc = Digest::of(format!("zTOC of {}", Digest::of(b"a")).as_bytes());
    layouts.layout.blobs.insert(ztoc, Extent { offset: 0, len: 100 });
    let list = layouts.list(list.manifests.unwrap());
    layouts.top(vec![list]);
    let archive = archive(&layouts);
    assert_eq!(described(&archive), [" for linux/amd64"]);
    let prepared = layout_for(&archive, None).unwrap();
    assert_eq!(prepared.notes[0].id, "soci-type-restored");
    assert!(!prepared.reference);
    let twice = convert(&prepared.layout, &all()).unwrap();
    assert_eq!(twice.image_index, once.image_index);
}

#[test]
fn annotations_survive_on_request() {
    let mut layouts = Layouts::default();
    let mut image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    image.annotations.insert("own".to_owned(), "1".to_owned());
    image.annotations.insert(soci_index::INDEX_DIGEST.to_owned(), "of an earlier index".to_owned());
    let mut attestation = on("unknown/unknown", attestation(&mut layouts, &image));
    attestation.annotations.insert("own".to_owned(), "2".to_owned());
    let list = Index {
        manifests: Some(vec![image, attestation]),
        annotations: [("list".to_owned(), "3".to_owned())].into(),
        ..Index::default()
    };
    let list = layouts.document(media_type::OCI_INDEX, str::from_utf8(&list.to_json()).unwrap());
    let layout = layouts.top(vec![named("app:1", list)]);

    let lost = convert(layout, &all()).unwrap();
    assert!(index(&lost).manifests()[1].annotations.is_empty());
    let kept = convert(layout, &ConvertOptions { keep_annotations: true, ..all() }).unwrap();
    let list = index(&kept);
    let [image, attestation, soci] = list.manifests() else { panic!("{list:?}") };
    assert_eq!(image.annotations["own"], "1");
    assert_eq!(image.annotations[soci_index::INDEX_DIGEST], soci.digest);
    assert_eq!(attestation.annotations["own"], "2");
    assert_eq!(attestation.annotations["vnd.docker.reference.digest"], image.digest);
    assert_eq!(list.annotations["list"], "3");
    let top = Index::parse(&kept.index_json).unwrap();
    assert_eq!(top.manifests()[0].annotations[NAME], "app:1");
}

/// A list of which only one image is there is forgotten by the reference, and what it says with it.
#[test]
fn annotations_of_a_forgotten_list_survive_on_request() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let absent = Descriptor { digest: Digest::of(b"absent").to_string(), ..image.clone() };
    let list = Index {
        manifests: Some(vec![image, absent]),
        annotations: [("list".to_owned(), "3".to_owned())].into(),
        ..Index::default()
    };
    let list = layouts.document(media_type::OCI_INDEX, str::from_utf8(&list.to_json()).unwrap());
    let layout = layouts.top(vec![named("app:1", list)]);
    for (keep_annotations, expected) in [(false, None), (true, Some("3"))] {
        let converted = convert(layout, &ConvertOptions { keep_annotations, ..all() }).unwrap();
        assert_eq!(index(&converted).annotations.get("list").map(String::as_str), expected);
        let top = Index::parse(&converted.index_json).unwrap();
        assert_eq!(top.manifests()[0].annotations.contains_key(NAME), keep_annotations);
    }
}

#[test]
fn a_tag_stands_in_index_json_only() {
    let mut layouts = Layouts::default();
    let image = named("app:1", layouts.image("linux/amd64", &["a"]));
    let layout = layouts.top(vec![image]);
    let plain = convert(layout, &all()).unwrap();
    let tag = |tag: &str| ConvertOptions { tag: Some(tag.to_owned()), ..all() };
    let tagged = convert(layout, &tag("registry.invalid/app:v2")).unwrap();
    assert_eq!(tagged.image_index, plain.image_index);
    let top = Index::parse(&tagged.index_json).unwrap();
    let expected = BTreeMap::from([("org.opencontainers.image.ref.name".to_owned(), "v2".to_owned())]);
    assert_eq!(top.manifests()[0].annotations, expected);
    let error = convert(layout, &tag("not a tag")).unwrap_err();
    assert!(error.way_out().contains("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"), "{}", error.way_out());
}

#[test]
fn unusable_layers_are_skipped_with_the_reason() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a", "b"]);
    let layout = layouts.top(vec![image]);
    let unusable = |layers: &[&str]| ConvertOptions {
        unusable: layers
            .iter()
            .map(|layer| (Digest::of(layer.as_bytes()), format!("{layer} is odd")))
            .collect(),
        ..all()
    };
    let converted = convert(layout, &unusable(&["a"])).unwrap();
    let soci = manifest(&converted, &index(&converted).manifests()[1]);
    assert_eq!(soci.layers().len(), 1);
    let error = convert(layout, &unusable(&["a", "b"])).unwrap_err();
    assert_eq!(error, Error::NothingUsable { layers: 2, unusable: 2, reason: "a is odd".to_owned() });
}

/// A docker-archive of images that are `(name, layers)`; layers are members, or absent.
fn docker(images: &[(&str, &[&str])], layers: &[(&str, &[u8])]) -> Archive {
    let configs: Vec<String> = images
        .iter()
        .map(|(name, paths)| {
            let diff_id = |path: &&str| {
                let bytes = layers.iter().find(|(known, _)| known == path).map_or(&b""[..], |(_, bytes)| bytes);
                format!("\"{}\"", Digest::of(bytes))
            };
            let diff_ids: Vec<String> = paths.iter().map(diff_id).collect();
            format!(
                r#"{{"os":"linux","architecture":"amd64","x":"{name}","rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
                diff_ids.join(",")
            )
        })
        .collect();
    let elements: Vec<String> = images
        .iter()
        .enumerate()
        .map(|(number, (name, paths))| {
            format!(r#"{{"Config":"{number}.json","RepoTags":["{name}"],"Layers":{paths:?}}}"#)
        })
        .collect();
    let list = format!("[{}]", elements.join(","));
    let names: Vec<String> = (0..images.len()).map(|number| format!("{number}.json")).collect();
    let mut members: Vec<(&str, &[u8])> = vec![("manifest.json", list.as_bytes())];
    members.extend(names.iter().zip(&configs).map(|(name, config)| (name.as_str(), config.as_bytes())));
    members.extend(layers);
    opened(&members)
}

const PLAIN: &[u8] = &[0; 1024];
const GZIP: &[u8] = &[0x1f, 0x8b, 8, 0];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];

#[test]
fn a_docker_archive_becomes_a_layout() {
    let layers = [("plain", PLAIN), ("gzip", GZIP), ("zstd", ZSTD), ("xz", XZ)];
    let archive = docker(&[("app:1", &["plain", "gzip", "zstd", "xz", "plain"])], &layers);
    assert_eq!(archive.format, Format::DockerArchive);
    assert!(archive.layout.is_none());
    let first = as_oci(&archive, &BTreeMap::new()).unwrap();
    let extents: Vec<Extent> = archive.images[0].layers.iter().filter_map(|layer| layer.extent).collect();
    assert_eq!(first.unread, extents[1..4], "the plain one has its diff ID");

    let digests =
        extents[1..4].iter().zip([GZIP, ZSTD, XZ]).map(|(&extent, bytes)| (extent, Digest::of(bytes)));
    let adopted = as_oci(&archive, &digests.collect()).unwrap();
    assert_eq!(adopted.unread, []);
    let image = &adopted.archive.images[0];
    let layout = adopted.archive.layout.as_ref().unwrap();
    assert_eq!(layout.documents[&Digest::of(&image.config_text)], archive.images[0].config_text);
    let manifest = Manifest::parse(&layout.documents[image.manifest.as_ref().unwrap()]).unwrap();
    let expected = [("", PLAIN), ("+gzip", GZIP), ("+zstd", ZSTD), ("+xz", XZ), ("", PLAIN)];
    assert_eq!(manifest.layers().len(), expected.len());
    for (layer, (suffix, bytes)) in manifest.layers().iter().zip(expected) {
        assert_eq!(layer.media_type, format!("application/vnd.oci.image.layer.v1.tar{suffix}"));
        assert_eq!(layer.digest, Digest::of(bytes).as_str());
        assert_eq!(layer.size, bytes.len() as i64);
    }
    assert_eq!(image.layers[1].digest, Some(Digest::of(GZIP)));

    let prepared = layout_for(&adopted.archive, None).unwrap();
    assert!(!prepared.reference);
    assert_eq!(prepared.notes[0].id, "docker-archive");
    let converted = convert(&prepared.layout, &ConvertOptions { keep_annotations: true, ..all() }).unwrap();
    let list = index(&converted);
    assert_eq!(list.manifests()[0].platform, Some("linux/amd64".parse().unwrap()));
    let top = Index::parse(&converted.index_json).unwrap();
    assert_eq!(top.manifests()[0].annotations["org.opencontainers.image.ref.name"], "1");
    let config = converted.documents.iter().find(|(digest, _)| *digest == Digest::of(&image.config_text));
    assert!(config.is_some(), "the config has no place in the source, so it is written");
}

#[test]
fn what_was_read_counts_more_than_the_config() {
    let archive = docker(&[("app:1", &["plain"])], &[("plain", PLAIN)]);
    let extent = archive.images[0].layers[0].extent.unwrap();
    let digest = Digest::of(b"what was read");
    let adopted = as_oci(&archive, &[(extent, digest.clone())].into()).unwrap();
    assert_eq!(adopted.archive.images[0].layers[0].digest, Some(digest));
}

#[test]
fn a_layer_that_is_absent_is_named() {
    let archive = docker(&[("app:1", &["plain", "absent"])], &[("plain", PLAIN)]);
    let error = as_oci(&archive, &BTreeMap::new()).unwrap_err();
    let text = error.to_string();
    assert_eq!(text, format!("layer 2 of 2 (diff ID {}) is not in the archive", Digest::of(b"")));
}

#[test]
fn each_element_of_a_docker_archive_is_a_subject() {
    let images: [(&str, &[&str]); 3] =
        [("app:1", &["one"]), ("app:2", &["one", "absent"]), ("app:3", &["two"])];
    let archive = docker(&images, &[("one", PLAIN), ("two", GZIP)]);
    let adopted = as_oci(&archive, &BTreeMap::new()).unwrap();
    assert_eq!(adopted.unread.len(), 1);
    let archive = adopted.archive;
    assert_eq!(
        described(&archive),
        ["app:1 for linux/amd64", "app:2 for linux/amd64", "app:3 for linux/amd64"]
    );
    let error = layout_for(&archive, None).unwrap_err();
    assert_eq!(error, Error::SeveralImages { names: ["app:1", "app:2", "app:3"].map(str::to_owned).into() });
    assert!(matches!(layout_for(&archive, Some(1)), Err(Error::LayerAbsent { number: 2, layers: 2, .. })));
    let prepared = layout_for(&archive, Some(2)).unwrap();
    let converted = convert(&prepared.layout, &listed(&[])).unwrap();
    let image = manifest(&converted, &index(&converted).manifests()[0]);
    assert_eq!(image.layers()[0].digest, archive.images[2].layers[0].digest.as_ref().unwrap().as_str());
    assert_eq!(archive.images[2].layers[0].compression, LayerCompression::Gzip);
}

#[test]
fn an_archive_with_a_layout_is_adopted_as_it_is() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a"]);
    layouts.top(vec![image]);
    let archive = archive(&layouts);
    let adopted = as_oci(&archive, &BTreeMap::new()).unwrap();
    assert_eq!(adopted.unread, []);
    assert_eq!(adopted.archive.layout.unwrap().index_json, layouts.layout.index_json);
    let without = Archive { layout: None, ..archive };
    assert_eq!(layout_for(&without, None).unwrap_err(), Error::NoLayout);
}

#[test]
fn damage_is_an_error_or_an_image_and_nothing_else() {
    let mut layouts = Layouts::default();
    let image = named("app:1", layouts.image("linux/amd64", &["a"]));
    let other = on("linux/arm64", layouts.image("linux/arm64", &["b"]));
    let beside = legacy(&mut layouts);
    let list = layouts.list(vec![other, beside]);
    layouts.top(vec![image, list]);
    let sound = archive(&layouts);
    let (mut errors, mut images) = (0, 0);
    for at in (0..layouts.layout.index_json.len()).step_by(7) {
        for byte in *b"\"}0" {
            let mut damaged = sound.clone();
            damaged.layout.as_mut().unwrap().index_json[at] = byte;
            assert!(!subjects(&damaged).is_empty(), "the archive has images, whatever its index.json says");
            for subject in [None, Some(0), Some(1), Some(9)] {
                match layout_for(&damaged, subject) {
                    Ok(prepared) => {
                        images += 1;
                        // It is as good as said.
                        Selection::new(&prepared.layout, &all()).unwrap();
                    }
                    Err(error) => {
                        errors += 1;
                        assert!(!error.to_string().is_empty() && !error.way_out().is_empty());
                    }
                }
            }
        }
    }
    assert!(errors > 100 && images > 100, "{errors} errors, {images} images");
}
