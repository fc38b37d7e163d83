//! Platforms: what an image runs on, and when two of them are the same.
//!
//! ```text
//! linux / arm64 / v8            windows(10.0.20348+win32k) / amd64
//! ──┬──   ──┬──  ─┬             ───┬─── ────┬───── ───┬──    ──┬──
//!   os   architecture            os     os_version  os_features architecture
//!               variant
//! ```
//!
//! The same machine has many spellings (`x86_64`, `amd64`, `amd64/v1`). The reference compares
//! [normalised](Platform::normalised) platforms but writes down the spelling it was given, so a
//! `Platform` keeps what was written and normalises only to compare.
//!
//! Source: containerd platforms v1.0.0-rc.4 as used by soci v0.15.0, with linux/amd64 as the
//! host; the JSON form is OCI image-spec v1.1 `image-index.md`.

use crate::json::{Object, Problem};
use serde::Serialize;
use std::fmt;

/// The system a bare architecture, or an empty `os`, stands for.
const HOST_OS: &str = "linux";
/// The architecture a bare system stands for.
const HOST_ARCHITECTURE: &str = "amd64";

/// What an image runs on, spelled as it was found.
///
/// Serialises as an OCI `platform` object with its keys in the reference's order, empty optional
/// ones left out. Reading goes the same way as every other document: keys in any letter case,
/// `null` and absent are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Platform {
    /// CPU architecture in Go's spelling (`amd64`, `arm64`, …); empty when unstated.
    pub architecture: String,
    /// Operating system in Go's spelling (`linux`, `windows`); empty when unstated.
    pub os: String,
    /// Windows build, e.g. `10.0.20348.2340`.
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Features the system must have, e.g. `win32k`.
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// CPU variant, e.g. `v8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// A platform by its three main parts; an empty variant is none.
    #[must_use]
    pub fn new(os: &str, architecture: &str, variant: &str) -> Self {
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: non_empty(variant),
            ..Self::default()
        }
    }

    /// Reads what people write behind `--platform`: `arch`, `os`, `os/arch`, `os/arch/variant`,
    /// where `os` may be `os(version+feature+…)`.
    ///
    /// The spelling is canonical afterwards except for the variant, which stays as asked for:
    /// `linux/arm64` has none, `linux/arm64/v8` has `v8`. That is what ends up in the SOCI
    /// index's descriptor.
    ///
    /// # Errors
    /// A text of another shape, or a single word that is neither a known system nor a known
    /// architecture.
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let fail = |reason| PlatformError { text: text.to_owned(), reason };
        if text.contains('*') {
            return Err(fail("wildcards are not supported"));
        }
        let mut parts = text.split('/');
        let first = parts.next().unwrap_or_default();
        let mut platform = parse_system(first).map_err(fail)?;
        let rest: Vec<&str> = parts.collect();
        if !rest.iter().all(|part| is_word(part, "_.-")) {
            return Err(fail("architecture and variant are letters, digits, '_', '.', '-'"));
        }
        match rest[..] {
            [] if is_known_os(&platform.os) => HOST_ARCHITECTURE.clone_into(&mut platform.architecture),
            [] => {
                let (architecture, variant) = normalise_architecture(first, "");
                if !is_known_architecture(&architecture) {
                    return Err(fail("neither a known operating system nor a known architecture"));
                }
                HOST_OS.clone_into(&mut platform.os);
                platform.set_architecture(architecture, variant);
            }
            [architecture] => {
                let (architecture, variant) = normalise_architecture(architecture, "");
                platform.set_architecture(architecture, variant);
            }
            [architecture, variant] => {
                let (architecture, variant) = normalise_architecture(architecture, variant);
                // Asked for by name, so it is kept although it is the default.
                let variant =
                    if architecture == "arm64" && variant.is_empty() { "v8".to_owned() } else { variant };
                platform.variant = non_empty(&variant);
                platform.architecture = architecture;
            }
            _ => return Err(fail("more than three parts")),
        }
        Ok(platform)
    }

    /// Takes an architecture that was named without a variant: arm then means v7 unsaid.
    fn set_architecture(&mut self, architecture: String, variant: String) {
        let implied = architecture == "arm" && variant == "v7";
        self.variant = if implied { None } else { non_empty(&variant) };
        self.architecture = architecture;
    }

    /// The canonical spelling: `aarch64/v8` becomes `arm64`, `armhf` becomes `arm/v7`, an empty
    /// system becomes linux, features are sorted.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let (architecture, variant) =
            normalise_architecture(&self.architecture, self.variant.as_deref().unwrap_or_default());
        let mut os_features = self.os_features.clone();
        os_features.sort_unstable();
        os_features.dedup();
        Self {
            os: normalise_os(&self.os),
            architecture,
            variant: non_empty(&variant),
            os_version: self.os_version.clone(),
            os_features,
        }
    }

    /// Whether an image of platform `image` is what someone who asked for `self` wants: same
    /// system, architecture and variant once both are normalised, no feature beyond those asked
    /// for, and on Windows a build that the asked-for one can run.
    ///
    /// Strict: `amd64` does not accept `386`, `arm/v7` does not accept `arm/v6`.
    #[must_use]
    pub fn matches(&self, image: &Self) -> bool {
        let (wanted, found) = (self.normalised(), image.normalised());
        let windows = wanted.os == "windows";
        let features_known = found
            .os_features
            .iter()
            .all(|feature| (windows && feature == "win32k") || wanted.os_features.contains(feature));
        wanted.os == found.os
            && wanted.architecture == found.architecture
            && wanted.variant == found.variant
            && features_known
            && (!windows || windows_accepts(wanted.os_version.as_deref(), found.os_version.as_deref()))
    }

    /// Whether system or architecture is the word `unknown`, as attestations have it.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }

    /// Whether neither system nor architecture is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.os.is_empty() && self.architecture.is_empty()
    }

    /// Reads the fields of a `platform` object, or those of a config, which are the same.
    pub(crate) fn read(object: &Object<'_>, problems: &mut Vec<Problem>) -> Self {
        Self {
            architecture: object.get("architecture", problems),
            os: object.get("os", problems),
            os_version: non_empty(&object.get::<String>("os.version", problems)),
            os_features: object.get("os.features", problems),
            variant: non_empty(&object.get::<String>("variant", problems)),
        }
    }
}

