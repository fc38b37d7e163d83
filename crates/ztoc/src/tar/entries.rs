//! Tar entries in an arena: one buffer for all text, one small record per entry.
//!
//! ```text
//! text:    usr/bin/env·····root·root·mtime=…|usr/bin/vi·vim·root·root·|…
//!          └ name ┘ └link┘└user┘└grp┘└ PAX ┘└ name …
//! records: [start, lengths, offset, size, mode, …][start, lengths, …]…
//! ```
//!
//! A layer of half a million files would otherwise be millions of small allocations.

use crate::error::excerpt;
use crate::flatbuffer::XattrVector;
use crate::offsets::UncompressedOffset;
use crate::time::Timestamp;
use std::fmt;

/// What a tar member is. zTOCs know these seven kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A regular file (type flag `0`, or NUL with a name that does not end in `/`).
    Regular,
    /// Another name of an earlier file (`1`).
    HardLink,
    /// A symbolic link (`2`).
    Symlink,
    /// A character device (`3`).
    CharDevice,
    /// A block device (`4`).
    BlockDevice,
    /// A directory (`5`, or NUL with a name that ends in `/`).
    Directory,
    /// A named pipe (`6`).
    Fifo,
}

impl EntryKind {
    /// All kinds, in the order of their tar type flags `0` to `6`.
    pub const ALL: [Self; 7] = [
        Self::Regular,
        Self::HardLink,
        Self::Symlink,
        Self::CharDevice,
        Self::BlockDevice,
        Self::Directory,
        Self::Fifo,
    ];

    /// The word in the zTOC.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "reg",
            Self::HardLink => "hardlink",
            Self::Symlink => "symlink",
            Self::CharDevice => "char",
            Self::BlockDevice => "block",
            Self::Directory => "dir",
            Self::Fifo => "fifo",
        }
    }

    /// From the word in the zTOC.
    #[must_use]
    pub fn from_word(word: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().as_bytes() == word)
    }

    /// From a tar type flag `0` to `6`.
    pub(crate) fn from_flag(flag: u8) -> Option<Self> {
        Self::ALL.get(usize::from(flag.checked_sub(b'0')?)).copied()
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One tar member, as the zTOC describes it. Text is raw bytes: tar names need not be UTF-8, and
/// zTOCs keep them as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name, never cleaned: `./etc/` stays `./etc/`.
    pub name: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Where its data begins, or would begin.
    pub offset: UncompressedOffset,
    /// Its size in bytes. Links and devices keep whatever their header claims, even below zero;
    /// sparse files have their logical size.
    pub size: i64,
    /// Target of a link.
    pub link_name: &'a [u8],
    /// Mode bits as in the header, file type bits included.
    pub mode: i64,
    /// Owner; larger or negative ids are cut to 32 bits, as the reference does.
    pub uid: u32,
    /// Group; see `uid`.
    pub gid: u32,
    /// Owner's name.
    pub uname: &'a [u8],
    /// Group's name.
    pub gname: &'a [u8],
    /// Time of modification.
    pub modified: Timestamp,
    /// Device number, major part.
    pub device_major: i64,
    /// Device number, minor part.
    pub device_minor: i64,
    pub(crate) pax: PaxRecords<'a>,
}

impl<'a> Entry<'a> {
    /// The PAX records in front of this entry, sorted by key (the zTOC calls them `xattrs`).
    #[must_use]
    pub fn pax(&self) -> PaxRecords<'a> {
        self.pax
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &excerpt(self.name))
            .field("kind", &self.kind)
            .field("offset", &self.offset.0)
            .field("size", &self.size)
            .field("link_name", &excerpt(self.link_name))
            .field("mode", &format_args!("{:#o}", self.mode))
            .field("owner", &format_args!("{}:{}", self.uid, self.gid))
            .field("names", &format_args!("{}:{}", excerpt(self.uname), excerpt(self.gname)))
            .field("modified", &format_args!("{}", self.modified))
            .field("device", &format_args!("{}:{}", self.device_major, self.device_minor))
            .field("pax", &self.pax)
            .finish()
    }
}

