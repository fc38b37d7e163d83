//! What becomes of manifests and lists.

use crate::layouts::{GZIP, Layouts, all, convert, document, index, listed, manifest, on};
use sociscope_image::{Digest, Layout};
use sociscope_soci::{ConvertOptions, Converted, Descriptor, Error, Index, Role, media_type, soci_index};

/// One line per entry of the image index: what it is, for which platform, what it refers to.
fn entries(converted: &Converted) -> Vec<String> {
    let describe = |entry: &Descriptor| {
        let platform = entry.platform.as_ref().map_or("nothing".to_owned(), ToString::to_string);
        let what = if entry.artifact_type == media_type::SOCI_INDEX_V2 { "index" } else { "image" };
        let link = [soci_index::INDEX_DIGEST, soci_index::IMAGE_MANIFEST_DIGEST]
            .iter()
            .find(|&&name| entry.annotations.contains_key(name));
        format!("{what} for {platform}{}", if link.is_some() { ", linked" } else { "" })
    };
    index(converted).manifests().iter().map(describe).collect()
}

fn two_platforms(layouts: &mut Layouts) -> Vec<Descriptor> {
    vec![
        on("linux/amd64", layouts.image("linux/amd64", &["a"])),
        on("linux/arm64/v8", layouts.image("linux/arm64", &["b"])),
    ]
}

#[test]
fn every_manifest_is_written_anew_and_lends_its_annotations_to_its_descriptor() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    // As BuildKit writes it, but for the indentation.
    let statement = layouts.document("application/vnd.in-toto+json", "{}");
    let attestation = layouts.document(
        media_type::DOCKER_MANIFEST,
        &format!(
            "{{\n  \"schemaVersion\": 2,\n  \"unknown\": [1],\n  \"annotations\": {{\"own\": \"1\"}},\n  \
             \"config\": {{\"mediaType\": \"application/x\", \"digest\": \"{0}\", \"size\": 2}},\n  \
             \"layers\": [{{\"digest\": \"{0}\", \"mediaType\": \"application/vnd.in-toto+json\", \"size\": 2}}]\n}}\n",
            statement.digest
        ),
    );
    let mut entry = on("unknown/unknown", attestation);
    entry.annotations.insert("vnd.docker.reference.digest".to_owned(), image.digest.clone());
    entry.urls.push("https://example".to_owned());
    let list = layouts.list(vec![image, entry]);
    let converted = convert(layouts.top(vec![list]), &all()).unwrap();

    let list = index(&converted);
    let rewritten = &list.manifests()[1];
    assert_eq!(
        str::from_utf8(document(&converted, &rewritten.digest)).unwrap(),
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{2}","size":2}},"layers":[{{"mediaType":"application/vnd.in-toto+json","digest":"{2}","size":2}}],"annotations":{{"own":"1"}}}}"#,
            media_type::OCI_MANIFEST,
            media_type::OCI_CONFIG,
            statement.digest
        )
    );
    assert_eq!(rewritten.media_type, media_type::OCI_MANIFEST);
    assert_eq!(rewritten.annotations, [("own".to_owned(), "1".to_owned())].into());
    assert_eq!(rewritten.urls, ["https://example"], "everything else on the descriptor stays");
}

#[test]
fn the_list_keeps_what_is_its_own() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let list = layouts.document(
        media_type::DOCKER_LIST,
        &format!(
            r#"{{"annotations":{{"k":"v"}},"subject":{{"digest":"d"}},"x":1,"artifactType":"t","schemaVersion":7,"manifests":[{}]}}"#,
            manifests
                .iter()
                .map(|entry| format!(
                    r#"{{"mediaType":"{}","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{}"}}}}"#,
                    entry.media_type,
                    entry.digest,
                    entry.size,
                    entry.platform.as_ref().unwrap().architecture
                ))
                .collect::<Vec<_>>()
                .join(",")
        ),
    );
    let converted = convert(layouts.top(vec![list]), &all()).unwrap();
    let text = str::from_utf8(document(&converted, converted.image_index.as_str())).unwrap();
    assert!(text.starts_with(&format!(
        r#"{{"schemaVersion":7,"mediaType":"{}","artifactType":"t","manifests":["#,
        media_type::OCI_INDEX
    )));
    assert!(text.ends_with(r#"],"subject":{"mediaType":"","digest":"d","size":0},"annotations":{"k":"v"}}"#));
}

#[test]
fn indexes_come_last_in_the_order_asked_for() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let layout = layouts.top(manifests);
    assert_eq!(
        entries(&convert(layout, &listed(&["arm64", "amd64"])).unwrap()),
        [
            "image for linux/amd64, linked",
            "image for linux/arm64/v8, linked",
            "index for linux/arm64, linked",
            "index for linux/amd64, linked",
        ]
    );
    assert_eq!(
        entries(&convert(layout, &listed(&["linux/arm64/v8"])).unwrap()),
        ["image for linux/amd64", "image for linux/arm64/v8, linked", "index for linux/arm64/v8, linked",]
    );
}

