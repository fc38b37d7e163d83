//! Files that hold what is unpacked or made here, for as long as the program runs.
//!
//! They have no name: the system takes them back when the program ends, however it ends. So there is
//! nothing to clean up after an interrupt, a crash or a power cut.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use sociscope_engine::{Culprit, Failure, human};

/// Where `--temp-dir` says they go.
static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Puts temporary files into `folder` from now on, instead of `TMPDIR`. Only the first call counts.
pub fn choose(folder: &Path) {
    let _ = CHOSEN.set(folder.to_owned());
}

fn folder() -> PathBuf {
    CHOSEN.get().cloned().unwrap_or_else(std::env::temp_dir)
}

/// A temporary file being written.
pub struct Temporary {
    file: BufWriter<File>,
    len: u64,
    /// For messages.
    doing: &'static str,
}

impl Temporary {
    /// Creates one; `doing` says what for, as in "Unpacking the file". `expected` is how large it
    /// will be, if that is known: too little space is then told at once.
    pub fn create(doing: &'static str, expected: Option<u64>) -> Result<Self, Failure> {
        let folder = folder();
        if let (Some(needed), Some(free)) = (expected, free_space(&folder))
            && needed > free
        {
            return Err(no_space(
                doing,
                &folder,
                format!("{} are needed, {} are free", human::file_size(needed), human::file_size(free)),
            ));
        }
        let file = tempfile::tempfile_in(&folder).map_err(|error| failed(doing, &error))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 20, file), len: 0, doing })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| failed(self.doing, &error))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// The file, to be read, and its length.
    pub fn finish(self) -> Result<(File, u64), Failure> {
        let file = self.file.into_inner().map_err(|error| failed(self.doing, &error.into_error()))?;
        Ok((file, self.len))
    }
}

fn failed(doing: &str, error: &io::Error) -> Failure {
    let folder = folder();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            no_space(doing, &folder, "the disk is full".to_owned())
        }
        _ => Failure::new(
            Culprit::File,
            folder.display().to_string(),
            format!("{doing} needs a temporary file, which cannot be written: {error}."),
        )
        .fix("Choose a folder that can be written to with --temp-dir or TMPDIR."),
    }
}

fn no_space(doing: &str, folder: &Path, how: String) -> Failure {
    Failure::new(
        Culprit::Limit,
        folder.display().to_string(),
        format!("{doing} needs more space than there is for temporary files: {how}."),
    )
    .fix("Free some space, or choose a folder on another disk with --temp-dir or TMPDIR.")
}

/// Bytes that a program without privileges may still write there, where the system tells.
#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_: &Path) -> Option<u64> {
    None
}
