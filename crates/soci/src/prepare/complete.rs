//! An image written down as the reference would take it: one list, one level, every entry with its
//! platform and its right type, nothing in it that is not the image's.

use super::choose::{left_out, refusal};
use super::subject::Group;
use super::tree::{BYTE_ORDER_MARK, Kind, Leaf, Node, Tree, stated};
use super::{Note, Prepared};
use crate::error::Error;
use crate::rewrite::REFERENCE_DIGEST;
use crate::store::Store;
use crate::{Descriptor, Index, Manifest, PlatformChoice, media_type, soci_index};
use sociscope_image::{Digest, Layout, Platform};
use std::collections::{BTreeMap, BTreeSet};

/// Whether there is a SOCI index whose descriptor does not say so.
pub(super) fn has_untyped_index(node: &Node) -> bool {
    node.ends().iter().any(|end| match end {
        Node::Manifest(leaf) => is_untyped_index(leaf),
        _ => false,
    })
}

fn is_untyped_index(leaf: &Leaf) -> bool {
    leaf.kind == Kind::SociV2 && leaf.descriptor.artifact_type != media_type::SOCI_INDEX_V2
}

/// An image that is being written down as the reference would take it.
pub(super) struct Completion<'a> {
    pub(super) layout: &'a Layout,
    pub(super) tree: &'a Tree,
    pub(super) group: &'a Group,
    pub(super) notes: Vec<Note>,
}

/// What has been done to the entries of a list.
#[derive(Default)]
struct Done {
    platforms: usize,
    types: usize,
    absent: usize,
    artefacts: usize,
    legacy: usize,
    untyped: usize,
    sizes: usize,
    /// Entries of `index.json` that are neither images nor belong to one, or only repeat one.
    others: usize,
}

