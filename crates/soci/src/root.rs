//! Where an image begins: a manifest, or a list of manifests.
//!
//! `index.json` may name one image, name one list, or *be* the list; lists may be incomplete,
//! because tools save one platform of many and keep the list as it was. The rules, in order:
//!
//! 1. One entry that is no index: that is the image.
//! 2. Otherwise there is a list: the one index named, or `index.json` itself.
//! 3. Only entries whose blob is in the archive count. None: refused.
//! 4. Exactly one left, and a manifest: that is the image, and the list is forgotten.
//! 5. One index named and nothing missing: it stays as it is.
//! 6. Otherwise a new list is written, of what is there.
//!
//! Tags never matter: several entries are several platforms of one image.
//!
//! What annotations say about the image as a whole gets lost on the way: its name in `index.json`
//! and what else is said there about a list; by rule 4, what a list says about itself. It is put
//! aside here, for [`keep_annotations`](crate::ConvertOptions::keep_annotations).

use crate::error::{Document, Error, Role};
use crate::store::{Store, unreadable};
use crate::{Descriptor, Index, media_type};
use sociscope_image::Layout;
use std::collections::BTreeMap;

/// Where an image begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The manifest or list.
    pub(crate) descriptor: Descriptor,
    /// The list itself where it had to be written.
    pub(crate) list: Option<Vec<u8>>,
    /// Annotations that belong into `index.json`: those of a list that is named there, the names
    /// of a manifest.
    pub(crate) named: BTreeMap<String, String>,
    /// The annotations of a list that was forgotten.
    pub(crate) forgotten: BTreeMap<String, String>,
}

impl Root {
    /// Finds it.
    ///
    /// # Errors
    /// `index.json` or the index it names cannot be read, or none of what they list is there.
    pub fn find(layout: &Layout) -> Result<Self, Error> {
        let store = Store::new(layout);
        let top = Index::parse(&layout.index_json)
            .map_err(|error| Error::Json { document: Document::IndexJson, error })?;
        let named = match top.manifests() {
            [] => return Err(Error::NoManifests),
            [only] if !media_type::is_index(&only.media_type) => {
                return Ok(Self::only(only));
            }
            [only] => Some(only.clone()),
            _ => None,
        };
        let (document, mut list, mut media_type) = match &named {
            None => (Document::IndexJson, top.clone(), top.media_type),
            Some(named) => {
                let bytes = store.read(named, Role::Index)?;
                let list = Index::parse(&bytes).map_err(unreadable(named))?;
                (Document::Blob(named.digest.clone()), list, named.media_type.clone())
            }
        };
        if media_type.is_empty() {
            media_type::OCI_INDEX.clone_into(&mut media_type);
        }
        let annotations = named.as_ref().map_or_else(BTreeMap::new, |named| named.annotations.clone());
        let listed = list.manifests().len();
        let available: Vec<Descriptor> = list
            .manifests()
            .iter()
            .filter(|entry| entry.parse_digest().is_some_and(|digest| store.contains(&digest)))
            .cloned()
            .collect();
        match (available.as_slice(), &named) {
            ([], _) => Err(Error::NoneAvailable { document, listed }),
            ([only], _) if media_type::is_manifest(&only.media_type) => {
                let root = match named {
                    Some(_) => Self { named: annotations, ..Self::just(only.clone()) },
                    None => Self::only(only),
                };
                Ok(Self { forgotten: list.annotations, ..root })
            }
            (available, Some(named)) if available.len() == listed => {
                Ok(Self { named: annotations, ..Self::just(named.clone()) })
            }
            _ => {
                list.media_type.clone_from(&media_type);
                list.manifests = Some(available);
                let bytes = list.to_json();
                let descriptor = Descriptor::of(&media_type, &bytes);
                Ok(Self { list: Some(bytes), named: annotations, ..Self::just(descriptor) })
            }
        }
    }

    /// A manifest that is listed in `index.json`.
    fn only(entry: &Descriptor) -> Self {
        let mut root = Self::just(entry.clone());
        for name in [media_type::REF_NAME, media_type::CONTAINERD_NAME] {
            root.named.extend(root.descriptor.annotations.remove_entry(name));
        }
        root
    }

    fn just(descriptor: Descriptor) -> Self {
        Self { descriptor, list: None, named: BTreeMap::new(), forgotten: BTreeMap::new() }
    }

    /// Whether it is a list of manifests. The reference, unless told otherwise, then indexes only
    /// the platform of the machine it runs on.
    #[must_use]
    pub fn is_list(&self) -> bool {
        media_type::is_index(&self.descriptor.media_type)
    }
}
