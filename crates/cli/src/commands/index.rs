//! `sociscope index`

use sociscope_engine::{Scope, soci, verify::Depth};

use crate::{args::IndexArgs, failure::Stop, output, scan, write};

pub fn run(args: &IndexArgs) -> Result<(), Stop> {
    write::refuse_early(&args.out, args.format)?;
    let (source, mut analysis) = scan::open(&args.image, args.selection.options())?;
    scan::choose(&mut analysis, args.selection.image_name.as_deref())?;
    let mut ztocs = scan::Ztocs::new();
    while !analysis.is_complete(Scope::ForConversion) {
        ztocs.extend(scan::read_layers(&source, &mut analysis, Scope::ForConversion, true)?);
    }
    let failed = |error: soci::Error| sociscope_engine::failure::soci_failure(&error);
    let (plan, digests) = if args.v1 {
        let indexes = analysis.legacy_index()?;
        let digests: Vec<String> = indexes.iter().map(|index| index.digest.to_string()).collect();
        (soci::legacy_archive(&indexes).map_err(failed)?, digests)
    } else {
        let converted = analysis.convert()?;
        let digests = converted.soci_indexes.iter().map(|index| index.digest.to_string()).collect();
        (converted.index_archive().map_err(failed)?, digests)
    };
    let content =
        write::Content { source: &source, analysis: &analysis, ztocs: &ztocs, depth: Depth::Sampled };
    content.write(&plan, &args.out, args.format)?;
    if output::is_stdout(&args.out) {
        return Ok(());
    }
    output::print(&digests.iter().map(|digest| format!("{digest}\n")).collect::<String>())
}
