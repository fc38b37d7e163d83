//! Checkpoints, held against a decoder that shares no code with ours.

mod support;

use miniz_oxide::MZFlush;
use miniz_oxide::deflate::core::CompressionStrategy;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{BlockBoundaryState, DecompressorOxide, decompress};
use proptest::prelude::*;
use sociscope_ztoc::{BoundaryKind, Build, Checkpoint, WINDOW_SIZE};
use support::{Recipe, build_sliced, gzip_options, member, sample, span_size, tar};

const HEADER: usize = 10;
const TRAILER: usize = 8;

/// Where a block can begin, by miniz_oxide: input bytes, bits, output bytes.
type Place = (u64, u8, u64);

/// All places where a block begins, in members with headers of ten bytes; and the tar stream.
fn places(layer: &[u8], inflated_size: usize) -> (Vec<Place>, Vec<u8>) {
    let (mut places, mut out, mut produced) = (Vec::new(), vec![0; inflated_size + 1], 0);
    let mut at = 0;
    while at < layer.len() {
        at += HEADER;
        places.push((at as u64, 0, produced as u64));
        let mut decoder = DecompressorOxide::new();
        let member_start = produced;
        loop {
            let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
            let (status, read, written) = decompress(
                &mut decoder,
                &layer[at..],
                &mut out[member_start..],
                produced - member_start,
                flags,
            );
            at += read;
            produced += written;
            match status {
                TINFLStatus::Done => break,
                TINFLStatus::BlockBoundary => {
                    let state = decoder.block_boundary_state().expect("at a boundary");
                    places.push((at as u64, state.num_bits, produced as u64));
                }
                other => panic!("{other:?}"),
            }
        }
        at += TRAILER;
    }
    out.truncate(produced);
    (places, out)
}

/// The reference's rule, said once more.
fn chosen(places: &[Place], span: u64) -> Vec<Place> {
    let mut last = 0;
    let is_chosen = |&&(_, _, out): &&Place| {
        let take = out == 0 || out - last > span;
        if take {
            last = out;
        }
        take
    };
    places.iter().filter(is_chosen).copied().collect()
}

fn window(tar: &[u8], out: u64) -> Vec<u8> {
    let before = &tar[(out as usize).saturating_sub(WINDOW_SIZE)..out as usize];
    [vec![0; WINDOW_SIZE - before.len()], before.to_vec()].concat()
}

/// Starts miniz_oxide at a checkpoint, as the snapshotter starts zlib, and checks what comes out up to
/// the member's end.
fn check_resumes(checkpoint: &Checkpoint<'_>, layer: &[u8], tar: &[u8]) {
    let at = checkpoint.compressed.0 as usize;
    let bits = checkpoint.unused_bits;
    let bit_buf = if bits == 0 { 0 } else { layer[at - 1] >> (8 - bits) };
    let state = BlockBoundaryState { num_bits: bits, bit_buf, ..BlockBoundaryState::default() };
    let mut decoder = DecompressorOxide::from_block_boundary_state(&state);
    let expected = &tar[checkpoint.uncompressed.0 as usize..];
    let mut out = checkpoint.window.to_vec();
    out.resize(WINDOW_SIZE + expected.len(), 0);
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_HAS_MORE_INPUT;
    let (status, _, written) = decompress(&mut decoder, &layer[at..], &mut out, WINDOW_SIZE, flags);
    assert!(matches!(status, TINFLStatus::Done | TINFLStatus::HasMoreOutput), "{status:?} at {checkpoint:?}");
    assert!(
        out[WINDOW_SIZE..WINDOW_SIZE + written] == expected[..written],
        "other bytes from {checkpoint:?}"
    );
}

fn check(layer: &[u8], span: u64, lengths: &[usize]) {
    let build = build_sliced(layer, gzip_options(span), lengths).expect("a valid layer");
    let (places, tar) = places(layer, build.inflated_size() as usize);
    assert_eq!(tar.len() as u64, build.inflated_size());

    let candidates: Vec<Place> = build
        .blocks()
        .iter()
        .filter(|boundary| boundary.is_candidate())
        .map(|boundary| (boundary.compressed.0, boundary.unused_bits, boundary.uncompressed.0))
        .collect();
    assert_eq!(candidates, places);

    let found: Vec<Place> = build
        .checkpoints()
        .map(|checkpoint| (checkpoint.compressed.0, checkpoint.unused_bits, checkpoint.uncompressed.0))
        .collect();
    assert_eq!(found, chosen(&places, span));
    for checkpoint in build.checkpoints() {
        assert!(checkpoint.window == window(&tar, checkpoint.uncompressed.0), "window of {checkpoint:?}");
        check_resumes(&checkpoint, layer, &tar);
    }
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let strategies = [
        CompressionStrategy::Default,
        CompressionStrategy::Filtered,
        CompressionStrategy::HuffmanOnly,
        CompressionStrategy::RLE,
        CompressionStrategy::Fixed,
    ];
    let flushes = [MZFlush::None, MZFlush::Sync, MZFlush::Full];
    (
        0..=9i32,
        prop::sample::select(strategies.to_vec()),
        300..40_000usize,
        prop::sample::select(flushes.to_vec()),
    )
        .prop_map(|(level, strategy, flush_every, flush)| Recipe { level, strategy, flush_every, flush })
}

