//! From `index.json` down to the manifests.

use super::{descriptor::Descriptor, image, media_type};
use crate::{
    archive::{Image, Layout},
    diagnostic::{Diagnostic, Notes, Severity},
    digest::Digest,
    error::Error,
    json::{self, Object, Problem},
    limits::Limits,
    source::Extent,
    store::{Fetched, Store},
    tar::tree::{Lookup, Tree},
};
use std::sync::Arc;

/// The name of the top document, also in messages.
pub(crate) const INDEX_JSON: &str = "index.json";
const OCI_LAYOUT: &str = "oci-layout";

/// Reads an OCI layout as far as its documents have arrived; complete once the store is not
/// waiting.
pub(crate) fn read(
    tree: &Tree,
    store: &mut Store,
    limits: &Limits,
    notes: &mut Notes,
) -> Result<(Vec<Image>, Layout), Error> {
    let mut walk = Walk {
        tree,
        store,
        limits,
        notes,
        images: Vec::new(),
        layout: Layout { blobs: blobs(tree, limits), ..Layout::default() },
        visited: 0,
    };
    walk.oci_layout();
    walk.index_json()?;
    Ok((walk.images, walk.layout))
}

/// Every file that is named as a blob.
fn blobs(tree: &Tree, limits: &Limits) -> std::collections::BTreeMap<Digest, Extent> {
    tree.below("blobs")
        .filter_map(|path| {
            let digest = Digest::from_blob_path(path)?;
            match tree.lookup(path, limits.max_links) {
                Lookup::File(extent) => Some((digest, extent)),
                _ => None,
            }
        })
        .collect()
}

/// A walk over a layout.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    pub(super) store: &'a mut Store,
    pub(super) limits: &'a Limits,
    pub(super) notes: &'a mut Notes,
    images: Vec<Image>,
    pub(super) layout: Layout,
    /// Indexes and manifests so far.
    visited: u64,
}

/// What a blob is wanted as, for messages.
pub(super) struct Wanted<'a> {
    /// As in "the config".
    pub(super) what: &'a str,
    /// How bad it is when it is absent.
    pub(super) absent: Severity,
    /// What to do then.
    pub(super) fix: &'static str,
}

/// A blob that was asked for as a document.
pub(super) enum Blob {
    Here {
        text: Arc<[u8]>,
        digest: Digest,
    },
    Later,
    /// It cannot be had; why is noted.
    Unusable,
}

