//! The report is a contract: its schema is committed, and real reports obey it.

mod archives;

use archives::{GZIP, Oci, docker_archive, every_layer, gzip, layer_tar, scanned};
use serde_json::Value;
use sociscope_engine::{Options, Report, Scope, report, sample};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/report.schema.json");

#[test]
fn the_committed_schema_is_the_one_of_these_types() {
    let schema = report::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(COMMITTED, &schema).expect("writable");
    }
    let committed = std::fs::read_to_string(COMMITTED).expect("committed");
    assert!(committed == schema, "report.schema.json is stale: run this test with UPDATE_SCHEMA=1");
}

fn layer() -> Vec<u8> {
    gzip(&layer_tar(&[("file", 300_000)]))
}

/// Reports of every shape: read and unread, convertible and not, broken, of several images.
fn reports() -> Vec<(&'static str, Report)> {
    let sample = sample::archive();
    let unread = archives::analysis(&sample, sample::OPTIONS).report();
    let several =
        Oci::default().image("linux/amd64", &[(GZIP, layer())]).attestation().image("windows/amd64", &[]);
    let missing = Oci::default().image("linux/amd64", &[(GZIP, layer())]).without(&layer());
    let mut partly = archives::analysis(&sample, sample::OPTIONS);
    let first = partly.tasks(Scope::All).remove(0);
    let outcome = archives::drive(sociscope_engine::LayerJob::new(first), &sample).expect("an outcome");
    partly.record(outcome.summary);
    vec![
        ("sample", scanned(&sample, sample::OPTIONS).report()),
        ("sample with default options", scanned(&sample, Options::default()).report()),
        ("unread", unread),
        ("partly read", partly.report()),
        ("several images", scanned(&several.tar(), every_layer()).report()),
        ("missing layer", scanned(&missing.tar(), every_layer()).report()),
        (
            "broken layer",
            scanned(
                &Oci::default().image("linux/amd64", &[(GZIP, layer()[..99].to_vec())]).tar(),
                every_layer(),
            )
            .report(),
        ),
        ("docker-archive", scanned(&docker_archive(&[layer()]), every_layer()).report()),
    ]
}

#[test]
fn real_reports_obey_the_schema_and_read_back() {
    let schema: Value = serde_json::from_str(&report::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (case, report) in reports() {
        let text = report.to_json();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{case}: {errors:#?}");
        assert_eq!(value["schema"], "sociscope.report/1");
        let back: Report = serde_json::from_str(&text).expect("reads back");
        assert_eq!(back, report, "{case}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let schema: Value = serde_json::from_str(&report::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let (_, report) = reports().remove(0);
    let good = serde_json::to_value(report).expect("JSON");
    for (pointer, value) in [
        ("/file/size", Value::from(-1)),
        ("/verdict/kind", Value::from("fine")),
        ("/images/0/layers/0/status", Value::Null),
        ("/findings", Value::from("none")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect(pointer) = value;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn every_field_is_described_in_the_schema() {
    let schema: Value = serde_json::from_str(&report::schema()).expect("JSON");
    let mut pending = vec![("#".to_owned(), &schema)];
    let mut seen = 0;
    while let Some((path, value)) = pending.pop() {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                seen += 1;
                assert!(property.get("description").is_some(), "{path}/{name} says nothing about itself");
            }
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            pending.push((format!("{path}/{name}"), value));
        }
    }
    assert!(seen > 80, "only {seen} fields seen");
}

#[test]
fn the_samples_report() {
    let report = scanned(&sample::archive(), sample::OPTIONS).report();
    insta::assert_snapshot!(report.to_json().replace(report.tool.version.as_str(), "VERSION"));
}
