//! `sociscope convert`

use std::{fs, path::Path};

use sociscope_engine::{
    Analysis, Culprit, Failure, Options, Report, Scope,
    findings::Severity,
    human,
    push::{Guide, Pushed},
    soci,
    verify::Depth,
};

use crate::{
    args::{ConvertArgs, OutputFormat, Recompress, Verify},
    failure::{self, Stop, printable},
    output, progress, remake, scan,
    source::Source,
    write,
};

pub fn run(args: &ConvertArgs) -> Result<(), Stop> {
    write::refuse_early(&args.out, args.format)?;
    let (mut source, mut analysis) = scan::open(&args.image, options(args)?)?;
    scan::choose(&mut analysis, args.selection.image_name.as_deref())?;
    let ztocs = read(&mut source, &mut analysis, args)?;
    let converted = analysis.convert()?;
    let report = analysis.report();
    warn(&report);
    let depth = match args.verify {
        Verify::Sampled => Depth::Sampled,
        Verify::Full => Depth::Full,
    };
    let content = write::Content { source: &source, analysis: &analysis, ztocs: &ztocs, depth };
    content.write(&converted.plan, &args.out, args.format)?;
    if output::is_stdout(&args.out) {
        return Ok(());
    }
    if progress::has_viewer() {
        eprintln!("{}: {}", args.out.display(), human::file_size(converted.plan.size()));
        eprintln!("{}: {}", report.verdict.headline, report.verdict.sentence);
        if let Some(conversion) =
            report.conversion.as_ref().filter(|_| args.format == OutputFormat::OciArchive)
        {
            let archive = args.out.to_string_lossy();
            let pushed = Pushed { archive: &archive, tag: args.tag.as_deref(), conversion };
            let guide = Guide::new(&pushed, "");
            for line in guide.variables.iter().chain(guide.ways.first().map(|way| &way.push)) {
                eprintln!("{}", printable(line));
            }
        }
    }
    output::print(&format!("{}\n", converted.image_index))
}

/// Everything that was asked for, but for the image, which is chosen when the file is open.
fn options(args: &ConvertArgs) -> Result<Options, Stop> {
    let mut prefetch: Vec<String> =
        args.prefetch_file.iter().flat_map(|text| soci::prefetch::paths(text)).collect();
    if let Some(path) = &args.prefetch_files_json {
        prefetch.extend(paths_in(path)?);
    }
    Ok(Options {
        tag: args.tag.clone(),
        keep_annotations: args.keep_annotations,
        prefetch,
        ..args.selection.options()
    })
}

fn paths_in(path: &Path) -> Result<Vec<String>, Stop> {
    /// Paths are a few KiB; what is larger is some other file.
    const MOST: u64 = 16 << 20;
    let failed = |error| failure::system(path.display(), "Cannot read the list of files", &error);
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > MOST {
        return Err(Failure::new(
            Culprit::Limit,
            path.display().to_string(),
            format!(
                "The list of files to prefetch is {}, more than {}.",
                human::size(size),
                human::size(MOST)
            ),
        )
        .into());
    }
    let text = fs::read(path).map_err(failed)?;
    soci::prefetch::paths_from_json(&text).map_err(|error| {
        Failure::new(
            Culprit::File,
            path.display().to_string(),
            format!("The list of files to prefetch: {error}."),
        )
        .fix("Write a JSON array of paths: [\"usr/bin/app\"].")
        .into()
    })
}

/// Reads, and makes anew, all that the archive needs. What is found in a layer can change what is
/// needed, so it goes on until nothing is left.
fn read(source: &mut Source, analysis: &mut Analysis, args: &ConvertArgs) -> Result<scan::Ztocs, Stop> {
    let mut ztocs = scan::Ztocs::new();
    loop {
        ztocs.extend(scan::read_layers(source, analysis, Scope::ForConversion, true)?);
        let wanted = analysis.remakable().into_iter().filter(|layer| {
            layer.made.is_none()
                && match args.recompress {
                    Recompress::None => false,
                    Recompress::Needed => layer.is_needed,
                    Recompress::All => true,
                }
        });
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() && analysis.is_complete(Scope::ForConversion) {
            return Ok(ztocs);
        }
        remake::layers(source, analysis, &wanted, args.level)?;
    }
}

/// What a person should know about this conversion, and what a log should hold.
fn warn(report: &Report) {
    for finding in &report.findings {
        // Advice about pushing belongs into help texts, not into every log.
        let is_said = match finding.severity {
            Severity::Warning => finding.id != "push-this-archive",
            Severity::Info => matches!(finding.id.as_str(), "docker-archive" | "adapted" | "layers-made"),
            Severity::Error => false,
        };
        if is_said {
            let kind = if finding.severity == Severity::Warning { "warning: " } else { "" };
            eprintln!("sociscope: {kind}{}", printable(&finding.sentence));
        }
    }
}
