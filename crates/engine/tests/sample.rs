//! The built-in sample shows what there is to show.

mod archives;

use archives::scanned;
use sociscope_engine::{VerdictKind, image::Digest, report::LayerStatus, sample};

#[test]
fn it_is_the_same_bytes_everywhere() {
    let archive = sample::archive();
    assert_eq!(archive.len(), 1_931_776);
    assert_eq!(
        Digest::of(&archive).hex(),
        "a31323a53104b62048fc4a221d1ba1bd537fca1cfd99b293a5803fafd1bf07e4"
    );
}

#[test]
fn some_layers_are_indexed_and_the_others_say_why_not() {
    let report = scanned(&sample::archive(), sample::OPTIONS).report();
    assert_eq!(report.verdict.kind, VerdictKind::Partly);
    let layers = &report.images[0].layers;
    let statuses: Vec<LayerStatus> = layers.iter().map(|layer| layer.status).collect();
    use LayerStatus::{Indexed, NotIndexed, NotNeeded};
    assert_eq!(statuses, [Indexed, NotNeeded, Indexed, NotIndexed, Indexed]);
    for layer in layers {
        assert!(layer.created_by.is_some());
        assert_eq!(layer.reason.is_some(), layer.status != Indexed, "layer {}", layer.position);
        let scan = layer.scan.as_ref().expect("read");
        assert_eq!((scan.error.as_ref(), scan.digest_matches), (None, Some(true)));
    }
    assert!(report.verdict.spans >= 15, "{} spans", report.verdict.spans);
    let blocks = layers.iter().filter_map(|layer| layer.scan.as_ref()?.blocks);
    assert!(blocks.map(|blocks| blocks.dynamic).sum::<u64>() > 20);
    // It has to look as if it paid.
    assert!(report.verdict.pulled_before_start * 3 < report.verdict.image_bytes * 2);
}

#[test]
fn its_compression_looks_real() {
    let report = scanned(&sample::archive(), sample::OPTIONS).report();
    for layer in report.images[0].layers.iter().filter(|layer| layer.compression == "gzip") {
        let unpacked = layer.scan.as_ref().and_then(|scan| scan.uncompressed_size).expect("read");
        let tenths = unpacked * 10 / layer.size;
        assert!((20..=45).contains(&tenths), "layer {} packs {tenths} tenths", layer.position);
    }
}

#[test]
fn its_config_has_what_a_task_definition_takes_from_one() {
    let archive = archives::open(&sample::archive());
    let run = &archive.images[0].config.config;
    assert!(run.exposed_ports.contains_key("8080/tcp"));
    assert!(run.healthcheck.is_some() && run.entrypoint.is_some() && run.cmd.is_some());
    assert!(run.env.iter().any(|variable| variable == "SHOP_API_TOKEN=not-a-real-token"));
    assert_eq!((run.user.as_str(), run.working_dir.as_str()), ("10001:10001", "/srv/app"));
    assert!(archive.diagnostics.is_empty(), "{:?}", archive.diagnostics);
}
