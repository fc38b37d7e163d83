//! A large layer nobody has to download: seeded, so that every machine measures the same bytes.
//!
//! The mix follows what real images hold. Per 100 bytes of file content: 40 of text and source,
//! 40 of machine code and its tables, 20 of data that is compressed already (wheels, jars, images).
//! Sizes are spread over four orders of magnitude, as in a Python or Node image.

use std::io::{self, Write};

/// What every machine begins with.
pub const SEED: u64 = 0x5eed_0f50_c15c_09e5;

/// Writes a tar of roughly `size` bytes.
///
/// # Errors
/// Those of `out`.
pub fn write_tar(out: impl Write, size: u64) -> io::Result<()> {
    let mut files = Files::new(SEED);
    let mut archive = tar::Builder::new(out);
    let mut written = 0;
    let mut content = Vec::new();
    while written < size {
        let len = files.size().min((size - written).max(512) as usize);
        let number = files.number;
        let path = files.next(len, &mut content);
        let mut header = header(number, content.len() as u64)?;
        archive.append_data(&mut header, path, content.as_slice())?;
        written += 512 + (content.len() as u64).next_multiple_of(512);
    }
    archive.finish()
}

/// The header of the `number`th file, still without its path and checksum.
///
/// # Errors
/// None in practice: the names fit.
pub fn header(number: usize, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000 + number as u64);
    header.set_username("root")?;
    header.set_groupname("root")?;
    Ok(header)
}

/// Makes up the files of a layer, one after the other.
pub struct Files {
    random: Random,
    words: Vec<String>,
    number: usize,
}

impl Files {
    /// The same seed gives the same files.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let words = vocabulary(&mut random);
        Self { random, words, number: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.random.below(bound)
    }

    /// How many there were.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// A size for the next one: 200 B … 2 MB, most files small and most bytes in the large ones.
    pub fn size(&mut self) -> usize {
        file_size(&mut self.random)
    }

    /// Puts the next file into `content`, which is cleared first, and returns its path.
    pub fn next(&mut self, len: usize, content: &mut Vec<u8>) -> String {
        content.clear();
        let path = self.path();
        let (random, words) = (&mut self.random, &self.words);
        match self.number % 10 {
            0..4 => text(random, words, len, content),
            4..8 => machine_code(random, words, len, content),
            _ => content.extend(std::iter::repeat_with(|| random.byte()).take(len)),
        }
        self.number += 1;
        path
    }

    /// The path of the next file, for a caller that has other content for it.
    #[must_use]
    pub fn path(&self) -> String {
        let (number, words) = (self.number, &self.words);
        match number % 10 {
            0..4 => format!(
                "usr/lib/python3/dist-packages/{}/{}{number}.py",
                words[number % 97],
                words[number % 1013]
            ),
            4..8 => format!("usr/lib/x86_64-linux-gnu/lib{}{number}.so.{}", words[number % 1013], number % 9),
            _ => format!("usr/share/{}/{}{number}.whl", words[number % 97], words[number % 1013]),
        }
    }

    /// Goes on to the next file without making the content of this one.
    pub fn skip(&mut self) {
        self.number += 1;
    }

    /// A short source file deep in a tree of packages, as `node_modules` is made of. Its path has 80
    /// to 180 bytes.
    pub fn next_module(&mut self, content: &mut Vec<u8>) -> String {
        content.clear();
        let number = self.number;
        let len = 60 + self.random.rank(6000);
        text(&mut self.random, &self.words, len, content);
        self.number += 1;
        let words = &self.words;
        let word = |index: usize| words[index % words.len()].as_str();
        let (package, module) = (number / 40, number % 40);
        let mut path =
            format!("usr/src/app/node_modules/@{}/{}-{package}", word(package), word(package * 7 + 1));
        for depth in 0..1 + package % 3 {
            path.push_str(&format!(
                "/node_modules/{}-{}",
                word(package * 13 + depth),
                word(package + depth * 31)
            ));
        }
        path.push_str(&format!(
            "/dist/esm/{}/{}-{}.{module}.js",
            word(module),
            word(number),
            word(number / 3)
        ));
        path
    }
}

