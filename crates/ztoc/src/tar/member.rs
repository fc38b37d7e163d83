//! From a header and what came before it to an entry: who wins, as Go decides.
//!
//! ```text
//!   x: PAX records ──► L, K: long names ──► the header ──► data
//!   └── replace its fields, unless empty    ▲
//!                      └── beat the records ┘          then NUL flags are told apart,
//!                                                      then sparse records rename and resize
//! ```

use super::entries::{Entry, EntryKind, Origin, PaxRecords};
use super::header::Header;
use super::numbers::{decimal, pax_time};
use super::pax::Records;
use super::{sparse, until_nul};
use crate::error::{Fault, SparseProblem, excerpt};
use crate::offsets::UncompressedOffset;
use crate::time::Timestamp;

pub(crate) const FLAG_PAX: u8 = b'x';
pub(crate) const FLAG_GNU_LONG_NAME: u8 = b'L';
pub(crate) const FLAG_GNU_LONG_LINK: u8 = b'K';
const FLAG_REGULAR: u8 = b'0';
const FLAG_DIRECTORY: u8 = b'5';
/// How the seventh edition of Unix wrote both.
const FLAG_FILE_OR_DIRECTORY: u8 = 0;

/// What came in front of a header and speaks of it. Of several of a kind, the last one counts.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    /// Where the first of them began.
    pub(crate) start: Option<UncompressedOffset>,
    records: Records,
    long_name: Vec<u8>,
    long_link: Vec<u8>,
}

impl Extensions {
    /// Adds the body of a PAX header or long name.
    pub(crate) fn add(&mut self, flag: u8, body: Vec<u8>) -> Result<(), Fault> {
        match flag {
            FLAG_GNU_LONG_NAME => self.long_name = until_nul(&body).to_vec(),
            FLAG_GNU_LONG_LINK => self.long_link = until_nul(&body).to_vec(),
            _ => self.records = Records::parse(body)?,
        }
        Ok(())
    }

    pub(crate) fn records(&self) -> &Records {
        &self.records
    }
}

/// A tar member, as Go would return it.
pub(crate) struct Member<'a> {
    pub(crate) entry: Entry<'a>,
    pub(crate) origin: Origin,
    /// Bytes of data that follow.
    pub(crate) data: u64,
    /// The data begins with a sparse map, which Go reads as part of the header.
    pub(crate) has_map_in_data: bool,
}

impl<'a> Member<'a> {
    /// Puts a header and its extensions together. `name` is the header's name with its prefix;
    /// `header_start` and `data_start` are where the header block begins and ends.
    ///
    /// A fault comes with the entry's name as far as it was known.
    pub(crate) fn new(
        header: &Header<'a>,
        name: &'a [u8],
        extensions: &'a Extensions,
        header_start: UncompressedOffset,
        data_start: UncompressedOffset,
    ) -> Result<Self, (Fault, &'a [u8])> {
        let mut entry = Entry {
            name,
            kind: EntryKind::Regular,
            offset: data_start,
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
        let records = &extensions.records;
        let mut ids = [header.uid, header.gid];
        merge(&mut entry, &mut ids, records).map_err(|fault| (fault, entry.name))?;
        // The reference cuts ids to 32 bits without a word.
        [entry.uid, entry.gid] = ids.map(|id| id as u32);
        if !extensions.long_name.is_empty() {
            entry.name = &extensions.long_name;
        }
        if !extensions.long_link.is_empty() {
            entry.link_name = &extensions.long_link;
        }

        let flag = match header.flag {
            FLAG_FILE_OR_DIRECTORY if entry.name.ends_with(b"/") => FLAG_DIRECTORY,
            FLAG_FILE_OR_DIRECTORY => FLAG_REGULAR,
            flag => flag,
        };
        let unsupported = Fault::TarUnsupportedType { flag };
        entry.kind = EntryKind::from_flag(flag).ok_or((unsupported, entry.name))?;
        let data = data_length(flag, entry.size).map_err(|fault| (fault, entry.name))?;

        let form = sparse::Form::of(records);
        if let Some(form) = form {
            make_sparse(&mut entry, records, form).map_err(|fault| (fault, entry.name))?;
        }
        let origin = Origin {
            header: extensions.start.unwrap_or(header_start),
            format: header.format,
            flag: header.flag,
            is_sparse: form.is_some(),
            has_cut_ids: ids.iter().any(|&id| u32::try_from(id).is_err()),
        };
        Ok(Self { entry, origin, data, has_map_in_data: form == Some(sparse::Form::InData) })
    }
}

/// Bytes of data behind a header. Links, devices, directories and fifos have none, whatever their
/// header says.
pub(crate) fn data_length(flag: u8, size: i64) -> Result<u64, Fault> {
    if matches!(flag, b'1'..=b'6') {
        return Ok(0);
    }
    u64::try_from(size).map_err(|_| Fault::TarNegativeSize { found: size })
}

/// PAX values replace those of the header, unless empty.
fn merge<'a>(entry: &mut Entry<'a>, [uid, gid]: &mut [i64; 2], records: &'a Records) -> Result<(), Fault> {
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

/// Gives a sparse file its own name and its logical size, and checks its map where it is at hand.
fn make_sparse<'a>(entry: &mut Entry<'a>, records: &'a Records, form: sparse::Form) -> Result<(), Fault> {
    let name = records.get(b"GNU.sparse.name");
    if !name.is_empty() {
        entry.name = name;
    }
    for (key, label) in
        [(&b"GNU.sparse.size"[..], "GNU.sparse.size"), (b"GNU.sparse.realsize", "GNU.sparse.realsize")]
    {
        let size = records.get(key);
        if !size.is_empty() {
            entry.size = pax_number(label, size)?;
            break;
        }
    }
    if entry.kind != EntryKind::Regular {
        return Err(Fault::SparseMap { problem: SparseProblem::NoData });
    }
    match form {
        sparse::Form::InRecords => sparse::check_records(records, entry.size),
        sparse::Form::InData => Ok(()),
    }
}

fn pax_number(key: &'static str, value: &[u8]) -> Result<i64, Fault> {
    decimal(value).ok_or_else(|| Fault::PaxNumber { key, found: excerpt(value) })
}

fn pax_timestamp(key: &'static str, value: &[u8]) -> Result<Timestamp, Fault> {
    let (seconds, nanos) = pax_time(value).ok_or_else(|| Fault::PaxNumber { key, found: excerpt(value) })?;
    Ok(Timestamp::from_signed(seconds, nanos))
}
