//! Places in a document: RFC 6901 JSON pointers.

use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// A JSON pointer such as `/containerDefinitions/0/image`; the empty pointer is the document.
///
/// A pointer may name something that is not there: a finding about a missing member points at
/// the place where it belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// The member `name` of the object at this place.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + name.len() + 1);
        text.push_str(&self.0);
        text.push('/');
        for c in name.chars() {
            match c {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// Item `index` of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// One past the last item of the list at this place; only [`Edit`](crate::Edit) understands it.
    #[must_use]
    pub fn end(&self) -> Self {
        Self(format!("{}/-", self.0))
    }

    /// The object or list that holds this place; `None` for the document.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').map(|slash| Self(self.0.get(..slash).unwrap_or_default().to_owned()))
    }

    /// The reference tokens from the document down, unescaped.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(|token| {
            if token.contains('~') {
                Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(token)
            }
        })
    }

    /// The pointer as written in RFC 6901.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Pointer {
    /// Takes RFC 6901 text as it is.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_with_slashes_and_tildes_are_escaped_and_read_back() {
        let place = Pointer::root().key("a/b").key("~x").index(3);
        assert_eq!(place.as_str(), "/a~1b/~0x/3");
        assert_eq!(place.tokens().collect::<Vec<_>>(), ["a/b", "~x", "3"]);
        assert_eq!(json!({"a/b": {"~x": [0, 1, 2, "here"]}}).pointer(place.as_str()), Some(&json!("here")));
    }

    #[test]
    fn the_document_has_no_parent() {
        assert_eq!(Pointer::root().parent(), None);
        assert_eq!(Pointer::root().key("a").parent(), Some(Pointer::root()));
        assert_eq!(Pointer::root().tokens().count(), 0);
    }
}
