//! Layers that could be gzip, and what happens when they are.
//!
//! SOCI finds its way into gzip streams and plain tars. A zstd layer, and a gzip stream whose first
//! block is empty, are of no use to it until they are compressed anew; a plain tar is indexed as it
//! is, but pulled uncompressed. The shell runs the [`RemakeTask`], appends what comes out to the
//! source, and says where ([`Analysis::replace_layer`]).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Analysis;
use crate::{
    Error, Failure, LayerId, StoredAs,
    image::{Digest, Extent, ImageKind, LayerCompression},
    remake::{RemadeLayer, RemakeTask},
    soci::prepare::MadeLayer,
};

/// A stored layer that can be made gzip here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remakable {
    /// The stored layer.
    pub id: LayerId,
    /// What it is now.
    pub from: StoredAs,
    /// Its stored bytes.
    pub size: u64,
    /// Bytes after decompression, where that is known.
    pub uncompressed_size: Option<u64>,
    /// Whether it gets an index only then. Otherwise it is indexed as it is, and only smaller
    /// afterwards.
    pub is_needed: bool,
    /// The layer that was made of it, if it was.
    pub made: Option<LayerId>,
}

impl Analysis {
    /// The layers of the images to convert that can be made gzip here, in the order of first
    /// appearance; those that were are among them.
    #[must_use]
    pub fn remakable(&self) -> Vec<Remakable> {
        let mut found: Vec<Remakable> = Vec::new();
        let chosen = self.options.subject.and_then(|subject| self.subjects.get(subject));
        for (index, image) in self.opened.images.iter().enumerate() {
            if image.kind != ImageKind::Image
                || chosen.is_some_and(|subject| !subject.images.contains(&index))
            {
                continue;
            }
            for (position, layer) in image.layers.iter().enumerate() {
                let Some(id) = self.slots.stored_at(index, position) else { continue };
                if layer.extent.is_none() || found.iter().any(|known| known.id == id) {
                    continue;
                }
                let made = self.slots.made_of(id);
                // One that was replaced is not read again, whatever becomes of the span size.
                let known = if made.is_some() { self.summary(id) } else { self.fresh_summary(id) };
                let unusable = known.and_then(|summary| summary.unusable.as_ref());
                let helps = unusable.is_some_and(|found| found.recompressing_helps);
                let (from, is_needed) = match &layer.compression {
                    LayerCompression::Uncompressed => (StoredAs::Uncompressed, helps),
                    LayerCompression::Zstd => (StoredAs::Zstd, true),
                    LayerCompression::Gzip if helps => (StoredAs::Gzip, true),
                    LayerCompression::Gzip | LayerCompression::Unknown(_) => continue,
                };
                found.push(Remakable {
                    id,
                    from,
                    size: layer.size,
                    uncompressed_size: match from {
                        StoredAs::Uncompressed => Some(layer.size),
                        _ => self.summary(id).and_then(|summary| summary.uncompressed_size),
                    },
                    is_needed,
                    made,
                });
            }
        }
        found
    }

    /// The task that makes a stored layer gzip; `None` when it cannot be.
    #[must_use]
    pub fn remake_task(&self, id: LayerId, level: u8) -> Option<RemakeTask> {
        let remakable = self.remakable().into_iter().find(|layer| layer.id == id)?;
        let slot = self.slots.get(id)?;
        let extent = slot.extent?;
        Some(RemakeTask {
            offset: extent.offset,
            len: extent.len,
            from: remakable.from,
            level,
            expected_digest: slot.digest.as_ref().map(Digest::to_string),
            expected_diff_id: slot.diff_id.clone(),
        })
    }

    /// Puts a layer that was made here in the place of the stored one, in every image that has it.
    /// It lies at `extent` of the source. It is read like any other before it gets an index.
    ///
    /// # Errors
    /// What the images look like with it cannot be written down, or `stored` is no stored layer.
    pub fn replace_layer(
        &mut self,
        stored: LayerId,
        made: &RemadeLayer,
        extent: Extent,
    ) -> Result<LayerId, Error> {
        let digest =
            made.digest.parse().map_err(|_| Error::Misuse("a made layer with a malformed digest"))?;
        let id = Arc::make_mut(&mut self.slots)
            .replace(stored, &MadeLayer { digest, extent })
            .ok_or(Error::Misuse("replace_layer() of something that is no stored layer"))?;
        self.adapt();
        match &self.choice {
            Err(failure) if self.adapted().is_err() => {
                let failure: Failure = failure.clone();
                self.restore_layer(stored);
                Err(failure.into())
            }
            _ => Ok(id),
        }
    }

    /// Takes the stored layer again.
    pub fn restore_layer(&mut self, stored: LayerId) {
        if Arc::make_mut(&mut self.slots).restore(stored) {
            self.adapt();
        }
    }

    /// The stored layer that a made one stands for.
    #[must_use]
    pub fn made_from(&self, made: LayerId) -> Option<LayerId> {
        self.slots.stored_behind(made)
    }
}
