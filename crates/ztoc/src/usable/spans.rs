//! What the snapshotter's span manager asks of spans (`fs/span-manager/span_manager.go`).

use super::{Findings, UnusableReason as Reason};
use crate::blocks::BoundaryKind;
use crate::build::Build;
use crate::checkpoint::Checkpoint;
use crate::ztoc::{StoredCheckpoints, Ztoc};

/// What lies at least between the first blocks of an empty member and of the next: a final block of two
/// bytes, a trailer of eight, a header of ten.
const LEAST_MEMBER: u64 = 20;

pub(super) fn check(ztoc: &Ztoc<'_>, build: Option<&Build>, findings: &mut Findings) {
    let layer = || "the layer".to_owned();
    let counted = match ztoc.checkpoints() {
        StoredCheckpoints::Gzip(checkpoints) => i64::try_from(checkpoints.len()).unwrap_or(i64::MAX),
        StoredCheckpoints::Uncompressed { span_size, .. } if span_size <= 0 => {
            findings.push(Reason::SpanSize { found: span_size }, layer);
            return;
        }
        StoredCheckpoints::Uncompressed { span_size, size, .. } => {
            if size == 0 {
                findings.push(Reason::EmptyLayer, layer);
            }
            size.div_euclid(span_size) + i64::from(size.rem_euclid(span_size) != 0)
        }
    };
    let named = i64::from(ztoc.max_span_id) + 1;
    let digests = ztoc.span_count() as u64;
    if named != counted || Ok(digests) != u64::try_from(counted) {
        findings.push(Reason::SpanCount { named, counted, digests }, layer);
    }
    if let StoredCheckpoints::Gzip(checkpoints) = ztoc.checkpoints() {
        let mut previous: Option<Checkpoint<'_>> = None;
        for (span, checkpoint) in (0u64..).zip(checkpoints.iter()) {
            if let Some(previous) = previous
                && (previous.first_byte() >= checkpoint.compressed
                    || previous.uncompressed >= checkpoint.uncompressed)
            {
                findings.push(without_bytes(&previous, &checkpoint, build), || span_name(span - 1));
            }
            previous = Some(checkpoint);
        }
    }
    for (span, digest) in (0u64..).zip(ztoc.span_digests()) {
        if digest.is_none() {
            findings.push(Reason::SpanDigest, || span_name(span));
        }
    }
}

fn span_name(span: u64) -> String {
    format!("span {span}")
}

/// Why a span ends where it begins.
fn without_bytes(start: &Checkpoint<'_>, end: &Checkpoint<'_>, build: Option<&Build>) -> Reason {
    if start.uncompressed.0 != 0 || end.uncompressed.0 != 0 || start.compressed >= end.compressed {
        return Reason::SpanWithoutBytes;
    }
    let blocks = build.map(Build::blocks).filter(|blocks| blocks.is_complete());
    let boundary = blocks.and_then(|blocks| {
        blocks
            .iter()
            .find(|boundary| (boundary.compressed, boundary.unused_bits) == (end.compressed, end.unused_bits))
    });
    let is_member = match boundary {
        Some(boundary) => boundary.kind == BoundaryKind::Header,
        // An empty block is hardly ever that long.
        None => end.compressed.0 - start.compressed.0 >= LEAST_MEMBER,
    };
    if is_member { Reason::EmptyFirstMember } else { Reason::EmptyFirstBlock }
}
