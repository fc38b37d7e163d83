//! Hopping from header to header.

use super::{
    header::{self, BLOCK, HeaderError, Kind},
    pax::Pax,
    tree::{Node, Tree, normalise},
};
use crate::{limits::Limits, recognise, source::Extent};

/// What is read ahead of a header when its neighbours are small: enough for dozens of directory
/// entries and short documents in one go.
const READ_AHEAD: u64 = 32 << 10;
/// A member up to this size makes its successor's neighbours count as small.
const SMALL: u64 = 64 << 10;
/// After so many members it is asked whether this can still be an image.
const SECOND_THOUGHT: u64 = 4_096;

/// How many blocks a member may need to be described, on average: its own header, and a header and
/// records each for PAX, long name and long link.
const BLOCKS_PER_MEMBER: u64 = 8;

/// Why a listing stopped before the archive's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The file ends inside a header.
    HeaderCut { offset: u64 },
    /// The file ends inside a member's data.
    DataCut { name: String, data: Extent },
    /// A block that should be a header is none.
    BadHeader { offset: u64, error: HeaderError },
}

/// A bound of [`Limits`] that the archive exceeds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded {
    pub(crate) limit: &'static str,
    pub(crate) allowed: u64,
    /// Offset of the header at which it happened.
    pub(crate) offset: u64,
}

/// The members of an archive, and what was odd about them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) tree: Tree,
    /// Members met, replaced ones included.
    pub(crate) members: u64,
    /// The first bytes of the file, up to one block.
    pub(crate) start: Vec<u8>,
    pub(crate) damage: Option<Damage>,
    pub(crate) exceeded: Option<Exceeded>,
    /// The listing was given up because this is a root filesystem.
    pub(crate) root_filesystem: bool,
    /// Members with names that climb out of the archive, and the first of them.
    pub(crate) climbing: Counted,
    /// Members that replaced an earlier file, and the first of them.
    pub(crate) replaced: Counted,
    /// Members that delete others when the archive is extracted as a layer.
    pub(crate) whiteouts: Counted,
}

/// How often something happened, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) first: String,
}

impl Counted {
    fn add(&mut self, name: &str) {
        if self.count == 0 {
            name.clone_into(&mut self.first);
        }
        self.count = self.count.saturating_add(1);
    }
}

/// Lists an archive by asking for its headers.
#[derive(Debug)]
pub(crate) struct Lister {
    source_len: u64,
    limits: Limits,
    /// Where the next block of interest is.
    at: u64,
    next: Next,
    /// The bytes last read.
    window: Window,
    read_ahead: u64,
    name_bytes: u64,
    /// Headers, extensions and sparse maps met.
    blocks: u64,
    listing: Listing,
}

/// What the next block of interest is.
#[derive(Clone, Debug)]
enum Next {
    Header(Extensions),
    /// The data of a header that describes the next member.
    Extension {
        kind: Kind,
        size: u64,
        so_far: Extensions,
    },
    /// A block of a GNU sparse map; the member's data follow the last one.
    SparseMap {
        name: String,
        size: u64,
    },
    End,
}

/// What extension headers say about the member to come.
#[derive(Clone, Debug, Default)]
struct Extensions {
    pax: Pax,
    name: Option<String>,
    link: Option<String>,
}

/// A run of bytes of the source that is in memory.
#[derive(Debug, Default)]
struct Window {
    offset: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn get(&self, extent: Extent) -> Option<&[u8]> {
        let start = usize::try_from(extent.offset.checked_sub(self.offset)?).ok()?;
        let end = start.checked_add(usize::try_from(extent.len).ok()?)?;
        self.bytes.get(start..end)
    }
}

/// `size` rounded up to whole blocks.
fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

impl Lister {
    pub(crate) fn new(source_len: u64, limits: Limits) -> Self {
        Self {
            source_len,
            limits,
            at: 0,
            next: Next::Header(Extensions::default()),
            window: Window::default(),
            read_ahead: READ_AHEAD,
            name_bytes: 0,
            blocks: 0,
            listing: Listing::default(),
        }
    }

    /// The bytes needed next; `None` once the listing is complete.
    pub(crate) fn want(&mut self) -> Option<Extent> {
        if self.listing.start.is_empty() && self.source_len > 0 {
            return Some(Extent { offset: 0, len: READ_AHEAD.min(self.source_len) });
        }
        loop {
            let needed = match self.next {
                Next::End => return None,
                Next::Header(_) | Next::SparseMap { .. } => BLOCK,
                Next::Extension { size, .. } => padded(size),
            };
            let block = Extent { offset: self.at, len: needed };
            if block.end() > self.source_len {
                self.ends_early();
                continue;
            }
            if needed > 0 && self.window.get(block).is_none() {
                let len = needed.max(self.read_ahead).min(self.source_len.saturating_sub(self.at));
                return Some(Extent { offset: self.at, len });
            }
            self.step(block);
        }
    }

    /// The bytes asked for.
    pub(crate) fn supply(&mut self, offset: u64, bytes: &[u8]) {
        if offset == 0 && self.listing.start.is_empty() {
            self.listing.start = bytes.iter().take(512).copied().collect();
        }
        self.window = Window { offset, bytes: bytes.to_vec() };
    }

    /// What has been found.
    pub(crate) fn listing(&mut self) -> &mut Listing {
        &mut self.listing
    }

    /// How far it has come in the source.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// The file ends where a whole block was expected.
    fn ends_early(&mut self) {
        let left = self.source_len.saturating_sub(self.at);
        // An archive without its closing zero blocks is complete to every reader.
        let clean = left == 0 && matches!(&self.next, Next::Header(so_far) if so_far.is_empty());
        if !clean {
            self.listing.damage = Some(Damage::HeaderCut { offset: self.at });
        }
        self.next = Next::End;
    }