#[test]
fn a_platform_without_anything_to_index_is_passed_over() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let empty = on("linux/arm64", layouts.image("linux/arm64", &[]));
    let layout = layouts.top(vec![amd64, empty]);
    assert_eq!(
        entries(&convert(layout, &all()).unwrap()),
        ["image for linux/amd64, linked", "image for linux/arm64", "index for linux/amd64, linked"]
    );
}

#[test]
fn of_two_images_for_one_platform_the_first_is_indexed() {
    let mut layouts = Layouts::default();
    let first = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let second = on("linux/amd64", layouts.image("linux/amd64", &["b"]));
    let layout = layouts.top(vec![first, second]);
    assert_eq!(
        entries(&convert(layout, &all()).unwrap()),
        ["image for linux/amd64, linked", "image for linux/amd64", "index for linux/amd64, linked"]
    );
}

#[test]
fn a_manifest_listed_twice_is_linked_twice() {
    let mut layouts = Layouts::default();
    let image = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let layout = layouts.top(vec![image.clone(), image]);
    assert_eq!(
        entries(&convert(layout, &all()).unwrap()),
        ["image for linux/amd64, linked", "image for linux/amd64, linked", "index for linux/amd64, linked"]
    );
}

#[test]
fn one_manifest_for_two_platforms_is_linked_to_the_first() {
    let mut layouts = Layouts::default();
    let image = layouts.image("linux/amd64", &["a"]);
    let layout = layouts.top(vec![on("linux/amd64", image.clone()), on("linux/arm64", image)]);
    let converted = convert(layout, &all()).unwrap();
    assert_eq!(
        entries(&converted),
        [
            "image for linux/amd64, linked",
            "image for linux/arm64, linked",
            "index for linux/amd64, linked",
            "index for linux/arm64",
        ]
    );
    assert_eq!(converted.soci_indexes[1].manifest, None);
}

#[test]
fn two_platforms_with_the_same_layers_share_an_index() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let arm64 = on("linux/arm64", layouts.image("linux/arm64", &["a"]));
    let converted = convert(layouts.top(vec![amd64, arm64]), &all()).unwrap();
    assert_eq!(converted.soci_indexes[0].digest, converted.soci_indexes[1].digest);
    assert_eq!(entries(&converted).len(), 4);
    // Image index, two manifests, one SOCI index, its config.
    assert_eq!(converted.documents.len(), 5);
}

#[test]
fn a_list_in_the_list_becomes_its_first_manifest() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let arm64 = on("linux/arm64", layouts.image("linux/arm64", &["b"]));
    let inner = layouts.list(vec![arm64]);
    let layout = layouts.top(vec![amd64, inner]);
    let converted = convert(layout, &listed(&["amd64"])).unwrap();
    assert_eq!(
        entries(&converted),
        ["image for linux/amd64, linked", "image for nothing", "index for linux/amd64, linked"]
    );
    let replaced = manifest(&converted, &index(&converted).manifests()[1]);
    assert_eq!(replaced.layers()[0].digest, Digest::of(b"b").to_string());
}

