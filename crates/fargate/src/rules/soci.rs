//! Rules about whether the image will load lazily, and whether that helps.

use super::Rule;
use crate::{
    Edit,
    Evidence::{Secondary, Verified},
    Severity::{Error, Info, Warning},
    ecr::{ImageUri, UriError},
    health::LAZY_START_PERIOD,
    platform::Runtime,
    storage::human,
};

const PULL_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-pull-behavior.html";
const SOCI_REPOSITORY: &str = "https://github.com/awslabs/soci-snapshotter";

/// AWS suggests SOCI from this size on.
const WORTH_IT: u64 = 250 << 20;

pub(super) const SO201: Rule = Rule {
    id: "SO201",
    severity: Warning,
    evidence: Verified,
    title: "Private ECR",
    sentence: "The image is in a private Amazon ECR repository, with its SOCI index beside it.",
    reason: "Fargate looks for an index nowhere else; from other registries the task runs and pulls everything first.",
    aws_text: &[],
    source: PULL_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            let Some(image) = container.text("image") else { continue };
            match ImageUri::parse(image) {
                Ok(_) => {}
                Err(UriError::NotEcr(registry)) => {
                    let message =
                        format!("`{}` is never loaded lazily: its image is in {registry}", container.name());
                    findings.info(container.place("image"), message);
                }
                Err(_) => {
                    let message =
                        format!("`{}` names no image in a private ECR repository", container.name());
                    findings.info(container.place("image"), message);
                }
            }
        }
        if !subject.containers.is_empty() && subject.ecr_image().is_none() {
            let message = "No container's image is in a private ECR repository, so SOCI cannot help";
            findings.warning(subject.root.place("containerDefinitions"), message);
        }
    },
};

pub(super) const SO202: Rule = Rule {
    id: "SO202",
    severity: Info,
    evidence: Verified,
    title: "Worth it",
    sentence: "The image has at least 250 MiB compressed.",
    reason: "A smaller one is pulled so quickly that lazy loading has little left to save.",
    aws_text: &[],
    source: PULL_PAGE,
    check: |subject, findings| {
        if let (Some(sizes), Some(container)) = (subject.context.sizes, subject.containers.first())
            && (1..WORTH_IT).contains(&sizes.compressed)
        {
            let message = format!(
                "{} compressed: little to gain, AWS suggests lazy loading from {} on",
                human(sizes.compressed),
                human(WORTH_IT)
            );
            findings.info(container.place("image"), message);
        }
    },
};

pub(super) const SO203: Rule = Rule {
    id: "SO203",
    severity: Warning,
    evidence: Verified,
    title: "Something to index",
    sentence: "At least one layer is as large as the smallest that is indexed.",
    reason: "Without a zTOC there is no index, and the whole image is pulled before the start.",
    aws_text: &[],
    source: SOCI_REPOSITORY,
    check: |subject, findings| {
        if let (Some(soci), Some(container)) = (subject.context.soci, subject.containers.first())
            && soci.layers > 0
            && soci.indexed == 0
        {
            let message = format!(
                "None of the {} layers is indexed (smallest indexed size: {}): nothing loads lazily",
                soci.layers,
                human(soci.min_layer_size)
            );
            findings.warning(container.place("image"), message);
        }
    },
};

pub(super) const SO204: Rule = Rule {
    id: "SO204",
    severity: Warning,
    evidence: Verified,
    title: "Layer compression",
    sentence: "Layers are gzip or uncompressed.",
    reason: "SOCI cannot index zstd; such a layer is pulled whole before the start. Build with compression=gzip.",
    aws_text: &[],
    source: SOCI_REPOSITORY,
    check: |subject, findings| {
        if let (Some(soci), Some(container)) = (subject.context.soci, subject.containers.first())
            && !soci.unsupported.is_empty()
        {
            let message = format!(
                "SOCI cannot index {}: build the image with gzip layers",
                soci.unsupported.join(", ")
            );
            findings.warning(container.place("image"), message);
        }
    },
};