/// The PAX records of an entry: an iterator over `(key, value)`, sorted by key, each key once.
///
/// These are *all* records of the extended header, not only extended attributes.
#[derive(Clone, Copy)]
pub struct PaxRecords<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// `key length u32 | value length u32 | key | value`, repeated.
    Arena(&'a [u8]),
    FlatBuffer(XattrVector<'a>),
}

impl<'a> PaxRecords<'a> {
    pub(crate) const NONE: Self = Self(Source::Arena(&[]));

    pub(crate) fn from_xattrs(vector: XattrVector<'a>) -> Self {
        Self(Source::FlatBuffer(vector))
    }
}

impl<'a> Iterator for PaxRecords<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Arena(rest) => {
                let (key_len, tail) = rest.split_first_chunk::<4>()?;
                let (value_len, tail) = tail.split_first_chunk::<4>()?;
                let (key, tail) = tail.split_at_checked(length(*key_len))?;
                let (value, tail) = tail.split_at_checked(length(*value_len))?;
                *rest = tail;
                Some((key, value))
            }
            Source::FlatBuffer(vector) => vector.next(),
        }
    }
}

impl PartialEq for PaxRecords<'_> {
    fn eq(&self, other: &Self) -> bool {
        Iterator::eq(*self, *other)
    }
}

impl Eq for PaxRecords<'_> {}

impl fmt::Debug for PaxRecords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.map(|(key, value)| (excerpt(key), excerpt(value)))).finish()
    }
}

fn length(bytes: [u8; 4]) -> usize {
    u32::from_le_bytes(bytes).try_into().unwrap_or(usize::MAX)
}

/// How the archive wrote an entry: what a zTOC leaves out, but whoever judges it wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Where its first header block begins; PAX and long-name headers in front belong to it. The
    /// snapshotter does not know this and assumes the end of the previous entry's data.
    pub header: UncompressedOffset,
    /// Which fields its header block has.
    pub format: TarFormat,
    /// Its type flag. `0` and NUL both give regular files.
    pub flag: u8,
    /// Whether it is a GNU sparse file, stored with fewer bytes than its size.
    pub is_sparse: bool,
    /// Whether its user or group id did not fit 32 bits and was cut.
    pub has_cut_ids: bool,
}

/// Which fields a tar header block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TarFormat {
    /// Up to the link name: the seventh edition of Unix, 1979.
    V7,
    /// POSIX 1988: names of owners, devices, a name prefix. Also the carrier of PAX.
    Ustar,
    /// Jörg Schilling's star: a shorter prefix and two more times.
    Star,
    /// GNU: two more times where the prefix would be.
    Gnu,
}

/// Where one piece of an entry's text begins in the arena, and the numbers of the entry. The text
/// lies in the order name, link name, user, group, PAX.
#[derive(Clone, Debug)]
struct Record {
    text: u32,
    name: u32,
    link_name: u32,
    uname: u32,
    gname: u32,
    pax: u32,
    uid: u32,
    gid: u32,
    header: u64,
    offset: u64,
    size: i64,
    mode: i64,
    seconds: i64,
    device_major: i64,
    device_minor: i64,
    nanos: u32,
    kind: EntryKind,
    flag: u8,
    format: TarFormat,
    /// [`Origin::is_sparse`] and [`Origin::has_cut_ids`].
    notes: u8,
}

const NOTE_SPARSE: u8 = 1;
const NOTE_CUT_IDS: u8 = 2;

/// The table of contents of a layer: its tar entries in archive order.
///
/// # Memory
/// [`RECORD_BYTES`](Self::RECORD_BYTES) per entry, the bytes of all names and PAX records, and 8 bytes
/// per PAX record; the two buffers grow by doubling.
#[derive(Clone, Debug, Default)]
pub struct Toc {
    text: Vec<u8>,
    records: Vec<Record>,
    pax_records: usize,
    keeps_xattrs: bool,
}

