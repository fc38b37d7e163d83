//! Types, required members and closed sets of values: what every AWS client checks before a
//! request leaves, and a little more.
//!
//! [`api`](crate::api) describes the request as a tree of [`Shape`]s. The walk here compares a
//! document with it once, so that the rules may read members without caring for wrong types:
//! a value of the wrong type is reported by the rule that owns the member, and is absent to
//! every other rule.

use crate::{Edit, Fix, Pointer};
use serde_json::Value;

/// The JSON a member may hold.
pub(crate) enum Shape {
    Text,
    Integer,
    Flag,
    /// A text out of a closed set.
    OneOf(&'static [&'static str]),
    List(&'static Shape),
    /// A list in which nothing may occur twice.
    Set(&'static Shape),
    /// An object of texts with free keys.
    Map,
    Object(&'static [Member]),
}

/// A member of an object.
pub(crate) struct Member {
    pub name: &'static str,
    pub shape: &'static Shape,
    /// The rule that speaks for it and for everything inside; `None` = the rule of the object.
    pub rule: Option<&'static str>,
    pub required: bool,
}

/// An optional member.
pub(crate) const fn may(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, rule: None, required: false }
}

/// A required member.
pub(crate) const fn must(name: &'static str, shape: &'static Shape) -> Member {
    Member { name, shape, rule: None, required: true }
}

impl Member {
    /// The same member, spoken for by `rule`.
    pub(crate) const fn by(self, rule: &'static str) -> Self {
        Self { rule: Some(rule), ..self }
    }
}

/// A place where the document is not of its shape.
pub(crate) struct Violation {
    pub rule: &'static str,
    pub path: Pointer,
    pub message: String,
    pub fix: Option<Fix>,
}

/// The rule for members that the API does not have.
const UNKNOWN: &str = "FG002";

/// All the places where `value` is not of `shape`, in document order.
pub(crate) fn violations(value: &Value, shape: &Shape, rule: &'static str) -> Vec<Violation> {
    let mut found = Vec::new();
    Walk { found: &mut found }.value(value, shape, rule, &Pointer::root());
    found
}

struct Walk<'f> {
    found: &'f mut Vec<Violation>,
}