/// `os/architecture[/variant]`; `unknown` when the system is unstated.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.os.is_empty() {
            return f.write_str("unknown");
        }
        f.write_str(&self.os)?;
        for part in [Some(&self.architecture), self.variant.as_ref()].into_iter().flatten() {
            if !part.is_empty() {
                write!(f, "/{part}")?;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        Self::parse(text)
    }
}

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a platform: {reason}")]
pub struct PlatformError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn is_word(text: &str, extra: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

/// `os` or `os(version+feature…)`.
fn parse_system(text: &str) -> Result<Platform, &'static str> {
    let (name, options) = match text.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').ok_or("the bracket is not closed")?),
        None => (text, ""),
    };
    if !is_word(name, "_-") {
        return Err("the operating system is letters, digits, '_', '-'");
    }
    let mut options = options.split('+');
    let version = options.next().unwrap_or_default();
    if !version.is_empty() && !is_word(version, "_.%-") {
        return Err("the system version is letters, digits, '_', '.', '-', '%'");
    }
    let mut os_features = Vec::new();
    for feature in options {
        if !is_word(feature, "_.%-") {
            return Err("a system feature is letters, digits, '_', '.', '-', '%'");
        }
        os_features.push(percent_decoded(feature)?);
    }
    Ok(Platform {
        os: normalise_os(name),
        os_version: non_empty(&percent_decoded(version)?),
        os_features,
        ..Platform::default()
    })
}

fn percent_decoded(text: &str) -> Result<String, &'static str> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err("'%' needs two hex digits behind it");
        };
        out.push(high << 4 | low);
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn normalise_os(os: &str) -> String {
    match os.to_lowercase().as_str() {
        "" => HOST_OS.to_owned(),
        "macos" => "darwin".to_owned(),
        os => os.to_owned(),
    }
}

