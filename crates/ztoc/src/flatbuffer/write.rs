//! Writing a zTOC, call by call as the reference does.
//!
//! The order below is that of `ztoc_marshaler.go` in soci v0.15.0; any other gives a valid zTOC with
//! other bytes. `create_shared_string`, `force_defaults` and generated `create` functions are out for
//! the same reason: they reorder or merge.
//!
//! # The checkpoints are not copied into the buffer
//!
//! They are most of the file, and one copy of them is enough. The builder gets a stand-in: the blob
//! with every window left out, which is as long as the real one modulo 8, the largest alignment in the
//! file, so that all padding comes out the same. Afterwards the stand-in is cut out, and what measures
//! across the cut is lengthened: the vector's own length and three offsets of the root table. With the
//! stand-in in place it is a file, too, the *abridged* one, which says all but the windows.
//!
//! ```text
//!   ┌─────────────────────────── head ──────────────────────────┐          ┌──────── tail ────────┐
//!   │ root │ Ztoc table │ CompressionInfo │ digests │ length u32 │ ░░░░░░░░ │ TOC │ entries │ strings│
//!   └──────┴──┬─┬─┬─────┴─────────────────┴─────────┴────────────┘ the blob └──▲──┴─────────┴──▲──▲─┘
//!             └─┼─┼───────────── toc ──────────────────────────────────────────┘               │  │
//!               └─┴───────────── version, build tool ──────────────────────────────────────────┴──┘
//! ```

use super::{ALGORITHM_GZIP, ALGORITHM_UNCOMPRESSED, Table, slot};
use crate::builder::Compression;
use crate::checkpoint::{ABRIDGED_SIZE, BLOB_HEADER_SIZE, Checkpoints};
use crate::error::{Error, Fault};
use crate::offsets::{SpanId, SpanSize};
use crate::tar::entries::{Entry, Toc};
use crate::{BUILD_TOOL, VERSION};
use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, WIPOffset};
use std::fmt::Write as _;

/// The largest alignment of anything in the file.
const MAX_ALIGN: u64 = 8;

/// Bytes that an entry takes at most, besides its text and PAX records: a table (96), six strings
/// with length, NUL and padding (48), the words for type and time (38), two vector elements.
const ENTRY_BYTES: u64 = 192;
/// Bytes that a PAX record takes at most, besides its text: a table, two strings, a vector element.
const RECORD_BYTES: u64 = 40;
/// Bytes that a digest takes at most.
const DIGEST_BYTES: u64 = 88;
/// Bytes for everything that occurs once.
const FIXED_BYTES: u64 = 1024;

/// What a zTOC says.
pub(crate) struct Contents<'a> {
    pub(crate) toc: &'a Toc,
    pub(crate) compression: Compression,
    pub(crate) span_size: SpanSize,
    pub(crate) compressed_size: u64,
    pub(crate) uncompressed_size: u64,
    pub(crate) checkpoints: &'a Checkpoints,
    pub(crate) digests: &'a [Option<[u8; 32]>],
    pub(crate) max_bytes: u32,
}

/// A zTOC file, ready to be written piece by piece.
///
/// Its checkpoints stay where the build keeps them; see [`to_vec`](Self::to_vec) for a copy in one
/// piece, and [`into_parts`](Self::into_parts) for a build whose checkpoints were taken.
pub struct EncodedZtoc<'a> {
    /// What comes before the checkpoints.
    head: Vec<u8>,
    /// `buffer[start..]` is the abridged file, `buffer[tail_start..]` what comes after the checkpoints.
    buffer: Vec<u8>,
    start: usize,
    tail_start: usize,
    blob_header: Option<[u8; BLOB_HEADER_SIZE]>,
    checkpoints: &'a Checkpoints,
    len: u64,
}

impl EncodedZtoc<'_> {
    /// Length of the file in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: the smallest zTOC has 164 bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The file in consecutive pieces.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let tail = self.buffer.get(self.tail_start..);
        let blob_header = self.blob_header.as_ref();
        let blob = blob_header
            .into_iter()
            .flat_map(|header| std::iter::once(&header[..]).chain(self.checkpoints.blob_pieces()));
        std::iter::once(&self.head[..]).chain(blob).chain(tail)
    }

    /// The file without the windows of its checkpoints, for [`Ztoc::parse_abridged`](crate::Ztoc::parse_abridged).
    #[must_use]
    pub fn abridged(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// What comes before and after the packed checkpoints, for whoever has
    /// [taken](crate::Builder::take_checkpoints) them.
    #[must_use]
    pub fn into_parts(self) -> ZtocParts {
        let mut before = self.head;
        before.extend_from_slice(self.blob_header.as_ref().map_or(&[], |header| &header[..]));
        ZtocParts { before, buffer: self.buffer, tail_start: self.tail_start }
    }

    /// The file in one piece.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut file = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        self.pieces().for_each(|piece| file.extend_from_slice(piece));
        file
    }
}

