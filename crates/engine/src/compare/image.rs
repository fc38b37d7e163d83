//! Two images: what they run, what they are made of, and what SOCI says of them.

use std::{collections::VecDeque, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bounded, Difference, short_text};
use crate::{
    human,
    image::{Archive, Image, ImageKind, Layer},
    verify::binding::{Binding, Documents},
};

/// What two images, or archives of several, do not have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageDiff {
    /// Each platform of either side.
    pub platforms: Vec<PlatformDiff>,
    /// What stands beside the images: attestations, indexes, other artefacts.
    pub others: Vec<Difference>,
}

/// One platform on both sides, or on one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformDiff {
    /// What it runs on.
    pub platform: String,
    /// Manifest, names, and whether there is such an image at all.
    pub image: Vec<Difference>,
    /// What the container is told: fields of the config, apart from the list of layers.
    pub config: Bounded<Difference>,
    /// The layers of both, those of the right image in its order.
    pub layers: Vec<LayerDiff>,
    /// The SOCI index and its zTOCs.
    pub soci: Vec<Difference>,
}

/// What became of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerChange {
    /// The same stored bytes.
    Same,
    /// The same tar, stored otherwise.
    Recompressed,
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
}

/// A layer of either side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerDiff {
    /// What became of it.
    pub change: LayerChange,
    /// On the left.
    pub left: Option<LayerSide>,
    /// On the right.
    pub right: Option<LayerSide>,
}

/// A layer as one side has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerSide {
    /// 1 = base.
    pub position: u64,
    /// Digest of the stored bytes; absent in docker-archives.
    pub digest: Option<String>,
    /// Digest of the tar.
    pub diff_id: Option<String>,
    /// Its media type.
    pub media_type: String,
    /// Stored size in bytes.
    pub size: u64,
}

impl ImageDiff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.others.is_empty() && self.platforms.iter().all(PlatformDiff::is_same)
    }
}

impl PlatformDiff {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.image.is_empty()
            && self.config.is_empty()
            && self.soci.is_empty()
            && self.layers.iter().all(LayerDiff::is_unmoved)
    }
}

impl LayerDiff {
    fn is_unmoved(&self) -> bool {
        let position = |side: &Option<LayerSide>| side.as_ref().map(|side| side.position);
        self.change == LayerChange::Same && position(&self.left) == position(&self.right)
    }
}

/// Compares what two archives hold. Images are paired by platform, in order.
#[must_use]
pub fn images(left: &Archive, right: &Archive) -> ImageDiff {
    let (left_documents, right_documents) = (Documents::of(left), Documents::of(right));
    let bind = |documents: &Option<Documents<'_>>, image: &Image| {
        documents.as_ref().map(|documents| documents.bind(image)).unwrap_or_default()
    };
    let mut waiting: VecDeque<&Image> = runnable(left).collect();
    let mut platforms = Vec::new();
    for image in runnable(right) {
        let partner = waiting.iter().position(|candidate| candidate.platform.matches(&image.platform));
        platforms.push(match partner.and_then(|index| waiting.remove(index)) {
            Some(old) => pair((old, &bind(&left_documents, old)), (image, &bind(&right_documents, image))),
            None => alone(image, false),
        });
    }
    platforms.extend(waiting.into_iter().map(|image| alone(image, true)));
    ImageDiff { platforms, others: others(left, right) }
}

fn runnable(archive: &Archive) -> impl Iterator<Item = &Image> {
    archive.images.iter().filter(|image| image.kind == ImageKind::Image)
}

fn manifest(image: &Image) -> Option<String> {
    image.manifest.as_ref().map(ToString::to_string)
}

fn alone(image: &Image, is_left: bool) -> PlatformDiff {
    let shown = Some(manifest(image).unwrap_or_else(|| "an image".to_owned()));
    let (left, right) = if is_left { (shown, None) } else { (None, shown) };
    PlatformDiff {
        platform: image.platform.to_string(),
        image: vec![Difference { what: "image".to_owned(), left, right }],
        config: Bounded::default(),
        layers: Vec::new(),
        soci: Vec::new(),
    }
}

