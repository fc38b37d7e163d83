//! Pushing the archive so that every digest survives: the commands, as data.
//!
//! ```text
//!   Pushed: file name, tag, digests ─┐
//!                                    ├─► Guide ─┬─ variables     what is not known yet, in one place
//!   destination, as the form has it ─┘          ├─ repository    once
//!                                               ├─ ways          oras, crane, skopeo: sign in, push, why
//!                                               ├─ wrong         what looks alike and breaks the index
//!                                               └─ checks        the digest to expect, the SOCI index behind it
//! ```
//!
//! A SOCI archive holds one image index whose platform manifests name their SOCI indexes by an
//! annotation. A tool that serialises a manifest again, leaves a manifest out, or recompresses a
//! layer breaks that chain without a word: the image runs, and nothing is loaded lazily. What each
//! tool does was tried against a registry (oras 1.3.6, crane 0.22.1, skopeo 1.9.3).
//!
//! The commands are for POSIX shells. Every name in them is quoted where the shell would read
//! anything into it.

use crate::{
    fargate::{
        ecr::{ImageUri, UriError},
        form::PLACEHOLDER_ACCOUNT,
    },
    report::Conversion,
};

/// The tag pushed under when neither the destination nor the archive says one.
const FALLBACK_TAG: &str = "soci";
/// How a platform manifest names its SOCI index.
const ANNOTATION: &str = "com.amazon.soci.index-digest";

/// What is pushed.
#[derive(Clone, Copy, Debug)]
pub struct Pushed<'a> {
    /// Name of the archive, without a directory or with one.
    pub archive: &'a str,
    /// Its name in `index.json` (`org.opencontainers.image.ref.name`), when it has one: a tag, or a
    /// full name of which the tag counts.
    pub tag: Option<&'a str>,
    /// What it holds.
    pub conversion: &'a Conversion,
}

/// All commands for one archive and one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// Shell variables the commands use; absent when the destination is known in full.
    pub variables: Option<String>,
    /// Makes the repository; absent outside ECR. ECR refuses a push into one that does not exist.
    pub repository: Option<String>,
    /// Tools that keep all digests, the simplest first. Never empty.
    pub ways: Vec<Way>,
    /// What must not be used, and why.
    pub wrong: &'static [Wrong],
    /// What to look at after the push.
    pub checks: Vec<Check>,
}

/// One tool that pushes the archive as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its name.
    pub tool: &'static str,
    /// Why it is right and what it needs, one sentence; code stands between backticks.
    pub why: &'static str,
    /// Signs in to the registry; absent where it cannot be told how.
    pub sign_in: Option<String>,
    /// Pushes.
    pub push: String,
}

/// A command that looks right and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which.
    pub what: &'static str,
    /// What it does to the image, one sentence; code stands between backticks.
    pub why: &'static str,
}

/// A command that shows whether the push kept everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it shows, one sentence; code stands between backticks.
    pub what: String,
    /// The command.
    pub command: String,
    /// What it must print, or what must be in it: a name for each value, empty where there is but
    /// one.
    pub expected: Vec<(String, String)>,
}

/// Commands that break the chain.
pub const WRONG: [Wrong; 3] = [
    Wrong {
        what: "skopeo before 1.16",
        why: "It writes the image index again and drops `artifactType`, so the digest changes; with \
              `--preserve-digests` it fails.",
    },
    Wrong {
        what: "skopeo without --all",
        why: "It sends one platform's manifest and leaves the SOCI index behind: nothing is loaded lazily.",
    },
    Wrong {
        what: "docker load, docker push",
        why: "The classic image store drops the index and compresses the layers anew; no zTOC fits those.",
    },
];

impl Guide {
    /// The commands that push `pushed` to `destination`, an image URI as a task definition states
    /// it. Anything goes: what is not a complete reference becomes shell variables.
    #[must_use]
    pub fn new(pushed: &Pushed<'_>, destination: &str) -> Self {
        let pushed = &Pushed { tag: pushed.tag.and_then(tag_of), ..*pushed };
        let target = Target::of(destination, pushed.tag);
        let image = target.image();
        Self {
            variables: target.variables.clone(),
            repository: target.region.as_ref().map(|region| {
                format!("aws ecr create-repository --repository-name {} --region {region}", target.repository)
            }),
            ways: vec![
                oras(pushed, &target, &image),
                crane(pushed, &target, &image),
                skopeo(pushed, &target),
            ],
            wrong: &WRONG,
            checks: checks(pushed.conversion, &target, &image),
        }
    }