/// A zTOC file without its packed checkpoints, which lie between the parts.
#[derive(Clone, Debug)]
pub struct ZtocParts {
    before: Vec<u8>,
    buffer: Vec<u8>,
    tail_start: usize,
}

impl ZtocParts {
    /// The file up to its checkpoints: a few hundred bytes, and some eighty for each span.
    #[must_use]
    pub fn before(&self) -> &[u8] {
        &self.before
    }

    /// The file behind its checkpoints: the list of entries.
    #[must_use]
    pub fn after(&self) -> &[u8] {
        self.buffer.get(self.tail_start..).unwrap_or_default()
    }
}

impl<'a> Contents<'a> {
    /// Writes the file.
    pub(crate) fn encode(&self) -> Result<EncodedZtoc<'a>, Error> {
        // Beyond 1 GiB the reference cannot write either.
        let limit = u64::from(self.max_bytes.min(1 << 30));
        let too_large = || {
            let what = "the zTOC file";
            Error::from(Fault::Limit { setting: "max_ztoc_bytes", limit, what })
        };
        let varying = self.toc.text_bytes() as u64
            + self.toc.len() as u64 * ENTRY_BYTES
            + self.toc.pax_records() as u64 * RECORD_BYTES
            + self.digests.len() as u64 * (DIGEST_BYTES + ABRIDGED_SIZE as u64);
        // The estimate is less than half too large: this only spares us the work.
        if varying / 3 * 2 > limit {
            return Err(too_large());
        }
        let capacity = usize::try_from(FIXED_BYTES + varying).map_err(|_| too_large())?;

        let mut fbb = FlatBufferBuilder::with_capacity(capacity);
        let version = fbb.create_string(VERSION);
        let tool = fbb.create_string(BUILD_TOOL);
        let toc = write_toc(&mut fbb, self.toc);

        let stand_in: Vec<u8> = match self.compression {
            Compression::Gzip => {
                let mut blob = self.checkpoints.blob_header(self.span_size).to_vec();
                self.checkpoints.abridged().for_each(|packed| blob.extend_from_slice(packed));
                debug_assert_eq!(blob.len() as u64 % MAX_ALIGN, self.checkpoints.blob_len() % MAX_ALIGN);
                blob
            }
            Compression::Uncompressed => write_tar_info(self.span_size, self.compressed_size),
        };
        let checkpoints = fbb.create_vector(&stand_in);

        let mut digests = Vec::with_capacity(self.digests.len());
        let mut text = String::new();
        for (index, digest) in self.digests.iter().enumerate() {
            let span = SpanId(u32::try_from(index).unwrap_or(u32::MAX));
            let digest = digest.as_ref().ok_or(Fault::MissingDigest { span })?;
            text.clear();
            text.push_str("sha256:");
            for byte in digest {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
            }
            digests.push(fbb.create_string(&text));
        }
        let digests = fbb.create_vector(&digests);

        let table = fbb.start_table();
        fbb.push_slot(vt(slot::compression::MAX_SPAN_ID), self.max_span_id(), 0);
        fbb.push_slot_always(vt(slot::compression::SPAN_DIGESTS), digests);
        fbb.push_slot_always(vt(slot::compression::CHECKPOINTS), checkpoints);
        let algorithm = match self.compression {
            Compression::Gzip => ALGORITHM_GZIP,
            Compression::Uncompressed => ALGORITHM_UNCOMPRESSED,
        };
        fbb.push_slot(vt(slot::compression::ALGORITHM), algorithm, ALGORITHM_GZIP);
        let compression_info = fbb.end_table(table);

        let table = fbb.start_table();
        fbb.push_slot_always(vt(slot::ztoc::VERSION), version);
        fbb.push_slot_always(vt(slot::ztoc::BUILD_TOOL), tool);
        fbb.push_slot_always(vt(slot::ztoc::TOC), toc);
        fbb.push_slot(vt(slot::ztoc::COMPRESSED_SIZE), self.compressed_size as i64, 0);
        fbb.push_slot(vt(slot::ztoc::UNCOMPRESSED_SIZE), self.uncompressed_size as i64, 0);
        fbb.push_slot_always(vt(slot::ztoc::COMPRESSION_INFO), compression_info);
        let root = fbb.end_table(table);
        fbb.finish(root, None);

        // Offsets in the builder count from the end of the buffer.
        let from_end = checkpoints.value() as usize;
        let (buffer, start) = fbb.collapse();
        let head_end = (buffer.len() - from_end) + size_of::<u32>();
        let (blob_header, tail_start, inserted) = match self.compression {
            Compression::Uncompressed => (None, head_end, 0),
            Compression::Gzip => {
                let header = self.checkpoints.blob_header(self.span_size);
                let inserted = self.checkpoints.blob_len() - stand_in.len() as u64;
                (Some(header), head_end + stand_in.len(), inserted)
            }
        };
        let len = (buffer.len() - start) as u64 + inserted;
        if len > limit {
            return Err(too_large());
        }
        let mut head = buffer.get(start..head_end).unwrap_or_default().to_vec();
        if let Ok(inserted @ 1..) = u32::try_from(inserted) {
            let vector = head.len() - size_of::<u32>();
            lengthen(&mut head, vector, inserted);
        }
        Ok(EncodedZtoc { head, buffer, start, tail_start, blob_header, checkpoints: self.checkpoints, len })
    }

    /// Number of spans less one; −1 for an uncompressed layer of no bytes.
    fn max_span_id(&self) -> i32 {
        let spans = i32::try_from(self.digests.len()).unwrap_or(i32::MAX);
        spans - 1
    }
}

