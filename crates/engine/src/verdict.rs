//! The answer, first: will it load lazily, and how much of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Culprit, Failure,
    failure::nothing_to_index,
    human,
    report::{ImageKind, ImageReport, LayerReport, LayerStatus},
};

/// What it comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Layers are still to be read.
    Pending,
    /// Every layer that is worth an index has one.
    Ready,
    /// Some layers have an index; at least one that is large enough cannot have one.
    Partly,
    /// No layer gets an index, so there is nothing to convert. The image still runs.
    NothingToIndex,
    /// No SOCI archive can be made; see [`Verdict::failure`].
    Failed,
}

/// The answer for one image, or for all converted images of a file together.
///
/// Bytes are stored (compressed) bytes, counted once per layer of each image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The answer.
    pub kind: VerdictKind,
    /// The answer in a few words, a heading.
    pub headline: String,
    /// What it means, in one or two sentences with numbers.
    pub sentence: String,
    /// Layers of the image.
    pub layers: u64,
    /// Layers with an index.
    pub indexed_layers: u64,
    /// Bytes of all layers.
    pub image_bytes: u64,
    /// Bytes that can stay in the registry until something reads them.
    pub lazy_bytes: u64,
    /// Bytes a task pulls before it starts: layers without an index, and the zTOCs.
    pub pulled_before_start: u64,
    /// Bytes of all zTOCs.
    pub index_bytes: u64,
    /// Spans of all zTOCs.
    pub spans: u64,
    /// Files in the layers that were read.
    pub files: u64,
    /// Bytes after decompression; absent while a layer's is not known.
    pub uncompressed_bytes: Option<u64>,
    /// What stands in the way of a SOCI archive, when there is none to be made.
    pub failure: Option<Failure>,
}

/// The numbers behind a verdict.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    layers: u64,
    indexed: u64,
    unread: u64,
    /// Large enough, and yet without an index.
    left_out: u64,
    image_bytes: u64,
    lazy_bytes: u64,
    index_bytes: u64,
    spans: u64,
    files: u64,
    uncompressed: Option<u64>,
}

impl Tally {
    fn of(layers: &[LayerReport]) -> Self {
        let mut tally = Self { uncompressed: Some(0), ..Self::default() };
        for layer in layers {
            tally.add(layer);
        }
        tally
    }

    fn add(&mut self, layer: &LayerReport) {
        self.layers += 1;
        self.image_bytes = self.image_bytes.saturating_add(layer.size);
        match layer.status {
            LayerStatus::Pending => self.unread += 1,
            LayerStatus::Indexed => {
                self.indexed += 1;
                self.lazy_bytes = self.lazy_bytes.saturating_add(layer.size);
                if let Some(scan) = &layer.scan {
                    let ztoc = scan.ztoc.as_ref().map_or(0, |ztoc| ztoc.size);
                    self.index_bytes = self.index_bytes.saturating_add(ztoc);
                    self.spans = self.spans.saturating_add(scan.spans.unwrap_or(0));
                }
            }
            LayerStatus::NotNeeded => {}
            LayerStatus::Indexable | LayerStatus::NotIndexed | LayerStatus::Failed | LayerStatus::Missing => {
                self.left_out += 1;
            }
        }
        let scan = layer.scan.as_ref();
        self.files = self.files.saturating_add(scan.and_then(|scan| scan.files).unwrap_or(0));
        self.uncompressed = self
            .uncompressed
            .zip(scan.and_then(|scan| scan.uncompressed_size))
            .map(|(sum, size)| sum.saturating_add(size));
    }

    fn and(mut self, other: Self) -> Self {
        self.layers += other.layers;
        self.indexed += other.indexed;
        self.unread += other.unread;
        self.left_out += other.left_out;
        self.image_bytes = self.image_bytes.saturating_add(other.image_bytes);
        self.lazy_bytes = self.lazy_bytes.saturating_add(other.lazy_bytes);
        self.index_bytes = self.index_bytes.saturating_add(other.index_bytes);
        self.spans = self.spans.saturating_add(other.spans);
        self.files = self.files.saturating_add(other.files);
        self.uncompressed = self.uncompressed.zip(other.uncompressed).map(|(a, b)| a.saturating_add(b));
        self
    }

    fn pulled(&self) -> u64 {
        self.image_bytes.saturating_sub(self.lazy_bytes).saturating_add(self.index_bytes)
    }

    fn kind(&self) -> VerdictKind {
        match self {
            Self { unread: 1.., .. } => VerdictKind::Pending,
            Self { indexed: 0, .. } => VerdictKind::NothingToIndex,
            Self { left_out: 0, .. } => VerdictKind::Ready,
            _ => VerdictKind::Partly,
        }
    }

    /// "3 of 7 layers indexed, 92 % of bytes."
    fn coverage(&self) -> String {
        format!(
            "{} of {} indexed, {} of bytes.",
            human::count(self.indexed),
            human::counted(self.layers, "layer"),
            human::percent(self.lazy_bytes, self.image_bytes)
        )
    }