    /// Everything with the first tool, as one script.
    #[must_use]
    pub fn script(&self) -> String {
        let mut lines = vec!["set -eu".to_owned()];
        lines.extend(self.variables.clone());
        if let Some(repository) = &self.repository {
            lines.push(format!("# Once:\n# {repository}"));
        }
        if let Some(way) = self.ways.first() {
            lines.extend(way.sign_in.clone());
            lines.push(way.push.clone());
        }
        for check in &self.checks {
            let expected = check.expected.iter().map(|(name, value)| format!("{name} {value}"));
            let expected: Vec<String> = expected.map(|line| line.trim().to_owned()).collect();
            lines.push(format!("# Expected: {}\n{}", expected.join(", "), check.command));
        }
        lines.join("\n") + "\n"
    }
}

fn oras(pushed: &Pushed<'_>, target: &Target, image: &str) -> Way {
    // oras takes what follows the last @ for a digest, else what follows the last colon for a tag.
    let source = match pushed.tag.filter(|_| !pushed.archive.contains('@')) {
        Some(tag) => format!("{}:{tag}", as_path(pushed.archive)),
        None => format!("{}@{}", as_path(pushed.archive), pushed.conversion.image_index),
    };
    Way {
        tool: "oras",
        why: "It reads the archive as it is, and `-r` sends everything it holds; all digests are kept.",
        sign_in: target.sign_in("oras login --username AWS --password-stdin", "oras login"),
        push: format!("oras cp -r --from-oci-layout {} \\\n  {image}", shell_word(&source)),
    }
}

fn crane(pushed: &Pushed<'_>, target: &Target, image: &str) -> Way {
    Way {
        tool: "crane",
        why: "It wants the layout unpacked, as it takes a tar for the output of docker save; without \
              `--index`, which would wrap the index once more.",
        sign_in: target.sign_in("crane auth login --username AWS --password-stdin", "crane auth login"),
        push: format!("{}crane push layout {image}", unpack(pushed.archive)),
    }
}

fn skopeo(pushed: &Pushed<'_>, target: &Target) -> Way {
    let tag = pushed.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    // skopeo takes what follows the first colon for a tag.
    let (unpack, source) = if pushed.archive.contains(':') {
        (unpack(pushed.archive), format!("oci:layout{tag}"))
    } else {
        (String::new(), format!("oci-archive:{}{tag}", as_path(pushed.archive)))
    };
    Way {
        tool: "skopeo",
        why: "Version 1.16 or later: `--all` sends the SOCI indexes too, and with `--preserve-digests` it \
              fails rather than change one.",
        sign_in: target.sign_in("skopeo login --username AWS --password-stdin", "skopeo login"),
        push: format!(
            "{unpack}skopeo copy --all --preserve-digests \\\n  {} \\\n  {}",
            shell_word(&source),
            target.transport("docker://")
        ),
    }
}

fn unpack(archive: &str) -> String {
    format!("mkdir layout && tar -xf {} -C layout &&\n  ", shell_word(&as_path(archive)))
}

fn checks(conversion: &Conversion, target: &Target, image: &str) -> Vec<Check> {
    let mut checks = vec![Check {
        what: "The registry calls the pushed image by this digest, or something was changed on the way."
            .to_owned(),
        command: format!("oras manifest fetch --descriptor {image}"),
        expected: vec![(String::new(), conversion.image_index.clone())],
    }];
    let indexes = &conversion.soci_indexes;
    let Some(first) = indexes.first() else { return checks };
    let name = |platform: &str| if indexes.len() > 1 { platform.to_owned() } else { String::new() };
    checks.push(Check {
        what: format!("Each platform names its SOCI index by the annotation `{ANNOTATION}`."),
        command: format!(
            "oras manifest fetch {image} |\n  jq -r '.manifests[].annotations[\"{ANNOTATION}\"] // empty'"
        ),
        expected: indexes.iter().map(|index| (name(&index.platform), index.digest.clone())).collect(),
    });
    checks.push(Check {
        what: "And that SOCI index is there, with one entry for each indexed layer.".to_owned(),
        command: format!(
            "oras manifest fetch {} |\n  jq -r '.artifactType, .layers[].annotations[\"com.amazon.soci.image-layer-digest\"]'",
            target.at(&first.digest)
        ),
        expected: vec![(String::new(), "application/vnd.amazon.soci.index.v2+json".to_owned())],
    });
    checks
}

