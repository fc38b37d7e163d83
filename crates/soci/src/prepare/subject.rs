//! What of an archive can be converted.

use super::Subject;
use sociscope_image::{Archive, ImageKind};

/// What can be converted. Never empty if the archive has an image.
#[must_use]
pub fn subjects(archive: &Archive) -> Vec<Subject> {
    archive
        .images
        .iter()
        .enumerate()
        .filter(|(_, image)| image.kind == ImageKind::Image)
        .map(|(index, image)| Subject { names: image.names.clone(), images: vec![index] })
        .collect()
}
