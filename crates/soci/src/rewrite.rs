//! The second half of a conversion: new manifests, the new image index, and what the finished
//! archive holds.
//!
//! *Every* manifest of the list is written anew, also those that were not asked for and the
//! attestations: compact, in one field order, with OCI types, unknown fields gone. Its digest
//! changes whenever it was not written like that already. The annotations of its descriptor are
//! *replaced* by the manifest's own - which is how attestations lose the reference to their
//! image.
//!
//! With [`keep_annotations`](ConvertOptions::keep_annotations) a descriptor's annotations stay,
//! and the manifest's are added to them.
//!
//! Source: soci v0.15.0 `soci/soci_convert.go`.

use crate::archive::{Archive, Content};
use crate::earlier::{Earlier, is_soci_index};
use crate::error::{Error, Role};
use crate::plan::ArchivePlan;
use crate::prefetch::Prefetch;
use crate::prepare::Note;
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
    /// Every document of the finished archive that does not lie in the input: image index, manifests, SOCI indexes, their config and prefetch artefacts. By digest, in its
    /// order.
    pub documents: Vec<(Digest, Vec<u8>)>,
    /// The SOCI indexes, in the order of the platforms asked for; those without a zTOC left out.
    pub soci_indexes: Vec<SociIndex>,
    /// What was done that the reference would have refused.
    pub notes: Vec<Note>,
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

/// An image that is to be written anew.
pub(crate) struct Original<'a> {
    /// Its list.
    pub(crate) list: &'a Index,
    /// What `index.json` says about it.
    pub(crate) annotations: &'a BTreeMap<String, String>,
}

/// On an attestation: the image it is about.
pub(crate) const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

