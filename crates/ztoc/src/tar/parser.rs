//! The push parser: tar bytes in, entries into the arena.
//!
//! ```text
//!            ┌──────────── x, L, K ───────────┐
//!            ▼                                │
//!   ┌─► Header ──► Extension ──► Padding ─────┘
//!   │    │ │ └───► SparseMap ──┐
//!   │    │ └─────────────────► Data ──► Padding ──┐
//!   │    ▼                                        │
//!   │  SecondZero ──► Done                        │
//!   └─────────────────────────────────────────────┘
//! ```
//!
//! File data is skipped by arithmetic: a 1 GiB file costs as much as an empty one. Ending is allowed
//! in `Header` and `SecondZero` (at a block's edge), in `Padding` and in `Done`; Go is that generous.

use super::entries::{Entry, EntryKind, Origin, PaxRecords, Toc};
use super::header::{Block, Header};
use super::numbers::{decimal, pax_time};
use super::pax::Records;
use super::sparse::{self, MapReader};
use super::{BLOCK_SIZE, padding, until_nul};
use crate::error::{Error, Fault, Place, SparseProblem, Within};
use crate::limits::Limits;
use crate::offsets::UncompressedOffset;
use crate::time::Timestamp;

const FLAG_REGULAR: u8 = b'0';
const FLAG_DIRECTORY: u8 = b'5';
/// How the seventh edition of Unix wrote both.
const FLAG_FILE_OR_DIRECTORY: u8 = 0;
const FLAG_PAX: u8 = b'x';
const FLAG_GNU_LONG_NAME: u8 = b'L';
const FLAG_GNU_LONG_LINK: u8 = b'K';

/// Least bytes that an entry takes in a zTOC besides its text: a table of 14 fields and six strings.
const MIN_ENTRY_BYTES: u64 = 100;

#[derive(Debug)]
enum State {
    Header,
    SecondZero,
    Extension { flag: u8, body: Vec<u8>, left: u64, padding: u64 },
    SparseMap { map: MapReader, file_size: i64, left: u64, padding: u64 },
    Data { left: u64, padding: u64 },
    Padding { left: u64 },
    Done,
}

/// Reads a tar stream in slices of any size.
#[derive(Debug)]
pub(crate) struct TarParser {
    state: State,
    /// A block whose first bytes came in an earlier slice.
    partial: Block,
    partial_len: usize,
    /// Bytes read; frozen at the end of the archive.
    position: u64,
    /// Where the last header block began.
    block_start: u64,
    /// Where the first header block of the entry to come began.
    entry_start: Option<u64>,
    records: Records,
    long_name: Vec<u8>,
    long_link: Vec<u8>,
    toc: Toc,
    limits: Limits,
}