impl Walk<'_> {
    fn report(&mut self, rule: &'static str, path: &Pointer, message: String, fix: Option<Fix>) {
        self.found.push(Violation { rule, path: path.clone(), message, fix });
    }

    fn value(&mut self, value: &Value, shape: &Shape, rule: &'static str, path: &Pointer) {
        match (shape, value) {
            (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => {}
            (Shape::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {}
            (Shape::OneOf(allowed), Value::String(text)) => {
                if !allowed.contains(&text.as_str()) {
                    self.not_allowed(text, allowed, rule, path);
                }
            }
            (Shape::List(inner) | Shape::Set(inner), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let place = path.index(index);
                    self.value(item, inner, rule, &place);
                    let twice = || items.iter().take(index).any(|earlier| earlier == item);
                    if matches!(shape, Shape::Set(_)) && twice() {
                        let fix =
                            Fix { label: "Remove it".to_owned(), patch: vec![Edit::remove(place.clone())] };
                        self.report(rule, &place, "This is in the list twice".to_owned(), Some(fix));
                    }
                }
            }
            (Shape::Map, Value::Object(members)) => {
                for (key, member) in members {
                    self.value(member, &Shape::Text, rule, &path.key(key));
                }
            }
            (Shape::Object(known), Value::Object(members)) => {
                for (key, member) in members {
                    match known.iter().find(|candidate| candidate.name == key) {
                        Some(of) => self.value(member, of.shape, of.rule.unwrap_or(rule), &path.key(key)),
                        None => self.unknown(key, member, known, path),
                    }
                }
                for missing in
                    known.iter().filter(|member| member.required && !members.contains_key(member.name))
                {
                    let message = format!("`{}` is missing", missing.name);
                    self.report(missing.rule.unwrap_or(rule), &path.key(missing.name), message, None);
                }
            }
            _ => self.wrong_type(value, shape, rule, path),
        }
    }

    fn wrong_type(&mut self, value: &Value, shape: &Shape, rule: &'static str, path: &Pointer) {
        let name = path.tokens().last().unwrap_or_default().into_owned();
        let name = if name.is_empty() || name.bytes().all(|b| b.is_ascii_digit()) {
            "This".to_owned()
        } else {
            format!("`{name}`")
        };
        let message = format!("{name} is {}, found {}", wanted(shape), found(value));
        let fix = converted(value, shape).map(|(label, value)| Fix {
            label,
            patch: vec![match value {
                Some(value) => Edit::set(path.clone(), value),
                None => Edit::remove(path.clone()),
            }],
        });
        self.report(rule, path, message, fix);
    }

    fn not_allowed(&mut self, text: &str, allowed: &[&str], rule: &'static str, path: &Pointer) {
        let message = format!("`{text}` is not one of {}", allowed.join(", "));
        let fix = allowed.iter().find(|candidate| candidate.eq_ignore_ascii_case(text)).map(|candidate| {
            Fix { label: format!("Write {candidate}"), patch: vec![Edit::set(path.clone(), *candidate)] }
        });
        self.report(rule, path, message, fix);
    }

    fn unknown(&mut self, key: &str, value: &Value, known: &[Member], path: &Pointer) {
        let place = path.key(key);
        let respelled = known.iter().find(|member| same_but_for_case(member.name, key));
        let (message, fix) = if let Some(member) = respelled {
            let rename = vec![Edit::remove(place.clone()), Edit::set(path.key(member.name), value.clone())];
            let fix = Fix { label: format!("Rename to {}", member.name), patch: rename };
            (format!("`{key}` is spelled `{}` here", member.name), fix)
        } else {
            let why = match key {
                _ if path.as_str().is_empty() && RESPONSE_ONLY.contains(&key) => {
                    "is part of an answer from ECS, not of a request"
                }
                _ if path.as_str().is_empty() && SERVICE_SIDE.contains(&key) => {
                    "belongs to the service or to RunTask, not to a task definition"
                }
                _ if key.to_ascii_lowercase().contains("soci") => {
                    "does not exist: Fargate looks for a SOCI index by itself, and no setting turns it on"
                }
                _ => "is not a member ECS knows here",
            };
            let fix = Fix { label: "Remove it".to_owned(), patch: vec![Edit::remove(place.clone())] };
            (format!("`{key}` {why}"), fix)
        };
        self.report(UNKNOWN, &place, message, Some(fix));
    }
}

/// What `DescribeTaskDefinition` adds to the members of a request.
pub(crate) const RESPONSE_ONLY: &[&str] = &[
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// Members of `CreateService` and `RunTask` that are often pasted in.
const SERVICE_SIDE: &[&str] = &[
    "platformVersion",
    "launchType",
    "desiredCount",
    "networkConfiguration",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceName",
    "cluster",
];

/// `ContainerDefinitions`, `container_definitions` and `containerDefinitions` are one name.
fn same_but_for_case(a: &str, b: &str) -> bool {
    let letters = |text: &str| text.replace(['_', '-'], "").to_ascii_lowercase();
    letters(a) == letters(b)
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::OneOf(_) => "a string",
        Shape::Integer => "a whole number",
        Shape::Flag => "true or false",
        Shape::List(Shape::Text) | Shape::Set(Shape::Text) => "a list of strings",
        Shape::List(_) | Shape::Set(_) => "a list",
        Shape::Map => "an object of strings",
        Shape::Object(_) => "an object",
    }
}

