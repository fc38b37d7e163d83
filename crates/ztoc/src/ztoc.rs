//! A zTOC file, taken apart without being copied.

use crate::builder::Compression;
use crate::checkpoint::{ABRIDGED_SIZE, BLOB_HEADER_SIZE, Checkpoint, PACKED_SIZE, WINDOW_SIZE};
use crate::error::excerpt;
use crate::flatbuffer::read::{Offsets, ReadError, ReadProblem};
use crate::flatbuffer::{ALGORITHM_GZIP, ALGORITHM_UNCOMPRESSED, Budget, Table, XattrVector, slot};
use crate::offsets::{CompressedOffset, UncompressedOffset};
use crate::tar::entries::{Entry, EntryKind, PaxRecords};
use crate::time::Timestamp;

/// A parsed zTOC. Borrows the file; holds no list of its own.
///
/// [`parse`](Self::parse) looks at every entry and checkpoint, so that the iterators cannot fail. It
/// is as lenient as the reference about what it does not need (other versions, text times, digests)
/// and stricter about what the snapshotter would stumble over later (offsets out of the file, unknown
/// entry types, checkpoints that do not fit their count).
#[derive(Clone, Copy, Debug)]
pub struct Ztoc<'a> {
    /// Format version; `0.9` in all known files.
    pub version: &'a str,
    /// The tool that built it.
    pub build_tool: &'a str,
    /// Length of the layer as stored.
    pub compressed_size: u64,
    /// Length of the tar archive, see [`Build::uncompressed_size`](crate::Build::uncompressed_size).
    pub uncompressed_size: u64,
    /// How the layer is stored.
    pub compression: Compression,
    /// Number of spans less one; −1 for an uncompressed layer of no bytes.
    pub max_span_id: i32,
    entries: Offsets<'a>,
    digests: Offsets<'a>,
    checkpoints: StoredCheckpoints<'a>,
}

/// The checkpoint part of a zTOC.
#[derive(Clone, Copy, Debug)]
pub enum StoredCheckpoints<'a> {
    /// Of a gzip layer.
    Gzip(GzipCheckpoints<'a>),
    /// Of an uncompressed layer, which is cut at the multiples of the span size.
    Uncompressed {
        /// Version of this part; 2 in all known files.
        version: i32,
        /// The span size.
        span_size: i64,
        /// Length of the layer.
        size: i64,
    },
}

/// The checkpoints of a gzip layer in a zTOC.
#[derive(Clone, Copy, Debug)]
pub struct GzipCheckpoints<'a> {
    /// The span size it was built with. Only informational: the checkpoints say it all.
    pub span_size: i64,
    /// Whether the first checkpoint is implied, as tools before zinfo version 2 wrote it: right
    /// behind a ten-byte gzip header.
    pub first_is_implied: bool,
    packed: &'a [u8],
    /// Bytes of one.
    size: usize,
}

impl<'a> GzipCheckpoints<'a> {
    /// `size` is that of one packed checkpoint.
    fn parse(blob: &'a [u8], size: usize) -> Result<Self, ReadProblem> {
        let out_of_bounds = ReadProblem::OutOfBounds { what: "the checkpoints' count and span size" };
        let header = blob.split_first_chunk::<4>().and_then(|(count, rest)| {
            let (span_size, packed) = rest.split_first_chunk::<8>()?;
            Some((i32::from_le_bytes(*count), i64::from_le_bytes(*span_size), packed))
        });
        let (count, span_size, packed) = header.ok_or(out_of_bounds)?;
        let stored = packed.len() / size;
        let is_whole = packed.len() % size == 0;
        let missing = i64::from(count) - i64::try_from(stored).unwrap_or(i64::MAX);
        if count < 1 || !is_whole || !(0..=1).contains(&missing) {
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            let header = i64::try_from(BLOB_HEADER_SIZE).unwrap_or(i64::MAX);
            let expected = i64::from(count) * size + header;
            return Err(ReadProblem::CheckpointSize { count, expected, found: blob.len() });
        }
        let bad = packed.chunks_exact(size).position(|packed| Checkpoint::unpack(packed).is_none());
        match bad {
            Some(index) => Err(ReadProblem::Checkpoint { index }),
            None => Ok(Self { span_size, first_is_implied: missing == 1, packed, size }),
        }
    }

