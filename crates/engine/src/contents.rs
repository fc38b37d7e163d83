//! What a zTOC file says, for people and programs: the same facts in the page, the table and the JSON.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Culprit, Failure, human,
    image::Digest,
    ztoc::{BUILD_TOOL, Compression, EntryKind, StoredCheckpoints, VERSION, Ztoc},
};

/// The name of this form, as it stands in the JSON. Fields may be added, neither removed nor changed.
pub const SCHEMA: &str = "sociscope.ztoc/1";
/// How many entries are listed at most.
const LISTED: usize = 20;

/// What a zTOC says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZtocContents {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the file.
    pub file: String,
    /// Its digest: the name of the zTOC as a blob.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// Format version.
    pub version: String,
    /// The tool that built it.
    pub build_tool: String,
    /// How the layer is stored: `gzip` or `none`.
    pub compression: String,
    /// Bytes of the layer as stored.
    pub layer_size: u64,
    /// Bytes of the layer unpacked, as far as its tar goes.
    pub uncompressed_size: u64,
    /// Uncompressed bytes per span, as asked for when it was built.
    pub span_size: i64,
    /// Spans.
    pub spans: u64,
    /// Entries of every kind.
    pub entries: u64,
    /// Regular files among them.
    pub files: u64,
    /// The first entries, in file order.
    pub first_entries: Vec<EntryContents>,
}

/// One entry of a zTOC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryContents {
    /// Its path; what is not UTF-8 is replaced.
    pub name: String,
    /// `reg`, `dir`, `symlink`, …: the word in the file.
    pub kind: String,
    /// Bytes of its data.
    pub size: i64,
    /// Where its data begin in the unpacked layer.
    pub offset: u64,
    /// Permissions, and whatever else the mode holds.
    pub mode: i64,
    /// What a link leads to; empty for other entries.
    pub link: String,
}

impl ZtocContents {
    /// Reads `bytes`, the whole of the file called `file`.
    ///
    /// # Errors
    /// When they are no zTOC: what is wrong, at which byte.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let ztoc = Ztoc::parse(bytes).map_err(|error| {
            Failure::new(
                Culprit::File,
                format!("{file}, byte {}", human::count(error.at as u64)),
                format!("The file begins like a zTOC but cannot be read: {}.", error.problem),
            )
            .fix("Build it again from its layer: `sociscope ztoc LAYER --out FILE`.")
        })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let first_entries = ztoc.entries().take(LISTED).map(|entry| EntryContents {
            name: text(entry.name),
            kind: entry.kind.as_str().to_owned(),
            size: entry.size,
            offset: entry.offset.0,
            mode: entry.mode,
            link: text(entry.link_name),
        });
        Ok(Self {
            schema: SCHEMA.to_owned(),
            file: file.to_owned(),
            digest: Digest::of(bytes).to_string(),
            size: bytes.len() as u64,
            version: ztoc.version.to_owned(),
            build_tool: ztoc.build_tool.to_owned(),
            compression: match ztoc.compression {
                Compression::Gzip => "gzip",
                Compression::Uncompressed => "none",
            }
            .to_owned(),
            layer_size: ztoc.compressed_size,
            uncompressed_size: ztoc.uncompressed_size,
            span_size: match ztoc.checkpoints() {
                StoredCheckpoints::Gzip(checkpoints) => checkpoints.span_size,
                StoredCheckpoints::Uncompressed { span_size, .. } => span_size,
            },
            spans: ztoc.span_count() as u64,
            entries: ztoc.entry_count() as u64,
            files: ztoc.entries().filter(|entry| entry.kind == EntryKind::Regular).count() as u64,
            first_entries: first_entries.collect(),
        })
    }

    /// As JSON, indented, with a newline at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl fmt::Display for ZtocContents {
    /// A table for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}  zTOC", self.file, human::file_size(self.size))?;
        writeln!(f, "{}", self.digest)?;
        let known = self.version == VERSION && self.build_tool == BUILD_TOOL;
        let built = if known { "as soci v0.15.0 builds them" } else { "not the form soci v0.15.0 builds" };
        writeln!(f, "\n  built by   {}, version {} ({built})", self.build_tool, self.version)?;
        let stored = if self.compression == "none" { "not compressed" } else { self.compression.as_str() };
        writeln!(
            f,
            "  layer      {}, {stored}; {} unpacked",
            human::file_size(self.layer_size),
            human::file_size(self.uncompressed_size)
        )?;
        let span_size = u64::try_from(self.span_size).unwrap_or(0);
        writeln!(f, "  spans      {} of {}", human::count(self.spans), human::setting(span_size))?;
        writeln!(
            f,
            "  entries    {}, {} of them files",
            human::count(self.entries),
            human::count(self.files)
        )?;
        if !self.first_entries.is_empty() {
            writeln!(f)?;
        }
        for entry in &self.first_entries {
            write!(f, "  {:<8} {:>10}  {}", entry.kind, size_of(entry), entry.name)?;
            if entry.link.is_empty() { writeln!(f)? } else { writeln!(f, " -> {}", entry.link)? }
        }
        let more = self.entries.saturating_sub(self.first_entries.len() as u64);
        if more > 0 { writeln!(f, "  and {} more", human::count(more)) } else { Ok(()) }
    }
}

/// Only files have a size worth showing.
fn size_of(entry: &EntryContents) -> String {
    match u64::try_from(entry.size) {
        Ok(size) if entry.kind == EntryKind::Regular.as_str() => human::size(size),
        _ => String::new(),
    }
}
