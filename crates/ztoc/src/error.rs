//! What can be wrong with a layer, said so that a person can act on it.
//!
//! An [`Error`] has three parts: a [`Fault`] (what was expected, what was found), the [`Culprit`]
//! it follows from (which structure is broken, or is it a limit, or the caller), and a [`Place`].
//! All three are the same whatever slices the layer was pushed in.

use crate::offsets::{CompressedOffset, SpanId, UncompressedOffset};
use sociscope_inflate::InflateError;
use std::fmt;

/// Why a layer has no zTOC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}{}", self.culprit(), self.fault(), self.place())]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    fault: Fault,
    place: Place,
}

impl Error {
    /// What was expected and what was found.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        &self.0.fault
    }

    /// Where.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// Which structure, limit or party is to blame.
    #[must_use]
    pub fn culprit(&self) -> Culprit {
        self.0.fault.culprit()
    }

    pub(crate) fn at_compressed(fault: impl Into<Fault>, offset: CompressedOffset) -> Self {
        Self::new(fault, Place { compressed: Some(offset), ..Place::default() })
    }

    pub(crate) fn new(fault: impl Into<Fault>, place: Place) -> Self {
        Self(Box::new(Inner { fault: fault.into(), place }))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::new(fault, Place::default())
    }
}

/// Which part is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Culprit {
    /// A gzip member's header (RFC 1952 §2.3).
    GzipHeader,
    /// The compressed data of a member (RFC 1951).
    Deflate,
    /// A member's CRC-32 or length (RFC 1952 §2.3.1).
    GzipTrailer,
    /// A tar header block, or the end of the archive.
    TarHeader,
    /// A PAX extended header.
    PaxHeader,
    /// A GNU sparse map.
    SparseMap,
    /// A member of a kind that zTOCs cannot describe.
    TarEntryType,
    /// One of the [`Limits`](crate::Limits).
    Limit,
    /// The caller.
    Caller,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GzipHeader => "gzip header",
            Self::Deflate => "deflate data",
            Self::GzipTrailer => "gzip trailer",
            Self::TarHeader => "tar header",
            Self::PaxHeader => "PAX header",
            Self::SparseMap => "sparse map",
            Self::TarEntryType => "tar entry type",
            Self::Limit => "limit",
            Self::Caller => "caller",
        })
    }
}

/// Where a fault lies; what is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Position in the layer as stored. For broken deflate data: where its block begins.
    pub compressed: Option<CompressedOffset>,
    /// Position in the tar stream. For a broken tar header: where its block begins.
    pub uncompressed: Option<UncompressedOffset>,
    /// The tar entry's name as far as it was known; bytes that are not UTF-8 are replaced.
    pub entry: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.compressed {
            write!(f, ", at compressed offset {offset}")?;
        }
        if let Some(offset) = self.uncompressed {
            write!(f, ", at tar offset {offset}")?;
        }
        if let Some(entry) = &self.entry {
            write!(f, ", entry {entry:?}")?;
        }
        Ok(())
    }
}

/// The structure in which the bytes ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Within {
    /// Not a single byte was given.
    NothingAtAll,
    /// A gzip header.
    GzipHeader,
    /// A deflate block.
    DeflateBlock,
    /// A gzip trailer.
    GzipTrailer,
    /// A tar header block.
    TarHeader,
    /// The records of a PAX header or a GNU long name.
    TarExtension,
    /// A GNU sparse map.
    SparseMap,
    /// The contents of a file.
    FileData,
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingAtAll => "before its first byte",
            Self::GzipHeader => "inside a gzip header",
            Self::DeflateBlock => "inside a deflate block",
            Self::GzipTrailer => "inside a gzip trailer",
            Self::TarHeader => "inside a tar header block",
            Self::TarExtension => "inside a PAX header or long name",
            Self::SparseMap => "inside a sparse map",
            Self::FileData => "inside a file's data",
        })
    }
}

