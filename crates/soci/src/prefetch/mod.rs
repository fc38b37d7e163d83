//! Prefetch lists: which spans of a layer to fetch before anyone asks. Experimental.
//!
//! A container that always reads the same files first need not wait for each of them. A prefetch
//! artefact, version 1.0, names the spans those files lie in; a snapshotter that is told to (it is
//! off by default) fetches them while it mounts the layer.
//!
//! ```text
//! paths ──► clean ──► topmost layer that has the name ──► spans of its data ──► merged, per layer
//! /etc/x    etc/x     lower ones are not looked at        [3, 7] [6, 6] [8, 9]  [3, 9]
//!
//! {"version":"1.0","prefetch_spans":[{"start_span":3,"end_span":9}]}
//! ```
//!
//! What surprises, and is so in the reference:
//!
//! - Names in the layer are compared as they are. `./etc/x` in a tar is never found, nor is a
//!   directory, whose name ends in a slash.
//! - Only layers with a zTOC are searched. A newer file in a layer too small for one is not seen;
//!   the older one below it is taken. Whiteouts are not looked at either.
//! - Of several entries with one name in one layer the first counts, though the last is mounted.
//! - A link is found as itself, with the span in which it lies; nobody follows it.
//! - The last span is the one in which the byte *after* the file lies: a file that ends where a span
//!   ends takes one span more than it needs, which in a layer without anything after it may not exist.
//!
//! Source: soci v0.15.0 `soci/prefetch.go`, `soci/soci_index.go` (`buildPrefetchLayer`),
//! `cmd/soci/commands/internal/prefetch.go`.

mod locate;
mod paths;

pub use locate::locate;
pub use paths::{path, paths, paths_from_json};

use crate::error::Error;
use crate::json::{self, Encode, Object};
use crate::select::PlatformDecision;
use crate::skip::Decision;
use crate::{ConvertOptions, Descriptor};
use crate::{ZtocBlob, media_type, soci_index};
use sociscope_image::Digest;
use sociscope_ztoc::{Compression, SpanId};
use std::collections::{BTreeMap, BTreeSet};

/// The only version of prefetch artefacts.
pub const VERSION: &str = "1.0";

/// Spans from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanRange {
    /// The first.
    pub first: SpanId,
    /// The last; not less than the first.
    pub last: SpanId,
}

impl From<(u32, u32)> for SpanRange {
    fn from((first, last): (u32, u32)) -> Self {
        Self { first: SpanId(first), last: SpanId(last) }
    }
}

impl From<SpanRange> for (u32, u32) {
    fn from(range: SpanRange) -> Self {
        (range.first.0, range.last.0)
    }
}

/// What became of the files to prefetch, in the SOCI index of one platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefetch {
    /// The artefacts, in the order of their layers, base first. A layer that occurs twice is in it
    /// once.
    pub blobs: Vec<PrefetchBlob>,
    /// The paths that no layer with a zTOC has, cleaned, in the order in which they were asked
    /// for. The reference prints a warning for each.
    pub not_found: Vec<String>,
}

/// The prefetch artefact of one layer. Two layers may have the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefetchBlob {
    /// The layer.
    pub layer: Digest,
    /// Digest of the artefact.
    pub digest: Digest,
    /// The spans, sorted; neither overlapping nor adjacent.
    pub spans: Vec<SpanRange>,
}

impl PrefetchBlob {
    fn new(layer: Digest, spans: Vec<SpanRange>) -> Self {
        let spans = merged(spans);
        let digest = Digest::of(&json::to_json(&List(&spans)));
        Self { layer, digest, spans }
    }

    /// The artefact.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::to_json(&List(&self.spans))
    }

    /// Its entry in a SOCI index.
    fn descriptor(&self) -> Descriptor {
        let mut descriptor = Descriptor::of(media_type::PREFETCH, &self.to_json());
        descriptor.annotations.insert(soci_index::LAYER_DIGEST.to_owned(), self.layer.to_string());
        descriptor
    }
}

