//! Every rule speaks when it should, where it should, and its fix mends what it found.

use super::{RULES, check, rule};
use crate::{
    Context, Diagnostic, Edit, Evidence, Form, ImageSizes, Severity, SociFacts, StartReads, UNVERIFIED,
    apply, build,
};
use Severity::{Error, Info, Warning};
use serde_json::{Value, json};
use sociscope_image::config::ImageConfig;
use std::collections::BTreeSet;

/// A definition that no rule has anything to say about.
fn good() -> Value {
    json!({
        "family": "demo",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "1024",
        "memory": "2048",
        "executionRoleArn": "arn:aws:iam::111122223333:role/pull",
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [container("app")],
    })
}

fn container(name: &str) -> Value {
    json!({
        "name": name,
        "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/demo/app:1-soci",
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/demo", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "ecs"}},
    })
}

fn side(extra: Value) -> Value {
    let mut side = container("side");
    side["essential"] = json!(false);
    for (name, value) in extra.as_object().expect("an object") {
        side[name] = value.clone();
    }
    side
}

fn health(command: Value) -> Value {
    json!({"command": command, "interval": 30, "timeout": 5, "retries": 3, "startPeriod": 60})
}

/// Sets `/path` to the value; null takes it out.
fn changed(changes: &[(&str, Value)]) -> Value {
    let mut document = good();
    for (path, value) in changes {
        let path = path.replace("/app", "/containerDefinitions/0");
        let path = path.as_str().into();
        let edit = if value.is_null() { Edit::remove(path) } else { Edit::set(path, value.clone()) };
        edit.apply(&mut document).expect("the place exists");
    }
    document
}

