//! The second half of a conversion: new manifests, the new image index, and what the finished
//! archive holds.
//!
//! *Every* manifest of the list is written anew, also those that were not asked for and the
//! attestations: compact, in one field order, with OCI types, unknown fields gone. Its digest
//! changes whenever it was not written like that already. The annotations of its descriptor are
//! *replaced* by the manifest's own - which is how attestations lose the reference to their
//! image.
//!
//! Source: soci v0.15.0 `soci/soci_convert.go`.

use crate::archive::{Archive, Content};
use crate::error::{Error, Role};
use crate::plan::ArchivePlan;
use crate::prefetch::Prefetch;
use crate::select::PlatformDecision;
use crate::store::Store;
use crate::{ConvertOptions, Descriptor, Index, ZtocBlob, media_type, resolve, soci_index};
use sociscope_image::{Digest, Platform};
use sociscope_ztoc::Compression;
use std::collections::BTreeMap;

/// A converted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The image index: what to push, and the digest to expect in the registry.
    pub image_index: Digest,
    /// `index.json` of the finished archive.
    pub index_json: Vec<u8>,
    /// Every document of the finished archive that is not taken over from the input: image
    /// index, manifests, SOCI indexes, their config and prefetch artefacts. By digest, in its
    /// order.
    pub documents: Vec<(Digest, Vec<u8>)>,
    /// The SOCI indexes, in the order of the platforms asked for; those without a zTOC left out.
    pub soci_indexes: Vec<SociIndex>,
    /// How to write the finished archive.
    pub plan: ArchivePlan,
}

/// The SOCI index of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SociIndex {
    /// The platform as it was asked for.
    pub platform: Platform,
    /// The index. Two platforms with the same layers share one.
    pub digest: Digest,
    /// The rewritten image manifest that names the index. `None` where another platform's index
    /// took it: one manifest can name one index only.
    pub manifest: Option<Digest>,
    /// What became of the files to prefetch.
    pub prefetch: Prefetch,
}

/// An index on its way into the list.
struct Pending {
    platform: Platform,
    /// The image manifest as it was before rewriting.
    original: Digest,
    digest: Digest,
    size: i64,
    manifest: Option<Digest>,
    prefetch: Prefetch,
}

pub(crate) fn rewrite(
    mut store: Store<'_>,
    mut list: Index,
    platforms: &[PlatformDecision],
    options: &ConvertOptions,
    ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
) -> Result<Converted, Error> {
    let mut indexes = Vec::new();
    for platform in platforms {
        if let Some(index) = soci_index::build(platform, None, options, ztocs)? {
            let bytes = index.manifest.to_json();
            let descriptor = Descriptor::of(media_type::OCI_MANIFEST, &bytes);
            for blob in &index.prefetch.blobs {
                store.write(blob.to_json());
            }
            indexes.push(Pending {
                platform: platform.platform.clone(),
                original: platform.manifest.clone(),
                digest: store.write(bytes),
                size: descriptor.size,
                manifest: None,
                prefetch: index.prefetch,
            });
        }
    }
    store.write(soci_index::CONFIG.to_vec());

    let entries = list.manifests.get_or_insert_default();
    annotate(&mut store, entries, &mut indexes)?;
    append(entries, &indexes);
    refuse_stale(entries, &indexes)?;

    let bytes = list.to_json();
    let root = Descriptor::of(media_type::OCI_INDEX, &bytes);
    let image_index = store.write(bytes);
    let index_json = Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX.to_owned(),
        manifests: Some(vec![root.clone()]),
        ..Index::default()
    }
    .to_json();

    let archive = collect(&store, root, ztocs)?;
    Ok(Converted {
        image_index,
        documents: archive.documents(),
        plan: archive.plan(&index_json)?,
        index_json,
        soci_indexes: indexes
            .into_iter()
            .map(|index| SociIndex {
                platform: index.platform,
                digest: index.digest,
                manifest: index.manifest,
                prefetch: index.prefetch,
            })
            .collect(),
    })
}

