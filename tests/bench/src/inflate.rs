//! Decoders on one deflate stream, taking turns, so that a slow minute hits all of them.

use crate::report::median;
use sociscope_bench::{
    GZIP_HEADER, GZIP_TRAILER,
    decoders::{miniz, ours, zlib_rs},
};
use std::time::Instant;

const ROUNDS: usize = 5;

type Decoder<'a> = (&'a str, Box<dyn FnMut(&[u8]) -> u64 + 'a>);

/// Prints MB/s of uncompressed data for each decoder.
pub fn native(layer: &[u8]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let deflate = &layer[GZIP_HEADER..layer.len() - GZIP_TRAILER];
    let total = ours(deflate);
    let mut whole = vec![0; usize::try_from(total)?];
    let mut decoders: Vec<Decoder<'_>> = vec![
        ("Sociscope (every block boundary reported)", Box::new(ours)),
        ("libdeflate 1.x (C; whole buffer, no boundaries)", {
            let whole = &mut whole;
            Box::new(move |deflate| {
                let mut decoder = libdeflater::Decompressor::new();
                decoder.deflate_decompress(deflate, whole).map_or(0, |len| len as u64)
            })
        }),
        ("zlib-rs through flate2", Box::new(zlib_rs)),
        ("miniz_oxide", Box::new(miniz)),
    ];
    let mut seconds = vec![Vec::new(); decoders.len()];
    for _ in 0..ROUNDS {
        for ((name, decode), seconds) in decoders.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            let produced = decode(deflate);
            seconds.push(start.elapsed().as_secs_f64());
            if produced != total {
                return Err(format!("{name} produced {produced} bytes, not {total}").into());
            }
        }
    }
    let medians: Vec<f64> = seconds.into_iter().map(median).collect();
    println!("| inflate, native | MB/s of output | Sociscope / it |\n|---|---|---|");
    for ((name, _), seconds) in decoders.iter().zip(&medians) {
        println!("| {name} | {:.0} | {:.2} |", total as f64 / 1e6 / seconds, seconds / medians[0]);
    }
    println!();
    Ok(())
}
