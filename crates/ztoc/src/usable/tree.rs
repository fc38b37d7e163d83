//! The names of a layer as the snapshotter's metadata database sees them (`metadata/reader.go`).
//!
//! Every entry but a hard link gets a node; names lead from node to node. Names are cleaned lexically,
//! as Go's `filepath.Clean` does below `/`, so `./x`, `/x` and `a/../x` are one name. A name given again
//! leads to the new node, and only hard links made before still lead to the old one; a directory given
//! again keeps its node.

use crate::tar::entries::{Entry, EntryKind};
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;

/// A node. Its number is of no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Node(u32);

const ROOT: Node = Node(0);

/// The tree of names, while entries are added in order.
///
/// Keys borrow from the zTOC. The map is a std one with its random seed: names come from strangers.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    children: HashMap<(u32, &'a [u8]), Node>,
    nodes: u32,
    /// The directory of the entry before, as written, and its node: most entries come in runs.
    recent: Option<(&'a [u8], Node)>,
    /// The parts of a cleaned name.
    parts: Vec<&'a [u8]>,
}

impl<'a> Tree<'a> {
    /// With room for so many names: growing would hash them all again.
    pub(super) fn with_capacity(names: usize) -> Self {
        Self { children: HashMap::with_capacity(names), ..Self::default() }
    }

    /// Adds an entry. `None` for a hard link whose target is not there yet, which ends the mount.
    pub(super) fn add(&mut self, entry: &Entry<'a>) -> Option<Node> {
        let node = match entry.kind {
            EntryKind::HardLink => Some(self.find(entry.link_name)?),
            _ => None,
        };
        if let Some((directory, name)) = plain(entry.name)
            && let Some((recent, parent)) = self.recent
            && directory == recent
        {
            return Some(self.put(parent, name, node, entry.kind));
        }
        let mut parts = std::mem::take(&mut self.parts);
        clean(entry.name, &mut parts);
        let added = match parts.split_last() {
            // The root: a directory is the root itself, anything else a node that no name leads to.
            None if entry.kind == EntryKind::Directory => ROOT,
            None => node.unwrap_or_else(|| self.new_node()),
            Some((name, directories)) => {
                let parent = directories.iter().fold(ROOT, |node, part| self.directory(node, part));
                self.recent = plain(entry.name).map(|(directory, _)| (directory, parent));
                self.put(parent, name, node, entry.kind)
            }
        };
        self.parts = parts;
        Some(added)
    }

    /// The node that a name leads to.
    pub(super) fn find(&mut self, name: &'a [u8]) -> Option<Node> {
        if let Some((directory, name)) = plain(name)
            && let Some((recent, parent)) = self.recent
            && directory == recent
        {
            return self.children.get(&(parent.0, name)).copied();
        }
        let mut parts = std::mem::take(&mut self.parts);
        clean(name, &mut parts);
        let found = parts.iter().try_fold(ROOT, |node, part| self.children.get(&(node.0, *part)).copied());
        self.parts = parts;
        found
    }

    /// Which nodes a name leads to.
    pub(super) fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.nodes as usize + 1];
        for node in self.children.values() {
            if let Some(slot) = reachable.get_mut(node.0 as usize) {
                *slot = true;
            }
        }
        reachable
    }

    /// Whether [`reachable`](Self::reachable) says so of a node.
    pub(super) fn is_reachable(reachable: &[bool], node: Node) -> bool {
        reachable.get(node.0 as usize).is_some_and(|reachable| *reachable)
    }

    fn put(&mut self, parent: Node, name: &'a [u8], node: Option<Node>, kind: EntryKind) -> Node {
        let new = Node(self.nodes.saturating_add(1));
        let is_new = match self.children.entry((parent.0, name)) {
            Slot::Vacant(slot) => *slot.insert(node.unwrap_or(new)) == new,
            // A directory given again stays itself.
            Slot::Occupied(slot) if node.is_none() && kind == EntryKind::Directory => return *slot.get(),
            Slot::Occupied(mut slot) => {
                slot.insert(node.unwrap_or(new));
                // It may have been a directory on the way to the recent one.
                self.recent = None;
                node.is_none()
            }
        };
        if is_new {
            self.nodes = new.0;
        }
        node.unwrap_or(new)
    }

    /// The child of a directory, made if there is none.
    fn directory(&mut self, parent: Node, name: &'a [u8]) -> Node {
        match self.children.get(&(parent.0, name)) {
            Some(node) => *node,
            None => {
                let node = self.new_node();
                self.children.insert((parent.0, name), node);
                node
            }
        }
    }

    fn new_node(&mut self) -> Node {
        self.nodes = self.nodes.saturating_add(1);
        Node(self.nodes)
    }
}

/// Splits a name into its directory, as written, and its last part, if that needs no cleaning.
fn plain(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = name.strip_suffix(b"/").unwrap_or(name);
    let start = name.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    let (directory, last) = name.split_at_checked(start)?;
    (!matches!(last, b"" | b"." | b"..")).then_some((directory, last))
}

/// The parts of a name as `filepath.Clean("/" + name)` leaves them.
fn clean<'a>(name: &'a [u8], parts: &mut Vec<&'a [u8]>) {
    parts.clear();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_as_below_a_root() {
        let table: [(&[u8], &[&[u8]]); 8] = [
            (b"", &[]),
            (b"/", &[]),
            (b"./", &[]),
            (b"..", &[]),
            (b"a/../x", &[b"x"]),
            (b"../../x", &[b"x"]),
            (b"./usr//bin/", &[b"usr", b"bin"]),
            (b"/a/./b/../c", &[b"a", b"c"]),
        ];
        for (name, expected) in table {
            let mut parts = Vec::new();
            clean(name, &mut parts);
            assert_eq!(parts, expected, "{}", name.escape_ascii());
        }
    }
}