    /// Number of checkpoints.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed.len() / self.size + usize::from(self.first_is_implied)
    }

    /// Never: there is one at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The checkpoints in file order.
    pub fn iter(&self) -> impl Iterator<Item = Checkpoint<'a>> + use<'a> {
        const IMPLIED: Checkpoint<'static> = Checkpoint {
            compressed: CompressedOffset(10),
            unused_bits: 0,
            uncompressed: UncompressedOffset(0),
            window: &[0; WINDOW_SIZE],
        };
        let implied = self.first_is_implied.then_some(IMPLIED);
        implied.into_iter().chain(self.packed.chunks_exact(self.size).filter_map(Checkpoint::unpack))
    }
}

impl<'a> Ztoc<'a> {
    /// Takes a file apart.
    ///
    /// # Errors
    /// [`ReadError`] with the position and what was expected there. No input makes it panic, or take
    /// longer than a few passes over the file; it allocates nothing but the error.
    pub fn parse(file: &'a [u8]) -> Result<Self, ReadError> {
        Self::parse_with(file, PACKED_SIZE)
    }

    /// Takes an [abridged](crate::EncodedZtoc::abridged) file apart: its checkpoints have no window.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_abridged(file: &'a [u8]) -> Result<Self, ReadError> {
        Self::parse_with(file, ABRIDGED_SIZE)
    }

    fn parse_with(file: &'a [u8], checkpoint_size: usize) -> Result<Self, ReadError> {
        let root = Table::root(file)?;
        let toc = root.table(slot::ztoc::TOC, "a table of contents")?;
        let info = root.table(slot::ztoc::COMPRESSION_INFO, "the compression info")?;
        let at = |problem| ReadError { at: info.position(), problem };

        let algorithm = info.i8(slot::compression::ALGORITHM, ALGORITHM_GZIP, "the algorithm")?;
        let blob = info.bytes(slot::compression::CHECKPOINTS, "the checkpoints")?;
        let (compression, checkpoints) = match algorithm {
            ALGORITHM_GZIP => {
                let checkpoints = GzipCheckpoints::parse(blob, checkpoint_size).map_err(at)?;
                (Compression::Gzip, StoredCheckpoints::Gzip(checkpoints))
            }
            ALGORITHM_UNCOMPRESSED => {
                let tar_info = Table::root(blob)?;
                let checkpoints = StoredCheckpoints::Uncompressed {
                    version: tar_info.i32(slot::tar_info::VERSION, "the tar info's version")?,
                    span_size: tar_info.i64(slot::tar_info::SPAN_SIZE, "the tar info's span size")?,
                    size: tar_info.i64(slot::tar_info::SIZE, "the tar info's size")?,
                };
                (Compression::Uncompressed, checkpoints)
            }
            found => return Err(at(ReadProblem::Algorithm { found })),
        };

        let entries = toc.offsets(slot::toc::METADATA, "the entries")?;
        let mut rest = entries;
        let mut budget = Budget::for_file(file);
        let mut index = 0;
        while let Some(table) = rest.next_table("an entry") {
            check_entry(&table?, index, &mut budget)?;
            index += 1;
        }
        let digests = info.offsets(slot::compression::SPAN_DIGESTS, "the span digests")?;
        let mut rest = digests;
        while let Some(digest) = rest.next_bytes("a span digest") {
            budget.spend(info.position(), digest?.len())?;
        }

        Ok(Self {
            version: root.text(slot::ztoc::VERSION, "version")?,
            build_tool: root.text(slot::ztoc::BUILD_TOOL, "build tool")?,
            compressed_size: root.size(slot::ztoc::COMPRESSED_SIZE, "compressed size")?,
            uncompressed_size: root.size(slot::ztoc::UNCOMPRESSED_SIZE, "uncompressed size")?,
            compression,
            max_span_id: info.i32(slot::compression::MAX_SPAN_ID, "the largest span id")?,
            entries,
            digests,
            checkpoints,
        })
    }

    /// Number of entries.
    #[must_use]
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// The entries in file order. The reference sorts them by offset as it reads.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let mut rest = self.entries;
        let mut index = 0;
        std::iter::from_fn(move || {
            // `parse` has read every entry once.
            let table = rest.next_table("an entry")?.ok()?;
            let entry = read_entry(&table, index).ok()?;
            index += 1;
            Some(entry)
        })
    }

    /// Number of span digests.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.digests.len()
    }

    /// The SHA-256 of each span; `None` for one that is not `sha256:` and 64 lower-case hex digits.
    pub fn span_digests(&self) -> impl Iterator<Item = Option<[u8; 32]>> + use<'a> {
        let mut rest = self.digests;
        std::iter::from_fn(move || {
            let text = rest.next_bytes("a span digest")?.ok()?;
            Some(text.strip_prefix(b"sha256:").and_then(unhex))
        })
    }

    /// The checkpoints.
    #[must_use]
    pub fn checkpoints(&self) -> StoredCheckpoints<'a> {
        self.checkpoints
    }
}

