//! `sociscope inspect`

use std::fmt::Write as _;

use sociscope_engine::{
    Analysis, Report, Scope,
    contents::ZtocContents,
    human,
    report::{ImageKind, ImageReport, LayerReport, LayerStatus},
};

use crate::{
    args::InspectArgs,
    failure::{Stop, printable},
    input::{self, Input},
    output, scan,
};

pub fn run(args: &InspectArgs) -> Result<(), Stop> {
    let (source, archive) = match input::open(&args.image)? {
        Input::Image { source, archive } => (source, archive),
        Input::Ztoc { source, bytes } => {
            let contents = ZtocContents::read(&source.name(), &bytes)?;
            let text = if args.json { contents.to_json() } else { printable(&contents.to_string()) };
            return output::print(&text);
        }
    };
    let mut analysis = Analysis::new(*archive, source.name(), args.selection.options());
    scan::choose(&mut analysis, args.selection.image_name.as_deref())?;
    scan::read_layers(&source, &mut analysis, Scope::All, false)?;
    let report = analysis.report();
    let text = if args.json { report.to_json() } else { table(&report) };
    output::print(&text)?;
    if report.is_broken() { Err(Stop::Reported) } else { Ok(()) }
}

/// The report for people.
fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_table(&mut text, report);
    printable(&text)
}

fn write_table(text: &mut String, report: &Report) -> std::fmt::Result {
    let file = &report.file;
    writeln!(text, "{}  {}  {}", file.name, human::file_size(file.size), file.format.title())?;
    writeln!(text, "{}", report.verdict.headline)?;
    writeln!(text, "{}", report.verdict.sentence)?;
    if let Some(fix) = report.verdict.failure.as_ref().and_then(|failure| failure.fix.as_ref()) {
        writeln!(text, "{fix}")?;
    }
    for image in report.images.iter().filter(|image| image.kind == ImageKind::Image) {
        writeln!(text)?;
        write_image(text, image)?;
    }
    if !report.findings.is_empty() {
        writeln!(text, "\nFindings")?;
    }
    for finding in &report.findings {
        writeln!(text, "  {:<8} {}", finding.severity.word(), finding.sentence)?;
        writeln!(text, "           {}", finding.reason)?;
        if let Some(fix) = &finding.fix {
            writeln!(text, "           {fix}")?;
        }
    }
    if let Some(conversion) = &report.conversion {
        writeln!(text, "\nSOCI archive  {}", human::file_size(conversion.archive_size))?;
        writeln!(text, "  image index  {}", conversion.image_index)?;
        for index in &conversion.soci_indexes {
            writeln!(text, "  SOCI index   {}  {}", index.digest, index.platform)?;
        }
    }
    Ok(())
}

fn write_image(text: &mut String, image: &ImageReport) -> std::fmt::Result {
    write!(text, "{}", image.platform.name)?;
    if let Some(manifest) = &image.manifest {
        write!(text, "  {}", human::short_digest(manifest))?;
    }
    if !image.names.is_empty() {
        write!(text, "  {}", image.names.join(", "))?;
    }
    writeln!(text)?;
    let rows: Vec<Row> = image.layers.iter().map(row).collect();
    let head = ["#", "created by", "size", "unpacked", "spans", "zTOC", "status"].map(str::to_owned);
    let mut widths = [0; 7];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [w0, w1, w2, w3, w4, w5, _] = widths;
    for [number, step, size, unpacked, spans, ztoc, status] in [&head].into_iter().chain(&rows) {
        writeln!(
            text,
            "  {number:>w0$}  {step:<w1$}  {size:>w2$}  {unpacked:>w3$}  {spans:>w4$}  {ztoc:>w5$}  {status}"
        )?;
    }
    Ok(())
}

type Row = [String; 7];

fn row(layer: &LayerReport) -> Row {
    let scan = layer.scan.as_ref();
    let ztoc = scan.and_then(|scan| scan.ztoc.as_ref());
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let mut status = layer.status.words().to_owned();
    if let Some(reason) = &layer.reason {
        // "zstd; …" stays, "Below the …" continues the line.
        let mut words = reason.trim_end_matches('.').chars();
        let first = words.next().into_iter().flat_map(char::to_lowercase);
        status.push_str(": ");
        status.extend(first.chain(words));
    }
    let indexed = matches!(layer.status, LayerStatus::Indexed | LayerStatus::Indexable);
    [
        layer.position.to_string(),
        or_none(layer.created_by.as_deref().map(|step| shortened(&human::build_step(step)))),
        human::size(layer.size),
        or_none(scan.and_then(|scan| scan.uncompressed_size).map(human::size)),
        or_none(scan.and_then(|scan| scan.spans).filter(|_| indexed).map(human::count)),
        or_none(ztoc.filter(|_| indexed).map(|ztoc| human::size(ztoc.size))),
        status,
    ]
}

/// The first 40 characters.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
