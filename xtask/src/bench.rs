//! `cargo xtask bench`: the tables of BENCHMARKS.md.

use crate::{
    browser,
    process::{Failure, cargo, run, which},
    site, tools,
};

/// Runs every comparison on one generated layer, in one go, so that the ratios hold.
pub fn bench(options: &[String]) -> Result<(), Failure> {
    let quick = match options {
        [] => false,
        [option] if option == "--quick" => true,
        _ => return Err(Failure::usage("bench takes no option but --quick")),
    };
    tools::setup()?;
    let browser = browser::ensure()?;
    if which("go").is_none() {
        eprintln!("Go is not installed: the comparison with the reference is left out.");
    }
    site::release_site()?;
    let mut bench = cargo();
    bench.args(["run", "--release", "-p", "sociscope-bench", "--"]).env("SOCISCOPE_DIST", site::dist());
    if quick {
        bench.arg("--quick");
    }
    run(browser.configure(&mut bench))
}
