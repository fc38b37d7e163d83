//! `sociscope task-definition`: the document ECS takes.

mod program;

use program::{Scratch, done, fixtures, run, unpacked};
use serde_json::Value;

const URI: &str = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop:1.4.2-soci";
const ROLE: &str = "arn:aws:iam::210987654321:role/shop-execution";

#[test]
fn the_samples_definition() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let ended = done(["task-definition", &image, "--image-uri", URI, "--execution-role", ROLE]);
    insta::assert_snapshot!(ended.text());
    assert!(ended.stderr.lines().all(|line| line.starts_with("sociscope: ")), "{}", ended.stderr);
    assert!(ended.stderr.contains("SHOP_API_TOKEN"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("not-a-real-token") && !ended.text().contains("not-a-real-token"));
}

#[test]
fn flags_end_up_where_they_belong() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let out = scratch.path("task.json");
    let flags = [
        "--family",
        "web",
        "--cpu",
        "2048",
        "--memory",
        "8192",
        "--task-role",
        "arn:aws:iam::210987654321:role/shop",
        "--log-group",
        "/ecs/elsewhere",
        "--out",
        &out,
        "--execution-role",
        ROLE,
    ];
    let ended = done(["task-definition", &image, "--image-uri", URI].iter().chain(&flags));
    assert_eq!(ended.text(), "");
    let task: Value = serde_json::from_slice(&scratch.read("task.json")).expect("JSON");
    assert_eq!(task["family"], "web");
    assert_eq!((&task["cpu"], &task["memory"]), (&"2048".into(), &"8192".into()));
    assert_eq!(task["executionRoleArn"], ROLE);
    assert_eq!(task["taskRoleArn"], "arn:aws:iam::210987654321:role/shop");
    let container = &task["containerDefinitions"][0];
    assert_eq!(container["image"], URI);
    assert_eq!(container["logConfiguration"]["options"]["awslogs-group"], "/ecs/elsewhere");
}

#[test]
fn the_platform_decides_the_architecture() {
    let scratch = Scratch::new();
    let image = scratch.write("in.tar", &unpacked(&fixtures("images/buildkit-multi-attest.tar.xz")));
    for (flags, architecture) in [(&[][..], "X86_64"), (&["--platform", "linux/arm64"], "ARM64")] {
        let ended = done(["task-definition", &image, "--image-uri", URI].iter().chain(flags));
        let task: Value = serde_json::from_str(ended.text()).expect("JSON");
        assert_eq!(task["runtimePlatform"]["cpuArchitecture"], architecture);
    }
    let ended = run(["task-definition", &image, "--image-uri", URI, "--platform", "linux/s390x"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("Choose one of linux/amd64, linux/arm64"), "{}", ended.stderr);
}

#[test]
fn what_ecs_would_refuse_is_written_and_a_failure() {
    let scratch = Scratch::new();
    let image = scratch.sample();
    let ended = run(["task-definition", &image, "--image-uri", URI, "--cpu", "256", "--memory", "8192"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("sociscope: error FG"), "{}", ended.stderr);
    serde_json::from_str::<Value>(ended.text()).expect("the document is there nevertheless");
}
