//! A docker-archive: what `docker save` wrote up to Docker 24, and skopeo, podman, crane, kaniko
//! and bazel still do.
//!
//! ```text
//! manifest.json ─► [ { Config,  RepoTags,  Layers } , … ]      one element per image
//!                       │                    │
//!                       ▼                    ▼
//!                <hex>.json           <id>/layer.tar           plain, or gzip by some tools;
//!                                     or a link to another     a repeated layer is a link
//! ```
//!
//! Members are named by path, not by digest, and nothing states the digest of a stored layer:
//! the config's diff IDs are all there is. Source: Docker image-spec v1.2 ("Combined Image JSON +
//! Filesystem Changeset Format") and the members those tools write.

use crate::{
    archive::{Image, ImageKind, Layer, LayerCompression},
    config::ImageConfig,
    diagnostic::{Diagnostic, Notes, Severity},
    error::Error,
    json::{self, Object},
    layers,
    limits::Limits,
    oci::media_type,
    source::Extent,
    store::{Fetched, Store},
    tar::tree::{Lookup, Tree},
};
use serde_json::Value;

/// The name of the top document, also in messages.
pub(crate) const MANIFEST_JSON: &str = "manifest.json";

/// An image, and the paths that tell whether another one is the same.
struct Element {
    config_path: String,
    layer_paths: Vec<String>,
    image: Image,
}

/// Reads a docker-archive as far as its documents have arrived; complete once the store is not
/// waiting.
pub(crate) fn read(
    tree: &Tree,
    store: &mut Store,
    limits: &Limits,
    notes: &mut Notes,
) -> Result<Vec<Image>, Error> {
    let broken = |reason: String| Error::Document { name: MANIFEST_JSON, reason };
    let mut reader = Reader { tree, store, limits, notes };
    let extent = match tree.lookup(MANIFEST_JSON, limits.max_links) {
        Lookup::File(extent) => extent,
        Lookup::NotAFile(what) => return Err(broken(format!("it is {what}"))),
        _ => return Err(broken("it is a link that leads to no file".to_owned())),
    };
    let text = match reader.store.document(extent) {
        Fetched::Here(text) => text,
        Fetched::Later => return Ok(Vec::new()),
        Fetched::TooLarge(limit, allowed) => {
            return Err(Error::Limit { limit, allowed, place: MANIFEST_JSON.to_owned() });
        }
    };
    let document = json::parse(&text).map_err(|problem| broken(problem.to_string()))?;
    let list = match &document.value {
        Value::Array(list) => list,
        Value::Null => return Err(Error::NothingListed { name: MANIFEST_JSON }),
        value => {
            // The dir: form has a file of this name too: one registry manifest.
            let is_manifest = Object::root(value).is_ok_and(|object| object.has("schemaVersion"));
            return Err(if is_manifest {
                Error::DirectoryTransport
            } else {
                broken(format!("expected a list of images, found {}", json::kind(value)))
            });
        }
    };
    if list.is_empty() {
        return Err(Error::NothingListed { name: MANIFEST_JSON });
    }
    if u64::try_from(list.len()).is_ok_and(|len| len > limits.max_manifests) {
        return Err(Error::Limit {
            limit: "max_manifests",
            allowed: limits.max_manifests,
            place: MANIFEST_JSON.to_owned(),
        });
    }
    let mut problems = Vec::new();
    let objects = json::objects_of(list, "", &mut problems);
    let mut elements: Vec<Element> = Vec::new();
    for object in &objects {
        let element = reader.element(object, &mut problems)?;
        let same = elements.iter_mut().find(|earlier| {
            earlier.config_path == element.config_path && earlier.layer_paths == element.layer_paths
        });
        match same {
            None => elements.push(element),
            Some(earlier) => {
                earlier.image.listed = earlier.image.listed.saturating_add(1);
                for name in element.image.names {
                    if !earlier.image.names.contains(&name) {
                        earlier.image.names.push(name);
                    }
                }
            }
        }
    }
    reader.notes.extend(problems.into_iter().map(|problem| {
        Diagnostic::new(
            Severity::Warning,
            "field-unreadable",
            format!("{MANIFEST_JSON}{}", problem.field),
            format!("The field is taken as absent: {}.", problem.reason),
        )
    }));
    Ok(elements.into_iter().map(|element| element.image).collect())
}

struct Reader<'a> {
    tree: &'a Tree,
    store: &'a mut Store,
    limits: &'a Limits,
    notes: &'a mut Notes,
}

