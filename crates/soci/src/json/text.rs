//! Text: strings, escapes, and when two keys are the same.

use super::JsonError;
use super::read::Reader;

impl Reader<'_> {
    /// A string, from its opening quote on.
    pub(super) fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let start = self.at;
            while let Some(byte) = self.text.get(self.at)
                && !matches!(byte, b'"' | b'\\' | 0..=0x1f)
            {
                self.at += 1;
            }
            push_lossy(&mut text, self.text.get(start..self.at).unwrap_or_default());
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(&found) => return Err(self.unexpected(found, "a character of a string")),
                None => return Err(self.end()),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let Some(&kind) = self.text.get(self.at) else { return Err(self.end()) };
        let character = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode_escape();
            }
            found => return Err(self.unexpected(found, "an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// What follows `\u`. Half a surrogate pair is U+FFFD, and what comes after it stands alone.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let unit = self.hex4()?;
        if let Some(character) = char::from_u32(u32::from(unit)) {
            return Ok(character);
        }
        let after = self.at;
        if self.text.get(after..).is_some_and(|rest| rest.starts_with(b"\\u")) {
            self.at += 2;
            let low = self.hex4()?;
            if let Some(Ok(character)) = char::decode_utf16([unit, low]).next() {
                return Ok(character);
            }
            self.at = after;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(&byte) = self.text.get(self.at) else { return Err(self.end()) };
            let Some(digit) = char::from(byte).to_digit(16) else {
                return Err(self.unexpected(byte, "a hexadecimal digit"));
            };
            unit = unit << 4 | digit as u16;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// A key as Go compares it. Field names are ASCII, so of all of Unicode's foldings only the
/// two into ASCII count.
pub(super) fn fold(key: &str) -> String {
    key.chars()
        .map(|character| match character {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// Appends `bytes`, with U+FFFD for *each* byte that is not UTF-8. (`from_utf8_lossy` writes one
/// for a whole cut-off sequence.)
fn push_lossy(text: &mut String, mut bytes: &[u8]) {
    loop {
        match str::from_utf8(bytes) {
            Ok(valid) => return text.push_str(valid),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                text.push_str(str::from_utf8(valid).unwrap_or_default());
                text.push(char::REPLACEMENT_CHARACTER);
                bytes = rest.get(1..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn text_is_decoded_as_go_does() {
        let cases: [(&[u8], &str); 9] = [
            (br#" "plain" "#, "plain"),
            (br#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
            (br#""\u00e9\u2028""#, "\u{e9}\u{2028}"),
            (br#""\ud83d\ude00""#, "\u{1f600}"),
            (br#""\ud83d""#, "\u{fffd}"),
            (br#""\ud83dA\ude00""#, "\u{fffd}A\u{fffd}"),
            (br#""\ud83d\u0041""#, "\u{fffd}A"),
            (b"\"a\xffb\"", "a\u{fffd}b"),
            (b"\"\xe2\x82!\xed\xa0\x80\"", "\u{fffd}\u{fffd}!\u{fffd}\u{fffd}\u{fffd}"),
        ];
        for (json, expected) in cases {
            assert_eq!(parse::<String>(json).as_deref(), Ok(expected), "{}", json.escape_ascii());
        }
    }

    #[test]
    fn keys_fold_as_go_folds_them() {
        for key in ["mediaType", "MEDIATYPE", "mediatype"] {
            assert_eq!(fold(key), "mediatype");
        }
        assert_eq!(fold("\u{17f}ize"), "size");
        assert_eq!(fold("\u{212a}ey"), "key");
        assert_eq!(fold("\u{e9}"), "\u{e9}");
    }
}
