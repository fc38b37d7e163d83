//! What was handed in: one file, several, a folder, the parts of one.
//!
//! ```text
//!  image.tar  other.tar                  two inputs; the first is opened
//!  layout/                               one input: the tar that its files would make
//!  oci-layout  index.json  blobs/        the same, folder or not
//!  stuff/ with a.tar and b.tar in it     two inputs
//!  layer.tar.gz  layer.ztoc              one input: the zTOC is read against the layer
//! ```

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use sociscope_engine::{
    Error, InputKind, StoredAs,
    image::folder::{self, FolderFile, FolderPart},
};
use web_sys::File;

use super::{failures, opening::kind};
use crate::{
    browser::folder::{Entry, PathedFile, path_of, walk},
    model::{Failure, Origin},
};

/// Most files of a folder without a layout that are listed one by one.
const MOST_LISTED: usize = 64;
/// What loose parts of a layout are called together.
const LOOSE_LAYOUT: &str = "image layout";

/// Something that can be opened.
#[derive(Clone)]
pub enum Input {
    /// A file.
    File(File),
    /// A folder that holds one image.
    Folder {
        /// Its name.
        name: String,
        /// Everything in it.
        files: Rc<Vec<PathedFile>>,
    },
    /// A zTOC and the layer that it may be of.
    LayerAndZtoc {
        /// The layer.
        layer: File,
        /// How it is stored.
        stored: StoredAs,
        /// The zTOC.
        ztoc: File,
    },
}

impl Input {
    /// What it is called on the screen and in the names of downloads.
    pub fn name(&self) -> String {
        match self {
            Self::File(file) | Self::LayerAndZtoc { ztoc: file, .. } => file.name(),
            Self::Folder { name, .. } => name.clone(),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::File(file) | Self::LayerAndZtoc { ztoc: file, .. } => file.size() as u64,
            Self::Folder { files, .. } => {
                files.iter().fold(0, |sum, (_, file)| sum.saturating_add(file.size() as u64))
            }
        }
    }

    /// What it took to make one file of it.
    pub fn origin(&self) -> Origin {
        match self {
            Self::File(_) | Self::LayerAndZtoc { .. } => Origin::File,
            Self::Folder { files, .. } => Origin::Folder { files: files.len() as u64 },
        }
    }

    /// One file to be read. For a folder it is made of references to its files, and of the tar
    /// headers between them.
    ///
    /// # Errors
    /// When paths in the folder cannot be those of an image.
    pub fn file(&self) -> Result<File, Failure> {
        match self {
            Self::File(file) | Self::LayerAndZtoc { ztoc: file, .. } => Ok(file.clone()),
            Self::Folder { name, files } => as_file(name, files),
        }
    }
}

fn as_file(name: &str, files: &[PathedFile]) -> Result<File, Failure> {
    let listed: Vec<FolderFile> = files
        .iter()
        .map(|(path, file)| FolderFile { path: path.clone(), size: file.size() as u64 })
        .collect();
    let parts = folder::as_tar(&listed).map_err(|error| failures::opening(&Error::from(error).failure()))?;
    let pieces = Array::new_with_length(0);
    for part in parts {
        match part {
            FolderPart::Bytes(bytes) => pieces.push(&Uint8Array::from(bytes.as_slice())),
            FolderPart::File { index } => match files.get(index) {
                Some((_, file)) => pieces.push(file),
                // It numbers the list it was given.
                None => continue,
            },
        };
    }
    File::new_with_blob_sequence(&pieces, name).map_err(|error| failures::unreadable(&error))
}

/// What can be opened of what was dropped.
///
/// # Errors
/// When a folder cannot be read, or there is nothing in it that could be an image.
pub async fn dropped(entries: Vec<Entry>) -> Result<Vec<Input>, Failure> {
    let mut pieces = Pieces::default();
    for entry in entries {
        match entry {
            Entry::File(file) => pieces.files.push((file.name(), file)),
            Entry::Folder(folder) => {
                let files = walk(&folder).await.map_err(|error| failures::unreadable_folder(&error))?;
                pieces.folders.push((folder.name(), files));
            }
        }
    }
    Ok(paired(pieces.arrange()?).await)
}

