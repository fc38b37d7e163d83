//! The memory of a run: what is read, what a change of options costs, what can be converted.

mod archives;

use archives::{
    GZIP, Oci, PLAIN, ZSTD, analysis, docker_archive, drive, every_layer, gzip, layer_tar, scan, scanned,
};
use sociscope_engine::{
    Analysis, Error, Job, LayerId, LayerJob, Options, Part, PlatformChoice, RemadeLayer, RemakeJob,
    RemakeTask, Scope, TaskCompression, VerdictKind, Want,
    image::{Digest, Extent},
    report::LayerStatus,
    sample,
};

fn big() -> Vec<u8> {
    gzip(&layer_tar(&[("big", 700_000)]))
}

fn small() -> Vec<u8> {
    gzip(&layer_tar(&[("small", 100)]))
}

#[test]
fn a_shared_layer_is_read_once() {
    let file = Oci::default()
        .image("linux/amd64", &[(GZIP, big()), (GZIP, small())])
        .image("linux/arm64", &[(GZIP, big()), (PLAIN, layer_tar(&[("x", 10)]))])
        .tar();
    let analysis = analysis(&file, every_layer());
    let tasks = analysis.tasks(Scope::All);
    assert_eq!(tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(tasks[2].compression, TaskCompression::Uncompressed);
    assert_eq!(analysis.layer_id(0, 0), analysis.layer_id(1, 0));
    assert_ne!(analysis.layer_id(0, 1), analysis.layer_id(1, 1));
    assert_eq!(analysis.layer_id(1, 2), None);
}

#[test]
fn for_a_conversion_only_what_gets_an_index_is_read() {
    let zstd = b"\x28\xb5\x2f\xfd and more".to_vec();
    let file = Oci::default()
        .image("linux/amd64", &[(GZIP, big()), (GZIP, small()), (ZSTD, zstd)])
        .image("linux/arm64", &[(GZIP, gzip(&layer_tar(&[("arm", 800_000)])))])
        .tar();
    let ids = |options: Options, scope| {
        let tasks = analysis(&file, options).tasks(scope);
        tasks.iter().map(|task| task.id.0).collect::<Vec<_>>()
    };
    let large_only = Options { min_layer_size: 1000, ..every_layer() };
    let amd64 = Options { platforms: PlatformChoice::Listed(vec!["linux/amd64".into()]), ..every_layer() };
    let none = Options::default();
    assert_eq!(ids(every_layer(), Scope::All), [0, 1, 2, 3]);
    assert_eq!(ids(every_layer(), Scope::ForConversion), [0, 1, 3]);
    assert_eq!(ids(large_only, Scope::ForConversion), [0, 3]);
    assert_eq!(ids(amd64, Scope::ForConversion), [0, 1]);
    assert!(ids(none.clone(), Scope::ForConversion).is_empty());
    assert_eq!(ids(none, Scope::All), [0, 1, 2, 3]);
}

#[test]
fn another_minimum_or_platform_needs_no_reading_but_another_span_size_does() {
    let file = Oci::default().image("linux/amd64", &[(GZIP, big()), (GZIP, small())]).tar();
    let mut analysis = scanned(&file, Options::default());
    assert_eq!(analysis.report().verdict.kind, VerdictKind::NothingToIndex);

    analysis.set_options(Options { min_layer_size: 1000, ..Options::default() });
    assert!(analysis.is_complete(Scope::All));
    let verdict = analysis.report().verdict;
    assert_eq!((verdict.kind, verdict.indexed_layers), (VerdictKind::Ready, 1));
    let one = analysis.convert().expect("convertible").image_index;

    analysis.set_options(Options { min_layer_size: 0, ..Options::default() });
    let all = analysis.convert().expect("convertible").image_index;
    assert_ne!(one, all);

    analysis.set_options(Options { min_layer_size: 0, span_size: 1 << 20, ..Options::default() });
    assert_eq!(analysis.tasks(Scope::All).len(), 2);
    assert_eq!(analysis.report().verdict.kind, VerdictKind::Pending);
    scan(&mut analysis, &file, Scope::All);
    assert!(analysis.is_complete(Scope::All));

    analysis.set_options(Options { min_layer_size: 0, ..Options::default() });
    scan(&mut analysis, &file, Scope::All);
    assert_eq!(analysis.convert().expect("convertible").image_index, all);
}

#[test]
fn reading_only_what_is_needed_gives_the_same_archive() {
    let file = sample::archive();
    let mut needed = analysis(&file, sample::OPTIONS);
    assert!(matches!(needed.convert(), Err(Error::Misuse(_))), "nothing was read yet");
    scan(&mut needed, &file, Scope::ForConversion);
    let all = scanned(&file, sample::OPTIONS);
    assert_eq!(needed.convert().expect("convertible"), all.convert().expect("convertible"));
}

#[test]
fn the_order_in_which_layers_end_does_not_show() {
    let file = sample::archive();
    let mut backwards = analysis(&file, sample::OPTIONS);
    for task in backwards.tasks(Scope::All).into_iter().rev() {
        let outcome = drive(LayerJob::new(task), &file).expect("an outcome");
        backwards.record(outcome.summary);
    }
    assert_eq!(backwards.report().to_json(), scanned(&file, sample::OPTIONS).report().to_json());
}

#[test]
fn the_plan_adds_up_and_names_its_ztocs() {
    let file = sample::archive();
    let analysis = scanned(&file, sample::OPTIONS);
    let converted = analysis.convert().expect("convertible");
    let sum: u64 = converted.plan.parts().iter().map(Part::size).sum();
    assert_eq!(sum, converted.plan.size());
    let mut layers = Vec::new();
    for part in converted.plan.parts() {
        if let Part::Ztoc { digest, size } = part {
            let id = analysis.ztoc_layer(digest).expect("a known zTOC");
            assert_eq!(
                analysis.summary(id).and_then(|summary| summary.ztoc.as_ref()).map(|z| z.size),
                Some(*size)
            );
            layers.push(id);
        }
    }
    layers.sort();
    assert_eq!(layers, [LayerId(0), LayerId(2), LayerId(4)]);
}

#[test]
fn one_broken_layer_hides_neither_the_others_nor_itself() {
    let broken = big()[..500].to_vec();
    let file = Oci::default().image("linux/amd64", &[(GZIP, broken), (GZIP, small())]).tar();
    let analysis = scanned(&file, every_layer());
    let report = analysis.report();
    let statuses: Vec<LayerStatus> = report.images[0].layers.iter().map(|layer| layer.status).collect();
    assert_eq!(statuses, [LayerStatus::Failed, LayerStatus::Indexed]);
    assert_eq!(report.verdict.kind, VerdictKind::Failed);
    assert!(report.is_broken());
    let Err(Error::Failed(failure)) = analysis.convert() else { panic!("converted a broken layer") };
    assert_eq!(Some(failure), report.verdict.failure);
}

#[test]
fn a_layer_that_is_merely_copied_must_be_right_as_well() {
    // The time stamp of the gzip header: same size, same content, other bytes.
    let mut other = small();
    other[4] ^= 1;
    let file =
        Oci::default().image("linux/amd64", &[(GZIP, big()), (GZIP, small())]).swap(&small(), other).tar();
    let options = Options { min_layer_size: 1000, ..every_layer() };
    let analysis = scanned(&file, options);
    let report = analysis.report();
    assert_eq!(report.images[0].layers[1].status, LayerStatus::Failed);
    assert!(report.findings.iter().any(|finding| finding.id == "layer-digest-mismatch"));
    assert!(matches!(analysis.convert(), Err(Error::Failed(_))));
}

#[test]
fn an_unreadable_small_layer_does_not_stop_a_conversion() {
    // soci never looks into it, so the result is the same with and without our looking.
    let junk = gzip(b"not a tar");
    let file = Oci::default().image("linux/amd64", &[(GZIP, big()), (GZIP, junk)]).tar();
    let options = Options { min_layer_size: 1000, ..every_layer() };
    let report = scanned(&file, options).report();
    assert_eq!(report.images[0].layers[1].status, LayerStatus::Failed);
    assert_eq!(report.verdict.kind, VerdictKind::Partly);
    assert!(report.conversion.is_some());
}

#[test]
fn a_docker_archive_is_converted_once_the_digests_of_its_layers_are_known() {
    // One layer is gzip: only reading tells what it is called.
    let file = docker_archive(&[big(), layer_tar(&[("x", 300_000)])]);
    let mut analysis = analysis(&file, Options { min_layer_size: 1000, ..every_layer() });
    assert_eq!(analysis.report().images[0].layers[0].digest, None);
    assert!(matches!(analysis.convert(), Err(Error::Misuse(_))));
    scan(&mut analysis, &file, Scope::ForConversion);
    assert!(analysis.is_complete(Scope::ForConversion));
    let report = analysis.report();
    let layers = &report.images[0].layers;
    assert_eq!(layers.iter().map(|layer| layer.status).collect::<Vec<_>>(), [LayerStatus::Indexed; 2]);
    assert_eq!(layers[0].digest, Some(Digest::of(&big()).to_string()));
    assert_eq!(report.verdict.kind, VerdictKind::Ready);
    assert_eq!(report.images[0].manifest, None, "the file has none");
    assert!(report.conversion.is_some());
}

#[test]
fn a_small_gzip_layer_of_a_docker_archive_is_read_for_its_digest() {
    let file = docker_archive(&[layer_tar(&[("x", 300_000)]), small()]);
    let mut analysis = analysis(&file, Options { min_layer_size: 1000, ..every_layer() });
    assert_eq!(analysis.tasks(Scope::ForConversion).len(), 2);
    scan(&mut analysis, &file, Scope::ForConversion);
    let converted = analysis.convert().expect("convertible");
    let digests: Vec<&Digest> = converted.plan.sources().map(|(digest, _)| digest).collect();
    assert!(digests.contains(&&Digest::of(&small())));
}

#[test]
fn several_images_are_listed_and_one_is_chosen() {
    let file = Oci::default()
        .image("linux/amd64", &[(GZIP, big())])
        .named("one")
        .image("linux/amd64", &[(GZIP, small())])
        .named("two")
        .without_platforms()
        .tar();
    let mut analysis = scanned(&file, every_layer());
    let names: Vec<&str> =
        analysis.subjects().iter().flat_map(|subject| &subject.names).map(String::as_str).collect();
    assert_eq!(names, ["one", "two"]);
    let failure = analysis.convert().expect_err("which one?").failure();
    assert!(failure.message.contains("one") && failure.message.contains("two"), "{failure}");
    assert!(!analysis.report().is_broken());
    let mut digests = Vec::new();
    for subject in [0, 1] {
        analysis.set_options(Options { subject: Some(subject), ..every_layer() });
        let report = analysis.report();
        assert_eq!(
            report.images.iter().map(|image| image.selected).collect::<Vec<_>>(),
            [subject == 0, subject == 1]
        );
        digests.push(report.conversion.expect("convertible").image_index);
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_layer_the_snapshotter_would_refuse_is_left_out_unless_wanted() {
    // A gzip stream that begins with an empty stored block.
    let tar = layer_tar(&[("x", 300_000)]);
    let good = gzip(&tar);
    let bad = [&good[..10], &[0, 0, 0, 0xff, 0xff], &good[10..]].concat();
    let file = Oci::default().image("linux/amd64", &[(GZIP, big()), (GZIP, bad)]).tar();
    let mut analysis = scanned(&file, every_layer());
    let status = |analysis: &Analysis| analysis.report().images[0].layers[1].status;
    assert_eq!(status(&analysis), LayerStatus::NotIndexed);
    let ours = analysis.convert().expect("the other layer").image_index;
    assert_eq!(
        analysis.remakable().iter().map(|layer| (layer.id, layer.is_needed)).collect::<Vec<_>>(),
        [(LayerId(1), true)]
    );
    analysis.set_options(Options { keep_unusable: true, ..every_layer() });
    assert_eq!(status(&analysis), LayerStatus::Indexed);
    assert_ne!(analysis.convert().expect("as soci does").image_index, ours);
}

#[test]
fn a_layer_made_here_takes_the_place_of_the_stored_one_and_gives_it_back() {
    let tar = layer_tar(&[("x", 300_000)]);
    let mut oci = Oci::default();
    oci.add_image("linux/amd64", &[(PLAIN, tar.clone()), (GZIP, big())], &[Digest::of(&tar).to_string()]);
    let mut file = oci.tar();
    let mut analysis = scanned(&file, every_layer());
    let before = analysis.convert().expect("convertible").image_index;

    let task = analysis.remake_task(LayerId(0), 6).expect("a plain tar");
    let (made, bytes) = remade(task, &file);
    let extent = Extent { offset: file.len() as u64, len: made.size };
    file.extend(&bytes);
    let id = analysis.replace_layer(LayerId(0), &made, extent).expect("replaced");
    assert_eq!((id, analysis.layer_id(0, 0)), (LayerId(2), Some(LayerId(2))));
    assert_eq!(analysis.tasks(Scope::All).iter().map(|task| task.id).collect::<Vec<_>>(), [id]);
    scan(&mut analysis, &file, Scope::All);
    let report = analysis.report();
    let layer = &report.images[0].layers[0];
    assert_eq!((layer.status, layer.compression.as_str()), (LayerStatus::Indexed, "gzip"));
    assert_eq!(layer.digest.as_ref(), Some(&made.digest));
    assert_eq!(
        layer.made_from.as_ref().map(|from| (from.id, from.size)),
        Some((LayerId(0), tar.len() as u64))
    );
    assert!(report.findings.iter().any(|finding| finding.id == "layers-made"));
    let converted = analysis.convert().expect("convertible");
    assert!(converted.plan.sources().any(|(_, source)| source == extent));
    assert!(!converted.plan.sources().any(|(digest, _)| digest.matches(&tar)));

    analysis.restore_layer(LayerId(0));
    assert_eq!(analysis.convert().expect("as before").image_index, before);
}

/// Makes a layer as a shell does.
fn remade(task: RemakeTask, file: &[u8]) -> (RemadeLayer, Vec<u8>) {
    let mut job = RemakeJob::new(task);
    let mut bytes = Vec::new();
    while let Want::Read { offset, len } = job.want() {
        job.supply(&file[offset as usize..(offset + len) as usize]).expect("the right bytes");
        bytes.extend(job.take_output());
    }
    bytes.extend(job.take_output());
    (job.finish().expect("a layer"), bytes)
}

#[test]
fn images_are_found_by_any_spelling_of_their_platform() {
    let file =
        Oci::default().image("linux/amd64", &[(GZIP, big())]).image("linux/arm64", &[(GZIP, small())]).tar();
    let analysis = analysis(&file, every_layer());
    for (spelling, index) in [
        ("linux/amd64", Some(0)),
        ("linux/x86_64", Some(0)),
        ("linux/arm64/v8", Some(1)),
        ("linux/s390x", None),
        ("?", None),
    ] {
        assert_eq!(analysis.image_index(spelling), index, "{spelling}");
    }
}

#[test]
fn sizes_of_an_image_count_each_layer_once() {
    let file = Oci::default().image("linux/amd64", &[(GZIP, big()), (GZIP, big()), (GZIP, small())]).tar();
    let sizes = scanned(&file, every_layer()).image_sizes(0);
    assert_eq!(sizes.compressed, (big().len() + small().len()) as u64);
    assert!(sizes.uncompressed > 700_000 && sizes.uncompressed < 800_000, "{sizes:?}");
}
