//! `sociscope diff`

use std::path::Path;

use sociscope_engine::{
    Culprit, Error, Failure, InputKind, Options,
    compare::{self, Diff},
    input::{FIRST, recognise},
    ztoc::Ztoc,
};

use crate::{
    args::DiffArgs,
    failure::{Stop, printable},
    output, scan,
    source::Source,
};

/// The largest file that is taken for a zTOC: soci gives up at 1 GiB.
const MAX_ZTOC: u64 = 1 << 30;

pub fn run(args: &DiffArgs) -> Result<(), Stop> {
    let diff = match (read_ztoc(&args.left)?, read_ztoc(&args.right)?) {
        (Some((left_name, left)), Some((right_name, right))) => {
            let (left_ztoc, right_ztoc) = (parse(&left_name, &left)?, parse(&right_name, &right)?);
            let diff = compare::ztocs((&left, &left_ztoc), (&right, &right_ztoc));
            Diff::of_ztocs(left_name, right_name, diff)
        }
        (None, None) => {
            let (left_source, left) = scan::open(&args.left, Options::default())?;
            let (right_source, right) = scan::open(&args.right, Options::default())?;
            let diff = compare::images(left.archive(), right.archive());
            Diff::of_images(left_source.name(), right_source.name(), diff)
        }
        _ => {
            return Err(Stop::Usage(
                "a zTOC can only be compared with a zTOC, an image with an image".into(),
            ));
        }
    };
    let text = if args.json { diff.to_json() } else { printable(&diff.to_string()) };
    output::print(&text)?;
    if diff.same { Ok(()) } else { Err(Stop::Reported) }
}

/// A file's name and bytes, if it is a zTOC by its beginning.
pub fn read_ztoc(path: &Path) -> Result<Option<(String, Vec<u8>)>, Stop> {
    if path.is_dir() {
        return Ok(None);
    }
    let source = Source::open(path)?;
    let mut bytes = vec![0; usize::try_from(FIRST.min(source.len())).unwrap_or_default()];
    let read = source.read(0, &mut bytes)?;
    bytes.truncate(read);
    if source.len() > MAX_ZTOC || !matches!(recognise(&bytes, source.len()), InputKind::Ztoc) {
        return Ok(None);
    }
    bytes.resize(usize::try_from(source.len()).unwrap_or(usize::MAX), 0);
    let read = source.read(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Some((source.name(), bytes)))
}

fn parse<'a>(name: &str, bytes: &'a [u8]) -> Result<Ztoc<'a>, Error> {
    Ztoc::parse(bytes).map_err(|error| {
        Failure::new(Culprit::File, name, format!("This is no zTOC: {error}.")).fix("Build it again.").into()
    })
}
