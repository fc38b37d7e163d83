//! Layers of gigabytes in seconds.
//!
//! Deflating 10 GiB takes minutes, and making up their content as well. But most bytes of a layer are
//! in its few large files, and a deflate stream may be put together from parts that end on a byte:
//!
//! ```text
//!  tar      │ hdr small pad hdr small pad hdr │    large file    │ pad hdr small … hdr │  large  │ …
//!  deflate  │ compressed here                 │ from the pool    │ compressed here     │  pool   │ …
//!                                    each part ends with a flush and looks back at none before it
//! ```
//!
//! So only the small files are new; the large ones come from a pool that was deflated once. What comes
//! out is one gzip member with the mix of files of [`sociscope_bench::layer`].

use flate2::{Compress, Compression, FlushCompress, Status};
use sha2::{Digest, Sha256};
use sociscope_bench::layer::{self, Files};
use std::io::{self, Write};

/// Files of at least this many bytes come from the pool.
const LARGE: usize = 64 << 10;
/// Uncompressed bytes of the pool.
const POOL: usize = 96 << 20;
/// Bytes of tar after which a run of small files is deflated.
const RUN: usize = 4 << 20;
/// gzip as `gzip -6` writes it without a name and time.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

/// Large files, deflated once.
pub struct Pool(Vec<Pooled>);

struct Pooled {
    bytes: Vec<u8>,
    deflated: Vec<u8>,
    crc: crc32fast::Hasher,
}

impl Pool {
    /// Makes them up.
    pub fn new() -> io::Result<Self> {
        let mut files = Files::new(layer::SEED);
        let mut pool = Vec::new();
        let mut made = 0;
        while made < POOL {
            let len = files.size();
            if len < LARGE {
                files.skip();
                continue;
            }
            let mut bytes = Vec::new();
            files.next(len, &mut bytes);
            let mut crc = crc32fast::Hasher::new();
            crc.update(&bytes);
            let deflated = deflate(&bytes, FlushCompress::Full)?;
            made += bytes.len();
            pool.push(Pooled { bytes, deflated, crc });
        }
        Ok(Self(pool))
    }
}

/// What a layer holds.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A mix of files until the layer has about so many compressed bytes.
    Mixed(u64),
    /// So many small files.
    Modules(usize),
}

/// A layer that was written.
pub struct Written {
    /// SHA-256 of the tar, `sha256:…`.
    pub diff_id: String,
    /// Size of the tar.
    pub tar_bytes: u64,
    /// Files in it.
    pub files: usize,
}

/// Writes a gzip layer.
pub fn write(out: &mut impl Write, content: Content, seed: u64, pool: &Pool) -> io::Result<Written> {
    let mut layer = Layer {
        out,
        written: 0,
        run: Vec::new(),
        crc: crc32fast::Hasher::new(),
        diff_id: Sha256::new(),
        tar_bytes: 0,
    };
    let mut files = Files::new(seed);
    layer.put(&GZIP_HEADER)?;
    let mut content_of_one = Vec::new();
    match content {
        Content::Mixed(bytes) => {
            while layer.written < bytes {
                let len = files.size();
                if len < LARGE {
                    let number = files.number();
                    let path = files.next(len, &mut content_of_one);
                    layer.small(number, &path, &content_of_one)?;
                } else {
                    let Some(large) = pool.0.get(files.below(pool.0.len())) else { break };
                    let header = header(files.number(), &files.path(), large.bytes.len())?;
                    files.skip();
                    layer.large(&header, large)?;
                }
            }
        }
        Content::Modules(count) => {
            for number in 0..count {
                let path = files.next_module(&mut content_of_one);
                layer.small(number, &path, &content_of_one)?;
            }
        }
    }
    layer.finish(files.number())
}

struct Layer<'a, W> {
    out: &'a mut W,
    /// Compressed bytes.
    written: u64,
    /// Bytes of tar that wait to be deflated.
    run: Vec<u8>,
    crc: crc32fast::Hasher,
    diff_id: Sha256,
    tar_bytes: u64,
}

impl<W: Write> Layer<'_, W> {
    fn small(&mut self, number: usize, path: &str, content: &[u8]) -> io::Result<()> {
        self.run.extend_from_slice(header(number, path, content.len())?.as_bytes());
        self.run.extend_from_slice(content);
        self.pad(content.len());
        if self.run.len() >= RUN { self.flush(FlushCompress::Full) } else { Ok(()) }
    }

    fn large(&mut self, header: &tar::Header, file: &Pooled) -> io::Result<()> {
        self.run.extend_from_slice(header.as_bytes());
        self.flush(FlushCompress::Full)?;
        self.crc.combine(&file.crc);
        self.diff_id.update(&file.bytes);
        self.tar_bytes += file.bytes.len() as u64;
        self.put(&file.deflated)?;
        self.pad(file.bytes.len());
        Ok(())
    }

    fn pad(&mut self, len: usize) {
        self.run.resize(self.run.len() + len.next_multiple_of(512) - len, 0);
    }

    /// Deflates what waits.
    fn flush(&mut self, how: FlushCompress) -> io::Result<()> {
        let run = std::mem::take(&mut self.run);
        self.crc.update(&run);
        self.diff_id.update(&run);
        self.tar_bytes += run.len() as u64;
        self.put(&deflate(&run, how)?)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn finish(mut self, files: usize) -> io::Result<Written> {
        self.run.resize(self.run.len() + 1024, 0);
        self.flush(FlushCompress::Finish)?;
        self.put(&self.crc.clone().finalize().to_le_bytes())?;
        // Modulo 2³², as RFC 1952 has it.
        self.put(&(self.tar_bytes as u32).to_le_bytes())?;
        Ok(Written { diff_id: super::archive::name(self.diff_id), tar_bytes: self.tar_bytes, files })
    }
}

fn header(number: usize, path: &str, len: usize) -> io::Result<tar::Header> {
    let mut header = layer::header(number, len as u64)?;
    header.set_path(path)?;
    header.set_cksum();
    Ok(header)
}

/// Level 6. A full flush ends on a byte, and the next part cannot look back across it.
fn deflate(bytes: &[u8], how: FlushCompress) -> io::Result<Vec<u8>> {
    let mut compress = Compress::new(Compression::new(6), false);
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1024);
    loop {
        let taken = compress.total_in() as usize;
        let status = compress.compress_vec(&bytes[taken..], &mut out, how).map_err(io::Error::other)?;
        // With room left over, everything that can be said was said.
        if status == Status::StreamEnd || out.len() < out.capacity() {
            return Ok(out);
        }
        out.reserve(64 << 10);
    }
}
