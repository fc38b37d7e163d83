//! Image URIs: which ones name a private Amazon ECR repository, the only place Fargate loads
//! lazily from.
//!
//! ```text
//!   111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1.4-soci@sha256:…
//!   └─ account ─┘ └────┘ └region─┘ └─ suffix ──┘ └─────┘ └──────┘ └──────┘
//!                 or dkr.ecr-fips     repository   tag      digest
//!                 or dkr-ecr, dkr-ecr-fips with the suffix on.aws (dual-stack)
//! ```
//!
//! The suffix follows the Region's partition. Sources: the service model of ECR (account,
//! repository name), the endpoint data of the AWS SDKs (partitions), the OCI distribution spec
//! (tag, digest).

use std::fmt;

/// A group of Regions with its own accounts, ARNs and host names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's and `arn` spells them")]
pub enum Partition {
    Aws,
    China,
    GovCloud,
    EuropeanSovereign,
    Iso,
    IsoB,
    IsoE,
    IsoF,
}

impl Partition {
    /// The partition of a Region, by the shape of its name; `None` when it has no such shape.
    #[must_use]
    pub fn of_region(region: &str) -> Option<Self> {
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = region.split('-').collect();
        let (partition, name, last) = match *parts.as_slice() {
            ["us" | "eu" | "ap" | "sa" | "ca" | "me" | "af" | "il" | "mx", name, last] => {
                (Self::Aws, name, last)
            }
            ["cn", name, last] => (Self::China, name, last),
            ["us", "gov", name, last] => (Self::GovCloud, name, last),
            ["eusc", "de", name, last] => (Self::EuropeanSovereign, name, last),
            ["us", "iso", name, last] => (Self::Iso, name, last),
            ["us", "isob", name, last] => (Self::IsoB, name, last),
            ["eu", "isoe", name, last] => (Self::IsoE, name, last),
            ["us", "isof", name, last] => (Self::IsoF, name, last),
            _ => return None,
        };
        (word(name) && number(last)).then_some(partition)
    }

    /// The second field of an ARN: `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn arn(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
            Self::EuropeanSovereign => "aws-eusc",
            Self::Iso => "aws-iso",
            Self::IsoB => "aws-iso-b",
            Self::IsoE => "aws-iso-e",
            Self::IsoF => "aws-iso-f",
        }
    }

    /// What the host names of its registries end in.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::GovCloud => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
            Self::EuropeanSovereign => "amazonaws.eu",
            Self::Iso => "c2s.ic.gov",
            Self::IsoB => "sc2s.sgov.gov",
            Self::IsoE => "cloud.adc-e.uk",
            Self::IsoF => "csp.hci.ic.gov",
        }
    }
}

/// A well-formed URI of an image in a private ECR repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUri {
    /// Twelve digits.
    pub account: String,
    /// Region of the registry.
    pub region: String,
    /// The Region's partition.
    pub partition: Partition,
    /// Whether the host is a FIPS 140 endpoint.
    pub fips: bool,
    /// Whether the host answers on IPv6 as well (`….on.aws`).
    pub dual_stack: bool,
    /// 2–256 characters, lower case.
    pub repository: String,
    /// 1–128 characters, if any.
    pub tag: Option<String>,
    /// `sha256:` and 64 lower-case hex digits, if any.
    pub digest: Option<String>,
}

/// Where an image lies that is not in a private ECR repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registry {
    /// `public.ecr.aws`.
    EcrPublic,
    /// Docker Hub, named or implied.
    DockerHub,
    /// `ghcr.io`.
    GitHub,
    /// `quay.io`.
    Quay,
    /// Another host.
    Other(String),
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcrPublic => f.write_str("Amazon ECR Public"),
            Self::DockerHub => f.write_str("Docker Hub"),
            Self::GitHub => f.write_str("GitHub Container Registry"),
            Self::Quay => f.write_str("Quay"),
            Self::Other(host) => write!(f, "registry {host}"),
        }
    }
}

