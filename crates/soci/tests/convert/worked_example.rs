//! One image, converted by the reference, byte for byte.
//!
//! A single manifest with one gzip layer of 3174 bytes, `--min-layer-size 0`.

use crate::layouts::{Layouts, document, listed, members};
use sociscope_image::{Digest, Extent, Layout};
use sociscope_soci::{Converted, Part, Selection, ZtocBlob, media_type};
use sociscope_ztoc::Compression;

const CONFIG: &str =
    r#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
const LAYER: &str = "sha256:3402f705a0b71d4ab55146daf99c43084af9da034cb32384f6b732c729e92caa";
const ZTOC: &str = "sha256:5cf723c049afa7cb16b35ad7545af7a9931fb6e17f6383f71c1b5033b1c5adc2";
const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:dc570f145a7f2862c9ef3c30b8d6ae2feaceb0d364e4b2e08e67ae18815427d9","size":90},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:3402f705a0b71d4ab55146daf99c43084af9da034cb32384f6b732c729e92caa","size":3174}]}"#;

const SOCI_INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.amazon.soci.index.v2+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"application/octet-stream","digest":"sha256:5cf723c049afa7cb16b35ad7545af7a9931fb6e17f6383f71c1b5033b1c5adc2","size":33192,"annotations":{"com.amazon.soci.image-layer-digest":"sha256:3402f705a0b71d4ab55146daf99c43084af9da034cb32384f6b732c729e92caa","com.amazon.soci.image-layer-mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","com.amazon.soci.span-size":"4194304"}}],"annotations":{"com.amazon.soci.build-tool-identifier":"AWS SOCI CLI v0.2"}}"#;
const NEW_MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:dc570f145a7f2862c9ef3c30b8d6ae2feaceb0d364e4b2e08e67ae18815427d9","size":90},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:3402f705a0b71d4ab55146daf99c43084af9da034cb32384f6b732c729e92caa","size":3174}],"annotations":{"com.amazon.soci.index-digest":"sha256:b367d6e8278a15ae722db20a5b0d6d6cdba44e0827737ff959bdef076ffb4435"}}"#;
const IMAGE_INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:302c98ed368bcfb42949e29afb42961c80f338ef524be116f1abaaf6bf49b4fe","size":522,"annotations":{"com.amazon.soci.index-digest":"sha256:b367d6e8278a15ae722db20a5b0d6d6cdba44e0827737ff959bdef076ffb4435"},"platform":{"architecture":"amd64","os":"linux"}},{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b367d6e8278a15ae722db20a5b0d6d6cdba44e0827737ff959bdef076ffb4435","size":710,"annotations":{"com.amazon.soci.image-manifest-digest":"sha256:302c98ed368bcfb42949e29afb42961c80f338ef524be116f1abaaf6bf49b4fe"},"platform":{"architecture":"amd64","os":"linux"},"artifactType":"application/vnd.amazon.soci.index.v2+json"}]}"#;
const INDEX_JSON: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"sha256:32106cce6f5f4414713e24f6bf04a05ad58cb6e47a3667101fdfa53274dd1f6a","size":801}]}"#;

const LEGACY_INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.amazon.soci.index.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[{"mediaType":"application/octet-stream","digest":"sha256:5cf723c049afa7cb16b35ad7545af7a9931fb6e17f6383f71c1b5033b1c5adc2","size":33192,"annotations":{"com.amazon.soci.image-layer-digest":"sha256:3402f705a0b71d4ab55146daf99c43084af9da034cb32384f6b732c729e92caa","com.amazon.soci.image-layer-mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","com.amazon.soci.span-size":"4194304"}}],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:72e9f66c46f275d2c1c76e4af929b50a61ca518e462a6460ab7cfa8d998a5525","size":401},"annotations":{"com.amazon.soci.build-tool-identifier":"AWS SOCI CLI v0.2"}}"#;

const LAYER_EXTENT: Extent = Extent { offset: 7680, len: 3174 };

fn layout() -> Layout {
    let mut layouts = Layouts::default();
    layouts.layout.blobs.insert(LAYER.parse().unwrap(), LAYER_EXTENT);
    layouts.document(media_type::OCI_CONFIG, CONFIG);
    let manifest = layouts.document(media_type::OCI_MANIFEST, MANIFEST);
    layouts.top(vec![manifest]);
    layouts.layout
}

fn converted() -> Converted {
    let layout = layout();
    let selection = Selection::new(&layout, &listed(&[])).unwrap();
    let ztoc =
        ZtocBlob { digest: ZTOC.parse().unwrap(), size: 33192, disables_xattrs: true, prefetch: vec![] };
    let ztocs = [((LAYER.parse().unwrap(), Compression::Gzip), ztoc)].into();
    selection.finish(&layout, &ztocs).unwrap()
}

