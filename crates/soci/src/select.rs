//! The first half of a conversion: what will be done, before any layer is read.

use crate::error::{Error, Role};
use crate::media_type::LayerType;
use crate::prefetch::SpanRange;
use crate::rewrite::Original;
use crate::root::Root;
use crate::skip::{Decision, SkipReason};
use crate::store::Store;
use crate::{ConvertOptions, Converted, Descriptor, Index, PlatformChoice, media_type};
use crate::{LegacyIndex, platform, resolve, rewrite, v1};
use sociscope_image::{Digest, Extent, Layout, Platform};
use sociscope_ztoc::Compression;
use std::collections::{BTreeMap, BTreeSet};

/// What a conversion will do: which platforms, and of those, which layers and why not the others.
///
/// Making one reads documents only. Between [`new`](Self::new) and [`finish`](Self::finish) the
/// caller reads the layers that are [`wanted`](Self::wanted) and builds their zTOCs, in any
/// order.
#[derive(Clone, Debug)]
pub struct Selection {
    options: ConvertOptions,
    root: Root,
    /// The list as it is before anything is rewritten.
    list: Index,
    /// What `index.json` says about the image.
    annotations: BTreeMap<String, String>,
    platforms: Vec<PlatformDecision>,
    wanted: Vec<WantedLayer>,
    refusal: Option<Error>,
}

/// One platform of an image that is to be indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformDecision {
    /// As it was asked for; this spelling ends up in the SOCI index's descriptor.
    pub platform: Platform,
    /// The manifest in the archive, which is not the one in the finished archive.
    pub manifest: Digest,
    /// Base first, one entry per occurrence.
    pub layers: Vec<LayerDecision>,
}

/// One layer of an image that is to be indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerDecision {
    /// The blob.
    pub digest: Digest,
    /// Its size in bytes, as its descriptor states it; a negative size reads as 0.
    pub size: u64,
    /// Its type, as its descriptor states it.
    pub media_type: String,
    /// What happens to it.
    pub decision: Decision,
}

/// A layer that must be read so that its zTOC can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedLayer {
    /// The blob.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its type, as the first descriptor that asked for it states it.
    pub media_type: String,
    /// How to read it.
    pub compression: Compression,
    /// Where it lies in the source.
    pub extent: Extent,
}

/// A zTOC that was built for a wanted layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZtocBlob {
    /// Digest of the zTOC's bytes.
    pub digest: Digest,
    /// Bytes of the zTOC.
    pub size: u64,
    /// Whether no entry of the layer has extended attributes or is an opaque marker, see
    /// [`ConvertOptions::disable_xattrs`].
    pub disables_xattrs: bool,
    /// Where the files to prefetch lie, one answer for each path in [`ConvertOptions::prefetch`]
    /// and in their order: what [`prefetch::locate`](crate::prefetch::locate) returns.
    pub prefetch: Vec<Option<SpanRange>>,
}

impl Selection {
    /// Decides, by the reference's rules, what will be done with the image in `layout`.
    ///
    /// Everything the documents tell is found out here, and only if nothing at all can be
    /// decided it is an error. An image that will be refused in the end, because none of its
    /// layers can be indexed for example, still has its decisions to show; see
    /// [`refusal`](Self::refusal).
    ///
    /// # Errors
    /// No image is found, its documents are broken, a platform is absent or cannot be read.
    pub fn new(layout: &Layout, options: &ConvertOptions) -> Result<Self, Error> {
        options.tag()?;
        let mut root = Root::find(layout)?;
        let mut store = Store::new(layout);
        store.check()?;
        if let Some(list) = &root.list {
            store.write(list.clone());
        }
        let available = resolve::platforms(&store, &root.descriptor)?;
        let Some(first) = available.first() else {
            return Err(Error::NoPlatforms { media_type: root.descriptor.media_type });
        };
        if media_type::is_manifest(&root.descriptor.media_type) {
            // Nobody could choose the image out of a list if the list did not say its platform.
            root.descriptor.platform = Some(first.clone());
        }
        let chosen = choose(&root, &available, &options.platforms)?;
        let list = if root.is_list() {
            let mut list = store.index(&root.descriptor)?;
            media_type::OCI_INDEX.clone_into(&mut list.media_type);
            list
        } else {
            let kept = options.keep_annotations.then(|| root.forgotten.clone());
            Index {
                schema_version: 2,
                media_type: media_type::OCI_INDEX.to_owned(),
                manifests: Some(vec![root.descriptor.clone()]),
                annotations: kept.unwrap_or_default(),
                ..Index::default()
            }
        };
        let annotations = root.named.clone();
        let mut platforms = Vec::new();
        let mut indexed = BTreeMap::new();
        for platform in chosen {
            let decision = decide(&store, &root, platform, &available, options, &indexed)?;
            for layer in &decision.layers {
                if let Decision::Index(compression) = layer.decision {
                    indexed.entry(layer.digest.clone()).or_insert(compression);
                }
            }
            platforms.push(decision);
        }
        let wanted = wanted(&store, &platforms);
        let options = options.clone();
        let mut selection = Self { options, root, list, annotations, platforms, wanted, refusal: None };
        selection.refusal = selection.foresee(layout).err();
        Ok(selection)
    }