fn pair(left: (&Image, &Binding), right: (&Image, &Binding)) -> PlatformDiff {
    let mut differences = Vec::new();
    differ(&mut differences, "manifest", manifest(left.0), manifest(right.0));
    let names = |image: &Image| (!image.names.is_empty()).then(|| image.names.join(", "));
    differ(&mut differences, "names", names(left.0), names(right.0));
    PlatformDiff {
        platform: right.0.platform.to_string(),
        image: differences,
        config: configs(left.0, right.0),
        layers: layers(&left.0.layers, &right.0.layers),
        soci: soci(left, right),
    }
}

fn differ(to: &mut Vec<Difference>, what: &str, left: Option<String>, right: Option<String>) {
    if left != right {
        to.push(Difference { what: what.to_owned(), left, right });
    }
}

fn soci(left: (&Image, &Binding), right: (&Image, &Binding)) -> Vec<Difference> {
    let mut differences = Vec::new();
    differ(&mut differences, "SOCI index", left.1.index.clone(), right.1.index.clone());
    let version = |binding: &Binding| binding.version.map(|version| version.to_string());
    differ(&mut differences, "version of the SOCI index", version(left.1), version(right.1));
    differ(&mut differences, "build tool", left.1.build_tool.clone(), right.1.build_tool.clone());
    let ztoc = |(image, binding): (&Image, &Binding), position: usize| {
        let digest = image.layers.get(position)?.digest.as_ref()?;
        Some(binding.ztocs.get(digest.as_str())?.digest.clone())
    };
    for position in 0..left.0.layers.len().max(right.0.layers.len()) {
        let what = format!("zTOC of layer {}", position + 1);
        differ(&mut differences, &what, ztoc(left, position), ztoc(right, position));
    }
    differences
}

/// Pairs layers by their bytes, else by what is in them.
fn layers(left: &[Layer], right: &[Layer]) -> Vec<LayerDiff> {
    let side = |layer: &Layer, position: usize| LayerSide {
        position: position as u64 + 1,
        digest: layer.digest.as_ref().map(ToString::to_string),
        diff_id: layer.diff_id.as_ref().map(ToString::to_string),
        media_type: layer.media_type.clone(),
        size: layer.size,
    };
    let same_bytes = |a: &Layer, b: &Layer| a.digest.is_some() && a.digest == b.digest;
    let same_tar = |a: &Layer, b: &Layer| a.diff_id.is_some() && a.diff_id == b.diff_id;
    // Docker-archives name no digests; their layers are equal when the same tar is stored the same way.
    let nameless = |a: &Layer, b: &Layer| {
        a.digest.is_none() && b.digest.is_none() && same_tar(a, b) && a.media_type == b.media_type
    };
    let mut waiting: VecDeque<(usize, &Layer)> = left.iter().enumerate().collect();
    let mut take = |wanted: &dyn Fn(&Layer) -> bool| {
        let index = waiting.iter().position(|(_, layer)| wanted(layer))?;
        waiting.remove(index)
    };
    // Equal bytes first, for all of them: an equal tar must not take another one's place.
    let mut partners: Vec<Option<(LayerChange, usize, &Layer)>> = right
        .iter()
        .map(|layer| {
            let same = take(&|old| same_bytes(old, layer) || nameless(old, layer));
            same.map(|(position, old)| (LayerChange::Same, position, old))
        })
        .collect();
    for (layer, partner) in right.iter().zip(&mut partners).filter(|(_, partner)| partner.is_none()) {
        *partner = take(&|old| same_tar(old, layer))
            .map(|(position, old)| (LayerChange::Recompressed, position, old));
    }
    let paired = right.iter().enumerate().zip(partners).map(|((position, layer), partner)| LayerDiff {
        change: partner.map_or(LayerChange::Added, |(change, ..)| change),
        left: partner.map(|(_, position, old)| side(old, position)),
        right: Some(side(layer, position)),
    });
    let mut all: Vec<LayerDiff> = paired.collect();
    all.extend(waiting.into_iter().map(|(position, layer)| LayerDiff {
        change: LayerChange::Removed,
        left: Some(side(layer, position)),
        right: None,
    }));
    all
}

