//! Reading documents as tolerantly as Go does, and a little more.
//!
//! Image documents are written and read by Go programs, whose decoder takes things that a strict
//! one refuses: keys in any letter case, the same key twice (the last one counts), `null` for
//! anything. A decoder that derives from the types would reject those files although every other
//! tool reads them. Beyond that, one field of the wrong type costs that field only: it reads as
//! absent and becomes a [`Problem`], and the rest of the document is still of use.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt};

/// Something in a document that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The field, e.g. `layers[2].size`; empty for the document as a whole.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return f.write_str(&self.reason);
        }
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// A document that is JSON at all.
#[derive(Debug)]
pub(crate) struct Document {
    /// What it holds.
    pub(crate) value: Value,
    /// Oddities that Go's decoder would not accept and we do.
    pub(crate) tolerated: Option<&'static str>,
}

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Parses a document.
///
/// The parsed form of a hostile document can take some 16 times the text's size, which
/// [`Limits::max_document_bytes`](crate::Limits) bounds; nesting stops at 128.
pub(crate) fn parse(text: &[u8]) -> Result<Document, Problem> {
    let (text, tolerated) = match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest, Some("it starts with a byte order mark, which JSON does not have")),
        None => (text, None),
    };
    let fail = |reason: String| Problem { field: String::new(), reason };
    if text.is_empty() {
        return Err(fail("it is empty".to_owned()));
    }
    // Go replaces bytes that are not UTF-8; so do we.
    let text = match String::from_utf8_lossy(text) {
        Cow::Borrowed(valid) => Cow::Borrowed(valid.as_bytes()),
        Cow::Owned(repaired) => Cow::Owned(repaired.into_bytes()),
    };
    let value = serde_json::from_slice(&text).map_err(|error| fail(format!("it is not JSON: {error}")))?;
    Ok(Document { value, tolerated })
}

/// A JSON object inside a document, and where in the document it stands.
#[derive(Clone, Debug)]
pub(crate) struct Object<'a> {
    map: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    /// The document's top-level object.
    pub(crate) fn root(value: &'a Value) -> Result<Self, Problem> {
        Self::at(value, String::new())
    }

    fn at(value: &'a Value, path: String) -> Result<Self, Problem> {
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => {
                Err(Problem { field: path, reason: format!("expected an object, found {}", kind(other)) })
            }
        }
    }

    /// Where the object stands, e.g. `layers[2]`; empty at the top.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The last key that equals `key` in any letter case; `null` counts as absent.
    fn value(&self, key: &str) -> Option<&'a Value> {
        let (_, value) = self.map.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        (!value.is_null()).then_some(value)
    }

    /// Whether there is such a key, even if its value is `null`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.keys().any(|name| name.eq_ignore_ascii_case(key))
    }

    /// A field; empty when absent, and when of the wrong type, which is a problem.
    pub(crate) fn get<T: DeserializeOwned + Default>(&self, key: &str, problems: &mut Vec<Problem>) -> T {
        let Some(value) = self.value(key) else { return T::default() };
        T::deserialize(value).unwrap_or_else(|error| {
            problems.push(Problem { field: self.path_of(key), reason: error.to_string() });
            T::default()
        })
    }

    /// A nested object.
    pub(crate) fn object(&self, key: &str, problems: &mut Vec<Problem>) -> Option<Object<'a>> {
        Object::at(self.value(key)?, self.path_of(key)).map_err(|problem| problems.push(problem)).ok()
    }

    /// A list of objects. An element that is none is a problem and left out.
    pub(crate) fn objects(&self, key: &str, problems: &mut Vec<Problem>) -> Vec<Object<'a>> {
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(list)) => objects_of(list, &self.path_of(key), problems),
            Some(other) => {
                let reason = format!("expected a list, found {}", kind(other));
                problems.push(Problem { field: self.path_of(key), reason });
                Vec::new()
            }
        }
    }
}

/// The objects of a list that stands at `path`.
pub(crate) fn objects_of<'a>(list: &'a [Value], path: &str, problems: &mut Vec<Problem>) -> Vec<Object<'a>> {
    list.iter()
        .enumerate()
        .filter_map(|(index, value)| {
            Object::at(value, format!("{path}[{index}]")).map_err(|problem| problems.push(problem)).ok()
        })
        .collect()
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str, expected_problems: &[&str]) {
        let document = parse(text.as_bytes()).expect("JSON");
        let object = Object::root(&document.value).expect("an object");
        let mut problems = Vec::new();
        let found: String = object.get("mediaType", &mut problems);
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!((found.as_str(), problems), (expected, to_strings(expected_problems)), "{text}");
    }

    fn to_strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn keys_match_as_in_go() {
        check(r#"{"mediaType":"a"}"#, "a", &[]);
        check(r#"{"MEDIAtype":"a"}"#, "a", &[]);
        check(r#"{"mediaType":"a","MediaType":"b"}"#, "b", &[]);
        check(r#"{"mediaType":"a","mediaType":"b"}"#, "b", &[]);
        check(r#"{"mediaType":null}"#, "", &[]);
        check(r#"{}"#, "", &[]);
        check("\u{feff}{\"mediaType\":\"a\"}", "a", &[]);
    }

    #[test]
    fn a_field_of_the_wrong_type_is_a_problem_and_nothing_more() {
        check(r#"{"mediaType":5}"#, "", &["mediaType: invalid type: integer `5`, expected a string"]);
    }

    #[test]
    fn elements_that_are_no_objects_are_left_out() {
        let document = parse(br#"{"layers":[{},5,{}]}"#).expect("JSON");
        let mut problems = Vec::new();
        let object = Object::root(&document.value).expect("an object");
        let paths: Vec<String> =
            object.objects("layers", &mut problems).iter().map(|layer| layer.path().to_owned()).collect();
        assert_eq!(paths, ["layers[0]", "layers[2]"]);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].to_string(), "layers[1]: expected an object, found a number");
    }

    #[test]
    fn what_is_not_json_says_why() {
        for (text, reason) in [
            (&b""[..], "it is empty"),
            (b"{", "it is not JSON: EOF while parsing an object at line 1 column 1"),
            (b"{}x", "it is not JSON: trailing characters at line 1 column 3"),
        ] {
            assert_eq!(parse(text).expect_err("not JSON").to_string(), reason);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        let document = parse(b"{\"mediaType\":\"a\xff\"}").expect("JSON");
        let object = Object::root(&document.value).expect("an object");
        assert_eq!(object.get::<String>("mediaType", &mut Vec::new()), "a\u{fffd}");
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let text = "[".repeat(100_000);
        assert!(parse(text.as_bytes()).is_err());
    }
}