/// Reads an entry and its PAX records once, so that reading them later cannot fail.
fn check_entry(table: &Table<'_>, index: usize, budget: &mut Budget) -> Result<(), ReadError> {
    let entry = read_entry(table, index)?;
    let text = [entry.name, entry.link_name, entry.uname, entry.gname];
    let text = text.into_iter().map(<[u8]>::len).fold(0, usize::saturating_add);
    budget.spend(table.position(), text.saturating_add(size_of::<u32>()))?;
    let records = table.offsets(slot::entry::XATTRS, "an entry's PAX records")?;
    XattrVector::new(records).check(budget)
}

fn read_entry<'a>(table: &Table<'a>, index: usize) -> Result<Entry<'a>, ReadError> {
    let word = table.bytes(slot::entry::KIND, "an entry's type")?;
    let kind = EntryKind::from_word(word).ok_or_else(|| ReadError {
        at: table.position(),
        problem: ReadProblem::EntryKind { entry: index, found: excerpt(word) },
    })?;
    let modified = table.bytes(slot::entry::MODIFIED, "an entry's time")?;
    let xattrs = table.offsets(slot::entry::XATTRS, "an entry's PAX records")?;
    Ok(Entry {
        name: table.bytes(slot::entry::NAME, "an entry's name")?,
        kind,
        offset: UncompressedOffset(table.size(slot::entry::OFFSET, "entry's offset")?),
        size: table.i64(slot::entry::SIZE, "an entry's size")?,
        link_name: table.bytes(slot::entry::LINK_NAME, "an entry's link name")?,
        mode: table.i64(slot::entry::MODE, "an entry's mode")?,
        uid: table.u32(slot::entry::UID, "an entry's uid")?,
        gid: table.u32(slot::entry::GID, "an entry's gid")?,
        uname: table.bytes(slot::entry::UNAME, "an entry's user name")?,
        gname: table.bytes(slot::entry::GNAME, "an entry's group name")?,
        modified: Timestamp::parse(modified).unwrap_or(Timestamp::GO_ZERO),
        device_major: table.i64(slot::entry::DEVICE_MAJOR, "an entry's device number")?,
        device_minor: table.i64(slot::entry::DEVICE_MINOR, "an entry's device number")?,
        pax: PaxRecords::from_xattrs(XattrVector::new(xattrs)),
    })
}

fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