/// Writes every manifest of the list anew and notes the SOCI index in it.
fn annotate(store: &mut Store<'_>, entries: &mut [Descriptor], indexes: &mut [Pending]) -> Result<(), Error> {
    for entry in entries {
        let index = indexes.iter_mut().find(|index| index.original.as_str() == entry.digest);
        // An entry that is itself a list becomes its first manifest.
        let Some(mut manifest) = resolve::manifest(store, entry, None)? else {
            if index.is_some() {
                return Err(Error::Missing { role: Role::Manifest, digest: entry.digest.clone() });
            }
            continue;
        };
        manifest.make_oci();
        if let Some(index) = &index {
            let named = (soci_index::INDEX_DIGEST.to_owned(), index.digest.to_string());
            manifest.annotations.extend([named]);
        }
        let bytes = manifest.to_json();
        let rewritten = Descriptor::of(media_type::OCI_MANIFEST, &bytes);
        let digest = store.write(bytes);
        if let Some(index) = index {
            index.manifest = Some(digest);
        }
        entry.media_type = rewritten.media_type;
        entry.digest = rewritten.digest;
        entry.size = rewritten.size;
        entry.annotations = manifest.annotations;
    }
    Ok(())
}

/// Adds the SOCI indexes to the list. An index of the same platform that is there already is
/// replaced where it stands.
fn append(entries: &mut Vec<Descriptor>, indexes: &[Pending]) {
    for index in indexes {
        let new = Descriptor {
            media_type: media_type::OCI_MANIFEST.to_owned(),
            digest: index.digest.to_string(),
            size: index.size,
            annotations: index
                .manifest
                .iter()
                .map(|manifest| (soci_index::IMAGE_MANIFEST_DIGEST.to_owned(), manifest.to_string()))
                .collect(),
            platform: Some(index.platform.clone()),
            artifact_type: media_type::SOCI_INDEX_V2.to_owned(),
            ..Descriptor::default()
        };
        let same = entries.iter_mut().find(|entry| {
            is_soci_index(entry)
                && entry.platform.as_ref().is_some_and(|platform| index.platform.matches(platform))
        });
        match same {
            Some(old) => *old = new,
            None => entries.push(new),
        }
    }
}

/// An index that was there before and was not replaced describes an image that has changed. The
/// reference notices, by looking for it among those it has built.
fn refuse_stale(entries: &[Descriptor], indexes: &[Pending]) -> Result<(), Error> {
    let stale = entries.iter().find(|entry| {
        is_soci_index(entry) && !indexes.iter().any(|index| index.digest.as_str() == entry.digest)
    });
    stale.map_or(Ok(()), |stale| {
        Err(Error::StaleIndex {
            platform: stale.platform.as_ref().map_or_else(String::new, Platform::to_string),
            digest: stale.digest.clone(),
        })
    })
}

fn is_soci_index(entry: &Descriptor) -> bool {
    entry.artifact_type == media_type::SOCI_INDEX_V2
}

/// Finds everything that is reachable from the image index: that, and nothing else, is what the
/// finished archive holds.
///
/// A blob must have the size that *every* descriptor of it states. (The reference looks only at
/// one of several, and which one depends on how its sort treats equals.)
fn collect<'s>(
    store: &'s Store<'_>,
    root: Descriptor,
    ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
) -> Result<Archive<'s>, Error> {
    let built: BTreeMap<&Digest, u64> = ztocs.values().map(|ztoc| (&ztoc.digest, ztoc.size)).collect();
    let mut archive = Archive::default();
    let mut walk = resolve::Walk::from(vec![root]);
    while let Some((descriptor, new)) = walk.next()? {
        let digest = descriptor.require_digest()?;
        let content = if let Some(bytes) = store.written(&digest) {
            Content::Document(bytes)
        } else if let Some(&size) = built.get(&digest) {
            Content::Ztoc(size)
        } else if let Some(extent) = store.extent(&digest) {
            Content::Source(extent)
        } else {
            return Err(Error::Missing { role: role(&descriptor), digest: descriptor.digest });
        };
        if i64::try_from(content.size()) != Ok(descriptor.size) {
            return Err(Error::Size {
                role: role(&descriptor),
                digest: descriptor.digest,
                stated: descriptor.size,
                found: content.size(),
            });
        }
        if new {
            archive.add(digest, content);
            walk.descend(resolve::children(store, &descriptor)?);
        }
    }
    Ok(archive)
}

fn role(descriptor: &Descriptor) -> Role {
    let media_type = descriptor.media_type.as_str();
    if media_type::is_manifest(media_type) {
        Role::Manifest
    } else if media_type::is_index(media_type) {
        Role::Index
    } else if media_type::is_config(media_type) {
        Role::Config
    } else {
        Role::Layer
    }
}
