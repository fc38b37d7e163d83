//! What a file is, by its content. Names and endings are never trusted.

use crate::tar::tree::Tree;
use std::fmt;

/// A format that wraps other files.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Packing {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878), skippable frames in front included.
    Zstd,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// LZ4 frames.
    Lz4,
    /// zip, and everything that is one: jar, docx, apk.
    Zip,
    /// 7z.
    SevenZip,
}

impl Packing {
    /// The format of a file that starts with these bytes; six are enough.
    #[must_use]
    pub fn of(start: &[u8]) -> Option<Self> {
        Some(match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::SevenZip,
            _ => return None,
        })
    }

    /// The name people use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "LZ4",
            Self::Zip => "zip",
            Self::SevenZip => "7z",
        }
    }

    /// The command that unpacks `image.tar` out of such a file.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Gzip => "gzip -dc FILE > image.tar",
            Self::Zstd => "zstd -dc FILE > image.tar",
            Self::Xz => "xz -dc FILE > image.tar",
            Self::Bzip2 => "bzip2 -dc FILE > image.tar",
            Self::Lz4 => "lz4 -dc FILE > image.tar",
            Self::Zip => "unzip FILE",
            Self::SevenZip => "7z x FILE",
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a block looks like the header of a tar.
pub(crate) fn is_tar(start: &[u8]) -> bool {
    start.len() >= 512 && start.get(..512).is_some_and(|block| crate::tar::header::parse(block).is_ok())
}

/// Top-level folders that only a Linux root filesystem has together.
const ROOT_FOLDERS: [&str; 13] =
    ["bin", "boot", "dev", "etc", "home", "lib", "opt", "proc", "root", "sbin", "tmp", "usr", "var"];

/// Top-level names that only an image archive has.
const IMAGE_NAMES: [&str; 5] = ["index.json", "oci-layout", "blobs", "manifest.json", "repositories"];

/// Whether the members are those of a root filesystem, or of a layer of one, and not of an image.
pub(crate) fn is_root_filesystem(tree: &Tree) -> bool {
    let mut folders = 0_usize;
    for name in tree.top() {
        if IMAGE_NAMES.contains(&name) {
            return false;
        }
        if ROOT_FOLDERS.contains(&name) {
            folders = folders.saturating_add(1);
        }
    }
    // One such folder alone is enough when nothing else is there: a layer often adds one file.
    folders >= 3 || (folders > 0 && folders == tree.top_len())
}

/// A few bytes as a person can read them: text as text, the rest as hex.
pub(crate) fn legible(start: &[u8]) -> String {
    let start = start.get(..16).unwrap_or(start);
    let is_text = |byte: &u8| matches!(*byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    if !start.is_empty() && start.iter().all(is_text) {
        return format!("the text {:?}", String::from_utf8_lossy(start));
    }
    let hex: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("the bytes {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::tree::Node;

    #[test]
    fn packings_are_known_by_their_first_bytes() {
        for (start, expected) in [
            (&[0x1f, 0x8b, 8, 0][..], Some(Packing::Gzip)),
            (&[0x28, 0xb5, 0x2f, 0xfd], Some(Packing::Zstd)),
            (&[0x52, 0x2a, 0x4d, 0x18], Some(Packing::Zstd)),
            (b"\xfd7zXZ\0", Some(Packing::Xz)),
            (b"BZh91AY", Some(Packing::Bzip2)),
            (b"PK\x03\x04", Some(Packing::Zip)),
            (b"7z\xbc\xaf\x27\x1c", Some(Packing::SevenZip)),
            (&[0x1f], None),
            (b"BZhello", None),
            (b"", None),
            (b"blobs/", None),
        ] {
            assert_eq!(Packing::of(start), expected, "{start:?}");
        }
    }

    #[test]
    fn root_filesystems_are_known_by_their_folders() {
        for (names, expected) in [
            (&["bin/sh", "etc/passwd", "usr/bin/x"][..], true),
            (&["etc/app.conf"], true),
            (&["etc/app.conf", "app/main"], false),
            (&["bin/sh", "etc/passwd", "usr/bin/x", "manifest.json"], false),
            (&["blobs/sha256/x"], false),
            (&[], false),
        ] {
            let mut tree = Tree::default();
            for name in names {
                tree.insert((*name).to_owned(), Node::Directory);
            }
            assert_eq!(is_root_filesystem(&tree), expected, "{names:?}");
        }
    }

    #[test]
    fn the_first_bytes_are_shown_legibly() {
        assert_eq!(legible(b"hello\nworld and more text"), "the text \"hello\\nworld and \"");
        assert_eq!(legible(&[0, 255]), "the bytes 00 ff");
    }
}