#[test]
fn documents_are_the_reference_s() {
    let converted = converted();
    let mut expected: Vec<(Digest, &str)> = [SOCI_INDEX, NEW_MANIFEST, IMAGE_INDEX, "{}"]
        .map(|text| (Digest::of(text.as_bytes()), text))
        .to_vec();
    expected.sort();
    for ((_, found), (_, expected)) in converted.documents.iter().zip(&expected) {
        assert_eq!(str::from_utf8(found).unwrap(), *expected);
    }
    assert_eq!(converted.documents.len(), expected.len());
    assert_eq!(document(&converted, converted.image_index.as_str()), IMAGE_INDEX.as_bytes());
    assert_eq!(str::from_utf8(&converted.index_json).unwrap(), INDEX_JSON);
}

#[test]
fn the_result_says_which_index_belongs_to_which_manifest() {
    let converted = converted();
    let [index] = &converted.soci_indexes[..] else { panic!("one platform, one index") };
    assert_eq!(index.platform.to_string(), "linux/amd64");
    assert_eq!(index.digest, Digest::of(SOCI_INDEX.as_bytes()));
    assert_eq!(index.manifest, Some(Digest::of(NEW_MANIFEST.as_bytes())));
}

#[test]
fn the_index_of_version_1_is_the_reference_s() {
    let layout = layout();
    let selection = Selection::new(&layout, &listed(&[])).unwrap();
    let ztoc =
        ZtocBlob { digest: ZTOC.parse().unwrap(), size: 33192, disables_xattrs: true, prefetch: vec![] };
    let ztocs = [((LAYER.parse().unwrap(), Compression::Gzip), ztoc)].into();
    let [index] = &selection.legacy_index(&layout, &ztocs).unwrap()[..] else {
        panic!("one platform, one index")
    };
    assert_eq!(str::from_utf8(&index.manifest).unwrap(), LEGACY_INDEX);
    assert_eq!(
        index.digest.as_str(),
        "sha256:d277a4e1c4c6094ecaf80298836b1537e777f85551b3b9b4c2367ca3f9b91bd5"
    );
    assert_eq!(index.subject.digest, Digest::of(MANIFEST.as_bytes()).as_str());
}

#[test]
fn the_archive_is_laid_out_as_the_reference_s() {
    let plan = converted().plan;
    assert_eq!(plan.size(), 48640);
    let blob = |digest: &str| digest.replace("sha256:", "blobs/sha256/");
    let of = |text: &str| blob(Digest::of(text.as_bytes()).as_str());
    let expected = [
        (0, "blobs/".to_owned()),
        (512, "blobs/sha256/".to_owned()),
        (1024, of(NEW_MANIFEST)),
        (2560, of(IMAGE_INDEX)),
        (4096, blob(LAYER)),
        (8192, of("{}")),
        (9216, blob(ZTOC)),
        (43008, of(SOCI_INDEX)),
        (44544, of(CONFIG)),
        (45568, "index.json".to_owned()),
        (46592, "oci-layout".to_owned()),
    ];
    assert_eq!(members(&plan), expected);
}

#[test]
fn layers_and_configs_stay_where_they_are() {
    let plan = converted().plan;
    let layer = Part::Source { extent: LAYER_EXTENT, digest: LAYER.parse().unwrap() };
    let ztoc = Part::Ztoc { digest: ZTOC.parse().unwrap(), size: 33192 };
    assert!(plan.parts().contains(&layer));
    assert!(plan.parts().contains(&ztoc));
    let sources: Vec<_> = plan.sources().map(|(digest, _)| digest.clone()).collect();
    assert_eq!(sources, [LAYER.parse().unwrap(), Digest::of(CONFIG.as_bytes())]);
    let kinds =
        plan.parts().windows(2).map(|pair| pair.iter().filter(|part| matches!(part, Part::Bytes(_))).count());
    assert!(kinds.max() < Some(2), "literal bytes are merged");
}

#[test]
fn the_mark_for_layers_without_attributes_comes_on_request() {
    let layout = layout();
    for (asked, free_of_attributes, expected) in
        [(true, true, true), (true, false, false), (false, true, false)]
    {
        let mut options = listed(&[]);
        options.disable_xattrs = asked;
        let ztoc = ZtocBlob {
            digest: ZTOC.parse().unwrap(),
            size: 33192,
            disables_xattrs: free_of_attributes,
            prefetch: vec![],
        };
        let ztocs = [((LAYER.parse().unwrap(), Compression::Gzip), ztoc)].into();
        let selection = Selection::new(&layout, &options).unwrap();
        let converted = selection.finish(&layout, &ztocs).unwrap();
        let index = document(&converted, converted.soci_indexes[0].digest.as_str());
        let mark =
            br#""annotations":{"com.amazon.soci.disable-xattrs":"true","com.amazon.soci.image-layer-digest""#;
        let found = index.windows(mark.len()).any(|window| window == mark);
        assert_eq!(found, expected, "asked: {asked}, free: {free_of_attributes}");
    }
}
