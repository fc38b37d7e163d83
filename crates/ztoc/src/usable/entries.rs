//! What the snapshotter does with entries: it computes where their headers lie, resolves hard links,
//! and compares each file that is opened with its header in the layer.

use super::tree::{Node, Tree};
use super::{Findings, UnusableReason as Reason};
use crate::build::Build;
use crate::error::excerpt;
use crate::limits::Limits;
use crate::tar::entries::{Entry, EntryKind, Origin};
use crate::time::Timestamp;
use crate::ztoc::{StoredCheckpoints, Ztoc};

const BLOCK: i64 = 512;
const XATTR: &[u8] = b"SCHILY.xattr.";

/// An entry, how the archive wrote it, and where the snapshotter looks for its header.
struct Seen<'a> {
    entry: Entry<'a>,
    built: Option<Built>,
    header: i64,
}

/// What only the builder knows of an entry.
#[derive(Clone, Copy)]
struct Built {
    origin: Origin,
    has_text: bool,
}

pub(super) fn check(ztoc: &Ztoc<'_>, build: Option<&Build>, findings: &mut Findings) {
    let entries = Entries::new(ztoc, build);
    let (mut has_links, mut has_doubtful_files) = (false, false);
    let mut previous: Option<Entry<'_>> = None;
    entries.for_each(|seen| {
        let entry = &seen.entry;
        if let Some(previous) = previous.filter(|_| seen.header > position(entry)) {
            findings.push(overlap(&previous), || excerpt(previous.name));
        }
        if let Some(reason) = loses_xattrs(entry).filter(|reason| *reason == Reason::NamelessXattr) {
            findings.push(reason, || excerpt(entry.name));
        }
        has_links |= entry.kind == EntryKind::HardLink;
        has_doubtful_files |= file_problem(ztoc, seen).is_some();
        previous = Some(*entry);
    });
    if !has_links && !has_doubtful_files {
        return;
    }
    let mut tree = Tree::with_capacity(ztoc.entry_count());
    let mut nodes: Vec<Option<Node>> = Vec::with_capacity(ztoc.entry_count());
    let mut broken_links = Vec::new();
    entries.for_each(|seen| {
        let node = tree.add(&seen.entry);
        if node.is_none() {
            broken_links.push((seen.entry.name, seen.entry.link_name));
        }
        nodes.push(node);
    });
    for (name, target) in broken_links {
        // With all entries there, what is found now comes later.
        let is_here = tree.find(target).is_some();
        let target = excerpt(target);
        let reason =
            if is_here { Reason::HardLinkForward { target } } else { Reason::HardLinkElsewhere { target } };
        findings.push(reason, || excerpt(name));
    }
    if !has_doubtful_files {
        return;
    }
    // A file that a later entry replaces is never opened.
    let reachable = tree.reachable();
    let mut nodes = nodes.into_iter();
    entries.for_each(|seen| {
        let is_reachable = nodes.next().flatten().is_some_and(|node| Tree::is_reachable(&reachable, node));
        if is_reachable && let Some(reason) = file_problem(ztoc, seen) {
            findings.push(reason, || excerpt(seen.entry.name));
        }
    });
}

