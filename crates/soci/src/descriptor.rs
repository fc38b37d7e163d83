//! Descriptors: a reference to a blob by type, digest and size.

use crate::Error;
use crate::json::{self, Decode, Encode, JsonError, JsonProblem, Object, Reader};
use sociscope_image::{Digest, Platform};
use std::collections::BTreeMap;

/// A descriptor, with every field the reference keeps. Everything else is lost when a document
/// is rewritten.
///
/// The digest is text, because a document may be carried along whose digests are nonsense;
/// [`parse_digest`](Self::parse_digest) checks it where it is followed.
///
/// Source: OCI image-spec v1.1.1 `descriptor.md`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// What the blob claims to be.
    pub media_type: String,
    /// `algorithm:encoded`, as written.
    pub digest: String,
    /// Bytes of the blob. Negative is possible and never right.
    pub size: i64,
    /// Other places to fetch the blob from.
    pub urls: Vec<String>,
    /// Free-form remarks.
    pub annotations: BTreeMap<String, String>,
    /// The blob itself, inlined. Used instead of the file when size and digest match.
    pub data: Data,
    /// What the image runs on.
    pub platform: Option<Platform>,
    /// What an artefact is.
    pub artifact_type: String,
}

impl Descriptor {
    /// A bare descriptor of `bytes`.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes).to_string(),
            // A Vec is never longer than isize::MAX.
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            ..Self::default()
        }
    }

    /// The digest, if it is one.
    #[must_use]
    pub fn parse_digest(&self) -> Option<Digest> {
        self.digest.parse().ok()
    }

    /// The digest, where the blob is going to be used.
    pub(crate) fn require_digest(&self) -> Result<Digest, Error> {
        self.parse_digest().ok_or_else(|| Error::MalformedDigest { text: self.digest.clone() })
    }
}

impl Decode for Descriptor {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        reader.object(|key, reader| match key {
            "mediatype" => self.media_type.decode(reader),
            "digest" => self.digest.decode(reader),
            "size" => self.size.decode(reader),
            "urls" => self.urls.decode(reader),
            "annotations" => self.annotations.decode(reader),
            "data" => self.data.decode(reader),
            "platform" => json::pointer(&mut self.platform, reader),
            "artifacttype" => self.artifact_type.decode(reader),
            _ => reader.skip(),
        })
    }
}

impl Encode for Descriptor {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            object
                .field("mediaType", &self.media_type)
                .field("digest", &self.digest)
                .field("size", &self.size)
                .unless_empty("urls", &self.urls)
                .unless_empty("annotations", &self.annotations)
                .unless_empty("data", &self.data)
                .unless_empty("platform", &self.platform)
                .unless_empty("artifactType", &self.artifact_type);
        });
    }

    fn is_empty(&self) -> bool {
        false
    }
}

/// Bytes that are base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data(pub Vec<u8>);

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Decode for Data {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        let mut text = String::new();
        let offset = reader.offset();
        text.decode(reader)?;
        // `null` leaves the text empty, and empties the bytes.
        self.0 = from_base64(&text).ok_or(JsonError { offset, problem: JsonProblem::Base64 })?;
        Ok(())
    }
}

impl Encode for Data {
    fn encode(&self, out: &mut String) {
        to_base64(&self.0).encode(out);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Standard alphabet, padding required, line ends ignored, left-over bits not looked at.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols.iter().rev().take_while(|&&symbol| symbol == b'=').count();
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    for quad in symbols.get(..symbols.len() - padding)?.chunks(4) {
        let mut bits = 0u32;
        for symbol in quad {
            let value = BASE64.iter().position(|known| known == symbol)?;
            bits = bits << 6 | value as u32;
        }
        bits <<= 6 * (4 - quad.len());
        bytes.extend_from_slice(bits.to_be_bytes().get(1..quad.len())?);
    }
    // `=` and `===` leave no whole byte.
    (padding < 3).then_some(bytes)
}

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for triple in bytes.chunks(3) {
        let mut bits = [0; 4];
        for (slot, &byte) in bits[1..].iter_mut().zip(triple) {
            *slot = byte;
        }
        let bits = u32::from_be_bytes(bits);
        for position in 0..4 {
            text.push(if position <= triple.len() {
                char::from(BASE64[(bits >> (18 - 6 * position) & 63) as usize])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(json: &str) -> String {
        let descriptor: Descriptor = json::parse(json.as_bytes()).unwrap();
        String::from_utf8(json::to_json(&descriptor)).unwrap()
    }

    #[test]
    fn fields_are_reordered_and_unknown_ones_dropped() {
        assert_eq!(
            round_trip(
                r#"{"artifactType":"t","x":{"y":[1]},"platform":{"os":"linux","variant":"v8","architecture":"arm64"},
                   "data":"e30=","SIZE":2,"urls":["https://x/?a=1&b=<2>"],"digest":"d","mediaType":"m",
                   "annotations":{"b":"2","a":"1"}}"#
            ),
            r#"{"mediaType":"m","digest":"d","size":2,"urls":["https://x/?a=1\u0026b=\u003c2\u003e"],"annotations":{"a":"1","b":"2"},"data":"e30=","platform":{"architecture":"arm64","os":"linux","variant":"v8"},"artifactType":"t"}"#
        );
    }

    #[test]
    fn empty_fields_disappear_unless_they_are_required() {
        let bare = r#"{"mediaType":"","digest":"","size":0}"#;
        for json in [
            "{}",
            r#"{"annotations":{},"urls":[],"data":"","platform":null,"artifactType":""}"#,
            r#"{"annotations":{"a":"b"},"annotations":null,"data":"AA==","data":null}"#,
        ] {
            assert_eq!(round_trip(json), bare, "{json}");
        }
        assert_eq!(
            round_trip(r#"{"platform":{}}"#),
            r#"{"mediaType":"","digest":"","size":0,"platform":{"architecture":"","os":""}}"#
        );
    }

    #[test]
    fn a_second_value_is_merged_into_the_first() {
        assert_eq!(
            round_trip(
                r#"{"size":1,"size":2,"annotations":{"a":"1"},"annotations":{"b":null},
                   "platform":{"os":"linux"},"platform":{"architecture":"amd64","os":null}}"#
            ),
            r#"{"mediaType":"","digest":"","size":2,"annotations":{"a":"1","b":""},"platform":{"architecture":"amd64","os":"linux"}}"#
        );
    }

    #[test]
    fn base64_is_go_s_standard_encoding() {
        let accepted: [(&str, &[u8]); 7] = [
            ("", b""),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("Z\r\nm9v\n", b"foo"),
            ("+/+/", b"\xfb\xff\xbf"),
        ];
        for (text, bytes) in accepted {
            assert_eq!(from_base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(from_base64("Zh==").as_deref(), Some(&b"f"[..]), "left-over bits are ignored");
        for text in ["Z", "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zg==Zg==", "Zm-_", "Zm 9v"] {
            assert_eq!(from_base64(text), None, "{text}");
        }
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", b"\xfb\xff\xbf"] {
            assert_eq!(from_base64(&to_base64(bytes)).as_deref(), Some(bytes));
        }
    }
}
