//! Passing over the header of a gzip member (RFC 1952 §2.3), in any slices.

const EXTRA: u8 = 0x04;
const NAME: u8 = 0x08;
const COMMENT: u8 = 0x10;
const HEADER_CRC: u8 = 0x02;

/// Passes over one header. Whether its checksum is right was for the builder to say.
#[derive(Clone, Debug, Default)]
pub(super) struct MemberHeader {
    /// The ten bytes that every header has.
    fixed: Vec<u8>,
    /// The optional fields that are still to come.
    flags: u8,
    /// Bytes seen of the extra field's length, and of the header's checksum.
    length_seen: u8,
    checksum_seen: u8,
    extra_left: u16,
}

impl MemberHeader {
    /// How many bytes belong to the header, and whether it is complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), String> {
        for (taken, byte) in (1..).zip(bytes) {
            if self.take(*byte)? {
                return Ok((taken, true));
            }
        }
        Ok((bytes.len(), false))
    }

    /// Whether this was the last byte.
    fn take(&mut self, byte: u8) -> Result<bool, String> {
        if self.fixed.len() < 10 {
            self.fixed.push(byte);
            if let [magic @ .., flags, _, _, _, _, _, _] = self.fixed.as_slice()
                && self.fixed.len() == 10
            {
                if magic != [0x1f, 0x8b, 8] {
                    return Err("no gzip member follows where the one before ends".to_owned());
                }
                self.flags = flags & (EXTRA | NAME | COMMENT | HEADER_CRC);
                return Ok(self.flags == 0);
            }
            return Ok(false);
        }
        if self.flags & EXTRA != 0 {
            match self.length_seen {
                0 => self.extra_left = u16::from(byte),
                1 => self.extra_left |= u16::from(byte) << 8,
                _ => self.extra_left = self.extra_left.saturating_sub(1),
            }
            self.length_seen = (self.length_seen + 1).min(2);
            if self.length_seen == 2 && self.extra_left == 0 {
                self.flags &= !EXTRA;
            }
        } else if self.flags & (NAME | COMMENT) != 0 {
            if byte == 0 {
                self.flags &= if self.flags & NAME != 0 { !NAME } else { !COMMENT };
            }
        } else {
            self.checksum_seen += 1;
            if self.checksum_seen == 2 {
                self.flags &= !HEADER_CRC;
            }
        }
        Ok(self.flags == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &[u8]) {
        let with_data = [header, b"data"].concat();
        for step in 1..with_data.len() {
            let (mut reader, mut total) = (MemberHeader::default(), 0);
            for slice in with_data.chunks(step) {
                let (taken, is_complete) = reader.push(slice).unwrap();
                total += taken;
                if is_complete {
                    break;
                }
            }
            assert_eq!(total, header.len(), "in slices of {step}");
        }
    }

    #[test]
    fn a_header_is_as_long_as_its_flags_say() {
        let fixed = |flags: u8| vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        check(&fixed(0));
        check(&fixed(1));
        check(&[fixed(EXTRA), vec![3, 0, 9, 9, 9]].concat());
        check(&[fixed(EXTRA), vec![0, 0]].concat());
        check(&[fixed(NAME), b"layer.tar\0".to_vec()].concat());
        check(&[fixed(NAME | COMMENT), b"\0x\0".to_vec()].concat());
        check(&[fixed(HEADER_CRC), vec![0, 7]].concat());
        check(&[fixed(EXTRA | NAME | COMMENT | HEADER_CRC), vec![1, 0, 0, 0, 0, 1, 2]].concat());
    }

    #[test]
    fn anything_else_is_no_header() {
        assert!(MemberHeader::default().push(b"ustar-like bytes").is_err());
    }
}