pub(crate) fn rewrite(
    mut store: Store<'_>,
    original: &Original<'_>,
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

    let mut list = original.list.clone();
    let mut notes = Vec::new();
    write_entries(&mut store, &mut list, &mut indexes, &Earlier::default(), options)?;
    if is_stale(list.manifests(), &indexes) {
        // Here the reference gives up: it looks for the index among those it has built.
        let built = |asked: &PlatformDecision| indexes.iter().any(|index| index.platform == asked.platform);
        let earlier = Earlier::settle(&store, original.list.manifests(), platforms, built);
        notes = tell(&earlier, original.list.manifests());
        list.clone_from(original.list);
        indexes.iter_mut().for_each(|index| index.manifest = None);
        write_entries(&mut store, &mut list, &mut indexes, &earlier, options)?;
    }

    let bytes = list.to_json();
    let mut root = Descriptor::of(media_type::OCI_INDEX, &bytes);
    let image_index = store.write(bytes);
    let archive = collect(&store, root.clone(), ztocs)?;
    root.annotations = top_annotations(original.annotations, options)?;
    let index_json = Index {
        schema_version: 2,
        media_type: media_type::OCI_INDEX.to_owned(),
        manifests: Some(vec![root]),
        ..Index::default()
    }
    .to_json();
    Ok(Converted {
        image_index,
        documents: archive.documents(),
        plan: archive.plan(&index_json)?,
        index_json,
        notes,
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

/// Writes every manifest of the list anew, and puts the SOCI indexes into it.
fn write_entries(
    store: &mut Store<'_>,
    list: &mut Index,
    indexes: &mut [Pending],
    earlier: &Earlier,
    options: &ConvertOptions,
) -> Result<(), Error> {
    let entries = list.manifests.get_or_insert_default();
    let rewritten = annotate(store, entries, indexes, earlier, options)?;
    append(entries, indexes);
    let follow = |entry: &mut Descriptor, annotation: &str, old: &str| {
        if let Some(new) = rewritten.get(old) {
            entry.annotations.insert(annotation.to_owned(), new.clone());
        }
    };
    if options.keep_annotations {
        for entry in entries.iter_mut() {
            if let Some(old) = entry.annotations.get(REFERENCE_DIGEST).cloned() {
                follow(entry, REFERENCE_DIGEST, &old);
            }
        }
    }
    if earlier.settled {
        entries.retain(|entry| {
            !is_soci_index(entry)
                || earlier.kept.contains_key(&entry.digest)
                || indexes.iter().any(|index| index.digest.as_str() == entry.digest)
        });
        for entry in entries {
            if is_soci_index(entry)
                && let Some(image) = earlier.kept.get(&entry.digest)
            {
                follow(entry, soci_index::IMAGE_MANIFEST_DIGEST, image);
            }
        }
    }
    Ok(())
}

/// Writes every manifest of the list anew and notes the SOCI index in it. Returns the new digests
/// by the old ones.
fn annotate(
    store: &mut Store<'_>,
    entries: &mut [Descriptor],
    indexes: &mut [Pending],
    earlier: &Earlier,
    options: &ConvertOptions,
) -> Result<BTreeMap<String, String>, Error> {
    let mut new = BTreeMap::new();
    for entry in entries {
        if earlier.settled && is_soci_index(entry) {
            continue;
        }
        let index = indexes.iter_mut().find(|index| index.original.as_str() == entry.digest);
        // An entry that is itself a list becomes its first manifest.
        let Some(mut manifest) = resolve::manifest(store, entry, None)? else {
            if index.is_some() {
                return Err(Error::Missing { role: Role::Manifest, digest: entry.digest.clone() });
            }
            continue;
        };
        manifest.make_oci();
        let named = match &index {
            Some(index) => Some(index.digest.to_string()),
            None => earlier.index_of(&entry.digest).cloned(),
        };
        if let Some(named) = named {
            manifest.annotations.insert(soci_index::INDEX_DIGEST.to_owned(), named);
        } else if earlier.settled {
            manifest.annotations.remove(soci_index::INDEX_DIGEST);
        }
        let bytes = manifest.to_json();
        let rewritten = Descriptor::of(media_type::OCI_MANIFEST, &bytes);
        let digest = store.write(bytes);
        if let Some(index) = index {
            index.manifest = Some(digest);
        }
        new.insert(entry.digest.clone(), rewritten.digest.clone());
        entry.media_type = rewritten.media_type;
        entry.digest = rewritten.digest;
        entry.size = rewritten.size;
        if options.keep_annotations {
            entry.annotations.remove(soci_index::INDEX_DIGEST);
            entry.annotations.extend(manifest.annotations);
        } else {
            entry.annotations = manifest.annotations;
        }
    }
    Ok(new)
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

/// Whether an index that was there before has not been replaced: it describes an image that may
/// have changed.
fn is_stale(entries: &[Descriptor], indexes: &[Pending]) -> bool {
    entries.iter().any(|entry| {
        is_soci_index(entry) && !indexes.iter().any(|index| index.digest.as_str() == entry.digest)
    })
}

/// What is done with indexes that were there before, in words.
fn tell(earlier: &Earlier, entries: &[Descriptor]) -> Vec<Note> {
    let mut notes = Vec::new();
    let kept: Vec<String> = entries
        .iter()
        .filter(|entry| is_soci_index(entry) && earlier.kept.contains_key(&entry.digest))
        .filter_map(|entry| entry.platform.as_ref().map(Platform::to_string))
        .collect();
    if !kept.is_empty() {
        notes.push(Note::new(
            "soci-index-kept",
            format!(
                "The SOCI index for {} stays as it is; only the image digest that it is listed with follows.",
                kept.join(", ")
            ),
        ));
    }
    for (platform, why) in &earlier.removed {
        notes.push(Note::new(
            "soci-index-removed",
            format!("The SOCI index for {platform} that was in the image is removed: {why}."),
        ));
    }
    notes
}

/// What `index.json` says about the image: nothing, unless a tag is wanted or nothing shall be lost.
fn top_annotations(
    original: &BTreeMap<String, String>,
    options: &ConvertOptions,
) -> Result<BTreeMap<String, String>, Error> {
    let mut annotations = if options.keep_annotations { original.clone() } else { BTreeMap::new() };
    if let Some(tag) = options.tag()? {
        annotations.insert(media_type::REF_NAME.to_owned(), tag.to_owned());
    }
    Ok(annotations)
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
        } else if let Some(bytes) = store.document(&digest) {
            Content::Document(bytes)
        } else if media_type::is_foreign_layer(&descriptor.media_type) {
            // It is left to its vendor, as the tools that write archives and push them do.
            continue;
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
