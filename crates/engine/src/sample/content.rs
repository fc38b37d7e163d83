//! File contents from a fixed seed: they compress like the real thing and mean nothing.

/// Where all content comes from. Every call moves it on, so the order of calls is part of the
/// result.
pub(super) struct Source {
    state: u64,
    words: Vec<String>,
    /// Runs of machine code, as compilers repeat them.
    phrases: Vec<Vec<u8>>,
}

const SYLLABLES: [&str; 48] = [
    "an", "ar", "as", "at", "be", "ca", "ce", "co", "con", "de", "di", "do", "ed", "el", "en", "er", "es",
    "ex", "fa", "for", "ge", "in", "ing", "ion", "is", "it", "la", "le", "li", "lo", "ma", "me", "mi", "na",
    "ne", "no", "on", "or", "pa", "per", "pre", "ra", "re", "ri", "se", "ta", "ter", "ve",
];

/// Bytes that machine code for x86-64 is mostly made of.
const OPCODES: [&[u8]; 16] = [
    &[0x48, 0x89],
    &[0x48, 0x8b],
    &[0xe8],
    &[0x0f, 0x84],
    &[0x48, 0x83, 0xc4],
    &[0xc3],
    &[0x55],
    &[0x41, 0x57],
    &[0x31, 0xc0],
    &[0x48, 0x8d, 0x3d],
    &[0x85, 0xc0],
    &[0x74],
    &[0xeb],
    &[0x66, 0x90],
    &[0x4c, 0x89, 0xe7],
    &[0xff, 0x15],
];

impl Source {
    pub(super) fn new() -> Self {
        let mut source = Self { state: 0x50c1_5c09_e5ee_d001, words: Vec::new(), phrases: Vec::new() };
        source.words = (0..1800)
            .map(|_| {
                let syllables = 1 + source.below(4);
                (0..syllables).map(|_| SYLLABLES[source.below(SYLLABLES.len())]).collect()
            })
            .collect();
        source.phrases = (0..400).map(|_| source.phrase()).collect();
        source
    }

    /// A few instructions with their operands.
    fn phrase(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..2 + self.below(4) {
            bytes.extend(OPCODES[self.below(OPCODES.len())]);
            match self.below(3) {
                0 => bytes.extend((self.next() as u32 & 0x0000_ffff).to_le_bytes()),
                1 => bytes.push(self.next() as u8 & 0x7f),
                _ => {}
            }
        }
        bytes
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // The high bits, by multiplication: the same on 32-bit and 64-bit machines.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A place in a list of `bound`, the first ones far more often, as words are in any language.
    fn rank(&mut self, bound: usize) -> usize {
        self.below(bound) * self.below(bound) / bound * self.below(bound) / bound
    }

    /// A word.
    pub(super) fn word(&mut self) -> &str {
        let rank = self.rank(self.words.len());
        &self.words[rank]
    }

    /// Prose: licences, changelogs, documentation.
    pub(super) fn prose(&mut self, len: usize) -> Vec<u8> {
        let mut text = String::with_capacity(len + 16);
        let mut column = 0;
        while text.len() < len {
            let word = self.word().to_owned();
            if column + word.len() > 76 {
                text.push_str(if self.below(7) == 0 { ".\n\n" } else { "\n" });
                column = 0;
            } else if column > 0 {
                text.push(' ');
            }
            text.push_str(&word);
            column += word.len() + 1;
        }
        text.push('\n');
        text.into_bytes()
    }

    /// Source code of no particular meaning.
    pub(super) fn code(&mut self, len: usize) -> Vec<u8> {
        let mut text = String::with_capacity(len + 200);
        text.push_str("from __future__ import annotations\n\n");
        while text.len() < len {
            let name = self.word().to_owned();
            let (a, b, c) = (self.word().to_owned(), self.word().to_owned(), self.word().to_owned());
            let number = self.below(1000);
            text.push_str(&match self.below(6) {
                0 => format!(
                    "def {name}_{a}({b}: int, {c}: str) -> None:\n    \"\"\"Return {a} {b} for {c}.\"\"\"\n"
                ),
                1 => format!("    if self.{a} is None:\n        raise ValueError(\"{name} {b} {c}\")\n"),
                2 => format!("    for {a} in self.{b}.values():\n        yield {a}[{number}]\n"),
                3 => format!("class {name}{a}(Base{b}):\n    {c} = {number}\n\n"),
                4 => format!("    return self._{name}({a}, {b}={number})\n\n"),
                _ => format!("    self.{name} = {a}.{b}({c}, timeout={number})\n"),
            });
        }
        text.into_bytes()
    }

    /// A shared object or program: an ELF header, machine-code-like bytes, tables, strings.
    pub(super) fn elf(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 64);
        bytes.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0");
        bytes.resize(256, 0);
        while bytes.len() < len * 7 / 10 {
            let rank = self.rank(self.phrases.len());
            bytes.extend(&self.phrases[rank]);
            if self.below(3) == 0 {
                // A call: its displacement is different every time.
                bytes.push(0xe8);
                bytes.extend((self.next() as u32 & 0x000f_ffff).to_le_bytes());
            }
        }
        while bytes.len() < len * 8 / 10 {
            bytes.extend((0x0040_0000 + self.below(len) as u64).to_le_bytes());
            bytes.extend([8, 0, 0, 0]);
            bytes.extend((self.below(4000) as u32).to_le_bytes());
        }
        while bytes.len() < len {
            let (a, b) = (self.word().to_owned(), self.word().to_owned());
            bytes.extend(format!("_ZN{}{a}{}{b}Ev\0", a.len(), b.len()).bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// Already compressed: pictures, archives, certificates in binary.
    pub(super) fn noise(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// A certificate as text.
    pub(super) fn certificate(&mut self) -> Vec<u8> {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = b"-----BEGIN CERTIFICATE-----\n".to_vec();
        for _ in 0..18 {
            for _ in 0..64 {
                text.push(ALPHABET[self.below(64)]);
            }
            text.push(b'\n');
        }
        text.extend(b"-----END CERTIFICATE-----\n");
        text
    }
}