#[test]
fn what_is_neither_manifest_nor_list_is_left_alone_and_taken_along() {
    let mut layouts = Layouts::default();
    let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
    let mut stranger = layouts.document("application/x", "stranger");
    stranger.annotations.insert("k".to_owned(), "v".to_owned());
    let converted = convert(layouts.top(vec![amd64, stranger.clone()]), &listed(&[])).unwrap();
    assert_eq!(index(&converted).manifests()[1], stranger);
    let digest = Digest::of(b"stranger");
    assert!(converted.plan.sources().any(|(source, _)| *source == digest));
}

#[test]
fn everything_reachable_must_be_there() {
    // Not asked for, but part of the archive all the same.
    let incomplete = |layouts: &mut Layouts, broken: Descriptor| {
        let amd64 = on("linux/amd64", layouts.image("linux/amd64", &["a"]));
        convert(layouts.top(vec![amd64, on("linux/arm64", broken)]), &listed(&["amd64"]))
    };
    let mut layouts = Layouts::default();
    let absent = Descriptor { media_type: GZIP.into(), ..Descriptor::of("", b"absent") };
    let image = layouts.image_of("linux/arm64", vec![absent]);
    let error = incomplete(&mut layouts, image).unwrap_err();
    assert!(matches!(error, Error::Missing { role: Role::Layer, .. }), "{error}");

    let mut layouts = Layouts::default();
    let longer = Descriptor { size: 5, ..layouts.layer("longer", 4) };
    let image = layouts.image_of("linux/arm64", vec![longer]);
    let error = incomplete(&mut layouts, image).unwrap_err();
    assert!(matches!(error, Error::Size { role: Role::Layer, stated: 5, found: 4, .. }), "{error}");
}

#[test]
fn every_descriptor_of_a_blob_must_state_its_size() {
    let mut layouts = Layouts::default();
    let once = layouts.layer("a", 1000);
    let wrong = Descriptor { size: 999, ..once.clone() };
    let mut options = listed(&["amd64"]);
    options.min_layer_size = 1000;
    for layers in [vec![once.clone(), wrong.clone()], vec![wrong, once]] {
        let image = layouts.image_of("linux/amd64", layers);
        let error = convert(layouts.top(vec![image]), &options).unwrap_err();
        assert!(matches!(error, Error::Size { stated: 999, found: 1000, .. }), "{error}");
    }
}

/// The result of one conversion as the input of the next.
fn again(converted: &Converted, mut layouts: Layouts) -> Layout {
    layouts.layout.index_json.clone_from(&converted.index_json);
    for (_, bytes) in &converted.documents {
        layouts.document("", str::from_utf8(bytes).unwrap());
    }
    for digest in ["a", "b"].map(|layer| Digest::of(layer.as_bytes())) {
        let ztoc = format!("zTOC of {digest}");
        let extent = sociscope_image::Extent { offset: 0, len: 100 };
        layouts.layout.blobs.insert(Digest::of(ztoc.as_bytes()), extent);
    }
    layouts.layout
}

#[test]
fn converting_twice_changes_nothing() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let once = convert(layouts.top(manifests), &all()).unwrap();
    let twice = convert(&again(&once, layouts), &all()).unwrap();
    assert_eq!(once.index_json, twice.index_json);
    assert_eq!(once.documents, twice.documents);
    assert_eq!(once.plan.size(), twice.plan.size());
}

/// Entry by entry: whether index and image name each other.
fn links(converted: &Converted) -> Vec<String> {
    let list = index(converted);
    let image_of = |entry: &Descriptor| {
        let named = entry.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST)?;
        list.manifests().iter().find(|image| image.digest == *named)
    };
    let describe = |entry: &Descriptor| {
        let platform = entry.platform.as_ref().unwrap();
        if entry.artifact_type.is_empty() {
            let named = manifest(converted, entry).annotations.get(soci_index::INDEX_DIGEST).cloned();
            return format!("{platform}: {}", if named.is_some() { "names an index" } else { "names none" });
        }
        let image = image_of(entry).unwrap();
        let back = manifest(converted, image).annotations[soci_index::INDEX_DIGEST] == entry.digest;
        format!("index for {platform}, {}", if back { "named by its image" } else { "not named" })
    };
    list.manifests().iter().map(describe).collect()
}

