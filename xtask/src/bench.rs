//! `cargo xtask bench`: the tables of BENCHMARKS.md.

use crate::{
    browser,
    process::{Failure, cargo, run, which},
    site, tools,
};

/// Runs every comparison on one generated layer, in one go, so that the ratios hold; or only the
/// tables that are named (`inflate`, `ztoc`, `wasm`, `page`).
pub fn bench(options: &[String]) -> Result<(), Failure> {
    if let Some(option) = options.iter().find(|option| option.starts_with('-') && *option != "--quick") {
        return Err(Failure::usage(format!("bench: unknown option {option}")));
    }
    tools::setup()?;
    let browser = browser::ensure()?;
    if which("go").is_none() {
        eprintln!("Go is not installed: the comparison with the reference is left out.");
    }
    site::release_site()?;
    let mut bench = cargo();
    bench
        .args(["run", "--release", "-p", "sociscope-bench", "--"])
        .args(options)
        .env("SOCISCOPE_DIST", site::dist());
    run(browser.configure(&mut bench))
}