/// Looks for every path, from the topmost layer down.
pub(crate) fn build(
    platform: &PlatformDecision,
    options: &ConvertOptions,
    ztocs: &BTreeMap<(Digest, Compression), ZtocBlob>,
) -> Result<Prefetch, Error> {
    // By digest, whatever the type of the occurrence that has the zTOC.
    let mut answers: BTreeMap<&Digest, &[Option<SpanRange>]> = BTreeMap::new();
    for layer in &platform.layers {
        if let Decision::Index(compression) = layer.decision
            && let Some(ztoc) = ztocs.get(&(layer.digest.clone(), compression))
        {
            if ztoc.prefetch.len() != options.prefetch.len() {
                return Err(Error::PrefetchUnanswered { digest: layer.digest.to_string() });
            }
            answers.insert(&layer.digest, &ztoc.prefetch);
        }
    }
    let mut spans: BTreeMap<&Digest, Vec<SpanRange>> = BTreeMap::new();
    let mut prefetch = Prefetch::default();
    for (number, path) in options.prefetch.iter().enumerate() {
        let found = platform.layers.iter().rev().find_map(|layer| {
            let range = (*answers.get(&layer.digest)?.get(number)?)?;
            Some((&layer.digest, range))
        });
        match found {
            Some((layer, range)) => spans.entry(layer).or_default().push(range),
            None => prefetch.not_found.push(paths::clean(path)),
        }
    }
    let layers = platform.layers.iter().map(|layer| &layer.digest);
    prefetch.blobs =
        layers.filter_map(|layer| Some(PrefetchBlob::new(layer.clone(), spans.remove(layer)?))).collect();
    Ok(prefetch)
}

/// The entries of the artefacts in a SOCI index: one per occurrence of a layer, base first.
pub(crate) fn entries(platform: &PlatformDecision, prefetch: &Prefetch) -> Vec<Descriptor> {
    let of = |layer: &Digest| prefetch.blobs.iter().find(|blob| blob.layer == *layer);
    platform.layers.iter().filter_map(|layer| of(&layer.digest)).map(PrefetchBlob::descriptor).collect()
}

/// Sorted, and what touches made one.
fn merged(spans: Vec<SpanRange>) -> Vec<SpanRange> {
    let sorted: BTreeSet<SpanRange> = spans.into_iter().collect();
    let mut merged: Vec<SpanRange> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(current) if range.first.0 <= current.last.0.saturating_add(1) => {
                current.last = current.last.max(range.last);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// An artefact.
struct List<'a>(&'a [SpanRange]);

impl Encode for List<'_> {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object.field("version", &VERSION.to_owned()).field("prefetch_spans", &self.0.to_vec());
        });
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Encode for SpanRange {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object.field("start_span", &i64::from(self.first.0)).field("end_span", &i64::from(self.last.0));
        });
    }

    fn is_empty(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(pairs: &[(u32, u32)]) -> Vec<SpanRange> {
        pairs.iter().copied().map(SpanRange::from).collect()
    }

    #[test]
    fn spans_that_overlap_or_touch_become_one() {
        let check = |spans: &[(u32, u32)], expected: &[(u32, u32)]| {
            assert_eq!(merged(ranges(spans)), ranges(expected), "{spans:?}");
        };
        check(&[], &[]);
        check(&[(9, 12), (3, 7)], &[(3, 7), (9, 12)]);
        check(&[(3, 7), (8, 8)], &[(3, 8)]);
        check(&[(0, 9), (2, 3), (5, 5)], &[(0, 9)]);
        check(&[(4, 4), (4, 6), (4, 4), (u32::MAX, u32::MAX)], &[(4, 6), (u32::MAX, u32::MAX)]);
    }

    #[test]
    fn an_artefact_has_the_reference_s_bytes() {
        let blob = PrefetchBlob::new(Digest::of(b"layer"), ranges(&[(9, 12), (3, 7)]));
        assert_eq!(
            str::from_utf8(&blob.to_json()).unwrap(),
            r#"{"version":"1.0","prefetch_spans":[{"start_span":3,"end_span":7},{"start_span":9,"end_span":12}]}"#
        );
        let expected = "sha256:ab7c842f42a845b8811c1866d160264b8750685b2cd3c6775c1355eea0fb188b";
        assert_eq!(blob.digest.as_str(), expected);
        let descriptor = blob.descriptor();
        assert_eq!((descriptor.digest.as_str(), descriptor.size), (expected, 97));
    }
}