    /// Why [`finish`](Self::finish) will refuse the image whatever its layers hold, if so. There
    /// is no need to read them then.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// Why [`legacy_index`](Self::legacy_index) will refuse the image whatever its layers hold, if
    /// so.
    #[must_use]
    pub fn legacy_refusal(&self) -> Option<Error> {
        self.refuse_layers().err()
    }

    /// The platforms that were chosen, in the order in which they were asked for.
    #[must_use]
    pub fn platforms(&self) -> &[PlatformDecision] {
        &self.platforms
    }

    /// The options this was decided with.
    #[must_use]
    pub fn options(&self) -> &ConvertOptions {
        &self.options
    }

    /// The layers that must be read, each (digest, compression) once, in the order of their
    /// first occurrence.
    #[must_use]
    pub fn wanted(&self) -> Vec<WantedLayer> {
        self.wanted.clone()
    }

    /// The second half: SOCI indexes, rewritten manifests, image index, and the plan of the
    /// finished archive. `ztocs` holds one for each [`wanted`](Self::wanted) layer.
    ///
    /// # Errors
    /// [`refusal`](Self::refusal), or a zTOC is missing.
    pub fn finish(
        &self,
        layout: &Layout,
        ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
    ) -> Result<Converted, Error> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => self.assemble(layout, ztocs),
        }
    }

    /// The other second half: SOCI indexes of version 1, one for each platform chosen, those
    /// without a zTOC left out. The image stays as it is. Legacy: see [`LegacyIndex`].
    ///
    /// What would make a *conversion* impossible, such as a missing blob that nobody reads, is no
    /// obstacle here.
    ///
    /// # Errors
    /// A layer that must not be left out, no layer to index, or a zTOC is missing.
    pub fn legacy_index(
        &self,
        layout: &Layout,
        ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
    ) -> Result<Vec<LegacyIndex>, Error> {
        self.refuse_layers()?;
        v1::build(&self.store(layout), &self.root, &self.platforms, &self.options, ztocs)
    }

    fn assemble(
        &self,
        layout: &Layout,
        ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
    ) -> Result<Converted, Error> {
        self.rewrite(layout, &self.platforms, ztocs)
    }

    fn rewrite(
        &self,
        layout: &Layout,
        platforms: &[PlatformDecision],
        ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
    ) -> Result<Converted, Error> {
        let original = Original { list: &self.list, annotations: &self.annotations };
        rewrite::rewrite(self.store(layout), &original, platforms, &self.options, ztocs)
    }

    /// Why the reference refuses the documents of the image, if so, whatever is to be done with
    /// its layers and whether they are there.
    pub(crate) fn refuse_documents(&self, layout: &Layout) -> Result<(), Error> {
        match self.rewrite(layout, &[], &BTreeMap::new()) {
            Ok(_)
            | Err(
                Error::Missing { role: Role::Layer | Role::Config, .. }
                | Error::Size { role: Role::Layer | Role::Config, .. },
            ) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The documents, with the list if one had to be written.
    fn store<'l>(&self, layout: &'l Layout) -> Store<'l> {
        let mut store = Store::new(layout);
        if let Some(list) = &self.root.list {
            store.write(list.clone());
        }
        store
    }

    /// Refuses the image because of its layers, whatever shall be made of it.
    fn refuse_layers(&self) -> Result<(), Error> {
        let layers = || self.platforms.iter().flat_map(|platform| &platform.layers);
        for layer in layers() {
            if let Decision::Skip(reason) = &layer.decision
                && reason.is_fatal()
                && !(*reason == SkipReason::Absent && media_type::is_foreign_layer(&layer.media_type))
            {
                return Err(Error::Layer {
                    digest: layer.digest.to_string(),
                    media_type: layer.media_type.clone(),
                    reason: reason.clone(),
                });
            }
        }
        if !layers().any(|layer| matches!(layer.decision, Decision::Index(_))) {
            let unusable: Vec<&String> = layers()
                .filter_map(|layer| match &layer.decision {
                    Decision::Skip(SkipReason::Unusable { reason }) => Some(reason),
                    _ => None,
                })
                .collect();
            if let Some(&reason) = unusable.first() {
                return Err(Error::NothingUsable {
                    layers: layers().count(),
                    unusable: unusable.len(),
                    reason: reason.clone(),
                });
            }
            let small = |decision: &Decision| matches!(decision, Decision::Skip(SkipReason::TooSmall { .. }));
            return Err(Error::NothingToIndex {
                layers: layers().count(),
                too_small: layers().filter(|layer| small(&layer.decision)).count(),
                min_layer_size: self.options.min_layer_size,
            });
        }
        Ok(())
    }

    /// Runs the second half with made-up zTOCs, to meet its refusals before the layers are read.
    fn foresee(&self, layout: &Layout) -> Result<(), Error> {
        self.refuse_layers()?;
        let layers = self.platforms.iter().flat_map(|platform| &platform.layers);
        let made_up = ZtocBlob {
            digest: Digest::of(b""),
            size: 0,
            disables_xattrs: false,
            prefetch: vec![None; self.options.prefetch.len()],
        };
        let ztocs = layers
            .filter_map(|layer| match layer.decision {
                Decision::Index(compression) => Some((layer.digest.clone(), compression)),
                Decision::Skip(_) => None,
            })
            .map(|key| (key, made_up.clone()))
            .collect();
        self.assemble(layout, &ztocs).map(drop)
    }
}