/// What can be opened of the files that were picked.
///
/// # Errors
/// See [`dropped`].
pub async fn picked(files: Vec<File>) -> Result<Vec<Input>, Failure> {
    dropped(files.into_iter().map(Entry::File).collect()).await
}

/// A layer and a zTOC, in any order, are one input. Two of anything else stay two.
async fn paired(inputs: Vec<Input>) -> Vec<Input> {
    let [Input::File(one), Input::File(other)] = inputs.as_slice() else { return inputs };
    // What cannot be read is told when it is opened.
    let (Ok(kind), Ok(other_kind)) = (kind(one).await, kind(other).await) else { return inputs };
    match (kind, other_kind) {
        (InputKind::Ztoc, InputKind::Layer(stored)) => {
            vec![Input::LayerAndZtoc { layer: other.clone(), stored, ztoc: one.clone() }]
        }
        (InputKind::Layer(stored), InputKind::Ztoc) => {
            vec![Input::LayerAndZtoc { layer: one.clone(), stored, ztoc: other.clone() }]
        }
        _ => inputs,
    }
}

/// What can be opened of a folder that was picked: its files, with paths that begin with its name.
///
/// # Errors
/// See [`dropped`].
pub fn picked_folder(files: Vec<File>) -> Result<Vec<Input>, Failure> {
    let mut name = LOOSE_LAYOUT.to_owned();
    let files = files.into_iter().map(|file| {
        let path = path_of(&file);
        match path.split_once('/') {
            Some((folder, rest)) => {
                folder.clone_into(&mut name);
                (rest.to_owned(), file)
            }
            None => (path, file),
        }
    });
    let files = files.collect();
    Pieces { files: Vec::new(), folders: vec![(name, files)] }.arrange()
}

/// What was handed in together.
struct Pieces<F = File> {
    files: Vec<(String, F)>,
    folders: Vec<(String, Vec<(String, F)>)>,
}

impl<F> Default for Pieces<F> {
    fn default() -> Self {
        Self { files: Vec::new(), folders: Vec::new() }
    }
}

/// What pieces come to.
#[derive(Debug, PartialEq, Eq)]
enum Arranged<F = File> {
    File(F),
    Folder(String, Vec<(String, F)>),
}

impl Pieces {
    fn arrange(self) -> Result<Vec<Input>, Failure> {
        let inputs = arrange(self)?;
        Ok(inputs
            .into_iter()
            .map(|input| match input {
                Arranged::File(file) => Input::File(file),
                Arranged::Folder(name, files) => Input::Folder { name, files: Rc::new(files) },
            })
            .collect())
    }
}

fn arrange<F>(pieces: Pieces<F>) -> Result<Vec<Arranged<F>>, Failure> {
    let Pieces { files, folders } = pieces;
    if is_loose_layout(&files, &folders) {
        let mut all: Vec<(String, F)> =
            files.into_iter().map(|(name, file)| (place_of(name), file)).collect();
        for (folder, files) in folders {
            all.extend(files.into_iter().map(|(path, file)| (format!("{folder}/{path}"), file)));
        }
        return Ok(vec![Arranged::Folder(LOOSE_LAYOUT.to_owned(), all)]);
    }
    let mut inputs: Vec<Arranged<F>> = files.into_iter().map(|(_, file)| Arranged::File(file)).collect();
    let mut refused = None;
    for (name, mut files) in folders {
        if is_layout(&files) {
            inputs.push(Arranged::Folder(name, files));
        } else if files.is_empty() || files.len() > MOST_LISTED {
            refused.get_or_insert_with(|| failures::folder(&name, files.len()));
        } else {
            files.sort_by(|(one, _), (other, _)| one.cmp(other));
            inputs.extend(files.into_iter().map(|(_, file)| Arranged::File(file)));
        }
    }
    match refused {
        Some(failure) if inputs.is_empty() => Err(failure),
        _ => Ok(inputs),
    }
}

