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

use crate::error::{Document, Error};
use crate::json::{self, Encode, Object};
use crate::select::PlatformDecision;
use crate::skip::Decision;
use crate::{ConvertOptions, Descriptor};
use crate::{ZtocBlob, media_type, soci_index};
use sociscope_image::Digest;
use sociscope_ztoc::{Compression, Entry, SpanId, StoredCheckpoints, Ztoc};
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

/// The paths in one value of `--prefetch-file`: separated by commas, cleaned, empty ones dropped.
#[must_use]
pub fn paths(text: &str) -> Vec<String> {
    text.split(',').filter_map(path).collect()
}

/// The paths in a file for `--prefetch-files-json`: an array of strings, cleaned, empty ones
/// dropped. `null` is an empty array, and an empty string.
///
/// # Errors
/// Where and why the text is no such array.
pub fn paths_from_json(text: &[u8]) -> Result<Vec<String>, Error> {
    let texts: Vec<String> =
        json::parse(text).map_err(|error| Error::Json { document: Document::PrefetchList, error })?;
    Ok(texts.iter().filter_map(|text| path(text)).collect())
}

/// One path as somebody wrote it: without the blanks around it, and cleaned. `None` if there is
/// nothing.
#[must_use]
pub fn path(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| clean(text))
}

/// The path as a name in a tar: from the root, without `.`, `..` and empty parts, and without the
/// slash at its beginning. What leads above the root stays at the root. Cleaning twice changes
/// nothing.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Which spans hold each of `paths` in the layer of this zTOC; `None` for those that are not in
/// it. This is what [`ZtocBlob::prefetch`] wants to know.
#[must_use]
pub fn locate<S: AsRef<str>>(ztoc: &Ztoc<'_>, paths: &[S]) -> Vec<Option<SpanRange>> {
    let paths: Vec<String> = paths.iter().map(|path| clean(path.as_ref())).collect();
    let spans = Spans::of(ztoc);
    let mut found: BTreeMap<&[u8], Option<SpanRange>> =
        paths.iter().map(|path| (path.as_bytes(), None)).collect();
    for entry in ztoc.entries() {
        if let Some(slot @ None) = found.get_mut(entry.name) {
            *slot = Some(spans.of_entry(&entry));
        }
    }
    paths.iter().map(|path| found.get(path.as_bytes()).copied().flatten()).collect()
}

/// Where the spans of a layer begin.
enum Spans {
    /// At these bytes of the tar.
    Gzip(Vec<u64>),
    /// At the multiples of this.
    Plain(u64),
}

