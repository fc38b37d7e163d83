//! From an analysed image to the form: what its config says, in ECS's terms.
//!
//! The general rule is to copy nothing that the container inherits anyway. A value that is left
//! out follows the image on the next deployment; a copied one goes stale. So only what ECS does
//! not take from the image is written: the health check, the ports, and how much storage the
//! layers need. A variable that looks like a secret is never copied.
//!
//! | image config | definition | why |
//! |---|---|---|
//! | Healthcheck | `healthCheck`, converted | ECS ignores the one in the image |
//! | ExposedPorts | `portMappings` | `EXPOSE` alone opens nothing |
//! | os, architecture | `runtimePlatform` | the default is LINUX on X86_64 |
//! | layer sizes | `ephemeralStorage`, above 20 GiB | the image is unpacked there |
//! | Entrypoint, Cmd, Env, User, WorkingDir, Labels | left out | inherited |
//! | StopSignal | no member for it | the runtime sends the image's |
//! | Volumes | left out | such paths lie on ephemeral storage |

use crate::{
    form::Form,
    health,
    platform::{NotRunnable, Runtime},
    ports,
    storage::{ImageSizes, MOST_GIB, Storage},
};
use sociscope_image::config::ImageConfig;

impl Form {
    /// The choices that fit this image. Names stay placeholders until [`Form::name_after`].
    ///
    /// # Errors
    /// [`NotRunnable`] when Fargate cannot run the image at all.
    pub fn from_image(config: &ImageConfig, sizes: ImageSizes) -> Result<Self, NotRunnable> {
        let runtime = Runtime::of_image(config)?;
        let mut form = Self::default();
        if let Some(title) = config.config.labels.get("org.opencontainers.image.title") {
            form.name_after(title);
        }
        form.ports = ports::of_image(&config.config).ports;
        if let Some(image) = &config.config.healthcheck {
            form.health_check = health::convert(image, runtime.is_linux()).check;
        }
        form.ephemeral_storage = match sizes.storage() {
            Storage::Included => None,
            Storage::Ask(gib) => Some(gib),
            Storage::TooLarge => Some(MOST_GIB),
        };
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::FormHealthCheck;
    use serde_json::json;

    fn config(value: serde_json::Value) -> ImageConfig {
        serde_json::from_value(value).expect("an image config")
    }

    #[test]
    fn only_what_ecs_does_not_inherit_is_copied() {
        let config = config(json!({
            "os": "linux", "architecture": "arm64",
            "config": {
                "Entrypoint": ["/app"], "Cmd": ["serve"], "Env": ["PATH=/bin", "HF_TOKEN=hf_x"], "User": "10001",
                "WorkingDir": "/srv", "Labels": {"a": "b"}, "StopSignal": "SIGINT", "Volumes": {"/data": {}},
                "ExposedPorts": {"8080/tcp": {}},
                "Healthcheck": {"Test": ["CMD", "/health"], "Interval": 10_000_000_000i64, "Timeout": 2_000_000_000i64},
            },
        }));
        let form = Form::from_image(&config, ImageSizes { compressed: 20 << 30, uncompressed: 40 << 30 })
            .expect("runs");
        let check = FormHealthCheck {
            command: vec!["CMD".into(), "/health".into()],
            interval: 10,
            timeout: 2,
            retries: 3,
            start_period: 60,
        };
        let wanted = Form {
            ports: vec![crate::form::Port { container_port: 8080, ..Default::default() }],
            health_check: Some(check),
            ephemeral_storage: Some(66),
            ..Form::default()
        };
        assert_eq!(form, wanted);
    }

    #[test]
    fn a_title_label_names_it() {
        let config = config(json!({
            "os": "linux", "architecture": "amd64",
            "config": {"Labels": {"org.opencontainers.image.title": "Web Shop"}},
        }));
        let form = Form::from_image(&config, ImageSizes::default()).expect("runs");
        assert_eq!(form.family, "web-shop");
        assert!(form.image_uri.ends_with("/web-shop:soci"), "{}", form.image_uri);
    }

    #[test]
    fn what_fargate_cannot_run_is_an_error() {
        let arm = config(json!({"os": "linux", "architecture": "arm", "variant": "v7"}));
        let wanted = NotRunnable::Architecture("linux/arm/v7".into());
        assert_eq!(Form::from_image(&arm, ImageSizes::default()), Err(wanted));
    }
}