impl TarParser {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            state: State::Header,
            partial: [0; BLOCK_SIZE],
            partial_len: 0,
            position: 0,
            block_start: 0,
            entry_start: None,
            records: Records::default(),
            long_name: Vec::new(),
            long_link: Vec::new(),
            toc: Toc::default(),
            limits: limits.clone(),
        }
    }

    pub(crate) fn toc(&self) -> &Toc {
        &self.toc
    }

    /// Whether the end of the archive was reached; what follows is ignored.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Reads on.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let (taken, next) = match &mut self.state {
                State::Done => return Ok(()),
                State::Header | State::SecondZero => {
                    let taken = self.block(bytes)?;
                    bytes = bytes.get(taken..).unwrap_or_default();
                    continue;
                }
                State::Data { left, padding } => {
                    let taken = count_down(left, bytes);
                    (taken, (*left == 0).then(|| after_data(*padding)))
                }
                State::Padding { left } => {
                    let taken = count_down(left, bytes);
                    (taken, (*left == 0).then_some(State::Header))
                }
                State::Extension { flag, body, left, padding } => {
                    let taken = count_down(left, bytes);
                    body.extend_from_slice(bytes.get(..taken).unwrap_or_default());
                    let complete = (*left == 0).then(|| (*flag, std::mem::take(body), *padding));
                    self.position += taken as u64;
                    bytes = bytes.get(taken..).unwrap_or_default();
                    if let Some((flag, body, padding)) = complete {
                        self.end_extension(flag, body)?;
                        self.state = after_data(padding);
                    }
                    continue;
                }
                State::SparseMap { .. } => {
                    let taken = self.sparse_map(bytes)?;
                    bytes = bytes.get(taken..).unwrap_or_default();
                    continue;
                }
            };
            self.position += taken as u64;
            bytes = bytes.get(taken..).unwrap_or_default();
            if let Some(next) = next {
                self.state = next;
            }
        }
        Ok(())
    }

    /// The stream ends here. Returns the entries and how far Go would have read.
    pub(crate) fn finish(self) -> Result<(Toc, u64), Error> {
        let within = match &self.state {
            State::Header | State::SecondZero if self.partial_len > 0 => Within::TarHeader,
            State::Extension { .. } => Within::TarExtension,
            State::SparseMap { .. } => Within::SparseMap,
            State::Data { .. } => Within::FileData,
            State::Header | State::SecondZero | State::Padding { .. } | State::Done => {
                return Ok((self.toc, self.position));
            }
        };
        let entry = match within {
            Within::SparseMap | Within::FileData => self.last_name(),
            _ => None,
        };
        let uncompressed = Some(UncompressedOffset(self.position));
        Err(Error::new(Fault::Truncated(within), Place { compressed: None, uncompressed, entry }))
    }

    /// Takes bytes of a header block, and acts on it once it is whole.
    fn block(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        if self.partial_len == 0 {
            self.block_start = self.position;
            if let Some(block) = bytes.first_chunk::<BLOCK_SIZE>() {
                self.position += BLOCK_SIZE as u64;
                return self.whole_block(block).map(|()| BLOCK_SIZE);
            }
        }
        let free = self.partial.get_mut(self.partial_len..).unwrap_or_default();
        let taken = free.len().min(bytes.len());
        for (slot, byte) in free.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.partial_len += taken;
        self.position += taken as u64;
        if self.partial_len == BLOCK_SIZE {
            self.partial_len = 0;
            let block = self.partial;
            self.whole_block(&block)?;
        }
        Ok(taken)
    }

    fn whole_block(&mut self, block: &Block) -> Result<(), Error> {
        let is_zero = block.iter().all(|&byte| byte == 0);
        self.state = match (&self.state, is_zero) {
            (State::SecondZero, true) => State::Done,
            (State::SecondZero, false) => return Err(self.error(Fault::TarLoneZeroBlock, None)),
            (_, true) => State::SecondZero,
            (_, false) => {
                self.entry_start.get_or_insert(self.block_start);
                let header = Header::parse(block).map_err(|fault| self.error(fault, None))?;
                // Go sizes up the data before it looks at the flag and again after PAX had its say.
                let data = self.data_length(header.flag, header.size, header.name)?;
                match header.flag {
                    FLAG_PAX | FLAG_GNU_LONG_NAME | FLAG_GNU_LONG_LINK => {
                        self.extension(header.flag, data)?
                    }
                    _ => self.member(&header)?,
                }
            }
        };
        Ok(())
    }

    /// Bytes of data behind a header. Links, devices, directories and fifos have none, whatever their
    /// header says.
    fn data_length(&self, flag: u8, size: i64, name: &[u8]) -> Result<u64, Error> {
        if is_header_only(flag) {
            return Ok(0);
        }
        u64::try_from(size).map_err(|_| self.error(Fault::TarNegativeSize { found: size }, Some(name)))
    }

    fn extension(&mut self, flag: u8, length: u64) -> Result<State, Error> {
        let limit = u64::from(self.limits.max_tar_extension);
        if length > limit {
            return Err(self.limit("max_tar_extension", limit, "a PAX header or GNU long name", None));
        }
        if length == 0 {
            self.end_extension(flag, Vec::new())?;
            return Ok(State::Header);
        }
        Ok(State::Extension { flag, body: Vec::new(), left: length, padding: padding(length) })
    }

    /// Of several extensions of a kind in front of an entry, the last one counts.
    fn end_extension(&mut self, flag: u8, body: Vec<u8>) -> Result<(), Error> {
        match flag {
            FLAG_GNU_LONG_NAME => self.long_name = until_nul(&body).to_vec(),
            FLAG_GNU_LONG_LINK => self.long_link = until_nul(&body).to_vec(),
            _ => self.records = Records::parse(body).map_err(|fault| self.error(fault, None))?,
        }
        Ok(())
    }

    /// A header that is neither PAX nor long name: an entry, if zTOCs have a word for it.
    fn member(&mut self, header: &Header<'_>) -> Result<State, Error> {
        let records = std::mem::take(&mut self.records);
        let long_name = std::mem::take(&mut self.long_name);
        let long_link = std::mem::take(&mut self.long_link);
        let prefixed;
        let mut entry = Entry {
            name: header.name,
            kind: EntryKind::Regular,
            offset: UncompressedOffset(self.position),
            size: header.size,
            link_name: header.link_name,
            mode: header.mode,
            uid: 0,
            gid: 0,
            uname: header.uname,
            gname: header.gname,
            modified: Timestamp { seconds: header.mtime, nanos: 0 },
            device_major: header.device_major,
            device_minor: header.device_minor,
            pax: PaxRecords::NONE,
        };
        if !header.prefix.is_empty() {
            prefixed = [header.prefix, b"/", header.name].concat();
            entry.name = &prefixed;
        }
        let mut ids = [header.uid, header.gid];
        merge(&mut entry, &mut ids, &records).map_err(|fault| self.error(fault, Some(entry.name)))?;
        // "as u32" like the reference: ids are cut, not refused.
        [entry.uid, entry.gid] = ids.map(|id| id as u32);
        // GNU's long names beat PAX.
        if !long_name.is_empty() {
            entry.name = &long_name;
        }
        if !long_link.is_empty() {
            entry.link_name = &long_link;
        }
        let flag = match header.flag {
            FLAG_FILE_OR_DIRECTORY if entry.name.ends_with(b"/") => FLAG_DIRECTORY,
            FLAG_FILE_OR_DIRECTORY => FLAG_REGULAR,
            flag => flag,
        };
        entry.kind = EntryKind::from_flag(flag)
            .ok_or_else(|| self.error(Fault::TarUnsupportedType { flag }, Some(entry.name)))?;
        let data = self.data_length(flag, entry.size, entry.name)?;
        let mut next =
            if data > 0 { State::Data { left: data, padding: padding(data) } } else { State::Header };
        let sparse_form = sparse::Form::of(&records);
        if let Some(form) = sparse_form {
            let name = records.get(b"GNU.sparse.name");
            if !name.is_empty() {
                entry.name = name;
            }
            let size = [&b"GNU.sparse.size"[..], b"GNU.sparse.realsize"]
                .map(|key| records.get(key))
                .into_iter()
                .find(|size| !size.is_empty());
            if let Some(size) = size {
                entry.size = pax_number("GNU.sparse.size", size)
                    .map_err(|fault| self.error(fault, Some(entry.name)))?;
            }
            if is_header_only(flag) {
                let fault = Fault::SparseMap { problem: SparseProblem::NoData };
                return Err(self.error(fault, Some(entry.name)));
            }
            match form {
                sparse::Form::InRecords => sparse::check_records(&records, entry.size)
                    .map_err(|fault| self.error(fault, Some(entry.name)))?,
                sparse::Form::InData => {
                    let map = MapReader::default();
                    next =
                        State::SparseMap { map, file_size: entry.size, left: data, padding: padding(data) };
                }
            }
        }
        let full = self.toc.len() as u64 >= u64::from(self.limits.max_entries);
        if full {
            let limit = u64::from(self.limits.max_entries);
            return Err(self.limit("max_entries", limit, "the number of tar entries", Some(entry.name)));
        }
        let origin = Origin {
            header: UncompressedOffset(self.entry_start.take().unwrap_or(self.block_start)),
            format: header.format,
            flag: header.flag,
            is_sparse: sparse_form.is_some(),
            has_cut_ids: ids.iter().any(|&id| u32::try_from(id).is_err()),
        };
        let fits = self.toc.push(&entry, origin, records.iter());
        let bytes = self.toc.text_bytes() as u64 + self.toc.len() as u64 * MIN_ENTRY_BYTES;
        let limit = u64::from(self.limits.max_ztoc_bytes);
        if !fits || bytes > limit {
            return Err(self.limit("max_ztoc_bytes", limit, "the zTOC's table of contents", None));
        }
        if let State::SparseMap { left: 0..BLOCK_SIZE_U64, .. } = next {
            return Err(self.sparse_error(SparseProblem::Short));
        }
        Ok(next)
    }

    /// Takes bytes of a version 1.0 sparse map, which consists of whole blocks.
    fn sparse_map(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let State::SparseMap { map, file_size, left, padding } = &mut self.state else { return Ok(0) };
        let in_block = BLOCK_SIZE - map.len() % BLOCK_SIZE;
        let piece = bytes.get(..in_block).unwrap_or(bytes);
        map.push(piece);
        *left = left.saturating_sub(piece.len() as u64);
        self.position += piece.len() as u64;
        if piece.len() < in_block {
            return Ok(piece.len());
        }
        let (left, padding, length) = (*left, *padding, map.len() as u64);
        match map.is_complete(*file_size) {
            Ok(true) => {
                // Only now is it known where the file's data begins.
                self.toc.move_last(UncompressedOffset(self.position));
                self.state = if left > 0 { State::Data { left, padding } } else { after_data(padding) };
            }
            Ok(false) if left < BLOCK_SIZE_U64 => return Err(self.sparse_error(SparseProblem::Short)),
            Ok(false) => {
                let limit = u64::from(self.limits.max_tar_extension);
                if length + BLOCK_SIZE_U64 > limit {
                    let entry = self.last_name();
                    let entry = entry.as_deref().map(str::as_bytes);
                    return Err(self.limit("max_tar_extension", limit, "a sparse map", entry));
                }
            }
            Err(fault) => {
                let entry = self.last_name();
                return Err(self.error(fault, entry.as_deref().map(str::as_bytes)));
            }
        }
        Ok(piece.len())
    }

    fn last_name(&self) -> Option<String> {
        let last = self.toc.iter().next_back()?;
        Some(String::from_utf8_lossy(last.name).into_owned())
    }

    fn sparse_error(&self, problem: SparseProblem) -> Error {
        let entry = self.last_name();
        self.error(Fault::SparseMap { problem }, entry.as_deref().map(str::as_bytes))
    }

    fn limit(&self, setting: &'static str, limit: u64, what: &'static str, entry: Option<&[u8]>) -> Error {
        self.error(Fault::Limit { setting, limit, what }, entry)
    }

    fn error(&self, fault: Fault, entry: Option<&[u8]>) -> Error {
        let place = Place {
            compressed: None,
            uncompressed: Some(UncompressedOffset(self.block_start)),
            entry: entry.map(|name| String::from_utf8_lossy(name).into_owned()),
        };
        Error::new(fault, place)
    }
}

