//! An image as loose files: the tar they would make.
//!
//! An OCI layout is a folder before it is packed, and people have it as one: `skopeo copy … oci:DIR`,
//! a folder dropped into a page, its files chosen one by one. Nothing is packed for it. The tar is
//! described in parts, headers as bytes and files by their number, and whoever holds the files reads
//! the parts as one source:
//!
//! ```text
//!  files     blobs/sha256/3f…            index.json
//!                  │                          │
//!  parts     ▒▒ [ 0 ] · ▒▒ [ 1 ] · 0 0        ▒ header  · padding  0 zero block
//!  offsets   0  512   …                       a source like any other
//! ```
//!
//! The same files give the same parts, in whatever order they are named.

use crate::{
    error::Error,
    tar::{header::BLOCK, tree},
};

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFile {
    /// Its path inside the folder, with `/` between the names.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A stretch of the tar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderPart {
    /// These bytes: headers, padding, the end.
    Bytes(Vec<u8>),
    /// The whole content of a file, [`FolderFile::size`] bytes.
    File {
        /// Its position in the list that was given.
        index: usize,
    },
}

/// The folder all paths begin with, when it is worth leaving out: what a page is given names the
/// folder itself first, and an image lies in it, not below it.
fn shared_folder(paths: &[(String, usize)]) -> Option<String> {
    let (first, _) = paths.first()?.0.split_once('/')?;
    let shared = first != "blobs"
        && paths.iter().all(|(path, _)| path.split_once('/').is_some_and(|(top, _)| top == first));
    shared.then(|| first.to_owned())
}

/// The tar that `files` would make, sorted by path, without folders, links, owners and times.
///
/// Paths are normalised (`./` and `//` go); a folder that all of them share at the top is left out.
///
/// # Errors
/// [`Error::FolderPath`] names a path that is absolute or empty, climbs out with `..`, or occurs
/// twice.
pub fn as_tar(files: &[FolderFile]) -> Result<Vec<FolderPart>, Error> {
    let refused = |path: &str, reason| Error::FolderPath { path: path.to_owned(), reason };
    let mut paths = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        if file.path.starts_with('/') {
            return Err(refused(&file.path, "it is absolute"));
        }
        let Some(path) = tree::normalise(&file.path) else {
            return Err(refused(&file.path, "it leads out of the folder with .."));
        };
        if path.is_empty() || path.contains('\0') {
            return Err(refused(&file.path, "it names no file"));
        }
        paths.push((path, index));
    }
    paths.sort();
    if let Some(twice) = paths.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(refused(&twice[0].0, "there are two files of that path"));
    }
    let shared = shared_folder(&paths);
    let mut parts = Vec::new();
    let mut bytes = Vec::new();
    for (path, index) in &paths {
        let path = match &shared {
            Some(folder) => path.get(folder.len() + 1..).unwrap_or(path),
            None => path,
        };
        let size = files.get(*index).map_or(0, |file| file.size);
        push_headers(&mut bytes, path, size);
        if size > 0 {
            parts.push(FolderPart::Bytes(std::mem::take(&mut bytes)));
            parts.push(FolderPart::File { index: *index });
            bytes.resize(padding(size), 0);
        }
    }
    bytes.extend([0; 2 * BLOCK as usize]);
    parts.push(FolderPart::Bytes(bytes));
    Ok(parts)
}

/// Zeros behind `size` bytes, up to the next block.
fn padding(size: u64) -> usize {
    // Less than a block.
    ((BLOCK - size % BLOCK) % BLOCK) as usize
}

/// The header of a file, and in front of it a PAX header when the path is too long for one.
fn push_headers(to: &mut Vec<u8>, path: &str, size: u64) {
    const NAME_FIELD: usize = 100;
    if path.len() <= NAME_FIELD {
        to.extend(header(path, b'0', size));
        return;
    }
    let record = pax_record("path", path);
    to.extend(header("long-path", b'x', record.len() as u64));
    let padding = padding(record.len() as u64);
    to.extend(record);
    to.resize(to.len() + padding, 0);
    // Readers that know no PAX see the end of the path, which tells most.
    let start = path.char_indices().map(|(at, _)| at).find(|at| path.len() - at <= NAME_FIELD).unwrap_or(0);
    to.extend(header(&path[start..], b'0', size));
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits (POSIX.1-2017 `pax`).
fn pax_record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while len != rest + len.to_string().len() {
        len = rest + len.to_string().len();
    }
    format!("{len} {key}={value}\n").into_bytes()
}

fn header(name: &str, kind: u8, size: u64) -> [u8; BLOCK as usize] {
    let mut block = [0_u8; BLOCK as usize];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    match size {
        0..0o1000_0000_0000 => put(124, format!("{size:011o}\0").as_bytes()),
        // 8 GiB and more do not fit 11 octal digits; GNU's base 256 has 88 bits.
        _ => {
            put(124, &[0x80, 0, 0, 0]);
            put(128, &size.to_be_bytes());
        }
    }
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}