/// Whether a folder holds an image itself: an OCI layout, or an unpacked docker-archive.
fn is_layout<F>(files: &[(String, F)]) -> bool {
    files.iter().any(|(path, _)| matches!(path.as_str(), "index.json" | "oci-layout" | "manifest.json"))
}

/// Whether what was handed in are the parts of a layout rather than several things.
fn is_loose_layout<F>(files: &[(String, F)], folders: &[(String, Vec<(String, F)>)]) -> bool {
    let has = |wanted: &str| files.iter().any(|(name, _)| name == wanted);
    let blobs = folders.iter().any(|(name, _)| name == "blobs") || files.iter().any(|(name, _)| is_hex(name));
    has("oci-layout") && has("index.json")
        || blobs && (has("index.json") || has("oci-layout"))
        || has("manifest.json") && !folders.is_empty()
}

/// Where a loose file belongs: blobs are named by their digest.
fn place_of(name: String) -> String {
    if is_hex(&name) { format!("blobs/sha256/{name}") } else { name }
}

fn is_hex(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const BLOB: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// Files by name, folders by `name/`; inputs expected as text: a file's name, or `folder{paths}`.
    fn check(files: &[&str], folders: &[(&str, &[&str])], expected: &[&str]) {
        let named = |names: &[&str]| {
            names.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect::<Vec<_>>()
        };
        let folders = folders.iter().map(|(name, files)| ((*name).to_owned(), named(files))).collect();
        let inputs = arrange(Pieces { files: named(files), folders })
            .unwrap_or_else(|failure| vec![Arranged::File(format!("refused: {}", failure.headline))]);
        let found: Vec<String> = inputs
            .into_iter()
            .map(|input| match input {
                Arranged::File(name) => name,
                Arranged::Folder(name, files) => {
                    let paths: Vec<String> = files.into_iter().map(|(path, _)| path).collect();
                    format!("{name}{{{}}}", paths.join(" "))
                }
            })
            .collect();
        assert_eq!(found, expected, "{files:?}");
    }

    #[test]
    fn files_are_inputs_in_the_order_they_came() {
        check(&["b.tar", "a.tar"], &[], &["b.tar", "a.tar"]);
        check(&["index.json"], &[], &["index.json"]);
        check(&["manifest.json", "image.tar"], &[], &["manifest.json", "image.tar"]);
    }

    #[test]
    fn a_layout_is_one_input_however_it_comes() {
        let layout = ["oci-layout", "index.json", "blobs/sha256/aa"];
        check(&[], &[("app", &layout)], &["app{oci-layout index.json blobs/sha256/aa}"]);
        check(
            &["oci-layout", "index.json"],
            &[("blobs", &["sha256/aa"])],
            &["image layout{oci-layout index.json blobs/sha256/aa}"],
        );
        check(&["index.json", BLOB], &[], &[&format!("image layout{{index.json blobs/sha256/{BLOB}}}")]);
        check(
            &["manifest.json", "repositories"],
            &[("aa", &["layer.tar"])],
            &["image layout{manifest.json repositories aa/layer.tar}"],
        );
    }

    #[test]
    fn a_folder_of_archives_is_the_archives() {
        check(&[], &[("images", &["b.tar", "a.tar"])], &["a.tar", "b.tar"]);
        check(&["c.tar"], &[("images", &["a.tar"]), ("none", &[])], &["c.tar", "a.tar"]);
    }

    #[test]
    fn a_folder_of_anything_else_is_refused() {
        check(&[], &[("empty", &[])], &["refused: This folder is empty"]);
        let many = ["x"; MOST_LISTED + 1];
        check(&[], &[("src", &many)], &["refused: There is no image in this folder"]);
    }
}
