//! The records of a PAX extended header: `"<length> <key>=<value>\n"`, the length in decimal and
//! counting the whole record, itself included.

use super::header::HeaderError;

/// What PAX records change about the next member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pax {
    pub(crate) path: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) size: Option<u64>,
    /// Any `GNU.sparse.` key: the data are a map and the parts that are no holes.
    pub(crate) sparse: bool,
}

impl Pax {
    /// Reads all records; a later one overrides an earlier of the same key, an empty value unsets.
    pub(crate) fn read(&mut self, mut text: &[u8]) -> Result<(), HeaderError> {
        while !text.is_empty() {
            let (key, value, rest) = split_record(text).ok_or(HeaderError::Pax)?;
            text = rest;
            let words = || Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty());
            match key {
                b"path" => self.path = words(),
                b"linkpath" => self.link = words(),
                b"size" if value.is_empty() => self.size = None,
                b"size" => self.size = Some(decimal(value).ok_or(HeaderError::Pax)?),
                _ if key.starts_with(b"GNU.sparse.") => {
                    self.sparse = true;
                    if key == b"GNU.sparse.name" {
                        self.path = words();
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The first record's key and value, and what follows it.
fn split_record(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = text.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(text.get(..blank)?)?).ok()?;
    let record = text.get(blank.checked_add(1)?..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=').filter(|&at| at > 0)?;
    Some((record.get(..equals)?, record.get(equals.checked_add(1)?..)?, text.get(length..)?))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Pax, HeaderError>) {
        let mut pax = Pax::default();
        assert_eq!(pax.read(text.as_bytes()).map(|()| pax), expected, "{text:?}");
    }

    #[test]
    fn records_change_name_link_and_size() {
        check("", Ok(Pax::default()));
        check(
            "9 path=a\n14 linkpath=b\n11 size=77\n",
            Ok(Pax { path: Some("a".into()), link: Some("b".into()), size: Some(77), sparse: false }),
        );
        check("9 path=a\n9 path=b\n", Ok(Pax { path: Some("b".into()), ..Pax::default() }));
        check("9 path=a\n8 path=\n", Ok(Pax::default()));
        check("22 GNU.sparse.major=1\n", Ok(Pax { sparse: true, ..Pax::default() }));
    }

    #[test]
    fn malformed_records_are_refused() {
        for text in [
            "path=a\n",
            "9 path=a",
            "99 path=a\n",
            "0 path=a\n",
            "2 path=a\n",
            "6 a=\n",
            "4 a\n",
            "5 =ab\n",
            "12 size=-77\n",
            "99999999999999999999 path=a\n",
        ] {
            let mut pax = Pax::default();
            assert_eq!(pax.read(text.as_bytes()), Err(HeaderError::Pax), "{text:?}");
        }
    }
}
