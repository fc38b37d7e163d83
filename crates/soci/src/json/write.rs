//! Writing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A type that Go's encoder would write.
pub(crate) trait Encode {
    /// Appends the value.
    fn encode(&self, out: &mut String);

    /// Whether a field marked *omitempty* would be left out.
    fn is_empty(&self) -> bool;
}

/// The compact text of `value`, without a final newline.
pub(crate) fn to_json(value: &impl Encode) -> Vec<u8> {
    let mut out = String::new();
    value.encode(&mut out);
    out.into_bytes()
}

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    /// Writes `{`, what `fields` writes, and `}`.
    pub(crate) fn write(out: &'a mut String, fields: impl FnOnce(&mut Object<'_>)) {
        out.push('{');
        let mut object = Object { out, first: true };
        fields(&mut object);
        object.out.push('}');
    }

    /// A field that is always written.
    pub(crate) fn field(&mut self, name: &str, value: &impl Encode) -> &mut Self {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        push_string(self.out, name);
        self.out.push(':');
        value.encode(self.out);
        self
    }

    /// A field that is left out when empty.
    pub(crate) fn unless_empty(&mut self, name: &str, value: &impl Encode) -> &mut Self {
        if !value.is_empty() {
            self.field(name, value);
        }
        self
    }
}

/// Go escapes what could end a script element, and the two line ends that JavaScript once
/// refused in strings. 0x7f and `/` stay as they are.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

impl Encode for String {
    fn encode(&self, out: &mut String) {
        push_string(out, self);
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }

    fn is_empty(&self) -> bool {
        *self == 0
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut String) {
        out.push('[');
        for (index, element) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            element.encode(out);
        }
        out.push(']');
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut String) {
        match self {
            Some(value) => value.encode(out),
            None => out.push_str("null"),
        }
    }

    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl Encode for BTreeMap<String, String> {
    fn encode(&self, out: &mut String) {
        Object::write(out, |object| {
            for (key, value) in self {
                object.field(key, value);
            }
        });
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_go_does() {
        let cases = [
            ("plain / text", r#""plain / text""#),
            ("\"\\\u{8}\u{c}\n\r\t\u{1}\u{1f}", r#""\"\\\b\f\n\r\t\u0001\u001f""#),
            ("a<b>&c\u{2028}\u{2029} \u{e9}", "\"a\\u003cb\\u003e\\u0026c\\u2028\\u2029 \u{e9}\""),
            ("\u{7f}\u{fffd}\u{1f600}", "\"\u{7f}\u{fffd}\u{1f600}\""),
        ];
        for (text, expected) in cases {
            assert_eq!(String::from_utf8(to_json(&text.to_owned())).unwrap(), expected);
        }
    }

    #[test]
    fn maps_are_sorted_and_lists_keep_their_order() {
        let map: BTreeMap<String, String> =
            [("b", "1"), ("B", "2"), ("a", "3")].map(|(key, value)| (key.into(), value.into())).into();
        assert_eq!(to_json(&map), br#"{"B":"2","a":"3","b":"1"}"#);
        assert_eq!(to_json(&vec![3, -1]), b"[3,-1]");
        assert_eq!(to_json(&None::<Vec<i64>>), b"null");
        assert_eq!(to_json(&Some(Vec::<i64>::new())), b"[]");
    }
}