pub(super) const SO205: Rule = Rule {
    id: "SO205",
    severity: Error,
    evidence: Verified,
    title: "Architecture of the image",
    sentence: "`runtimePlatform` is the platform of the analysed image.",
    reason: "The task would pull another platform's image, without an index, or stop with `exec format error`.",
    aws_text: &["exec format error"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html",
    check: |subject, findings| {
        let Some(runtime) = subject.context.image.and_then(|image| Runtime::of_image(image).ok()) else {
            return;
        };
        let platform = subject.root.get("runtimePlatform");
        let text = |name: &str| platform.as_ref().and_then(|platform| platform.text(name));
        let architecture = text("cpuArchitecture").unwrap_or("X86_64");
        let family = text("operatingSystemFamily").unwrap_or("LINUX");
        let place = subject.root.place("runtimePlatform");
        if architecture != runtime.cpu_architecture {
            let place = place.key("cpuArchitecture");
            findings
                .error(
                    place.clone(),
                    format!(
                        "The image is built for {}, the task is {architecture}",
                        runtime.cpu_architecture
                    ),
                )
                .fix(
                    format!("Use {}", runtime.cpu_architecture),
                    [Edit::set(place, runtime.cpu_architecture)],
                );
        }
        if (family == "LINUX") != runtime.is_linux() {
            let place = place.key("operatingSystemFamily");
            findings
                .error(
                    place.clone(),
                    format!(
                        "The image is built for {}, the task is {family}",
                        runtime.operating_system_family
                    ),
                )
                .fix(
                    format!("Use {}", runtime.operating_system_family),
                    [Edit::set(place, runtime.operating_system_family)],
                );
        }
    },
};

pub(super) const SO206: Rule = Rule {
    id: "SO206",
    severity: Warning,
    evidence: Verified,
    title: "Linux only",
    sentence: "The task runs Linux.",
    reason: "SOCI does not work with Windows containers.",
    aws_text: &[],
    source: PULL_PAGE,
    check: |subject, findings| {
        if subject.is_windows() {
            findings.warning(subject.root.place("runtimePlatform"), "Windows images never load lazily");
        }
    },
};

pub(super) const SO207: Rule = Rule {
    id: "SO207",
    severity: Warning,
    evidence: Verified,
    title: "Every platform indexed",
    sentence: "All platforms behind the tag have an index.",
    reason: "A task on a platform without one pulls its image whole.",
    aws_text: &[],
    source: SOCI_REPOSITORY,
    check: |subject, findings| {
        if let (Some(soci), Some(container)) = (subject.context.soci, subject.containers.first())
            && !soci.platforms_not_indexed.is_empty()
        {
            let message = format!("Not indexed, so pulled whole: {}", soci.platforms_not_indexed.join(", "));
            findings.warning(container.place("image"), message);
        }
    },
};

pub(super) const SO208: Rule = Rule {
    id: "SO208",
    severity: Warning,
    evidence: Secondary,
    title: "One Region",
    sentence: "Logs and image are in the same Region.",
    reason: "A task usually runs beside its image; across Regions each pull and each log line costs time and money.",
    aws_text: &[],
    source: PULL_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            let options = container
                .get("logConfiguration")
                .and_then(|log| (log.text("logDriver") == Some("awslogs")).then(|| log.get("options"))?);
            if let Some(uri) = container.ecr_image()
                && let Some(options) = options
                && let Some(region) = options.text("awslogs-region").filter(|&region| region != uri.region)
            {
                let place = options.place("awslogs-region");
                findings
                    .warning(
                        place.clone(),
                        format!("The logs go to {region}, the image comes from {}", uri.region),
                    )
                    .fix(format!("Use {}", uri.region), [Edit::set(place, uri.region)]);
            }
        }
    },
};

pub(super) const SO209: Rule = Rule {
    id: "SO209",
    severity: Info,
    evidence: Secondary,
    title: "Time for the first reads",
    sentence: "A lazily loaded container with a health check has a start period of 60 s or more.",
    reason: "Until the image is complete, the first read of each file waits for the network. A load balancer wants a grace period, too.",
    aws_text: &[],
    source: PULL_PAGE,
    check: |subject, findings| {
        if subject.context.soci.is_none_or(|soci| soci.indexed == 0) {
            return;
        }
        let Some(check) = subject.containers.first().and_then(|container| container.get("healthCheck"))
        else {
            return;
        };
        let period = check.integer("startPeriod").unwrap_or(0);
        if period < i64::from(LAZY_START_PERIOD) && check.texts("command").first() != Some(&"NONE") {
            let place = check.place("startPeriod");
            findings
                .info(
                    place.clone(),
                    format!("A start period of {period} s is short while files are still being fetched"),
                )
                .fix(format!("Use {LAZY_START_PERIOD} s"), [Edit::set(place, LAZY_START_PERIOD)]);
        }
    },
};

pub(super) const SO210: Rule = Rule {
    id: "SO210",
    severity: Warning,
    evidence: Verified,
    title: "The converted image",
    sentence: "A digest in the URI is that of the converted image.",
    reason: "The conversion adds an annotation to the manifest, so the image has a new digest; the old one has no index.",
    aws_text: &[],
    source: SOCI_REPOSITORY,
    check: |subject, findings| {
        let (Some(soci), Some(container)) = (subject.context.soci, subject.containers.first()) else {
            return;
        };
        let Some(mut uri) = container.ecr_image() else { return };
        if uri.digest.as_ref().is_some_and(|digest| soci.originals.contains(digest)) {
            let place = container.place("image");
            let finding = findings.warning(
                place.clone(),
                "This digest is that of the image before the conversion: it never loads lazily",
            );
            if let Some(converted) = &soci.converted {
                uri.digest = Some(converted.clone());
                finding.fix("Use the converted digest", [Edit::set(place, uri.to_string())]);
            }
        }
    },
};

pub(super) const SO211: Rule = Rule {
    id: "SO211",
    severity: Info,
    evidence: Secondary,
    title: "Read at start",
    sentence: "No single layer holds more than 80 % of the bytes read at start.",
    reason: "When nearly everything is read before the service is ready, loading it lazily gains little.",
    aws_text: &[],
    source: SOCI_REPOSITORY,
    check: |subject, findings| {
        let reads = subject.context.soci.and_then(|soci| soci.start_reads.as_ref());
        if let (Some(reads), Some(container)) = (reads, subject.containers.first())
            && u128::from(reads.largest) * 100 > u128::from(reads.total) * 80
        {
            let message = format!(
                "{} of the {} read at start are in {}: lazy loading gains little there",
                human(reads.largest),
                human(reads.total),
                reads.layer
            );
            findings.info(container.place("image"), message);
        }
    },
};