fn normalise_architecture(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_lowercase(), variant.to_lowercase());
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64" | "arm64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

fn is_known_os(os: &str) -> bool {
    matches!(
        os,
        "aix"
            | "android"
            | "darwin"
            | "dragonfly"
            | "freebsd"
            | "hurd"
            | "illumos"
            | "ios"
            | "js"
            | "linux"
            | "nacl"
            | "netbsd"
            | "openbsd"
            | "plan9"
            | "solaris"
            | "windows"
            | "zos"
    )
}

fn is_known_architecture(architecture: &str) -> bool {
    matches!(
        architecture,
        "386"
            | "amd64"
            | "amd64p32"
            | "arm"
            | "armbe"
            | "arm64"
            | "arm64be"
            | "loong64"
            | "mips"
            | "mipsle"
            | "mips64"
            | "mips64le"
            | "mips64p32"
            | "mips64p32le"
            | "ppc"
            | "ppc64"
            | "ppc64le"
            | "riscv"
            | "riscv64"
            | "s390"
            | "s390x"
            | "sparc"
            | "sparc64"
            | "wasm"
    )
}

/// Windows Server 2022, from which on a host also runs images of its predecessor.
const LTSC_2022: u16 = 20_348;
/// Windows Server 2025.
const LTSC_2025: u16 = 26_100;

/// `major.minor.build…`; anything else counts as unstated.
fn windows_build(version: Option<&str>) -> Option<(u8, u8, u16)> {
    let mut parts = version?.splitn(4, '.');
    let (major, minor, build) = (parts.next()?, parts.next()?, parts.next()?);
    let found = (major.parse().ok()?, minor.parse().ok()?, build.parse().ok()?);
    (found != (0, 0, 0)).then_some(found)
}

