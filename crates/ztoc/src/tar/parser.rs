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

use super::entries::Toc;
use super::header::{Block, Header};
use super::member::{Extensions, FLAG_GNU_LONG_LINK, FLAG_GNU_LONG_NAME, FLAG_PAX, Member, data_length};
use super::pax::Records;
use super::sparse::MapReader;
use super::{BLOCK_SIZE, padding};
use crate::error::{Error, Fault, Place, SparseProblem, Within};
use crate::limits::Limits;
use crate::offsets::UncompressedOffset;

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
    /// What was read in front of the entry to come.
    extensions: Extensions,
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
            extensions: Extensions::default(),
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
            Within::SparseMap | Within::FileData => self.toc.iter().next_back(),
            _ => None,
        };
        let place = Place {
            compressed: None,
            uncompressed: Some(UncompressedOffset(self.position)),
            entry: entry.map(|entry| entry_name(entry.name)),
        };
        Err(Error::new(Fault::Truncated(within), place))
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
                let header = Header::parse(block).map_err(|fault| self.error(fault, None))?;
                let name = header.full_name();
                // Go sizes up the data before it looks at the flag and again after PAX had its say.
                let data =
                    data_length(header.flag, header.size).map_err(|fault| self.error(fault, Some(&name)))?;
                match header.flag {
                    FLAG_PAX | FLAG_GNU_LONG_NAME | FLAG_GNU_LONG_LINK => {
                        self.extension(header.flag, data)?
                    }
                    _ => self.member(&header, &name)?,
                }
            }
        };
        Ok(())
    }

    fn extension(&mut self, flag: u8, length: u64) -> Result<State, Error> {
        let limit = u64::from(self.limits.max_tar_extension);
        if length > limit {
            let what = "a PAX header or GNU long name";
            return Err(self.error(Fault::Limit { setting: "max_tar_extension", limit, what }, None));
        }
        self.extensions.start.get_or_insert(UncompressedOffset(self.block_start));
        if length == 0 {
            self.end_extension(flag, Vec::new())?;
            return Ok(State::Header);
        }
        Ok(State::Extension { flag, body: Vec::new(), left: length, padding: padding(length) })
    }

    fn end_extension(&mut self, flag: u8, body: Vec<u8>) -> Result<(), Error> {
        self.extensions.add(flag, body).map_err(|fault| self.error(fault, None))
    }

    /// A header that is neither PAX nor long name: an entry, if zTOCs have a word for it.
    fn member(&mut self, header: &Header<'_>, name: &[u8]) -> Result<State, Error> {
        let extensions = std::mem::take(&mut self.extensions);
        let header_start = UncompressedOffset(self.block_start);
        let data_start = UncompressedOffset(self.position);
        let member = Member::new(header, name, &extensions, header_start, data_start)
            .map_err(|(fault, name)| self.error(fault, Some(name)))?;
        self.keep(&member, extensions.records())?;
        let (left, padding) = (member.data, padding(member.data));
        Ok(if member.has_map_in_data {
            if left < BLOCK_SIZE as u64 {
                return Err(self.last_error(Fault::SparseMap { problem: SparseProblem::Short }));
            }
            let (map, file_size) = (MapReader::default(), member.entry.size);
            State::SparseMap { map, file_size, left, padding }
        } else if left > 0 {
            State::Data { left, padding }
        } else {
            State::Header
        })
    }

    /// Puts an entry into the arena, if it still fits.
    fn keep(&mut self, member: &Member<'_>, records: &Records) -> Result<(), Error> {
        let max_entries = u64::from(self.limits.max_entries);
        if self.toc.len() as u64 >= max_entries {
            let what = "the number of tar entries";
            let fault = Fault::Limit { setting: "max_entries", limit: max_entries, what };
            return Err(self.error(fault, Some(member.entry.name)));
        }
        let fits = self.toc.push(&member.entry, member.origin, records.iter());
        let bytes = self.toc.text_bytes() as u64 + self.toc.len() as u64 * MIN_ENTRY_BYTES;
        let limit = u64::from(self.limits.max_ztoc_bytes);
        if !fits || bytes > limit {
            let what = "the zTOC's table of contents";
            let fault = Fault::Limit { setting: "max_ztoc_bytes", limit, what };
            return Err(self.error(fault, Some(member.entry.name)));
        }
        Ok(())
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
        let complete = map.is_complete(*file_size).map_err(|fault| self.last_error(fault))?;
        let limit = u64::from(self.limits.max_tar_extension);
        if complete {
            // Only now is it known where the file's data begins.
            self.toc.move_last(UncompressedOffset(self.position));
            self.state = if left > 0 { State::Data { left, padding } } else { after_data(padding) };
        } else if left < BLOCK_SIZE as u64 {
            return Err(self.last_error(Fault::SparseMap { problem: SparseProblem::Short }));
        } else if length + BLOCK_SIZE as u64 > limit {
            let what = "a sparse map";
            return Err(self.last_error(Fault::Limit { setting: "max_tar_extension", limit, what }));
        }
        Ok(piece.len())
    }

    /// A fault of the last entry.
    fn last_error(&self, fault: Fault) -> Error {
        self.error(fault, self.toc.iter().next_back().map(|entry| entry.name))
    }

    /// A fault of the last header block.
    fn error(&self, fault: Fault, entry: Option<&[u8]>) -> Error {
        let place = Place {
            compressed: None,
            uncompressed: Some(UncompressedOffset(self.block_start)),
            entry: entry.map(entry_name),
        };
        Error::new(fault, place)
    }
}

/// A name for people. It can have a megabyte; nobody reads on after this much.
fn entry_name(name: &[u8]) -> String {
    const MAX_CHARS: usize = 300;
    let text = String::from_utf8_lossy(name);
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
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
