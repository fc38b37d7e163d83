//! From what was found to one outcome.

use super::{LayerVerification, Outcome, unpack::BadSpan};
use crate::{
    compare::{self, Difference, SHOWN, ZtocDiff, entries_in_order},
    ztoc::{Compression, StoredCheckpoints, Ztoc},
};

/// What was found while the layer was read.
pub(super) struct Evidence<'a> {
    pub(super) file: &'a [u8],
    pub(super) ztoc: &'a Ztoc<'a>,
    pub(super) layer_size: u64,
    /// SHA-256 of the last span, as the given zTOC cuts it.
    pub(super) last_span: [u8; 32],
    /// The first span that cannot be unpacked from its checkpoint.
    pub(super) bad_span: Option<BadSpan>,
}

/// The span size to build with: what the zTOC holds, unless its checkpoints lie closer together and
/// what the SOCI index says fits them.
pub(super) fn span_size(ztoc: &Ztoc<'_>, annotated: u64) -> u64 {
    let (stored, checkpoints) = match ztoc.checkpoints() {
        StoredCheckpoints::Gzip(checkpoints) => (checkpoints.span_size, checkpoints),
        StoredCheckpoints::Uncompressed { span_size, .. } => {
            return u64::try_from(span_size).ok().filter(|size| *size > 0).unwrap_or(annotated.max(1));
        }
    };
    let fits = |size: u64| {
        let starts = checkpoints.iter().map(|checkpoint| checkpoint.uncompressed.0);
        let mut last = 0;
        starts.into_iter().all(|start| {
            let distance = start.saturating_sub(last);
            last = start;
            start == 0 || distance > size
        })
    };
    match u64::try_from(stored) {
        Ok(stored) if stored == annotated || fits(stored) || !fits(annotated) => stored,
        _ => annotated,
    }
}

/// Compares with the zTOC built anew, notes the differences, and says what they amount to.
pub(super) fn judge(found: &Evidence<'_>, rebuilt: &[u8], verification: &mut LayerVerification) -> Outcome {
    let Ok(right) = Ztoc::parse(rebuilt) else {
        // Nothing leaves a LayerJob that was not read back.
        return Outcome::Stale;
    };
    let left = found.ztoc;
    let diff = compare::ztocs((found.file, left), (rebuilt, &right));
    let (entries, first_entry) =
        if diff.same_bytes { Default::default() } else { entries_in_order(left, &right) };
    let is_old = sees_first_member_only(found, &right);
    note(verification, &diff, entries, found.bad_span.as_ref());

    let wrong_digests = left.span_digests().zip(right.span_digests()).filter(|(left, right)| left != right);
    let digests_all_wrong =
        left.span_count() > 0 && wrong_digests.count() == left.span_count().min(right.span_count());
    let is_stale = left.compression != right.compression
        || left.compressed_size != found.layer_size
        || (digests_all_wrong && !is_old && (first_entry.is_some() || !diff.checkpoints.is_empty()));
    if is_stale {
        return Outcome::Stale;
    }
    if let Some(span) = first_wrong_checkpoint(left, &right).filter(|_| !is_old) {
        return Outcome::WrongCheckpoint { span };
    }
    // A wrong window shows first where the span before it ends, so this comes second.
    if let Some(bad) = &found.bad_span {
        return Outcome::WrongCheckpoint { span: bad.span };
    }
    if let Some(span) = first_wrong_digest(left, &right).filter(|_| !is_old) {
        return Outcome::WrongSpanDigest { span };
    }
    if let Some(entry) = first_entry {
        return Outcome::WrongEntry { entry };
    }
    if diff.header.iter().any(|difference| !is_harmless(difference, left.compression, is_old)) {
        return Outcome::WrongHeader;
    }
    match (&verification.unusable, diff.same_bytes) {
        (Some(_), _) => Outcome::Unusable,
        (None, true) => Outcome::Identical,
        (None, false) => Outcome::Equivalent,
    }
}

/// What another version of soci writes otherwise, and no snapshotter looks at.
fn is_harmless(difference: &Difference, compression: Compression, is_old: bool) -> bool {
    match difference.what.as_str() {
        "version" | "build tool" | "first checkpoint" => true,
        "span size" => compression == Compression::Gzip,
        "largest span" | "span digests" => is_old,
        _ => false,
    }
}

/// Whether this is what soci before v0.14 made of a layer of several gzip members: checkpoints in the
/// first one only, and all the rest in the last span.
fn sees_first_member_only(found: &Evidence<'_>, right: &Ztoc<'_>) -> bool {
    let (StoredCheckpoints::Gzip(old), StoredCheckpoints::Gzip(new)) =
        (found.ztoc.checkpoints(), right.checkpoints())
    else {
        return false;
    };
    let count = found.ztoc.span_count();
    let mut digests = found.ztoc.span_digests();
    old.len() == count
        && old.len() < new.len()
        && old.iter().eq(new.iter().take(count))
        && digests.by_ref().take(count - 1).eq(right.span_digests().take(count - 1))
        && digests.next() == Some(Some(found.last_span))
}

fn first_wrong_checkpoint(left: &Ztoc<'_>, right: &Ztoc<'_>) -> Option<u32> {
    let (StoredCheckpoints::Gzip(left), StoredCheckpoints::Gzip(right)) =
        (left.checkpoints(), right.checkpoints())
    else {
        return None;
    };
    let (mut left, mut right) = (left.iter(), right.iter());
    (0..).find_map(|span| match (left.next(), right.next()) {
        (None, None) => Some(None),
        (left, right) => (left != right).then_some(Some(span)),
    })?
}

fn first_wrong_digest(left: &Ztoc<'_>, right: &Ztoc<'_>) -> Option<u32> {
    let mut pairs = (0..).zip(left.span_digests().zip(right.span_digests()));
    pairs.find(|(_, (left, right))| left != right).map(|(span, _)| span)
}

/// Keeps the first differences, in the order of the file.
fn note(
    verification: &mut LayerVerification,
    diff: &ZtocDiff,
    entries: compare::Bounded<Difference>,
    bad_span: Option<&BadSpan>,
) {
    let unpacked = bad_span.map(|bad| Difference {
        what: format!("span {} unpacked from its checkpoint", bad.span),
        left: Some(bad.found.clone()),
        right: None,
    });
    let lists = [&diff.checkpoints, &diff.digests, &entries];
    verification.difference_count = lists.iter().map(|list| list.count).sum::<u64>()
        + diff.header.len() as u64
        + u64::from(unpacked.is_some());
    // A few of each kind say more than twenty of one.
    let each = SHOWN / 4;
    verification.differences = diff
        .header
        .iter()
        .take(SHOWN)
        .cloned()
        .chain(unpacked)
        .chain(lists.iter().flat_map(|list| list.first.iter().take(each).cloned()))
        .collect();
}
