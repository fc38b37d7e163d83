//! Every stream decodes to the same bytes as with miniz_oxide, in any slicing, and from any block
//! boundary on.

use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;
use sociscope_inflate::{BlockKind, Inflate, InflateError, Output, Status};

/// A block boundary: bytes consumed, unused bits, bytes produced, the window.
type Boundary = (usize, u8, usize, Vec<u8>);

type Decoded = (Vec<u8>, Vec<Boundary>, Vec<BlockKind>);

/// Decodes in slices of `slice` bytes with `chunk` bytes of output between drains.
fn decode(stream: &[u8], slice: usize, chunk: usize) -> Result<Decoded, InflateError> {
    let (mut inflate, mut output) = (Inflate::new(), Output::with_chunk(chunk));
    let (mut out, mut boundaries, mut kinds, mut consumed) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for piece in stream.chunks(slice) {
        let mut rest = piece;
        loop {
            let step = inflate.decode(rest, &mut output)?;
            rest = &rest[step.consumed..];
            consumed += step.consumed;
            match step.status {
                Status::NeedInput => break,
                Status::OutputFull => out.extend_from_slice(output.drain()),
                Status::EndOfBlock(block) => {
                    out.extend_from_slice(output.drain());
                    kinds.push(block.kind);
                    if block.is_final {
                        assert_eq!(out.len() as u64, output.total());
                        return Ok((out, boundaries, kinds));
                    }
                    boundaries.push((consumed, inflate.unused_bits(), out.len(), output.window().to_vec()));
                }
            }
        }
    }
    panic!("the stream has no final block")
}

/// Words and runs, so that all block kinds and distances occur.
fn sample(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut out = Vec::new();
    while out.len() < len {
        match next() % 4 {
            0 => out.extend(std::iter::repeat_n(next() as u8, (next() % 300) as usize)),
            1 => out.extend((0..next() % 2000).map(|_| (next() >> 24) as u8)),
            _ => out.extend(format!("entry {} of {}\n", next() % 100, next() % 7).bytes()),
        }
    }
    out.truncate(len);
    out
}

#[test]
fn slicing_never_shows() {
    let plain = sample(300_000, 7);
    for level in [0, 1, 6, 9] {
        let stream = compress_to_vec(&plain, level);
        let whole = decode(&stream, stream.len(), 1 << 18).expect("valid");
        assert_eq!(whole.0, plain, "level {level}");
        for (slice, chunk) in [(1, 1), (7, 1000), (4093, 33), (65_536, 1)] {
            assert!(
                decode(&stream, slice, chunk).expect("valid") == whole,
                "level {level}, {slice}-byte slices"
            );
        }
    }
}

#[test]
fn decoding_resumes_at_every_boundary() {
    let plain = sample(400_000, 99);
    for level in [0, 1, 6] {
        let stream = compress_to_vec(&plain, level);
        let (_, boundaries, _) = decode(&stream, stream.len(), 4096).expect("valid");
        assert!(!boundaries.is_empty(), "level {level}");
        for (consumed, unused, produced, window) in boundaries {
            let mut inflate = Inflate::resume(unused, stream[consumed - 1]);
            let mut output = Output::with_history(&window[history_start(produced)..]);
            let (mut rest, mut out) = (&stream[consumed..], Vec::new());
            loop {
                let step = inflate.decode(rest, &mut output).expect("valid");
                rest = &rest[step.consumed..];
                out.extend_from_slice(output.drain());
                match step.status {
                    Status::EndOfBlock(block) if block.is_final => break,
                    Status::NeedInput => panic!("starved"),
                    _ => {}
                }
            }
            assert!(out == plain[produced..], "level {level}, boundary at {consumed}");
        }
    }
}

/// Where real history begins in a window after `produced` bytes.
fn history_start(produced: usize) -> usize {
    sociscope_inflate::WINDOW_SIZE.saturating_sub(produced)
}

#[test]
fn all_three_kinds_of_block_occur() {
    let stored = decode(&compress_to_vec(&sample(1000, 3), 0), 9, 9).expect("valid").2;
    let fixed = decode(&[0x4b, 0x84, 0x01, 0x00], 1, 1).expect("valid").2;
    let dynamic = decode(&compress_to_vec(&sample(50_000, 3), 6), 9, 9).expect("valid").2;
    assert!(stored.contains(&BlockKind::Stored));
    assert_eq!(fixed, [BlockKind::Fixed]);
    assert!(dynamic.contains(&BlockKind::Dynamic));
}

#[test]
fn matches_stop_at_the_start_of_a_member() {
    // A fixed block: match of length 3, distance 1, with nothing before it.
    let stream = [0x03, 0x02, 0x00];
    let mut output = Output::new();
    let error = Inflate::new().decode(&stream, &mut output);
    assert_eq!(error, Err(InflateError::DistanceTooFar { distance: 1, available: 0 }));
    // The same after another member: history is there but out of reach.
    let mut output = Output::with_history(b"history");
    output.begin_member();
    assert_eq!(Inflate::new().decode(&stream, &mut output), error);
}

#[test]
fn zlibs_rules_for_headers() {
    for (name, stream, error) in [
        ("block type 3", &[0x07][..], InflateError::BlockType),
        (
            "stored length",
            &[0x01, 0x01, 0x00, 0x00, 0x00],
            InflateError::StoredLength { len: 1, complement: 0 },
        ),
    ] {
        assert_eq!(Inflate::new().decode(stream, &mut Output::new()), Err(error), "{name}");
    }
}

proptest! {
    #[test]
    fn random_data_round_trips(data in proptest::collection::vec(any::<u8>(), 0..5000), level in 0u8..=9, slice in 1usize..50) {
        let stream = compress_to_vec(&data, level);
        prop_assert_eq!(decode(&stream, slice, 100).expect("valid").0, data);
    }

    /// Broken streams are refused or decoded, never a panic, and never differently by slicing.
    #[test]
    fn mutated_streams_do_not_depend_on_slicing(seed in any::<u32>(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut stream = compress_to_vec(&sample(3000, seed), 6);
        let at = at.index(stream.len());
        stream[at] ^= 1 << bit;
        let run = |slice: usize| {
            let (mut inflate, mut output, mut out) = (Inflate::new(), Output::with_chunk(500), Vec::new());
            for piece in stream.chunks(slice) {
                let mut rest = piece;
                loop {
                    let step = match inflate.decode(rest, &mut output) {
                        Ok(step) => step,
                        Err(error) => { out.extend_from_slice(output.drain()); return (out, Some(error)); }
                    };
                    rest = &rest[step.consumed..];
                    out.extend_from_slice(output.drain());
                    match step.status {
                        Status::NeedInput => break,
                        Status::EndOfBlock(block) if block.is_final => return (out, None),
                        _ => {}
                    }
                }
            }
            (out, None)
        };
        prop_assert_eq!(run(stream.len()), run(1));
    }
}
