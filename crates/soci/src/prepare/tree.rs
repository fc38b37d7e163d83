//! The documents of a layout as a tree, each taken for what it is rather than for what it is
//! called.
//!
//! ```text
//! index.json ─┬─ Manifest   image, attestation, SOCI index, artefact
//!             ├─ List ─┬─ Manifest
//!             │        └─ …
//!             ├─ Repeated   a list that stands further up, too
//!             ├─ Absent     not in the archive
//!             ├─ Blob       neither a manifest nor a list
//!             └─ Broken     why it cannot be read
//! ```

use crate::error::{Document, Error, Role};
use crate::index::Shape;
use crate::store::{MAX_DOCUMENTS, Store, unreadable};
use crate::{Descriptor, Index, Manifest, media_type, resolve};
use sociscope_image::{Digest, Layout, Platform};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Lists below lists that are looked into. Whoever opened the archive stopped earlier.
const MAX_DEPTH: usize = 32;

/// What some editors put in front of a text. JSON does not allow it, and Go refuses it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a manifest is the manifest of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Attestation,
    SociV1,
    SociV2,
    Other,
}

/// A manifest, and the descriptor that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) descriptor: Descriptor,
    pub(super) manifest: Rc<Manifest>,
    pub(super) kind: Kind,
}

impl Leaf {
    /// Whether the document says that it is an index.
    pub(super) fn belies_itself(&self) -> bool {
        media_type::is_index(&self.manifest.media_type)
    }

    /// The platform: the descriptor's word, else the config's.
    ///
    /// # Errors
    /// The config cannot be read.
    pub(super) fn platform(&self, store: &Store<'_>) -> Result<Platform, Error> {
        match stated(&self.descriptor) {
            Some(platform) => Ok(platform.clone()),
            None => resolve::config_platform(store, &self.manifest.config),
        }
    }
}

/// The platform that a descriptor states; an empty one states nothing.
pub(super) fn stated(descriptor: &Descriptor) -> Option<&Platform> {
    descriptor.platform.as_ref().filter(|platform| !platform.is_empty())
}

/// What a descriptor leads to.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Manifest(Box<Leaf>),
    List { descriptor: Descriptor, index: Rc<Index>, entries: Vec<Node> },
    Repeated(Descriptor),
    Absent(Descriptor),
    Blob(Descriptor),
    Broken(Descriptor, Error),
}

impl Node {
    pub(super) fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Manifest(leaf) => &leaf.descriptor,
            Self::List { descriptor, .. }
            | Self::Repeated(descriptor)
            | Self::Absent(descriptor)
            | Self::Blob(descriptor)
            | Self::Broken(descriptor, _) => descriptor,
        }
    }

    /// All nodes that are no lists, in order.
    pub(super) fn ends(&self) -> Vec<&Self> {
        match self {
            Self::List { entries, .. } => entries.iter().flat_map(Self::ends).collect(),
            other => vec![other],
        }
    }

    /// The images below, in order.
    pub(super) fn images(&self) -> Vec<&Leaf> {
        self.ends()
            .into_iter()
            .filter_map(|node| match node {
                Self::Manifest(leaf) if leaf.kind == Kind::Image => Some(&**leaf),
                _ => None,
            })
            .collect()
    }
}

/// The documents of a layout.
#[derive(Debug)]
pub(super) struct Tree {
    /// `index.json`.
    pub(super) top: Index,
    /// Its entries.
    pub(super) entries: Vec<Node>,
}

impl Tree {
    /// Reads it.
    ///
    /// # Errors
    /// `index.json` cannot be read, or refers to too much.
    pub(super) fn of(layout: &Layout) -> Result<Self, Error> {
        let text = layout.index_json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&layout.index_json);
        let top = Index::parse(text).map_err(|error| Error::Json { document: Document::IndexJson, error })?;
        let mut reader = Reader {
            store: Store::new(layout),
            manifests: BTreeMap::new(),
            lists: BTreeSet::new(),
            nodes: 0,
        };
        let entries = reader.entries(top.manifests(), 0)?;
        Ok(Self { top, entries })
    }
}

struct Reader<'a> {
    store: Store<'a>,
    /// Those read so far: a large one may be listed a thousand times.
    manifests: BTreeMap<Digest, Rc<Manifest>>,
    lists: BTreeSet<Digest>,
    nodes: usize,
}

