//! Opening: what is this file, which images are in it, where do their layers lie.

use crate::{
    Archive, Error, Job, Progress, Want,
    image::{self, LayerCompression},
};

/// Recognises an archive and reads its documents. Of a file of any size it reads headers and JSON
/// only: some hundred KiB in a few dozen ranges.
///
/// A tar without an image's documents is one layer ([`Format::Layer`](image::Format::Layer)); what is
/// compressed as a whole is refused here and told apart by [`recognise`](crate::input::recognise()).
#[derive(Debug)]
pub struct OpenJob {
    open: image::Open,
    len: u64,
    read: u64,
    /// One of the first members is one that only images have.
    begins_like_image: bool,
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
        Self { open: image::Open::new(len, limits), len, read: 0, begins_like_image: false }
    }
}

impl Job for OpenJob {
    type Output = Archive;

    fn want(&mut self) -> Want {
        self.open.want()
    }

    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.read == 0 {
            let members = image::tar_members(bytes, 16);
            self.begins_like_image = members.iter().any(|name| image::is_image_member(name));
        }
        self.read = self.read.saturating_add(bytes.len() as u64);
        Ok(self.open.supply(bytes)?)
    }

    fn progress(&self) -> Progress {
        Progress { read: self.read, total: self.len, ..Progress::default() }
    }

    fn finish(self) -> Result<Archive, Error> {
        let error = match self.open.finish() {
            Ok(archive) => return Ok(archive),
            Err(error) => error,
        };
        let is_layer = match &error {
            image::Error::RootFilesystem { .. } => true,
            image::Error::NoImage { found, .. } => !found.iter().any(|name| image::is_image_member(name)),
            // So many members has no image, but a layer may.
            image::Error::Limit { limit, .. } => {
                !self.begins_like_image && matches!(*limit, "max_members" | "max_name_bytes")
            }
            _ => false,
        };
        if is_layer {
            Ok(image::bare_layer(self.len, LayerCompression::Uncompressed))
        } else {
            Err(error.into())
        }
    }
}
