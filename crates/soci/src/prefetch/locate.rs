//! Where files lie in a layer, in spans.

use super::SpanRange;
use super::paths::clean;
use sociscope_ztoc::{Entry, SpanId, StoredCheckpoints, Ztoc};
use std::collections::BTreeMap;

/// Which spans hold each of `paths` in the layer of this zTOC; `None` for those that are not in
/// it. This is what [`ZtocBlob::prefetch`](crate::ZtocBlob::prefetch) wants to know.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::{self, Kind};
    use sociscope_ztoc::{Build, BuildOptions, Compression, DigestMode, SpanSize};

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