/// Rule, severity, place; `/app` is the first container.
type Wanted = (&'static str, Severity, &'static str);
type Changes = Vec<(&'static str, Value)>;
type DocumentRow = (&'static str, Changes, Vec<Wanted>);
type ContextRow = (&'static str, Beyond, Changes, Vec<Wanted>);

#[track_caller]
fn same(name: &str, found: &[Diagnostic], wanted: &[Wanted]) {
    let shown: Vec<_> = found
        .iter()
        .map(|d| (d.rule.id, d.severity, d.path.as_str().replace("/containerDefinitions/0", "/app")))
        .collect();
    let wanted: Vec<_> = wanted.iter().map(|&(id, severity, path)| (id, severity, path.to_owned())).collect();
    assert_eq!(shown, wanted, "{name}: {found:#?}");
}

/// A fix removes its own finding and brings no new error.
#[track_caller]
fn mends(name: &str, document: &Value, context: &Context<'_>) {
    for finding in check(document, context) {
        let Some(fix) = &finding.fix else { continue };
        assert!(!fix.label.is_empty() && !fix.patch.is_empty(), "{name}: {finding}");
        let mut mended = document.clone();
        apply(&fix.patch, &mut mended).unwrap_or_else(|error| panic!("{name}: {finding}: {error}"));
        let same = |other: &Diagnostic| {
            (other.rule.id, &other.path, &other.message) == (finding.rule.id, &finding.path, &finding.message)
        };
        let (before, after) = (check(document, context), check(&mended, context));
        // Two equal findings at one place (a name three times) shrink to one.
        let count = |list: &[Diagnostic]| list.iter().filter(|other| same(other)).count();
        assert!(count(&after) < count(&before), "{name}: `{}` does not mend {finding}", fix.label);
        let errors = |list: &[Diagnostic]| list.iter().filter(|d| d.severity == Error).count();
        assert!(errors(&after) <= errors(&before), "{name}: `{}` brings errors: {after:#?}", fix.label);
    }
}

/// One row a claim: a change to the good document, and all that is then found.
#[rustfmt::skip]
fn document_rows() -> Vec<DocumentRow> {
    let null = Value::Null;
    let ecr = "111122223333.dkr.ecr";
    vec![
        ("nothing", vec![], vec![]),
        ("family missing", vec![("/family", null.clone())], vec![("FG001", Error, "/family")]),
        ("family empty", vec![("/family", json!(""))], vec![("FG001", Error, "/family")]),
        ("family of an image", vec![("/family", json!("demo/app"))], vec![("FG001", Error, "/family")]),
        ("family long", vec![("/family", json!("a".repeat(256)))], vec![("FG001", Error, "/family")]),
        ("family a number", vec![("/family", json!(7))], vec![("FG001", Error, "/family")]),
        ("soci switch", vec![("/soci", json!(true))], vec![("FG002", Error, "/soci")]),
        ("service side", vec![("/platformVersion", json!("1.4.0"))], vec![("FG002", Error, "/platformVersion")]),
        ("described", vec![("/revision", json!(3)), ("/status", json!("ACTIVE"))], vec![("FG002", Error, "/revision"), ("FG002", Error, "/status")]),
        ("nested unknown", vec![("/app/portMappings", json!([{"containerPort": 80, "port": 1}]))], vec![("FG002", Error, "/app/portMappings/0/port")]),
        ("other casing", vec![("/app/StopTimeout", json!(30))], vec![("FG002", Error, "/app/StopTimeout")]),
        ("not required", vec![("/requiresCompatibilities", null.clone())], vec![("FG003", Error, "/requiresCompatibilities")]),
        ("EC2 only", vec![("/requiresCompatibilities", json!(["EC2"]))], vec![("FG003", Error, "/requiresCompatibilities")]),
        ("lower case", vec![("/requiresCompatibilities", json!(["fargate"]))], vec![("FG003", Error, "/requiresCompatibilities/0")]),
        ("twice", vec![("/requiresCompatibilities", json!(["FARGATE", "FARGATE"]))], vec![("FG003", Error, "/requiresCompatibilities/1")]),
        ("bridge", vec![("/networkMode", json!("bridge"))], vec![("FG004", Error, "/networkMode")]),
        ("no network mode", vec![("/networkMode", null.clone())], vec![("FG004", Error, "/networkMode")]),
        ("no cpu", vec![("/cpu", null.clone())], vec![("FG005", Error, "/cpu")]),
        ("no size", vec![("/cpu", null.clone()), ("/memory", null.clone())], vec![("FG005", Error, "/cpu"), ("FG005", Error, "/memory")]),
        ("cpu a number", vec![("/cpu", json!(1024))], vec![("FG005", Error, "/cpu")]),
        ("bad pair", vec![("/memory", json!("1024"))], vec![("FG006", Error, "/cpu")]),
        ("bad cpu", vec![("/cpu", json!("128"))], vec![("FG006", Error, "/cpu")]),
        ("words", vec![("/cpu", json!("one vCPU"))], vec![("FG006", Error, "/cpu")]),
        ("spelled out", vec![("/cpu", json!("1 vCPU")), ("/memory", json!("2 GB"))], vec![]),
        ("zero in front", vec![("/cpu", json!("0.25 vCPU")), ("/memory", json!("0.5 GB"))], vec![("FG006", Error, "/cpu")]),
        ("32 vCPU", vec![("/cpu", json!("32768")), ("/memory", json!("61440"))], vec![("FG006", Info, "/cpu")]),
        ("too large", vec![("/cpu", json!("99999")), ("/memory", json!("61440"))], vec![("FG006", Error, "/cpu")]),
        ("no execution role", vec![("/executionRoleArn", null.clone())], vec![("FG007", Error, "/executionRoleArn")]),
        ("role a user", vec![("/executionRoleArn", json!("arn:aws:iam::111122223333:user/me"))], vec![("FG008", Error, "/executionRoleArn")]),
        ("role of China", vec![("/executionRoleArn", json!("arn:aws-cn:iam::111122223333:role/x"))], vec![("FG008", Error, "/executionRoleArn")]),
        ("role empty", vec![("/taskRoleArn", json!(""))], vec![("FG008", Error, "/taskRoleArn")]),
        ("bare task role", vec![("/taskRoleArn", json!("app-task"))], vec![("FG008", Warning, "/taskRoleArn")]),
        ("bare execution role", vec![("/executionRoleArn", json!("x"))], vec![("FG008", Error, "/executionRoleArn")]),
        ("no platform", vec![("/runtimePlatform", null.clone())], vec![("FG009", Warning, "/runtimePlatform")]),
        ("OCI spelling", vec![("/runtimePlatform", json!({"cpuArchitecture": "amd64", "operatingSystemFamily": "linux"}))], vec![("FG009", Error, "/runtimePlatform/cpuArchitecture"), ("FG009", Error, "/runtimePlatform/operatingSystemFamily")]),
        ("unknown processor", vec![("/runtimePlatform/cpuArchitecture", json!("RISCV"))], vec![("FG009", Error, "/runtimePlatform/cpuArchitecture")]),
        ("Windows on ARM", vec![("/runtimePlatform", json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}))], vec![("FG009", Error, "/runtimePlatform/cpuArchitecture"), ("SO206", Warning, "/runtimePlatform")]),
        ("Windows, half a vCPU", vec![("/cpu", json!("512")), ("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE"))], vec![("FG006", Error, "/cpu"), ("SO206", Warning, "/runtimePlatform")]),
        ("20 GiB", vec![("/ephemeralStorage", json!({"sizeInGiB": 20}))], vec![("FG010", Error, "/ephemeralStorage/sizeInGiB")]),
        ("201 GiB", vec![("/ephemeralStorage", json!({"sizeInGiB": 201}))], vec![("FG010", Error, "/ephemeralStorage/sizeInGiB")]),
        ("no GiB", vec![("/ephemeralStorage", json!({}))], vec![("FG010", Error, "/ephemeralStorage/sizeInGiB")]),
        ("too many GiB to count", vec![("/ephemeralStorage", json!({"sizeInGiB": u64::MAX}))], vec![("FG010", Error, "/ephemeralStorage/sizeInGiB")]),
        ("host processes", vec![("/pidMode", json!("host"))], vec![("FG011", Error, "/pidMode")]),
        ("task processes", vec![("/pidMode", json!("task"))], vec![]),
        ("ipc", vec![("/ipcMode", json!("none"))], vec![("FG012", Error, "/ipcMode")]),
        ("placement", vec![("/placementConstraints", json!([{"type": "memberOf", "expression": "a==b"}]))], vec![("FG013", Error, "/placementConstraints")]),
        ("no placement", vec![("/placementConstraints", json!([]))], vec![]),
        ("tag of AWS", vec![("/tags", json!([{"key": "aws:x", "value": "y"}]))], vec![("FG014", Error, "/tags/0/key")]),
        ("tag twice", vec![("/tags", json!([{"key": "a"}, {"key": "a"}]))], vec![("FG014", Error, "/tags/1/key")]),
        ("tag characters", vec![("/tags", json!([{"key": "a!", "value": "b\n"}, {"key": "é ü:1", "value": "a@b+c=d/e"}]))], vec![("FG014", Error, "/tags/0/key"), ("FG014", Error, "/tags/0/value")]),
        ("tag lengths", vec![("/tags", json!([{"key": "k".repeat(129), "value": "v".repeat(257)}, {"value": "no key"}]))], vec![("FG014", Error, "/tags/0/key"), ("FG014", Error, "/tags/0/value"), ("FG014", Error, "/tags/1/key")]),
        ("51 tags", vec![("/tags", (0..51).map(|i| json!({"key": format!("k{i}"), "value": ""})).collect::<Vec<_>>().into())], vec![("FG014", Error, "/tags")]),
        ("host path", vec![("/volumes", json!([{"name": "v", "host": {"sourcePath": "/srv"}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/host/sourcePath")]),
        ("docker volume", vec![("/volumes", json!([{"name": "v", "dockerVolumeConfiguration": {"scope": "task"}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/dockerVolumeConfiguration")]),
        ("FSx", vec![("/volumes", json!([{"name": "v", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "x", "authorizationConfig": {"credentialsParameter": "a", "domain": "b"}}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/fsxWindowsFileServerVolumeConfiguration")]),
        ("S3 Files", vec![("/volumes", json!([{"name": "v", "s3filesVolumeConfiguration": {"fileSystemArn": "a"}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Warning, "/volumes/0/s3filesVolumeConfiguration")]),
        ("EFS, IAM in the clear", vec![("/volumes", json!([{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-01234567", "authorizationConfig": {"iam": "ENABLED"}}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/efsVolumeConfiguration/transitEncryption")]),
        ("EFS, two roots", vec![("/volumes", json!([{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "arn:aws:elasticfilesystem:eu-west-1:111122223333:file-system/fs-01234567", "rootDirectory": "/x", "transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": "fsap-1"}}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/efsVolumeConfiguration/rootDirectory")]),
        ("EFS id", vec![("/volumes", json!([{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-XYZ"}}])), ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/efsVolumeConfiguration/fileSystemId")]),
        ("volume names", vec![("/volumes", json!([{"name": "a.b"}, {}])), ("/app/mountPoints", json!([{"sourceVolume": "a.b", "containerPath": "/v"}]))], vec![("FG015", Error, "/volumes/0/name"), ("FG015", Error, "/volumes/1/name")]),
        ("accelerators", vec![("/inferenceAccelerators", json!([{"deviceName": "d", "deviceType": "t"}]))], vec![("FG016", Error, "/inferenceAccelerators")]),
        ("64 KiB", vec![("/app/dockerLabels", json!({"x": "y".repeat(70_000)}))], vec![("FG017", Warning, "")]),
        ("proxy", vec![("/proxyConfiguration", json!({"containerName": "envoy"}))], vec![("FG018", Error, "/proxyConfiguration/containerName"), ("FG018", Warning, "/proxyConfiguration")]),
        ("trusted", vec![("/trustedExecutionConfiguration", json!({"isolationMode": "SHARED"}))], vec![("FG019", Error, "/trustedExecutionConfiguration")]),
        ("user a number", vec![("/app/user", json!(1000))], vec![("FG020", Error, "/app/user")]),
        ("no containers", vec![("/containerDefinitions", json!([]))], vec![("FG101", Error, "/containerDefinitions")]),
        ("containers missing", vec![("/containerDefinitions", null.clone())], vec![("FG101", Error, "/containerDefinitions")]),
        ("eleven", vec![("/containerDefinitions", (0..11).map(|i| container(&format!("c{i}"))).collect::<Vec<_>>().into())], vec![("FG101", Error, "/containerDefinitions")]),
        ("container a text", vec![("/containerDefinitions/1", json!("x"))], vec![("FG101", Error, "/containerDefinitions/1")]),
        ("name with a dot", vec![("/app/name", json!("a.b"))], vec![("FG102", Error, "/app/name")]),
        ("no name", vec![("/app/name", null.clone())], vec![("FG102", Error, "/app/name")]),
        ("same names", vec![("/containerDefinitions/1", container("app"))], vec![("FG103", Error, "/containerDefinitions/1/name")]),
        ("not essential", vec![("/app/essential", json!(false))], vec![("FG104", Error, "/containerDefinitions")]),
        ("no image", vec![("/app/image", null.clone())], vec![("FG105", Error, "/app/image"), ("SO201", Warning, "/containerDefinitions")]),
        ("image with a scheme", vec![("/app/image", json!(format!("https://{ecr}.eu-west-1.amazonaws.com/demo:1")))], vec![("FG105", Error, "/app/image"), ("SO201", Warning, "/containerDefinitions"), ("SO201", Info, "/app/image")]),
        ("public image", vec![("/app/image", json!("public.ecr.aws/nginx/nginx:1"))], vec![("SO201", Warning, "/containerDefinitions"), ("SO201", Info, "/app/image")]),
        ("memory over the task's", vec![("/app/memory", json!(4096))], vec![("FG106", Error, "/app/memory")]),
        ("memory tiny", vec![("/app/memory", json!(3))], vec![("FG106", Error, "/app/memory")]),
        ("reservation over memory", vec![("/app/memory", json!(512)), ("/app/memoryReservation", json!(1024))], vec![("FG106", Error, "/app/memoryReservation")]),
        ("cpu sum", vec![("/app/cpu", json!(1025))], vec![("FG106", Error, "/containerDefinitions")]),
        ("cpu sum overflows", vec![("/app/cpu", json!(i64::MAX)), ("/containerDefinitions/1", side(json!({"cpu": i64::MAX})))], vec![("FG106", Error, "/containerDefinitions")]),
        ("memory a text", vec![("/app/memory", json!("512"))], vec![("FG106", Error, "/app/memory")]),
        ("port 0", vec![("/app/portMappings", json!([{"containerPort": 0}]))], vec![("FG107", Error, "/app/portMappings/0/containerPort")]),
        ("port 70000", vec![("/app/portMappings", json!([{"containerPort": 70000}]))], vec![("FG107", Error, "/app/portMappings/0/containerPort")]),
        ("no port", vec![("/app/portMappings", json!([{}]))], vec![("FG107", Error, "/app/portMappings/0/containerPort")]),
        ("port a text", vec![("/app/portMappings", json!([{"containerPort": "8080"}]))], vec![("FG107", Error, "/app/portMappings/0/containerPort")]),
        ("host port", vec![("/app/portMappings", json!([{"containerPort": 8080, "hostPort": 80}]))], vec![("FG107", Error, "/app/portMappings/0/hostPort")]),
        ("TCP", vec![("/app/portMappings", json!([{"containerPort": 8080, "protocol": "TCP"}]))], vec![("FG107", Error, "/app/portMappings/0/protocol")]),
        ("port and range", vec![("/app/portMappings", json!([{"containerPort": 8080, "containerPortRange": "1-2"}]))], vec![("FG107", Error, "/app/portMappings/0")]),
        ("range falling", vec![("/app/portMappings", json!([{"containerPortRange": "9-8"}]))], vec![("FG107", Error, "/app/portMappings/0/containerPortRange")]),
        ("port in a range", vec![("/app/portMappings", json!([{"containerPortRange": "8000-8010"}, {"containerPort": 8005}]))], vec![("FG107", Error, "/app/portMappings/1")]),
        ("tcp and udp", vec![("/app/portMappings", json!([{"containerPort": 53}, {"containerPort": 53, "protocol": "udp"}]))], vec![]),
        ("port in two containers", vec![("/app/portMappings", json!([{"containerPort": 80}])), ("/containerDefinitions/1", side(json!({"portMappings": [{"containerPort": 80}]})))], vec![("FG107", Error, "/containerDefinitions/1/portMappings/0")]),
        ("port names", vec![("/app/portMappings", json!([{"containerPort": 1, "name": "Web"}, {"containerPort": 2, "name": "web"}, {"containerPort": 3, "name": "web"}]))], vec![("FG107", Error, "/app/portMappings/0/name"), ("FG107", Error, "/app/portMappings/2/name")]),
        ("protocol without a name", vec![("/app/portMappings", json!([{"containerPort": 1, "appProtocol": "http"}]))], vec![("FG107", Warning, "/app/portMappings/0/appProtocol")]),
        ("no logs", vec![("/app/logConfiguration", null.clone())], vec![("FG108", Warning, "/app/logConfiguration")]),
        ("json-file", vec![("/app/logConfiguration", json!({"logDriver": "json-file"}))], vec![("FG108", Error, "/app/logConfiguration/logDriver")]),
        ("splunk", vec![("/app/logConfiguration", json!({"logDriver": "splunk", "options": {"splunk-url": "https://x"}}))], vec![("FG108", Error, "/app/logConfiguration/options")]),
        ("no options", vec![("/app/logConfiguration/options", null.clone())], vec![("FG109", Error, "/app/logConfiguration/options/awslogs-group"), ("FG109", Error, "/app/logConfiguration/options/awslogs-region"), ("FG109", Error, "/app/logConfiguration/options/awslogs-stream-prefix")]),
        ("unknown option", vec![("/app/logConfiguration/options/awslogs-stream", json!("x"))], vec![("FG109", Error, "/app/logConfiguration/options/awslogs-stream")]),
        ("option a flag", vec![("/app/logConfiguration/options/awslogs-create-group", json!(true))], vec![("FG109", Error, "/app/logConfiguration/options/awslogs-create-group")]),
        ("group made", vec![("/app/logConfiguration/options/awslogs-create-group", json!("true"))], vec![("FG109", Info, "/app/logConfiguration/options/awslogs-create-group")]),
        ("group with a blank", vec![("/app/logConfiguration/options/awslogs-group", json!("a b"))], vec![("FG109", Error, "/app/logConfiguration/options/awslogs-group")]),
        ("both formats", vec![("/app/logConfiguration/options/awslogs-datetime-format", json!("%Y")), ("/app/logConfiguration/options/awslogs-multiline-pattern", json!("^x"))], vec![("FG109", Error, "/app/logConfiguration/options/awslogs-multiline-pattern")]),
        ("mode", vec![("/app/logConfiguration/options/mode", json!("fast"))], vec![("FG109", Error, "/app/logConfiguration/options/mode")]),
        ("buffer", vec![("/app/logConfiguration/options/mode", json!("blocking")), ("/app/logConfiguration/options/max-buffer-size", json!("1m"))], vec![("FG109", Warning, "/app/logConfiguration/options/max-buffer-size")]),
        ("no router", vec![("/app/logConfiguration", json!({"logDriver": "awsfirelens"}))], vec![("FG110", Error, "/app/logConfiguration/logDriver")]),
        ("router from S3", vec![("/containerDefinitions/1", side(json!({"firelensConfiguration": {"type": "fluentbit", "options": {"config-file-type": "s3"}}})))], vec![("FG110", Error, "/containerDefinitions/1/firelensConfiguration/options/config-file-type")]),
        ("router of no kind", vec![("/containerDefinitions/1", side(json!({"firelensConfiguration": {"type": "vector"}})))], vec![("FG110", Error, "/containerDefinitions/1/firelensConfiguration/type")]),
        ("check without CMD", vec![("/app/healthCheck", health(json!(["curl", "x"])))], vec![("FG111", Error, "/app/healthCheck/command")]),
        ("check without a command", vec![("/app/healthCheck", health(json!(["CMD"])))], vec![("FG111", Error, "/app/healthCheck/command")]),
        ("check a text", vec![("/app/healthCheck", health(json!("curl x")))], vec![("FG111", Error, "/app/healthCheck/command")]),
        ("check in words", vec![("/app/healthCheck", health(json!(["CMD-SHELL", "curl", "x"])))], vec![("FG111", Warning, "/app/healthCheck/command")]),
        ("check off", vec![("/app/healthCheck", health(json!(["NONE"])))], vec![]),
        ("nanoseconds", vec![("/app/healthCheck", json!({"command": ["CMD", "x"], "interval": 30_000_000_000i64, "timeout": 1, "retries": 11, "startPeriod": 301}))], vec![("FG111", Error, "/app/healthCheck/interval"), ("FG111", Error, "/app/healthCheck/timeout"), ("FG111", Error, "/app/healthCheck/retries"), ("FG111", Error, "/app/healthCheck/startPeriod")]),
        ("slow check", vec![("/app/healthCheck", json!({"command": ["CMD", "x"], "timeout": 31}))], vec![("FG111", Warning, "/app/healthCheck/timeout")]),
        ("waits for nobody", vec![("/app/dependsOn", json!([{"containerName": "nope", "condition": "START"}]))], vec![("FG112", Error, "/app/dependsOn/0/containerName")]),
        ("waits for itself", vec![("/app/dependsOn", json!([{"containerName": "app", "condition": "START"}]))], vec![("FG112", Error, "/app/dependsOn/0/containerName")]),
        ("waits for health", vec![("/containerDefinitions/1", side(json!({"dependsOn": [{"containerName": "app", "condition": "HEALTHY"}]})))], vec![("FG112", Error, "/containerDefinitions/1/dependsOn/0/condition")]),
        ("waits for the end", vec![("/containerDefinitions/1", side(json!({"dependsOn": [{"containerName": "app", "condition": "COMPLETE"}]}))), ("/containerDefinitions/2", container("third"))], vec![("FG112", Error, "/containerDefinitions/1/dependsOn/0/condition")]),
        ("wait for each other", vec![("/app/dependsOn", json!([{"containerName": "side", "condition": "START"}])), ("/containerDefinitions/1", side(json!({"dependsOn": [{"containerName": "app", "condition": "START"}]})))], vec![("FG112", Warning, "/app/dependsOn/0"), ("FG112", Warning, "/containerDefinitions/1/dependsOn/0")]),
        ("timeouts", vec![("/app/startTimeout", json!(1)), ("/app/stopTimeout", json!(121))], vec![("FG113", Error, "/app/startTimeout"), ("FG113", Error, "/app/stopTimeout")]),
        ("ulimits", vec![("/app/ulimits", json!([{"name": "nofile", "softLimit": 9, "hardLimit": 2}, {"name": "files", "softLimit": 1, "hardLimit": 1}, {"name": "nproc", "softLimit": 1, "hardLimit": 2}]))], vec![("FG114", Error, "/app/ulimits/1/name"), ("FG114", Error, "/app/ulimits/0/softLimit"), ("FG114", Warning, "/app/ulimits/2/name")]),
        ("many files", vec![("/app/ulimits", json!([{"name": "nofile", "softLimit": 1, "hardLimit": 1_048_577}]))], vec![("FG114", Error, "/app/ulimits/0/hardLimit")]),
        ("capabilities", vec![("/app/linuxParameters", json!({"capabilities": {"add": ["SYS_PTRACE", "CAP_SYS_PTRACE", "NET_ADMIN"], "drop": ["ALL"]}}))], vec![("FG115", Error, "/app/linuxParameters/capabilities/add/1"), ("FG115", Error, "/app/linuxParameters/capabilities/add/2")]),
        ("shared memory", vec![("/app/linuxParameters", json!({"sharedMemorySize": 64, "devices": [], "tmpfs": [{"containerPath": "tmp", "size": 0}]}))], vec![("FG115", Error, "/app/linuxParameters/sharedMemorySize"), ("FG115", Error, "/app/linuxParameters/tmpfs/0/containerPath"), ("FG115", Error, "/app/linuxParameters/tmpfs/0/size")]),
        ("host only", vec![("/app/privileged", json!(true)), ("/app/hostname", json!("x")), ("/app/links", json!([]))], vec![("FG116", Error, "/app/privileged"), ("FG116", Error, "/app/hostname")]),
        ("GPU", vec![("/app/resourceRequirements", json!([{"type": "GPU", "value": "1"}, {"type": "NeuronDevice", "value": "1"}]))], vec![("FG116", Error, "/app/resourceRequirements/0"), ("FG116", Warning, "/app/resourceRequirements/1")]),
        ("variables", vec![("/app/environment", json!([{"name": "A", "value": ""}, {"name": "A=B", "value": ""}, {"value": "x"}, {"name": "A", "value": "2"}]))], vec![("FG117", Error, "/app/environment/1/name"), ("FG117", Error, "/app/environment/2/name"), ("FG117", Error, "/app/environment/3/name")]),
        ("variables as an object", vec![("/app/environment", json!({"A": "1"}))], vec![("FG117", Error, "/app/environment")]),
        ("secret-looking", vec![("/app/environment", json!([{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB", "value": "pg://u:p@h/d"}, {"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]))], vec![("FG117", Warning, "/app/environment/0/name"), ("FG117", Warning, "/app/environment/1/value"), ("FG117", Warning, "/app/environment/2/name")]),
        ("secrets", vec![("/app/environment", json!([{"name": "A", "value": "1"}])), ("/app/secrets", json!([{"name": "A", "valueFrom": "/x"}, {"name": "B", "valueFrom": "arn:aws:s3:::b/k"}, {"name": "C", "valueFrom": "a b"}, {"name": "D", "valueFrom": "p!"}, {"name": "D", "valueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-AbCdEf:k::"}]))], vec![("FG118", Error, "/app/secrets/0/name"), ("FG118", Error, "/app/secrets/1/valueFrom"), ("FG118", Error, "/app/secrets/2/valueFrom"), ("FG118", Error, "/app/secrets/4/name"), ("FG118", Warning, "/app/secrets/3/valueFrom")]),
        ("secret without a source", vec![("/app/secrets", json!([{"name": "A"}]))], vec![("FG118", Error, "/app/secrets/0/valueFrom")]),
        ("environment files", vec![("/app/environmentFiles", json!([{"type": "s3", "value": "arn:aws:s3:::b/a.env"}, {"type": "s3", "value": "arn:aws:s3:::b/a.txt"}, {"type": "S3", "value": "arn:aws:s3:::b/b.env"}]))], vec![("FG119", Error, "/app/environmentFiles/2/type"), ("FG119", Error, "/app/environmentFiles/1/value")]),
        ("eleven files", vec![("/app/environmentFiles", (0..11).map(|i| json!({"type": "s3", "value": format!("arn:aws:s3:::b/{i}.env")})).collect::<Vec<_>>().into())], vec![("FG119", Error, "/app/environmentFiles")]),
        ("restart", vec![("/app/restartPolicy", json!({"restartAttemptPeriod": 10, "ignoredExitCodes": vec![0; 51]}))], vec![("FG120", Error, "/app/restartPolicy/enabled"), ("FG120", Error, "/app/restartPolicy/restartAttemptPeriod"), ("FG120", Error, "/app/restartPolicy/ignoredExitCodes")]),
        ("volume nobody mounts", vec![("/volumes", json!([{"name": "v"}]))], vec![("FG121", Error, "/volumes/0")]),
        ("mount of nothing", vec![("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "v"}]))], vec![("FG121", Error, "/app/mountPoints/0/sourceVolume"), ("FG121", Error, "/app/mountPoints/0/containerPath")]),
        ("mounts of nobody", vec![("/app/volumesFrom", json!([{"sourceContainer": "x"}, {}]))], vec![("FG121", Error, "/app/volumesFrom/0/sourceContainer"), ("FG121", Error, "/app/volumesFrom/1/sourceContainer")]),
        ("relative directory", vec![("/app/workingDirectory", json!("srv"))], vec![("FG122", Error, "/app/workingDirectory")]),
        ("credentials for ECR", vec![("/app/repositoryCredentials", json!({"credentialsParameter": "arn:x"}))], vec![("FG123", Warning, "/app/repositoryCredentials")]),
        ("consistency", vec![("/app/versionConsistency", json!("Enabled"))], vec![("FG124", Error, "/app/versionConsistency")]),
        ("command a text", vec![("/app/command", json!("serve --port 1"))], vec![("FG125", Error, "/app/command")]),
        ("command empty", vec![("/app/entryPoint", json!([]))], vec![("FG125", Warning, "/app/entryPoint")]),
        ("logs elsewhere", vec![("/app/logConfiguration/options/awslogs-region", json!("us-east-1"))], vec![("SO208", Warning, "/app/logConfiguration/options/awslogs-region")]),
        ("placeholder account", vec![("/taskRoleArn", json!("arn:aws:iam::123456789012:role/x"))], vec![("AD401", Warning, "/taskRoleArn")]),
        ("read-only", vec![("/app/readonlyRootFilesystem", json!(true))], vec![("AD403", Info, "/app/readonlyRootFilesystem")]),
    ]
}

#[test]
fn each_change_is_found_at_its_place_and_nothing_else_is() {
    for (name, changes, wanted) in document_rows() {
        same(name, &check(&changed(&changes), &Context::default()), &wanted);
    }
}

#[test]
fn each_fix_mends_what_it_is_offered_for() {
    for (name, changes, _) in document_rows() {
        mends(name, &changed(&changes), &Context::default());
    }
}

/// What the rules that look beyond the document are given.
struct Beyond {
    image: Value,
    sizes: ImageSizes,
    soci: SociFacts,
    form: Option<Form>,
}

impl Default for Beyond {
    fn default() -> Self {
        Self {
            image: json!({"os": "linux", "architecture": "amd64", "config": {"User": "app"}}),
            sizes: ImageSizes { compressed: 1 << 30, uncompressed: 2 << 30 },
            soci: SociFacts { layers: 3, indexed: 2, min_layer_size: 10 << 20, ..SociFacts::default() },
            form: None,
        }
    }
}

impl Beyond {
    fn with(&self, test: impl FnOnce(&Context<'_>)) {
        let image: ImageConfig = serde_json::from_value(self.image.clone()).expect("an image config");
        test(&Context {
            image: Some(&image),
            sizes: Some(self.sizes),
            soci: Some(&self.soci),
            form: self.form.as_ref(),
        });
    }
}

fn of_config(config: Value) -> Beyond {
    let mut config = config;
    if config.get("User").is_none() {
        config["User"] = json!("app");
    }
    Beyond { image: json!({"os": "linux", "architecture": "amd64", "config": config}), ..Beyond::default() }
}

fn of_soci(change: impl FnOnce(&mut SociFacts)) -> Beyond {
    let mut beyond = Beyond::default();
    change(&mut beyond.soci);
    beyond
}

#[rustfmt::skip]
fn context_rows() -> Vec<ContextRow> {
    let digest = |c: &str| format!("sha256:{}", c.repeat(64));
    let pinned = |c: &str| json!(format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/demo/app@{}", digest(c)));
    let arm = || Beyond { image: json!({"os": "linux", "architecture": "arm64", "config": {"User": "1000:1000"}}), ..Beyond::default() };
    let gib = |compressed: u64, uncompressed: u64| Beyond { sizes: ImageSizes { compressed: compressed << 30, uncompressed: uncompressed << 30 }, ..Beyond::default() };
    let docker = json!({"Healthcheck": {"Test": ["CMD", "x"], "Interval": 3_000_000_000i64, "Timeout": 4_000_000_000i64, "StartInterval": 1}});
    vec![
        ("nothing", Beyond::default(), vec![], vec![]),
        ("small", Beyond { sizes: ImageSizes { compressed: 100 << 20, uncompressed: 300 << 20 }, ..Beyond::default() }, vec![], vec![("SO202", Info, "/app/image")]),
        ("nothing indexed", of_soci(|soci| soci.indexed = 0), vec![], vec![("SO203", Warning, "/app/image")]),
        ("zstd", of_soci(|soci| soci.unsupported = vec!["layer 3 (zstd)".into()]), vec![], vec![("SO204", Warning, "/app/image")]),
        ("other processor", arm(), vec![], vec![("SO205", Error, "/runtimePlatform/cpuArchitecture")]),
        ("other processor by default", arm(), vec![("/runtimePlatform", Value::Null)], vec![("SO205", Error, "/runtimePlatform/cpuArchitecture"), ("FG009", Warning, "/runtimePlatform")]),
        ("other system", Beyond::default(), vec![("/runtimePlatform/operatingSystemFamily", json!("WINDOWS_SERVER_2022_CORE"))], vec![("SO205", Error, "/runtimePlatform/operatingSystemFamily"), ("SO206", Warning, "/runtimePlatform")]),
        ("a platform left out", of_soci(|soci| soci.platforms_not_indexed = vec!["linux/arm64".into()]), vec![], vec![("SO207", Warning, "/app/image")]),
        ("short start period", Beyond::default(), vec![("/app/healthCheck", json!({"command": ["CMD", "x"], "startPeriod": 10}))], vec![("SO209", Info, "/app/healthCheck/startPeriod")]),
        ("no start period", Beyond::default(), vec![("/app/healthCheck", json!({"command": ["CMD", "x"]}))], vec![("SO209", Info, "/app/healthCheck/startPeriod")]),
        ("original digest", of_soci(|soci| { soci.originals = vec![digest("a")]; soci.converted = Some(digest("b")); }), vec![("/app/image", pinned("a"))], vec![("SO210", Warning, "/app/image")]),
        ("converted digest", of_soci(|soci| { soci.originals = vec![digest("a")]; soci.converted = Some(digest("b")); }), vec![("/app/image", pinned("b"))], vec![]),
        ("all in one layer", of_soci(|soci| soci.start_reads = Some(StartReads { total: 100, largest: 81, layer: "layer 2".into() })), vec![], vec![("SO211", Info, "/app/image")]),
        ("check not copied", of_config(docker.clone()), vec![], vec![("IM301", Warning, "/app/healthCheck")]),
        ("check copied", of_config(docker.clone()), vec![("/app/healthCheck", json!({"command": ["CMD", "x"], "interval": 5, "timeout": 4, "retries": 3, "startPeriod": 60}))], vec![("IM301", Info, "/app/healthCheck/interval"), ("IM301", Info, "/app/healthCheck/startPeriod"), ("IM301", Info, "/app/healthCheck")]),
        ("check changed since", of_config(docker), vec![("/app/healthCheck", json!({"command": ["CMD", "y"], "interval": 5, "startPeriod": 60}))], vec![]),
        ("check disabled", of_config(json!({"Healthcheck": {"Test": ["NONE"]}})), vec![], vec![("IM301", Info, "/app/healthCheck")]),
        ("sctp", of_config(json!({"ExposedPorts": {"9/sctp": {}, "80/tcp": {}}})), vec![], vec![("IM302", Warning, "/app/portMappings")]),
        ("secret inside", of_config(json!({"Env": ["PATH=/bin", "HF_TOKEN=hf_x", "EMPTY_TOKEN=", "URL=redis://:p@h"]})), vec![], vec![("IM303", Warning, "/app/environment"), ("IM303", Warning, "/app/environment")]),
        ("secret overridden", of_config(json!({"Env": ["HF_TOKEN=hf_x"]})), vec![("/app/secrets", json!([{"name": "HF_TOKEN", "valueFrom": "/demo/hf"}]))], vec![("IM303", Info, "/app/environment")]),
        ("root", of_config(json!({"User": ""})), vec![], vec![("IM304", Info, "/app/user")]),
        ("root by number", of_config(json!({"User": "0:1000"})), vec![], vec![("IM304", Info, "/app/user")]),
        ("root no longer", of_config(json!({"User": "root"})), vec![("/app/user", json!("1000"))], vec![]),
        ("room", gib(9, 20), vec![], vec![("IM305", Warning, "/ephemeralStorage")]),
        ("room asked for", gib(9, 20), vec![("/ephemeralStorage", json!({"sizeInGiB": 32}))], vec![]),
        ("no room", gib(100, 100), vec![], vec![("IM305", Error, "/ephemeralStorage")]),
        ("stop signal", of_config(json!({"StopSignal": "SIGQUIT"})), vec![], vec![("IM306", Info, "/app/stopTimeout")]),
        ("usual stop signal", of_config(json!({"StopSignal": "SIGTERM"})), vec![], vec![]),
        ("arguments dropped", of_config(json!({"Cmd": ["serve"]})), vec![("/app/entryPoint", json!(["/x"]))], vec![("IM307", Warning, "/app/command")]),
        ("arguments dropped on purpose", Beyond { form: Some(Form { command: Some(vec![]), execution_role_arn: Some("x".into()), ..Form::default() }), ..of_config(json!({"Cmd": ["serve"]})) }, vec![("/app/entryPoint", json!(["/x"]))], vec![]),
        ("volume", of_config(json!({"Volumes": {"/data": {}, "/cache": {}}})), vec![], vec![("IM308", Info, "/app/mountPoints")]),
        ("volume mounted", of_config(json!({"Volumes": {"/data": {}}})), vec![("/volumes", json!([{"name": "d"}])), ("/app/mountPoints", json!([{"sourceVolume": "d", "containerPath": "/data"}]))], vec![]),
        ("no such processor", Beyond { image: json!({"os": "linux", "architecture": "s390x", "config": {"User": "a"}}), ..Beyond::default() }, vec![], vec![("IM309", Error, "/runtimePlatform")]),
        ("role assumed", Beyond { form: Some(Form::default()), ..Beyond::default() }, vec![("/executionRoleArn", json!("arn:aws:iam::111122223333:role/ecsTaskExecutionRole"))], vec![("AD402", Info, "/executionRoleArn")]),
    ]
}

#[test]
fn each_fact_beyond_the_document_is_found_and_mended() {
    for (name, beyond, changes, wanted) in context_rows() {
        beyond.with(|context| {
            let document = changed(&changes);
            same(name, &check(&document, context), &wanted);
            mends(name, &document, context);
        });
    }
}

#[test]
fn every_rule_has_a_row_that_makes_it_speak() {
    let mut spoken: BTreeSet<&str> =
        document_rows().iter().flat_map(|row| row.2.iter().map(|w| w.0)).collect();
    spoken.extend(context_rows().iter().flat_map(|row| row.3.iter().map(|w| w.0)));
    let all: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(spoken, all);
}

#[test]
fn the_table_is_complete_and_in_order() {
    let order = |id: &str| {
        let group = ["FG", "SO", "IM", "AD"].iter().position(|group| id.starts_with(group));
        (group.expect("a known group"), id.to_owned())
    };
    assert!(RULES.is_sorted_by(|a, b| order(a.id) < order(b.id)));
    for rule in RULES {
        for text in [rule.title, rule.sentence, rule.reason] {
            assert!(!text.is_empty() && !text.contains("  "), "{}", rule.id);
        }
        assert!(
            !rule.title.ends_with('.') && rule.sentence.ends_with('.') && rule.reason.ends_with('.'),
            "{}",
            rule.id
        );
        assert!(rule.source.starts_with("https://"), "{}", rule.id);
        assert_eq!(super::rule(rule.id), Some(rule));
    }
    assert_eq!(rule("FG999"), None);
}

#[test]
fn every_rule_that_owns_a_member_is_in_the_table() {
    fn walk(shape: &crate::shape::Shape) {
        use crate::shape::Shape::{List, Object, Set};
        match shape {
            List(inner) | Set(inner) => walk(inner),
            Object(members) => members.iter().for_each(|member| {
                if let Some(id) = member.rule {
                    assert!(rule(id).is_some(), "{id}");
                }
                walk(member.shape);
            }),
            _ => {}
        }
    }
    walk(&crate::api::REQUEST);
    assert!(rule(crate::api::ANY_TYPE).is_some());
}

#[test]
fn what_is_not_verified_says_so() {
    // The five that are refused although AWS's answer is not known; see the module's page.
    let refused = ["FG006", "FG107", "FG117", "FG118", "FG122"];
    let mut unverified = 0;
    for (name, changes, _) in document_rows() {
        for finding in check(&changed(&changes), &Context::default()) {
            assert_eq!(
                finding.evidence == Evidence::Unverified,
                finding.message.ends_with(UNVERIFIED),
                "{name}: {finding}"
            );
            if finding.evidence == Evidence::Unverified {
                unverified += 1;
                assert!(finding.severity < Error || refused.contains(&finding.rule.id), "{name}: {finding}");
            }
        }
    }
    assert!(unverified >= 10, "{unverified}");
}

#[test]
fn messages_never_repeat_a_secret() {
    let secret = "hunter2-secret";
    let document = changed(&[
        (
            "/app/environment",
            json!([{"name": "DB_PASSWORD", "value": secret}, secret, {"name": secret.len(), "value": [secret]}]),
        ),
        (
            "/app/secrets",
            json!([{"name": "A", "valueFrom": format!("{secret} {secret}")}, {"name": "B", "valueFrom": format!("{secret}!")}]),
        ),
        ("/app/healthCheck", json!(secret)),
        ("/app/logConfiguration/options/splunk-token", json!(secret)),
    ]);
    let beyond = of_config(json!({"Env": [format!("HF_TOKEN={secret}")]}));
    beyond.with(|context| {
        let found = check(&document, context);
        assert!(found.len() > 6, "{found:#?}");
        for finding in found {
            assert!(!finding.to_string().contains(secret), "{finding}");
            let patch = format!("{:?}", finding.fix);
            assert!(!patch.contains(secret), "{finding}: {patch}");
        }
    });
}

#[test]
fn errors_come_first_and_the_judgement_is_the_same_each_time() {
    let document =
        changed(&[("/app/logConfiguration", Value::Null), ("/cpu", json!(1)), ("/family", json!("a b"))]);
    let found = check(&document, &Context::default());
    assert!(found.is_sorted_by(|a, b| a.severity >= b.severity), "{found:#?}");
    assert_eq!(found, check(&document, &Context::default()));
}

#[test]
fn a_thousand_containers_that_all_wait_for_each_other_are_judged_at_once() {
    let names: Vec<String> = (0..1000).map(|i| format!("c{i}")).collect();
    let all: Vec<Value> =
        names.iter().map(|name| json!({"containerName": name, "condition": "START"})).collect();
    // Every walk would be 1000! long if it took each way.
    let waiting = |name: &String| json!({"name": name, "dependsOn": all.iter().take(8).collect::<Vec<_>>()});
    let document = changed(&[("/containerDefinitions", names.iter().map(waiting).collect())]);
    let cycles = check(&document, &Context::default())
        .into_iter()
        .filter(|d| d.message.contains("wait for each other"));
    assert_eq!(cycles.count(), 8 * 7);
}

#[test]
fn what_the_form_makes_has_nothing_but_advice() {
    let image: ImageConfig =
        serde_json::from_value(json!({"os": "linux", "architecture": "amd64"})).expect("a config");
    let form = Form::from_image(&image, ImageSizes::default()).expect("runs");
    let context = Context { image: Some(&image), form: Some(&form), ..Context::default() };
    let found = check(&build(&form, &image).to_value(), &context);
    same(
        "default form",
        &found,
        &[
            ("AD401", Warning, "/executionRoleArn"),
            ("IM304", Info, "/app/user"),
            ("AD402", Info, "/executionRoleArn"),
        ],
    );
}

#[test]
fn any_json_is_judged_without_a_panic() {
    // Every value of the good document replaced, in turn, by one of each kind.
    let kinds = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!("é\u{0}"),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"": {}}),
    ];
    fn places(value: &Value, at: crate::Pointer, found: &mut Vec<crate::Pointer>) {
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| places(item, at.index(i), found))
            }
            Value::Object(members) => {
                members.iter().for_each(|(key, member)| places(member, at.key(key), found))
            }
            _ => {}
        }
        found.push(at);
    }
    let mut all = Vec::new();
    let document = changed(&[
        (
            "/volumes",
            json!([{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-01234567", "authorizationConfig": {"iam": "ENABLED"}}}]),
        ),
        ("/app/mountPoints", json!([{"sourceVolume": "v", "containerPath": "/v"}])),
        ("/app/portMappings", json!([{"containerPort": 80, "name": "web"}])),
        ("/app/environment", json!([{"name": "A", "value": "1"}])),
        ("/app/secrets", json!([{"name": "B", "valueFrom": "/b"}])),
        ("/app/healthCheck", health(json!(["CMD", "x"]))),
        ("/app/dependsOn", json!([{"containerName": "side", "condition": "START"}])),
        ("/containerDefinitions/1", side(json!({"firelensConfiguration": {"type": "fluentbit"}}))),
        ("/tags", json!([{"key": "a", "value": "b"}])),
    ]);
    places(&document, crate::Pointer::root(), &mut all);
    for place in all {
        for kind in &kinds {
            let mut broken = document.clone();
            if let Some(slot) = broken.pointer_mut(place.as_str()) {
                *slot = kind.clone();
            }
            Beyond::default().with(|context| {
                let found = check(&broken, context);
                // null is never a value; an empty object in its place is, for some members.
                assert!(!kind.is_null() || found.iter().any(|d| d.severity == Error), "{place} {kind}");
                for fix in found.into_iter().filter_map(|finding| finding.fix) {
                    let _ = apply(&fix.patch, &mut broken.clone());
                }
            });
        }
    }
}
