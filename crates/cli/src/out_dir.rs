//! A folder that appears when it is complete.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    failure::{self, Stop},
    output,
};

/// A folder under a temporary name, beside the place it is meant for. Dropped unfinished, it is
/// gone.
pub struct OutDir {
    temporary: PathBuf,
    target: PathBuf,
}

/// A file of such a folder being written.
pub struct Member {
    file: BufWriter<File>,
    path: PathBuf,
}

impl OutDir {
    /// Whether nothing is in the way at `target`. Files that are already there are never replaced:
    /// the reference deletes the folder first, and that has cost people theirs.
    pub fn may_be_created(target: &Path) -> Result<(), Stop> {
        match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(in_the_way(target, "The folder is not empty.")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                Err(in_the_way(target, "There is a file of this name."))
            }
            Err(error) => Err(failed(target, &error)),
        }
    }

    pub fn create(target: &Path) -> Result<Self, Stop> {
        Self::may_be_created(target)?;
        let named = target.file_name().ok_or_else(|| {
            failed(target, &io::Error::new(io::ErrorKind::InvalidInput, "the path names no folder"))
        })?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(named);
        hidden.push(format!(".{}.part", std::process::id()));
        let temporary = target.with_file_name(hidden);
        output::remember(&temporary);
        let folder = Self { temporary, target: target.to_owned() };
        fs::create_dir(&folder.temporary).map_err(|error| failed(target, &error))?;
        Ok(folder)
    }

    /// Begins a file at a path below the folder. Paths come from the plan of an archive and never
    /// lead out of it.
    pub fn file(&self, path: &str) -> Result<Member, Stop> {
        let shown = self.target.join(path);
        let path = self.temporary.join(path);
        let opened = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| File::create_new(&path));
        let file = opened.map_err(|error| failed(&shown, &error))?;
        Ok(Member { file: BufWriter::with_capacity(1 << 20, file), path: shown })
    }

    /// Makes the folder appear.
    pub fn finish(mut self) -> Result<(), Stop> {
        // An empty folder is as good as none; not every system renames over it.
        let _ = fs::remove_dir(&self.target);
        fs::rename(&self.temporary, &self.target).map_err(|error| failed(&self.target, &error))?;
        output::forget(&self.temporary);
        self.temporary.clear();
        Ok(())
    }
}

impl Member {
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.file.write_all(bytes).map_err(|error| failed(&self.path, &error))
    }

    pub fn finish(self) -> Result<(), Stop> {
        let closed = self.file.into_inner().map_err(io::IntoInnerError::into_error);
        closed.map(drop).map_err(|error| failed(&self.path, &error))
    }
}

impl Drop for OutDir {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.temporary);
            output::forget(&self.temporary);
        }
    }
}

fn failed(path: &Path, error: &io::Error) -> Stop {
    failure::system(path.display(), "Cannot write the folder", error).into()
}

fn in_the_way(path: &Path, what: &str) -> Stop {
    use sociscope_engine::{Culprit, Failure};
    Failure::new(Culprit::File, path.display().to_string(), what)
        .fix("Remove it, or choose another name for --out.")
        .into()
}
