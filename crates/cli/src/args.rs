//! The command line. Its help text is part of the contract and pinned by a test.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use sociscope_engine::{Options, PlatformChoice};

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 the input or what was made of it is not right; 2 wrong usage.
Sizes are bytes, or a number with KiB, MiB or GiB. `--out -` is standard output.";

/// From a container image archive to an image that loads lazily on AWS Fargate.
///
/// Reads OCI archives and docker-archives, builds zTOCs and SOCI v2 indexes, and writes what ECS
/// needs to run them. Nothing is sent anywhere.
#[derive(Debug, Parser)]
#[command(name = "sociscope", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    /// Where temporary files go, e.g. the content of a compressed archive [default: TMPDIR]
    #[arg(long, value_name = "DIR", global = true)]
    pub temp_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Ztoc(ZtocArgs),
    Convert(ConvertArgs),
    Index(IndexArgs),
    Inspect(InspectArgs),
    Verify(VerifyArgs),
    Diff(DiffArgs),
    TaskDefinition(TaskDefinitionArgs),
    Sample(SampleArgs),
}

/// Build the zTOC of one layer
///
/// Prints the zTOC's digest, unless it is written to standard output itself.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct ZtocArgs {
    /// The layer: a tar, or a tar compressed with gzip
    pub layer: PathBuf,
    /// Where the zTOC goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub span: SpanArgs,
    /// How the layer is compressed; `auto` looks at its first bytes
    #[arg(long, value_enum, default_value_t, hide_possible_values = false)]
    pub compression: Compression,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Compression {
    #[default]
    Auto,
    Gzip,
    None,
}

/// Add a SOCI v2 index to an image
///
/// Writes an OCI archive whose image index names the SOCI indexes; push that archive, not the
/// image it was made of. Byte for byte what `soci convert --standalone` writes (v0.15.0, TZ=UTC)
/// wherever soci takes the image; what was done beyond that is said on standard error. Prints the
/// digest of the image index: what the registry will call the image.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct ConvertArgs {
    /// The image: an OCI archive, a docker-archive or an OCI layout folder, compressed or not
    pub image: PathBuf,
    /// Where the SOCI archive goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A tar, or a folder that must not exist yet
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = false)]
    pub format: OutputFormat,
    /// The tag push tools find the image by; written into index.json, changes no digest
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// Keep descriptor annotations and the links of attestations, which soci loses
    #[arg(long)]
    pub keep_annotations: bool,
    /// Make layers gzip: `needed`, those that get no index otherwise; `all`, plain tars as well
    #[arg(long, value_name = "WHICH", value_enum, default_value_t, hide_possible_values = false)]
    pub recompress: Recompress,
    /// How hard --recompress tries
    #[arg(long, value_name = "1..9", default_value = "6", value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Fetch this file before the container starts; repeatable (experimental: Fargate may ignore it)
    #[arg(long, value_name = "PATH")]
    pub prefetch_file: Vec<String>,
    /// More of them: a JSON array of paths
    #[arg(long, value_name = "FILE")]
    pub prefetch_files_json: Option<PathBuf>,
    /// How many spans of each zTOC are unpacked again, by another decoder, before it is written
    #[arg(long, value_name = "DEPTH", value_enum, default_value_t, hide_possible_values = false)]
    pub verify: Verify,
    #[command(flatten)]
    pub selection: SelectionArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    #[default]
    OciArchive,
    OciDir,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Recompress {
    #[default]
    None,
    Needed,
    All,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    #[default]
    Sampled,
    Full,
}

/// Write the SOCI indexes of an image, without the image
///
/// An OCI archive of the indexes and zTOCs only, to be pushed beside an image that is in the
/// registry already. Version 2 needs the converted image there; version 1 (legacy) refers to the
/// image as it is, and only accounts that used it before can use it on Fargate.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct IndexArgs {
    /// The image: an OCI archive, a docker-archive or an OCI layout folder, compressed or not
    pub image: PathBuf,
    /// Where the archive goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A tar, or a folder that must not exist yet
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, hide_possible_values = false)]
    pub format: OutputFormat,
    /// SOCI index version 1 (legacy), as `soci create` makes it
    #[arg(long)]
    pub v1: bool,
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// Say what is in an image and whether it will load lazily
///
/// Reads every layer: builds its zTOC, or checks its digest. Exits with 1 when something in the
/// file is broken; the report is written nevertheless.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct InspectArgs {
    /// The image: an OCI archive or a docker-archive, also in gzip, zstd or xz; the folder of an OCI
    /// layout; a layer; or a zTOC
    pub image: PathBuf,
    /// Print the report as JSON (sociscope.report/1) instead of a table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub selection: SelectionArgs,
}

/// Check that zTOCs fit their layers
///
/// Builds the zTOC of every indexed layer anew, compares it field by field with the one that is there,
/// and unpacks spans from its checkpoints with another decoder. Also checks that image and SOCI index
/// name each other, and that the snapshotter can use what is there. Exits with 0 only if all is well.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct VerifyArgs {
    /// An image with a SOCI index; or a layer, with its zTOC after it; or a zTOC alone, which is only
    /// checked in itself
    #[arg(value_name = "IMAGE|LAYER")]
    pub image: PathBuf,
    /// The zTOC of the layer, wherever it comes from
    #[arg(value_name = "ZTOC")]
    pub ztoc: Option<PathBuf>,
    /// Print the result as JSON (sociscope.verification/1)
    #[arg(long)]
    pub json: bool,
    /// Unpack every span, not only a sample: takes twice as long
    #[arg(long)]
    pub full: bool,
}