    /// What a task saves, or that it saves nothing.
    fn saving(&self) -> String {
        let (pulled, whole) = (self.pulled(), self.image_bytes);
        let unit = human::Unit::of(whole);
        let (pulled_text, whole_text) = (human::size_in(pulled, unit), human::size_in(whole, unit));
        if pulled >= whole {
            return format!(
                "With its index a task pulls {pulled_text} before it starts, no less than the {whole_text} of the \
                 image: lazy loading does not pay here."
            );
        }
        format!("A task pulls {pulled_text} before it starts, not {whole_text}.")
    }

    fn verdict(&self, kind: VerdictKind, headline: String, sentence: String) -> Verdict {
        Verdict {
            kind,
            headline,
            sentence,
            layers: self.layers,
            indexed_layers: self.indexed,
            image_bytes: self.image_bytes,
            lazy_bytes: self.lazy_bytes,
            pulled_before_start: self.pulled(),
            index_bytes: self.index_bytes,
            spans: self.spans,
            files: self.files,
            uncompressed_bytes: self.uncompressed,
            failure: None,
        }
    }
}

/// Why there is no SOCI archive to be made.
#[derive(Clone, Debug)]
pub(crate) struct Obstacle {
    pub(crate) failure: Failure,
    /// Nothing is wrong, there is just nothing to do: the minimum layer size then.
    pub(crate) nothing_from: Option<u64>,
}

/// The answer for one image.
pub(crate) fn of_image(layers: &[LayerReport], selected: bool, obstacle: Option<&Obstacle>) -> Verdict {
    let tally = Tally::of(layers);
    if let Some(obstacle) = obstacle
        && tally.unread == 0
    {
        let mut verdict = stopped(&tally, obstacle);
        if let Some(min) = obstacle.nothing_from {
            // The obstacle counts the layers of all platforms.
            let small = layers.iter().filter(|layer| layer.status == LayerStatus::NotNeeded).count();
            verdict.sentence = nothing_to_index(layers.len() as u64, small as u64, min);
        }
        return verdict;
    }
    if !selected {
        return tally.verdict(
            VerdictKind::NothingToIndex,
            "Not among the chosen platforms".to_owned(),
            "The image is in the archive as it was; a task pulls all of it before it starts.".to_owned(),
        );
    }
    settled(&tally, tally.saving())
}

/// The answer for everything that is converted, or could be.
pub(crate) fn of_file(images: &[ImageReport], obstacle: Option<&Obstacle>) -> Verdict {
    let selected: Vec<&ImageReport> = images.iter().filter(|image| image.selected).collect();
    if let [only] = selected[..] {
        return only.verdict.clone();
    }
    let shown: Vec<&ImageReport> = if selected.is_empty() {
        images.iter().filter(|image| image.kind == ImageKind::Image).collect()
    } else {
        selected
    };
    let tally = shown
        .iter()
        .map(|image| Tally::of(&image.layers))
        .reduce(Tally::and)
        .unwrap_or_else(|| Tally::of(&[]));
    if let Some(obstacle) = obstacle
        && tally.unread == 0
    {
        return stopped(&tally, obstacle);
    }
    settled(&tally, format!("{}, one index each.", human::counted(shown.len() as u64, "platform")))
}

fn settled(tally: &Tally, what_it_means: String) -> Verdict {
    let kind = tally.kind();
    match kind {
        VerdictKind::Pending => {
            let read = tally.layers - tally.unread;
            let sentence =
                format!("{} of {} looked at.", human::count(read), human::counted(tally.layers, "layer"));
            tally.verdict(kind, "Reading layers".to_owned(), sentence)
        }
        VerdictKind::Ready => {
            let sentence = format!("{} {what_it_means}", tally.coverage());
            tally.verdict(kind, "Ready for lazy loading".to_owned(), sentence)
        }
        VerdictKind::Partly => {
            let sentence = format!("{} {what_it_means}", tally.coverage());
            tally.verdict(kind, "Partly ready for lazy loading".to_owned(), sentence)
        }
        VerdictKind::NothingToIndex | VerdictKind::Failed => tally.verdict(
            VerdictKind::NothingToIndex,
            "Nothing to index".to_owned(),
            "No layer gets an index: a task pulls the whole image before it starts.".to_owned(),
        ),
    }
}

/// There is no SOCI archive to be made.
fn stopped(tally: &Tally, obstacle: &Obstacle) -> Verdict {
    let failure = &obstacle.failure;
    let (kind, headline) = match failure.culprit {
        _ if obstacle.nothing_from.is_some() => (VerdictKind::NothingToIndex, "Nothing to index"),
        Culprit::File => (VerdictKind::Failed, "The file is broken"),
        Culprit::Unsupported => (VerdictKind::Failed, "Cannot be converted"),
        Culprit::Limit => (VerdictKind::Failed, "A limit was reached"),
        Culprit::Internal => (VerdictKind::Failed, "Sociscope failed"),
    };
    let mut verdict = tally.verdict(kind, headline.to_owned(), failure.message.clone());
    verdict.failure = Some(failure.clone());
    verdict
}
