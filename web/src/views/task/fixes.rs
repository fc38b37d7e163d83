//! From a fix of the rules, which changes the JSON, back to the form.

use serde_json::Value;
use sociscope_engine::image::config::ImageConfig;
use sociscope_fargate::{
    Edit, Form, apply as patch, build,
    form::{FormHealthCheck, Port, Protocol, SecretVariable, Variable},
};

/// The form whose definition is the patched one; `None` when no form is.
///
/// Only members that the patch changed are read back, so that what the form leaves to its
/// defaults stays left to them. The result is built again and compared: a fix that the form
/// cannot hold, such as a volume, is not offered rather than half done.
pub fn apply(edits: &[Edit], form: &Form, image: &ImageConfig) -> Option<Form> {
    let before = build(form, image).to_value();
    let mut after = before.clone();
    patch(edits, &mut after).ok()?;

    let mut fixed = form.clone();
    let change = Change { before: &before, after: &after };
    change.text("/family", |text| fixed.family = text.unwrap_or_default());
    change.text("/cpu", |text| fixed.cpu = number(text).unwrap_or(fixed.cpu));
    change.text("/memory", |text| fixed.memory = number(text).unwrap_or(fixed.memory));
    change.text("/executionRoleArn", |text| fixed.execution_role_arn = text);
    change.text("/taskRoleArn", |text| fixed.task_role_arn = text);
    change.value("/ephemeralStorage/sizeInGiB", |size| fixed.ephemeral_storage = size.and_then(small));
    change.in_container("name", |name| fixed.container_name = text(name).unwrap_or_default());
    change.in_container("image", |image| fixed.image_uri = text(image).unwrap_or_default());
    change.in_container("entryPoint", |words| fixed.entry_point = texts(words));
    change.in_container("command", |words| fixed.command = texts(words));
    change.in_container("workingDirectory", |path| fixed.working_directory = text(path));
    change.in_container("user", |user| fixed.user = text(user));
    change.in_container("portMappings", |ports| fixed.ports = rows(ports, port));
    change.in_container("environment", |pairs| fixed.environment = rows(pairs, variable));
    change.in_container("secrets", |pairs| fixed.secrets = rows(pairs, secret));
    change.in_container("healthCheck", |check| fixed.health_check = check.and_then(health_check));
    change.in_container("stopTimeout", |seconds| fixed.stop_timeout = seconds.and_then(small));
    change.in_container("readonlyRootFilesystem", |flag| {
        fixed.readonly_root_filesystem = flag.and_then(Value::as_bool).unwrap_or_default();
    });
    change.in_container("linuxParameters/initProcessEnabled", |flag| {
        fixed.init_process = flag.and_then(Value::as_bool).unwrap_or_default();
    });
    let log = |option: &str| format!("logConfiguration/options/{option}");
    change.in_container(&log("awslogs-group"), |group| fixed.log_group = text(group));
    change.in_container(&log("awslogs-region"), |region| fixed.log_region = text(region));
    change.in_container(&log("awslogs-stream-prefix"), |prefix| {
        fixed.log_stream_prefix = text(prefix).unwrap_or_default();
    });
    change.in_container(&log("awslogs-create-group"), |flag| {
        fixed.log_create_group = text(flag).as_deref() == Some("true");
    });

    let same = without_empty_lists(build(&fixed, image).to_value()) == without_empty_lists(after);
    (fixed != *form && same).then_some(fixed)
}

/// A patch that takes the last item leaves an empty list, a form leaves none: ECS reads both alike.
fn without_empty_lists(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|_, member| member.as_array().is_none_or(|items| !items.is_empty()));
            members.values_mut().for_each(|member| *member = without_empty_lists(member.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_empty_lists(item.take())),
        _ => {}
    }
    value
}

/// A document before and after.
struct Change<'a> {
    before: &'a Value,
    after: &'a Value,
}