/// Where to, as shell text: literal, or variables that are set above.
struct Target {
    variables: Option<String>,
    /// Host of the registry.
    registry: String,
    repository: String,
    tag: String,
    /// Only of ECR.
    region: Option<String>,
    /// Whether the parts are variables, to be read inside double quotes.
    is_open: bool,
}

impl Target {
    fn of(destination: &str, archive_tag: Option<&str>) -> Self {
        let tag_or = |tag: Option<&str>| tag.or(archive_tag).unwrap_or(FALLBACK_TAG).to_owned();
        match ImageUri::parse(destination) {
            Ok(uri) if uri.account != PLACEHOLDER_ACCOUNT => Self {
                variables: None,
                registry: host(&uri.to_string()).to_owned(),
                repository: uri.repository.clone(),
                tag: tag_or(uri.tag.as_deref()),
                region: Some(uri.region),
                is_open: false,
            },
            Ok(uri) => {
                let host = host(&uri.to_string()).replacen(PLACEHOLDER_ACCOUNT, "$ACCOUNT", 1);
                Self::open(
                    &uri.region,
                    &uri.repository,
                    &tag_or(uri.tag.as_deref()),
                    &host.replacen(&uri.region, "$REGION", 1),
                )
            }
            Err(UriError::NotEcr(_)) => Self::elsewhere(destination, tag_or),
            Err(_) => Self::open("us-east-1", "app", &tag_or(None), "$ACCOUNT.dkr.ecr.$REGION.amazonaws.com"),
        }
    }

    /// A private ECR repository in the account of whoever runs the commands.
    fn open(region: &str, repository: &str, tag: &str, host: &str) -> Self {
        let variables = [
            "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)".to_owned(),
            format!("REGION={}", shell_word(region)),
            format!("REPO={}", shell_word(repository)),
            format!("TAG={}", shell_word(tag)),
            format!("REG={host}"),
        ];
        Self {
            variables: Some(variables.join("\n")),
            registry: "\"$REG\"".to_owned(),
            repository: "\"$REPO\"".to_owned(),
            tag: "$TAG".to_owned(),
            region: Some("\"$REGION\"".to_owned()),
            is_open: true,
        }
    }

    /// A well-formed reference to another registry.
    fn elsewhere(reference: &str, tag_or: impl Fn(Option<&str>) -> String) -> Self {
        let name = reference.split('@').next().unwrap_or_default();
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            // Push tools want Docker Hub, and its own namespace, by their names.
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        Self {
            variables: None,
            registry: registry.to_owned(),
            repository,
            tag: tag_or(tag),
            region: None,
            is_open: false,
        }
    }

    /// The image to push to, as one word.
    fn image(&self) -> String {
        self.transport("")
    }

    fn transport(&self, prefix: &str) -> String {
        if self.is_open {
            format!("\"{prefix}$REG/$REPO:$TAG\"")
        } else {
            shell_word(&format!("{prefix}{}/{}:{}", self.registry, self.repository, self.tag))
        }
    }

    /// Something in the repository, by digest.
    fn at(&self, digest: &str) -> String {
        if self.is_open {
            format!("\"$REG/$REPO@{digest}\"")
        } else {
            shell_word(&format!("{}/{}@{digest}", self.registry, self.repository))
        }
    }

    fn sign_in(&self, to_ecr: &str, elsewhere: &str) -> Option<String> {
        Some(match &self.region {
            Some(region) => {
                format!("aws ecr get-login-password --region {region} |\n  {to_ecr} {}", self.registry)
            }
            None => format!("{elsewhere} {}", shell_word(&self.registry)),
        })
    }
}

/// The part of a reference before the first slash.
fn host(uri: &str) -> &str {
    uri.split('/').next().unwrap_or_default()
}

/// The tag of an image's name as archives hold them: `docker.io/library/app:1.0` and a bare `1.0`
/// both give `1.0`. `None` when there is none that a registry would take.
#[must_use]
pub fn tag_of(name: &str) -> Option<&str> {
    let name = name.split('@').next().unwrap_or_default();
    let tag = match name.rsplit_once(':') {
        Some((_, tag)) => tag,
        // A path without a tag; a bare word is a tag, as `docker` never writes a name without one.
        None if name.contains('/') => return None,
        None => name,
    };
    is_tag(tag).then_some(tag)
}

/// Whether a registry takes `text` as a tag: 1 to 128 of letters, digits, `.`, `_`, `-`, beginning
/// with none of the last two (OCI distribution specification).
#[must_use]
pub fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A file name that no tool takes for an option or for a host: GNU tar reads `a:b` as file `b` on
/// host `a`.
fn as_path(name: &str) -> String {
    let has_directory = name.starts_with(['/', '.']) && name.contains('/');
    if !has_directory && (name.starts_with('-') || name.contains(':')) {
        format!("./{name}")
    } else {
        name.to_owned()
    }
}

