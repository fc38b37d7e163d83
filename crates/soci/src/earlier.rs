//! SOCI indexes that the image has from an earlier conversion.
//!
//! One whose platform is converted again is replaced where it stands. Any other would describe an
//! image that has changed, and ends the reference's run. Here the conversion goes on: it is begun
//! anew, with these rules.
//!
//! - An index of a platform that was not asked for stays, byte for byte. Only the annotation of
//!   its descriptor follows the new digest of its image.
//! - One of a platform that now has nothing to index is removed.
//! - One that cannot work is removed: its image is not in the list, or some of its zTOCs are not in
//!   the archive.
//! - An image manifest that names an index which is no longer there stops doing so.

use crate::select::PlatformDecision;
use crate::store::Store;
use crate::{Descriptor, media_type, soci_index};
use std::collections::BTreeMap;

/// What becomes of the SOCI indexes that were in the list.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// Whether there are any to be treated by these rules; else the reference's are followed.
    pub(crate) settled: bool,
    /// Those that stay: index to image manifest, by digest before rewriting.
    pub(crate) kept: BTreeMap<String, String>,
    /// The platforms of those that go, and why.
    pub(crate) removed: Vec<(String, &'static str)>,
}

impl Earlier {
    /// Looks at the list as it was. `built` are the places in `platforms` for which there is a new
    /// index.
    pub(crate) fn settle(
        store: &Store<'_>,
        entries: &[Descriptor],
        platforms: &[PlatformDecision],
        built: impl Fn(&PlatformDecision) -> bool,
    ) -> Self {
        let mut earlier = Self { settled: true, ..Self::default() };
        for entry in entries.iter().filter(|entry| is_soci_index(entry)) {
            let platform = entry.platform.as_ref();
            let asked_for = platforms
                .iter()
                .filter(|asked| platform.is_some_and(|platform| asked.platform.matches(platform)));
            let mut asked_for = asked_for.peekable();
            let why = if asked_for.peek().is_some() {
                if asked_for.any(&built) {
                    // It is replaced.
                    continue;
                }
                "no layer of it can be indexed now"
            } else if let Some(image) = image_of(store, entries, entry) {
                if is_whole(store, entry) {
                    earlier.kept.insert(entry.digest.clone(), image);
                    continue;
                }
                "some of its zTOCs are not in the archive"
            } else {
                "its image is not in the list"
            };
            earlier.removed.push((platform.map_or_else(|| "unknown".to_owned(), ToString::to_string), why));
        }
        earlier
    }

    /// The index that stays for an image manifest.
    pub(crate) fn index_of(&self, manifest: &str) -> Option<&String> {
        self.kept.iter().find(|(_, image)| *image == manifest).map(|(index, _)| index)
    }
}

/// The image manifest an index belongs to, by its own word or by that of the manifest.
fn image_of(store: &Store<'_>, entries: &[Descriptor], index: &Descriptor) -> Option<String> {
    let named = index.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST);
    let mut images = entries.iter().filter(|entry| !is_soci_index(entry));
    if let Some(image) = images.clone().find(|entry| Some(&entry.digest) == named) {
        return Some(image.digest.clone());
    }
    let names_it = |image: &&Descriptor| {
        media_type::is_manifest(&image.media_type)
            && store.manifest(image).is_ok_and(|manifest| {
                manifest.annotations.get(soci_index::INDEX_DIGEST) == Some(&index.digest)
            })
    };
    images.find(names_it).map(|image| image.digest.clone())
}

/// Whether an index and all that it lists is in the archive.
fn is_whole(store: &Store<'_>, index: &Descriptor) -> bool {
    store.manifest(index).is_ok_and(|manifest| {
        [&manifest.config]
            .into_iter()
            .chain(manifest.layers())
            .all(|blob| blob.parse_digest().is_some_and(|digest| store.contains(&digest)))
    })
}

/// Whether a descriptor in a list is that of a SOCI index, version 2.
pub(crate) fn is_soci_index(entry: &Descriptor) -> bool {
    entry.artifact_type == media_type::SOCI_INDEX_V2
}
