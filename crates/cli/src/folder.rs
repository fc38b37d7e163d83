//! A folder as an image: which files are in it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sociscope_engine::{
    Culprit, Failure,
    image::{Limits, folder::FolderFile},
};

use crate::failure;

/// How deep folders may nest; an OCI layout has three levels.
const MAX_DEPTH: usize = 32;

/// A file of a folder: what the virtual tar calls it, and where it really is.
pub struct Found {
    pub file: FolderFile,
    /// Without symbolic links.
    pub real: PathBuf,
}

/// Lists the files of `folder`, those behind symbolic links too as long as they are in it.
pub fn list(folder: &Path) -> Result<Vec<Found>, Failure> {
    let root = real(folder)?;
    let mut walk = Walk { root, found: Vec::new(), max: Limits::default().max_members };
    let mut entered = vec![walk.root.clone()];
    walk.enter(&walk.root.clone(), "", &mut entered)?;
    Ok(walk.found)
}

struct Walk {
    root: PathBuf,
    found: Vec<Found>,
    max: u64,
}

impl Walk {
    /// Lists `folder`, which the tar calls `name`. `entered` are the folders above it and itself, so
    /// that a link to one of them is noticed.
    fn enter(&mut self, folder: &Path, name: &str, entered: &mut Vec<PathBuf>) -> Result<(), Failure> {
        let failed = |error: io::Error| failure::system(folder.display(), "Cannot read the folder", &error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let own = entry.file_name();
            let Some(own) = own.to_str() else {
                return Err(Failure::new(
                    Culprit::File,
                    path.display().to_string(),
                    "A name in the folder is not UTF-8, so it is no part of an image.",
                )
                .fix("Move that file elsewhere."));
            };
            let name = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
            let real = real(&path)?;
            if !real.starts_with(&self.root) {
                return Err(Failure::new(
                    Culprit::File,
                    path.display().to_string(),
                    "A symbolic link leads out of the folder; nothing outside of it is read.",
                )
                .expected_found(format!("a file in {}", self.root.display()), real.display().to_string())
                .fix("Put the file itself there: `cp -RL FOLDER COPY` makes a folder without links."));
            }
            let about = fs::metadata(&real)
                .map_err(|error| failure::system(path.display(), "Cannot read the folder", &error))?;
            if about.is_dir() {
                if entered.contains(&real) || entered.len() > MAX_DEPTH {
                    return Err(Failure::new(
                        Culprit::File,
                        path.display().to_string(),
                        "The folders in the folder go in circles, or too deep.",
                    )
                    .fix("Remove the symbolic link to a folder above it."));
                }
                entered.push(real.clone());
                self.enter(&real, &name, entered)?;
                entered.pop();
            } else if about.is_file() {
                if self.found.len() as u64 >= self.max {
                    return Err(Failure::new(
                        Culprit::Limit,
                        self.root.display().to_string(),
                        format!("The folder has more files than the limit max_members = {}.", self.max),
                    )
                    .fix("Name the folder in which index.json lies."));
                }
                self.found.push(Found { file: FolderFile { path: name, size: about.len() }, real });
            } else {
                return Err(Failure::new(
                    Culprit::File,
                    path.display().to_string(),
                    "In the folder is a pipe, a socket or a device, which is no part of an image.",
                )
                .fix("Name the folder in which index.json lies, or remove what does not belong there."));
            }
        }
        Ok(())
    }
}

fn real(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path).map_err(|error| {
        let dangles = error.kind() == io::ErrorKind::NotFound && path.is_symlink();
        let doing = if dangles { "A symbolic link leads nowhere" } else { "Cannot open the folder" };
        failure::system(path.display(), doing, &error)
    })
}
