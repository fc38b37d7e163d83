//! What is asked about a layer and its zTOC, and what the answer can be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Unusability;
use crate::{
    Culprit, Failure, LayerId, LayerTask,
    compare::Difference,
    human,
    image::Digest,
    ztoc::{ReadError, Ztoc, usable},
};

/// How many spans are unpacked from their checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// The first, the last, and up to 16 between them, the same ones every time.
    #[default]
    Sampled,
    /// Every one; the layer is unpacked twice.
    Full,
}

/// Where a zTOC lies in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZtocPlace {
    /// Its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Its digest according to the SOCI index.
    pub expected_digest: Option<String>,
}

/// One layer to be read against its zTOC: plain data that can be sent to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyTask {
    /// The layer. Its span size is what the SOCI index says, if it says so; the zTOC is asked first.
    pub layer: LayerTask,
    /// The zTOC.
    pub ztoc: ZtocPlace,
    /// How thoroughly.
    pub depth: Depth,
}

/// A half of what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The layer.
    Layer,
    /// The zTOC.
    Ztoc,
}

/// What became of the comparison, worst first where several hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// There is no such layer or no zTOC for it.
    Missing {
        /// Which one is not there.
        part: Part,
    },
    /// The layer or the zTOC cannot be read.
    Unreadable {
        /// Which one.
        part: Part,
        /// Why.
        why: Failure,
    },
    /// The zTOC was built for other bytes.
    Stale,
    /// A checkpoint is not where the layer has a block, or its window is wrong: what is read from
    /// this span on is not what the layer holds.
    WrongCheckpoint {
        /// The first such span.
        span: u32,
    },
    /// A span's digest is not that of its bytes: the snapshotter refuses to read it.
    WrongSpanDigest {
        /// The first such span.
        span: u32,
    },
    /// The list of files is not that of the layer.
    WrongEntry {
        /// Index of the first such entry, in file order.
        entry: u64,
    },
    /// A number in the header is not right.
    WrongHeader,
    /// The zTOC says what is in the layer, but the snapshotter cannot use it.
    Unusable,
    /// A zTOC that can be read and used, whose layer was not there to compare.
    NotCompared,
    /// Not the bytes this version builds, but it says the same and works: see the differences.
    Equivalent,
    /// Byte for byte what is built from the layer.
    Identical,
}

impl Outcome {
    /// Whether nothing speaks against using the zTOC.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Identical | Self::Equivalent | Self::NotCompared)
    }
}

/// What was found out about one layer and its zTOC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerVerification {
    /// Which layer, as in the [`VerifyTask`].
    pub id: LayerId,
    /// Digest of the layer.
    pub layer: Option<String>,
    /// Stored size of the layer in bytes.
    pub layer_size: u64,
    /// Digest of the zTOC.
    pub ztoc: Option<String>,
    /// Size of the zTOC in bytes.
    pub ztoc_size: u64,
    /// Span size the layer was read with.
    pub span_size: Option<u64>,
    /// Spans of the zTOC.
    pub spans: Option<u64>,
    /// How many of them were unpacked from their checkpoints.
    pub spans_unpacked: u64,
    /// How thoroughly it was looked.
    pub depth: Depth,
    /// The result.
    pub outcome: Outcome,
    /// The result in one sentence.
    pub sentence: String,
    /// The first differences between the zTOC (left) and what the layer says (right).
    pub differences: Vec<Difference>,
    /// How many differences there are in all.
    pub difference_count: u64,
    /// What makes the zTOC unusable, if anything does.
    pub unusable: Option<Unusability>,
}

pub(super) fn not_a_ztoc(error: &ReadError) -> Failure {
    Failure::new(Culprit::File, "zTOC", format!("This is no zTOC: {error}.")).fix("Build it again.")
}

impl LayerVerification {
    /// About which nothing is known yet.
    pub(super) fn begin(id: LayerId, layer: Option<String>, layer_size: u64, depth: Depth) -> Self {
        Self {
            id,
            layer,
            layer_size,
            ztoc: None,
            ztoc_size: 0,
            span_size: None,
            spans: None,
            spans_unpacked: 0,
            depth,
            outcome: Outcome::Missing { part: Part::Ztoc },
            sentence: String::new(),
            differences: Vec::new(),
            difference_count: 0,
            unusable: None,
        }
    }

    /// What can be said of a zTOC without its layer.
    #[must_use]
    pub fn of_ztoc_alone(file: &[u8]) -> Self {
        let mut found = Self::begin(LayerId(0), None, 0, Depth::Sampled);
        found.ztoc = Some(Digest::of(file).to_string());
        found.ztoc_size = file.len() as u64;
        let outcome = match Ztoc::parse(file) {
            Err(error) => Outcome::Unreadable { part: Part::Ztoc, why: not_a_ztoc(&error) },
            Ok(ztoc) => {
                found.spans = Some(ztoc.span_count() as u64);
                found.unusable = Unusability::of(&usable::check(&ztoc, None));
                if found.unusable.is_some() { Outcome::Unusable } else { Outcome::NotCompared }
            }
        };
        found.settle(outcome);
        found
    }

    /// Sets the outcome and the sentence for it.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.sentence = self.describe();
    }

    fn describe(&self) -> String {
        let first = |from: &str| {
            let difference = self.differences.iter().find(|difference| difference.what.contains(from));
            difference.map(|difference| format!(" {difference}.")).unwrap_or_default()
        };
        match &self.outcome {
            Outcome::Missing { part: Part::Layer } => "The layer is not in the file.".to_owned(),
            Outcome::Missing { part: Part::Ztoc } => "There is no zTOC for this layer.".to_owned(),
            Outcome::Unreadable { part: Part::Layer, why } => format!("The layer cannot be read. {why}"),
            Outcome::Unreadable { part: Part::Ztoc, why } => format!("The zTOC cannot be read. {why}"),
            Outcome::Stale => "The zTOC was built for another layer.".to_owned(),
            Outcome::WrongCheckpoint { span } => {
                let what = format!("span {span}");
                format!("The checkpoint of {what} is not one of this layer.{}", first(&what))
            }
            Outcome::WrongSpanDigest { span } => format!(
                "The digest of span {span} is not that of its bytes, so the snapshotter refuses to read it."
            ),
            Outcome::WrongEntry { entry } => {
                format!("The list of files is not that of the layer, from entry {} on.", human::count(*entry))
            }
            Outcome::WrongHeader => {
                let what = self.differences.iter().map(|difference| difference.what.as_str());
                format!("The zTOC's header is not right: {}.", what.collect::<Vec<_>>().join(", "))
            }
            Outcome::Unusable => match &self.unusable {
                Some(unusable) => unusable.sentence(),
                None => "The snapshotter cannot use the zTOC.".to_owned(),
            },
            Outcome::NotCompared => {
                "The zTOC is sound in itself; it was not compared with a layer.".to_owned()
            }
            Outcome::Equivalent => {
                "Not the bytes this version builds, but it says the same and works.".to_owned()
            }
            Outcome::Identical => "Byte for byte what is built from the layer.".to_owned(),
        }
    }
}
