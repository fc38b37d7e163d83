//! Task definitions: the known mistakes are judged as expected, and what is generated is right.
//!
//! The full matrix (191 cases, 77 sizes) lies beside the checkout; its subset travels along. What
//! the outside validators (the AWS client's own check, cfn-lint) say about generated definitions
//! is asked by dumping a grid of them:
//!
//! ```text
//! SOCISCOPE_DUMP_DIR=taskdefs cargo test -p sociscope-golden --test fargate -- --ignored dump
//! ```

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sociscope_fargate::{
    Context, Diagnostic, Form, ImageSizes, PLACEHOLDER_ACCOUNT, SIZES, Severity, Size, TaskDefinition, build,
    check,
    form::{FormHealthCheck, FormTag, Port, Protocol, SecretVariable, Variable},
    pretty, to_pretty,
};
use sociscope_golden::{fixtures, read, shared};
use sociscope_image::config::ImageConfig;
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

// ---- the known mistakes ------------------------------------------------------------------

#[derive(Deserialize)]
struct Matrix {
    pairs: Vec<(u32, u32)>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    valid: bool,
    patch: Vec<Operation>,
    reject: Reject,
    advice: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Reject {
    own: Option<String>,
}

/// An operation of RFC 6902, as far as the matrix uses it.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Operation {
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
}

impl Operation {
    fn apply(&self, document: &mut Value) {
        let (Self::Add { path, .. } | Self::Replace { path, .. } | Self::Remove { path }) = self;
        let (parent, name) = path.rsplit_once('/').expect("a pointer into the document");
        let parent = document.pointer_mut(parent).expect("its parent exists");
        match (self, parent) {
            (Self::Add { value, .. } | Self::Replace { value, .. }, Value::Object(members)) => {
                members.insert(name.to_owned(), value.clone());
            }
            (Self::Add { value, .. }, Value::Array(items)) if name == "-" => items.push(value.clone()),
            (Self::Remove { .. }, Value::Object(members)) => {
                members.shift_remove(name).expect("what is removed exists");
            }
            _ => panic!("{path}: an operation the matrix does not use"),
        }
    }
}

fn open(dir: &Path) -> (Value, Matrix) {
    let read = |name: &str| read(&dir.join(name));
    let good = serde_json::from_slice(&read("good.json")).expect("good.json is JSON");
    let matrix = serde_json::from_slice(&read("cases.json")).expect("cases.json has the known form");
    (good, matrix)
}

/// What is wrong with our judgement of a case; nothing when it is as expected.
fn misjudged(good: &Value, case: &Case) -> Option<String> {
    let mut document = good.clone();
    case.patch.iter().for_each(|operation| operation.apply(&mut document));
    let found = check(&document, &Context::default());
    let of = |error: bool| found.iter().filter(move |d| (d.severity == Severity::Error) == error);
    let refused: BTreeSet<&str> = of(true).map(|d| d.rule.id).collect();
    let wanted: BTreeSet<&str> = case.reject.own.as_deref().into_iter().collect();
    assert_eq!(case.valid, wanted.is_empty(), "{}: the matrix contradicts itself", case.id);
    let advice: BTreeSet<String> = of(false).map(|d| format!("{} {}", d.rule.id, d.severity)).collect();
    (refused != wanted || advice != case.advice).then(|| {
        let findings: Vec<String> = found.iter().map(ToString::to_string).collect();
        format!("{}: wanted {wanted:?} and {:?}, found {findings:#?}", case.id, case.advice)
    })
}

fn judge(dir: &Path, at_least: usize) {
    let (good, matrix) = open(dir);
    let misjudged: Vec<String> = matrix.cases.iter().filter_map(|case| misjudged(&good, case)).collect();
    let right = matrix.cases.len() - misjudged.len();
    println!("{right}/{} cases judged as expected", matrix.cases.len());
    assert!(misjudged.is_empty(), "{}", misjudged.join("\n"));
    assert!(right >= at_least, "only {right} cases");
}

