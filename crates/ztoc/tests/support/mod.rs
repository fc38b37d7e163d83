//! Layers made for a purpose.
#![allow(dead_code, reason = "every test file uses another part")]

use miniz_oxide::deflate::core::{CompressionStrategy, CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZError, MZFlush};
use sociscope_ztoc::{Build, BuildOptions, Builder, Compression, Error, SpanSize};

/// A header block under construction.
#[derive(Clone)]
pub struct Block([u8; 512]);

impl Block {
    /// A ustar header for a member of this name, type and size.
    pub fn new(name: &str, flag: u8, size: u64) -> Self {
        Self([0; 512])
            .field(0, name.as_bytes())
            .field(100, b"0000644\0")
            .field(108, b"0001750\0")
            .field(116, b"0001751\0")
            .field(124, format!("{size:011o}\0").as_bytes())
            .field(136, b"14000000000\0")
            .field(156, &[flag])
            .field(257, b"ustar\x0000")
            .field(265, b"user")
            .field(297, b"group")
    }

    /// Overwrites bytes.
    pub fn field(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The block with its checksum.
    pub fn sum(self) -> Vec<u8> {
        let block = self.field(148, b"        ");
        let sum: u32 = block.0.iter().map(|&byte| u32::from(byte)).sum();
        block.field(148, format!("{sum:06o}\0 ").as_bytes()).0.to_vec()
    }
}

/// Data and padding to a whole block.
pub fn padded(data: &[u8]) -> Vec<u8> {
    let mut padded = data.to_vec();
    padded.resize(data.len().next_multiple_of(512), 0);
    padded
}

/// A regular file.
pub fn file(name: &str, data: &[u8]) -> Vec<u8> {
    [Block::new(name, b'0', data.len() as u64).sum(), padded(data)].concat()
}

/// A PAX header with these records.
pub fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while format!("{length}{rest}").len() != length {
            length += 1;
        }
        body.extend_from_slice(format!("{length}{rest}").as_bytes());
    }
    [Block::new("pax", b'x', body.len() as u64).sum(), padded(&body)].concat()
}

/// The two blocks of zeros.
pub fn end() -> Vec<u8> {
    vec![0; 1024]
}

/// A tar of files with these contents.
pub fn tar(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (index, data) in contents.iter().enumerate() {
        tar.extend(file(&format!("dir/file-{index}"), data));
    }
    tar.extend(end());
    tar
}

/// Words, runs and noise, so that all kinds of blocks and distances occur.
pub fn sample(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut out = Vec::new();
    while out.len() < len {
        match next() % 4 {
            0 => out.extend(std::iter::repeat_n((next() >> 9) as u8, (next() % 700) as usize)),
            1 => out.extend((0..next() % 3000).map(|_| (next() >> 24) as u8)),
            _ => out.extend(format!("entry {} of {}\n", next() % 100, next() % 7).bytes()),
        }
    }
    out.truncate(len);
    out
}

/// How a member is compressed.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    pub level: i32,
    pub strategy: CompressionStrategy,
    /// Flush, and so end a block, after this many bytes.
    pub flush_every: usize,
    /// How to flush.
    pub flush: MZFlush,
}

impl Recipe {
    pub const USUAL: Self = Self {
        level: 6,
        strategy: CompressionStrategy::Default,
        flush_every: usize::MAX,
        flush: MZFlush::None,
    };
}

/// A raw deflate stream.
pub fn deflated(data: &[u8], recipe: Recipe) -> Vec<u8> {
    let flags = create_comp_flags_from_zip_params(recipe.level, -15, recipe.strategy as i32);
    let mut compressor = CompressorOxide::new(flags);
    let (mut stream, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let mut run = |mut input: &[u8], flush| {
        loop {
            let result = deflate(&mut compressor, input, &mut buffer, flush);
            input = &input[result.bytes_consumed..];
            stream.extend_from_slice(&buffer[..result.bytes_written]);
            let is_done = match result.status {
                Ok(miniz_oxide::MZStatus::StreamEnd) | Err(MZError::Buf) => true,
                Ok(_) => input.is_empty() && result.bytes_written < buffer.len() && flush != MZFlush::Finish,
                Err(error) => panic!("{error:?}"),
            };
            if is_done {
                break;
            }
        }
    };
    if recipe.flush != MZFlush::None {
        for piece in data.chunks(recipe.flush_every) {
            run(piece, recipe.flush);
        }
        run(&[], MZFlush::Finish);
    } else {
        run(data, MZFlush::Finish);
    }
    stream
}

/// A gzip member with a plain header of ten bytes.
pub fn member(data: &[u8], recipe: Recipe) -> Vec<u8> {
    wrapped(&deflated(data, recipe), data)
}

/// A gzip member around a deflate stream that gives `data`.
pub fn wrapped(stream: &[u8], data: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    member.extend_from_slice(stream);
    member.extend_from_slice(&crc32fast::hash(data).to_le_bytes());
    member.extend_from_slice(&(data.len() as u32).to_le_bytes());
    member
}

/// A gzip layer of one member.
pub fn gzip(tar: &[u8]) -> Vec<u8> {
    member(tar, Recipe::USUAL)
}

pub fn span_size(bytes: u64) -> SpanSize {
    SpanSize::new(bytes).expect("a span size")
}

pub fn gzip_options(span: u64) -> BuildOptions {
    BuildOptions { span_size: span_size(span), ..BuildOptions::default() }
}

pub fn plain_options(span: u64) -> BuildOptions {
    BuildOptions { compression: Compression::Uncompressed, ..gzip_options(span) }
}

/// Builds with the layer in slices of these lengths, over and over.
pub fn build_sliced(layer: &[u8], options: BuildOptions, lengths: &[usize]) -> Result<Build, Error> {
    let mut builder = Builder::new(options)?;
    let mut rest = layer;
    for &length in lengths.iter().cycle() {
        let (slice, tail) = rest.split_at(length.clamp(1, rest.len().max(1)).min(rest.len()));
        builder.push(slice)?;
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    builder.finish()
}