/// What was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes ended too early.
    #[error("the layer ends {0}")]
    Truncated(Within),

    /// The layer does not begin as gzip.
    #[error("expected 1f 8b, found {}", Hex(found))]
    NotGzip {
        /// The first bytes.
        found: Vec<u8>,
    },
    /// After a complete member comes something that is no member. Padding with zeros counts.
    #[error(
        "expected another member (1f 8b) or the end of the layer after the last member, found {}",
        Hex(found)
    )]
    TrailingGarbage {
        /// The first bytes behind the last member.
        found: Vec<u8>,
    },
    /// CM is not 8.
    #[error("expected compression method 8 (deflate), found {found}")]
    GzipMethod {
        /// The CM byte.
        found: u8,
    },
    /// FLG has bits that RFC 1952 reserves.
    #[error("expected the reserved flag bits e0 to be zero, found flags {found:#04x}")]
    GzipReservedFlags {
        /// The FLG byte.
        found: u8,
    },
    /// FHCRC does not fit the header.
    #[error("expected header CRC {stored:#06x}, found {computed:#06x}")]
    GzipHeaderCrc {
        /// As written.
        stored: u16,
        /// As computed.
        computed: u16,
    },

    /// The deflate stream is broken.
    #[error("{0}")]
    Deflate(#[from] InflateError),

    /// The member's CRC-32 does not fit its data.
    #[error("expected CRC-32 {stored:#010x}, found {computed:#010x}")]
    GzipCrc {
        /// As written.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// The member's ISIZE does not fit its data.
    #[error("expected {stored} bytes (modulo 2^32), found {computed}")]
    GzipLength {
        /// As written.
        stored: u32,
        /// As counted.
        computed: u32,
    },

    /// The header's checksum fits neither as unsigned nor as signed sum.
    #[error("expected the checksum {unsigned} (or {signed}, summed as signed bytes), found \"{found}\"")]
    TarChecksum {
        /// The field, escaped.
        found: String,
        /// The sum of the bytes.
        unsigned: u32,
        /// The sum of the bytes taken as signed.
        signed: i32,
    },
    /// A numeric header field is neither octal nor base-256 in 64 bits.
    #[error("expected an octal or base-256 number in field {field}, found \"{found}\"")]
    TarNumber {
        /// The field.
        field: &'static str,
        /// Its bytes, escaped.
        found: String,
    },
    /// A member that has data says it has less than none.
    #[error("expected a size of 0 or more, found {found}")]
    TarNegativeSize {
        /// The size.
        found: i64,
    },
    /// A block of zeros must be followed by another one or by the end.
    #[error("expected a second block of zeros after the first, found other bytes")]
    TarLoneZeroBlock,
    /// A type flag other than 0–6 (and the extensions x, L, K).
    #[error(
        "expected a file, link, device, directory or fifo (type flags 0 to 6), found {}",
        TypeFlag(*flag)
    )]
    TarUnsupportedType {
        /// The type flag.
        flag: u8,
    },

    /// A PAX record is malformed.
    #[error("{problem}, found record \"{record}\"")]
    PaxRecord {
        /// What is wrong.
        problem: PaxProblem,
        /// The start of the record, escaped.
        record: String,
    },
    /// A PAX value that must be a number is none.
    #[error("expected a number for {key}, found \"{found}\"")]
    PaxNumber {
        /// The record's key.
        key: &'static str,
        /// The record's value, escaped.
        found: String,
    },

    /// A GNU sparse map is malformed.
    #[error("{problem}")]
    SparseMap {
        /// What is wrong.
        problem: SparseProblem,
    },

    /// The layer asks for more than a limit allows.
    #[error("{what} would pass {setting} = {limit}")]
    Limit {
        /// The field of [`Limits`](crate::Limits).
        setting: &'static str,
        /// Its value.
        limit: u64,
        /// What is too much.
        what: &'static str,
    },

    /// An uncompressed layer cannot be cut into spans of no bytes.
    #[error("expected a span size of 1 or more for an uncompressed layer, found 0")]
    SpanSizeZero,
    /// The format stores the span size as a signed 64-bit number.
    #[error("expected a span size up to 9223372036854775807, found {found}")]
    SpanSizeTooLarge {
        /// What was asked.
        found: u64,
    },
    /// A span was to be hashed elsewhere, and its digest never came.
    #[error("expected the digest of span {span} before writing, found none")]
    MissingDigest {
        /// The first such span.
        span: SpanId,
    },
}