impl Walk<'_> {
    /// `oci-layout` is kept, and only its version matters to other readers.
    fn oci_layout(&mut self) {
        let extent = match self.tree.lookup(OCI_LAYOUT, self.limits.max_links) {
            Lookup::File(extent) => extent,
            _ => {
                self.notes.push(Diagnostic::new(
                    Severity::Info,
                    "oci-layout-missing",
                    OCI_LAYOUT,
                    "The file that marks an OCI layout is absent; readers take the archive regardless.",
                ));
                return;
            }
        };
        let Fetched::Here(text) = self.store.document(extent) else { return };
        let version = json::parse(&text).and_then(|document| {
            let object = Object::root(&document.value)?;
            Ok(object.get::<String>("imageLayoutVersion", &mut Vec::new()))
        });
        if version.as_deref() != Ok("1.0.0") {
            self.notes.push(
                Diagnostic::new(
                    Severity::Warning,
                    "oci-layout-version",
                    OCI_LAYOUT,
                    "It does not state version 1.0.0, the only one there is; the soci command refuses it.",
                )
                .fix("Save the image again, or put {\"imageLayoutVersion\":\"1.0.0\"} into oci-layout."),
            );
        }
        self.layout.oci_layout = Some(text.to_vec());
    }

    fn index_json(&mut self) -> Result<(), Error> {
        let broken = |reason: String| Error::Document { name: INDEX_JSON, reason };
        let extent = match self.tree.lookup(INDEX_JSON, self.limits.max_links) {
            Lookup::File(extent) => extent,
            Lookup::NotAFile(what) => return Err(broken(format!("it is {what}"))),
            _ => return Err(broken("it is a link that leads to no file".to_owned())),
        };
        let text = match self.store.document(extent) {
            Fetched::Here(text) => text,
            Fetched::Later => return Ok(()),
            Fetched::TooLarge(limit, allowed) => {
                return Err(Error::Limit { limit, allowed, place: INDEX_JSON.to_owned() });
            }
        };
        self.layout.index_json = text.to_vec();
        let document = json::parse(&text).map_err(|problem| broken(problem.to_string()))?;
        let index = Object::root(&document.value).map_err(|problem| broken(problem.to_string()))?;
        self.tolerated(INDEX_JSON, document.tolerated);
        let mut problems = Vec::new();
        let entries = index.objects("manifests", &mut problems);
        self.problems(INDEX_JSON, &mut problems);
        if entries.is_empty() {
            return Err(Error::NothingListed { name: INDEX_JSON });
        }
        self.entries(INDEX_JSON, &entries, 1, &[])
    }

    /// The descriptors of an index. `names` are those of the descriptors above.
    fn entries(
        &mut self,
        document: &str,
        entries: &[Object<'_>],
        depth: u32,
        names: &[String],
    ) -> Result<(), Error> {
        self.count(document, entries.len())?;
        for entry in entries {
            self.visited = self.visited.saturating_add(1);
            if self.visited > self.limits.max_manifests {
                return Err(Error::Limit {
                    limit: "max_manifests",
                    allowed: self.limits.max_manifests,
                    place: format!("{document}: {}", entry.path()),
                });
            }
            let mut problems = Vec::new();
            let descriptor = Descriptor::read(document, entry, &mut problems);
            self.problems(document, &mut problems);
            self.entry(&descriptor, depth, names)?;
        }
        Ok(())
    }

    fn entry(&mut self, descriptor: &Descriptor, depth: u32, names: &[String]) -> Result<(), Error> {
        let what = descriptor
            .platform
            .as_ref()
            .map_or_else(|| "manifest".to_owned(), |platform| format!("manifest for {platform}"));
        // An index lists all platforms, the archive often holds only those that were pulled.
        let wanted = Wanted {
            what: &what,
            absent: Severity::Warning,
            fix: "Pull it too and save the image again, if it is needed.",
        };
        let Blob::Here { text, digest } = self.document(descriptor, &wanted) else { return Ok(()) };
        let place = digest.blob_path();
        let document = match json::parse(&text) {
            Ok(document) => document,
            Err(problem) => {
                self.unreadable(&place, &problem);
                return Ok(());
            }
        };
        let object = match Object::root(&document.value) {
            Ok(object) => object,
            Err(problem) => {
                self.unreadable(&place, &problem);
                return Ok(());
            }
        };
        self.tolerated(&place, document.tolerated);
        let own_type: String = object.get("mediaType", &mut Vec::new());
        let is_index = match descriptor.media_type.as_str() {
            named if media_type::is_index(named) => true,
            named if media_type::is_manifest(named) => false,
            // The descriptor does not say, so the content does.
            _ => object.has("manifests") && !object.has("layers"),
        };
        self.check_types(descriptor, &own_type, is_index);
        self.check_shape(&place, &object);
        if object.has("fsLayers") {
            self.notes.push(
                Diagnostic::new(
                    Severity::Error,
                    "manifest-schema-1",
                    place,
                    "This is a Docker schema 1 manifest, which has no config and lists layers backwards.",
                )
                .fix("Pull the image with a current Docker, which converts it, and save it again."),
            );
            return Ok(());
        }
        let mut names = names.to_vec();
        names.extend(descriptor.name().map(str::to_owned).filter(|name| !names.contains(name)));
        if !is_index {
            let image = image::read(self, descriptor, &digest, &object, names)?;
            self.add(image);
            return Ok(());
        }
        if depth >= self.limits.max_index_depth {
            self.notes.push(
                Diagnostic::new(
                    Severity::Error,
                    "index-too-deep",
                    &descriptor.place,
                    format!(
                        "Indexes are nested deeper than the limit max_index_depth = {}; what lies below is not read.",
                        self.limits.max_index_depth
                    ),
                )
                .fix("Save the image again: tools write two levels at most."),
            );
            return Ok(());
        }
        let mut problems = Vec::new();
        let entries = object.objects("manifests", &mut problems);
        self.problems(&place, &mut problems);
        self.entries(&place, &entries, depth.saturating_add(1), &names)
    }

    /// Adds an image, or its names to the same one listed before.
    fn add(&mut self, image: Image) {
        let same = self.images.iter_mut().find(|earlier| {
            earlier.manifest == image.manifest
                && earlier.platform == image.platform
                && earlier.kind == image.kind
        });
        match same {
            None => self.images.push(image),
            Some(earlier) => {
                earlier.listed = earlier.listed.saturating_add(1);
                for name in image.names {
                    if !earlier.names.contains(&name) {
                        earlier.names.push(name);
                    }
                }
            }
        }
    }

    /// Where a blob lies. Notes why it cannot be had.
    pub(super) fn locate(&mut self, digest: &Digest, place: &str, wanted: &Wanted<'_>) -> Option<Extent> {
        let what = wanted.what;
        let blob = digest.short();
        let message = match self.tree.lookup(&digest.blob_path(), self.limits.max_links) {
            Lookup::File(extent) => return Some(extent),
            Lookup::Missing => format!("The {what} {blob} is not in the archive."),
            Lookup::NotAFile(is) => format!("The {what} {blob} is {is}, not a file."),
            Lookup::Dangling(to) => {
                format!("The {what} {blob} is a link to {to}, which is not in the archive.")
            }
            Lookup::Loop => {
                format!("The {what} {blob} is behind more than {} links.", self.limits.max_links)
            }
            Lookup::Escapes(to) => format!("The {what} {blob} is a link out of the archive, to {to}."),
        };
        self.notes.push(Diagnostic::new(wanted.absent, "blob-missing", place, message).fix(wanted.fix));
        None
    }

    /// A blob that is a document: located, read, and checked against digest and size.
    pub(super) fn document(&mut self, descriptor: &Descriptor, wanted: &Wanted<'_>) -> Blob {
        let what = wanted.what;
        let digest = match descriptor.digest() {
            Ok(digest) => digest,
            Err(diagnostic) => {
                self.notes.push(diagnostic);
                return Blob::Unusable;
            }
        };
        let Some(extent) = self.locate(&digest, &descriptor.place, wanted) else { return Blob::Unusable };
        let text = match self.store.document(extent) {
            Fetched::Here(text) => text,
            Fetched::Later => return Blob::Later,
            Fetched::TooLarge(limit, allowed) => {
                let message = format!(
                    "The {what} is {} bytes long, more than the limit {limit} = {allowed} allows.",
                    extent.len
                );
                self.notes.push(
                    Diagnostic::new(Severity::Error, "document-too-large", &descriptor.place, message)
                        .fix("Raise the limit if the image is sound."),
                );
                return Blob::Unusable;
            }
        };
        self.check_size(descriptor, what, extent);
        if digest.matches(&text) {
            self.layout.documents.insert(digest.clone(), text.to_vec());
        } else {
            let message = format!(
                "The bytes of the {what} do not have the digest it is stored under; a registry would refuse them."
            );
            self.notes.push(
                Diagnostic::new(Severity::Error, "digest-mismatch", digest.blob_path(), message)
                    .fix("Save the image again."),
            );
        }
        Blob::Here { text, digest }
    }

    /// Notes a blob of another size than promised.
    pub(super) fn check_size(&mut self, descriptor: &Descriptor, what: &str, extent: Extent) {
        if descriptor.size == Some(extent.len) {
            return;
        }
        let promised = descriptor.size.map_or_else(|| "no size".to_owned(), |size| format!("{size} bytes"));
        let message = format!("The {what} is {} bytes long; the descriptor says {promised}.", extent.len);
        self.notes.push(
            Diagnostic::new(Severity::Error, "size-mismatch", &descriptor.place, message)
                .fix("Save the image again: other tools refuse this one, or cut the blob short."),
        );
    }

    /// Notes media types that contradict each other or the content.
    fn check_types(&mut self, descriptor: &Descriptor, own_type: &str, is_index: bool) {
        let named = descriptor.media_type.as_str();
        let what = if is_index { "an index" } else { "a manifest" };
        let message = if named.is_empty() {
            format!("The descriptor has no media type; by its content this is {what}.")
        } else if !media_type::is_index(named) && !media_type::is_manifest(named) {
            format!("The media type {named} is none of an image; by its content this is {what}.")
        } else if media_type::is_index(own_type) != is_index
            && (media_type::is_index(own_type) || media_type::is_manifest(own_type))
        {
            format!("The descriptor calls it {what}, the document itself {own_type}.")
        } else {
            return;
        };
        self.notes.push(
            Diagnostic::new(Severity::Warning, "media-type-odd", &descriptor.place, message)
                .fix("The soci command refuses it: save the image again."),
        );
    }

    /// Notes documents that can be read in two ways, or that no specification describes.
    fn check_shape(&mut self, place: &str, object: &Object<'_>) {
        let message = if object.has("manifests") && object.has("layers") {
            "The document lists both layers and manifests, so that tools disagree on what it is; the soci command \
             refuses it."
        } else if object.get::<Option<u64>>("schemaVersion", &mut Vec::new()) != Some(2) {
            "The document does not state schemaVersion 2, as it must."
        } else {
            return;
        };
        self.notes.push(
            Diagnostic::new(Severity::Warning, "document-odd", place, message).fix("Save the image again."),
        );
    }

    /// Notes a document that is no JSON object.
    pub(super) fn unreadable(&mut self, place: &str, problem: &Problem) {
        self.notes.push(
            Diagnostic::new(
                Severity::Error,
                "document-unreadable",
                place,
                format!("The document cannot be read: {problem}."),
            )
            .fix("Save the image again."),
        );
    }

    /// Notes fields that could not be read.
    pub(super) fn problems(&mut self, document: &str, problems: &mut Vec<Problem>) {
        self.notes.extend(problems.drain(..).map(|problem| {
            let place = if problem.field.is_empty() {
                document.to_owned()
            } else {
                format!("{document}: {}", problem.field)
            };
            Diagnostic::new(
                Severity::Warning,
                "field-unreadable",
                place,
                format!("The field is taken as absent: {}.", problem.reason),
            )
        }));
    }

    /// Notes what only this reader accepts.
    pub(super) fn tolerated(&mut self, document: &str, tolerated: Option<&str>) {
        if let Some(reason) = tolerated {
            self.notes.push(
                Diagnostic::new(
                    Severity::Warning,
                    "document-odd",
                    document,
                    format!("Other tools refuse this document: {reason}."),
                )
                .fix("Save the image again."),
            );
        }
    }

    /// Refuses a list that is too long.
    pub(super) fn count(&self, document: &str, descriptors: usize) -> Result<(), Error> {
        if u64::try_from(descriptors).is_ok_and(|count| count <= self.limits.max_descriptors) {
            return Ok(());
        }
        Err(Error::Limit {
            limit: "max_descriptors",
            allowed: self.limits.max_descriptors,
            place: document.to_owned(),
        })
    }
}
