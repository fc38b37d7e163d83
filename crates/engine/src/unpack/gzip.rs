//! gzip (RFC 1952): members of header, deflate blocks and trailer.

use sociscope_inflate::{Inflate, Output, Status};

use super::Fault;

/// The longest header that is read: 64 KiB of extra field, and a name and a comment.
const MAX_HEADER: usize = 128 << 10;

const FLAG_HEADER_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;
const FLAGS_RESERVED: u8 = 0xe0;

/// Where the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In front of the first member.
    First,
    Blocks,
    Trailer,
    /// Behind a member: another one, zeros, or the end.
    Between,
    /// In zeros behind the last member.
    Zeros,
}

pub(super) struct Gzip {
    state: State,
    inflate: Inflate,
    output: Output,
    crc: crc32fast::Hasher,
    /// Bytes taken.
    position: u64,
    /// Where the current header, block or trailer begins.
    part_start: u64,
    /// Length of the output before the current member.
    member_start: u64,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            state: State::First,
            inflate: Inflate::new(),
            output: Output::new(),
            crc: crc32fast::Hasher::new(),
            position: 0,
            part_start: 0,
            member_start: 0,
        }
    }
}

impl Gzip {
    pub(super) fn part_start(&self) -> u64 {
        self.part_start
    }

    pub(super) fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        let taken = match self.state {
            State::First | State::Between => self.header(input)?,
            State::Blocks => self.blocks(input, output)?,
            State::Trailer => self.trailer(input)?,
            State::Zeros => self.zeros(input)?,
        };
        self.position += taken as u64;
        if self.state != State::Blocks {
            self.part_start = self.position;
        }
        Ok(taken)
    }

    pub(super) fn finish(&mut self, rest: &[u8]) -> Result<(), Fault> {
        match self.state {
            State::Between | State::Zeros if rest.is_empty() => Ok(()),
            // One byte that could begin a header.
            State::Between => Err(Fault::Trailing { found: rest.to_vec() }),
            _ => Err(Fault::Truncated),
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<usize, Fault> {
        if self.state == State::Between {
            match input {
                [0, ..] => {
                    self.state = State::Zeros;
                    return self.zeros(input);
                }
                [0x1f] | [0x1f, 0x8b, ..] | [] => {}
                other => return Err(Fault::Trailing { found: other.iter().take(8).copied().collect() }),
            }
        }
        let Some(len) = header_len(input)? else {
            return if input.len() >= MAX_HEADER {
                Err(Fault::Corrupt("the header has no end".to_owned()))
            } else {
                Ok(0)
            };
        };
        self.inflate.reset();
        self.output.begin_member();
        self.member_start = self.output.total();
        self.crc = crc32fast::Hasher::new();
        self.state = State::Blocks;
        self.part_start = self.position + len as u64;
        Ok(len)
    }

    fn blocks(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        let step = self
            .inflate
            .decode(input, &mut self.output)
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        let bytes = self.output.drain();
        self.crc.update(bytes);
        output.extend_from_slice(bytes);
        if let Status::EndOfBlock(block) = step.status {
            self.part_start = self.position + step.consumed as u64;
            if block.is_final {
                self.state = State::Trailer;
            }
        }
        Ok(step.consumed)
    }

    fn trailer(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let Some(trailer) = input.first_chunk::<8>() else { return Ok(0) };
        let [crc, length] = [0, 4].map(|at| {
            let mut word = [0; 4];
            word.copy_from_slice(&trailer[at..at + 4]);
            u32::from_le_bytes(word)
        });
        let computed = std::mem::take(&mut self.crc).finalize();
        if crc != computed {
            return Err(Fault::Checksum { stored: crc, computed });
        }
        // ISIZE is the length modulo 2^32.
        let computed = (self.output.total() - self.member_start) & u64::from(u32::MAX);
        if u64::from(length) != computed {
            return Err(Fault::Length { stored: u64::from(length), computed });
        }
        self.state = State::Between;
        Ok(trailer.len())
    }

    fn zeros(&mut self, input: &[u8]) -> Result<usize, Fault> {
        let zeros = input.iter().take_while(|&&byte| byte == 0).count();
        match input.get(zeros..).unwrap_or_default() {
            [] => Ok(zeros),
            other => Err(Fault::Trailing { found: other.iter().take(8).copied().collect() }),
        }
    }
}

/// How long the header at the start of `input` is; `None` when it is not all there.
fn header_len(input: &[u8]) -> Result<Option<usize>, Fault> {
    let corrupt = |what: &str| Err(Fault::Corrupt(what.to_owned()));
    let Some(&[magic1, magic2, method, flags, ..]) = input.first_chunk::<10>() else { return Ok(None) };
    if [magic1, magic2] != [0x1f, 0x8b] {
        return corrupt("it does not begin with 1f 8b");
    }
    if method != 8 {
        return corrupt("it is compressed with another method than deflate");
    }
    if flags & FLAGS_RESERVED != 0 {
        return corrupt("its header has flags that no version of the format knows");
    }
    let mut at = 10;
    if flags & FLAG_EXTRA != 0 {
        let Some(len) = input.get(at..).and_then(|rest| rest.first_chunk::<2>()) else { return Ok(None) };
        at += 2 + usize::from(u16::from_le_bytes(*len));
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let text = input.get(at..).unwrap_or_default();
            let Some(len) = text.iter().position(|&byte| byte == 0) else { return Ok(None) };
            at += len + 1;
        }
    }
    if flags & FLAG_HEADER_CRC != 0 {
        let Some(stored) = input.get(at..).and_then(|rest| rest.first_chunk::<2>()) else { return Ok(None) };
        // "The two least significant bytes of the CRC32 for all bytes of the gzip header up to and
        // not including the CRC16."
        let computed = crc32fast::hash(input.get(..at).unwrap_or_default()) & 0xffff;
        let stored = u32::from(u16::from_le_bytes(*stored));
        if stored != computed {
            return Err(Fault::Checksum { stored, computed });
        }
        at += 2;
    }
    Ok((at <= input.len()).then_some(at))
}