impl Fault {
    /// Which part is to blame.
    #[must_use]
    pub fn culprit(&self) -> Culprit {
        match self {
            Self::Truncated(within) => match within {
                Within::NothingAtAll | Within::GzipHeader => Culprit::GzipHeader,
                Within::DeflateBlock => Culprit::Deflate,
                Within::GzipTrailer => Culprit::GzipTrailer,
                Within::TarExtension => Culprit::PaxHeader,
                Within::SparseMap => Culprit::SparseMap,
                Within::TarHeader | Within::FileData => Culprit::TarHeader,
            },
            Self::NotGzip { .. }
            | Self::TrailingGarbage { .. }
            | Self::GzipMethod { .. }
            | Self::GzipReservedFlags { .. }
            | Self::GzipHeaderCrc { .. } => Culprit::GzipHeader,
            Self::Deflate(_) => Culprit::Deflate,
            Self::GzipCrc { .. } | Self::GzipLength { .. } => Culprit::GzipTrailer,
            Self::TarChecksum { .. }
            | Self::TarNumber { .. }
            | Self::TarNegativeSize { .. }
            | Self::TarLoneZeroBlock => Culprit::TarHeader,
            Self::TarUnsupportedType { .. } => Culprit::TarEntryType,
            Self::PaxRecord { .. } | Self::PaxNumber { .. } => Culprit::PaxHeader,
            Self::SparseMap { .. } => Culprit::SparseMap,
            Self::Limit { .. } => Culprit::Limit,
            Self::SpanSizeZero | Self::SpanSizeTooLarge { .. } | Self::MissingDigest { .. } => {
                Culprit::Caller
            }
        }
    }
}

/// What is wrong with a PAX record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PaxProblem {
    /// The length is no number, or too small, or larger than what is left.
    #[error("expected a record length that fits the header")]
    Length,
    /// The byte at the end is not a newline.
    #[error("expected a newline at the end of the record")]
    Newline,
    /// No `=`, or nothing before it.
    #[error("expected key=value")]
    KeyValue,
    /// A NUL in a key, or in the value of a text field.
    #[error("expected no NUL byte")]
    Nul,
    /// `GNU.sparse.offset` and `GNU.sparse.numbytes` must take turns and hold no comma.
    #[error("expected GNU.sparse.offset and GNU.sparse.numbytes in turns")]
    SparseOrder,
}

/// What is wrong with a sparse map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SparseProblem {
    /// The number of fragments is no number, negative or absurd.
    #[error("expected the number of fragments")]
    Count,
    /// Not two numbers per fragment.
    #[error("expected an offset and a length per fragment")]
    Pairs,
    /// An offset or length is no number.
    #[error("expected decimal offsets and lengths")]
    Number,
    /// Fragments overlap, are out of order, or lie beyond the file.
    #[error("expected fragments in order within the file's size")]
    Bounds,
    /// The file's data ends before the map in front of it does.
    #[error("expected the sparse map to end within the file's data")]
    Short,
    /// Only files with data can be sparse.
    #[error("expected a regular file to carry the map, found a member without data")]
    NoData,
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

struct TypeFlag(u8);

impl fmt::Display for TypeFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.escape_ascii())?;
        let name = match self.0 {
            b'7' => "contiguous file",
            b'g' => "PAX global header, as `git archive` writes",
            b'S' => "GNU sparse file",
            b'D' => "GNU directory dump",
            b'M' => "GNU continuation of another volume",
            b'V' => "GNU volume label",
            _ => return Ok(()),
        };
        write!(f, " ({name})")
    }
}

/// Raw bytes as a short escaped text for messages.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    const MAX: usize = 60;
    let shown = bytes.get(..MAX).unwrap_or(bytes);
    let dots = if bytes.len() > MAX { "…" } else { "" };
    format!("{}{dots}", shown.escape_ascii())
}