/// Why a text is not the URI of an image in a private ECR repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Nothing there.
    #[error("The image URI is empty")]
    Empty,
    /// A well-formed reference to another registry. Such a task runs; it never loads lazily.
    #[error("The image is in {0}, not in a private ECR repository")]
    NotEcr(Registry),
    /// `https://` in front.
    #[error("An image URI has no scheme; `{0}` must go")]
    Scheme(String),
    /// White space inside or around.
    #[error("The image URI holds a blank")]
    Blank,
    /// `<account-id>`, `${REGION}` and the like.
    #[error("The image URI still holds the placeholder `{0}`")]
    Placeholder(String),
    /// More than 255 characters in the tag form.
    #[error("The image URI has {0} characters; 255 are allowed")]
    Long(usize),
    /// The account is not twelve digits.
    #[error("`{0}` is not an account number of 12 digits")]
    Account(String),
    /// No partition has such a Region.
    #[error("`{0}` is not the name of an AWS Region")]
    Region(String),
    /// The host does not end as the Region's partition demands.
    #[error("An ECR host in {region} ends in `{wanted}`, not `{found}`")]
    Suffix {
        /// The Region named.
        region: String,
        /// The right ending.
        wanted: &'static str,
        /// The one found.
        found: String,
    },
    /// The repository name breaks the grammar.
    #[error(
        "`{0}` is not a repository name: 2 to 256 of a-z, 0-9 and single . _ - between them, parts divided by /"
    )]
    Repository(String),
    /// The tag breaks the grammar.
    #[error("`{0}` is not a tag: 1 to 128 of letters, digits, . _ -, not starting with . or -")]
    Tag(String),
    /// The digest breaks the grammar.
    #[error("`{0}` is not a digest: sha256: and 64 lower-case hex digits")]
    Digest(String),
}

/// A reference cut into its parts, none of them judged.
struct Parts<'a> {
    host: Option<&'a str>,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn cut(text: &'a str) -> Self {
        let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
        // A colon is a tag's only behind the last slash; before it, it is a port's.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
                Self { host: Some(host), path, tag, digest }
            }
            _ => Self { host: None, path: name, tag, digest },
        }
    }
}

/// The host of a private ECR registry, cut at its dots.
struct EcrHost<'a> {
    account: &'a str,
    fips: bool,
    dual_stack: bool,
    region: &'a str,
    suffix: &'a str,
}

impl<'a> EcrHost<'a> {
    fn cut(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let forms = [
            ("dkr.ecr.", false, false),
            ("dkr.ecr-fips.", true, false),
            ("dkr-ecr.", false, true),
            ("dkr-ecr-fips.", true, true),
        ];
        let (rest, fips, dual_stack) = forms
            .into_iter()
            .find_map(|(form, fips, dual_stack)| Some((rest.strip_prefix(form)?, fips, dual_stack)))?;
        let (region, suffix) = rest.split_once('.').unwrap_or((rest, ""));
        Some(Self { account, fips, dual_stack, region, suffix })
    }
}

impl ImageUri {
    /// Reads a URI.
    ///
    /// # Errors
    /// [`UriError::NotEcr`] for a well-formed reference to another registry; every other variant
    /// means that no runtime could pull it.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        surface(text)?;
        let parts = Parts::cut(text);
        let ecr = parts.host.and_then(EcrHost::cut);
        if let Some(host) = &ecr {
            if host.account.len() != 12 || !host.account.bytes().all(|b| b.is_ascii_digit()) {
                return Err(UriError::Account(host.account.to_owned()));
            }
            let Some(partition) = Partition::of_region(host.region) else {
                return Err(UriError::Region(host.region.to_owned()));
            };
            let wanted = if host.dual_stack { "on.aws" } else { partition.suffix() };
            if host.suffix != wanted {
                let (region, found) = (host.region.to_owned(), host.suffix.to_owned());
                return Err(UriError::Suffix { region, wanted, found });
            }
        }
        let least = if ecr.is_some() { 2 } else { 1 };
        if !is_repository(parts.path) || !(least..=256).contains(&parts.path.len()) {
            return Err(UriError::Repository(parts.path.to_owned()));
        }
        if let Some(tag) = parts.tag.filter(|tag| !is_tag(tag)) {
            return Err(UriError::Tag(tag.to_owned()));
        }
        if let Some(digest) = parts.digest.filter(|digest| !is_digest(digest)) {
            return Err(UriError::Digest(digest.to_owned()));
        }
        if parts.digest.is_none() && text.len() > 255 {
            return Err(UriError::Long(text.len()));
        }
        let Some(host) = ecr else { return Err(UriError::NotEcr(registry(parts.host))) };
        let Some(partition) = Partition::of_region(host.region) else {
            return Err(UriError::Region(host.region.to_owned()));
        };
        Ok(Self {
            account: host.account.to_owned(),
            region: host.region.to_owned(),
            partition,
            fips: host.fips,
            dual_stack: host.dual_stack,
            repository: parts.path.to_owned(),
            tag: parts.tag.map(str::to_owned),
            digest: parts.digest.map(str::to_owned),
        })
    }

    /// What the author of `text` most likely meant, when that is a well-formed reference.
    #[must_use]
    pub fn suggest(text: &str) -> Option<String> {
        let mut better = text.trim();
        for scheme in ["https://", "http://", "docker://"] {
            better = better.strip_prefix(scheme).unwrap_or(better);
        }
        let mut better = better.trim_end_matches('/').to_owned();
        let parts = Parts::cut(&better);
        if let Some(host) = parts.host
            && let Some(ecr) = EcrHost::cut(host)
            && let Some(partition) = Partition::of_region(ecr.region)
        {
            let wanted = if ecr.dual_stack { "on.aws" } else { partition.suffix() };
            let rest = better.get(host.len()..)?;
            let host = host.get(..host.len() - ecr.suffix.len())?.trim_end_matches('.');
            better = format!("{host}.{wanted}{rest}");
        }
        let parts = Parts::cut(&better);
        if let Err(UriError::Repository(_)) = Self::parse(&better) {
            let lower = parts.path.to_ascii_lowercase();
            better = better.replacen(parts.path, &lower, 1);
        }
        (better != text && matches!(Self::parse(&better), Ok(_) | Err(UriError::NotEcr(_)))).then_some(better)
    }
}

