//! Names to places, as if the archive had been extracted into an empty folder: a later member
//! replaces an earlier one of its name, links lead to what they name. Nothing is extracted.

use crate::source::Extent;
use std::collections::{BTreeMap, BTreeSet};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File(Extent),
    Directory,
    /// The target as written.
    Symlink(String),
    /// A file that is not stored as one run of bytes.
    Sparse,
    /// A device or a pipe.
    Special,
    /// A hard link to something that was not there when the link was made.
    DanglingLink(String),
}

/// What is behind a name once links are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    File(Extent),
    Missing,
    /// It is there, but no plain file; says what, as in "a directory".
    NotAFile(&'static str),
    /// A link leads nowhere.
    Dangling(String),
    /// Links go in circles, or further than the limit allows.
    Loop,
    /// A link leads out of the archive.
    Escapes(String),
}

/// How many distinct top-level names are remembered for naming what was found.
const TOP_NAMES: usize = 64;

/// The members of an archive by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
    top: BTreeSet<String>,
}

/// A name without empty and `.` parts; `None` when a `..` makes it climb.
///
/// Readers that extract must decide where such a name ends up; here it simply is no member.
pub(crate) fn normalise(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

/// What `target` names when read from folder `from`; `None` when it climbs out.
fn joined(from: &str, target: &str) -> Option<String> {
    let from = if target.starts_with('/') { "" } else { from };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

impl Tree {
    /// Adds a member whose name is normalised. Says whether it replaced a file.
    pub(crate) fn insert(&mut self, path: String, node: Node) -> bool {
        if path.is_empty() {
            return false; // the archive's own "./"
        }
        if self.top.len() < TOP_NAMES
            && let Some(first) = path.split('/').next()
            && !self.top.contains(first)
        {
            self.top.insert(first.to_owned());
        }
        let is_directory = node == Node::Directory;
        let before = self.nodes.insert(path.clone(), node);
        if before == Some(Node::Directory) && !is_directory {
            // Extracting a file over a folder removes what was in it.
            let below = format!("{path}/");
            let gone: Vec<String> = self
                .nodes
                .range(below.clone()..)
                .map(|(name, _)| name)
                .take_while(|name| name.starts_with(&below))
                .cloned()
                .collect();
            for name in gone {
                self.nodes.remove(&name);
            }
        }
        matches!(before, Some(Node::File(_) | Node::Sparse | Node::Symlink(_)))
    }

    /// Adds a hard link: another name for what `target` is now.
    pub(crate) fn insert_hard_link(&mut self, path: String, target: &str) -> bool {
        let found = normalise(target).and_then(|target| self.nodes.get(&target).cloned());
        let node = match found {
            Some(Node::Directory) | None => Node::DanglingLink(target.to_owned()),
            Some(node) => node,
        };
        self.insert(path, node)
    }

    /// What is behind a name, following at most `max_links` symbolic links.
    pub(crate) fn lookup(&self, name: &str, max_links: u32) -> Lookup {
        let Some(mut path) = normalise(name) else { return Lookup::Missing };
        let mut last_link: Option<String> = None;
        for _ in 0..=max_links {
            let (link, target, rest) = match self.nodes.get(&path) {
                Some(Node::File(extent)) => return Lookup::File(*extent),
                Some(Node::Directory) => return Lookup::NotAFile("a directory"),
                Some(Node::Special) => return Lookup::NotAFile("a device or pipe"),
                Some(Node::Sparse) => return Lookup::NotAFile("a sparse file"),
                Some(Node::DanglingLink(target)) => return Lookup::Dangling(target.clone()),
                Some(Node::Symlink(target)) => (path.clone(), target, String::new()),
                None => match self.linked_parent(&path) {
                    Some(found) => found,
                    None => return last_link.map_or(Lookup::Missing, Lookup::Dangling),
                },
            };
            let Some(next) = joined(parent(&link), target) else { return Lookup::Escapes(target.clone()) };
            last_link = Some(target.clone());
            path = match (next.is_empty(), rest.is_empty()) {
                (_, true) => next,
                (true, false) => rest,
                (false, false) => format!("{next}/{rest}"),
            };
        }
        Lookup::Loop
    }

    /// The outermost folder of `path` that is a link: its name, its target, and the rest.
    fn linked_parent(&self, path: &str) -> Option<(String, &String, String)> {
        path.match_indices('/').find_map(|(at, _)| {
            let (folder, rest) = (path.get(..at)?, path.get(at.checked_add(1)?..)?);
            match self.nodes.get(folder) {
                Some(Node::Symlink(target)) => Some((folder.to_owned(), target, rest.to_owned())),
                _ => None,
            }
        })
    }

    /// Whether a member of this name exists, whatever it is.
    pub(crate) fn contains(&self, path: &str) -> bool {
        self.nodes.contains_key(path)
    }

    /// Names below a folder, e.g. `blobs`, in byte order.
    pub(crate) fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = format!("{folder}/");
        self.nodes
            .range(prefix.clone()..)
            .map(|(name, _)| name.as_str())
            .take_while(move |name| name.starts_with(&prefix))
    }

    /// All names, in byte order.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }

    /// The distinct first parts of all names, in byte order; the first 64 met.
    pub(crate) fn top(&self) -> impl Iterator<Item = &str> {
        self.top.iter().map(String::as_str)
    }

    /// How many distinct first parts there are, up to 64.
    pub(crate) fn top_len(&self) -> usize {
        self.top.len()
    }

    /// The same members seen from inside `folder`: what a copy of that folder would hold.
    pub(crate) fn inside(&self, folder: &str) -> Self {
        let prefix = format!("{folder}/");
        let mut tree = Self::default();
        for (name, node) in self.nodes.range(prefix.clone()..) {
            let Some(name) = name.strip_prefix(&prefix) else { break };
            tree.insert(name.to_owned(), node.clone());
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(offset: u64) -> Node {
        Node::File(Extent { offset, len: 1 })
    }

    fn link(target: &str) -> Node {
        Node::Symlink(target.to_owned())
    }

    fn check(nodes: &[(&str, Node)], name: &str, expected: Lookup) {
        let mut tree = Tree::default();
        for (path, node) in nodes {
            tree.insert((*path).to_owned(), node.clone());
        }
        assert_eq!(tree.lookup(name, 8), expected, "{name} in {nodes:?}");
    }

    fn at(offset: u64) -> Lookup {
        Lookup::File(Extent { offset, len: 1 })
    }

    #[test]
    fn names_lose_dots_and_never_climb() {
        for (name, expected) in [
            ("./a//b/.", Some("a/b")),
            ("/etc/x", Some("etc/x")),
            ("./", Some("")),
            ("a/../b", None),
            ("../b", None),
            ("..a/b..", Some("..a/b..")),
        ] {
            assert_eq!(normalise(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn links_lead_to_files() {
        check(&[("a", file(1))], "./a", at(1));
        check(&[("d/l", link("../a")), ("a", file(1))], "d/l", at(1));
        check(&[("d/l", link("/a")), ("a", file(1))], "d/l", at(1));
        check(&[("d/l", link("m")), ("d/m", link("n")), ("d/n", file(3))], "d/l", at(3));
        check(&[("d", link("e/f")), ("e/f/x", file(4))], "d/x", at(4));
        check(&[("d", link(".")), ("x", file(4))], "d/x", at(4));
    }

    #[test]
    fn links_that_lead_nowhere_say_so() {
        check(&[], "a", Lookup::Missing);
        check(&[("l", link("gone"))], "l", Lookup::Dangling("gone".into()));
        check(&[("l", link("../../etc/passwd"))], "l", Lookup::Escapes("../../etc/passwd".into()));
        check(&[("l", link("m")), ("m", link("l"))], "l", Lookup::Loop);
        check(&[("l", link("l/l"))], "l", Lookup::Loop);
        check(&[("d", Node::Directory)], "d", Lookup::NotAFile("a directory"));
        check(&[("l", link("."))], "l", Lookup::Dangling(".".into()));
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        check(&[("a", file(1)), ("a", file(2))], "a", at(2));
        check(&[("a", file(1)), ("a", link("b"))], "a", Lookup::Dangling("b".into()));
        check(&[("a", Node::Directory), ("a/b", file(1)), ("a", file(2))], "a/b", Lookup::Missing);
        check(&[("a", Node::Directory), ("a/b", file(1)), ("a", Node::Directory)], "a/b", at(1));
    }

    #[test]
    fn a_hard_link_keeps_what_it_linked_to() {
        let mut tree = Tree::default();
        tree.insert("a".into(), file(1));
        tree.insert_hard_link("b".into(), "./a");
        tree.insert("a".into(), file(2));
        tree.insert_hard_link("c".into(), "later");
        tree.insert("later".into(), file(3));
        assert_eq!(tree.lookup("b", 8), at(1));
        assert_eq!(tree.lookup("c", 8), Lookup::Dangling("later".into()));
    }

    #[test]
    fn a_folder_can_be_seen_from_inside() {
        let mut tree = Tree::default();
        for (name, offset) in [("top/index.json", 1), ("top/blobs/x", 2), ("topper/y", 3)] {
            tree.insert(name.into(), file(offset));
        }
        let inside = tree.inside("top");
        assert_eq!(inside.names().collect::<Vec<_>>(), ["blobs/x", "index.json"]);
        assert_eq!(inside.top().collect::<Vec<_>>(), ["blobs", "index.json"]);
    }
}
