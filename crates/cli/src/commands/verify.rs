//! `sociscope verify`

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use sociscope_engine::{
    Culprit, Failure, Job, LayerId, LayerTask, Options, TaskCompression, human,
    layer::{Sniffed, sniff},
    verify::{
        BoundImage, Depth, ImageVerification, ImageVerifier, LayerVerification, Outcome, Problem,
        ProblemSeverity, VerifyJob, VerifyTask,
    },
};

use super::diff::read_ztoc;
use crate::{
    args::VerifyArgs,
    failure::{Stop, printable},
    output,
    progress::Progress,
    scan,
    source::Source,
};

pub fn run(args: &VerifyArgs) -> Result<(), Stop> {
    let depth = if args.full { Depth::Full } else { Depth::Sampled };
    let document = match &args.ztoc {
        Some(ztoc) => layer(&args.image, ztoc, depth)?,
        None => match read_ztoc(&args.image)? {
            Some((name, ztoc)) => ImageVerification::of_pair(name, LayerVerification::of_ztoc_alone(&ztoc)),
            None => image(&args.image, depth)?,
        },
    };
    let text = if args.json { document.to_json() } else { printable(&lines(&document)) };
    output::print(&text)?;
    if document.verdict.is_good { Ok(()) } else { Err(Stop::Reported) }
}

/// A bare layer and a zTOC for it.
fn layer(layer: &Path, ztoc: &Path, depth: Depth) -> Result<ImageVerification, Stop> {
    let (_, ztoc) = read_ztoc(ztoc)?.ok_or_else(|| {
        Failure::new(Culprit::File, ztoc.display().to_string(), "This is no zTOC.")
            .fix("Name the layer first, then its zTOC.")
    })?;
    let source = Source::open(layer)?;
    let mut head = vec![0; 512];
    let read = source.read(0, &mut head)?;
    head.truncate(read);
    let compression = match sniff(&head) {
        Sniffed::Layer(compression) => compression,
        // Of no bytes there is nothing to tell by; only a plain layer can be so.
        _ if head.is_empty() => TaskCompression::Uncompressed,
        _ => {
            return Err(Failure::new(
                Culprit::File,
                source.name(),
                "The file does not begin like a layer that SOCI can index.",
            )
            .expected_found("gzip (1f 8b) or a tar header", "something else")
            .fix("Name the layer as it is stored in the registry, and then its zTOC.")
            .into());
        }
    };
    let task = LayerTask {
        id: LayerId(0),
        offset: 0,
        len: source.len(),
        compression,
        span_size: Options::default().span_size,
        expected_digest: None,
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: true,
    };
    let progress = Progress::new("Reading", source.len());
    let found = drive(&source, VerifyJob::new(task, ztoc, depth), &progress)?;
    drop(progress);
    Ok(ImageVerification::of_pair(source.name(), found))
}

