//! A gzip member's header (RFC 1952 §2.3), read in any slices.
//!
//! ```text
//!  0    1    2    3    4              8    9    10
//!  ┌────┬────┬────┬────┬──────────────┬────┬────┐ ┌──────────────┐ ┌──────┐ ┌─────────┐ ┌───────┐
//!  │ 1f │ 8b │ CM │FLG │    MTIME     │XFL │ OS │ │XLEN │ FEXTRA │ │NAME 0│ │COMMENT 0│ │ FHCRC │
//!  └────┴────┴────┴─┬──┴──────────────┴────┴────┘ └──────┬───────┘ └──┬───┘ └────┬────┘ └───┬───┘
//!         FLG: 0 0 0 C N X H T                        X (04)     N (08)     C (10)     H (02)
//! ```
//!
//! The reference reads a layer twice, with zlib and with Go's `compress/gzip`, and fails when either
//! does. So the rules here are the stricter of both: zlib refuses reserved flags and a wrong FHCRC,
//! Go refuses names and comments of more than 511 bytes. Go stops at the end of the tar archive, so
//! the headers of members behind it only have to please zlib. One thing is not followed: zlib would
//! also take such a late member in zlib's own wrapping (RFC 1950); here that is trailing garbage.

use crate::error::Fault;
use crate::limits::Limits;

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const METHOD_DEFLATE: u8 = 8;

const FLAG_HEADER_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const FLAGS_RESERVED: u8 = 0xe0;

/// Where in the header the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Magic1,
    Magic2,
    Method,
    Flags,
    /// MTIME, XFL and OS, of which nothing is needed.
    Fixed {
        left: u8,
    },
    ExtraLength1,
    ExtraLength2 {
        low: u8,
    },
    Extra {
        left: u16,
    },
    Name {
        length: u32,
    },
    Comment {
        length: u32,
    },
    HeaderCrc1,
    HeaderCrc2 {
        low: u8,
    },
    Done,
}

/// Reads one header. Keeps a few words, whatever the header's size.
#[derive(Clone, Debug)]
pub(crate) struct HeaderReader {
    part: Part,
    flags: u8,
    crc: crc32fast::Hasher,
    /// Another member came before: then what is no header is trailing garbage.
    follows_member: bool,
}

impl HeaderReader {
    pub(crate) fn new(follows_member: bool) -> Self {
        Self { part: Part::Magic1, flags: 0, crc: crc32fast::Hasher::new(), follows_member }
    }

    /// Whether no byte of this header has been seen.
    pub(crate) fn is_untouched(&self) -> bool {
        self.part == Part::Magic1
    }

    /// Takes bytes up to the end of the header: how many, and whether it is complete.
    pub(crate) fn read(&mut self, input: &[u8], limits: &Limits) -> Result<(usize, bool), Fault> {
        for (index, &byte) in input.iter().enumerate() {
            self.byte(byte, limits)?;
            if self.part == Part::Done {
                return Ok((index + 1, true));
            }
        }
        Ok((input.len(), false))
    }

    fn byte(&mut self, byte: u8, limits: &Limits) -> Result<(), Fault> {
        // FHCRC covers everything before itself.
        if !matches!(self.part, Part::HeaderCrc1 | Part::HeaderCrc2 { .. }) {
            self.crc.update(&[byte]);
        }
        self.part = match self.part {
            Part::Magic1 if byte == MAGIC[0] => Part::Magic2,
            Part::Magic1 => return Err(self.no_magic(vec![byte])),
            Part::Magic2 if byte == MAGIC[1] => Part::Method,
            Part::Magic2 => return Err(self.no_magic(vec![MAGIC[0], byte])),
            Part::Method if byte == METHOD_DEFLATE => Part::Flags,
            Part::Method => return Err(Fault::GzipMethod { found: byte }),
            Part::Flags if byte & FLAGS_RESERVED != 0 => {
                return Err(Fault::GzipReservedFlags { found: byte });
            }
            Part::Flags => {
                self.flags = byte;
                Part::Fixed { left: 6 }
            }
            Part::Fixed { left: 1 } => self.after_fixed(),
            Part::Fixed { left } => Part::Fixed { left: left - 1 },
            Part::ExtraLength1 => Part::ExtraLength2 { low: byte },
            Part::ExtraLength2 { low } => match u16::from_le_bytes([low, byte]) {
                0 => self.after_extra(),
                left => Part::Extra { left },
            },
            Part::Extra { left: 1 } => self.after_extra(),
            Part::Extra { left } => Part::Extra { left: left - 1 },
            Part::Name { .. } if byte == 0 => self.after_name(),
            Part::Name { length } => Part::Name { length: longer(length, limits, "a file name")? },
            Part::Comment { .. } if byte == 0 => self.after_comment(),
            Part::Comment { length } => Part::Comment { length: longer(length, limits, "a comment")? },
            Part::HeaderCrc1 => Part::HeaderCrc2 { low: byte },
            Part::HeaderCrc2 { low } => {
                let stored = u16::from_le_bytes([low, byte]);
                // "The two least significant bytes of the CRC32".
                let computed = self.crc.clone().finalize() as u16;
                if stored != computed {
                    return Err(Fault::GzipHeaderCrc { stored, computed });
                }
                Part::Done
            }
            Part::Done => Part::Done,
        };
        Ok(())
    }