#[test]
fn an_index_of_a_platform_that_is_not_asked_for_stays() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let once = convert(layouts.top(manifests), &all()).unwrap();
    let mut layout = again(&once, layouts);
    // As another tool would have written it: the digest of each manifest changes.
    let mut list = index(&once);
    for entry in list.manifests.iter_mut().flatten() {
        let mut text = layout.documents[&entry.digest.parse().unwrap()].clone();
        if entry.artifact_type.is_empty() {
            text.push(b'\n');
            let new = Descriptor::of(&entry.media_type, &text);
            (entry.digest, entry.size) = (new.digest, new.size);
            layout.documents.insert(Digest::of(&text), text);
        }
    }
    let links_before = list.manifests().iter().skip(2).map(|entry| entry.digest.clone()).collect::<Vec<_>>();
    let text = list.to_json();
    let named = Descriptor::of(media_type::OCI_INDEX, &text);
    layout.documents.insert(Digest::of(&text), text);
    layout.index_json = Index { manifests: Some(vec![named]), ..Index::default() }.to_json();

    let twice = convert(&layout, &listed(&["amd64"])).unwrap();
    assert_eq!(
        links(&twice),
        [
            "linux/amd64: names an index",
            "linux/arm64/v8: names an index",
            "index for linux/amd64, named by its image",
            "index for linux/arm64/v8, named by its image",
        ]
    );
    let links_after =
        index(&twice).manifests().iter().skip(2).map(|entry| entry.digest.clone()).collect::<Vec<_>>();
    assert_eq!(links_after, links_before);
    let notes: Vec<_> = twice.notes.iter().map(|note| note.id).collect();
    assert_eq!(notes, ["soci-index-kept"]);
}

#[test]
fn an_index_of_a_platform_that_has_nothing_to_index_now_goes() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let once = convert(layouts.top(manifests), &all()).unwrap();
    let layout = again(&once, layouts);
    let unusable = [(Digest::of(b"b"), "a hard link comes before its target".to_owned())].into();
    let twice = convert(&layout, &ConvertOptions { unusable, ..all() }).unwrap();
    assert_eq!(
        links(&twice),
        [
            "linux/amd64: names an index",
            "linux/arm64/v8: names none",
            "index for linux/amd64, named by its image"
        ]
    );
    assert_eq!(twice.notes[0].id, "soci-index-removed");
    assert!(twice.notes[0].sentence.contains("linux/arm64/v8"), "{}", twice.notes[0].sentence);
}

#[test]
fn an_index_that_lacks_a_ztoc_goes() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let once = convert(layouts.top(manifests), &all()).unwrap();
    let mut layout = again(&once, layouts);
    let ztoc = Digest::of(format!("zTOC of {}", Digest::of(b"b")).as_bytes());
    layout.blobs.remove(&ztoc).unwrap();
    let twice = convert(&layout, &listed(&["amd64"])).unwrap();
    assert_eq!(
        links(&twice),
        [
            "linux/amd64: names an index",
            "linux/arm64/v8: names none",
            "index for linux/amd64, named by its image"
        ]
    );
}

#[test]
fn an_index_that_is_there_is_replaced_where_it_stands() {
    let mut layouts = Layouts::default();
    let manifests = two_platforms(&mut layouts);
    let once = convert(layouts.top(manifests), &listed(&["amd64"])).unwrap();
    let layout = again(&once, layouts);
    assert_eq!(
        entries(&convert(&layout, &listed(&["arm64", "amd64"])).unwrap()),
        [
            "image for linux/amd64, linked",
            "image for linux/arm64/v8, linked",
            "index for linux/amd64, linked",
            "index for linux/arm64, linked",
        ]
    );
}

#[test]
fn lists_that_list_each_other_many_times_end_soon() {
    let mut layouts = Layouts::default();
    let mut inner = layouts.image("linux/amd64", &["a"]);
    for _ in 0..60 {
        inner = layouts.list(vec![inner.clone(), inner.clone(), inner]);
    }
    // 3^60 paths, 60 documents.
    let error = convert(layouts.top(vec![inner]), &all()).unwrap_err();
    assert!(matches!(error, Error::PlatformUnstated { .. }), "{error}");
}