/// The entries by offset, which is the order the snapshotter brings them into.
enum Entries<'a, 'b> {
    AsStored(&'b Ztoc<'a>, Option<&'b Build>),
    Sorted(Vec<(Entry<'a>, Option<Built>)>),
}

impl<'a, 'b> Entries<'a, 'b> {
    fn new(ztoc: &'b Ztoc<'a>, build: Option<&'b Build>) -> Self {
        let build = build.filter(|build| build.entries().len() == ztoc.entry_count());
        let as_stored = Self::AsStored(ztoc, build);
        let most = Limits::default().max_entries;
        if ztoc.entries().map(|entry| entry.offset).is_sorted()
            || u32::try_from(ztoc.entry_count()).map_or(true, |count| count > most)
        {
            return as_stored;
        }
        let mut entries = Vec::new();
        as_stored.for_each(|seen| entries.push((seen.entry, seen.built)));
        entries.sort_by_key(|(entry, _)| entry.offset);
        Self::Sorted(entries)
    }

    /// Goes through all of them, and computes where their headers are looked for.
    fn for_each(&self, mut visit: impl FnMut(&Seen<'a>)) {
        let mut header = 0;
        let mut visit = |entry: Entry<'a>, built| {
            visit(&Seen { entry, built, header });
            // Go's integers wrap.
            header = next_block(position(&entry).wrapping_add(entry.size));
        };
        match self {
            Self::AsStored(ztoc, build) => {
                let mut built = build.map(|build| {
                    let entries = build.entries();
                    entries
                        .origins()
                        .zip(entries.iter())
                        .map(|(origin, entry)| Built { origin, has_text: entry.modified.has_text() })
                });
                for entry in ztoc.entries() {
                    visit(entry, built.as_mut().and_then(Iterator::next));
                }
            }
            Self::Sorted(entries) => entries.iter().for_each(|(entry, built)| visit(*entry, *built)),
        }
    }
}

fn position(entry: &Entry<'_>) -> i64 {
    i64::try_from(entry.offset.0).unwrap_or(i64::MAX)
}

/// The end of the block, as Go rounds: negative numbers stay.
fn next_block(at: i64) -> i64 {
    let into_block = at % BLOCK;
    if into_block > 0 { at.wrapping_add(BLOCK - into_block) } else { at }
}

/// Why the entry after this one is looked for behind its own data ("invalid toc entry").
fn overlap(entry: &Entry<'_>) -> Reason {
    match entry.kind {
        EntryKind::Regular => Reason::SparseFile,
        kind => Reason::SizeWithoutData { kind, size: entry.size },
    }
}

/// What keeps a regular file from being read.
fn file_problem(ztoc: &Ztoc<'_>, seen: &Seen<'_>) -> Option<Reason> {
    let Seen { entry, built, header } = seen;
    if entry.kind != EntryKind::Regular {
        return None;
    }
    let start = position(entry);
    let end = start.saturating_add(entry.size.max(0));
    if let StoredCheckpoints::Uncompressed { span_size, .. } = ztoc.checkpoints()
        && span_size > 0
        && end / span_size > i64::from(ztoc.max_span_id)
    {
        return Some(Reason::NoTrailer);
    }
    let is_moved = match built {
        Some(built) => i64::try_from(built.origin.header.0) != Ok(*header),
        None => start.wrapping_sub(*header) < BLOCK,
    };
    // Beyond the file's own data is an overlap, reported with the entry before.
    if is_moved && *header <= start {
        return Some(Reason::HeaderMoved);
    }
    let is_sparse = match built {
        Some(built) => built.origin.is_sparse,
        None => is_sparse(entry),
    };
    if u64::try_from(end).is_ok_and(|end| end > ztoc.uncompressed_size) {
        return Some(if is_sparse { Reason::SparseContent } else { Reason::BeyondTheEnd });
    }
    if is_sparse {
        return Some(Reason::SparseContent);
    }
    if built.is_some_and(|built| built.origin.has_cut_ids) {
        return Some(Reason::OwnerOutOfRange);
    }
    // Year 1 is what a time without text reads as; in a tar, nobody means it.
    if built.map_or(entry.modified == Timestamp::GO_ZERO, |built| !built.has_text) {
        return Some(Reason::YearOutOfRange);
    }
    if is_mode_of_another_type(entry.mode) {
        return Some(Reason::ModeOfAnotherType { mode: entry.mode });
    }
    loses_xattrs(entry)
}

/// Whether the PAX records make a sparse file of it, by Go's reading of them.
fn is_sparse(entry: &Entry<'_>) -> bool {
    let (mut major, mut minor, mut map): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
    for (key, value) in entry.pax() {
        match key {
            b"GNU.sparse.major" => major = value,
            b"GNU.sparse.minor" => minor = value,
            b"GNU.sparse.map" => map = value,
            _ => {}
        }
    }
    match (major, minor) {
        (b"0", b"0" | b"1") | (b"1", b"0") => true,
        (b"", b"") => !map.is_empty(),
        _ => false,
    }
}

/// Go takes the type from the mode as well as from the type flag, the snapshotter from the flag alone.
fn is_mode_of_another_type(mode: i64) -> bool {
    const DIRECTORY: i64 = 0o40_000;
    const FIFO: i64 = 0o10_000;
    const SYMLINK: i64 = 0o120_000;
    const BLOCK_DEVICE: i64 = 0o60_000;
    const CHAR_DEVICE: i64 = 0o20_000;
    const SOCKET: i64 = 0o140_000;
    matches!(mode & !0o7777, DIRECTORY | FIFO | SYMLINK | BLOCK_DEVICE | CHAR_DEVICE | SOCKET)
}

/// The database keeps one extended attribute, by chance the first of a Go map, apart from the others,
/// skips those others that have no value, and refuses one that has no name. With a single one all is
/// well.
fn loses_xattrs(entry: &Entry<'_>) -> Option<Reason> {
    let mut count = 0u64;
    let mut trouble = None;
    for (key, value) in entry.pax() {
        let Some(name) = key.strip_prefix(XATTR) else { continue };
        count += 1;
        if value.is_empty() {
            trouble.get_or_insert(Reason::EmptyXattr { name: excerpt(name) });
        } else if name.is_empty() {
            trouble = Some(Reason::NamelessXattr);
        }
    }
    trouble.filter(|_| count > 1)
}
