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
    Inspect(InspectArgs),
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
/// image it was made of. Byte for byte what `soci convert --standalone` writes (v0.15.0, TZ=UTC).
/// Prints the digest of the image index: what the registry will call the image.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct ConvertArgs {
    /// The image: an OCI archive
    pub image: PathBuf,
    /// Where the SOCI archive goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
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

/// Write the ECS task definition that runs an image on Fargate
///
/// The document goes to `aws ecs register-task-definition --cli-input-json`. What the checks find
/// goes to standard error; exits with 1 when ECS would refuse the document.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXIT_CODES)]
pub struct TaskDefinitionArgs {
    /// The image: an OCI archive or a docker-archive
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
