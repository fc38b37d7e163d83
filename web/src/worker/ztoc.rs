//! Reads a zTOC and says what it says: its header, its files, what the snapshotter would make of it.

use std::{cell::RefCell, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sociscope_engine::{
    Culprit, Failure, human,
    verify::Unusability,
    ztoc::{Compression, StoredCheckpoints, Ztoc, usable},
};
use web_sys::Blob;

use super::reader::Reader;

/// Files shown at most; a search looks at all of them.
pub const MOST_FILES: usize = 1000;
/// Largest zTOC that is read, bytes. One of 500,000 files is a fifth of it.
const LARGEST: u64 = 512 << 20;

thread_local! {
    /// The zTOC of this worker, for further searches.
    static FILE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a zTOC says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZtocContent {
    /// Digest of the file, `sha256:…`.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// Format version.
    pub version: String,
    /// The tool that built it.
    pub build_tool: String,
    /// Whether it is of a gzip layer, and not of a plain tar.
    pub is_gzip: bool,
    /// Stored size of its layer in bytes.
    pub layer_size: u64,
    /// Size of the layer's tar in bytes.
    pub tar_size: u64,
    /// Spans.
    pub spans: u64,
    /// The span size it was built with, bytes.
    pub span_size: i64,
    /// Entries in all.
    pub entries: u64,
    /// What makes it unusable, if anything does.
    pub unusable: Option<Unusability>,
}

/// Entries that were looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZtocFiles {
    /// What their names contain; empty for all.
    pub search: String,
    /// How many there are.
    pub found: u64,
    /// The first [`MOST_FILES`] of them, in file order.
    pub files: Vec<ZtocFile>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZtocFile {
    /// Its name; bytes that are no UTF-8 are shown as �.
    pub name: String,
    /// What it is, in the zTOC's own word.
    pub kind: String,
    /// Target of a link.
    pub link: String,
    /// Bytes of content.
    pub size: i64,
    /// Permission bits.
    pub mode: i64,
    /// Owner and group.
    pub owner: (u32, u32),
    /// First and last span that hold its content; `None` when it has none.
    pub spans: Option<(u64, u64)>,
}

/// Reads a whole zTOC, and keeps it for [`search`].
///
/// # Errors
/// When it cannot be read, or is no zTOC.
pub async fn read(file: &Blob) -> Result<(ZtocContent, ZtocFiles), Failure> {
    let bytes = all_of(file).await?;
    let content = content(&bytes)?;
    FILE.with(|file| file.replace(bytes));
    Ok((content, search("")))
}

/// Which spans, first and last, hold the files at these paths; `None` for what is not there.
///
/// # Errors
/// When it cannot be read, or is no zTOC.
pub async fn locate(file: &Blob, paths: &[String]) -> Result<BTreeMap<String, Option<(u32, u32)>>, Failure> {
    let located = sociscope_engine::layer::locate(&all_of(file).await?, paths);
    // It was made here and read back before, so it is one.
    if paths.iter().any(|path| !located.contains_key(path)) {
        let failure = Failure::new(Culprit::Internal, "the zTOC", "It cannot be read any more.");
        return Err(failure.fix("Drop the file again."));
    }
    Ok(located)
}

async fn all_of(file: &Blob) -> Result<Vec<u8>, Failure> {
    let size = file.size() as u64;
    if size > LARGEST {
        let message = format!("A zTOC of {} is more than is read at once.", human::size(size));
        return Err(Failure::new(Culprit::Limit, "the zTOC", message)
            .expected_found(format!("{} at most", human::size(LARGEST)), human::size(size)));
    }
    let mut bytes = Vec::new();
    let mut reader = Reader::new(file);
    while (bytes.len() as u64) < size {
        let piece = reader.read(1 << 20).await.map_err(|error| super::unpack::unreadable(error).1)?;
        let len = bytes.len();
        bytes.resize(len + piece.length() as usize, 0);
        piece.copy_to(&mut bytes[len..]);
        if piece.length() == 0 {
            break;
        }
    }
    Ok(bytes)
}

/// The entries of the zTOC read last whose name or link contains `text`, whatever its case.
pub fn search(text: &str) -> ZtocFiles {
    FILE.with_borrow(|file| {
        Ztoc::parse(file).map_or_else(|_| ZtocFiles::default(), |ztoc| files(&ztoc, text))
    })
}

fn content(bytes: &[u8]) -> Result<ZtocContent, Failure> {
    let ztoc = Ztoc::parse(bytes).map_err(|error| {
        Failure::new(
            Culprit::File,
            "the zTOC",
            format!("It begins like a zTOC, but cannot be read: {error}."),
        )
        .fix("Copy or download it again, or build it anew from its layer.")
    })?;
    let span_size = match ztoc.checkpoints() {
        StoredCheckpoints::Gzip(checkpoints) => checkpoints.span_size,
        StoredCheckpoints::Uncompressed { span_size, .. } => span_size,
    };
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ZtocContent {
        digest: format!("sha256:{digest}"),
        size: bytes.len() as u64,
        version: ztoc.version.to_owned(),
        build_tool: ztoc.build_tool.to_owned(),
        is_gzip: ztoc.compression == Compression::Gzip,
        layer_size: ztoc.compressed_size,
        tar_size: ztoc.uncompressed_size,
        spans: ztoc.span_count() as u64,
        span_size,
        entries: ztoc.entry_count() as u64,
        unusable: Unusability::of(&usable::check(&ztoc, None)),
    })
}

fn files(ztoc: &Ztoc<'_>, text: &str) -> ZtocFiles {
    let starts = Starts::of(ztoc);
    let wanted = text.trim().to_lowercase();
    let mut found = ZtocFiles { search: text.to_owned(), ..ZtocFiles::default() };
    for entry in ztoc.entries() {
        let name = String::from_utf8_lossy(entry.name);
        let link = String::from_utf8_lossy(entry.link_name);
        let is_wanted = wanted.is_empty()
            || name.to_lowercase().contains(&wanted)
            || link.to_lowercase().contains(&wanted);
        if !is_wanted {
            continue;
        }
        found.found += 1;
        if found.files.len() < MOST_FILES {
            found.files.push(ZtocFile {
                kind: entry.kind.as_str().to_owned(),
                size: entry.size,
                mode: entry.mode & 0o7777,
                owner: (entry.uid, entry.gid),
                spans: (entry.kind.as_str() == "reg")
                    .then(|| starts.spans(entry.offset.0, entry.size))
                    .flatten(),
                name: name.into_owned(),
                link: link.into_owned(),
            });
        }
    }
    found
}

/// Where spans begin in the tar.
enum Starts {
    /// At these offsets, growing.
    At(Vec<u64>),
    /// At multiples of this.
    Every(u64),
}

impl Starts {
    fn of(ztoc: &Ztoc<'_>) -> Self {
        match ztoc.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                Self::At(checkpoints.iter().map(|checkpoint| checkpoint.uncompressed.0).collect())
            }
            StoredCheckpoints::Uncompressed { span_size, .. } => {
                Self::Every(u64::try_from(span_size).unwrap_or(0))
            }
        }
    }

    fn spans(&self, offset: u64, size: i64) -> Option<(u64, u64)> {
        let last = offset.checked_add(u64::try_from(size).ok()?.checked_sub(1)?)?;
        match self {
            Self::At(starts) => {
                let span = |at: u64| (starts.partition_point(|start| *start <= at) as u64).saturating_sub(1);
                Some((span(offset), span(last)))
            }
            Self::Every(size) => Some((offset.checked_div(*size)?, last.checked_div(*size)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Starts;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_file_lies_in_the_spans_its_first_and_last_byte_lie_in() {
        let starts = Starts::At(vec![0, 100, 250]);
        for (offset, size, spans) in [
            (0, 1, Some((0, 0))),
            (0, 100, Some((0, 0))),
            (0, 101, Some((0, 1))),
            (99, 200, Some((0, 2))),
            (250, 9999, Some((2, 2))),
            (250, 0, None),
            (250, -1, None),
            (u64::MAX, 2, None),
        ] {
            assert_eq!(starts.spans(offset, size), spans, "{size} bytes at {offset}");
        }
        assert_eq!(Starts::Every(100).spans(199, 2), Some((1, 2)));
        assert_eq!(Starts::Every(0).spans(199, 2), None);
    }
}
