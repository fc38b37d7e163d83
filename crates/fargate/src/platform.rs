//! From an image's platform to the `runtimePlatform` that can run it.

use crate::definition::RuntimePlatform;
use sociscope_image::config::ImageConfig;

/// What Fargate calls the platforms it runs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// `X86_64` or `ARM64`.
    pub cpu_architecture: &'static str,
    /// `LINUX` or a `WINDOWS_SERVER_…`.
    pub operating_system_family: &'static str,
}

/// Every operating system family ECS knows, newest Windows last.
pub const FAMILIES: &[&str] = &[
    "LINUX",
    "WINDOWS_SERVER_2016_FULL",
    "WINDOWS_SERVER_2004_CORE",
    "WINDOWS_SERVER_20H2_CORE",
    "WINDOWS_SERVER_2019_CORE",
    "WINDOWS_SERVER_2019_FULL",
    "WINDOWS_SERVER_2022_CORE",
    "WINDOWS_SERVER_2022_FULL",
    "WINDOWS_SERVER_2025_CORE",
    "WINDOWS_SERVER_2025_FULL",
];

/// Why Fargate cannot run an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRunnable {
    /// The config does not say what it was built for.
    #[error(
        "The image config names no operating system and architecture, so no platform can be chosen for it"
    )]
    Unstated,
    /// Built for a processor Fargate does not have.
    #[error("Fargate has no {0} processors; build the image for linux/amd64 or linux/arm64")]
    Architecture(String),
    /// Built for an operating system Fargate does not have.
    #[error("Fargate does not run {0} images; build the image for linux/amd64 or linux/arm64")]
    OperatingSystem(String),
    /// A Windows image of a release Fargate does not have, or of none.
    #[error(
        "Fargate runs Windows images of Server 2019 (10.0.17763), 2022 (10.0.20348) and 2025 (10.0.26100); this one is {0}"
    )]
    WindowsRelease(String),
}

impl Runtime {
    /// The platform that runs this image.
    ///
    /// # Errors
    /// [`NotRunnable`] when Fargate has none.
    pub fn of_image(config: &ImageConfig) -> Result<Self, NotRunnable> {
        let variant = config.variant.as_deref().unwrap_or_default();
        let platform = |config: &ImageConfig| {
            let mut text = format!("{}/{}", config.os, config.architecture);
            if !variant.is_empty() {
                text.push('/');
                text.push_str(variant);
            }
            text
        };
        match (config.os.as_str(), config.architecture.as_str()) {
            ("", _) | (_, "") => Err(NotRunnable::Unstated),
            ("linux", "amd64") => Ok(Self { cpu_architecture: "X86_64", operating_system_family: "LINUX" }),
            // Fargate's ARM processors are ARMv8.2; an image that wants v9 would die of SIGILL.
            ("linux", "arm64") if variant.is_empty() || variant.starts_with("v8") => {
                Ok(Self { cpu_architecture: "ARM64", operating_system_family: "LINUX" })
            }
            ("windows", "amd64") => {
                let release = config.os_version.as_deref().unwrap_or_default();
                let operating_system_family = match release.split('.').nth(2) {
                    Some("17763") => "WINDOWS_SERVER_2019_CORE",
                    Some("20348") => "WINDOWS_SERVER_2022_CORE",
                    Some("26100") => "WINDOWS_SERVER_2025_CORE",
                    _ if release.is_empty() => {
                        return Err(NotRunnable::WindowsRelease("of no stated release".to_owned()));
                    }
                    _ => return Err(NotRunnable::WindowsRelease(release.to_owned())),
                };
                Ok(Self { cpu_architecture: "X86_64", operating_system_family })
            }
            ("linux" | "windows", _) => Err(NotRunnable::Architecture(platform(config))),
            (os, _) => Err(NotRunnable::OperatingSystem(os.to_owned())),
        }
    }

    /// Whether it is Linux, the only system SOCI works with.
    #[must_use]
    pub fn is_linux(self) -> bool {
        self.operating_system_family == "LINUX"
    }
}

impl From<Runtime> for RuntimePlatform {
    fn from(runtime: Runtime) -> Self {
        Self {
            cpu_architecture: Some(runtime.cpu_architecture.to_owned()),
            operating_system_family: Some(runtime.operating_system_family.to_owned()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(os: &str, architecture: &str, variant: &str, release: &str) -> ImageConfig {
        ImageConfig {
            os: os.into(),
            architecture: architecture.into(),
            variant: Some(variant.into()).filter(|v: &String| !v.is_empty()),
            os_version: Some(release.into()).filter(|v: &String| !v.is_empty()),
            ..ImageConfig::default()
        }
    }

    #[test]
    fn what_fargate_runs() {
        for (config, cpu, family) in [
            (image("linux", "amd64", "", ""), "X86_64", "LINUX"),
            (image("linux", "amd64", "v3", ""), "X86_64", "LINUX"),
            (image("linux", "arm64", "", ""), "ARM64", "LINUX"),
            (image("linux", "arm64", "v8", ""), "ARM64", "LINUX"),
            (image("windows", "amd64", "", "10.0.17763.5936"), "X86_64", "WINDOWS_SERVER_2019_CORE"),
            (image("windows", "amd64", "", "10.0.20348.2527"), "X86_64", "WINDOWS_SERVER_2022_CORE"),
            (image("windows", "amd64", "", "10.0.26100"), "X86_64", "WINDOWS_SERVER_2025_CORE"),
        ] {
            let wanted = Runtime { cpu_architecture: cpu, operating_system_family: family };
            assert_eq!(Runtime::of_image(&config), Ok(wanted));
            assert!(FAMILIES.contains(&family));
        }
    }

    #[test]
    fn what_it_does_not_run() {
        for (config, wanted) in [
            (image("", "", "", ""), NotRunnable::Unstated),
            (image("linux", "", "", ""), NotRunnable::Unstated),
            (image("linux", "arm", "v7", ""), NotRunnable::Architecture("linux/arm/v7".into())),
            (image("linux", "arm64", "v9", ""), NotRunnable::Architecture("linux/arm64/v9".into())),
            (image("linux", "s390x", "", ""), NotRunnable::Architecture("linux/s390x".into())),
            (image("windows", "arm64", "", ""), NotRunnable::Architecture("windows/arm64".into())),
            (image("windows", "amd64", "", ""), NotRunnable::WindowsRelease("of no stated release".into())),
            (image("windows", "amd64", "", "10.0.14393"), NotRunnable::WindowsRelease("10.0.14393".into())),
            (image("wasi", "wasm", "", ""), NotRunnable::OperatingSystem("wasi".into())),
        ] {
            assert_eq!(Runtime::of_image(&config), Err(wanted));
        }
    }
}
