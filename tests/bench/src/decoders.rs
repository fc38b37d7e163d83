//! The decoders under comparison, each turning a raw deflate stream into pieces of output.
//! Every function returns the bytes produced, or 0 when the stream is refused.

use flate2::{Decompress, FlushDecompress};
use miniz_oxide::{
    DataFormat, MZFlush, MZStatus,
    inflate::stream::{InflateState, inflate},
};
use sociscope_inflate::{Inflate, Output, Status};

/// Output is handed over in pieces of this size, as in the zTOC builder.
const CHUNK: usize = 256 * 1024;

/// `sociscope-inflate`, stopping at every block.
#[must_use]
pub fn ours(deflate: &[u8]) -> u64 {
    let (mut decoder, mut output) = (Inflate::new(), Output::with_chunk(CHUNK));
    let mut rest = deflate;
    loop {
        let Ok(step) = decoder.decode(rest, &mut output) else { return 0 };
        rest = &rest[step.consumed..];
        match step.status {
            Status::OutputFull => {
                output.drain();
            }
            Status::EndOfBlock(block) if block.is_final => return output.total(),
            Status::EndOfBlock(_) => {}
            Status::NeedInput => return 0,
        }
    }
}

/// zlib-rs, through flate2.
#[must_use]
pub fn zlib_rs(deflate: &[u8]) -> u64 {
    let (mut decoder, mut chunk) = (Decompress::new(false), vec![0; CHUNK]);
    loop {
        let rest = &deflate[decoder.total_in() as usize..];
        match decoder.decompress(rest, &mut chunk, FlushDecompress::None) {
            Ok(flate2::Status::Ok) => {}
            Ok(flate2::Status::StreamEnd) => return decoder.total_out(),
            _ => return 0,
        }
    }
}

/// miniz_oxide's streaming interface.
#[must_use]
pub fn miniz(deflate: &[u8]) -> u64 {
    let (mut decoder, mut chunk) = (InflateState::new_boxed(DataFormat::Raw), vec![0; CHUNK]);
    let (mut rest, mut total) = (deflate, 0);
    loop {
        let step = inflate(&mut decoder, rest, &mut chunk, MZFlush::None);
        rest = &rest[step.bytes_consumed..];
        total += step.bytes_written as u64;
        match step.status {
            Ok(MZStatus::StreamEnd) => return total,
            Ok(_) => {}
            Err(_) => return 0,
        }
    }
}