#[test]
fn the_subset_of_known_mistakes_is_judged_as_expected() {
    judge(&fixtures().join("fargate"), 60);
}

#[test]
#[ignore = "full set"]
fn every_known_mistake_is_judged_as_expected() {
    judge(&shared().join("fargate"), 191);
}

/// Of all pairs on the grid that the sizes lie on, exactly the listed ones are accepted.
fn sizes(dir: &Path) {
    let (good, matrix) = open(dir);
    let listed: Vec<Size> = matrix.pairs.iter().map(|&(cpu, memory)| Size { cpu, memory }).collect();
    assert_eq!(listed, SIZES);
    let cpus = [128, 256, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
    let mut accepted = Vec::new();
    for (cpu, memory) in cpus.into_iter().flat_map(|cpu| (1..=512).map(move |half_gib| (cpu, half_gib * 512)))
    {
        let mut document = good.clone();
        document["cpu"] = json!(cpu.to_string());
        document["memory"] = json!(memory.to_string());
        let found = check(&document, &Context::default());
        let errors: Vec<&Diagnostic> = found.iter().filter(|d| d.severity == Severity::Error).collect();
        match errors.as_slice() {
            [] => accepted.push(Size { cpu, memory }),
            [one] => assert_eq!(one.rule.id, "FG006", "{one}"),
            several => panic!("{cpu}/{memory}: {several:#?}"),
        }
    }
    println!("{}/77 sizes accepted, {} pairs refused", accepted.len(), cpus.len() * 512 - accepted.len());
    assert_eq!(accepted, SIZES);
}

#[test]
fn exactly_the_77_sizes_are_accepted() {
    sizes(&fixtures().join("fargate"));
}

#[test]
#[ignore = "full set"]
fn exactly_the_77_sizes_of_the_full_set_are_accepted() {
    sizes(&shared().join("fargate"));
}

// ---- images ------------------------------------------------------------------------------

const GIB: u64 = 1 << 30;

struct Image {
    name: &'static str,
    config: ImageConfig,
    sizes: ImageSizes,
}

/// One image of each shape that the mapping treats differently.
fn images() -> Vec<Image> {
    let image = |name, compressed, uncompressed, config| Image {
        name,
        config: serde_json::from_value(config).expect("an image config"),
        sizes: ImageSizes { compressed, uncompressed },
    };
    vec![
        image("shop/worker:1", GIB / 2, GIB, json!({"os": "linux", "architecture": "amd64"})),
        image(
            "ml/pytorch-serve:2.4.1",
            GIB * 13 / 10,
            GIB * 3,
            json!({"os": "linux", "architecture": "amd64", "config": {
                "User": "10001", "WorkingDir": "/srv/app", "Entrypoint": ["/usr/bin/tini", "--"],
                "Cmd": ["uvicorn", "app.main:app", "--port", "8080"], "ExposedPorts": {"8080/tcp": {}},
                "Env": ["PATH=/usr/bin", "PYTHONUNBUFFERED=1", "HF_TOKEN=hf_EXAMPLE"],
                "Healthcheck": {"Test": ["CMD-SHELL", "curl -fs http://localhost:8080/healthz || exit 1"],
                    "Interval": 3_000_000_000i64, "StartPeriod": 10_000_000_000i64, "StartInterval": 1_000_000_000}}}),
        ),
        image(
            "ghcr.io/Acme/DNS.Proxy:edge",
            GIB / 10,
            GIB / 3,
            json!({"os": "linux", "architecture": "arm64", "variant": "v8", "config": {
                "ExposedPorts": {"53/tcp": {}, "53/udp": {}, "9/sctp": {}, "9153": {}}, "StopSignal": "SIGQUIT",
                "Volumes": {"/var/cache": {}}, "Healthcheck": {"Test": ["NONE"]}}}),
        ),
        image(
            "data/spark:3.5",
            GIB * 9,
            GIB * 21,
            json!({"os": "linux", "architecture": "arm64", "config": {
            "Cmd": ["/opt/spark/bin/spark-submit"], "Labels": {"org.opencontainers.image.title": "spark"}}}),
        ),
        image(
            "web/iis:10",
            GIB * 2,
            GIB * 5,
            json!({"os": "windows", "architecture": "amd64",
            "os.version": "10.0.20348.2527", "config": {"ExposedPorts": {"80/tcp": {}}, "User": "ContainerUser"}}),
        ),
        image(
            "x",
            GIB,
            GIB * 2,
            json!({"os": "linux", "architecture": "amd64", "config": {
            "Healthcheck": {"Test": ["CMD", "/bin/health", "-v"]}, "Cmd": [], "Env": null, "ExposedPorts": null}}),
        ),
    ]
}

fn form_of(image: &Image) -> Form {
    let mut form = Form::from_image(&image.config, image.sizes).expect("Fargate runs it");
    form.name_after(image.name);
    form
}

fn errors(definition: &TaskDefinition, form: &Form, image: &Image) -> Vec<String> {
    let context = Context {
        image: Some(&image.config),
        sizes: Some(image.sizes),
        form: Some(form),
        ..Context::default()
    };
    let found = check(&definition.to_value(), &context);
    found.iter().filter(|d| d.severity == Severity::Error).map(ToString::to_string).collect()
}

#[test]
fn definitions_look_like_this() {
    let look = |image: &Image, name: &str, form: &Form| {
        let definition = build(form, &image.config);
        assert_eq!(errors(&definition, form, image), Vec::<String>::new(), "{name}");
        insta::assert_snapshot!(name, explained(&definition, form, image));
    };
    for image in images() {
        let form = form_of(&image);
        look(&image, &form.family, &form);
        if form.family == "pytorch-serve" {
            look(&image, "pytorch-serve-everything", &with_everything(form.clone()));
        }
    }
}

/// The text with its line numbers, and the findings with theirs.
fn explained(definition: &TaskDefinition, form: &Form, image: &Image) -> String {
    let text = to_pretty(definition);
    let context = Context {
        image: Some(&image.config),
        sizes: Some(image.sizes),
        form: Some(form),
        ..Context::default()
    };
    let mut out = text.text.clone();
    for finding in check(&definition.to_value(), &context) {
        let fix = finding.fix.as_ref().map(|fix| format!(" [{}]", fix.label)).unwrap_or_default();
        out += &format!(
            "\nline {}: {} {}: {}{fix}",
            text.line(&finding.path),
            finding.severity,
            finding.rule.id,
            finding.message
        );
    }
    out
}

/// Every choice of the form made, with valid values.
fn with_everything(form: Form) -> Form {
    Form {
        image_uri: form.image_uri.replace(PLACEHOLDER_ACCOUNT, "111122223333"),
        cpu: 2048,
        memory: 8192,
        ephemeral_storage: Some(40),
        execution_role_arn: Some("arn:aws:iam::111122223333:role/pull".into()),
        task_role_arn: Some("arn:aws:iam::111122223333:role/app/task".into()),
        log_create_group: true,
        ports: vec![Port { container_port: 8080, protocol: Protocol::Tcp, name: Some("web".into()) }],
        environment: vec![Variable { name: "LOG_LEVEL".into(), value: "info".into() }],
        secrets: vec![SecretVariable {
            name: "HF_TOKEN".into(),
            value_from: "arn:aws:secretsmanager:us-east-1:111122223333:secret:ml/hf-AbCdEf:token::".into(),
        }],
        entry_point: Some(vec!["/srv/start".into()]),
        working_directory: Some("/srv".into()),
        user: Some("1000:1000".into()),
        health_check: Some(FormHealthCheck {
            command: vec!["CMD-SHELL".into(), "exit 0".into()],
            ..FormHealthCheck::default()
        }),
        readonly_root_filesystem: true,
        init_process: true,
        stop_timeout: Some(60),
        tags: vec![FormTag { key: "team".into(), value: "ml".into() }],
        ..form
    }
}

// ---- everything the form can say ---------------------------------------------------------

/// A form whose every input is valid for the image, the rest of it drawn at will.
fn any_form(image: &Image) -> impl Strategy<Value = Form> + use<> {
    let windows = image.config.os == "windows";
    let base = form_of(image);
    let least = base.ephemeral_storage.unwrap_or(21);
    let sizes: Vec<Size> =
        SIZES.into_iter().filter(|size| !windows || matches!(size.cpu, 1024 | 2048 | 4096)).collect();
    let name = "[A-Za-z0-9_-]{1,60}";
    let path = if windows { "C:\\\\[a-z]{1,8}" } else { "/[a-z/]{0,20}" };
    let words = prop::collection::vec("[ -~]{0,12}", 1..5);
    let regions = prop::sample::select(vec![
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ]);
    let place =
        (regions, "[0-9]{12}", "[a-z0-9]{2,9}(/[a-z0-9]{1,9}){0,2}", "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}");
    let names = (name, name, prop::sample::select(sizes), prop::option::of(least..=200));
    let ports = prop::collection::btree_map((1u32..=65535, any::<bool>()), "[a-z0-9_][a-z0-9_-]{0,20}", 0..5);
    let environment = prop::collection::btree_map("[A-Z][A-Z0-9_]{0,10}", "[ -~]{0,20}", 0..5);
    let secrets = prop::collection::btree_map("S_[A-Z0-9]{1,10}", "/[a-z/._-]{1,20}", 0..4);
    let check = (words.clone(), any::<bool>(), 5u32..=300, 2u32..=60, 1u32..=10, 0u32..=300);
    let run = (
        prop::option::of(words.clone()),
        prop::option::of(words),
        prop::option::of(path),
        prop::option::of("[a-z0-9]{1,8}(:[0-9]{1,5})?"),
        prop::option::of(check),
        prop::option::of(2u32..=120),
    );
    let switches = (any::<[bool; 6]>(), "[.\\-_/#A-Za-z0-9]{1,60}", "[A-Za-z0-9_-]{1,20}");
    let tags = prop::collection::btree_map("[A-Za-z0-9_.:/=+@ -]{1,20}", "[A-Za-z0-9_.:/=+@ -]{0,20}", 0..4)
        .prop_map(|tags| tags.into_iter().filter(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:")));
    (place, names, ports, environment, secrets, run, switches, tags).prop_map(
        move |(place, names, ports, environment, secrets, run, switches, tags)| {
            let ((region, partition, suffix), account, repository, tag) = place;
            let (family, container_name, size, ephemeral_storage) = names;
            let (entry_point, command, working_directory, user, check, stop_timeout) = run;
            let ([roles, logs, create, readonly, init, named], log_group, log_stream_prefix) = switches;
            Form {
                image_uri: format!("{account}.dkr.ecr.{region}.{suffix}/{repository}:{tag}"),
                family,
                container_name,
                cpu: size.cpu,
                memory: size.memory,
                ephemeral_storage: ephemeral_storage.or(base.ephemeral_storage),
                execution_role_arn: roles.then(|| format!("arn:{partition}:iam::{account}:role/x/y")),
                task_role_arn: roles.then(|| format!("arn:{partition}:iam::{account}:role/task")),
                log_group: logs.then_some(log_group),
                log_region: None,
                log_stream_prefix,
                log_create_group: create,
                ports: ports
                    .into_iter()
                    .enumerate()
                    .map(|(index, ((container_port, udp), name))| Port {
                        container_port,
                        protocol: if udp { Protocol::Udp } else { Protocol::Tcp },
                        name: named.then(|| format!("{name}{index}")),
                    })
                    .collect(),
                environment: environment.into_iter().map(|(name, value)| Variable { name, value }).collect(),
                secrets: secrets
                    .into_iter()
                    .map(|(name, value_from)| SecretVariable { name, value_from })
                    .collect(),
                entry_point,
                command,
                working_directory,
                user,
                health_check: check.map(|(mut command, shell, interval, timeout, retries, start_period)| {
                    command.truncate(if shell { 1 } else { usize::MAX });
                    command.insert(0, if shell { "CMD-SHELL" } else { "CMD" }.to_owned());
                    FormHealthCheck { command, interval, timeout, retries, start_period }
                }),
                readonly_root_filesystem: readonly && !windows,
                init_process: init,
                stop_timeout,
                tags: tags.map(|(key, value)| FormTag { key, value }).collect(),
            }
        },
    )
}

/// The same cases on every machine and every day.
fn seeded(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]))
}

