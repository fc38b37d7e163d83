//! JSON for people: deterministic, compact where a value is small, and with the line of every
//! value known, so that a finding can point at it.
//!
//! ```text
//!    1  {
//!    2    "family": "web",
//!    3    "requiresCompatibilities": ["FARGATE"],          one line: a short list
//!    …
//!    9    "containerDefinitions": [
//!   10      {
//!   11        "name": "web",                                /containerDefinitions/0/name ↦ 11
//! ```
//!
//! Two spaces of indent, keys in the order of the document, a line feed at the end of every line.

use crate::{Pointer, TaskDefinition};
use serde_json::Value;
use std::collections::BTreeMap;

/// No value is put on one line when that line would be longer.
const WIDTH: usize = 100;
/// Objects with more members than this get a line for each.
const INLINE_MEMBERS: usize = 3;

/// A document as text, and where its values are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pretty {
    /// The text, ending in a line feed.
    pub text: String,
    /// The line each value begins on, counted from 1.
    pub lines: BTreeMap<Pointer, u32>,
}

impl Pretty {
    /// The line of a place, or of the nearest thing around it when it is not there.
    #[must_use]
    pub fn line(&self, place: &Pointer) -> u32 {
        let mut place = Some(place.clone());
        while let Some(here) = place {
            if let Some(line) = self.lines.get(&here) {
                return *line;
            }
            place = here.parent();
        }
        1
    }
}

/// Writes a definition, members in the model's order.
#[must_use]
pub fn to_pretty(definition: &TaskDefinition) -> Pretty {
    pretty(&definition.to_value())
}

/// Writes any document, members in the order they have.
#[must_use]
pub fn pretty(document: &Value) -> Pretty {
    let mut writer = Writer { out: Pretty::default(), line: 1, line_start: 0 };
    writer.value(document, &Pointer::root(), 0);
    writer.out.text.push('\n');
    writer.out
}

struct Writer {
    out: Pretty,
    line: u32,
    line_start: usize,
}

impl Writer {
    fn value(&mut self, value: &Value, place: &Pointer, depth: usize) {
        self.out.lines.insert(place.clone(), self.line);
        if may_be_inline(value) {
            let inline = inline(value);
            // One column is kept for a comma.
            if !is_container(value) || self.column() + inline.chars().count() < WIDTH {
                self.out.text.push_str(&inline);
                self.inner_places(value, place);
                return;
            }
        }
        match value {
            Value::Array(items) => {
                self.out.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.next_line(depth + 1);
                    self.value(item, &place.index(index), depth + 1);
                    if index + 1 < items.len() {
                        self.out.text.push(',');
                    }
                }
                self.next_line(depth);
                self.out.text.push(']');
            }
            Value::Object(members) => {
                self.out.text.push('{');
                for (index, (key, member)) in members.iter().enumerate() {
                    self.next_line(depth + 1);
                    self.out.text.push_str(&quoted(key));
                    self.out.text.push_str(": ");
                    self.value(member, &place.key(key), depth + 1);
                    if index + 1 < members.len() {
                        self.out.text.push(',');
                    }
                }
                self.next_line(depth);
                self.out.text.push('}');
            }
            scalar => self.out.text.push_str(&inline(scalar)),
        }
    }

    fn column(&self) -> usize {
        self.out.text.get(self.line_start..).map_or(0, |line| line.chars().count())
    }

    fn next_line(&mut self, depth: usize) {
        self.out.text.push('\n');
        self.line = self.line.saturating_add(1);
        self.line_start = self.out.text.len();
        self.out.text.extend(std::iter::repeat_n("  ", depth));
    }

    /// What lies inside a value on one line lies on that line.
    fn inner_places(&mut self, value: &Value, place: &Pointer) {
        let mut inner = |place: Pointer, value: &Value| {
            self.out.lines.insert(place.clone(), self.line);
            self.inner_places(value, &place);
        };
        match value {
            Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| inner(place.index(i), item)),
            Value::Object(members) => members.iter().for_each(|(key, member)| inner(place.key(key), member)),
            _ => {}
        }
    }
}

fn is_container(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// Scalars, lists of scalars, small objects of scalars, and a list of one such object.
fn may_be_inline(value: &Value) -> bool {
    match value {
        Value::Array(items) => match items.as_slice() {
            [one] => may_be_inline(one),
            several => !several.iter().any(is_container),
        },
        Value::Object(members) => members.len() <= INLINE_MEMBERS && !members.values().any(is_container),
        _ => true,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| format!("{}: {}", quoted(key), inline(member)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({
            "family": "web",
            "requiresCompatibilities": ["FARGATE"],
            "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            "containerDefinitions": [{
                "name": "web",
                "portMappings": [{"containerPort": 8080, "protocol": "tcp"}],
                "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "\"\n"}],
                "healthCheck": {"command": ["CMD", "x"], "interval": 30},
                "dockerLabels": {},
                "secrets": [],
            }],
        })
    }

    #[test]
    fn small_things_share_a_line_and_lists_of_objects_do_not() {
        let wanted = r#"{
  "family": "web",
  "requiresCompatibilities": ["FARGATE"],
  "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
  "containerDefinitions": [
    {
      "name": "web",
      "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
      "environment": [
        { "name": "A", "value": "1" },
        { "name": "B", "value": "\"\n" }
      ],
      "healthCheck": {
        "command": ["CMD", "x"],
        "interval": 30
      },
      "dockerLabels": {},
      "secrets": []
    }
  ]
}
"#;
        assert_eq!(pretty(&sample()).text, wanted);
    }

    #[test]
    fn every_value_has_the_line_it_is_written_on() {
        let pretty = pretty(&sample());
        for (place, line) in [
            ("", 1),
            ("/requiresCompatibilities/0", 3),
            ("/runtimePlatform/cpuArchitecture", 4),
            ("/containerDefinitions/0", 6),
            ("/containerDefinitions/0/portMappings/0/containerPort", 8),
            ("/containerDefinitions/0/environment/1/value", 11),
            ("/containerDefinitions/0/healthCheck/interval", 15),
            // Not there: the nearest thing around it.
            ("/executionRoleArn", 1),
            ("/containerDefinitions/0/healthCheck/startPeriod", 13),
            ("/containerDefinitions/0/secrets/4/name", 18),
        ] {
            assert_eq!(pretty.line(&place.into()), line, "{place}");
        }
    }

    #[test]
    fn the_text_reads_back_as_the_same_document() {
        let wide: Vec<String> = (0..40).map(|i| format!("argument-{i}")).collect();
        for document in [
            sample(),
            json!({"command": wide}),
            json!([]),
            json!(null),
            json!([[[1], {}]]),
            json!({"é": ["ü"]}),
        ] {
            let text = pretty(&document).text;
            let again: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(again.to_string(), document.to_string());
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(longest.is_some_and(|columns| columns <= WIDTH), "{text}");
        }
    }
}