impl Reader<'_> {
    fn entries(&mut self, entries: &[Descriptor], depth: usize) -> Result<Vec<Node>, Error> {
        entries.iter().map(|entry| self.node(entry.clone(), depth)).collect()
    }

    fn node(&mut self, descriptor: Descriptor, depth: usize) -> Result<Node, Error> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MAX_DOCUMENTS {
            return Err(Error::TooManyDocuments { limit: MAX_DOCUMENTS });
        }
        let role = if media_type::is_index(&descriptor.media_type) { Role::Index } else { Role::Manifest };
        let Some(digest) = descriptor.parse_digest() else {
            let error = Error::MalformedDigest { text: descriptor.digest.clone() };
            return Ok(Node::Broken(descriptor, error));
        };
        if let Some(manifest) = self.manifests.get(&digest) {
            return Ok(leaf(descriptor, Rc::clone(manifest)));
        }
        if self.lists.contains(&digest) {
            return Ok(Node::Repeated(descriptor));
        }
        let bytes = match self.store.read(&descriptor, role) {
            Ok(bytes) => bytes.into_owned(),
            Err(Error::Missing { .. }) => return Ok(Node::Absent(descriptor)),
            // Nobody has read it, for it is no document.
            Err(_) if !is_document(&descriptor) => return Ok(Node::Blob(descriptor)),
            Err(error) => return Ok(Node::Broken(descriptor, error)),
        };
        let shape = match Shape::parse(&bytes) {
            Ok(shape) => shape,
            Err(_) if !is_document(&descriptor) => return Ok(Node::Blob(descriptor)),
            Err(error) => {
                let error = unreadable(&descriptor)(error);
                return Ok(Node::Broken(descriptor, error));
            }
        };
        match meaning(&descriptor, &shape) {
            Meaning::Manifest => match Manifest::parse(&bytes) {
                Ok(manifest) => {
                    let manifest = Rc::new(manifest);
                    self.manifests.insert(digest, Rc::clone(&manifest));
                    Ok(leaf(descriptor, manifest))
                }
                Err(error) => {
                    let error = unreadable(&descriptor)(error);
                    Ok(Node::Broken(descriptor, error))
                }
            },
            Meaning::List if depth >= MAX_DEPTH => Ok(Node::Absent(descriptor)),
            Meaning::List => match Index::parse(&bytes) {
                Ok(index) => {
                    self.lists.insert(digest);
                    let entries = self.entries(index.manifests(), depth.saturating_add(1))?;
                    Ok(Node::List { descriptor, index: Rc::new(index), entries })
                }
                Err(error) => {
                    let error = unreadable(&descriptor)(error);
                    Ok(Node::Broken(descriptor, error))
                }
            },
            Meaning::Unclear(found) => {
                let listed_as = if role == Role::Index { "an image index" } else { "an image manifest" };
                let error = Error::OtherShape { digest: descriptor.digest.clone(), listed_as, found };
                Ok(Node::Broken(descriptor, error))
            }
            Meaning::Neither => Ok(Node::Blob(descriptor)),
        }
    }
}

fn is_document(descriptor: &Descriptor) -> bool {
    media_type::is_manifest(&descriptor.media_type) || media_type::is_index(&descriptor.media_type)
}

enum Meaning {
    Manifest,
    List,
    /// It can be read in two ways, or in none that has a config.
    Unclear(&'static str),
    Neither,
}

/// What a document is: by its fields, and only where they do not tell, by its types.
fn meaning(descriptor: &Descriptor, shape: &Shape) -> Meaning {
    let is_manifest = shape.has_config || shape.has_layers;
    match (shape.has_manifests, is_manifest) {
        _ if shape.has_fs_layers => Meaning::Unclear("a manifest of Docker's first schema"),
        (true, true) => Meaning::Unclear("both an image manifest and an image index"),
        (true, false) => Meaning::List,
        (false, true) => Meaning::Manifest,
        (false, false) if media_type::is_manifest(&descriptor.media_type) => Meaning::Manifest,
        (false, false) if media_type::is_index(&descriptor.media_type) => Meaning::List,
        (false, false) => Meaning::Neither,
    }
}

fn leaf(descriptor: Descriptor, manifest: Rc<Manifest>) -> Node {
    let kind = kind(&descriptor, &manifest);
    Node::Manifest(Box::new(Leaf { descriptor, manifest, kind }))
}

/// The same rules as whoever opened the archive has, so that images are found again.
fn kind(descriptor: &Descriptor, manifest: &Manifest) -> Kind {
    let config = manifest.config.media_type.as_str();
    let types = [descriptor.artifact_type.as_str(), manifest.artifact_type.as_str(), config];
    if types.contains(&media_type::SOCI_INDEX_V2) {
        Kind::SociV2
    } else if types.contains(&media_type::SOCI_INDEX_V1) {
        Kind::SociV1
    } else if descriptor.annotations.contains_key(REFERENCE_TYPE)
        || stated(descriptor).is_some_and(Platform::is_unknown)
    {
        Kind::Attestation
    } else if media_type::is_config(config) || config.is_empty() {
        Kind::Image
    } else {
        Kind::Other
    }
}

/// On an attestation: that it is one.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// What a descriptor in `index.json` calls the image: the full name, a tag only where there is no
/// more.
pub(super) fn name(descriptor: &Descriptor) -> Option<&str> {
    [media_type::CONTAINERD_NAME, media_type::REF_NAME]
        .into_iter()
        .filter_map(|key| descriptor.annotations.get(key))
        .map(String::as_str)
        .find(|name| !name.is_empty())
}