/// A word as a POSIX shell takes it, quoted where it would read anything into it.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::SociIndex;

    const INDEX: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const SOCI: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1.4-soci";

    fn conversion(platforms: &[&str]) -> Conversion {
        let soci_indexes = platforms
            .iter()
            .map(|platform| SociIndex {
                platform: (*platform).to_owned(),
                digest: SOCI.to_owned(),
                manifest: None,
            })
            .collect();
        Conversion {
            image_index: INDEX.to_owned(),
            archive_size: 1,
            copied_bytes: 1,
            new_bytes: 0,
            notes: Vec::new(),
            not_prefetched: Vec::new(),
            ztocs: 1,
            ztoc_bytes: 1,
            soci_indexes,
        }
    }

    fn guide(archive: &str, tag: Option<&str>, destination: &str) -> Guide {
        let conversion = conversion(&["linux/amd64"]);
        Guide::new(&Pushed { archive, tag, conversion: &conversion }, destination)
    }

    fn check(archive: &str, tag: Option<&str>, destination: &str, pushes: [&str; 3]) {
        let guide = guide(archive, tag, destination);
        let found: Vec<&str> = guide.ways.iter().map(|way| way.push.as_str()).collect();
        assert_eq!(found, pushes, "{archive:?} to {destination:?}");
    }

    #[test]
    fn a_known_destination_stands_in_the_commands() {
        check(
            "app.soci.tar",
            Some("1.4"),
            ECR,
            [
                "oras cp -r --from-oci-layout app.soci.tar:1.4 \\\n  \
                 111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1.4-soci",
                "mkdir layout && tar -xf app.soci.tar -C layout &&\n  crane push layout \
                 111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1.4-soci",
                "skopeo copy --all --preserve-digests \\\n  oci-archive:app.soci.tar:1.4 \\\n  \
                 docker://111122223333.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:1.4-soci",
            ],
        );
        let guide = guide("app.soci.tar", Some("1.4"), ECR);
        assert_eq!(guide.variables, None);
        assert_eq!(
            guide.ways[0].sign_in.as_deref(),
            Some(
                "aws ecr get-login-password --region eu-west-1 |\n  oras login --username AWS --password-stdin \
                 111122223333.dkr.ecr.eu-west-1.amazonaws.com"
            )
        );
        assert_eq!(
            guide.repository.as_deref(),
            Some("aws ecr create-repository --repository-name ml/serve --region eu-west-1")
        );
    }

    #[test]
    fn an_archive_without_a_tag_is_named_by_its_digest() {
        let pushed = guide("app.soci.tar", None, ECR);
        assert!(pushed.ways[0].push.contains(&format!("app.soci.tar@{INDEX}")), "{}", pushed.ways[0].push);
        assert!(pushed.ways[2].push.contains(" oci-archive:app.soci.tar \\"), "{}", pushed.ways[2].push);
    }

    #[test]
    fn of_a_full_name_the_tag_counts() {
        let pushed = guide("a.tar", Some("localhost:5000/app:1.4"), ECR);
        assert!(pushed.ways[0].push.contains(" a.tar:1.4 "), "{}", pushed.ways[0].push);
    }

    #[test]
    fn what_is_not_known_becomes_a_variable() {
        for (destination, region, repository, tag) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/ml/serve:2-soci",
                "eu-west-1",
                "ml/serve",
                "2-soci",
            ),
            ("123456789012.dkr.ecr.us-east-1.amazonaws.com/app", "us-east-1", "app", "1.4"),
            ("<account>.dkr.ecr.us-east-1.amazonaws.com/app", "us-east-1", "app", "1.4"),
            ("", "us-east-1", "app", "1.4"),
        ] {
            let guide = guide("app.soci.tar", Some("1.4"), destination);
            let expected = format!(
                "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)\nREGION={region}\n\
                 REPO={repository}\nTAG={tag}\nREG=$ACCOUNT.dkr.ecr.$REGION.amazonaws.com"
            );
            assert_eq!(guide.variables.as_deref(), Some(expected.as_str()), "{destination:?}");
            assert_eq!(
                guide.ways[0].push,
                "oras cp -r --from-oci-layout app.soci.tar:1.4 \\\n  \"$REG/$REPO:$TAG\""
            );
            assert!(guide.ways[2].push.ends_with("\"docker://$REG/$REPO:$TAG\""));
        }
    }

    #[test]
    fn the_host_of_another_partition_stays_what_it_is() {
        let guide = guide("a.tar", None, "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:1");
        let variables = guide.variables.unwrap_or_default();
        assert!(variables.ends_with("\nREG=$ACCOUNT.dkr.ecr.$REGION.amazonaws.com.cn"), "{variables}");
    }

    #[test]
    fn another_registry_gets_its_own_sign_in_and_no_repository() {
        for (destination, image, host) in [
            ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000"),
            ("registry.example/team/app", "registry.example/team/app:1.4", "registry.example"),
            ("nginx:1.27", "docker.io/library/nginx:1.27", "docker.io"),
            ("team/app:2", "docker.io/team/app:2", "docker.io"),
        ] {
            let guide = guide("app.soci.tar", Some("1.4"), destination);
            assert!(guide.ways[0].push.ends_with(&format!("\n  {image}")), "{}", guide.ways[0].push);
            assert_eq!(guide.ways[0].sign_in, Some(format!("oras login {host}")));
            assert_eq!((guide.repository, guide.variables), (None, None));
        }
    }

    #[test]
    fn no_file_name_becomes_an_option_a_host_or_a_command() {
        for (archive, oras, tar) in [
            ("my app.tar", "'my app.tar:1'", "'my app.tar'"),
            ("$(rm -r x).tar", "'$(rm -r x).tar:1'", "'$(rm -r x).tar'"),
            ("it's.tar", r"'it'\''s.tar:1'", r"'it'\''s.tar'"),
            ("-rf.tar", "./-rf.tar:1", "./-rf.tar"),
            ("host:app.tar", "./host:app.tar:1", "./host:app.tar"),
            ("me@home.tar", &format!("me@home.tar@{INDEX}"), "me@home.tar"),
            ("~root.tar", "'~root.tar:1'", "'~root.tar'"),
            ("line\nbreak.tar", "'line\nbreak.tar:1'", "'line\nbreak.tar'"),
            ("../out/a:b.tar", "../out/a:b.tar:1", "../out/a:b.tar"),
        ] {
            let guide = guide(archive, Some("1"), ECR);
            let push = &guide.ways[0].push;
            assert!(push.starts_with(&format!("oras cp -r --from-oci-layout {oras} \\\n")), "{push}");
            assert!(
                guide.ways[1].push.contains(&format!("tar -xf {tar} -C layout")),
                "{}",
                guide.ways[1].push
            );
        }
        // skopeo ends a path at its first colon.
        let guide = guide("host:app.tar", Some("1"), ECR);
        assert!(guide.ways[2].push.contains(" oci:layout:1 "), "{}", guide.ways[2].push);
    }

    #[test]
    fn the_checks_state_what_must_be_seen() {
        let conversion = conversion(&["linux/amd64", "linux/arm64"]);
        let guide = Guide::new(&Pushed { archive: "a.tar", tag: None, conversion: &conversion }, ECR);
        let expected: Vec<_> = guide.checks.iter().map(|check| check.expected.clone()).collect();
        assert_eq!(expected[0], [(String::new(), INDEX.to_owned())]);
        assert_eq!(
            expected[1],
            [("linux/amd64".to_owned(), SOCI.to_owned()), ("linux/arm64".to_owned(), SOCI.to_owned())]
        );
        assert!(
            guide.checks[2].command.contains(&format!("/ml/serve@{SOCI}")),
            "{}",
            guide.checks[2].command
        );
    }

    #[test]
    fn the_script_holds_every_step_with_the_first_tool() {
        let script = guide("app.soci.tar", Some("1.4"), "").script();
        for part in ["set -eu\n", "ACCOUNT=$(", "oras login", "oras cp -r", "--descriptor", INDEX] {
            assert!(script.contains(part), "{part:?} in\n{script}");
        }
        assert!(!script.contains("crane"));
    }

    #[test]
    fn the_tag_of_a_name_is_what_a_registry_takes() {
        for (name, tag) in [
            ("docker.io/library/app:1.0", Some("1.0")),
            ("localhost:5000/app", None),
            ("team/app", None),
            ("1.0", Some("1.0")),
            ("latest", Some("latest")),
            ("app:1.0@sha256:00", Some("1.0")),
            ("app:", None),
            ("a tag", None),
            ("-x", None),
            ("", None),
        ] {
            assert_eq!(tag_of(name), tag, "{name:?}");
        }
    }
}