const BLOCK_SIZE_U64: u64 = BLOCK_SIZE as u64;

fn is_header_only(flag: u8) -> bool {
    matches!(flag, b'1'..=b'6')
}

fn after_data(padding: u64) -> State {
    if padding > 0 { State::Padding { left: padding } } else { State::Header }
}

/// Takes what is wanted and there.
fn count_down(left: &mut u64, bytes: &[u8]) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= taken as u64;
    taken
}

/// PAX values replace those of the header, unless empty.
fn merge<'r>(entry: &mut Entry<'r>, [uid, gid]: &mut [i64; 2], records: &'r Records) -> Result<(), Fault> {
    for (key, value) in records.iter().filter(|(_, value)| !value.is_empty()) {
        match key {
            b"path" => entry.name = value,
            b"linkpath" => entry.link_name = value,
            b"uname" => entry.uname = value,
            b"gname" => entry.gname = value,
            b"uid" => *uid = pax_number("uid", value)?,
            b"gid" => *gid = pax_number("gid", value)?,
            b"size" => entry.size = pax_number("size", value)?,
            b"mtime" => entry.modified = pax_timestamp("mtime", value)?,
            // Not kept, but a bad one spoils the archive.
            b"atime" => drop(pax_timestamp("atime", value)?),
            b"ctime" => drop(pax_timestamp("ctime", value)?),
            _ => {}
        }
    }
    Ok(())
}

fn pax_number(key: &'static str, value: &[u8]) -> Result<i64, Fault> {
    decimal(value).ok_or_else(|| Fault::PaxNumber { key, found: crate::error::excerpt(value) })
}

fn pax_timestamp(key: &'static str, value: &[u8]) -> Result<Timestamp, Fault> {
    let (seconds, nanos) =
        pax_time(value).ok_or_else(|| Fault::PaxNumber { key, found: crate::error::excerpt(value) })?;
    Ok(Timestamp::from_signed(seconds, nanos))
}
