//! Which SOCI index belongs to which image, and which zTOC to which layer.
//!
//! ```text
//!   image manifest ── annotation index-digest ──► SOCI index v2        the snapshotter's way
//!        ▲                                            │ descriptor in the image index:
//!        └──────── annotation image-manifest-digest ──┘ artifactType v2, same platform
//!
//!   image manifest ◄── subject ── SOCI index v1        a registry's referrers
//!
//!   SOCI index ── "layers": zTOCs ── annotation image-layer-digest ──► layer
//! ```

use std::collections::BTreeMap;

use super::document::Problem;
use crate::{
    human,
    image::{Archive, Digest, Extent, Image, ImageKind, Layout},
    soci::{Descriptor, Index, Manifest, media_type, soci_index},
};

/// A SOCI index as bound to one image.
#[derive(Debug, Default)]
pub(crate) struct Binding {
    pub(crate) index: Option<String>,
    pub(crate) version: Option<u8>,
    pub(crate) build_tool: Option<String>,
    pub(super) problems: Vec<Problem>,
    /// By layer digest.
    pub(crate) ztocs: BTreeMap<String, BoundZtoc>,
}

/// A zTOC as a SOCI index lists it.
#[derive(Clone, Debug)]
pub(crate) struct BoundZtoc {
    pub(crate) digest: String,
    pub(super) extent: Option<Extent>,
    pub(super) span_size: Option<u64>,
}

/// The parsed documents of a layout.
pub(crate) struct Documents<'a> {
    layout: &'a Layout,
    /// Every descriptor of every index in the file.
    listed: Vec<Descriptor>,
}

impl<'a> Documents<'a> {
    pub(crate) fn of(archive: &'a Archive) -> Option<Self> {
        let layout = archive.layout.as_ref()?;
        let indexes = [&layout.index_json].into_iter().chain(layout.documents.values());
        let listed = indexes
            .filter_map(|text| Index::parse(text).ok())
            .flat_map(|index| index.manifests.unwrap_or_default())
            .collect();
        Some(Self { layout, listed })
    }

    fn manifest(&self, digest: &Digest) -> Option<Manifest> {
        Manifest::parse(self.layout.documents.get(digest)?).ok()
    }

    /// Finds the index of an image and looks at everything around it.
    pub(crate) fn bind(&self, image: &Image) -> Binding {
        let mut binding = Binding::default();
        let Some((digest, manifest)) =
            image.manifest.as_ref().and_then(|digest| Some((digest, self.manifest(digest)?)))
        else {
            return binding;
        };
        if let Some(index) = manifest.annotations.get(soci_index::INDEX_DIGEST) {
            binding.index = Some(index.clone());
            let Some(index_manifest) = index.parse().ok().and_then(|index| self.manifest(&index)) else {
                binding.problems.push(Problem::error(
                    "index-missing",
                    format!(
                        "The image names SOCI index {}, which the file does not list.",
                        human::short_digest(index)
                    ),
                ));
                return binding;
            };
            self.check_listing(digest, image, index, &mut binding.problems);
            check_version(&index_manifest, media_type::SOCI_INDEX_V2, &mut binding);
            self.read_index(&index_manifest, &manifest, &mut binding);
        } else if let Some((index, index_manifest)) = self.index_about(digest) {
            binding.index = Some(index);
            check_version(&index_manifest, media_type::SOCI_INDEX_V1, &mut binding);
            self.read_index(&index_manifest, &manifest, &mut binding);
        }
        binding
    }

    /// The first index of version 1 whose subject is the image.
    fn index_about(&self, image: &Digest) -> Option<(String, Manifest)> {
        self.listed.iter().find_map(|descriptor| {
            let manifest = self.manifest(&descriptor.parse_digest()?)?;
            let is_about = manifest.subject.as_ref()?.digest == image.as_str();
            (is_about && is_index(&manifest)).then(|| (descriptor.digest.clone(), manifest))
        })
    }