/// The platforms to index.
fn choose(root: &Root, available: &[Platform], choice: &PlatformChoice) -> Result<Vec<Platform>, Error> {
    let only = root.descriptor.platform.clone().filter(|_| !root.is_list());
    let chosen = match choice {
        PlatformChoice::All => only.map_or_else(|| available.to_vec(), |only| vec![only]),
        PlatformChoice::Listed(texts) if texts.is_empty() => {
            vec![only.unwrap_or_else(|| Platform::new("linux", "amd64", ""))]
        }
        PlatformChoice::Listed(texts) => {
            texts.iter().map(|text| Platform::parse(text)).collect::<Result<_, _>>()?
        }
    };
    Ok(platform::deduplicated(chosen))
}

/// What happens to one platform. `indexed` are the layers that an earlier platform has indexed:
/// their zTOCs are used again, whatever the type they have here.
fn decide(
    store: &Store<'_>,
    root: &Root,
    platform: Platform,
    available: &[Platform],
    options: &ConvertOptions,
    indexed: &BTreeMap<Digest, Compression>,
) -> Result<PlatformDecision, Error> {
    let descriptor = resolve::manifest_descriptor(store, &root.descriptor, &platform)?.ok_or_else(|| {
        Error::PlatformAbsent {
            wanted: platform.to_string(),
            available: platform::deduplicated(available.to_vec()).iter().map(Platform::to_string).collect(),
        }
    })?;
    let manifest =
        resolve::manifest(store, &root.descriptor, Some(&platform))?.ok_or_else(|| Error::NotAnImage {
            platform: platform.to_string(),
            digest: descriptor.digest.clone(),
            media_type: descriptor.media_type.clone(),
        })?;
    let layers = manifest
        .layers()
        .iter()
        .map(|layer| {
            let digest = layer.require_digest()?;
            let decision = decide_layer(store, layer, &digest, options, indexed.get(&digest));
            Ok(LayerDecision {
                digest,
                size: u64::try_from(layer.size).unwrap_or(0),
                media_type: layer.media_type.clone(),
                decision,
            })
        })
        .collect::<Result<_, Error>>()?;
    Ok(PlatformDecision { platform, manifest: descriptor.require_digest()?, layers })
}

/// What happens to one layer. The order of the questions is the reference's: an unknown type does
/// no harm if the layer is small.
fn decide_layer(
    store: &Store<'_>,
    layer: &Descriptor,
    digest: &Digest,
    options: &ConvertOptions,
    indexed: Option<&Compression>,
) -> Decision {
    let media_type = layer.media_type.as_str();
    let size = u64::try_from(layer.size).unwrap_or(0);
    if media_type == media_type::PREFETCH {
        return Decision::Skip(SkipReason::Prefetch);
    }
    if !media_type::is_layer(media_type) {
        return Decision::Skip(SkipReason::NotALayer);
    }
    if size < options.min_layer_size {
        return Decision::Skip(SkipReason::TooSmall { size, min: options.min_layer_size });
    }
    let compression = match media_type::layer_type(media_type) {
        LayerType::Indexable(compression) => compression,
        LayerType::Unsupported(name) => {
            return Decision::Skip(SkipReason::Unsupported { compression: name.to_owned() });
        }
        LayerType::Unknown => return Decision::Skip(SkipReason::UnknownType),
    };
    let Some(extent) = store.extent(digest) else { return Decision::Skip(SkipReason::Absent) };
    if i64::try_from(extent.len) != Ok(layer.size) {
        return Decision::Skip(SkipReason::WrongSize { stated: layer.size, found: extent.len });
    }
    if let Some(reason) = options.unusable.get(digest) {
        return Decision::Skip(SkipReason::Unusable { reason: reason.clone() });
    }
    Decision::Index(indexed.copied().unwrap_or(compression))
}

/// The layers to read for these decisions.
fn wanted(store: &Store<'_>, platforms: &[PlatformDecision]) -> Vec<WantedLayer> {
    let mut seen = BTreeSet::new();
    platforms
        .iter()
        .flat_map(|platform| &platform.layers)
        .filter_map(|layer| {
            let Decision::Index(compression) = layer.decision else { return None };
            let extent = store.extent(&layer.digest)?;
            seen.insert((&layer.digest, compression)).then(|| WantedLayer {
                digest: layer.digest.clone(),
                size: layer.size,
                media_type: layer.media_type.clone(),
                compression,
                extent,
            })
        })
        .collect()
}
