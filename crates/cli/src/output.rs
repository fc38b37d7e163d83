//! Where results go: a file that appears when it is complete, or standard output.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use sociscope_engine::Failure;

use crate::failure::{self, Stop};

/// Temporary files that exist right now.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn temporary_files() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is whole whatever happened to the thread that held it.
    TEMPORARY.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Makes SIGINT, SIGTERM and SIGHUP leave nothing behind.
pub fn remove_temporary_files_on_interrupt() {
    let handler = || {
        for path in temporary_files().drain(..) {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        // What a shell reports for a program that SIGINT ended.
        std::process::exit(130);
    };
    // Without the handler an interrupt leaves the temporary file; nothing worse.
    let _ = ctrlc::set_handler(handler);
}

/// Something being written.
pub enum Output {
    File(Pending),
    Stdout(BufWriter<io::Stdout>),
}

impl Output {
    /// Opens `path`, or standard output for `-`.
    pub fn create(path: &Path) -> Result<Self, Stop> {
        if is_stdout(path) {
            return Ok(Self::Stdout(BufWriter::with_capacity(256 << 10, io::stdout())));
        }
        Ok(Self::File(Pending::create(path)?))
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        match self {
            Self::File(pending) => pending.write(bytes),
            Self::Stdout(stdout) => stdout.write_all(bytes).map_err(|error| stdout_failed(&error)),
        }
    }

    /// Makes the result appear.
    pub fn finish(self) -> Result<(), Stop> {
        match self {
            Self::File(pending) => pending.finish(),
            Self::Stdout(mut stdout) => stdout.flush().map_err(|error| stdout_failed(&error)),
        }
    }
}

/// Writes a whole result at once.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    let mut output = Output::create(path)?;
    output.write(bytes)?;
    output.finish()
}

/// Prints to standard output.
pub fn print(text: &str) -> Result<(), Stop> {
    write(Path::new("-"), text.as_bytes())
}

/// Whether `--out` names standard output.
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn stdout_failed(error: &io::Error) -> Stop {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Stop::NobodyListens;
    }
    Stop::Failed(failure::system("standard output", "Cannot write", error))
}

/// A file under a temporary name, beside the place it is meant for: renaming within a directory
/// replaces the old file at once or not at all. Dropped unfinished, it is gone.
pub struct Pending {
    file: Option<BufWriter<File>>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Pending {
    fn create(target: &Path) -> Result<Self, Failure> {
        let failed = |error| failure::system(target.display(), "Cannot write the file", &error);
        let name = target
            .file_name()
            .ok_or_else(|| failed(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file")))?;
        if target.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut taken = 0_u32;
        loop {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{taken}.part", std::process::id()));
            let temporary = target.with_file_name(hidden);
            // Registered first: an interrupt may come between creating it and anything else.
            remember(&temporary);
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    let file = Some(BufWriter::with_capacity(1 << 20, file));
                    return Ok(Self { file, temporary, target: target.to_owned() });
                }
                Err(error) => {
                    forget(&temporary);
                    if error.kind() != io::ErrorKind::AlreadyExists || taken == 99 {
                        return Err(failed(error));
                    }
                    taken += 1;
                }
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let written = self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes));
        written.map_err(|error| self.failed(&error))
    }

    fn finish(mut self) -> Result<(), Stop> {
        let Some(file) = self.file.take() else { return Ok(()) };
        // Closed before it is renamed, which Windows insists on.
        let closed = file.into_inner().map_err(io::IntoInnerError::into_error).map(drop);
        closed
            .and_then(|()| fs::rename(&self.temporary, &self.target))
            .map_err(|error| self.failed(&error))?;
        forget(&self.temporary);
        self.temporary.clear();
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> Stop {
        Stop::Failed(failure::system(self.target.display(), "Cannot write the file", error))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.temporary.as_os_str().is_empty() {
            return;
        }
        drop(self.file.take());
        let _ = fs::remove_file(&self.temporary);
        forget(&self.temporary);
    }
}

/// Notes a file or folder that an interrupt must remove.
pub fn remember(path: &Path) {
    temporary_files().push(path.to_owned());
}

/// It is where it belongs, or gone.
pub fn forget(path: &Path) {
    temporary_files().retain(|known| known != path);
}
