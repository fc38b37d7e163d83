//! `cargo xtask bench`: the tables of BENCHMARKS.md.

use crate::{
    browser,
    process::{Failure, cargo, root, run, which},
    site, tools,
};

/// Runs every comparison on one generated layer, in one go, so that the ratios hold; or only the
/// tables that are named (`inflate`, `ztoc`, `wasm`, `page`).
///
/// `scale` is apart: images of gigabytes, and a failure when the page misses a target of memory or
/// responsiveness. It needs 7 GB of disk.
pub fn bench(options: &[String]) -> Result<(), Failure> {
    let known = ["--quick", "--keep", "--native"];
    if let Some(option) =
        options.iter().find(|option| option.starts_with('-') && !known.contains(&option.as_str()))
    {
        return Err(Failure::usage(format!("bench: unknown option {option}")));
    }
    tools::setup()?;
    let browser = browser::ensure()?;
    if which("go").is_none() {
        eprintln!("Go is not installed: the comparison with the reference is left out.");
    }
    site::release_site()?;
    if options.iter().any(|table| table == "scale") {
        run(cargo().args(["build", "--release", "-p", "sociscope-cli"]))?;
    }
    let mut bench = cargo();
    bench
        .args(["run", "--release", "-p", "sociscope-bench", "--"])
        .args(options)
        .env("SOCISCOPE", root().join("target/release/sociscope"))
        .env("SOCISCOPE_DIST", site::dist());
    run(browser.configure(&mut bench))
}
