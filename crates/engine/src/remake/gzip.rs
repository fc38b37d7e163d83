//! Writing gzip whose bytes depend on the content and the level alone.
//!
//! ```text
//!  1f 8b  08  00    00 00 00 00  00   ff      deflate blocks …      CRC-32   length mod 2^32
//!  magic  CM  FLG   MTIME: none  XFL  OS: ?
//! ```
//!
//! The deflate stream is miniz_oxide's. It is deterministic, but another version may compress
//! differently: Cargo.lock pins it, and a test pins its bytes. At level 1 its matches also depend on
//! how its input is cut, so it gets its input in pieces of one size.

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Raw deflate: the gzip header takes the place of zlib's.
const RAW: i32 = -15;
const DEFAULT_STRATEGY: i32 = 0;
/// The pieces in which content is compressed.
const PIECE: usize = 64 << 10;
const STEP: usize = 64 << 10;

/// A gzip file of one member, being written.
pub(super) struct GzipWriter {
    deflate: Box<CompressorOxide>,
    /// Content that does not fill a piece yet.
    waiting: Vec<u8>,
    crc: crc32fast::Hasher,
    len: u64,
    begun: bool,
}

impl GzipWriter {
    /// `level` from 1, fast, to 9, small; others count as the nearest.
    pub(super) fn new(level: u8) -> Self {
        let flags = create_comp_flags_from_zip_params(i32::from(level.clamp(1, 9)), RAW, DEFAULT_STRATEGY);
        Self {
            deflate: Box::new(CompressorOxide::new(flags)),
            waiting: Vec::with_capacity(PIECE),
            crc: crc32fast::Hasher::new(),
            len: 0,
            begun: false,
        }
    }

    /// Bytes of content so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Compresses `bytes`, in any slicing; what is ready is appended to `to`.
    pub(super) fn write(&mut self, mut bytes: &[u8], to: &mut Vec<u8>) {
        self.crc.update(bytes);
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
            if self.waiting.len() == PIECE {
                self.compress(TDEFLFlush::None, to);
            }
        }
    }

    /// Compresses what is waiting. Never flushed before the end: every flush would end a block, and an
    /// empty one at the start makes a zTOC that the snapshotter refuses.
    fn compress(&mut self, flush: TDEFLFlush, to: &mut Vec<u8>) {
        let mut piece = std::mem::take(&mut self.waiting);
        self.deflate(&piece, flush, to);
        piece.clear();
        self.waiting = piece;
    }

    /// The end of the content.
    pub(super) fn finish(&mut self, to: &mut Vec<u8>) {
        self.compress(TDEFLFlush::Finish, to);
        to.extend(std::mem::take(&mut self.crc).finalize().to_le_bytes());
        // "The size of the original input data modulo 2^32."
        to.extend((self.len as u32).to_le_bytes());
    }

    fn deflate(&mut self, mut bytes: &[u8], flush: TDEFLFlush, to: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.begun, true) {
            to.extend(HEADER);
        }
        loop {
            let start = to.len();
            to.resize(start + STEP, 0);
            let room = to.get_mut(start..).unwrap_or_default();
            let (status, taken, written) = compress(&mut self.deflate, bytes, room, flush);
            to.truncate(start + written);
            bytes = bytes.get(taken..).unwrap_or_default();
            let is_through = match flush {
                TDEFLFlush::Finish => status != TDEFLStatus::Okay,
                _ => bytes.is_empty() && written < STEP,
            };
            if is_through || (taken == 0 && written == 0) {
                return;
            }
        }
    }
}
