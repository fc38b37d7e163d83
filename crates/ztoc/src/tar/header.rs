//! A tar header block.
//!
//! ```text
//!    0        100  108  116  124      136      148  156 157      257   263 265    297    329  337  345
//!    ┌────────┬────┬────┬────┬────────┬────────┬────┬──┬────────┬─────┬───┬──────┬──────┬────┬────┬──────
//!    │ name   │mode│uid │gid │ size   │ mtime  │sum │T │linkname│magic│ver│uname │gname │maj │min │ …
//!    └────────┴────┴────┴────┴────────┴────────┴────┴──┴────────┴─────┴───┴──────┴──────┴────┴────┴──────
//!    └──────────────────────── V7 ────────────────────────────┘
//!    ustar, PAX  magic "ustar␀", any version     345 prefix 155
//!    STAR        … and "tar␀" at 508             345 prefix 131   476 atime 12   488 ctime 12
//!    GNU         magic "ustar  ␀"                345 atime 12     357 ctime 12
//! ```

use super::entries::TarFormat;
use super::numbers::{numeric, octal};
use super::{BLOCK_SIZE, until_nul};
use crate::error::{Fault, excerpt};
use std::borrow::Cow;

pub(crate) type Block = [u8; BLOCK_SIZE];

/// A header block, checked. All numbers of its format are valid.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) format: TarFormat,
    pub(crate) flag: u8,
    prefix: &'a [u8],
    name: &'a [u8],
    pub(crate) link_name: &'a [u8],
    pub(crate) size: i64,
    pub(crate) mode: i64,
    pub(crate) uid: i64,
    pub(crate) gid: i64,
    pub(crate) mtime: i64,
    pub(crate) uname: &'a [u8],
    pub(crate) gname: &'a [u8],
    pub(crate) device_major: i64,
    pub(crate) device_minor: i64,
}

impl<'a> Header<'a> {
    /// Reads a block that is not all zeros.
    ///
    /// One bad number anywhere in the format's fields makes the whole archive unreadable to Go, so
    /// all of them are looked at, needed or not.
    pub(crate) fn parse(block: &'a Block) -> Result<Self, Fault> {
        check_sum(block)?;
        let format = TarFormat::of(block);
        let mut header = Self {
            format,
            flag: field(block, 156, 1).first().copied().unwrap_or_default(),
            prefix: &[],
            name: until_nul(field(block, 0, 100)),
            link_name: until_nul(field(block, 157, 100)),
            size: number(block, "size", 124, 12)?,
            mode: number(block, "mode", 100, 8)?,
            uid: number(block, "uid", 108, 8)?,
            gid: number(block, "gid", 116, 8)?,
            mtime: number(block, "mtime", 136, 12)?,
            uname: &[],
            gname: &[],
            device_major: 0,
            device_minor: 0,
        };
        if format == TarFormat::V7 {
            return Ok(header);
        }
        header.uname = until_nul(field(block, 265, 32));
        header.gname = until_nul(field(block, 297, 32));
        header.device_major = number(block, "devmajor", 329, 8)?;
        header.device_minor = number(block, "devminor", 337, 8)?;
        header.prefix = match format {
            TarFormat::V7 => &[],
            TarFormat::Ustar => until_nul(field(block, 345, 155)),
            TarFormat::Star => {
                number(block, "atime", 476, 12)?;
                number(block, "ctime", 488, 12)?;
                until_nul(field(block, 345, 131))
            }
            TarFormat::Gnu => gnu_prefix(block),
        };
        Ok(header)
    }
}

impl<'a> Header<'a> {
    /// The name with its prefix in front.
    pub(crate) fn full_name(&self) -> Cow<'a, [u8]> {
        if self.prefix.is_empty() {
            Cow::Borrowed(self.name)
        } else {
            Cow::Owned([self.prefix, b"/", self.name].concat())
        }
    }
}

impl TarFormat {
    pub(crate) fn of(block: &Block) -> Self {
        match field(block, 257, 8) {
            [b'u', b's', b't', b'a', b'r', 0, ..] if field(block, 508, 4) == b"tar\0" => Self::Star,
            [b'u', b's', b't', b'a', b'r', 0, ..] => Self::Ustar,
            b"ustar  \0" => Self::Gnu,
            _ => Self::V7,
        }
    }
}

/// GNU headers have no prefix, but writers before Go 1.8 put one there all the same, over the times.
/// Go still reads theirs: if the times make no sense and the text is ASCII, it was a prefix.
fn gnu_prefix(block: &Block) -> &[u8] {
    let makes_sense = |time: &[u8]| time.first() == Some(&0) || numeric(time).is_some();
    if makes_sense(field(block, 345, 12)) && makes_sense(field(block, 357, 12)) {
        return &[];
    }
    let prefix = until_nul(field(block, 345, 155));
    if prefix.is_ascii() { prefix } else { &[] }
}

/// The checksum is the sum of all bytes with its own field as spaces. POSIX means unsigned bytes,
/// SunOS summed signed ones; either is good.
fn check_sum(block: &Block) -> Result<(), Fault> {
    let stored = field(block, 148, 8);
    let own: u32 = stored.iter().map(|&byte| u32::from(byte)).sum();
    let spaces = 8 * u32::from(b' ');
    let unsigned = block.iter().map(|&byte| u32::from(byte)).sum::<u32>() - own + spaces;
    let found = octal(stored);
    if found == Some(i64::from(unsigned)) {
        return Ok(());
    }
    // A byte of 0x80 or more counts 256 less when signed.
    let high = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte >= 0x80).count() as i64;
    let signed = i64::from(unsigned) - 256 * (high(block) - high(stored));
    if found == Some(signed) {
        return Ok(());
    }
    let signed = i32::try_from(signed).unwrap_or(i32::MIN);
    Err(Fault::TarChecksum { found: excerpt(stored), unsigned, signed })
}

fn number(block: &Block, name: &'static str, start: usize, length: usize) -> Result<i64, Fault> {
    let bytes = field(block, start, length);
    numeric(bytes).ok_or_else(|| Fault::TarNumber { field: name, found: excerpt(bytes) })
}

fn field(block: &Block, start: usize, length: usize) -> &[u8] {
    block.get(start..start + length).unwrap_or_default()
}
