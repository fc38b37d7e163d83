//! One header block.
//!
//! ```text
//!   0 name 100 │ 100 mode 8 │ 108 uid 8 │ 116 gid 8 │ 124 size 12 │ 136 mtime 12 │ 148 checksum 8
//! 156 type 1 │ 157 link 100 │ 257 magic 6 │ 263 version 2 │ 265 user, group, device … │ 345 prefix 155
//! ```
//!
//! Where a member lies depends on name, size, type and link alone. The other fields are not looked
//! at, so a header that other readers refuse for its owner or time still shows its member.

use std::ops::Range;

/// Bytes of a block.
pub(crate) const BLOCK: u64 = 512;

const NAME: Range<usize> = 0..100;
const SIZE: Range<usize> = 124..136;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
/// GNU sparse headers say here whether a block of their map follows.
const SPARSE_EXTENDED: usize = 482;
/// And such a block says here whether another one follows it.
const SPARSE_BLOCK_EXTENDED: usize = 504;
const PREFIX: Range<usize> = 345..500;
/// The `star` program keeps two times behind a shorter prefix, and its name at the very end.
const STAR_PREFIX: Range<usize> = 345..476;
const STAR_TRAILER: Range<usize> = 508..512;

/// What a header announces.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    HardLink,
    Symlink,
    /// A device or a pipe.
    Special,
    /// A file whose holes are not stored, so that its bytes are not one run.
    Sparse,
    /// PAX records for the next member.
    Pax,
    /// PAX records for all members that follow.
    PaxGlobal,
    /// A long name for the next member.
    LongName,
    /// A long link target for the next member.
    LongLink,
}

impl Kind {
    /// Whether data follow the header. A size may be stated regardless.
    pub(crate) fn has_data(self) -> bool {
        !matches!(self, Self::Directory | Self::HardLink | Self::Symlink | Self::Special)
    }
}

/// What of a header matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) link: String,
    /// Bytes of data as stated.
    pub(crate) size: u64,
    pub(crate) kind: Kind,
    /// GNU sparse only: a block of the map follows.
    pub(crate) map_follows: bool,
}

/// Why a block is no header.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("the header's checksum is not that of its bytes")]
    Checksum,
    #[error("the header's size field is no number")]
    Size,
    #[error("the PAX header is malformed")]
    Pax,
}

/// Reads a block: `None` when it is all zero, which ends an archive.
pub(crate) fn parse(block: &[u8]) -> Result<Option<Header>, HeaderError> {
    if block.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    if !checksum_holds(block) {
        return Err(HeaderError::Checksum);
    }
    let name = text(field(block, NAME));
    let name = match prefix(block) {
        Some(prefix) => format!("{prefix}/{name}"),
        None => name,
    };
    let kind = match block.get(TYPE).copied().unwrap_or_default() {
        // Written before directories had a type of their own.
        0 if name.ends_with('/') => Kind::Directory,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' | b'4' | b'6' => Kind::Special,
        b'5' => Kind::Directory,
        b'x' => Kind::Pax,
        b'g' => Kind::PaxGlobal,
        b'L' => Kind::LongName,
        b'K' => Kind::LongLink,
        b'S' => Kind::Sparse,
        // '0', NUL, '7' (contiguous), and what nobody knows, which POSIX says to take as a file.
        _ => Kind::File,
    };
    Ok(Some(Header {
        size: number(field(block, SIZE)).ok_or(HeaderError::Size)?,
        link: text(field(block, LINK)),
        map_follows: kind == Kind::Sparse && block.get(SPARSE_EXTENDED).is_some_and(|&flag| flag != 0),
        name,
        kind,
    }))
}

/// Whether a block of a sparse map is followed by another.
pub(crate) fn sparse_map_goes_on(block: &[u8]) -> bool {
    block.get(SPARSE_BLOCK_EXTENDED).is_some_and(|&flag| flag != 0)
}

fn field(block: &[u8], range: Range<usize>) -> &[u8] {
    block.get(range).unwrap_or_default()
}

/// Up to the first NUL. Names that are not UTF-8 are none that images use; they are kept legible.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The directory part of a long name, in the formats that have it. GNU headers keep other things
/// in its place.
fn prefix(block: &[u8]) -> Option<String> {
    let magic = field(block, MAGIC);
    let range = if !magic.starts_with(b"ustar\0") {
        return None;
    } else if field(block, STAR_TRAILER) == b"tar\0" {
        STAR_PREFIX
    } else {
        PREFIX
    };
    Some(text(field(block, range))).filter(|prefix| !prefix.is_empty())
}

/// The checksum counts its own field as blanks. Old writers summed signed bytes.
fn checksum_holds(block: &[u8]) -> bool {
    let Some(stated) = octal(field(block, CHECKSUM)) else { return false };
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for (position, &byte) in block.iter().enumerate() {
        let byte = if CHECKSUM.contains(&position) { b' ' } else { byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    i64::try_from(stated).is_ok_and(|stated| stated == unsigned || stated == signed)
}

/// Octal digits, or, for sizes that 11 digits cannot say (8 GiB and more), GNU's base 256: the top
/// bit of the first byte set, the rest a big-endian number. Negative ones are no size.
fn number(bytes: &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    if first & 0x80 == 0 {
        return octal(bytes);
    }
    if first & 0x40 != 0 {
        return None;
    }
    rest.iter()
        .try_fold(u64::from(first & 0x3f), |value, &byte| Some(value.checked_mul(256)? | u64::from(byte)))
}

/// Octal digits between blanks and NULs; none at all is 0.
fn octal(bytes: &[u8]) -> Option<u64> {
    let padding = |byte: &u8| *byte == b' ' || *byte == 0;
    let start = bytes.iter().position(|byte| !padding(byte)).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    let end = digits.iter().position(padding).unwrap_or(digits.len());
    digits.get(..end).unwrap_or_default().iter().try_fold(0_u64, |value, &byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_octal_or_base_256() {
        for (bytes, expected) in [
            (&b"00000000144\0"[..], Some(100)),
            (b"        144 ", Some(100)),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0", Some(0)),
            (b"77777777777\0", Some((8 << 30) - 1)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(8 << 30)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"0000000008\0\0", None),
            (b"-0000000001\0", None),
        ] {
            assert_eq!(number(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn zero_blocks_end_and_noise_is_no_header() {
        assert_eq!(parse(&[0; 512]), Ok(None));
        assert_eq!(parse(&[b'x'; 512]), Err(HeaderError::Checksum));
        assert_eq!(parse(b"short"), Err(HeaderError::Checksum));
    }
}
