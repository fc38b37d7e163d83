//! `sociscope`: from a container image archive to an image that loads lazily, on the command line.
//!
//! ```text
//!  sociscope inspect IMAGE            what is in it, and will it load lazily?
//!  sociscope convert IMAGE --out F    the same image with a SOCI v2 index, ready to push
//!  sociscope index IMAGE --out F      its SOCI indexes alone
//!  sociscope verify IMAGE             do its zTOCs fit its layers?
//!  sociscope diff A B                 what two images, or two zTOCs, do not have in common
//!  sociscope ztoc LAYER --out F       one layer's zTOC
//!  sociscope task-definition IMAGE --image-uri URI      what ECS needs to run it
//!  sociscope sample --out F           a small image to try all that with
//! ```
//!
//! # The contract
//!
//! | | |
//! |---|---|
//! | exit 0 | done |
//! | exit 1 | the input, or what was made of it, is not right; stderr says what, where, and the way out |
//! | exit 2 | the command line is not right |
//! | stdout | the result: a report, a document, or one line with the digest of what was written |
//! | stderr | errors, warnings, and on a terminal a progress bar and a summary |
//! | `--out FILE` | written under a temporary name beside it and renamed when complete; never a partial file |
//! | `--out -` | standard output, and no line with a digest |
//!
//! A reader that closes standard output early (`| head`) ends the program quietly, with exit 0.
//! On an interrupt the temporary file is removed and the exit code is 130. What is unpacked or made on
//! the way lies in temporary files without a name (`--temp-dir`, `TMPDIR`), which go by themselves.
//!
//! Nothing here knows a format: the [engine](sociscope_engine) says which bytes it wants, this
//! program reads them, in as many threads as there are cores.

#![forbid(unsafe_code)]

mod amount;
mod args;
mod commands;
mod failure;
mod folder;
mod input;
mod out_dir;
mod output;
mod progress;
mod remake;
mod scan;
mod source;
mod temporary;
mod write;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use failure::Stop;

fn main() -> ExitCode {
    // clap prints help and usage itself: 0 for `--help`, 2 for what it does not understand.
    let args = Args::parse();
    output::remove_temporary_files_on_interrupt();
    if let Some(folder) = &args.temp_dir {
        temporary::choose(folder);
    }
    let done = match &args.command {
        Command::Ztoc(args) => commands::ztoc::run(args),
        Command::Convert(args) => commands::convert::run(args),
        Command::Index(args) => commands::index::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Verify(args) => commands::verify::run(args),
        Command::Diff(args) => commands::diff::run(args),
        Command::TaskDefinition(args) => commands::task_definition::run(args),
        Command::Sample(args) => commands::sample::run(args),
    };
    match done {
        Ok(()) | Err(Stop::NobodyListens) => ExitCode::SUCCESS,
        Err(Stop::Reported) => ExitCode::from(1),
        Err(Stop::Failed(failure)) => {
            failure::print(&failure);
            ExitCode::from(1)
        }
        Err(Stop::Usage(message)) => {
            failure::print_usage(&message);
            ExitCode::from(2)
        }
    }
}
