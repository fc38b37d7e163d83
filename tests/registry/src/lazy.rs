//! Whether an image in a registry loads lazily: the way from a tag to every zTOC, as a puller on
//! Fargate goes it.
//!
//! The annotation `com.amazon.soci.index-digest` of the platform's manifest is what counts
//! (soci-snapshotter v0.15.0, SOCI index v2). That the SOCI index is also listed in the image index
//! keeps it alive in the registry; nobody looks for it there.

use crate::Repository;
use serde_json::Value;
use sociscope_ztoc::Ztoc;
use std::collections::BTreeSet;

const INDEX_DIGEST: &str = "com.amazon.soci.index-digest";
const LAYER_DIGEST: &str = "com.amazon.soci.image-layer-digest";
const INDEX_V1: &str = "application/vnd.amazon.soci.index.v1+json";
const INDEX_V2: &str = "application/vnd.amazon.soci.index.v2+json";

/// What was reached.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lazy {
    /// SOCI indexes.
    pub indexes: BTreeSet<String>,
    /// zTOCs, each of which parses.
    pub ztocs: BTreeSet<String>,
    /// Layers that have one and are there.
    pub layers: BTreeSet<String>,
}

/// Why an image would be pulled whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No platform's manifest has the annotation.
    NoAnnotation,
    /// The annotation names a SOCI index that is not in the repository.
    NoIndex(String),
    /// Nothing that refers to the image is a SOCI index of version 1.
    NoReferrers,
}

impl Lazy {
    /// Follows the way from `reference`, a tag or a digest, through all its platforms.
    ///
    /// # Errors
    /// Where the way ends early.
    ///
    /// # Panics
    /// When what is reached is not what it claims to be; no tool may make that out of an image.
    pub fn follow(repository: &Repository, reference: &str) -> Result<Self, Lost> {
        let root = repository.manifest(reference).expect("the tag was pushed").json();
        let mut lazy = Self::default();
        let children = root["manifests"].as_array();
        let manifests: Vec<Value> = match children {
            None => vec![root],
            Some(children) => {
                let digests = children.iter().map(|child| text(&child["digest"]));
                let fetch =
                    |digest| repository.manifest(digest).expect("an index names what is there").json();
                digests.map(fetch).collect()
            }
        };
        for manifest in &manifests {
            if let Some(digest) = manifest["annotations"][INDEX_DIGEST].as_str() {
                lazy.platform(repository, manifest, digest, INDEX_V2)?;
            }
        }
        if lazy.indexes.is_empty() { Err(Lost::NoAnnotation) } else { Ok(lazy) }
    }

    /// The legacy way, of SOCI index v1, to an image of one platform that was pushed as it is: the
    /// registry says which artefacts refer to the image.
    ///
    /// A registry without the API for that has an index of them under a tag made of the image's
    /// digest (OCI distribution specification 1.1, "Referrers Tag Schema").
    ///
    /// # Errors
    /// Where the way ends early.
    ///
    /// # Panics
    /// As [`Lazy::follow`].
    pub fn follow_referrers(repository: &Repository, reference: &str) -> Result<Self, Lost> {
        let image = repository.manifest(reference).expect("the tag was pushed");
        let referrers = repository.manifest(&image.digest.replace(':', "-")).ok_or(Lost::NoReferrers)?.json();
        let mut lazy = Self::default();
        for referrer in referrers["manifests"].as_array().expect("an index") {
            if referrer["artifactType"] == INDEX_V1 {
                lazy.platform(repository, &image.json(), text(&referrer["digest"]), INDEX_V1)?;
            }
        }
        if lazy.indexes.is_empty() { Err(Lost::NoReferrers) } else { Ok(lazy) }
    }

    /// One platform: its SOCI index, of the version that `media_type` says, and all that it names.
    fn platform(
        &mut self,
        repository: &Repository,
        manifest: &Value,
        digest: &str,
        media_type: &str,
    ) -> Result<(), Lost> {
        let index = repository.manifest(digest).ok_or_else(|| Lost::NoIndex(digest.to_owned()))?.json();
        assert_eq!(index["config"]["mediaType"], media_type, "{repository}: {digest}");
        assert_eq!(repository.blob(text(&index["config"]["digest"])).as_deref(), Some(&b"{}"[..]));
        let ztocs = index["layers"].as_array().expect("a SOCI index has layers");
        assert!(!ztocs.is_empty(), "{repository}: {digest} names no zTOC");
        for descriptor in ztocs {
            let ztoc = text(&descriptor["digest"]);
            let bytes = repository.blob(ztoc).unwrap_or_else(|| panic!("{repository}: no zTOC {ztoc}"));
            assert_eq!(descriptor["size"], bytes.len(), "{repository}: {ztoc}");
            let parsed = Ztoc::parse(&bytes).unwrap_or_else(|error| panic!("{repository}: {ztoc}: {error}"));

            let name = text(&descriptor["annotations"][LAYER_DIGEST]);
            let layers = manifest["layers"].as_array().expect("a manifest has layers");
            let layer = layers.iter().find(|layer| layer["digest"] == name);
            let layer = layer.unwrap_or_else(|| panic!("{repository}: {name} is no layer of the image"));
            let size = repository.blob_size(name);
            assert_eq!(layer["size"].as_u64(), size, "{repository}: layer {name}");
            assert_eq!(Some(parsed.compressed_size), size, "{repository}: zTOC of layer {name}");
            self.ztocs.insert(ztoc.to_owned());
            self.layers.insert(name.to_owned());
        }
        self.indexes.insert(digest.to_owned());
        Ok(())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