    fn after_fixed(&self) -> Part {
        if self.has(FLAG_EXTRA) { Part::ExtraLength1 } else { self.after_extra() }
    }

    fn after_extra(&self) -> Part {
        if self.has(FLAG_NAME) { Part::Name { length: 0 } } else { self.after_name() }
    }

    fn after_name(&self) -> Part {
        if self.has(FLAG_COMMENT) { Part::Comment { length: 0 } } else { self.after_comment() }
    }

    fn after_comment(&self) -> Part {
        if self.has(FLAG_HEADER_CRC) { Part::HeaderCrc1 } else { Part::Done }
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn no_magic(&self, found: Vec<u8>) -> Fault {
        if self.follows_member { Fault::TrailingGarbage { found } } else { Fault::NotGzip { found } }
    }
}

fn longer(length: u32, limits: &Limits, what: &'static str) -> Result<u32, Fault> {
    if length >= limits.max_gzip_text {
        let limit = u64::from(limits.max_gzip_text);
        return Err(Fault::Limit { setting: "max_gzip_text", limit, what });
    }
    Ok(length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(flags: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 5, 6];
        bytes.extend_from_slice(rest);
        bytes
    }

    fn with_crc(mut header: Vec<u8>) -> Vec<u8> {
        let crc = crc32fast::hash(&header) as u16;
        header.extend_from_slice(&crc.to_le_bytes());
        header
    }

    /// Reads the header, then one byte too many, whole and byte by byte.
    fn read(bytes: &[u8]) -> Result<Option<usize>, Fault> {
        let mut with_more = bytes.to_vec();
        with_more.push(0xff);
        let limits = Limits::default();
        let whole = HeaderReader::new(false).read(&with_more, &limits);
        let mut reader = HeaderReader::new(false);
        let mut single = Ok((0, false));
        for (index, byte) in with_more.iter().enumerate() {
            single = reader.read(&[*byte], &limits).map(|(_, done)| (index + 1, done));
            if !matches!(single, Ok((_, false))) {
                break;
            }
        }
        assert_eq!(whole, single, "slices show");
        whole.map(|(taken, done)| done.then_some(taken))
    }

    #[test]
    fn every_combination_of_flags_is_read_to_its_end() {
        for flags in 0..0x20 {
            let mut bytes = header(flags, &[]);
            if flags & FLAG_EXTRA != 0 {
                bytes.extend_from_slice(&[3, 0, 0, 7, 0]);
            }
            if flags & FLAG_NAME != 0 {
                bytes.extend_from_slice(b"name\0");
            }
            if flags & FLAG_COMMENT != 0 {
                bytes.extend_from_slice(b"\0");
            }
            if flags & FLAG_HEADER_CRC != 0 {
                bytes = with_crc(bytes);
            }
            assert_eq!(read(&bytes), Ok(Some(bytes.len())), "flags {flags:#04x}");
        }
    }

    #[test]
    fn empty_and_full_optional_parts_are_read() {
        for rest in [[vec![0, 0]].concat(), [vec![0xff, 0xff], vec![0; 65_535]].concat()] {
            let bytes = header(FLAG_EXTRA, &rest);
            assert_eq!(read(&bytes), Ok(Some(bytes.len())));
        }
        let longest =
            header(FLAG_NAME | FLAG_COMMENT, &[vec![b'n'; 511], vec![0], vec![b'c'; 511], vec![0]].concat());
        assert_eq!(read(&longest), Ok(Some(longest.len())));
    }

    #[test]
    fn a_name_of_512_bytes_is_too_long_for_go() {
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            let error = read(&header(flag, &[b'x'; 512]));
            assert!(matches!(error, Err(Fault::Limit { setting: "max_gzip_text", limit: 511, .. })));
        }
    }

    #[test]
    fn broken_headers_say_what_was_found() {
        assert_eq!(read(b"PK"), Err(Fault::NotGzip { found: b"P".to_vec() }));
        assert_eq!(read(&[0x1f, 0x9d]), Err(Fault::NotGzip { found: vec![0x1f, 0x9d] }));
        assert_eq!(read(&[0x1f, 0x8b, 7]), Err(Fault::GzipMethod { found: 7 }));
        for bit in [0x20, 0x40, 0x80] {
            assert_eq!(read(&header(bit, &[])), Err(Fault::GzipReservedFlags { found: bit }));
        }
        let mut wrong = with_crc(header(FLAG_HEADER_CRC, &[]));
        wrong[4] ^= 1;
        assert!(matches!(read(&wrong), Err(Fault::GzipHeaderCrc { .. })));
    }
}