/// SplitMix64: tiny, seedable, and good enough to look irregular to a compressor.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }

    /// Small values often, large ones rarely: what ranks of words and operands look like.
    fn rank(&mut self, bound: usize) -> usize {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((bound as f64).powf(unit) - 1.0) as usize
    }
}

fn file_size(random: &mut Random) -> usize {
    200 + random.rank(2_000_000)
}

fn vocabulary(random: &mut Random) -> Vec<String> {
    const ONSETS: [&str; 16] =
        ["b", "ch", "d", "f", "gr", "l", "m", "n", "pr", "r", "s", "st", "t", "v", "w", "k"];
    const RIMES: [&str; 12] = ["a", "er", "in", "o", "ate", "ion", "e", "ing", "ust", "al", "y", "ode"];
    (0..4096)
        .map(|_| {
            (0..1 + random.below(3))
                .flat_map(|_| [ONSETS[random.below(16)], RIMES[random.below(12)]])
                .collect()
        })
        .collect()
}

/// Indented lines of calls, assignments and prose.
fn text(random: &mut Random, words: &[String], len: usize, out: &mut Vec<u8>) {
    while out.len() < len {
        out.extend(std::iter::repeat_n(b' ', 4 * random.below(4)));
        for position in 0..3 + random.below(9) {
            out.extend_from_slice(words[random.rank(words.len())].as_bytes());
            out.extend_from_slice(match (position, random.below(8)) {
                (0, _) => b" = ",
                (_, 0) => b"(",
                (_, 1) => b"), ",
                (_, 2) => b".",
                (_, 3) => b"_",
                _ => b" ",
            });
        }
        out.push(b'\n');
    }
    out.truncate(len);
}

/// Instructions with skewed operands, then a relocation table and symbol names, as in an ELF file.
fn machine_code(random: &mut Random, words: &[String], len: usize, out: &mut Vec<u8>) {
    const OPCODES: [&[u8]; 20] = [
        &[0x48, 0x89],
        &[0x48, 0x8b],
        &[0xe8],
        &[0x0f, 0x84],
        &[0x48, 0x8d, 0x35],
        &[0xc3],
        &[0x31, 0xc0],
        &[0x55],
        &[0x48, 0x83, 0xec],
        &[0x74],
        &[0xeb],
        &[0x85, 0xc0],
        &[0x41, 0x57],
        &[0x5d],
        &[0x0f, 0x1f, 0x44, 0x00],
        &[0xf3, 0x0f, 0x1e, 0xfa],
        &[0x4c, 0x89],
        &[0x44, 0x8b],
        &[0xff, 0x15],
        &[0x66, 0x90],
    ];
    out.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
    let (code_end, table_end) = (len * 7 / 10, len * 9 / 10);
    while out.len() < code_end {
        let opcode = random.rank(OPCODES.len());
        out.extend_from_slice(OPCODES[opcode]);
        match opcode % 4 {
            0 => out.push(0xc0 | random.rank(64) as u8),
            1 => out.extend_from_slice(&[0x44 | random.rank(64) as u8, 0x24, (random.rank(32) * 8) as u8]),
            2 => out.extend_from_slice(&(random.rank(1 << 20) as u32).wrapping_neg().to_le_bytes()),
            _ => {}
        }
    }
    let mut address = 0x3d_b000u64;
    while out.len() < table_end {
        address += 8 * (1 + random.rank(64) as u64);
        out.extend_from_slice(&address.to_le_bytes());
        out.extend_from_slice(&8u64.to_le_bytes());
        out.extend_from_slice(&(random.rank(1 << 22) as u64).to_le_bytes());
    }
    while out.len() < len {
        out.extend_from_slice(b"_ZN");
        out.extend_from_slice(words[random.rank(words.len())].as_bytes());
        out.extend_from_slice(words[random.rank(words.len())].as_bytes());
        out.extend_from_slice(b"Ev\0");
    }
    out.truncate(len);
}
