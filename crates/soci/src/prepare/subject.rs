//! What of an archive can be converted.
//!
//! `index.json` may list one image, one per tag, or the platforms of one image; nothing in it
//! says which. The reference always takes the third. So what it can take as one image is one, unless
//! two different images in it are for the same platform: then they are versions, not platforms.
//! Where the reference gives up, the names decide: entries that are called alike are one image.

use super::Subject;
use super::choose::refusal;
use super::tree::{Leaf, Node, Tree, name, stated};
use crate::PlatformChoice;
use crate::store::Store;
use sociscope_image::{Archive, Format, ImageKind, Layout, Platform};
use std::collections::{BTreeMap, BTreeSet};

/// What can be converted. Never empty if the archive has an image.
///
/// Of a docker-archive, each of its elements. Of an OCI layout, the whole if it is one image for
/// several platforms, else each entry of `index.json` that leads to an image; entries that lead to
/// the same are one. Attestations, SOCI indexes and other artefacts are no subjects: they go with
/// their image.
#[must_use]
pub fn subjects(archive: &Archive) -> Vec<Subject> {
    let found: Vec<Subject> = match &archive.layout {
        Some(layout) if archive.format == Format::OciArchive => Tree::of(layout)
            .map(|tree| groups(layout, &tree).iter().map(|group| group.subject(archive, &tree)).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    if found.is_empty() { each(archive) } else { found }
}

/// Each image by itself.
fn each(archive: &Archive) -> Vec<Subject> {
    archive
        .images
        .iter()
        .enumerate()
        .filter(|(_, image)| image.kind == ImageKind::Image)
        .map(|(index, image)| Subject { names: image.names.clone(), images: vec![index] })
        .collect()
}

/// Entries of `index.json` that are one image.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) names: Vec<String>,
    /// Places in `index.json`, those that lead to the same more than once left out.
    pub(super) entries: Vec<usize>,
    /// How many places lead here.
    pub(super) listed: usize,
}

impl Group {
    fn of(entry: usize, node: &Node) -> Self {
        let mut names = Vec::new();
        collect_names(node, &mut names);
        Self { names, entries: vec![entry], listed: 1 }
    }

    fn add_names(&mut self, names: &[String]) {
        for name in names {
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
    }

    /// The images, in order.
    pub(super) fn images<'t>(&self, tree: &'t Tree) -> Vec<&'t Leaf> {
        self.entries.iter().filter_map(|&entry| tree.entries.get(entry)).flat_map(Node::images).collect()
    }

    fn subject(&self, archive: &Archive, tree: &Tree) -> Subject {
        let mut images: Vec<usize> =
            self.images(tree).into_iter().filter_map(|leaf| place(archive, leaf)).collect();
        images.sort_unstable();
        images.dedup();
        Subject { names: self.names.clone(), images }
    }
}

fn collect_names(node: &Node, names: &mut Vec<String>) {
    names.extend(name(node.descriptor()).map(str::to_owned).filter(|name| !names.contains(name)));
    if let Node::List { entries, .. } = node {
        entries.iter().for_each(|entry| collect_names(entry, names));
    }
}

/// Where an image stands in the archive's list.
fn place(archive: &Archive, leaf: &Leaf) -> Option<usize> {
    let same = |index: &usize| {
        archive.images.get(*index).is_some_and(|image| {
            image.kind == ImageKind::Image
                && image.manifest.as_ref().is_some_and(|digest| digest.as_str() == leaf.descriptor.digest)
        })
    };
    let mut candidates: Vec<usize> = (0..archive.images.len()).filter(same).collect();
    if let Some(platform) = stated(&leaf.descriptor) {
        let alike =
            |index: &usize| archive.images.get(*index).is_some_and(|image| image.platform == *platform);
        if let Some(exact) = candidates.iter().copied().find(alike) {
            candidates = vec![exact];
        }
    }
    candidates.first().copied()
}

/// The images in an OCI layout.
pub(super) fn groups(layout: &Layout, tree: &Tree) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (entry, node) in tree.entries.iter().enumerate() {
        let same = groups.iter_mut().find(|group| {
            group.entries.iter().filter_map(|&earlier| tree.entries.get(earlier)).any(|earlier| {
                earlier.descriptor().digest == node.descriptor().digest
                    && earlier.images().len() >= node.images().len()
            })
        });
        match same {
            Some(group) => {
                group.add_names(&Group::of(entry, node).names);
                group.listed = group.listed.saturating_add(1);
            }
            None if node.images().is_empty() => {}
            None => groups.push(Group::of(entry, node)),
        }
    }
    drop_repeated(&mut groups, tree);
    if groups.len() < 2 {
        return groups;
    }
    let store = Store::new(layout);
    let alike = groups.windows(2).all(|pair| match pair {
        [one, other] => {
            one.names.iter().collect::<BTreeSet<_>>() == other.names.iter().collect::<BTreeSet<_>>()
        }
        _ => true,
    });
    let is_one = !same_platform_twice(&store, &groups, tree)
        && (alike || refusal(layout, &PlatformChoice::All).is_none());
    if is_one {
        let mut whole = Group::default();
        for group in &groups {
            whole.add_names(&group.names);
            whole.entries.extend(&group.entries);
            whole.listed = whole.listed.saturating_add(group.listed);
        }
        groups = vec![whole];
    }
    groups
}

/// An entry without a name of its own, all of whose images stand in another entry, adds nothing.
fn drop_repeated(groups: &mut Vec<Group>, tree: &Tree) {
    let digests: Vec<BTreeSet<&str>> = groups
        .iter()
        .map(|group| group.images(tree).into_iter().map(|leaf| leaf.descriptor.digest.as_str()).collect())
        .collect();
    let mut holders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, own) in digests.iter().enumerate() {
        own.iter().for_each(|digest| holders.entry(digest).or_default().push(index));
    }
    let is_elsewhere = |index: usize, own: &BTreeSet<&str>| {
        let others = own.first().and_then(|first| holders.get(first));
        others.into_iter().flatten().any(|&other| {
            let theirs = digests.get(other).filter(|_| other != index);
            theirs.is_some_and(|theirs| own.is_subset(theirs) && (own.len() < theirs.len() || other < index))
        })
    };
    let mut index = 0;
    groups.retain(|group| {
        let own = digests.get(index);
        let repeated = group.names.is_empty() && own.is_some_and(|own| is_elsewhere(index, own));
        index += 1;
        !repeated
    });
}

/// Whether two different images are for the same platform.
fn same_platform_twice(store: &Store<'_>, groups: &[Group], tree: &Tree) -> bool {
    let mut seen: BTreeMap<Platform, &str> = BTreeMap::new();
    groups.iter().flat_map(|group| group.images(tree)).any(|leaf| {
        // What does not say its platform could be for any.
        let Ok(platform) = leaf.platform(store) else { return true };
        let digest = leaf.descriptor.digest.as_str();
        seen.insert(platform.normalised(), digest).is_some_and(|other| other != digest)
    })
}