/// A tar of up to 400 KB, cut anywhere into members that are compressed in different ways.
fn layers() -> impl Strategy<Value = Vec<u8>> {
    let contents = prop::collection::vec((0..120_000usize, any::<u32>()), 0..4);
    let members = prop::collection::vec((0.0..1.0f64, recipes()), 1..4);
    (contents, members).prop_map(|(contents, members)| {
        let contents: Vec<_> = contents.iter().map(|&(len, seed)| sample(len, seed)).collect();
        let tar = tar(&contents);
        let mut cuts: Vec<_> = members.iter().map(|(cut, _)| (cut * tar.len() as f64) as usize).collect();
        cuts.sort_unstable();
        let mut ends = cuts;
        if let Some(last) = ends.last_mut() {
            *last = tar.len();
        }
        let mut start = 0;
        let mut layer = Vec::new();
        for (end, (_, recipe)) in ends.into_iter().zip(members) {
            layer.extend(member(&tar[start..end], recipe));
            start = end;
        }
        layer
    })
}

fn spans() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(1), 0..100_000u64, Just(4 << 20)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn checkpoints_are_where_an_independent_decoder_says(
        layer in layers(),
        span in spans(),
        lengths in prop::collection::vec(1..50_000usize, 1..5),
    ) {
        check(&layer, span, &lengths);
    }

    #[test]
    fn any_other_span_size_is_answered_exactly(layer in layers(), built in spans(), asked in spans()) {
        let build = Build::from_slice(&layer, gzip_options(built)).expect("a valid layer");
        let rebuilt = Build::from_slice(&layer, gzip_options(asked)).expect("a valid layer");
        let starts: Vec<_> =
            rebuilt.spans().map(|span| (span.compressed.start, span.uncompressed.start)).collect();
        let answer = build.span_starts(span_size(asked)).expect("the index is complete");
        let answer: Vec<_> = answer.iter().map(|start| (start.compressed, start.uncompressed)).collect();
        prop_assert_eq!(answer, starts);
    }

    #[test]
    fn slices_never_show(
        layer in layers(),
        span in spans(),
        lengths in prop::collection::vec(1..3000usize, 1..8),
    ) {
        let whole = Build::from_slice(&layer, gzip_options(span)).expect("a valid layer");
        let sliced = build_sliced(&layer, gzip_options(span), &lengths).expect("a valid layer");
        prop_assert!(whole.to_bytes() == sliced.to_bytes());
        prop_assert!(whole.blocks().iter().eq(sliced.blocks().iter()));
    }
}

#[test]
fn the_recipes_make_every_kind_of_block() {
    let tar = tar(&[sample(100_000, 3)]);
    let mut seen = std::collections::HashSet::new();
    for (level, strategy) in [
        (0, CompressionStrategy::Default),
        (6, CompressionStrategy::Fixed),
        (6, CompressionStrategy::Default),
    ] {
        let recipe = Recipe { level, strategy, flush_every: 9000, flush: MZFlush::Sync };
        let layer = member(&tar, recipe);
        check(&layer, 0, &[layer.len()]);
        let build = Build::from_slice(&layer, gzip_options(0)).expect("a valid layer");
        for boundary in build.blocks() {
            if let BoundaryKind::Block { kind, is_final: false } = boundary.kind {
                seen.insert(kind);
            }
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

/// The window reaches across members although matches may not.
#[test]
fn a_window_spans_members() {
    let tar = tar(&[sample(50_000, 1)]);
    let recipe = Recipe { flush_every: 2000, flush: MZFlush::Full, ..Recipe::USUAL };
    let layer = [member(&tar[..20_000], recipe), member(&tar[20_000..], recipe)].concat();
    check(&layer, 1000, &[layer.len()]);
}