/// Makes room for `inserted` bytes behind the vector length at `vector`, in all that measures across.
/// All of that lies before, so `file` need not go on behind it.
fn lengthen(file: &mut [u8], vector: usize, inserted: u32) {
    let fields = [slot::ztoc::VERSION, slot::ztoc::BUILD_TOOL, slot::ztoc::TOC];
    let root = Table::root(file).ok();
    let fields = fields.map(|slot| root.and_then(|root| root.field(slot)));
    for at in fields.into_iter().flatten().chain([vector]) {
        if let Some(field) = file.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
            *field = (u32::from_le_bytes(*field).wrapping_add(inserted)).to_le_bytes();
        }
    }
}

/// Entries from the last to the first, so that the first one lies first.
fn write_toc(fbb: &mut FlatBufferBuilder<'_>, toc: &Toc) -> WIPOffset<TableFinishedWIPOffset> {
    let mut tables = Vec::with_capacity(toc.len());
    for entry in toc.iter().rev() {
        tables.push(write_entry(fbb, &entry));
    }
    tables.reverse();
    let metadata = fbb.create_vector(&tables);
    let table = fbb.start_table();
    fbb.push_slot_always(vt(slot::toc::METADATA), metadata);
    fbb.end_table(table)
}

fn write_entry(fbb: &mut FlatBufferBuilder<'_>, entry: &Entry<'_>) -> WIPOffset<TableFinishedWIPOffset> {
    let name = fbb.create_byte_string(entry.name);
    let kind = fbb.create_string(entry.kind.as_str());
    let link_name = fbb.create_byte_string(entry.link_name);
    let uname = fbb.create_byte_string(entry.uname);
    let gname = fbb.create_byte_string(entry.gname);
    let modified = fbb.create_byte_string(entry.modified.to_text().as_bytes());
    let records: Vec<_> = entry
        .pax()
        .map(|(key, value)| {
            let key = fbb.create_byte_string(key);
            let value = fbb.create_byte_string(value);
            let table = fbb.start_table();
            fbb.push_slot_always(vt(slot::xattr::KEY), key);
            fbb.push_slot_always(vt(slot::xattr::VALUE), value);
            fbb.end_table(table)
        })
        .collect();
    let xattrs = fbb.create_vector(&records);

    let table = fbb.start_table();
    fbb.push_slot_always(vt(slot::entry::NAME), name);
    fbb.push_slot_always(vt(slot::entry::KIND), kind);
    fbb.push_slot(vt(slot::entry::OFFSET), entry.offset.0 as i64, 0);
    fbb.push_slot(vt(slot::entry::SIZE), entry.size, 0);
    fbb.push_slot_always(vt(slot::entry::LINK_NAME), link_name);
    fbb.push_slot(vt(slot::entry::MODE), entry.mode, 0);
    fbb.push_slot(vt(slot::entry::UID), entry.uid, 0);
    fbb.push_slot(vt(slot::entry::GID), entry.gid, 0);
    fbb.push_slot_always(vt(slot::entry::UNAME), uname);
    fbb.push_slot_always(vt(slot::entry::GNAME), gname);
    fbb.push_slot_always(vt(slot::entry::MODIFIED), modified);
    fbb.push_slot(vt(slot::entry::DEVICE_MAJOR), entry.device_major, 0);
    fbb.push_slot(vt(slot::entry::DEVICE_MINOR), entry.device_minor, 0);
    fbb.push_slot_always(vt(slot::entry::XATTRS), xattrs);
    fbb.end_table(table)
}

/// The checkpoints of an uncompressed layer: a FlatBuffer that says how it is cut.
fn write_tar_info(span_size: SpanSize, file_size: u64) -> Vec<u8> {
    const TAR_INFO_VERSION: i32 = 2;
    let mut fbb = FlatBufferBuilder::new();
    let table = fbb.start_table();
    fbb.push_slot(vt(slot::tar_info::VERSION), TAR_INFO_VERSION, 0);
    fbb.push_slot(vt(slot::tar_info::SPAN_SIZE), span_size.to_i64(), 0);
    fbb.push_slot(vt(slot::tar_info::SIZE), file_size as i64, 0);
    let root = fbb.end_table(table);
    fbb.finish(root, None);
    fbb.finished_data().to_vec()
}

/// A field number as the `flatbuffers` crate wants it: its byte position in the vtable.
const fn vt(slot: u16) -> u16 {
    4 + 2 * slot
}