impl fmt::Display for ImageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = match (self.dual_stack, self.fips) {
            (false, false) => "dkr.ecr",
            (false, true) => "dkr.ecr-fips",
            (true, false) => "dkr-ecr",
            (true, true) => "dkr-ecr-fips",
        };
        let suffix = if self.dual_stack { "on.aws" } else { self.partition.suffix() };
        write!(f, "{}.{service}.{}.{suffix}/{}", self.account, self.region, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// What can be said without knowing the grammar.
fn surface(text: &str) -> Result<(), UriError> {
    if text.is_empty() {
        return Err(UriError::Empty);
    }
    for (open, close) in [("${", '}'), ("{{", '}'), ("<", '>'), ("$", '/')] {
        if let Some(start) = text.find(open) {
            let rest = text.get(start..).unwrap_or_default();
            let end = rest.find(close).map_or(rest.len(), |end| if close == '/' { end } else { end + 1 });
            return Err(UriError::Placeholder(rest.get(..end).unwrap_or_default().to_owned()));
        }
    }
    if let Some(end) = text.find("://") {
        return Err(UriError::Scheme(text.get(..end + 3).unwrap_or_default().to_owned()));
    }
    if text.chars().any(char::is_whitespace) {
        return Err(UriError::Blank);
    }
    Ok(())
}

fn registry(host: Option<&str>) -> Registry {
    match host {
        None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io") => Registry::DockerHub,
        Some("public.ecr.aws") => Registry::EcrPublic,
        Some("ghcr.io") => Registry::GitHub,
        Some("quay.io") => Registry::Quay,
        Some(host) => Registry::Other(host.to_owned()),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, parts divided by `/`.
fn is_repository(path: &str) -> bool {
    path.split('/').all(|part| {
        let alphanumeric = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let bytes = part.as_bytes();
        alphanumeric(bytes.first())
            && alphanumeric(bytes.last())
            && part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(|separator| {
                matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
            })
    })
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether `text` is `sha256:` and 64 lower-case hex digits.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";

    #[test]
    fn every_host_form_reads_and_prints_back() {
        for (uri, partition) in [
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/demo/app:1.0-soci", Partition::Aws),
            ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/app", Partition::Aws),
            ("111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/app:1", Partition::GovCloud),
            ("111122223333.dkr-ecr.eu-west-1.on.aws/app:1", Partition::Aws),
            ("111122223333.dkr-ecr-fips.us-east-2.on.aws/app:1", Partition::Aws),
            ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1", Partition::China),
            ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu/app:1", Partition::EuropeanSovereign),
            ("111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov/app:1", Partition::Iso),
            ("111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/app:1", Partition::IsoB),
            ("111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk/app:1", Partition::IsoE),
            ("111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov/app:1", Partition::IsoF),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b-c/d.e_f__g--h:v1", Partition::Aws),
        ] {
            let parsed = ImageUri::parse(uri).unwrap_or_else(|error| panic!("{uri}: {error}"));
            assert_eq!(parsed.to_string(), uri);
            assert_eq!(parsed.partition, partition, "{uri}");
        }
        let both = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1.0@{DIGEST}");
        let parsed = ImageUri::parse(&both).expect("tag and digest");
        assert_eq!((parsed.tag.as_deref(), parsed.digest.as_deref()), (Some("1.0"), Some(DIGEST)));
    }

    #[test]
    fn other_registries_are_named() {
        for (reference, registry) in [
            ("nginx", Registry::DockerHub),
            ("library/nginx:1.27", Registry::DockerHub),
            ("docker.io/library/nginx", Registry::DockerHub),
            ("public.ecr.aws/docker/library/nginx:1.27", Registry::EcrPublic),
            ("ghcr.io/acme/app", Registry::GitHub),
            ("quay.io/acme/app:1", Registry::Quay),
            ("localhost:5000/app:1", Registry::Other("localhost:5000".into())),
            (
                "111122223333.dkr.other.example.com/app",
                Registry::Other("111122223333.dkr.other.example.com".into()),
            ),
        ] {
            assert_eq!(ImageUri::parse(reference), Err(UriError::NotEcr(registry)), "{reference}");
        }
    }

    #[test]
    fn what_no_runtime_could_pull_is_refused_with_the_part_at_fault() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let long = "a".repeat(250);
        for (uri, error) in [
            ("", UriError::Empty),
            ("my image:1", UriError::Blank),
            ("https://x.example/app:1", UriError::Scheme("https://".into())),
            ("<account-id>.dkr.ecr.<region>.amazonaws.com/app", UriError::Placeholder("<account-id>".into())),
            ("${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/app", UriError::Placeholder("${ACCOUNT}".into())),
            ("$REGISTRY/app", UriError::Placeholder("$REGISTRY".into())),
            ("11112222333.dkr.ecr.eu-west-1.amazonaws.com/app", UriError::Account("11112222333".into())),
            ("111122223333.dkr.ecr.europe.amazonaws.com/app", UriError::Region("europe".into())),
            (
                "111122223333.dkr.ecr.eu-west-1/app",
                UriError::Suffix {
                    region: "eu-west-1".into(),
                    wanted: "amazonaws.com",
                    found: String::new(),
                },
            ),
            (
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com/app",
                UriError::Suffix {
                    region: "cn-north-1".into(),
                    wanted: "amazonaws.com.cn",
                    found: "amazonaws.com".into(),
                },
            ),
            (&format!("{host}/Demo/App:1"), UriError::Repository("Demo/App".into())),
            (&format!("{host}/"), UriError::Repository(String::new())),
            (&format!("{host}/a"), UriError::Repository("a".into())),
            (&format!("{host}/a..b"), UriError::Repository("a..b".into())),
            (&format!("{host}/a___b"), UriError::Repository("a___b".into())),
            (&format!("{host}/-ab"), UriError::Repository("-ab".into())),
            (&format!("{host}/ab/"), UriError::Repository("ab/".into())),
            (&format!("{host}/app:"), UriError::Tag(String::new())),
            (&format!("{host}/app:-x"), UriError::Tag("-x".into())),
            (&format!("{host}/app@sha256:abc"), UriError::Digest("sha256:abc".into())),
            (&format!("{host}/{long}:1"), UriError::Long(host.len() + 1 + 250 + 2)),
        ] {
            assert_eq!(ImageUri::parse(uri), Err(error), "{uri}");
        }
    }

    #[test]
    fn slips_have_a_suggestion() {
        let good = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/demo/app:1";
        for slip in [
            "https://111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/demo/app:1",
            " 111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/demo/app:1 ",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com/demo/app:1",
            "111122223333.dkr.ecr.cn-north-1/demo/app:1",
            "https://111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/Demo/App:1",
        ] {
            assert_eq!(ImageUri::suggest(slip).as_deref(), Some(good), "{slip}");
        }
        for hopeless in [good, "", "my image:1", "<account-id>.dkr.ecr.<region>.amazonaws.com/app"] {
            assert_eq!(ImageUri::suggest(hopeless), None, "{hopeless}");
        }
    }
}