/// Whether a host of build `wanted` runs containers of build `found`: exactly its own before
/// Windows Server 2022, afterwards down to the previous long-term release.
fn windows_accepts(wanted: Option<&str>, found: Option<&str>) -> bool {
    let Some(host) = windows_build(wanted) else { return true };
    if found.is_none_or(str::is_empty) {
        return true;
    }
    let container = windows_build(found).unwrap_or_default();
    if (host.0, host.1) != (container.0, container.1) {
        return false;
    }
    if host.2 < LTSC_2022 {
        return host.2 == container.2;
    }
    let oldest = if host.2 > LTSC_2025 { LTSC_2025 } else { LTSC_2022 };
    (oldest..=host.2).contains(&container.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_behind_platform_is_read_as_the_reference_reads_it() {
        for (text, os, architecture, variant) in [
            ("linux/arm64", "linux", "arm64", ""),
            ("linux/arm64/v8", "linux", "arm64", "v8"),
            ("linux/arm64/v9", "linux", "arm64", "v9"),
            ("linux/arm", "linux", "arm", ""),
            ("linux/arm/v7", "linux", "arm", "v7"),
            ("linux/arm/7", "linux", "arm", "v7"),
            ("linux/arm/v6", "linux", "arm", "v6"),
            ("arm", "linux", "arm", ""),
            ("armel", "linux", "arm", "v6"),
            ("armhf", "linux", "arm", ""),
            ("Aarch64", "linux", "arm64", ""),
            ("x86_64", "linux", "amd64", ""),
            ("Linux/x86_64", "linux", "amd64", ""),
            ("linux/amd64/v1", "linux", "amd64", ""),
            ("linux/amd64/v3", "linux", "amd64", "v3"),
            ("i386", "linux", "386", ""),
            ("macOS", "darwin", "amd64", ""),
            ("windows", "windows", "amd64", ""),
            ("nosuch/nothing", "nosuch", "nothing", ""),
        ] {
            assert_eq!(Platform::parse(text), Ok(Platform::new(os, architecture, variant)), "{text}");
        }
    }

    #[test]
    fn a_system_may_carry_version_and_features() {
        let platform = Platform::parse("windows(10.0.17763+win32k+a%2Bb)/amd64").expect("valid");
        assert_eq!(platform.os_version.as_deref(), Some("10.0.17763"));
        assert_eq!(platform.os_features, ["win32k", "a+b"]);
        assert_eq!(platform.to_string(), "windows/amd64");
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for text in [
            "",
            "foo",
            "*",
            "linux/*",
            "linux/",
            "/amd64",
            "linux/amd64/v1/x",
            "linux/am d64",
            "windows(10",
            "windows(10)x/amd64",
            "windows(1+)/amd64",
            "windows(%zz)/amd64",
            "a(b)(c)",
            "lin\u{fc}x/amd64",
        ] {
            assert!(Platform::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn matching_is_strict_on_the_canonical_spelling() {
        let check = |wanted: (&str, &str, &str), image: (&str, &str, &str), expected| {
            let platform =
                |(os, architecture, variant): (&str, &str, &str)| Platform::new(os, architecture, variant);
            assert_eq!(platform(wanted).matches(&platform(image)), expected, "{wanted:?} {image:?}");
        };
        check(("linux", "arm64", ""), ("linux", "aarch64", "v8"), true);
        check(("linux", "arm64", "v8"), ("linux", "arm64", ""), true);
        check(("linux", "arm", ""), ("linux", "arm", "v7"), true);
        check(("linux", "arm", "v7"), ("linux", "armhf", ""), true);
        check(("linux", "arm", "v7"), ("linux", "arm", "v6"), false);
        check(("linux", "amd64", ""), ("linux", "x86_64", "v1"), true);
        check(("linux", "amd64", ""), ("linux", "amd64", "v3"), false);
        check(("linux", "amd64", ""), ("linux", "386", ""), false);
        check(("linux", "amd64", ""), ("", "amd64", ""), true);
        check(("linux", "amd64", ""), ("windows", "amd64", ""), false);
    }

    #[test]
    fn windows_builds_follow_the_long_term_releases() {
        let check = |wanted: &str, image: &str, expected| {
            let windows = |version: &str| Platform {
                os_version: Some(version.to_owned()),
                ..Platform::new("windows", "amd64", "")
            };
            assert_eq!(windows(wanted).matches(&windows(image)), expected, "{wanted} {image}");
        };
        check("10.0.17763.1", "10.0.17763.9", true);
        check("10.0.19041", "10.0.17763", false);
        check("10.0.20348", "10.0.20348", true);
        check("10.0.22621", "10.0.20348", true);
        check("10.0.26100", "10.0.20348", true);
        check("10.0.27000", "10.0.20348", false);
        check("10.0.27000", "10.0.26100", true);
        check("10.0.20348", "10.0.26100", false);
        check("", "10.0.20348", true);
        check("10.0.20348", "", true);
        check("10.0.20348", "junk", false);
        check("11.0.20348", "10.0.20348", false);
    }

    #[test]
    fn features_of_the_image_must_have_been_asked_for() {
        let with = |os: &str, features: &[&str]| Platform {
            os_features: features.iter().map(|&feature| feature.to_owned()).collect(),
            ..Platform::new(os, "amd64", "")
        };
        assert!(with("linux", &["b", "a"]).matches(&with("linux", &["a"])));
        assert!(!with("linux", &[]).matches(&with("linux", &["a"])));
        assert!(with("windows", &[]).matches(&with("windows", &["win32k"])));
        assert!(!with("linux", &[]).matches(&with("linux", &["win32k"])));
    }

    #[test]
    fn the_json_form_has_the_references_key_order() {
        let platform = Platform {
            os_version: Some("10.0".into()),
            os_features: vec!["f".into()],
            ..Platform::new("windows", "arm64", "v8")
        };
        assert_eq!(
            serde_json::to_string(&platform).expect("plain data"),
            r#"{"architecture":"arm64","os":"windows","os.version":"10.0","os.features":["f"],"variant":"v8"}"#
        );
        assert_eq!(
            serde_json::to_string(&Platform::new("linux", "amd64", "")).expect("plain data"),
            r#"{"architecture":"amd64","os":"linux"}"#
        );
    }
}
