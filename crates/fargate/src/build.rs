//! From the form to the definition.

use crate::{
    container::{ContainerDefinition, HealthCheck, LinuxParameters, LogConfiguration, PortMapping, Secret},
    definition::{EphemeralStorage, KeyValuePair, Tag, TaskDefinition},
    ecr::{ImageUri, Partition},
    form::{Form, PLACEHOLDER_ACCOUNT, given},
    platform::Runtime,
    roles,
};
use serde_json::{Map, Value};
use sociscope_image::config::ImageConfig;

/// Builds the definition for `form`. The platform, and what an override would drop, come from
/// `image`.
///
/// Nothing is repaired on the way: what the form says wrongly stands in the definition, where
/// [`check`](crate::check) finds it and names the line. An image that Fargate cannot run leaves
/// `runtimePlatform` out.
#[must_use]
pub fn build(form: &Form, image: &ImageConfig) -> TaskDefinition {
    let uri = ImageUri::parse(&form.image_uri).ok();
    let container = ContainerDefinition {
        name: Some(form.container_name.clone()),
        image: Some(form.image_uri.clone()),
        essential: Some(true),
        entry_point: form.entry_point.clone(),
        command: command(form, image),
        working_directory: given(form.working_directory.as_ref()).map(str::to_owned),
        user: given(form.user.as_ref()).map(str::to_owned),
        port_mappings: listed(form.ports.iter().map(|port| PortMapping {
            container_port: Some(port.container_port.into()),
            protocol: Some(port.protocol.as_str().to_owned()),
            name: given(port.name.as_ref()).map(str::to_owned),
            ..PortMapping::default()
        })),
        environment: listed(form.environment.iter().map(|variable| KeyValuePair {
            name: Some(variable.name.clone()),
            value: Some(variable.value.clone()),
            ..KeyValuePair::default()
        })),
        secrets: listed(form.secrets.iter().map(|secret| Secret {
            name: Some(secret.name.clone()),
            value_from: Some(secret.value_from.clone()),
            ..Secret::default()
        })),
        health_check: form.health_check.as_ref().map(|check| HealthCheck {
            command: Some(check.command.clone()),
            interval: Some(check.interval.into()),
            timeout: Some(check.timeout.into()),
            retries: Some(check.retries.into()),
            start_period: Some(check.start_period.into()),
            ..HealthCheck::default()
        }),
        log_configuration: log_configuration(form, uri.as_ref()),
        linux_parameters: form
            .init_process
            .then(|| LinuxParameters { init_process_enabled: Some(true), ..LinuxParameters::default() }),
        readonly_root_filesystem: form.readonly_root_filesystem.then_some(true),
        stop_timeout: form.stop_timeout.map(i64::from),
        ..ContainerDefinition::default()
    };
    TaskDefinition {
        family: Some(form.family.clone()),
        requires_compatibilities: Some(vec!["FARGATE".to_owned()]),
        network_mode: Some("awsvpc".to_owned()),
        runtime_platform: Runtime::of_image(image).ok().map(Into::into),
        cpu: Some(form.cpu.to_string()),
        memory: Some(form.memory.to_string()),
        ephemeral_storage: form
            .ephemeral_storage
            .map(|gib| EphemeralStorage { size_in_gib: Some(gib.into()), ..EphemeralStorage::default() }),
        execution_role_arn: Some(execution_role(form, uri.as_ref())),
        task_role_arn: given(form.task_role_arn.as_ref()).map(str::to_owned),
        container_definitions: Some(vec![container]),
        tags: listed(form.tags.iter().map(|tag| Tag {
            key: Some(tag.key.clone()),
            value: Some(tag.value.clone()),
            ..Tag::default()
        })),
        ..TaskDefinition::default()
    }
}

fn listed<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.collect();
    (!items.is_empty()).then_some(items)
}

/// `command`, so that overriding the entry point alone keeps the image's arguments: to a runtime
/// an explicit entry point clears `CMD`.
fn command(form: &Form, image: &ImageConfig) -> Option<Vec<String>> {
    match (&form.entry_point, &form.command) {
        (Some(_), None) => image.config.cmd.clone().filter(|cmd| !cmd.is_empty()),
        // The override has cleared CMD already, and `[]` is not known to mean anything.
        (Some(_), Some(command)) if command.is_empty() => None,
        (_, command) => command.clone(),
    }
}