impl Toc {
    /// Bytes per entry apart from its text.
    pub const RECORD_BYTES: usize = size_of::<Record>();

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the layer has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The entry at `index` in archive order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        self.records.get(index).map(|record| self.view(record))
    }

    /// The entries in archive order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> + ExactSizeIterator {
        self.records.iter().map(|record| self.view(record))
    }

    /// How the archive wrote the entries, in archive order.
    pub fn origins(&self) -> impl DoubleEndedIterator<Item = Origin> + ExactSizeIterator {
        self.records.iter().map(|record| Origin {
            header: UncompressedOffset(record.header),
            format: record.format,
            flag: record.flag,
            is_sparse: record.notes & NOTE_SPARSE != 0,
            has_cut_ids: record.notes & NOTE_CUT_IDS != 0,
        })
    }

    /// Bytes held.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.text.capacity() + self.records.capacity() * Self::RECORD_BYTES
    }

    /// Bytes of text held: names and PAX records.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Number of PAX records of all entries.
    pub(crate) fn pax_records(&self) -> usize {
        self.pax_records
    }

    /// Whether an entry needs extended attributes to work at mount time: it has some, or it is an
    /// opaque whiteout, which overlayfs turns into one.
    pub(crate) fn keeps_xattrs(&self) -> bool {
        self.keeps_xattrs
    }

    /// Appends an entry; its text is copied into the arena. `false` when the arena is full (4 GiB),
    /// which [`Limits::max_ztoc_bytes`](crate::Limits::max_ztoc_bytes) normally forestalls.
    #[must_use]
    pub(crate) fn push<'t>(
        &mut self,
        entry: &Entry<'_>,
        origin: Origin,
        pax: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    ) -> bool {
        let Some(record) = self.append(entry, origin, pax) else { return false };
        self.records.push(record);
        true
    }

    /// Corrects where the last entry's data begins.
    pub(crate) fn move_last(&mut self, offset: UncompressedOffset) {
        if let Some(last) = self.records.last_mut() {
            last.offset = offset.0;
        }
    }

    fn append<'t>(
        &mut self,
        entry: &Entry<'_>,
        origin: Origin,
        pax: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    ) -> Option<Record> {
        let text = u32::try_from(self.text.len()).ok()?;
        for piece in [entry.name, entry.link_name, entry.uname, entry.gname] {
            self.text.extend_from_slice(piece);
        }
        let pax_start = self.text.len();
        for (key, value) in pax {
            self.text.extend_from_slice(&u32::try_from(key.len()).ok()?.to_le_bytes());
            self.text.extend_from_slice(&u32::try_from(value.len()).ok()?.to_le_bytes());
            self.text.extend_from_slice(key);
            self.text.extend_from_slice(value);
            self.pax_records += 1;
            self.keeps_xattrs |= key.starts_with(b"SCHILY.xattr.");
        }
        self.keeps_xattrs |= entry.name.ends_with(b".wh..wh..opq");
        u32::try_from(self.text.len()).ok()?;
        Some(Record {
            text,
            name: u32::try_from(entry.name.len()).ok()?,
            link_name: u32::try_from(entry.link_name.len()).ok()?,
            uname: u32::try_from(entry.uname.len()).ok()?,
            gname: u32::try_from(entry.gname.len()).ok()?,
            pax: u32::try_from(self.text.len() - pax_start).ok()?,
            uid: entry.uid,
            gid: entry.gid,
            header: origin.header.0,
            offset: entry.offset.0,
            size: entry.size,
            mode: entry.mode,
            seconds: entry.modified.seconds,
            device_major: entry.device_major,
            device_minor: entry.device_minor,
            nanos: entry.modified.nanos,
            kind: entry.kind,
            flag: origin.flag,
            format: origin.format,
            notes: if origin.is_sparse { NOTE_SPARSE } else { 0 }
                | if origin.has_cut_ids { NOTE_CUT_IDS } else { 0 },
        })
    }

    fn view(&self, record: &Record) -> Entry<'_> {
        let mut rest = self.text.get(record.text as usize..).unwrap_or_default();
        let mut take = |length: u32| {
            let (piece, tail) = rest.split_at_checked(length as usize).unwrap_or((rest, &[]));
            rest = tail;
            piece
        };
        Entry {
            name: take(record.name),
            link_name: take(record.link_name),
            uname: take(record.uname),
            gname: take(record.gname),
            pax: PaxRecords(Source::Arena(take(record.pax))),
            kind: record.kind,
            offset: UncompressedOffset(record.offset),
            size: record.size,
            mode: record.mode,
            uid: record.uid,
            gid: record.gid,
            modified: Timestamp { seconds: record.seconds, nanos: record.nanos },
            device_major: record.device_major,
            device_minor: record.device_minor,
        }
    }
}
