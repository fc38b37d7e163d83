//! xz (the .xz file format 1.2): streams of LZMA2 blocks, an index, padding.

use lzma_rust2::{Action, Error, Status, XzStream};

use super::{Fault, STEP};

/// What the decoder counts besides the dictionary, in KiB.
const OVERHEAD_KIB: u64 = 40;

pub(super) struct Xz {
    stream: XzStream,
    max_window: u64,
}

impl Xz {
    pub(super) fn new(max_window: u64) -> Self {
        let kib = (max_window / 1024).saturating_add(OVERHEAD_KIB);
        // The largest value would mean no limit.
        let limit = u32::try_from(kib).unwrap_or(u32::MAX - 1);
        Self { stream: XzStream::new_mem_limit(true, limit), max_window }
    }

    pub(super) fn decode(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, Fault> {
        let start = output.len();
        output.resize(start + STEP, 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let result = self.stream.process(input, room, Action::Run);
        output.truncate(start + result.as_ref().map_or(0, |result| result.bytes_produced));
        result.map(|result| result.bytes_consumed).map_err(|error| self.fault(error))
    }

    pub(super) fn finish(&mut self, rest: &[u8]) -> Result<(), Fault> {
        match self.stream.process(rest, &mut [], Action::Finish) {
            Ok(result) if result.status == Status::StreamEnd => Ok(()),
            Ok(_) => Err(Fault::Truncated),
            Err(error) => Err(self.fault(error)),
        }
    }

    fn fault(&self, error: Error) -> Fault {
        match error {
            Error::Eof => Fault::Truncated,
            Error::OutOfMemory(_) => {
                let needed = u64::from(self.stream.memory_usage().unwrap_or(u32::MAX));
                Fault::Window {
                    needed: needed.saturating_sub(OVERHEAD_KIB).saturating_mul(1024),
                    allowed: self.max_window,
                }
            }
            Error::InvalidData(what) | Error::InvalidInput(what) | Error::Other(what) => {
                Fault::Corrupt(what.to_owned())
            }
            Error::Unsupported(what) => Fault::Corrupt(format!("it uses what is not supported here: {what}")),
            Error::Interrupted | Error::WriteZero(_) => Fault::Corrupt("the decoder stopped".to_owned()),
        }
    }
}

/// The size of the content, out of the index at the end of the last stream, when that lies within
/// `last`.
pub(super) fn size_in_index(last: &[u8]) -> Option<u64> {
    // Stream padding comes in fours.
    let zeros = last.iter().rev().take_while(|&&byte| byte == 0).count();
    let (before, footer) = last.get(..last.len() - zeros / 4 * 4)?.split_last_chunk::<12>()?;
    let [_, _, _, _, s0, s1, s2, s3, _, _, b'Y', b'Z'] = *footer else { return None };
    let len = (usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).ok()? + 1).checked_mul(4)?;
    let mut index = before.get(before.len().checked_sub(len)?..)?;
    let mut number = || {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = index.split_first()?;
            index = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    };
    if number()? != 0 {
        return None;
    }
    let records = number()?;
    let mut size = 0_u64;
    for _ in 0..records {
        let _unpadded = number()?;
        size = size.checked_add(number()?)?;
    }
    Some(size)
}