impl Spans {
    fn of(ztoc: &Ztoc<'_>) -> Self {
        match ztoc.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                Self::Gzip(checkpoints.iter().map(|checkpoint| checkpoint.uncompressed.0).collect())
            }
            // A span size of nothing is refused when a zTOC is built.
            StoredCheckpoints::Uncompressed { span_size, .. } => {
                Self::Plain(u64::try_from(span_size).unwrap_or(0).max(1))
            }
        }
    }

    /// The span in which a byte of the tar lies, or would lie.
    fn at(&self, offset: u64) -> SpanId {
        let number = match self {
            // The first that begins after the byte ends the search, as in the reference.
            Self::Gzip(starts) => starts.iter().skip(1).take_while(|&&start| start <= offset).count() as u64,
            Self::Plain(size) => offset / size,
        };
        // The format has signed numbers of 32 bits.
        SpanId(u32::try_from(number).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs()))
    }

    /// The spans of an entry's data. A size below zero, which a link may claim, counts as none.
    fn of_entry(&self, entry: &Entry<'_>) -> SpanRange {
        let first = self.at(entry.offset.0);
        let last = self.at(entry.offset.0.saturating_add_signed(entry.size));
        SpanRange { first, last: last.max(first) }
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
            None => prefetch.not_found.push(clean(path)),
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
    use crate::Culprit;
    use crate::tar::{self, Kind};
    use sociscope_ztoc::{Build, BuildOptions, DigestMode, SpanSize};

    #[test]
    fn paths_are_separated_trimmed_and_cleaned() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            (" , ,,", &[]),
            ("/app/a", &["app/a"]),
            (" app//a/../a , b ", &["app/a", "b"]),
            ("../../z,./y,/../x", &["z", "y", "x"]),
            ("app/", &["app"]),
            ("/,..", &["", ""]),
            ("a b,...", &["a b", "..."]),
            ("\u{a0}\u{3000}a\u{85}", &["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths(text), expected, "{text:?}");
            assert_eq!(paths(text).iter().map(|path| clean(path)).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_list_in_a_file_is_an_array_of_strings() {
        let cases: [(&str, &[&str]); 4] = [
            ("null", &[]),
            ("[]", &[]),
            (r#"["/a", null, " ", "b,c"]"#, &["a", "b,c"]),
            ("[\"\\u0061\"]\n", &["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths_from_json(text.as_bytes()).unwrap(), expected, "{text}");
        }
        for text in ["", "{}", r#""a""#, "[1]", r#"["a""#, r#"["a"] x"#] {
            let error = paths_from_json(text.as_bytes()).unwrap_err();
            assert_eq!(error.culprit(), Culprit::Options, "{text}");
            assert_eq!(error.place(), "the list of files to prefetch", "{text}");
        }
    }

    fn ranges(pairs: &[(u32, u32)]) -> Vec<SpanRange> {
        pairs.iter().copied().map(SpanRange::from).collect()
    }

    #[test]
    fn spans_that_overlap_or_touch_become_one() {
        let cases: [(&[(u32, u32)], &[(u32, u32)]); 5] = [
            (&[], &[]),
            (&[(9, 12), (3, 7)], &[(3, 7), (9, 12)]),
            (&[(3, 7), (8, 8)], &[(3, 8)]),
            (&[(0, 9), (2, 3), (5, 5)], &[(0, 9)]),
            (&[(4, 4), (4, 6), (4, 4), (u32::MAX, u32::MAX)], &[(4, 6), (u32::MAX, u32::MAX)]),
        ];
        for (spans, expected) in cases {
            assert_eq!(merged(ranges(spans)), ranges(expected), "{spans:?}");
        }
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

    #[test]
    fn a_span_begins_with_the_byte_at_its_checkpoint() {
        let spans = Spans::Gzip(vec![0, 100, 200]);
        let found = [0, 99, 100, 199, 200, u64::MAX].map(|offset| spans.at(offset).0);
        assert_eq!(found, [0, 0, 1, 1, 2, 2]);
        let spans = Spans::Plain(100);
        let found = [0, 99, 100, 250, u64::MAX].map(|offset| spans.at(offset).0);
        assert_eq!(found, [0, 0, 1, 2, i32::MAX.unsigned_abs()]);
    }

    /// A plain layer of files with these names and sizes, without the two zero blocks at its end.
    fn layer(files: &[(&str, u64)]) -> Vec<u8> {
        let mut layer = Vec::new();
        for &(name, size) in files {
            layer.extend(tar::header(name, Kind::File { size, mode: 0o644 }));
            layer.resize(layer.len() + usize::try_from(size).unwrap() + tar::padding(size), 0);
        }
        layer
    }

    /// Where each path lies in a layer with spans of 512 bytes.
    fn check(files: &[(&str, u64)], cases: &[(&str, Option<(u32, u32)>)]) {
        let options = BuildOptions {
            compression: Compression::Uncompressed,
            span_size: SpanSize::new(512).unwrap(),
            digests: DigestMode::Here,
            ..BuildOptions::default()
        };
        let ztoc = Build::from_slice(&layer(files), options).unwrap().to_bytes().unwrap();
        let ztoc = Ztoc::parse(&ztoc).unwrap();
        let paths: Vec<_> = cases.iter().map(|(path, _)| path).collect();
        for (found, (path, expected)) in locate(&ztoc, &paths).into_iter().zip(cases) {
            assert_eq!(found, expected.map(SpanRange::from), "{path}");
        }
    }

    #[test]
    fn the_byte_after_a_file_counts() {
        check(
            &[("a", 10), ("empty", 0), ("full", 512), ("long", 1300), ("last", 1024)],
            &[
                ("a", Some((1, 1))),
                ("empty", Some((3, 3))),
                ("full", Some((4, 5))),
                ("long", Some((6, 8))),
                // The layer has 12 spans, 0 to 11.
                ("last", Some((10, 12))),
            ],
        );
    }

    #[test]
    fn names_are_compared_as_they_are() {
        check(
            &[("./dot", 1), ("/abs", 1), ("b//c", 1), ("twice", 1), ("twice", 600)],
            &[
                ("dot", None),
                ("./dot", None),
                ("abs", None),
                ("b/c", None),
                ("/twice", Some((7, 7))),
                ("twice/", Some((7, 7))),
                ("", None),
            ],
        );
    }
}
