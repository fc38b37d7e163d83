//! What a build holds follows the formula in the docs of `Builder`, whatever the layer's size.

mod support;

use sociscope_ztoc::{Builder, Toc};
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

#[test]
fn the_block_index_is_small() {
    let layer = member(&tar(&[sample(4_000_000, 1)]), Recipe::USUAL);
    let build = sociscope_ztoc::Build::from_slice(&layer, gzip_options(4 << 20)).expect("valid");
    let per_block = build.blocks().memory() as u64 / build.blocks().len();
    assert!(build.blocks().len() > 20 && per_block < 20, "{per_block} bytes per block");
    assert!(build.span_starts(span_size(65_536)).is_some_and(|starts| starts.len() > 10));
}