#[test]
fn valid_choices_never_make_an_invalid_definition() {
    for image in images() {
        let outcome = seeded(200).run(&any_form(&image), |form| {
            let definition = build(&form, &image.config);
            let errors = errors(&definition, &form, &image);
            prop_assert!(errors.is_empty(), "{errors:#?}\n{}", to_pretty(&definition).text);
            let again: TaskDefinition =
                serde_json::from_str(&to_pretty(&definition).text).expect("the text reads back");
            prop_assert_eq!(again, definition);
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{}: {error}", image.name);
        }
    }
}

#[test]
fn whatever_the_health_check_of_an_image_says_its_copy_is_valid() {
    let test = prop::sample::select(vec![
        vec!["CMD", "x"],
        vec!["CMD-SHELL", "exit 0"],
        vec!["NONE"],
        vec![],
        vec!["CMD"],
        vec!["x"],
    ]);
    let time = prop_oneof![Just(0i64), any::<i64>(), 0i64..400_000_000_000];
    let strategy = (test, time.clone(), time.clone(), time.clone(), time, any::<i64>());
    let outcome = seeded(500).run(&strategy, |(test, interval, timeout, start, start_interval, retries)| {
        let config = json!({"os": "linux", "architecture": "arm64", "config": {"Healthcheck": {"Test": test,
            "Interval": interval, "Timeout": timeout, "StartPeriod": start, "StartInterval": start_interval,
            "Retries": retries}}});
        let config: ImageConfig = serde_json::from_value(config).expect("an image config");
        let image = Image { name: "x", config, sizes: ImageSizes::default() };
        let form = form_of(&image);
        let errors = errors(&build(&form, &image.config), &form, &image);
        prop_assert!(errors.is_empty(), "{errors:#?}");
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

// ---- for the outside validators ----------------------------------------------------------

/// Images × all 77 sizes with the default choices, and images × sets of choices.
fn grid() -> Vec<(String, TaskDefinition)> {
    let mut grid = Vec::new();
    for image in images() {
        let base = form_of(&image);
        let windows = image.config.os == "windows";
        let mut add = |what: &str, form: Form| {
            let definition = build(&form, &image.config);
            assert_eq!(errors(&definition, &form, &image), Vec::<String>::new(), "{what} of {}", image.name);
            grid.push((format!("{}-{what}", base.family), definition));
        };
        for size in SIZES.into_iter().filter(|size| !windows || matches!(size.cpu, 1024 | 2048 | 4096)) {
            add(
                &format!("{}-{}", size.cpu, size.memory),
                Form { cpu: size.cpu, memory: size.memory, ..base.clone() },
            );
        }
        let mut runner = seeded(1);
        let forms = any_form(&image);
        for index in 0..40 {
            let form = forms.new_tree(&mut runner).expect("a form").current();
            add(&format!("any-{index:02}"), form);
        }
        if !windows {
            add("everything", with_everything(base.clone()));
        }
    }
    grid
}

/// Writes the grid to `$SOCISCOPE_DUMP_DIR`, one file for each definition.
#[test]
#[ignore = "writes files for the outside validators"]
fn dump() {
    let dir = env::var_os("SOCISCOPE_DUMP_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("taskdefs"), PathBuf::from);
    fs::create_dir_all(&dir).expect("the directory can be made");
    let grid = grid();
    for (name, definition) in &grid {
        let text = to_pretty(definition).text;
        assert_eq!(text, pretty(&definition.to_value()).text);
        fs::write(dir.join(format!("{name}.json")), text).expect("the file can be written");
    }
    println!("{} definitions in {}", grid.len(), dir.display());
    assert!(grid.len() >= 200);
}
