//! The layers that are really different, and where each of them stands.
//!
//! ```text
//!   images[0].layers   A   B   C          slots   0:A  1:B  2:C  3:D   stored layers, by first appearance
//!   images[1].layers   A   D                      4:B'                 layers made here, by when they came
//!
//!   placement[0]       0   4   2     B' has taken the place of B
//!   placement[1]       0   3
//! ```
//!
//! Numbers never change: a summary, a worker and a row on the screen name a layer by it.

use std::collections::BTreeMap;

use super::{select, task_compression};
use crate::{
    Archive, LayerId, Options, TaskCompression,
    image::{Digest, Extent, ImageKind, Layer, LayerCompression},
    soci::{Decision, LayerDecision, SkipReason, prepare::MadeLayer},
};

/// A distinct layer: one blob, read one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The digest it must have; `None` where only reading tells it (docker-archives).
    pub(super) digest: Option<Digest>,
    pub(super) extent: Option<Extent>,
    pub(super) compression: TaskCompression,
    pub(super) diff_id: Option<String>,
    /// Layers of an old SOCI index are not part of the new archive, and nothing to look at.
    pub(super) is_read: bool,
}

impl Slot {
    fn holds(&self, other: &Self) -> bool {
        let same_blob = match (&self.digest, &other.digest) {
            (Some(a), Some(b)) => a == b,
            _ => self.extent.is_some() && self.extent == other.extent,
        };
        same_blob && self.compression == other.compression
    }
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    /// How many of them lie in the file; they come first.
    stored_count: usize,
    /// For each image, the slot of each of its stored layers.
    stored: Vec<Vec<LayerId>>,
    /// Which made layer has taken the place of which stored one.
    made: BTreeMap<LayerId, LayerId>,
}

impl Slots {
    /// Finds the stored layers that are really different, in the order of first appearance.
    pub(super) fn of(archive: &Archive) -> Self {
        // How soci would read each layer if it read all of them: it knows media types that are none
        // of the image crate's four kinds.
        let everything = Options { min_layer_size: 0, keep_unusable: true, ..Options::default() };
        let selection = select(archive, &everything, &BTreeMap::new()).ok();
        let mut slots: Vec<Slot> = Vec::new();
        let mut stored = Vec::with_capacity(archive.images.len());
        for image in &archive.images {
            let decided = selection.as_ref().and_then(|choice| choice.platform(image));
            let ids = image.layers.iter().enumerate().map(|(position, layer)| {
                let decision = decided.and_then(|platform| platform.layers.get(position));
                let slot = Slot {
                    digest: layer.digest.clone(),
                    extent: layer.extent,
                    compression: reading(layer, decision),
                    diff_id: layer.diff_id.as_ref().map(Digest::to_string),
                    is_read: image.kind != ImageKind::SociIndex,
                };
                match slots.iter_mut().position(|known| known.holds(&slot)) {
                    Some(index) => {
                        slots[index].is_read |= slot.is_read;
                        layer_id(index)
                    }
                    None => {
                        slots.push(slot);
                        layer_id(slots.len() - 1)
                    }
                }
            });
            stored.push(ids.collect());
        }
        Self { stored_count: slots.len(), slots, stored, made: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn get(&self, id: LayerId) -> Option<&Slot> {
        self.slots.get(usize::try_from(id.0).ok()?)
    }

    /// Those that take part, by number. A stored layer whose place another has taken does not.
    pub(super) fn in_force(&self) -> impl Iterator<Item = (LayerId, &Slot)> {
        let slots = self.slots.iter().enumerate().map(|(index, slot)| (layer_id(index), slot));
        slots.filter(|(id, _)| {
            !self.made.contains_key(id) && (!self.is_made(*id) || self.made.values().any(|made| made == id))
        })
    }

    fn is_made(&self, id: LayerId) -> bool {
        usize::try_from(id.0).is_ok_and(|index| index >= self.stored_count)
    }

    /// The stored layer at `layer` of `image`.
    pub(super) fn stored_at(&self, image: usize, layer: usize) -> Option<LayerId> {
        self.stored.get(image)?.get(layer).copied()
    }

    /// The layer that has taken the place of a stored one.
    pub(super) fn made_of(&self, stored: LayerId) -> Option<LayerId> {
        self.made.get(&stored).copied()
    }

    /// The layer that stands at `layer` of `image` now.
    pub(super) fn at(&self, image: usize, layer: usize) -> Option<LayerId> {
        let stored = self.stored_at(image, layer)?;
        Some(self.made_of(stored).unwrap_or(stored))
    }

    /// The layers of an image as they stand now, base first.
    pub(super) fn of_image(&self, image: usize) -> impl Iterator<Item = LayerId> {
        let stored = self.stored.get(image).into_iter().flatten();
        stored.map(|id| self.made_of(*id).unwrap_or(*id))
    }

    /// The layer that lies at `extent` and is read in this way.
    pub(super) fn find(&self, extent: Extent, compression: TaskCompression) -> Option<LayerId> {
        self.slots
            .iter()
            .position(|slot| slot.extent == Some(extent) && slot.compression == compression)
            .map(layer_id)
    }

    /// Puts a layer that was made here in the place of a stored one. Making the same again gives
    /// the same number.
    pub(super) fn replace(&mut self, stored: LayerId, made: &MadeLayer) -> Option<LayerId> {
        if self.is_made(stored) {
            return None;
        }
        let slot = Slot {
            digest: Some(made.digest.clone()),
            extent: Some(made.extent),
            compression: TaskCompression::Gzip,
            diff_id: self.get(stored)?.diff_id.clone(),
            is_read: true,
        };
        let id = match self.slots.iter().position(|known| *known == slot) {
            Some(index) => layer_id(index),
            None => {
                self.slots.push(slot);
                layer_id(self.slots.len() - 1)
            }
        };
        self.made.insert(stored, id);
        Some(id)
    }

    /// Gives a stored layer its place back.
    pub(super) fn restore(&mut self, stored: LayerId) -> bool {
        self.made.remove(&stored).is_some()
    }

    /// The stored layer that a made one stands for.
    pub(super) fn stored_behind(&self, made: LayerId) -> Option<LayerId> {
        self.made.iter().find(|(_, id)| **id == made).map(|(stored, _)| *stored)
    }

    /// Every replacement, by where the stored layer lies.
    pub(super) fn replacements(&self) -> BTreeMap<Extent, MadeLayer> {
        self.made
            .iter()
            .filter_map(|(stored, made)| {
                let (stored, made) = (self.get(*stored)?, self.get(*made)?);
                Some((stored.extent?, MadeLayer { digest: made.digest.clone()?, extent: made.extent? }))
            })
            .collect()
    }
}

fn layer_id(index: usize) -> LayerId {
    // A file cannot name four thousand million layers: the image crate's limits are far below.
    LayerId(u32::try_from(index).unwrap_or(u32::MAX))
}

fn reading(layer: &Layer, decision: Option<&LayerDecision>) -> TaskCompression {
    match decision.map(|layer| &layer.decision) {
        Some(Decision::Index(compression)) => task_compression(*compression),
        Some(Decision::Skip(
            SkipReason::Unsupported { .. }
            | SkipReason::Prefetch
            | SkipReason::NotALayer
            | SkipReason::UnknownType,
        )) => TaskCompression::HashOnly,
        _ => match layer.compression {
            LayerCompression::Gzip => TaskCompression::Gzip,
            LayerCompression::Uncompressed => TaskCompression::Uncompressed,
            LayerCompression::Zstd | LayerCompression::Unknown(_) => TaskCompression::HashOnly,
        },
    }
}