/// Every zTOC of an image, several at a time.
fn image(path: &Path, depth: Depth) -> Result<ImageVerification, Stop> {
    let (source, analysis) = scan::open(path, Options::default())?;
    let mut verifier = ImageVerifier::new(analysis.archive().clone(), source.name(), depth);
    let mut tasks = verifier.tasks();
    // The largest first, so that no thread is left alone with it at the end.
    tasks.sort_by_key(|task| std::cmp::Reverse(task.layer.len));
    let size = |task: &VerifyTask| task.layer.len.saturating_add(task.ztoc.len);
    let progress = Progress::new("Verifying", tasks.iter().map(size).sum());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(tasks.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(tasks.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = drive(&source, VerifyJob::open(task.clone()), &progress);
                    if result.is_err() {
                        // Nobody else needs to begin anything.
                        next.store(tasks.len(), Ordering::Relaxed);
                    }
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    drop(progress);
    for result in results.into_inner().unwrap_or_else(PoisonError::into_inner) {
        verifier.record(result?);
    }
    Ok(verifier.report())
}

fn drive(source: &Source, mut job: VerifyJob, progress: &Progress) -> Result<LayerVerification, Stop> {
    let mut read = 0;
    source.drive(&mut job, |job| {
        let now = job.progress().read;
        progress.add(now.saturating_sub(read));
        read = now;
    })?;
    Ok(job.finish()?)
}

/// The document for people: one line per layer, what is wrong below it, and the verdict last.
fn lines(document: &ImageVerification) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_lines(&mut text, document);
    text
}

fn write_lines(text: &mut String, document: &ImageVerification) -> std::fmt::Result {
    for image in &document.images {
        write_image(text, document, image)?;
    }
    if document.images.is_empty() {
        // Their sentence is the verdict.
        for pair in &document.pairs {
            write_differences(text, pair)?;
        }
    }
    write_problems(text, &document.problems)?;
    if !text.is_empty() {
        writeln!(text)?;
    }
    writeln!(text, "{}", document.verdict.sentence)
}

fn write_image(text: &mut String, document: &ImageVerification, image: &BoundImage) -> std::fmt::Result {
    write!(text, "{}", image.platform)?;
    match (&image.index, image.version) {
        (Some(index), Some(version)) => {
            writeln!(text, "  SOCI index {} (version {version})", human::short_digest(index))?;
        }
        (Some(index), None) => writeln!(text, "  SOCI index {}", human::short_digest(index))?,
        (None, _) => writeln!(text, "  no SOCI index")?,
    }
    let rows: Vec<[String; 4]> = image
        .layers
        .iter()
        .map(|layer| {
            let pair = layer.pair.and_then(|pair| document.pairs.get(usize::try_from(pair).ok()?));
            [
                layer.position.to_string(),
                layer.digest.as_deref().map_or("–", human::short_digest).to_owned(),
                human::size(layer.size),
                pair.map_or("no zTOC", |pair| word(&pair.outcome)).to_owned(),
            ]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (w0, w1, w2) = (width(0), width(1), width(2));
    for ([position, digest, size, word], layer) in rows.iter().zip(&image.layers) {
        writeln!(text, "  {position:>w0$}  {digest:<w1$}  {size:>w2$}  {word}")?;
        let pair = layer.pair.and_then(|pair| document.pairs.get(usize::try_from(pair).ok()?));
        if let Some(pair) = pair.filter(|pair| !pair.outcome.is_good()) {
            writeln!(text, "     {}", pair.sentence)?;
            write_differences(text, pair)?;
        }
    }
    write_problems(text, &image.problems)
}

/// What the column says.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Identical => "identical",
        Outcome::Equivalent => "equivalent",
        Outcome::NotCompared => "not compared",
        Outcome::Unusable => "unusable",
        Outcome::WrongHeader => "wrong header",
        Outcome::WrongEntry { .. } => "wrong list of files",
        Outcome::WrongSpanDigest { .. } => "wrong digest",
        Outcome::WrongCheckpoint { .. } => "wrong checkpoint",
        Outcome::Stale => "stale",
        Outcome::Unreadable { .. } => "unreadable",
        Outcome::Missing { .. } => "missing",
    }
}

/// The first differences, and the first places after the one that the sentence names.
fn write_differences(text: &mut String, found: &LayerVerification) -> std::fmt::Result {
    const MOST: usize = 5;
    for difference in found.differences.iter().take(MOST) {
        writeln!(text, "       {difference}")?;
    }
    let more = found.difference_count.saturating_sub(MOST as u64);
    if more > 0 {
        writeln!(text, "       … and {}", human::counted(more, "more difference"))?;
    }
    if let Some(unusable) = &found.unusable {
        for place in unusable.places.iter().skip(1).take(MOST) {
            writeln!(text, "       {}", place.sentence)?;
        }
    }
    Ok(())
}

fn write_problems(text: &mut String, problems: &[Problem]) -> std::fmt::Result {
    for problem in problems {
        let word = match problem.severity {
            ProblemSeverity::Error => "error",
            ProblemSeverity::Warning => "warning",
        };
        writeln!(text, "  {word:<8} {}", problem.sentence)?;
    }
    Ok(())
}
