//! One generated layer, and what different programs make of it in the same run.
//!
//! `cargo xtask bench` prints the tables of BENCHMARKS.md. Only ratios within one run mean
//! anything: the machines differ, and so does one machine from hour to hour.
#![forbid(unsafe_code)]

pub mod decoders;
pub mod layer;

use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write};

/// Writes the generated tar, compressed as `gzip -6` would with zlib.
///
/// # Errors
/// Those of `out`.
pub fn write_gzip_layer<W: Write>(out: W, size: u64) -> io::Result<W> {
    let mut encoder = GzEncoder::new(out, Compression::new(6));
    layer::write_tar(&mut encoder, size)?;
    encoder.finish()
}

/// The ten bytes that our own gzip layers start with, before the deflate stream.
pub const GZIP_HEADER: usize = 10;
/// CRC-32 and length after it.
pub const GZIP_TRAILER: usize = 8;
/// Size of the tar that is measured inside a worker, whose memory must hold it while it is made.
pub const WORKER_LAYER: u64 = 256 << 20;
