//! What a build holds follows the formula in the docs of `Builder`, whatever the layer's size.

mod support;

use sociscope_ztoc::{Build, BuildOptions, Builder, Compression, PACKED_SIZE, StoredCheckpoints, Toc, Ztoc};
use support::{Recipe, gzip_options, member, sample, span_size, tar};

#[test]
fn memory_follows_the_formula() {
    let recipe = Recipe { level: 1, ..Recipe::USUAL };
    let contents: Vec<_> = (0..200).map(|index| sample(5000 + 100 * index, index as u32)).collect();
    let tar = tar(&contents);
    let layer = member(&tar, recipe);
    for span in [10_000, 1 << 20] {
        let mut builder = Builder::new(gzip_options(span)).expect("options");
        let mut largest = 0;
        for slice in layer.chunks(10_000) {
            builder.push(slice).expect("valid");
            largest = largest.max(builder.memory());
        }
        let build = builder.finish().expect("valid");
        let (checkpoints, entries) = (build.checkpoints().len(), build.entries().len());
        let text: usize = build
            .entries()
            .iter()
            .map(|entry| entry.name.len() + entry.uname.len() + entry.gname.len())
            .sum();
        let blocks = build.blocks().len() as usize;
        let bound = checkpoints * (32_768 + 100) + 2 * (entries * Toc::RECORD_BYTES + text) + 2 * 21 * blocks;
        assert!(largest <= bound, "span size {span}: {largest} bytes, the formula allows {bound}");
        // The formula is not idle: the windows alone are most of it.
        assert!(largest > checkpoints * 32_768);
    }
    assert_eq!(Toc::RECORD_BYTES, 96);
}

/// Builds with the checkpoints taken after every slice; returns the most memory held, and the file.
fn taken(layer: &[u8], span: u64, slice: usize) -> (usize, Vec<u8>) {
    let mut builder = Builder::new(gzip_options(span)).expect("options");
    let (mut checkpoints, mut largest) = (Vec::new(), 0);
    for slice in layer.chunks(slice) {
        builder.push(slice).expect("valid");
        checkpoints.extend(builder.take_checkpoints());
        largest = largest.max(builder.memory());
    }
    let mut build = builder.finish().expect("valid");
    checkpoints.extend(build.take_checkpoints());
    let encoded = build.encode().expect("within limits");
    let abridged = Ztoc::parse_abridged(encoded.abridged()).expect("a file of its own");
    let StoredCheckpoints::Gzip(stored) = abridged.checkpoints() else { panic!("a gzip layer") };
    assert!(stored.iter().eq(build.checkpoints()) && stored.len() == checkpoints.len() / PACKED_SIZE);
    assert_eq!(abridged.entry_count(), build.entries().len());
    assert!(abridged.span_digests().eq(build.spans().map(|span| build.digest(span.id))));
    let len = encoded.len();
    let parts = encoded.into_parts();
    let file = [parts.before(), &checkpoints, parts.after()].concat();
    assert_eq!(len, file.len() as u64);
    (largest, file)
}

#[test]
fn checkpoints_can_be_kept_elsewhere() {
    let layer = member(&tar(&[sample(3_000_000, 1), sample(700_000, 2), Vec::new()]), Recipe::USUAL);
    // From a checkpoint at every block to a single one; from one at a time to all at the end.
    for span in [0, 10_000, 100_000, 1 << 30] {
        let build = Build::from_slice(&layer, gzip_options(span)).expect("valid");
        let expected = build.to_bytes().expect("within limits");
        for slice in [100, 4096, layer.len()] {
            let (largest, file) = taken(&layer, span, slice);
            assert!(file == expected, "span size {span}, slices of {slice}: another file");
            let windows = build.checkpoints().len() * 32_768;
            assert!(largest < 100_000 + windows / 100, "span size {span}: {largest} bytes were held");
        }
    }
}

#[test]
fn an_uncompressed_layer_has_parts_with_nothing_between() {
    let layer = tar(&[sample(100_000, 1)]);
    let options = BuildOptions { compression: Compression::Uncompressed, ..gzip_options(10_000) };
    let mut build = Build::from_slice(&layer, options).expect("valid");
    assert!(build.take_checkpoints().is_empty());
    let expected = build.to_bytes().expect("within limits");
    let encoded = build.encode().expect("within limits");
    assert_eq!(encoded.abridged(), expected);
    let parts = encoded.into_parts();
    assert_eq!([parts.before(), parts.after()].concat(), expected);
}

#[test]
fn the_block_index_is_small() {
    let layer = member(&tar(&[sample(4_000_000, 1)]), Recipe::USUAL);
    let build = sociscope_ztoc::Build::from_slice(&layer, gzip_options(4 << 20)).expect("valid");
    let per_block = build.blocks().memory() as u64 / build.blocks().len();
    assert!(build.blocks().len() > 20 && per_block < 20, "{per_block} bytes per block");
    assert!(build.span_starts(span_size(65_536)).is_some_and(|starts| starts.len() > 10));
}
