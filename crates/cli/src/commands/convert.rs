//! `sociscope convert`

use sociscope_engine::{
    Analysis, Converted, Culprit, Failure, Part, Report, Scope, export::CopyCheck, findings::Severity, human,
};

use crate::{
    args::ConvertArgs,
    failure::{Stop, printable},
    output::{self, Output},
    progress::{self, Progress},
    scan::{self, Ztocs},
    source::Source,
};

/// How much is copied at a time.
const PIECE: usize = 1 << 20;

pub fn run(args: &ConvertArgs) -> Result<(), Stop> {
    let (source, mut analysis) = scan::open(&args.image, args.selection.options())?;
    let ztocs = scan::read_layers(&source, &mut analysis, Scope::ForConversion, true)?;
    let converted = analysis.convert()?;
    warn(&analysis.report());
    write(args, &source, &analysis, &converted, &ztocs)?;
    if output::is_stdout(&args.out) {
        return Ok(());
    }
    if progress::has_viewer() {
        let report = analysis.report();
        eprintln!("{}: {}", args.out.display(), human::file_size(converted.plan.size()));
        eprintln!("{}: {}", report.verdict.headline, report.verdict.sentence);
    }
    output::print(&format!("{}\n", converted.image_index))
}

fn write(
    args: &ConvertArgs,
    source: &Source,
    analysis: &Analysis,
    converted: &Converted,
    ztocs: &Ztocs,
) -> Result<(), Stop> {
    let mut out = Output::create(&args.out)?;
    let progress = Progress::new("Writing", converted.plan.size());
    let mut piece = vec![0; PIECE];
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(bytes) => {
                out.write(bytes)?;
                progress.add(bytes.len() as u64);
            }
            Part::Ztoc { digest, .. } => {
                let bytes = analysis.ztoc_layer(digest).and_then(|id| ztocs.get(&id)).ok_or_else(|| {
                    Failure::new(
                        Culprit::Internal,
                        format!("zTOC {digest}"),
                        "The plan names an unknown zTOC.",
                    )
                })?;
                out.write(bytes)?;
                progress.add(bytes.len() as u64);
            }
            Part::Source { extent, digest } => {
                let mut check = CopyCheck::new(digest, *extent);
                let mut done = 0;
                while done < extent.len {
                    let left = usize::try_from(extent.len - done).unwrap_or(PIECE);
                    let wanted = &mut piece[..left.min(PIECE)];
                    let read = source.read(extent.offset + done, wanted)?;
                    if read == 0 {
                        break;
                    }
                    let bytes = &wanted[..read];
                    check.update(bytes);
                    out.write(bytes)?;
                    done += read as u64;
                    progress.add(read as u64);
                }
                check.finish()?;
            }
        }
    }
    out.finish()
}

/// What a person should know about this conversion, and what a log should hold.
fn warn(report: &Report) {
    for finding in &report.findings {
        // Advice about pushing belongs into help texts, not into every log.
        if finding.severity == Severity::Warning && finding.id != "push-this-archive" {
            eprintln!("sociscope: warning: {}", printable(&finding.sentence));
        }
    }
}