impl<'a> Change<'a> {
    fn value(&self, place: &str, read: impl FnOnce(Option<&'a Value>)) {
        let after = self.after.pointer(place);
        if self.before.pointer(place) != after {
            read(after);
        }
    }

    fn text(&self, place: &str, read: impl FnOnce(Option<String>)) {
        self.value(place, |value| read(text(value)));
    }

    fn in_container(&self, member: &str, read: impl FnOnce(Option<&'a Value>)) {
        self.value(&format!("{}/{member}", super::judged::CONTAINER), read);
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value?.as_str().map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    value?.as_array()?.iter().map(|item| text(Some(item))).collect()
}

fn number(text: Option<String>) -> Option<u32> {
    text?.parse().ok()
}

fn small(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

fn rows<T>(value: Option<&Value>, row: impl Fn(&Value) -> T) -> Vec<T> {
    value.and_then(Value::as_array).map(|items| items.iter().map(row).collect()).unwrap_or_default()
}

fn member(value: &Value, name: &str) -> String {
    text(value.get(name)).unwrap_or_default()
}

fn port(value: &Value) -> Port {
    Port {
        container_port: value.get("containerPort").and_then(small).unwrap_or_default(),
        protocol: if member(value, "protocol") == Protocol::Udp.as_str() {
            Protocol::Udp
        } else {
            Protocol::Tcp
        },
        name: text(value.get("name")),
    }
}

fn variable(value: &Value) -> Variable {
    Variable { name: member(value, "name"), value: member(value, "value") }
}

fn secret(value: &Value) -> SecretVariable {
    SecretVariable { name: member(value, "name"), value_from: member(value, "valueFrom") }
}

fn health_check(value: &Value) -> Option<FormHealthCheck> {
    let seconds = |name: &str| value.get(name).and_then(small).unwrap_or_default();
    Some(FormHealthCheck {
        command: texts(value.get("command"))?,
        interval: seconds("interval"),
        timeout: seconds("timeout"),
        retries: seconds("retries"),
        start_period: seconds("startPeriod"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sociscope_fargate::{Context, check};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn image() -> ImageConfig {
        serde_json::from_value(serde_json::json!({
            "os": "linux", "architecture": "amd64", "config": { "Cmd": ["serve"] },
        }))
        .expect("an image config")
    }

    /// Breaks a form, lets the rules mend it, and says whether every offered fix took hold.
    fn check_fix(name: &str, break_it: impl Fn(&mut Form), mended: impl Fn(&Form) -> bool) {
        let image = image();
        let mut form = Form::default();
        break_it(&mut form);
        let context = Context { image: Some(&image), form: Some(&form), ..Context::default() };
        let fixed = check(&build(&form, &image).to_value(), &context)
            .into_iter()
            .filter_map(|diagnostic| apply(&diagnostic.fix?.patch, &form, &image))
            .any(|fixed| mended(&fixed));
        assert!(fixed, "{name}");
    }

    #[test]
    fn what_the_rules_offer_arrives_in_the_form() {
        check_fix("size", |form| form.memory = 1000, |form| form.memory == 2048);
        check_fix("family", |form| form.family = "my app!".into(), |form| !form.family.contains([' ', '!']));
        check_fix(
            "storage",
            |form| form.ephemeral_storage = Some(500),
            |form| form.ephemeral_storage == Some(200),
        );
        check_fix(
            "a secret moves",
            |form| form.environment.push(Variable { name: "DB_PASSWORD".into(), value: "hunter2".into() }),
            |form| form.environment.is_empty() && form.secrets.len() == 1,
        );
        check_fix(
            "health",
            |form| {
                let command = vec!["CMD-SHELL".into(), "true".into()];
                form.health_check =
                    Some(FormHealthCheck { command, interval: 1, ..FormHealthCheck::default() });
            },
            |form| form.health_check.as_ref().is_some_and(|check| check.interval == 5),
        );
        check_fix(
            "directory",
            |form| form.working_directory = Some("srv".into()),
            |form| form.working_directory.as_deref() == Some("/srv"),
        );
    }

    #[test]
    fn what_the_form_leaves_open_stays_open() {
        let form = Form { memory: 1000, ..Form::default() };
        let edits = [Edit::set("/memory".into(), "2048")];
        let fixed = apply(&edits, &form, &image()).expect("a form");
        assert_eq!(fixed, Form { memory: 2048, ..form });
        assert_eq!(fixed.execution_role_arn, None);
    }

    #[test]
    fn what_no_field_holds_is_not_offered() {
        let edits = [Edit::set("/volumes/-".into(), serde_json::json!({ "name": "tmp" }))];
        assert_eq!(apply(&edits, &Form::default(), &image()), None);
        assert_eq!(apply(&[], &Form::default(), &image()), None);
    }
}
