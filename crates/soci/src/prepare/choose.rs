//! From an archive and a choice to the layout that is converted.
//!
//! First the reference's own way is tried, as far as documents go. Only where it ends, the image
//! is written down again as the reference would take it, see `complete.rs`.

use super::adopt::obstacle;
use super::complete::{Completion, has_untyped_index};
use super::foreign;
use super::subject::groups;
use super::tree::Tree;
use super::{Note, Prepared, Subject, subjects};
use crate::error::Error;
use crate::{ConvertOptions, Index, PlatformChoice, Selection};
use sociscope_image::{Archive, Format, Layout};

/// The layout to convert: that of the archive where the reference takes it and no subject is
/// chosen; else one that holds the chosen subject, or the only one, in a form that the reference
/// would take. `subject` is a place in [`subjects`].
///
/// One thing is done although the reference would go on without it: SOCI indexes that lost their
/// type on the way (skopeo 1.9 drops it) get it back. The reference takes them for images and
/// leaves them beside the new ones, broken.
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
    subject: Option<usize>,
    platforms: &PlatformChoice,
) -> Result<Prepared, Error> {
    let mut prepared = prepared(archive, subject, platforms)?;
    let chosen = subject.and_then(|subject| subjects(archive).into_iter().nth(subject));
    if let Some(note) = foreign::note(archive, chosen.as_ref()) {
        prepared.reference = false;
        prepared.notes.push(note);
    }
    Ok(prepared)
}

fn prepared(
    archive: &Archive,
    subject: Option<usize>,
    platforms: &PlatformChoice,
) -> Result<Prepared, Error> {
    let layout = archive.layout.as_ref().ok_or(Error::NoLayout)?;
    if archive.format != Format::OciArchive {
        return adopted(archive, layout, subject);
    }
    let refusal = refusal(layout, platforms);
    let tree = match Tree::of(layout) {
        Ok(tree) => tree,
        Err(error) => return Err(refusal.unwrap_or(error)),
    };
    let as_it_is = refusal.is_none() && !tree.entries.iter().any(has_untyped_index);
    if as_it_is && subject.is_none() {
        return Ok(Prepared { layout: layout.clone(), notes: Vec::new(), reference: true });
    }
    let groups = groups(layout, &tree);
    let group = match (subject, groups.as_slice()) {
        (Some(0), [_]) if as_it_is => {
            return Ok(Prepared { layout: layout.clone(), notes: Vec::new(), reference: true });
        }
        (_, []) => return Err(refusal.unwrap_or(Error::NoManifests)),
        (Some(number), groups) => groups
            .get(number)
            .ok_or_else(|| Error::NoSuchImage { number: number.saturating_add(1), images: groups.len() })?,
        (None, [only]) => only,
        (None, _) => return Err(Error::SeveralImages { names: labels(&subjects(archive), archive) }),
    };
    let completion = Completion { layout, tree: &tree, group, notes: Vec::new() };
    let prepared =
        completion.run(&groups).and_then(|prepared| match self::refusal(&prepared.layout, platforms) {
            None => Ok(prepared),
            Some(error) => Err(error),
        });
    prepared.map_err(|error| match refusal {
        // What would have been put right is not what is wrong.
        None
        | Some(
            Error::PlatformUnstated { .. }
            | Error::NoPlatforms { .. }
            | Error::NotAnImage { .. }
            | Error::OtherShape { .. },
        ) => error,
        Some(_) if groups.len() > 1 => error,
        Some(refusal) => refusal,
    })
}

/// Why the reference refuses the documents of a layout for this choice, if so. That a platform is
/// not there is no fault of the documents.
pub(super) fn refusal(layout: &Layout, platforms: &PlatformChoice) -> Option<Error> {
    let all = ConvertOptions { min_layer_size: 0, ..ConvertOptions::default() };
    let chosen = ConvertOptions { platforms: platforms.clone(), ..all.clone() };
    let selection = match Selection::new(layout, &chosen) {
        Err(Error::PlatformAbsent { .. } | Error::PlatformSyntax(_)) => Selection::new(layout, &all),
        selection => selection,
    };
    selection.and_then(|selection| selection.refuse_documents(layout)).err()
}

/// One element of what was a docker-archive. Each has an entry that says all there is to say.
fn adopted(archive: &Archive, layout: &Layout, subject: Option<usize>) -> Result<Prepared, Error> {
    let subjects = subjects(archive);
    let chosen = match (subject, subjects.as_slice()) {
        (Some(number), subjects) => subjects
            .get(number)
            .ok_or_else(|| Error::NoSuchImage { number: number.saturating_add(1), images: subjects.len() })?,
        (None, [only]) => only,
        (None, []) => return Err(Error::NoManifests),
        (None, _) => return Err(Error::SeveralImages { names: labels(&subjects, archive) }),
    };
    let image = chosen.images.first().and_then(|&image| archive.images.get(image));
    let Some(digest) = image.and_then(|image| image.manifest.as_ref()) else {
        return Err(image.and_then(obstacle).unwrap_or(Error::NoLayout));
    };
    let mut top = Index::parse(&layout.index_json)
        .map_err(|error| Error::Json { document: crate::Document::IndexJson, error })?;
    let mut entries = top.manifests.take().unwrap_or_default();
    entries.retain(|entry| entry.digest == digest.as_str());
    entries.truncate(1);
    top.manifests = Some(entries);
    let mut notes = vec![Note::new(
        "docker-archive",
        "The docker-archive is written down as an OCI image; its config stays as it is.",
    )];
    notes.extend(left_out(&label(chosen, archive), subjects.len()));
    let layout = Layout { index_json: top.to_json(), ..layout.clone() };
    Ok(Prepared { layout, notes, reference: false })
}

/// What subjects are called.
fn labels(subjects: &[Subject], archive: &Archive) -> Vec<String> {
    subjects.iter().map(|subject| label(subject, archive)).collect()
}

/// Its name, or else its digest, or its place in the archive.
fn label(subject: &Subject, archive: &Archive) -> String {
    let image = subject.images.first().and_then(|&image| archive.images.get(image));
    let digest = image.and_then(|image| image.manifest.as_ref());
    match (subject.names.first(), digest) {
        (Some(name), _) => name.clone(),
        (None, Some(digest)) => digest.to_string(),
        (None, None) => "an image without a name".to_owned(),
    }
}

/// Says which image is converted, if there are others.
pub(super) fn left_out(label: &str, subjects: usize) -> Option<Note> {
    let others = match subjects.saturating_sub(1) {
        0 => return None,
        1 => "the other image of the archive is".to_owned(),
        more => format!("the other {more} images of the archive are"),
    };
    Some(Note::new("image-chosen", format!("Only {label} is converted; {others} left out.")))
}
