//! [`ztoc::usable`](crate::ztoc::usable) as data that can be sent and shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{human, ztoc::usable};

/// What happens on the node, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Reading one file fails; everything else works.
    FileUnreadable,
    /// The layer is pulled whole, as if it had no zTOC.
    LayerPulled,
    /// The snapshotter itself crashes.
    SnapshotterPanics,
}

impl From<usable::Effect> for Effect {
    fn from(effect: usable::Effect) -> Self {
        match effect {
            usable::Effect::FileUnreadable => Self::FileUnreadable,
            usable::Effect::LayerPulled => Self::LayerPulled,
            usable::Effect::SnapshotterPanics => Self::SnapshotterPanics,
        }
    }
}

/// Why the snapshotter could not use a zTOC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unusability {
    /// How many places there are in all.
    pub count: u64,
    /// The worst that happens.
    pub effect: Effect,
    /// Whether compressing the layer anew removes every one of them.
    pub recompressing_helps: bool,
    /// The first places.
    pub places: Vec<UnusablePlace>,
}

/// One place that makes a zTOC unusable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnusablePlace {
    /// A span, or the name of an entry.
    pub place: String,
    /// Where and why, in one sentence.
    pub sentence: String,
    /// What happens on the node.
    pub effect: Effect,
    /// Whether compressing the layer anew helps.
    pub recompressing_helps: bool,
}

impl Effect {
    /// What happens on the node, as a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::FileUnreadable => "Reading that file fails.",
            Self::LayerPulled => "The snapshotter refuses the zTOC, and the layer is pulled whole.",
            Self::SnapshotterPanics => "Reading it crashes the snapshotter.",
        }
    }
}

impl Unusability {
    /// The first place, how many more there are, and what happens.
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut text = self.places.first().map(|place| place.sentence.clone()).unwrap_or_default();
        if self.count > 1 {
            let more = human::counted(self.count - 1, "more place");
            text.push_str(&format!(" There are {more} like it."));
        }
        format!("{text} {}", self.effect.sentence())
    }

    /// Nothing when the zTOC is usable.
    #[must_use]
    pub fn of(findings: &usable::Findings) -> Option<Self> {
        let effect = findings.worst()?.into();
        Some(Self {
            count: findings.count,
            effect,
            recompressing_helps: findings.recompressing_helps(),
            places: findings
                .shown
                .iter()
                .map(|found| UnusablePlace {
                    place: found.place.clone(),
                    sentence: found.to_string(),
                    effect: found.reason.effect().into(),
                    recompressing_helps: found.reason.recompressing_helps(),
                })
                .collect(),
        })
    }
}
