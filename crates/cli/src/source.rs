//! The image file, read at any place by any number of threads.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use sociscope_engine::{Failure, Job, Want};

use crate::failure::{self, Stop};

/// An open file. Reads name their offset, so that threads share one handle without a lock.
#[derive(Debug)]
pub struct Source {
    file: File,
    path: PathBuf,
    len: u64,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| failure::system(path.display(), "Cannot open the file", &error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if !metadata.is_file() {
            // A pipe has no length and cannot be read twice.
            return Err(failed(io::Error::new(io::ErrorKind::Unsupported, "not a regular file"))
                .fix("Save it to a file first."));
        }
        Ok(Self { file, path: path.to_owned(), len: metadata.len() })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// The name to show.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    /// Fills `buffer` from `offset` on; returns how much there was before the end of the file.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_at(&self.file, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(failure::system(self.path.display(), "Cannot read the file", &error));
                }
            }
        }
        Ok(filled)
    }

    /// Drives a job to its end; `seen` is called after every read.
    pub fn drive<J: Job>(&self, job: &mut J, mut seen: impl FnMut(&J)) -> Result<(), Stop> {
        let mut buffer = Vec::new();
        while let Want::Read { offset, len } = job.want() {
            // Jobs ask for pieces, never for more than some MiB at once.
            buffer.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
            let read = self.read(offset, &mut buffer)?;
            buffer.truncate(read);
            job.supply(&buffer)?;
            seen(job);
        }
        Ok(())
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    // Moves the file's own position as well, which nobody looks at.
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
