//! Layers that are somebody else's to distribute.
//!
//! Base layers of Windows, by their licence, once had to come from their vendor. Tools leave such
//! layers out of archives on purpose, and push an image without them. The reference ends at the
//! first that is absent; here it is left out of the finished archive as well.

use super::{Note, Subject};
use crate::media_type;
use sociscope_image::Archive;
use std::collections::BTreeSet;

/// Says how many foreign layers of the image are absent, if any are.
pub(super) fn note(archive: &Archive, subject: Option<&Subject>) -> Option<Note> {
    let images = archive.images.iter().enumerate();
    let absent: BTreeSet<_> = images
        .filter(|(index, _)| subject.is_none_or(|subject| subject.images.contains(index)))
        .flat_map(|(_, image)| &image.layers)
        .filter(|layer| layer.extent.is_none() && media_type::is_foreign_layer(&layer.media_type))
        .map(|layer| &layer.digest)
        .collect();
    let sentence = match absent.len() {
        0 => return None,
        1 => "One foreign layer is not in the archive and left out; a registry may want to have it already."
            .to_owned(),
        more => format!(
            "{more} foreign layers are not in the archive and left out; a registry may want to have them already."
        ),
    };
    Some(Note::new("foreign-layers", sentence))
}
