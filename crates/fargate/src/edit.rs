//! Changes to a document, small enough to be offered as one click.

use crate::Pointer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One change. Two verbs are enough for every fix, and both are easy to undo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Edit {
    /// Puts `value` at `path`, replacing what is there. Missing objects and lists on the way are
    /// made; a last token `-` appends to a list.
    Set {
        /// Where.
        path: Pointer,
        /// What.
        value: Value,
    },
    /// Takes `path` out; nothing happens when it is not there.
    Remove {
        /// Where.
        path: Pointer,
    },
}

/// A way that leads through something that is neither an object nor a list, or past a list's end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` does not lead anywhere in this document")]
pub struct NoSuchPlace {
    /// The pointer that could not be followed.
    pub path: Pointer,
}

impl Edit {
    /// A [`Edit::Set`].
    #[must_use]
    pub fn set(path: Pointer, value: impl Into<Value>) -> Self {
        Self::Set { path, value: value.into() }
    }

    /// A [`Edit::Remove`].
    #[must_use]
    pub fn remove(path: Pointer) -> Self {
        Self::Remove { path }
    }

    /// Carries the change out.
    ///
    /// # Errors
    /// [`NoSuchPlace`] when the pointer cannot be followed; the document may then hold objects
    /// made on the way.
    pub fn apply(&self, document: &mut Value) -> Result<(), NoSuchPlace> {
        match self {
            Self::Set { path, value } => {
                let slot = slot(document, path).ok_or_else(|| NoSuchPlace { path: path.clone() })?;
                *slot = value.clone();
            }
            Self::Remove { path } => remove(document, path),
        }
        Ok(())
    }

    /// Where the change happens.
    #[must_use]
    pub fn path(&self) -> &Pointer {
        match self {
            Self::Set { path, .. } | Self::Remove { path } => path,
        }
    }
}

/// Carries out several changes in order.
///
/// # Errors
/// The first [`NoSuchPlace`]; the changes before it stay.
pub fn apply(edits: &[Edit], document: &mut Value) -> Result<(), NoSuchPlace> {
    edits.iter().try_for_each(|edit| edit.apply(document))
}

/// Follows `path`, making what is missing: a list where the token is `-`, else an object.
fn slot<'v>(document: &'v mut Value, path: &Pointer) -> Option<&'v mut Value> {
    path.tokens().try_fold(document, |place, token| {
        if place.is_null() {
            *place = if token == "-" { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        }
        match place {
            Value::Object(members) => Some(members.entry(token).or_insert(Value::Null)),
            Value::Array(items) => {
                let index = if token == "-" { items.len() } else { token.parse().ok()? };
                if index == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(index)
            }
            _ => None,
        }
    })
}

fn remove(document: &mut Value, path: &Pointer) {
    let Some(parent) = path.parent() else { return };
    let Some(token) = path.tokens().last() else { return };
    match document.pointer_mut(parent.as_str()) {
        // `shift_remove`, not `remove`: the order of the other keys is the user's.
        Some(Value::Object(members)) => drop(members.shift_remove(token.as_ref())),
        Some(Value::Array(items)) => {
            if let Ok(index) = token.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(before: Value, edits: &[Edit], after: Value) {
        let mut document = before;
        apply(edits, &mut document).expect("the place exists");
        assert_eq!(document.to_string(), after.to_string());
    }

    fn set(path: &str, value: impl Into<Value>) -> Edit {
        Edit::set(Pointer::from(path), value)
    }

    #[test]
    fn set_replaces_adds_and_appends() {
        check(json!({"a": 1, "b": 2}), &[set("/a", 3)], json!({"a": 3, "b": 2}));
        check(json!({"a": 1}), &[set("/b", 2)], json!({"a": 1, "b": 2}));
        check(json!({"l": [1]}), &[set("/l/-", 2)], json!({"l": [1, 2]}));
        check(json!({"l": [1]}), &[set("/l/1", 2)], json!({"l": [1, 2]}));
    }

    #[test]
    fn set_makes_the_way() {
        check(json!({}), &[set("/a/b/c", true)], json!({"a": {"b": {"c": true}}}));
        check(json!({}), &[set("/secrets/-", "x")], json!({"secrets": ["x"]}));
    }

    #[test]
    fn remove_keeps_the_order_of_the_rest() {
        let remove = |path: &str| Edit::remove(Pointer::from(path));
        check(json!({"a": 1, "b": 2, "c": 3}), &[remove("/a")], json!({"b": 2, "c": 3}));
        check(json!({"l": [1, 2, 3]}), &[remove("/l/0")], json!({"l": [2, 3]}));
        check(json!({"a": 1}), &[remove("/nothing/here"), remove("/a/b")], json!({"a": 1}));
    }

    #[test]
    fn a_way_through_a_number_or_past_a_list_is_refused() {
        for path in ["/n/x", "/l/7", "/l/x"] {
            let mut document = json!({"n": 1, "l": [1]});
            let edit = set(path, 1);
            assert_eq!(edit.apply(&mut document), Err(NoSuchPlace { path: path.into() }), "{path}");
        }
    }
}
