//! SOCI index, version 1: an artefact that refers to its image. Legacy.
//!
//! ```text
//! image manifest  linux/amd64   as it is in the registry, not a byte changed
//!        ▲
//!        │ subject
//! SOCI index                    config {} says: SOCI index, version 1
//!        └─ "layers": zTOCs     the same bytes as in version 2
//! ```
//!
//! The image keeps its digest; who wants its index asks the registry for what refers to it
//! (referrers API) and takes the first. Registries without that API lose the index, an image that
//! is copied leaves it behind, and snapshotters look for it only when told to: it has been off by
//! default since v0.10. Fargate takes it only from accounts that used it before. Make version 2 where
//! there is a choice.
//!
//! Source: soci v0.15.0 `soci create`, `soci/soci_index.go` (`Build`).

use crate::error::Error;
use crate::prefetch::Prefetch;
use crate::root::Root;
use crate::select::PlatformDecision;
use crate::store::Store;
use crate::{ConvertOptions, Descriptor, ZtocBlob, resolve, soci_index};
use sociscope_image::{Digest, Platform};
use sociscope_ztoc::Compression;
use std::collections::BTreeMap;

/// The SOCI index, version 1, of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyIndex {
    /// The platform as it was asked for.
    pub platform: Platform,
    /// Digest of the index.
    pub digest: Digest,
    /// The index.
    pub manifest: Vec<u8>,
    /// The image manifest it is about: type, digest and size as in the archive. It must be in the
    /// registry exactly like that; an image that was saved again, or converted, has another.
    pub subject: Descriptor,
    /// The prefetch artefacts of the index.
    pub prefetch: Prefetch,
}

pub(crate) fn build(
    store: &Store<'_>,
    root: &Root,
    platforms: &[PlatformDecision],
    options: &ConvertOptions,
    ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
) -> Result<Vec<LegacyIndex>, Error> {
    let mut indexes = Vec::new();
    for platform in platforms {
        let Some(found) = resolve::manifest_descriptor(store, &root.descriptor, &platform.platform)? else {
            continue;
        };
        let subject = Descriptor {
            media_type: found.media_type,
            digest: found.digest,
            size: found.size,
            ..Descriptor::default()
        };
        if let Some(index) = soci_index::build(platform, Some(subject.clone()), options, ztocs)? {
            let manifest = index.manifest.to_json();
            indexes.push(LegacyIndex {
                platform: platform.platform.clone(),
                digest: Digest::of(&manifest),
                manifest,
                subject,
                prefetch: index.prefetch,
            });
        }
    }
    Ok(indexes)
}