/// The kind of a value. Never its text, which may be a secret.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The same thing in the type wanted; `None` inside = leave it out.
fn converted(value: &Value, shape: &Shape) -> Option<(String, Option<Value>)> {
    let write = |value: Value| Some((format!("Write {value}"), Some(value)));
    match (shape, value) {
        (_, Value::Null) => Some(("Leave it out".to_owned(), None)),
        (Shape::Text, Value::Number(_) | Value::Bool(_)) => {
            Some(("Put it in quotes".to_owned(), Some(Value::from(value.to_string()))))
        }
        (Shape::Integer, Value::String(text)) => write(Value::from(text.trim().parse::<i64>().ok()?)),
        (Shape::Flag, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => write(Value::from(true)),
            "false" => write(Value::from(false)),
            _ => None,
        },
        // A single thing where a list of them belongs.
        (Shape::List(Shape::OneOf(_)) | Shape::Set(Shape::OneOf(_)), Value::String(text)) => {
            write(Value::from(vec![text.clone()]))
        }
        (Shape::List(Shape::Object(_)) | Shape::Set(Shape::Object(_)), Value::Object(members))
            if !members.is_empty() =>
        {
            // `{NAME: value}` is how other tools write variables.
            let pairs: Option<Vec<Value>> = members
                .iter()
                .map(|(name, value)| {
                    let value = value.as_str()?;
                    Some(serde_json::json!({"name": name, "value": value}))
                })
                .collect();
            Some(("Write a list of name and value".to_owned(), Some(Value::from(pairs?))))
        }
        // Words without quoting can be split; anything else would need a shell.
        (Shape::List(Shape::Text), Value::String(text))
            if !text.trim().is_empty()
                && !text.contains(['"', '\'', '\\', '$', '`', '|', '&', ';', '<', '>', '*']) =>
        {
            write(Value::from(text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ITEM: Shape = Shape::Object(&[must("name", &Shape::Text), may("value", &Shape::Text)]);
    const ROOT: Shape = Shape::Object(&[
        must("family", &Shape::Text).by("R1"),
        may("count", &Shape::Integer),
        may("on", &Shape::Flag),
        may("mode", &Shape::OneOf(&["tcp", "udp"])),
        may("command", &Shape::List(&Shape::Text)),
        may("kinds", &Shape::Set(&Shape::OneOf(&["A", "B"]))).by("R2"),
        may("items", &Shape::List(&ITEM)).by("R3"),
        may("labels", &Shape::Map),
    ]);

    #[track_caller]
    fn check(document: Value, wanted: &[(&str, &str, &str)]) {
        let found = violations(&document, &ROOT, "R0");
        let found: Vec<_> = found.iter().map(|v| (v.rule, v.path.as_str(), v.message.as_str())).collect();
        assert_eq!(found, wanted);
    }

    /// Applying each fix in turn leaves nothing to report.
    #[track_caller]
    fn mends(document: Value, wanted: Value) {
        let mut document = document;
        while let Some(violation) = violations(&document, &ROOT, "R0").into_iter().next() {
            let fix = violation.fix.expect("a fix");
            crate::apply(&fix.patch, &mut document).expect("applies");
        }
        assert_eq!(document, wanted);
    }

    #[test]
    fn a_document_of_the_shape_passes() {
        check(
            json!({"family": "x", "count": -1, "on": true, "mode": "udp", "command": [], "kinds": ["A", "B"],
                   "items": [{"name": "n"}], "labels": {"any": "thing"}}),
            &[],
        );
    }

    #[test]
    fn the_rule_that_owns_a_member_speaks_for_everything_inside() {
        check(
            json!({"items": [{"name": 1}, 2, {"value": null, "name": "x"}], "count": 1.5}),
            &[
                ("R3", "/items/0/name", "`name` is a string, found a number"),
                ("R3", "/items/1", "This is an object, found a number"),
                ("R3", "/items/2/value", "`value` is a string, found null"),
                ("R0", "/count", "`count` is a whole number, found a number with a fraction"),
                ("R1", "/family", "`family` is missing"),
            ],
        );
        check(json!([]), &[("R0", "", "This is an object, found a list")]);
    }

    #[test]
    fn strings_are_never_repeated() {
        let found = violations(&json!({"family": "x", "items": "hunter2", "count": "hunter2"}), &ROOT, "R0");
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|violation| !violation.message.contains("hunter2")));
    }

    #[test]
    fn slips_have_a_fix() {
        mends(
            json!({"Family": "x", "COUNT": "3", "on": "True", "mode": "TCP", "command": "serve --port 1",
                   "kinds": "A", "labels": {"a": 1, "b": null}, "revision": 3}),
            json!({"family": "x", "count": 3, "on": true, "mode": "tcp", "command": ["serve", "--port", "1"],
                   "kinds": ["A"], "labels": {"a": "1"}}),
        );
        mends(json!({"family": "x", "kinds": ["A", "B", "A"]}), json!({"family": "x", "kinds": ["A", "B"]}));
        mends(
            json!({"family": "x", "items": {"K": "v"}}),
            json!({"family": "x", "items": [{"name": "K", "value": "v"}]}),
        );
    }
}