impl Reader<'_> {
    fn element(&mut self, object: &Object<'_>, problems: &mut Vec<json::Problem>) -> Result<Element, Error> {
        let place = format!("{MANIFEST_JSON}{}", object.path());
        let config_path: String = object.get("Config", problems);
        let layer_paths: Vec<String> = object.get("Layers", problems);
        if u64::try_from(layer_paths.len()).is_ok_and(|len| len > self.limits.max_descriptors) {
            return Err(Error::Limit {
                limit: "max_descriptors",
                allowed: self.limits.max_descriptors,
                place,
            });
        }
        let (config, config_text) = self.config(&config_path, &place);
        let mut layers: Vec<Layer> = layer_paths.iter().map(|path| self.layer(path, &place)).collect();
        layers::describe(&mut layers, &config, &config_path, self.notes);
        let mut names: Vec<String> = Vec::new();
        for name in object.get::<Vec<String>>("RepoTags", problems) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        let image = Image {
            names,
            platform: layers::platform(&config),
            manifest: None,
            config,
            config_text,
            layers,
            kind: ImageKind::Image,
            listed: 1,
        };
        Ok(Element { config_path, layer_paths, image })
    }

    fn config(&mut self, path: &str, place: &str) -> (ImageConfig, Vec<u8>) {
        let nothing = (ImageConfig::default(), Vec::new());
        let Some(extent) = self.locate(path, place, "config") else { return nothing };
        let text = match self.store.document(extent) {
            Fetched::Here(text) => text,
            Fetched::Later => return nothing,
            Fetched::TooLarge(limit, allowed) => {
                let message = format!(
                    "The config is {} bytes long, more than the limit {limit} = {allowed} allows.",
                    extent.len
                );
                self.notes.push(
                    Diagnostic::new(Severity::Error, "document-too-large", path, message)
                        .fix("Raise the limit if the image is sound."),
                );
                return nothing;
            }
        };
        match ImageConfig::read(&text) {
            Ok((config, problems)) => {
                self.notes.extend(problems.into_iter().map(|problem| {
                    Diagnostic::new(
                        Severity::Warning,
                        "field-unreadable",
                        format!("{path}: {}", problem.field),
                        format!("The field is taken as absent: {}.", problem.reason),
                    )
                }));
                layers::check_platform(&config, path, self.notes);
                (config, text.to_vec())
            }
            Err(problem) => {
                self.notes.push(
                    Diagnostic::new(
                        Severity::Error,
                        "document-unreadable",
                        path,
                        format!("The document cannot be read: {problem}."),
                    )
                    .fix("Save the image again."),
                );
                (ImageConfig::default(), text.to_vec())
            }
        }
    }

    fn layer(&mut self, path: &str, place: &str) -> Layer {
        let extent = self.locate(path, place, "layer");
        let compression = match extent {
            None => LayerCompression::Unknown("absent".to_owned()),
            // Until its first bytes are here, it is what most tools write.
            Some(extent) => self
                .store
                .peek(extent)
                .map_or(LayerCompression::Uncompressed, |start| layers::compression(&start)),
        };
        let suffix = match &compression {
            LayerCompression::Gzip => ".gzip",
            LayerCompression::Zstd => ".zstd",
            LayerCompression::Uncompressed | LayerCompression::Unknown(_) => "",
        };
        Layer {
            media_type: format!("{}{suffix}", media_type::DOCKER_LAYER),
            digest: None,
            size: extent.map_or(0, |extent| extent.len),
            extent,
            diff_id: None,
            compression,
            created_by: None,
        }
    }

    fn locate(&mut self, path: &str, place: &str, what: &str) -> Option<Extent> {
        let message = match self.tree.lookup(path, self.limits.max_links) {
            Lookup::File(extent) => return Some(extent),
            Lookup::Missing if path.is_empty() => format!("No {what} is named."),
            Lookup::Missing => format!("The {what} {path} is not in the archive."),
            Lookup::NotAFile(is) => format!("The {what} {path} is {is}, not a file."),
            Lookup::Dangling(to) => {
                format!("The {what} {path} is a link to {to}, which is not in the archive.")
            }
            Lookup::Loop => {
                format!("The {what} {path} is behind more than {} links.", self.limits.max_links)
            }
            Lookup::Escapes(to) => format!("The {what} {path} is a link out of the archive, to {to}."),
        };
        self.notes.push(
            Diagnostic::new(Severity::Error, "blob-missing", place, message)
                .fix("Save the image again, with all its content."),
        );
        None
    }
}
