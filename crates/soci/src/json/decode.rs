//! Decoding into values, as Go does: what the text does not mention stays.

use super::JsonError;
use super::read::Reader;
use std::collections::BTreeMap;

/// A type that can be decoded into, as Go decodes: what the text does not mention stays.
pub(crate) trait Decode {
    /// Decodes the next value of `reader` into `self`.
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError>;
}

/// Reads a whole document: one value and nothing but white space around it.
pub(crate) fn parse<T: Decode + Default>(text: &[u8]) -> Result<T, JsonError> {
    let mut reader = Reader::new(text);
    let mut value = T::default();
    value.decode(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(found) => Err(reader.unexpected(found, "the end of the document")),
    }
}

/// Reads the first value of a document and does not look at what follows it.
pub(crate) fn parse_first<T: Decode + Default>(text: &[u8]) -> Result<T, JsonError> {
    let mut value = T::default();
    value.decode(&mut Reader::new(text))?;
    Ok(value)
}

impl Decode for String {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        if reader.null()? {
            return Ok(());
        }
        *self = reader.text()?;
        Ok(())
    }
}

/// Strings for which empty and absent are the same.
impl Decode for Option<String> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        let mut text = self.take().unwrap_or_default();
        text.decode(reader)?;
        *self = (!text.is_empty()).then_some(text);
        Ok(())
    }
}

impl Decode for i64 {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        if reader.null()? {
            return Ok(());
        }
        *self = reader.integer()?;
        Ok(())
    }
}

/// Lists. An element that was there before is decoded into, not replaced.
impl<T: Decode + Default> Decode for Vec<T> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        let mut len = 0;
        reader.array(|index, reader| {
            len = index + 1;
            if let Some(element) = self.get_mut(index) {
                return element.decode(reader);
            }
            let mut element = T::default();
            element.decode(reader)?;
            self.push(element);
            Ok(())
        })?;
        self.truncate(len);
        Ok(())
    }
}

/// Pointers in Go, and lists that must tell absent from empty: `null` makes them absent, any
/// other value is decoded into what is there.
pub(crate) fn pointer<T: Decode + Default>(
    target: &mut Option<T>,
    reader: &mut Reader<'_>,
) -> Result<(), JsonError> {
    if reader.null()? {
        *target = None;
        return Ok(());
    }
    target.get_or_insert_default().decode(reader)
}

/// Maps. Values are never merged, only replaced.
impl Decode for BTreeMap<String, String> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        if reader.null()? {
            self.clear();
            return Ok(());
        }
        reader.members(|key, reader| {
            let mut value = String::new();
            value.decode(reader)?;
            self.insert(key, value);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_documents_are_refused() {
        let cases: [&[u8]; 22] = [
            b"",
            b" ",
            b"\xef\xbb\xbf{}",
            b"{",
            b"{}x",
            b"{} {}",
            b"{a:1}",
            b"{\"a\"}",
            b"{\"a\":}",
            b"{\"a\":1,}",
            b"{\"a\":[1,]}",
            b"{\"a\":[1}}",
            b"{\"a\":01}",
            b"{\"a\":+1}",
            b"{\"a\":1.}",
            b"{\"a\":.5}",
            b"{\"a\":1e}",
            b"{\"a\":nul}",
            b"{\"a\":\"\x01\"}",
            b"{\"a\":\"\\x\"}",
            b"{\"a\":\"\\u12g4\"}",
            b"{\"a\":\"open}",
        ];
        for json in cases {
            assert!(parse::<Anything>(json).is_err(), "{}", json.escape_ascii());
        }
    }

    #[test]
    fn unknown_values_are_skipped_whatever_they_are() {
        let cases: [&[u8]; 6] = [
            b"{}",
            b" { \"a\" : [ ] , \"b\" : { } } \r\n",
            b"{\"a\":[1,-0.5e+9,\"x\",null,true,false,{\"b\":[[],{}]}]}",
            b"null",
            b"{\"\":\"\xff\"}",
            b"{\"a\":1e999999}",
        ];
        for json in cases {
            assert_eq!(parse::<Anything>(json), Ok(Anything), "{}", json.escape_ascii());
        }
    }

    #[test]
    fn depth_is_bounded_by_a_number_not_by_the_stack() {
        let nested = |depth: usize| [&b"{\"a\":"[..], &vec![b'['; depth], &vec![b']'; depth], b"}"].concat();
        assert_eq!(parse::<Anything>(&nested(9_999)), Ok(Anything));
        assert!(parse::<Anything>(&nested(10_000)).is_err());
        assert!(parse::<Anything>(&vec![b'['; 50_000_000]).is_err());
    }

    #[test]
    fn integers_must_be_written_as_such() {
        for (json, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-5", Some(-5)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("3.174e3", None),
            ("3.0", None),
            ("\"3\"", None),
            ("null", Some(0)),
        ] {
            assert_eq!(parse::<i64>(json.as_bytes()).ok(), expected, "{json}");
        }
    }

    #[test]
    fn a_second_list_overlays_the_first() {
        let mut list = vec!["a".to_owned(), "b".to_owned()];
        let mut reader = Reader::new(br#"[null,"c","d"]"#);
        list.decode(&mut reader).unwrap();
        assert_eq!(list, ["a", "c", "d"]);
    }

    /// An object of which no field is known.
    #[derive(Debug, Default, PartialEq)]
    struct Anything;

    impl Decode for Anything {
        fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
            reader.object(|_, reader| reader.skip())
        }
    }
}
