//! `sociscope sample`

use sociscope_engine::sample;

use crate::{args::SampleArgs, failure::Stop, output};

pub fn run(args: &SampleArgs) -> Result<(), Stop> {
    output::write(&args.out, &sample::archive())
}