    fn step(&mut self, block: Extent) {
        let next = std::mem::replace(&mut self.next, Next::End);
        self.blocks = self.blocks.saturating_add(1);
        if self.blocks > self.limits.max_members.saturating_mul(BLOCKS_PER_MEMBER) {
            return self.exceed("max_members", self.limits.max_members, self.at);
        }
        let bytes = self.window.get(block).unwrap_or_default();
        match next {
            Next::End => {}
            Next::Header(so_far) => match header::parse(bytes) {
                Ok(None) => {}
                Ok(Some(header)) => self.header(header, so_far),
                Err(error) => self.listing.damage = Some(Damage::BadHeader { offset: self.at, error }),
            },
            Next::Extension { kind, size, so_far } => {
                let text = usize::try_from(size).ok().and_then(|size| bytes.get(..size)).unwrap_or_default();
                match so_far.with(kind, text) {
                    Ok(extensions) => {
                        self.at = block.end();
                        self.next = Next::Header(extensions);
                    }
                    Err(error) => self.listing.damage = Some(Damage::BadHeader { offset: self.at, error }),
                }
            }
            Next::SparseMap { name, size } => {
                let goes_on = header::sparse_map_goes_on(bytes);
                self.at = block.end();
                if goes_on {
                    self.next = Next::SparseMap { name, size };
                } else {
                    self.member(name, Kind::Sparse, "", size);
                }
            }
        }
    }

    fn header(&mut self, header: header::Header, so_far: Extensions) {
        let offset = self.at;
        self.at = self.at.saturating_add(BLOCK);
        match header.kind {
            Kind::Pax | Kind::PaxGlobal | Kind::LongName | Kind::LongLink => {
                if header.size > self.limits.max_header_bytes {
                    return self.exceed("max_header_bytes", self.limits.max_header_bytes, offset);
                }
                self.next = Next::Extension { kind: header.kind, size: header.size, so_far };
            }
            kind => {
                // GNU's long names win over PAX's, as in Go.
                let name = so_far.name.or(so_far.pax.path).unwrap_or(header.name);
                let link = so_far.link.or(so_far.pax.link).unwrap_or(header.link);
                let size = so_far.pax.size.unwrap_or(header.size);
                let kind = if so_far.pax.sparse && kind == Kind::File { Kind::Sparse } else { kind };
                if header.map_follows {
                    self.next = Next::SparseMap { name, size };
                } else {
                    self.member(name, kind, &link, size);
                }
            }
        }
    }

    /// A member whose data start at `self.at`.
    fn member(&mut self, name: String, kind: Kind, link: &str, size: u64) {
        let header_offset = self.at.saturating_sub(BLOCK);
        let data = Extent { offset: self.at, len: if kind.has_data() { size } else { 0 } };
        self.listing.members = self.listing.members.saturating_add(1);
        if self.listing.members > self.limits.max_members {
            return self.exceed("max_members", self.limits.max_members, header_offset);
        }
        let text_bytes = u64::try_from(name.len().saturating_add(link.len())).unwrap_or(u64::MAX);
        self.name_bytes = self.name_bytes.saturating_add(text_bytes);
        if self.name_bytes > self.limits.max_name_bytes {
            return self.exceed("max_name_bytes", self.limits.max_name_bytes, header_offset);
        }
        if data.end() > self.source_len {
            self.listing.damage = Some(Damage::DataCut { name, data });
            self.next = Next::End;
            return;
        }
        self.enter(&name, kind, link, data);
        if self.listing.members == SECOND_THOUGHT && recognise::is_root_filesystem(&self.listing.tree) {
            self.listing.root_filesystem = true;
            self.next = Next::End;
            return;
        }
        // Neighbours are alike: behind a small member the next ones are worth fetching together,
        // behind a layer often comes another, of which only the header is wanted.
        self.read_ahead = if data.len <= SMALL { READ_AHEAD } else { BLOCK };
        // Only the padding of the last member may be missing.
        self.at = self.at.saturating_add(padded(data.len)).min(self.source_len);
        self.next = Next::Header(Extensions::default());
    }

    fn enter(&mut self, name: &str, kind: Kind, link: &str, data: Extent) {
        let Some(path) = normalise(name) else {
            self.listing.climbing.add(name);
            return;
        };
        if path.rsplit('/').next().is_some_and(|base| base.starts_with(".wh.")) {
            self.listing.whiteouts.add(&path);
        }
        let tree = &mut self.listing.tree;
        let replaced = match kind {
            Kind::HardLink => tree.insert_hard_link(path, link),
            Kind::Symlink => tree.insert(path, Node::Symlink(link.to_owned())),
            Kind::Directory => tree.insert(path, Node::Directory),
            Kind::Special => tree.insert(path, Node::Special),
            Kind::Sparse => tree.insert(path, Node::Sparse),
            _ => tree.insert(path, Node::File(data)),
        };
        if replaced {
            self.listing.replaced.add(name);
        }
    }

    fn exceed(&mut self, limit: &'static str, allowed: u64, offset: u64) {
        self.listing.exceeded = Some(Exceeded { limit, allowed, offset });
        self.next = Next::End;
    }
}

impl Extensions {
    fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.pax == Pax::default()
    }

    fn with(mut self, kind: Kind, text: &[u8]) -> Result<Self, HeaderError> {
        match kind {
            Kind::Pax => self.pax.read(text)?,
            Kind::LongName => self.name = Some(header::text(text)),
            Kind::LongLink => self.link = Some(header::text(text)),
            // Global records carry comments in practice; no reader lets them rename members.
            _ => {}
        }
        Ok(self)
    }
}
