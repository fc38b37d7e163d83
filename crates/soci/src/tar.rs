//! Tar headers, byte for byte as Go's `archive/tar` writes them.
//!
//! ```text
//! offset  0         100     108     116     124          136          148     156 157
//!         name      mode    uid     gid     size         mtime        sum     type link name
//!         blobs/…   0000444 0000000 0000000 00000001012  00000000000  011215  0    (100, empty)
//! offset  257     263 265      297      329     337     345       500
//!         magic  ver  user     group    major   minor   prefix
//!         ustar  00   (empty)  (empty)  0000000 0000000           zeros
//! ```
//!
//! Numbers are octal and end in NUL; the checksum has six digits, NUL and a space. A name of more
//! than 100 bytes is cut at a slash into prefix and name; where that is impossible (SHA-512 blobs)
//! and for sizes of 8 GiB and more, a PAX record in an extra member says it, and the header holds
//! what fits: the first 100 bytes, a size of zero.
//!
//! Source: POSIX.1-1988 ustar, POSIX.1-2001 pax; Go 1.26 `archive/tar/writer.go`.

/// Everything in a tar is a multiple of this many bytes.
pub(crate) const BLOCK: u64 = 512;
/// The end of an archive. (GNU tar fills up to 10 KiB; Go does not.)
pub(crate) const END: [u8; 1024] = [0; 1024];

const NAME_SIZE: usize = 100;
const PREFIX_SIZE: usize = 155;
/// 11 octal digits.
const MAX_OCTAL_SIZE: u64 = 0o777_7777_7777;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file with its size and mode.
    File { size: u64, mode: u32 },
    /// A directory, mode 0755. Its name ends in a slash.
    Directory,
}

/// The header blocks of a member: one, or three with a PAX record. `name` is ASCII without NUL.
pub(crate) fn header(name: &str, kind: Kind) -> Vec<u8> {
    let (type_flag, mode, size) = match kind {
        Kind::File { size, mode } => (b'0', mode, size),
        Kind::Directory => (b'5', 0o755, 0),
    };
    let split = split(name);
    let mut records = Vec::new();
    if name.len() > NAME_SIZE && split.is_none() {
        records.extend(record("path", name));
    }
    if size > MAX_OCTAL_SIZE {
        records.extend(record("size", &size.to_string()));
    }
    let mut out = Vec::new();
    if !records.is_empty() {
        out.extend(Block::extension(name, records.len()).finish());
        let padding = padding(records.len() as u64);
        out.append(&mut records);
        out.resize(out.len() + padding, 0);
    }
    let mut block = Block::default();
    // In pax format Go leaves the prefix alone.
    let (prefix, name) = split.filter(|_| out.is_empty()).unwrap_or(("", name));
    block.text(0, NAME_SIZE, name);
    block.octal(100, 8, mode.into());
    block.octal(108, 8, 0);
    block.octal(116, 8, 0);
    block.octal(124, 12, if size > MAX_OCTAL_SIZE { 0 } else { size });
    block.octal(136, 12, 0);
    block.text(156, 1, char::from(type_flag).encode_utf8(&mut [0; 4]));
    block.octal(329, 8, 0);
    block.octal(337, 8, 0);
    block.text(345, PREFIX_SIZE, prefix);
    out.extend(block.finish());
    out
}

/// Zero bytes after `size` bytes of data.
pub(crate) fn padding(size: u64) -> usize {
    // Below 512, whatever the size.
    ((BLOCK - size % BLOCK) % BLOCK) as usize
}

/// A long name in two parts, if there is a slash in the right place.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_SIZE {
        return None;
    }
    let reach = name.get(..PREFIX_SIZE + 1).unwrap_or_else(|| name.strip_suffix('/').unwrap_or(name));
    let (prefix, _) = reach.rsplit_once('/')?;
    let rest = name.get(prefix.len() + 1..)?;
    let fits = !prefix.is_empty() && !rest.is_empty() && rest.len() <= NAME_SIZE;
    fits.then_some((prefix, rest))
}

/// A PAX record. Its length counts its own digits.
fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let mut len = rest.len();
    while len != rest.len() + len.to_string().len() {
        len = rest.len() + len.to_string().len();
    }
    format!("{len}{rest}").into_bytes()
}

/// One header block.
struct Block([u8; BLOCK as usize]);

impl Default for Block {
    fn default() -> Self {
        Self([0; BLOCK as usize])
    }
}

impl Block {
    /// The header of the member that holds the PAX records of `name`.
    fn extension(name: &str, len: usize) -> Self {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let mut block = Self::default();
        block.text(0, NAME_SIZE, format!("{folder}/PaxHeaders.0/{file}").trim_start_matches('/'));
        for (offset, width) in [(100, 8), (108, 8), (116, 8), (136, 12)] {
            block.octal(offset, width, 0);
        }
        block.octal(124, 12, len as u64);
        block.text(156, 1, "x");
        block
    }

