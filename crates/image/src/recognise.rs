//! What a file is, by its content. Names and endings are never trusted.

use crate::tar::{
    header::{self, BLOCK, Kind},
    pax::Pax,
    tree::{Tree, normalise},
};
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

/// Whether a file that starts with these bytes, 512 at least, looks like a tar.
#[must_use]
pub fn is_tar(start: &[u8]) -> bool {
    start.len() >= 512 && start.get(..512).is_some_and(|block| crate::tar::header::parse(block).is_ok())
}

/// The names of the members whose headers lie in the first bytes of a tar, in order, normalised;
/// at most `max` of them. Empty when the bytes are no tar, or an empty one.
///
/// A look at the beginning only: it does not say that the rest is sound.
#[must_use]
pub fn tar_members(start: &[u8], max: usize) -> Vec<String> {
    let mut names = Vec::new();
    // What headers for the next member say of it.
    let (mut long_name, mut long_size) = (None, None);
    let mut at = 0_u64;
    let take = |at: u64, len: u64| {
        let from = usize::try_from(at).ok()?;
        start.get(from..from.checked_add(usize::try_from(len).ok()?)?)
    };
    while names.len() < max {
        let Some(Ok(Some(header))) = take(at, BLOCK).map(header::parse) else { break };
        let data = at.saturating_add(BLOCK);
        let mut len = if header.kind.has_data() { header.size } else { 0 };
        match header.kind {
            Kind::LongName => long_name = take(data, len).map(header::text),
            Kind::Pax => {
                let mut pax = Pax::default();
                if take(data, len).is_some_and(|text| pax.read(text).is_ok()) {
                    long_name = pax.path.or(long_name);
                    long_size = pax.size;
                }
            }
            Kind::LongLink | Kind::PaxGlobal => {}
            _ => {
                let name = long_name.take().unwrap_or(header.name);
                len = long_size.take().filter(|_| header.kind.has_data()).unwrap_or(len);
                names.extend(normalise(&name).filter(|name| !name.is_empty()));
            }
        }
        let Some(next) = len.checked_next_multiple_of(BLOCK) else { break };
        at = data.saturating_add(next);
    }
    names
}

/// Whether only an image archive has a member of this (normalised) name: the documents and blobs
/// of an OCI layout or a docker-archive, at the top or below one folder.
///
/// Below a folder, `index.json` and `manifest.json` do not count: layers have files of that name.
#[must_use]
pub fn is_image_member(name: &str) -> bool {
    let (first, rest) = name.split_once('/').map_or((name, None), |(first, rest)| (first, Some(rest)));
    if IMAGE_NAMES.contains(&first) || is_content_name(first) {
        return true;
    }
    rest.is_some_and(|rest| {
        let second = rest.split('/').next().unwrap_or(rest);
        second == "oci-layout" || rest.starts_with("blobs/sha256") || is_content_name(second)
    })
}

/// Whether a tar that begins with these members can only be a layer: each is in a folder of a Linux
/// root filesystem, or deletes one.
#[must_use]
pub fn is_layer(members: &[String]) -> bool {
    !members.is_empty()
        && members.iter().all(|name| {
            let top = name.split('/').next().unwrap_or(name);
            ROOT_FOLDERS.contains(&top.strip_prefix(".wh.").unwrap_or(top))
        })
}

/// `<64 hex>`, `<64 hex>.json`, `<64 hex>.tar`, `<64 hex>.tar.gz` or `sha256:<64 hex>`: how
/// docker-archives name configs, layers and the folders of layers.
fn is_content_name(name: &str) -> bool {
    let name = name.strip_prefix("sha256:").unwrap_or(name);
    let (hex, ending) = name.split_at_checked(64).unwrap_or_default();
    hex.len() == 64
        && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        && matches!(ending, "" | ".json" | ".tar" | ".tar.gz")
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

/// A file's first bytes as a person can read them: text as text, the rest as hex; 16 at most.
#[must_use]
pub fn legible(start: &[u8]) -> String {
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
    fn members_of_image_archives_are_known_by_their_names() {
        let hex = "0123456789abcdef".repeat(4);
        let check = |name: &str, expected: bool| assert_eq!(is_image_member(name), expected, "{name}");
        for name in ["index.json", "oci-layout", "blobs", "blobs/sha256/x", "manifest.json", "repositories"] {
            check(name, true);
        }
        for ending in ["", ".json", ".tar", ".tar.gz", "/layer.tar", "/VERSION"] {
            check(&format!("{hex}{ending}"), true);
            check(&format!("image/{hex}{ending}"), true);
        }
        check(&format!("sha256:{hex}"), true);
        for name in ["image/oci-layout", "image/blobs/sha256/x"] {
            check(name, true);
        }
        for name in
            ["", "app/index.json", "app/manifest.json", "etc/blobs", "usr/bin/repositories", "a/b/oci-layout"]
        {
            check(name, false);
        }
        check(&hex[1..], false);
        check(&format!("{hex}.png"), false);
        check(&hex.to_uppercase(), false);
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