/// The role given, else the usual name in the image's own account.
fn execution_role(form: &Form, uri: Option<&ImageUri>) -> String {
    match (given(form.execution_role_arn.as_ref()), uri) {
        (Some(arn), _) => arn.to_owned(),
        (None, Some(uri)) => roles::execution_role(uri.partition, &uri.account),
        (None, None) => roles::execution_role(Partition::Aws, PLACEHOLDER_ACCOUNT),
    }
}

fn log_configuration(form: &Form, uri: Option<&ImageUri>) -> Option<LogConfiguration> {
    let group = given(form.log_group.as_ref())?;
    // Without a Region the option is left out, and a rule asks for it: a guessed Region would
    // register and then fail at start.
    let region = given(form.log_region.as_ref()).or(uri.map(|uri| uri.region.as_str()));
    let options = [
        ("awslogs-group", Some(group)),
        ("awslogs-region", region),
        ("awslogs-stream-prefix", Some(form.log_stream_prefix.trim()).filter(|prefix| !prefix.is_empty())),
        ("awslogs-create-group", form.log_create_group.then_some("true")),
    ];
    let options: Map<String, Value> =
        options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    Some(LogConfiguration {
        log_driver: Some("awslogs".to_owned()),
        options: Some(options),
        ..LogConfiguration::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn image() -> ImageConfig {
        serde_json::from_value(json!({
            "os": "linux", "architecture": "amd64",
            "config": {"Entrypoint": ["/app"], "Cmd": ["serve", "--port", "8080"]},
        }))
        .expect("an image config")
    }

    fn strings(items: &[&str]) -> Option<Vec<String>> {
        Some(items.iter().map(|&item| item.to_owned()).collect())
    }

    #[test]
    fn an_entry_point_alone_keeps_the_images_arguments() {
        let container = |entry_point, command| {
            let form = Form { entry_point, command, ..Form::default() };
            let definition = build(&form, &image()).to_value();
            let get = |key: &str| definition.pointer(&format!("/containerDefinitions/0/{key}")).cloned();
            (get("entryPoint"), get("command"))
        };
        let serve = json!(["serve", "--port", "8080"]);
        assert_eq!(container(None, None), (None, None));
        assert_eq!(container(strings(&["/x"]), None), (Some(json!(["/x"])), Some(serve)));
        assert_eq!(container(strings(&["/x"]), strings(&[])), (Some(json!(["/x"])), None));
        assert_eq!(container(None, strings(&["y"])), (None, Some(json!(["y"]))));
    }

    #[test]
    fn role_and_region_follow_the_image() {
        let image_uri = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1".to_owned();
        let definition = build(&Form { image_uri, ..Form::default() }, &image()).to_value();
        assert_eq!(definition["executionRoleArn"], "arn:aws-cn:iam::111122223333:role/ecsTaskExecutionRole");
        let options = &definition["containerDefinitions"][0]["logConfiguration"]["options"];
        assert_eq!(options["awslogs-region"], "cn-north-1");
    }

    #[test]
    fn blank_fields_leave_members_out() {
        let form = Form {
            task_role_arn: Some(" ".into()),
            user: Some(String::new()),
            working_directory: Some("  ".into()),
            log_group: Some(String::new()),
            ..Form::default()
        };
        let definition = build(&form, &image()).to_value();
        let container = &definition["containerDefinitions"][0];
        for (object, key) in [
            (&definition, "taskRoleArn"),
            (&definition, "ephemeralStorage"),
            (&definition, "tags"),
            (container, "user"),
            (container, "workingDirectory"),
            (container, "logConfiguration"),
            (container, "portMappings"),
            (container, "command"),
        ] {
            assert_eq!(object.get(key), None, "{key}");
        }
    }

    #[test]
    fn a_definition_reads_back_as_it_was_written_and_keeps_what_it_does_not_know() {
        let text = r#"{"family":"x","zeta":1,"alpha":{"b":2,"a":1},"containerDefinitions":[{"name":"a","soci":true}]}"#;
        let definition: TaskDefinition = serde_json::from_str(text).expect("reads");
        assert_eq!(definition.other.keys().collect::<Vec<_>>(), ["zeta", "alpha"]);
        let again = serde_json::to_string(&definition).expect("writes");
        let sorted = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(sorted(&again), sorted(text));
        assert!(again.contains(r#""zeta":1,"alpha":{"b":2,"a":1}"#), "{again}");
    }
}
