//! Layers replaced by others of the same content.
//!
//! ```text
//! index.json ─► index ─► manifest ─► layer  zstd          … ─► layer  gzip, made here
//!    new         new        new                                digest, size, type
//! ```
//!
//! A digest that changes changes every document above it. Config and history stay, for they speak of
//! what the layers unpack to, and that is the same.

use super::MadeLayer;
use super::tree::{Kind, Leaf, Node, Tree};
use crate::error::Error;
use crate::rewrite::REFERENCE_DIGEST;
use crate::{Descriptor, Index, Manifest, media_type, soci_index};
use sociscope_image::{Archive, Digest, Extent, LayerCompression};
use std::collections::{BTreeMap, BTreeSet};

/// Annotations of a layer that speak of its compressed bytes: tables of contents of zstd:chunked,
/// eStargz and Nydus, and what unpacking them takes.
const OF_THE_BYTES: [&str; 6] = [
    "io.github.containers.zstd-chunked.",
    "io.containers.estargz.",
    "containerd.io/snapshot/stargz/",
    "containerd.io/snapshot/nydus-",
    "containerd.io/snapshot/overlaybd/",
    "com.amazon.soci.",
];

/// The archive with layers replaced by gzip ones that were made elsewhere. `made` is by where the
/// layer lies that each of them replaces; what it names and nobody uses is left alone.
///
/// A Docker type stays one, an OCI type too. References to a manifest follow it: those of
/// attestations, and those of SOCI indexes. A SOCI index that describes a layer which is gone is
/// removed, and the image does not name it any more.
///
/// # Errors
/// `index.json` cannot be read.
pub fn with_layers(archive: &Archive, made: &BTreeMap<Extent, MadeLayer>) -> Result<Archive, Error> {
    let mut archive = archive.clone();
    let mut manifests = BTreeMap::new();
    if let Some(layout) = &mut archive.layout {
        let layers: BTreeMap<String, &MadeLayer> = layout
            .blobs
            .iter()
            .filter_map(|(digest, extent)| Some((digest.to_string(), made.get(extent)?)))
            .collect();
        if !layers.is_empty() {
            let tree = Tree::of(layout)?;
            let mut rewriter = Rewriter::new(&tree, &layers);
            let mut top = tree.top.clone();
            top.manifests = Some(rewriter.entries(&tree.entries));
            if top != tree.top {
                layout.index_json = top.to_json();
            }
            layout.blobs.extend(made.values().map(|made| (made.digest.clone(), made.extent)));
            layout.documents.extend(rewriter.documents);
            manifests = rewriter.changed;
        }
    }
    for image in &mut archive.images {
        if let Some(manifest) = &mut image.manifest
            && let Some(new) = manifests.get(manifest.as_str())
            && let Ok(digest) = new.digest.parse()
        {
            *manifest = digest;
        }
        for layer in &mut image.layers {
            let Some(made) = layer.extent.and_then(|extent| made.get(&extent)) else { continue };
            layer.media_type = media_type::as_gzip(&layer.media_type);
            layer.digest = Some(made.digest.clone());
            layer.size = made.extent.len;
            layer.extent = Some(made.extent);
            layer.compression = LayerCompression::Gzip;
        }
    }
    Ok(archive)
}

/// The documents that change.
struct Rewriter<'a> {
    layers: &'a BTreeMap<String, &'a MadeLayer>,
    /// SOCI indexes that are removed.
    stale: BTreeSet<String>,
    /// Digests and sizes of manifests and lists, by the digests before.
    changed: BTreeMap<String, Descriptor>,
    documents: BTreeMap<Digest, Vec<u8>>,
}

impl<'a> Rewriter<'a> {
    /// Changes all manifests, so that lists can refer to any of them.
    fn new(tree: &Tree, layers: &'a BTreeMap<String, &'a MadeLayer>) -> Self {
        let leaves: Vec<&Leaf> = tree
            .entries
            .iter()
            .flat_map(Node::ends)
            .filter_map(|node| match node {
                Node::Manifest(leaf) => Some(&**leaf),
                _ => None,
            })
            .collect();
        let is_stale = |leaf: &&&Leaf| {
            matches!(leaf.kind, Kind::SociV1 | Kind::SociV2)
                && leaf.manifest.layers().iter().any(|ztoc| {
                    let of = ztoc.annotations.get(soci_index::LAYER_DIGEST);
                    of.is_some_and(|layer| layers.contains_key(layer))
                })
        };
        let stale = leaves.iter().filter(is_stale).map(|leaf| leaf.descriptor.digest.clone()).collect();
        let mut rewriter = Self { layers, stale, changed: BTreeMap::new(), documents: BTreeMap::new() };
        for leaf in leaves {
            rewriter.manifest(leaf);
        }
        rewriter
    }

    fn manifest(&mut self, leaf: &Leaf) {
        let digest = &leaf.descriptor.digest;
        if self.changed.contains_key(digest) || self.stale.contains(digest) {
            return;
        }
        let mut manifest = Manifest::clone(&leaf.manifest);
        for layer in manifest.layers.iter_mut().flatten() {
            if let Some(made) = self.layers.get(&layer.digest) {
                replace(layer, made);
            }
        }
        self.forget(&mut manifest.annotations);
        if manifest != *leaf.manifest {
            self.write(digest, manifest.to_json());
        }
    }

    /// The entries of a list, or of `index.json`, as they are now.
    fn entries(&mut self, nodes: &[Node]) -> Vec<Descriptor> {
        let mut entries = Vec::new();
        for node in nodes {
            if let Node::List { descriptor, index, entries } = node {
                let list = Index { manifests: Some(self.entries(entries)), ..Index::clone(index) };
                if list.manifests() != index.manifests() {
                    self.write(&descriptor.digest, list.to_json());
                }
            }
            let mut entry = node.descriptor().clone();
            if self.stale.contains(&entry.digest) {
                continue;
            }
            if let Some(new) = self.changed.get(&entry.digest) {
                entry.digest.clone_from(&new.digest);
                entry.size = new.size;
                entry.data = crate::Data::default();
            }
            self.forget(&mut entry.annotations);
            for key in [REFERENCE_DIGEST, soci_index::IMAGE_MANIFEST_DIGEST] {
                if let Some(digest) = entry.annotations.get_mut(key)
                    && let Some(new) = self.changed.get(digest)
                {
                    digest.clone_from(&new.digest);
                }
            }
            entries.push(entry);
        }
        entries
    }

    /// Removes the name of an index that is removed.
    fn forget(&self, annotations: &mut BTreeMap<String, String>) {
        if annotations.get(soci_index::INDEX_DIGEST).is_some_and(|digest| self.stale.contains(digest)) {
            annotations.remove(soci_index::INDEX_DIGEST);
        }
    }

    fn write(&mut self, old: &str, bytes: Vec<u8>) {
        self.changed.insert(old.to_owned(), Descriptor::of("", &bytes));
        self.documents.insert(Digest::of(&bytes), bytes);
    }
}

fn replace(layer: &mut Descriptor, made: &MadeLayer) {
    layer.media_type = media_type::as_gzip(&layer.media_type);
    layer.digest = made.digest.to_string();
    layer.size = i64::try_from(made.extent.len).unwrap_or(i64::MAX);
    // Other places have the other bytes.
    layer.urls.clear();
    layer.data = crate::Data::default();
    layer.annotations.retain(|key, _| !OF_THE_BYTES.iter().any(|prefix| key.starts_with(prefix)));
}