impl Completion<'_> {
    /// Writes it down.
    pub(super) fn run(mut self, groups: &[Group]) -> Result<Prepared, Error> {
        let label = self.group.names.first().cloned().unwrap_or_else(|| {
            self.group
                .images(self.tree)
                .first()
                .map_or_else(String::new, |leaf| leaf.descriptor.digest.clone())
        });
        self.notes.extend(left_out(&label, groups.len()));
        if groups.len() == 1 && self.group.entries.len() == 1 && self.group.listed > 1 {
            self.notes.push(Note::new(
                "tags-merged",
                format!(
                    "index.json lists the same image {} times, under the names {}; it is converted once.",
                    self.group.listed,
                    self.group.names.join(", ")
                ),
            ));
        }
        let mut done = Done::default();
        self.legacy_beside(&mut done);
        if self.layout.index_json.starts_with(BYTE_ORDER_MARK) {
            self.notes.push(Note::new(
                "byte-order-mark-removed",
                "The byte order mark at the beginning of index.json, which JSON does not allow, is removed.",
            ));
        }
        let known: usize = groups.iter().map(|group| group.listed).sum();
        let known = known.saturating_add(done.legacy).saturating_add(self.companions().len());
        done.others = self.tree.entries.len().saturating_sub(known);
        match self.alone() {
            Some(layout) => {
                self.tell(&[], &done);
                Ok(Prepared { layout, notes: self.notes, reference: false })
            }
            None => self.flat(done),
        }
    }

    /// The entry as it is, without the others: if the reference takes that, nothing is to be done.
    fn alone(&self) -> Option<Layout> {
        let [entry] = self.group.entries.as_slice() else { return None };
        let node = self.tree.entries.get(*entry)?;
        if has_untyped_index(node) || !self.companions().is_empty() {
            return None;
        }
        let layout = with_top(self.layout, &self.tree.top, node.descriptor().clone());
        refusal(&layout, &PlatformChoice::All).is_none().then_some(layout)
    }

    /// Entries of `index.json` that are no images but belong to this one.
    fn companions(&self) -> Vec<&Leaf> {
        let images: Vec<&Leaf> = self.group.images(self.tree);
        let is_ours = |digest: Option<&String>| {
            digest.is_some_and(|digest| images.iter().any(|image| image.descriptor.digest == *digest))
        };
        let belongs = |leaf: &Leaf| {
            let annotations = &leaf.descriptor.annotations;
            match leaf.kind {
                Kind::Attestation => is_ours(annotations.get(REFERENCE_DIGEST)),
                Kind::SociV2 => {
                    is_ours(annotations.get(soci_index::IMAGE_MANIFEST_DIGEST))
                        || images.iter().any(|image| names_index(image, &leaf.descriptor))
                }
                Kind::Image | Kind::SociV1 | Kind::Other => false,
            }
        };
        self.tree
            .entries
            .iter()
            .filter_map(|node| match node {
                Node::Manifest(leaf) if belongs(leaf) => Some(&**leaf),
                _ => None,
            })
            .collect()
    }

    /// One list of everything that is the image's.
    fn flat(mut self, mut done: Done) -> Result<Prepared, Error> {
        let store = Store::new(self.layout);
        let nodes: Vec<&Node> =
            self.group.entries.iter().filter_map(|&entry| self.tree.entries.get(entry)).collect();
        let mut documents = BTreeMap::new();
        let mut entries: Vec<Descriptor> = Vec::new();
        for end in nodes.iter().flat_map(|node| node.ends()) {
            match end {
                Node::Manifest(leaf) => {
                    entries.extend(self.entry(&store, leaf, &mut done, &mut documents)?);
                }
                Node::Broken(_, error) => return Err(error.clone()),
                Node::Absent(_) => done.absent += 1,
                Node::Blob(blob) if stated(blob).is_some() => entries.push(blob.clone()),
                Node::Blob(_) => done.artefacts += 1,
                Node::Repeated(_) | Node::List { .. } => {}
            }
        }
        for companion in self.companions() {
            entries.extend(self.entry(&store, companion, &mut done, &mut documents)?);
        }
        let mut seen = BTreeSet::new();
        entries.retain(|entry| seen.insert((entry.digest.clone(), entry.platform.clone())));
        follow(&mut entries, &documents);

        let annotations = self.list_annotations(&nodes);
        if let ([only], true) = (entries.as_mut_slice(), annotations.is_empty()) {
            let image = self.group.images(self.tree).into_iter().find(|image| {
                stated(&image.descriptor).is_none()
                    && media_type::is_config(&image.manifest.config.media_type)
            });
            if image.is_some() {
                // The reference reads it from the config, too, where there is no list.
                only.platform = None;
                done.platforms = 0;
            }
        }
        let mut layout = match entries.as_slice() {
            [only] if annotations.is_empty() => with_top(self.layout, &self.tree.top, only.clone()),
            _ => {
                let list = Index {
                    schema_version: 2,
                    media_type: media_type::OCI_INDEX.to_owned(),
                    manifests: Some(entries),
                    annotations,
                    ..Index::default()
                }
                .to_json();
                let mut descriptor = Descriptor::of(media_type::OCI_INDEX, &list);
                if let [only] = nodes.as_slice() {
                    descriptor.annotations.clone_from(&only.descriptor().annotations);
                }
                let mut layout = with_top(self.layout, &self.tree.top, descriptor);
                layout.documents.insert(Digest::of(&list), list);
                layout
            }
        };
        layout.documents.extend(documents.into_values().map(|bytes| (Digest::of(&bytes), bytes)));
        self.tell(&nodes, &done);
        Ok(Prepared { layout, notes: self.notes, reference: false })
    }

    /// The entry of a manifest in the list, if it belongs there. A document that had to be
    /// written anew goes into `documents`, by the digest it had.
    fn entry(
        &self,
        store: &Store<'_>,
        leaf: &Leaf,
        done: &mut Done,
        documents: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<Option<Descriptor>, Error> {
        let mut entry = leaf.descriptor.clone();
        let found = stated(&entry).cloned();
        let platform = match leaf.kind {
            Kind::SociV1 => {
                done.legacy += 1;
                return Ok(None);
            }
            Kind::Other if found.is_none() => {
                done.artefacts += 1;
                return Ok(None);
            }
            Kind::Image | Kind::Other => Some(leaf.platform(store)?),
            Kind::Attestation => found.clone().or_else(|| Some(Platform::new("unknown", "unknown", ""))),
            Kind::SociV2 => found.clone().or_else(|| self.platform_of_index(store, leaf)),
        };
        let Some(platform) = platform else {
            done.artefacts += 1;
            return Ok(None);
        };
        done.platforms += usize::from(found.is_none() && leaf.kind == Kind::Image);
        entry.platform = Some(platform);
        if !media_type::is_manifest(&entry.media_type) {
            media_type::OCI_MANIFEST.clone_into(&mut entry.media_type);
            done.types += 1;
        }
        let len = entry.parse_digest().and_then(|digest| store.document(&digest)).map(<[u8]>::len);
        if let Some(Ok(len)) = len.map(i64::try_from)
            && len != entry.size
        {
            entry.size = len;
            done.sizes += 1;
        }
        if is_untyped_index(leaf) {
            media_type::SOCI_INDEX_V2.clone_into(&mut entry.artifact_type);
            done.untyped += 1;
        }
        if leaf.belies_itself() {
            let manifest =
                Manifest { media_type: entry.media_type.clone(), ..Manifest::clone(&leaf.manifest) };
            let bytes = manifest.to_json();
            let new = Descriptor::of(&entry.media_type, &bytes);
            documents.insert(std::mem::replace(&mut entry.digest, new.digest), bytes);
            entry.size = new.size;
            done.types += 1;
        }
        Ok(Some(entry))
    }

    /// The platform of the image that an index belongs to.
    fn platform_of_index(&self, store: &Store<'_>, index: &Leaf) -> Option<Platform> {
        let named = index.descriptor.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST);
        let images = self.group.images(self.tree);
        let image = images
            .iter()
            .find(|image| Some(&image.descriptor.digest) == named || names_index(image, &index.descriptor))?;
        image.platform(store).ok()
    }

    /// Counts indexes of version 1 that stand beside the image.
    fn legacy_beside(&self, done: &mut Done) {
        let beside = self
            .tree
            .entries
            .iter()
            .enumerate()
            .filter(|(entry, _)| !self.group.entries.contains(entry))
            .filter(|(_, node)| matches!(node, Node::Manifest(leaf) if leaf.kind == Kind::SociV1));
        done.legacy += beside.count();
    }

    /// What the lists say about themselves; an outer list's word counts more.
    fn list_annotations(&self, nodes: &[&Node]) -> BTreeMap<String, String> {
        fn gather(node: &Node, into: &mut BTreeMap<String, String>) {
            if let Node::List { index, entries, .. } = node {
                for (key, value) in &index.annotations {
                    into.entry(key.clone()).or_insert_with(|| value.clone());
                }
                entries.iter().for_each(|entry| gather(entry, into));
            }
        }
        let mut annotations =
            if nodes.len() > 1 { self.tree.top.annotations.clone() } else { BTreeMap::new() };
        nodes.iter().for_each(|node| gather(node, &mut annotations));
        annotations
    }

    fn tell(&mut self, nodes: &[&Node], done: &Done) {
        let nested = |node: &&&Node| match node {
            Node::List { entries, .. } => {
                nodes.len() > 1 || entries.iter().any(|entry| matches!(entry, Node::List { .. }))
            }
            _ => false,
        };
        let mut say = |count: usize, id, one: &str, several: &str| {
            if count > 0 {
                let sentence =
                    if count == 1 { one.to_owned() } else { several.replace('#', &count.to_string()) };
                self.notes.push(Note::new(id, sentence));
            }
        };
        say(
            usize::from(nodes.iter().any(|node| nested(&node))),
            "lists-flattened",
            "The image indexes that lie inside one another are written down as one.",
            "",
        );
        say(
            done.platforms,
            "platform-filled",
            "The platform that the list does not state for one of its images is taken from the config.",
            "The platforms that the list does not state for # of its images are taken from their configs.",
        );
        say(
            done.types,
            "type-corrected",
            "A manifest that is listed as something else, or calls itself so, is taken for what it is.",
            "# manifests that are listed as something else, or call themselves so, are taken for what they are.",
        );
        say(
            done.sizes,
            "size-corrected",
            "A manifest is listed with a wrong size; its digest is right, so its own size is taken.",
            "# manifests are listed with wrong sizes; their digests are right, so their own sizes are taken.",
        );
        say(
            done.legacy,
            "soci-v1-left-out",
            "The SOCI index of version 1 beside the image is left out: it describes the image as it was.",
            "# SOCI indexes of version 1 beside the image are left out: they describe the image as it was.",
        );
        say(
            done.untyped,
            "soci-type-restored",
            "A SOCI index in the image has lost its artifact type; it is recognised by its config.",
            "# SOCI indexes in the image have lost their artifact type; they are recognised by their configs.",
        );
        say(
            done.absent,
            "absent-left-out",
            "One manifest that the list names is not in the archive and is left out.",
            "# manifests that the list names are not in the archive and are left out.",
        );
        say(
            done.artefacts,
            "artefact-left-out",
            "One entry of the list is no image and states no platform; it is left out.",
            "# entries of the list are no images and state no platform; they are left out.",
        );
        say(
            done.others,
            "entry-left-out",
            "One entry of index.json adds nothing to the image and is left out.",
            "# entries of index.json add nothing to the image and are left out.",
        );
    }
}

/// Whether an image names an index as its own.
fn names_index(image: &Leaf, index: &Descriptor) -> bool {
    image.manifest.annotations.get(soci_index::INDEX_DIGEST) == Some(&index.digest)
}

/// What refers to a document that was written anew follows it.
fn follow(entries: &mut [Descriptor], documents: &BTreeMap<String, Vec<u8>>) {
    for entry in entries {
        for key in [REFERENCE_DIGEST, soci_index::IMAGE_MANIFEST_DIGEST] {
            if let Some(digest) = entry.annotations.get_mut(key)
                && let Some(bytes) = documents.get(digest)
            {
                *digest = Digest::of(bytes).to_string();
            }
        }
    }
}

/// The layout with one entry in `index.json`.
fn with_top(layout: &Layout, top: &Index, entry: Descriptor) -> Layout {
    let top = Index { manifests: Some(vec![entry]), ..top.clone() };
    // Which also takes the byte order mark away.
    Layout { index_json: top.to_json(), ..layout.clone() }
}