/// Say what two images, or two zTOCs, do not have in common
///
/// Of images: manifests, configs, layers and SOCI indexes; no layer is read. Of zTOCs: header,
/// checkpoints, span digests and the list of files. Exits with 0 when they are the same, 1 when not.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct DiffArgs {
    /// An image or a zTOC
    #[arg(value_name = "A")]
    pub left: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    pub right: PathBuf,
    /// Print the result as JSON (sociscope.diff/1)
    #[arg(long)]
    pub json: bool,
}

/// Write the ECS task definition that runs an image on Fargate
///
/// The document goes to `aws ecs register-task-definition --cli-input-json`. What the checks find
/// goes to standard error; exits with 1 when ECS would refuse the document.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct TaskDefinitionArgs {
    /// The image: an OCI archive, a docker-archive or an OCI layout folder, compressed or not
    pub image: PathBuf,
    /// Where the pushed SOCI archive can be pulled from: a private ECR repository and tag
    #[arg(long, value_name = "URI")]
    pub image_uri: String,
    /// Which image of the archive; the first one unless given
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// Name of the task definition [default: from the image's title, or `app`]
    #[arg(long, value_name = "NAME")]
    pub family: Option<String>,
    /// CPU units: 256, 512, 1024, 2048, 4096, 8192 or 16384 [default: 1024]
    #[arg(long, value_name = "UNITS")]
    pub cpu: Option<u32>,
    /// MiB of memory; only some go with each CPU size [default: 2048]
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u32>,
    /// ARN of the role that pulls the image and writes the logs
    #[arg(long, value_name = "ARN")]
    pub execution_role: Option<String>,
    /// ARN of the role the application acts under
    #[arg(long, value_name = "ARN")]
    pub task_role: Option<String>,
    /// CloudWatch log group [default: /ecs/ and the container's name]
    #[arg(long, value_name = "NAME")]
    pub log_group: Option<String>,
    /// Where the document goes
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
}

/// Write the built-in sample image
///
/// A small OCI archive to try the other commands with, the same bytes every time. Suits
/// `--span-size 256KiB --min-layer-size 64KiB`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct SampleArgs {
    /// Where it goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub struct SpanArgs {
    /// Uncompressed bytes between two places where reading can start
    #[arg(long, value_name = "BYTES", default_value = "4194304", value_parser = crate::amount::parse)]
    pub span_size: u64,
}

/// What gets an index.
#[derive(Debug, ClapArgs)]
pub struct SelectionArgs {
    #[command(flatten)]
    pub span: SpanArgs,
    /// Layers with fewer stored bytes get no index
    #[arg(long, value_name = "BYTES", default_value = "10485760", value_parser = crate::amount::parse)]
    pub min_layer_size: u64,
    /// Index this platform, e.g. linux/arm64; repeatable [default: all; soci itself takes the host's]
    #[arg(long, short, value_name = "PLATFORM", value_delimiter = ',')]
    pub platform: Vec<String>,
    /// Index every platform, also with --platform
    #[arg(long)]
    pub all_platforms: bool,
    /// Which image of a file that holds several: a name, a tag, or its number, counted from 1
    #[arg(long = "image", value_name = "IMAGE")]
    pub image_name: Option<String>,
    /// Index layers whose zTOC the snapshotter will refuse, as soci does
    #[arg(long)]
    pub keep_unusable: bool,
    /// `xattr`: mark layers without extended attributes, which saves the snapshotter a question
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_enum)]
    pub optimizations: Vec<Optimization>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Optimization {
    Xattr,
}

impl SelectionArgs {
    pub fn options(&self) -> Options {
        Options {
            span_size: self.span.span_size,
            min_layer_size: self.min_layer_size,
            platforms: if self.all_platforms || self.platform.is_empty() {
                PlatformChoice::All
            } else {
                PlatformChoice::Listed(self.platform.clone())
            },
            optimize_xattrs: self.optimizations.contains(&Optimization::Xattr),
            keep_unusable: self.keep_unusable,
            ..Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_contradiction() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn platforms_are_listed_or_repeated_and_all_wins() {
        let options = |flags: &[&str]| {
            let words = ["sociscope", "convert", "in", "--out", "out"].iter().chain(flags);
            let Command::Convert(args) = Args::parse_from(words).command else { panic!("not convert") };
            args.selection.options().platforms
        };
        let listed = PlatformChoice::Listed(vec!["linux/arm64".into(), "linux/amd64".into()]);
        assert_eq!(options(&[]), PlatformChoice::All);
        assert_eq!(options(&["--platform", "linux/arm64,linux/amd64"]), listed);
        assert_eq!(options(&["-p", "linux/arm64", "-p", "linux/amd64"]), listed);
        assert_eq!(options(&["-p", "linux/arm64", "--all-platforms"]), PlatformChoice::All);
    }
}
