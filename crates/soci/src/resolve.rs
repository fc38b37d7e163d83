//! From a root to manifests: which platforms there are, and which manifest each of them gets.
//!
//! Source: containerd v2.2 `core/images/image.go` (`Platforms`, `Manifest`, `Children`).

use crate::error::{Error, Role};
use crate::json;
use crate::platform;
use crate::store::{MAX_DOCUMENTS, Store, unreadable};
use crate::{Descriptor, Manifest, media_type};
use sociscope_image::Platform;
use std::collections::BTreeSet;

/// What a descriptor refers to, in the order in which the reference visits it. Everything that is
/// neither a manifest nor an index has no children.
pub(crate) fn children(store: &Store<'_>, descriptor: &Descriptor) -> Result<Vec<Descriptor>, Error> {
    if media_type::is_manifest(&descriptor.media_type) {
        let manifest = store.manifest(descriptor)?;
        Ok([manifest.config].into_iter().chain(manifest.layers.unwrap_or_default()).collect())
    } else if media_type::is_index(&descriptor.media_type) {
        Ok(store.index(descriptor)?.manifests.unwrap_or_default())
    } else {
        Ok(Vec::new())
    }
}

/// A walk over descriptors, depth first, each once.
pub(crate) struct Walk {
    pending: Vec<Descriptor>,
    seen: BTreeSet<(String, String)>,
}

impl Walk {
    pub(crate) fn from(start: Vec<Descriptor>) -> Self {
        let mut walk = Self { pending: Vec::new(), seen: BTreeSet::new() };
        walk.descend(start);
        walk
    }

    /// Goes on with `children` before anything else that is pending.
    pub(crate) fn descend(&mut self, children: Vec<Descriptor>) {
        self.pending.extend(children.into_iter().rev());
    }

    /// The next descriptor, and whether one of the same type and digest came before.
    pub(crate) fn next(&mut self) -> Result<Option<(Descriptor, bool)>, Error> {
        let Some(descriptor) = self.pending.pop() else { return Ok(None) };
        let new = self.seen.insert((descriptor.digest.clone(), descriptor.media_type.clone()));
        if self.seen.len() > MAX_DOCUMENTS {
            return Err(Error::TooManyDocuments { limit: MAX_DOCUMENTS });
        }
        Ok(Some((descriptor, new)))
    }
}

/// The platforms of an image, in the order they are met. A descriptor's word is taken for it;
/// only where it says nothing, the config is read. `unknown` platforms are attestations.
pub(crate) fn platforms(store: &Store<'_>, root: &Descriptor) -> Result<Vec<Platform>, Error> {
    let mut found = Vec::new();
    let mut walk = Walk::from(vec![root.clone()]);
    while let Some((descriptor, new)) = walk.next()? {
        if let Some(platform) = descriptor.platform {
            if !platform.is_unknown() {
                found.push(platform);
            }
        } else if new {
            if media_type::is_config(&descriptor.media_type) {
                found.push(config_platform(store, &descriptor)?);
            }
            walk.descend(children(store, &descriptor)?);
        }
    }
    Ok(found)
}

/// The platform that a config states, normalised.
pub(crate) fn config_platform(store: &Store<'_>, config: &Descriptor) -> Result<Platform, Error> {
    let bytes = store.read(config, Role::Config)?;
    let stated = json::parse::<Platform>(&bytes).map_err(unreadable(config))?;
    Ok(stated.normalised())
}

/// The descriptor of the image for a platform: the first that matches, in list order.
/// `None` if there is none.
pub(crate) fn manifest_descriptor(
    store: &Store<'_>,
    root: &Descriptor,
    wanted: &Platform,
) -> Result<Option<Descriptor>, Error> {
    if !media_type::is_index(&root.media_type) {
        let matches = root.platform.as_ref().is_none_or(|platform| wanted.matches(platform));
        return Ok(matches.then(|| root.clone()));
    }
    for (index, entry) in children(store, root)?.into_iter().enumerate() {
        let Some(platform) = &entry.platform else {
            return Err(Error::PlatformUnstated { number: index + 1, digest: entry.digest });
        };
        if wanted.matches(platform) {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// The manifest that `root` stands for: itself, or the best match in it, lists in lists included.
/// Without a platform everything matches, and the first manifest found is the one.
///
/// `None` if there is none: a descriptor on the way is of another type or not in the archive, or
/// nothing matches.
pub(crate) fn manifest(
    store: &Store<'_>,
    root: &Descriptor,
    wanted: Option<&Platform>,
) -> Result<Option<Manifest>, Error> {
    let mut first = None;
    let mut walk = Walk::from(vec![root.clone()]);
    while let Some((descriptor, new)) = walk.next()? {
        if !new {
            continue;
        }
        if media_type::is_manifest(&descriptor.media_type) {
            let Some(manifest) = found(store.manifest(&descriptor))? else { return Ok(None) };
            let matches = match wanted {
                None => true,
                Some(_) if descriptor.digest == root.digest => true,
                Some(wanted) => match &descriptor.platform {
                    Some(platform) => wanted.matches(platform),
                    None => match found(config_platform(store, &manifest.config))? {
                        Some(platform) => wanted.matches(&platform),
                        None => return Ok(None),
                    },
                },
            };
            if matches && first.is_none() {
                first = Some(manifest);
            }
        } else if media_type::is_index(&descriptor.media_type) {
            let Some(index) = found(store.index(&descriptor))? else { return Ok(None) };
            let mut entries = index.manifests.unwrap_or_default();
            if let Some(wanted) = wanted {
                entries
                    .retain(|entry| entry.platform.as_ref().is_none_or(|platform| wanted.matches(platform)));
                entries.sort_by_key(|entry| platform::rank(entry.platform.as_ref()));
                entries.truncate(1);
            }
            walk.descend(entries);
        } else {
            return Ok(None);
        }
    }
    Ok(first)
}

/// Tells a blob that is not there, which may be all right, from everything else.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