/// Compares the configs field by field. The list of layers is left to [`layers`].
fn configs(left: &Image, right: &Image) -> Bounded<Difference> {
    let mut differences = Bounded::default();
    if left.config_text == right.config_text {
        return differences;
    }
    let parse = |image: &Image| serde_json::from_slice(&image.config_text).unwrap_or(Value::Null);
    values("config", &parse(left), &parse(right), &mut differences);
    if differences.is_empty() {
        differences.push(|| Difference::new("config", "the same values", "written otherwise"));
    }
    differences
}

/// Goes into objects as deep as the JSON reader lets them be.
fn values(what: &str, left: &Value, right: &Value, to: &mut Bounded<Difference>) {
    if left == right || what == "config.rootfs" {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (left, right) else {
        let shown = |value: &Value| (!value.is_null()).then(|| short_text(value.to_string().as_bytes()));
        to.push(|| Difference { what: what.to_owned(), left: shown(left), right: shown(right) });
        return;
    };
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let value = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or_default();
        values(&format!("{what}.{}", short_text(key.as_bytes())), &value(old), &value(new), to);
    }
}

/// What stands beside the images, by kind.
fn others(left: &Archive, right: &Archive) -> Vec<Difference> {
    let mut differences = Vec::new();
    let kinds = [
        ("attestations", ImageKind::Attestation),
        ("SOCI indexes", ImageKind::SociIndex),
        ("other artefacts", ImageKind::Other),
    ];
    for (what, kind) in kinds {
        let digests = |archive: &Archive| {
            let found = archive.images.iter().filter(|image| image.kind == kind).filter_map(manifest);
            let found: Vec<String> = found.collect();
            (!found.is_empty()).then(|| found.join(", "))
        };
        differ(&mut differences, what, digests(left), digests(right));
    }
    differences
}

impl fmt::Display for ImageDiff {
    /// Some lines, the last one ended as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_same() {
            return writeln!(f, "The images are the same.");
        }
        writeln!(f, "The images differ.")?;
        for platform in &self.platforms {
            writeln!(f, "\n{}", platform.platform)?;
            if platform.is_same() {
                writeln!(f, "  the same")?;
                continue;
            }
            for difference in platform.image.iter().chain(&platform.config.first) {
                writeln!(f, "  {difference}")?;
            }
            if platform.config.rest() > 0 {
                writeln!(f, "  … and {} more", human::count(platform.config.rest()))?;
            }
            for layer in &platform.layers {
                writeln!(f, "  {layer}")?;
            }
            for difference in &platform.soci {
                writeln!(f, "  {difference}")?;
            }
        }
        if !self.others.is_empty() {
            writeln!(f, "\nBeside the images")?;
        }
        for difference in &self.others {
            writeln!(f, "  {difference}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LayerDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &LayerSide| {
            let digest = side.digest.as_ref().or(side.diff_id.as_ref());
            let digest = digest.map_or("–", |digest| human::short_digest(digest));
            format!("layer {}  {digest}  {}", side.position, human::size(side.size))
        };
        match (self.change, &self.left, &self.right) {
            (LayerChange::Same, Some(old), Some(new)) if old.position != new.position => {
                write!(f, "= {}, was layer {}", side(new), old.position)
            }
            (LayerChange::Recompressed, Some(old), Some(new)) => {
                write!(f, "~ {}  →  {}: the same tar, stored otherwise", side(old), side(new))
            }
            (LayerChange::Removed, Some(old), _) => write!(f, "- {}", side(old)),
            (LayerChange::Added, _, Some(new)) => write!(f, "+ {}", side(new)),
            (_, _, Some(shown)) | (_, Some(shown), None) => write!(f, "= {}", side(shown)),
            (_, None, None) => Ok(()),
        }
    }
}
