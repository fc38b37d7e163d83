//! `sociscope ztoc`

use sociscope_engine::{
    Culprit, Failure, LayerId, LayerTask, TaskCompression, human,
    layer::{Sniffed, sniff},
};

use crate::{
    args::{Compression, ZtocArgs},
    failure::Stop,
    output,
    progress::{self, Progress},
    scan,
    source::Source,
};

pub fn run(args: &ZtocArgs) -> Result<(), Stop> {
    let source = Source::open(&args.layer)?;
    let compression = match args.compression {
        Compression::Gzip => TaskCompression::Gzip,
        Compression::None => TaskCompression::Uncompressed,
        Compression::Auto => recognise(&source)?,
    };
    if args.span.span_size == 0 && compression == TaskCompression::Uncompressed {
        return Err(Stop::Usage(
            "--span-size 0 is for gzip layers; an uncompressed layer has no blocks".into(),
        ));
    }
    let task = LayerTask {
        id: LayerId(0),
        offset: 0,
        len: source.len(),
        compression,
        span_size: args.span.span_size,
        expected_digest: None,
        expected_diff_id: None,
        digests_elsewhere: false,
        prefetch: Vec::new(),
        hash_stored: false,
    };
    let progress = Progress::new("Reading", source.len());
    let outcome = scan::read_layer(&source, &task, &progress)?;
    drop(progress);
    if let Some(mut failure) = outcome.summary.error {
        failure.place = failure.place.replacen("layer at offset 0", &source.name(), 1);
        return Err(failure.into());
    }
    let (Some(bytes), Some(ztoc)) = (outcome.ztoc, outcome.summary.ztoc) else {
        return Err(Failure::new(Culprit::Internal, source.name(), "No zTOC came out.").into());
    };
    output::write(&args.out, &bytes)?;
    if output::is_stdout(&args.out) {
        return Ok(());
    }
    if progress::has_viewer() {
        eprintln!(
            "{}: {}, {}, {}",
            args.out.display(),
            human::size(ztoc.size),
            human::counted(outcome.summary.spans.unwrap_or(0), "span"),
            human::counted(outcome.summary.files.unwrap_or(0), "file")
        );
    }
    output::print(&format!("{}\n", ztoc.digest))
}

/// What the first bytes say.
fn recognise(source: &Source) -> Result<TaskCompression, Stop> {
    let mut head = vec![0; 512];
    let read = source.read(0, &mut head)?;
    head.truncate(read);
    let failure = match sniff(&head) {
        Sniffed::Layer(compression) => return Ok(compression),
        Sniffed::Unsupported(name) => Failure::new(
            Culprit::Unsupported,
            source.name(),
            format!("The layer is compressed with {name}; SOCI indexes gzip and plain tar."),
        )
        .fix("Compress it with gzip instead. The layer, and with it the image, gets another digest."),
        Sniffed::Unknown => {
            Failure::new(Culprit::File, source.name(), "The file does not begin like a layer.")
                .expected_found("gzip (1f 8b) or a tar header", found(&head))
                .fix("If it is one nevertheless, say so with --compression gzip or --compression none.")
        }
    };
    Err(failure.into())
}

fn found(head: &[u8]) -> String {
    if head.is_empty() {
        return "an empty file".to_owned();
    }
    let bytes: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