    /// As much of `text` as fits.
    fn text(&mut self, offset: usize, width: usize, text: &str) {
        for (slot, byte) in self.0.iter_mut().skip(offset).take(width).zip(text.bytes()) {
            *slot = byte;
        }
    }

    /// A number, its last byte NUL.
    fn octal(&mut self, offset: usize, width: usize, number: u64) {
        let digits = width - 1;
        self.text(offset, digits, &format!("{number:0digits$o}"));
    }

    /// Adds magic and checksum. The sum counts its own field as spaces.
    fn finish(mut self) -> [u8; BLOCK as usize] {
        self.text(257, 8, "ustar\x0000");
        self.text(148, 8, "        ");
        let sum = self.0.iter().map(|&byte| u64::from(byte)).sum();
        self.octal(148, 7, sum);
        self.text(154, 2, "\0 ");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(header: &[u8], offset: usize, width: usize) -> &[u8] {
        &header[offset..offset + width]
    }

    #[test]
    fn a_file_has_one_block() {
        let header = header("index.json", Kind::File { size: 237, mode: 0o644 });
        assert_eq!(header.len(), 512);
        assert_eq!(field(&header, 0, 11), b"index.json\0");
        assert_eq!(field(&header, 100, 24), b"0000644\x000000000\x000000000\0");
        assert_eq!(field(&header, 124, 24), b"00000000355\x0000000000000\0");
        assert_eq!(field(&header, 154, 3), b"\0 0");
        assert_eq!(field(&header, 257, 8), b"ustar\x0000");
        assert_eq!(field(&header, 329, 16), b"0000000\x000000000\0");
        let stated = u64::from_str_radix(str::from_utf8(field(&header, 148, 6)).unwrap(), 8).unwrap();
        let sum: u64 = header.iter().map(|&byte| u64::from(byte)).sum();
        let own: u64 = field(&header, 148, 8).iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(stated, sum - own + 8 * 32);
    }

    #[test]
    fn a_directory_has_its_type_and_mode() {
        let header = header("blobs/", Kind::Directory);
        assert_eq!(field(&header, 100, 8), b"0000755\0");
        assert_eq!(header[156], b'5');
    }

    #[test]
    fn a_name_that_can_be_cut_is_cut() {
        // SHA-384: not one of ours, but the rule must not depend on that.
        let name = format!("blobs/sha384/{}", "a".repeat(96));
        let header = header(&name, Kind::File { size: 1, mode: 0o444 });
        assert_eq!(header.len(), 512);
        assert_eq!(field(&header, 0, 97), format!("{}\0", "a".repeat(96)).as_bytes());
        assert_eq!(field(&header, 345, 13), b"blobs/sha384\0");
    }

    #[test]
    fn a_name_that_cannot_be_cut_needs_a_record() {
        let name = format!("blobs/sha512/{}", "a".repeat(128));
        let header = header(&name, Kind::File { size: 1, mode: 0o444 });
        assert_eq!(header.len(), 3 * 512);
        assert_eq!(
            field(&header, 0, 100),
            format!("blobs/sha512/PaxHeaders.0/{}", "a".repeat(74)).as_bytes()
        );
        assert_eq!(field(&header, 100, 8), b"0000000\0");
        assert_eq!(header[156], b'x');
        assert_eq!(field(&header, 329, 8), [0; 8], "no device numbers in the extension's header");
        assert_eq!(field(&header, 512, 152), format!("151 path={name}\n\0").as_bytes());
        assert_eq!(field(&header, 1024, 100), &name.as_bytes()[..100]);
        assert_eq!(field(&header, 1024 + 345, 1), b"\0");
    }

    #[test]
    fn a_size_of_8_gib_needs_a_record() {
        let file = |size| header("a/b", Kind::File { size, mode: 0o444 });
        assert_eq!(field(&file((8 << 30) - 1), 124, 12), b"77777777777\0");
        let header = file(8 << 30);
        assert_eq!(field(&header, 0, 19), b"a/PaxHeaders.0/b\0\0\0");
        assert_eq!(field(&header, 512, 20), b"19 size=8589934592\n\0");
        assert_eq!(field(&header, 1024 + 124, 12), b"00000000000\0");
    }

    #[test]
    fn a_record_counts_its_own_digits() {
        for len in 1..=1100 {
            let record = record("k", &"v".repeat(len));
            let digits = record.split(|&byte| byte == b' ').next().unwrap();
            assert_eq!(str::from_utf8(digits).unwrap().parse(), Ok(record.len()));
        }
    }

    #[test]
    fn padding_fills_the_block() {
        for (size, expected) in [(0, 0), (1, 511), (511, 1), (512, 0), (u64::MAX, 1)] {
            assert_eq!(padding(size), expected, "{size}");
        }
    }
}
