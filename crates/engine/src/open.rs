//! Opening: what is this file, which images are in it, where do their layers lie.

use crate::{Archive, Error, Job, Progress, Want, image};

/// Recognises an archive and reads its documents. Of a file of any size it reads headers and JSON
/// only: some hundred KiB in a few dozen ranges.
#[derive(Debug)]
pub struct OpenJob {
    open: image::Open,
    len: u64,
    read: u64,
}

impl OpenJob {
    /// Opens a file of `len` bytes with the default limits.
    #[must_use]
    pub fn new(len: u64) -> Self {
        Self::with_limits(len, image::Limits::default())
    }

    /// Opens a file of `len` bytes.
    #[must_use]
    pub fn with_limits(len: u64, limits: image::Limits) -> Self {
        Self { open: image::Open::new(len, limits), len, read: 0 }
    }
}

impl Job for OpenJob {
    type Output = Archive;

    fn want(&mut self) -> Want {
        self.open.want()
    }

    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.read = self.read.saturating_add(bytes.len() as u64);
        Ok(self.open.supply(bytes)?)
    }

    fn progress(&self) -> Progress {
        Progress { read: self.read, total: self.len, ..Progress::default() }
    }

    fn finish(self) -> Result<Archive, Error> {
        Ok(self.open.finish()?)
    }
}
