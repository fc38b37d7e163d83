//! The bytes of an image, read at any place by any number of threads.
//!
//! ```text
//!  offsets   0                                        len
//!            ├── header ──┬── blob ──┬ padding ┬ … ───┼── layer made here ──┬── another ──►
//!  pieces       bytes        a file     bytes         │   a temporary file
//!               └────── one file, or a folder ──────┘   └── appended later ──┘
//! ```
//!
//! One file is one piece. A folder is many: the tar its files would make. Layers that are made here
//! lie behind all that. Nobody who reads knows the difference.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use sociscope_engine::{
    Culprit, Failure, Job, Want, human,
    image::{
        Extent,
        folder::{FolderPart, as_tar},
    },
};

use crate::{
    failure::{self, Stop},
    folder,
};

/// Something open. Reads name their offset, so that threads share it without a lock.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    /// In order, without gaps, none of them empty.
    pieces: Vec<Piece>,
    len: u64,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    len: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// A whole open file.
    File(File),
    /// A whole file of a folder, opened for each read: there may be more than can be open at once.
    Path(PathBuf),
    Bytes(Vec<u8>),
}

impl Source {
    /// Opens a file, or a folder as the tar it would make.
    pub fn open_any(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() { Self::open_folder(path) } else { Self::open(path) }
    }

    /// Opens one file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| failure::system(path.display(), "Cannot open the file", &error);
        let metadata = fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if !metadata.is_file() {
            // A pipe has no length and cannot be read twice; opening it would wait for a writer.
            return Err(failed(io::Error::new(io::ErrorKind::Unsupported, "not a regular file"))
                .fix("Save it to a file first."));
        }
        let file = File::open(path).map_err(failed)?;
        let len = file.metadata().map_err(failed)?.len();
        Ok(Self::of_file(path, file, len))
    }

    /// An open file of `len` bytes, called `path`.
    pub fn of_file(path: &Path, file: File, len: u64) -> Self {
        let mut source = Self { path: path.to_owned(), pieces: Vec::new(), len: 0 };
        source.push(len, Content::File(file));
        source
    }

    fn open_folder(path: &Path) -> Result<Self, Failure> {
        let found = folder::list(path)?;
        let mut source = Self { path: path.to_owned(), pieces: Vec::new(), len: 0 };
        if found.is_empty() {
            return Err(Failure::new(Culprit::File, path.display().to_string(), "The folder is empty.")
                .fix("Name the folder of an OCI layout: it holds index.json, oci-layout and blobs."));
        }
        let (files, paths): (Vec<_>, Vec<_>) =
            found.into_iter().map(|found| (found.file, found.real)).unzip();
        let parts = as_tar(&files).map_err(|error| sociscope_engine::Error::from(error).failure())?;
        for part in parts {
            match part {
                FolderPart::Bytes(bytes) => source.push(bytes.len() as u64, Content::Bytes(bytes)),
                FolderPart::File { index } => {
                    if let (Some(file), Some(path)) = (files.get(index), paths.get(index)) {
                        source.push(file.size, Content::Path(path.clone()));
                    }
                }
            }
        }
        Ok(source)
    }

    fn push(&mut self, len: u64, content: Content) {
        if len > 0 {
            self.pieces.push(Piece { start: self.len, len, content });
            self.len += len;
        }
    }

    /// Puts a file of `len` bytes behind everything else; says where that is.
    pub fn append(&mut self, file: File, len: u64) -> Extent {
        let extent = Extent { offset: self.len, len };
        self.push(len, Content::File(file));
        extent
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name to show.
    pub fn name(&self) -> String {
        let own = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        // `.` and `..` have names only as what they stand for.
        own(&self.path)
            .or_else(|| own(&fs::canonicalize(&self.path).ok()?))
            .unwrap_or_else(|| self.path.to_string_lossy().into_owned())
    }

    /// Fills `buffer` from `offset` on; returns how much there was before the end.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        let first = self.pieces.partition_point(|piece| piece.start + piece.len <= offset);
        let mut filled = 0;
        for piece in self.pieces.get(first..).unwrap_or_default() {
            let room = buffer.get_mut(filled..).unwrap_or_default();
            if room.is_empty() {
                break;
            }
            let at = (offset + filled as u64).saturating_sub(piece.start);
            let left = usize::try_from(piece.len - at).unwrap_or(usize::MAX);
            let wanted = room.len().min(left);
            let read = self.read_piece(piece, at, room.get_mut(..wanted).unwrap_or_default())?;
            filled += read;
            if read < wanted {
                break;
            }
        }
        Ok(filled)
    }

    fn read_piece(&self, piece: &Piece, at: u64, buffer: &mut [u8]) -> Result<usize, Failure> {
        match &piece.content {
            Content::File(file) => fill(file, at, buffer)
                .map_err(|error| failure::system(self.path.display(), "Cannot read the file", &error)),
            Content::Bytes(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let len = from.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..len), from.get(..len)) {
                    to.copy_from_slice(from);
                }
                Ok(len)
            }
            Content::Path(path) => {
                let failed = |error| failure::system(path.display(), "Cannot read the file", &error);
                let file = File::open(path).map_err(failed)?;
                let len = file.metadata().map_err(failed)?.len();
                if len != piece.len {
                    return Err(Failure::new(
                        Culprit::File,
                        path.display().to_string(),
                        "The file changed while the folder was read.",
                    )
                    .expected_found(
                        format!("{} bytes", human::count(piece.len)),
                        format!("{} bytes", human::count(len)),
                    )
                    .fix("Wait until whatever writes there has finished, then try again."));
                }
                fill(&file, at, buffer).map_err(failed)
            }
        }
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

    /// Everything from the beginning, as a stream.
    pub fn reader(&self) -> Reader<'_> {
        Reader { source: self, at: 0 }
    }
}

/// A source, read from its first byte to its last.
pub struct Reader<'a> {
    source: &'a Source,
    at: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(self.at, buffer).map_err(|failure| io::Error::other(failure.message))?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Fills `buffer` from `offset` on; less only at the end of the file.
fn fill(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
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