    /// How the image index speaks of a SOCI index.
    fn check_listing(&self, image: &Digest, shown: &Image, index: &str, problems: &mut Vec<Problem>) {
        let entries: Vec<&Descriptor> = self.listed.iter().filter(|entry| entry.digest == index).collect();
        let names = |entry: &&&Descriptor| {
            entry.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST).map(String::as_str)
                == Some(image.as_str())
        };
        let short = human::short_digest(index);
        let Some(entry) = entries.iter().find(names) else {
            let named: Vec<&str> = entries
                .iter()
                .filter_map(|entry| entry.annotations.get(soci_index::IMAGE_MANIFEST_DIGEST))
                .map(|digest| human::short_digest(digest))
                .collect();
            problems.push(match named.as_slice() {
                [] => Problem::warning(
                    "image-not-named",
                    format!("The entry of SOCI index {short} does not name the image it belongs to."),
                ),
                named => Problem::error(
                    "other-image-named",
                    format!("The entry of SOCI index {short} names another image, {}.", named.join(", ")),
                ),
            });
            return;
        };
        if entry.artifact_type != media_type::SOCI_INDEX_V2 {
            problems.push(Problem::warning(
                "index-not-marked",
                format!("The entry of SOCI index {short} is not marked as one (artifactType)."),
            ));
        }
        if entry.platform.as_ref().is_none_or(|platform| !platform.matches(&shown.platform)) {
            let found = entry.platform.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            problems.push(Problem::warning(
                "platform-differs",
                format!(
                    "SOCI index {short} is listed for platform {found}, the image for {}.",
                    shown.platform
                ),
            ));
        }
    }

    /// What the index lists, against what the image has.
    fn read_index(&self, index: &Manifest, image: &Manifest, binding: &mut Binding) {
        let problems = &mut binding.problems;
        binding.build_tool = index.annotations.get(soci_index::BUILD_TOOL_IDENTIFIER).cloned();
        if index.media_type != media_type::OCI_MANIFEST {
            problems.push(Problem::warning(
                "index-media-type",
                format!("The SOCI index says it is \"{}\", not an OCI manifest.", index.media_type),
            ));
        }
        self.check_blob("the SOCI index's config", "config-missing", &index.config, problems);
        let mut without_span_size = 0u64;
        for entry in index.layers() {
            let short = human::short_digest(&entry.digest);
            match entry.media_type.as_str() {
                media_type::ZTOC => {}
                media_type::PREFETCH => {
                    self.check_blob(&format!("prefetch list {short}"), "prefetch-missing", entry, problems);
                    continue;
                }
                other => {
                    problems.push(Problem::error(
                        "entry-type",
                        format!("The SOCI index lists {short} as \"{other}\", which is no zTOC."),
                    ));
                    continue;
                }
            }
            self.check_blob(&format!("zTOC {short}"), "ztoc-missing", entry, problems);
            let Some(layer) = entry.annotations.get(soci_index::LAYER_DIGEST) else {
                problems.push(Problem::error("layer-not-named", format!("zTOC {short} names no layer.")));
                continue;
            };
            let Some(described) = image.layers().iter().find(|candidate| candidate.digest == *layer) else {
                problems.push(Problem::warning(
                    "layer-unknown",
                    format!(
                        "zTOC {short} is for layer {}, which the image does not have.",
                        human::short_digest(layer)
                    ),
                ));
                continue;
            };
            let named_type = entry.annotations.get(soci_index::LAYER_MEDIA_TYPE);
            if named_type != Some(&described.media_type) {
                problems.push(Problem::warning(
                    "layer-type-differs",
                    format!(
                        "zTOC {short} says its layer is \"{}\", the image says \"{}\".",
                        named_type.map_or("", String::as_str),
                        described.media_type
                    ),
                ));
            }
            let span_size = entry.annotations.get(soci_index::SPAN_SIZE);
            without_span_size += u64::from(span_size.is_none());
            let extent = self.extent(entry);
            // The snapshotter takes the last one for a layer.
            binding.ztocs.insert(
                layer.clone(),
                BoundZtoc {
                    digest: entry.digest.clone(),
                    extent,
                    span_size: span_size.and_then(|size| size.parse().ok()),
                },
            );
        }
        if without_span_size > 0 {
            problems.push(Problem::warning(
                "span-size-missing",
                format!(
                    "{} without a span size: the index is from soci before v0.12.",
                    human::counted(without_span_size, "zTOC")
                ),
            ));
        }
    }

    fn extent(&self, descriptor: &Descriptor) -> Option<Extent> {
        self.layout.blobs.get(&descriptor.parse_digest()?).copied()
    }

    /// Whether a blob is there and as long as its descriptor says.
    fn check_blob(&self, what: &str, id: &str, descriptor: &Descriptor, problems: &mut Vec<Problem>) {
        match self.extent(descriptor) {
            None => problems.push(Problem::error(
                id,
                format!("The file does not hold {what}; then the snapshotter uses no part of the index."),
            )),
            Some(extent) if u64::try_from(descriptor.size) != Ok(extent.len) => {
                problems.push(Problem::error(
                    "blob-size",
                    format!(
                        "The SOCI index says {what} has {} bytes; it has {}.",
                        descriptor.size,
                        human::count(extent.len)
                    ),
                ))
            }
            Some(_) => {}
        }
    }

    /// SOCI indexes that belong to no image of the file.
    pub(super) fn orphans(&self, archive: &Archive, bound: &[Option<String>]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for image in archive.images.iter().filter(|image| image.kind == ImageKind::SociIndex) {
            let Some(digest) = &image.manifest else { continue };
            if bound.iter().flatten().all(|index| index != digest.as_str()) {
                problems.push(Problem::warning(
                    "orphan-index",
                    format!("SOCI index {} belongs to no image of the file.", digest.short()),
                ));
            }
        }
        problems
    }
}

fn is_index(manifest: &Manifest) -> bool {
    matches!(manifest.config.media_type.as_str(), media_type::SOCI_INDEX_V1 | media_type::SOCI_INDEX_V2)
}

fn check_version(index: &Manifest, expected: &str, binding: &mut Binding) {
    binding.version = match index.config.media_type.as_str() {
        media_type::SOCI_INDEX_V1 => Some(1),
        media_type::SOCI_INDEX_V2 => Some(2),
        _ => None,
    };
    if index.config.media_type != expected {
        binding.problems.push(Problem::error(
            "index-version",
            format!(
                "The SOCI index's config is \"{}\"; found this way, it should be \"{expected}\".",
                index.config.media_type
            ),
        ));
    }
}
